// SPDX-License-Identifier: Apache-2.0

package phorge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// answer calls a method of the world.
func (w *World) answer(c Call) Answer {
	switch c.Method {
	case "user.whoami":
		return Success(string(w.WhoAmI))
	case "maniphest.status.search":
		return Success(string(w.Statuses))
	case "phid.query":
		return w.phids(c)
	case "user.search":
		return search(c, w.Users, []string{"ids", "phids", "usernames"})
	case "project.search":
		return search(c, w.Projects, []string{"ids", "phids", "slugs"})
	case "maniphest.search":
		return search(c, w.Tasks, []string{"ids", "phids", "projects", "modifiedStart"})
	case "transaction.search":
		return w.transactions(c)
	}
	return failure("ERR-CONDUIT-CALL", fmt.Sprintf("Conduit API method %q does not exist.", c.Method))
}

// undefined refuses parameters that a method does not have.
func undefined(c Call, known ...string) *Answer {
	for name := range c.Params {
		if !slices.Contains(known, name) {
			a := failure("ERR-CONDUIT-CALL", fmt.Sprintf("API Method %q does not define these parameters: '%s'.", c.Method, name))
			return &a
		}
	}
	return nil
}

// pageSize is the limit of a call, or the refusal of it.
func pageSize(c Call) (int, *Answer) {
	limit := 100
	if given, ok := c.Params["limit"].(float64); ok {
		limit = int(given)
	}
	switch {
	case limit < 1:
		a := As("user.search-limit-0")
		return 0, &a
	case limit > 100:
		a := As("user.search-limit-1000")
		return 0, &a
	}
	return limit, nil
}

// search is a method of the family *.search.
func search(c Call, all []Object, constraints []string) Answer {
	if a := undefined(c, "queryKey", "constraints", "attachments", "order", "before", "after", "limit"); a != nil {
		return *a
	}
	limit, refused := pageSize(c)
	if refused != nil {
		return *refused
	}
	given, _ := c.Params["constraints"].(map[string]any)
	for name, value := range given {
		if !slices.Contains(constraints, name) {
			return As("user.search-unknown-constraint")
		}
		if list, ok := value.([]any); ok && len(list) == 0 {
			return failure("ERR-CONDUIT-CORE", fmt.Sprintf("Error while reading %q: Expected a nonempty list, but value is an empty list.", name))
		}
	}
	oldest := c.Params["order"] == "oldest"
	after, _ := c.Params["after"].(string)
	start := 0
	if after != "" {
		id, err := strconv.Atoi(after)
		if err != nil {
			return As("user.search-after-garbage")
		}
		if !slices.ContainsFunc(all, func(o Object) bool { return o.ID == id }) {
			return failure("ERR-CONDUIT-CORE", fmt.Sprintf(`Cursor %q does not identify a valid object in query "%s".`, after, c.Method))
		}
		start = id
	}
	_, attach := c.Params["attachments"].(map[string]any)
	page, more := pick(all, given, oldest, start, limit)
	var text bytes.Buffer
	last := ""
	for i, o := range page {
		if i > 0 {
			text.WriteByte(',')
		}
		if attach && o.Full != nil {
			text.Write(o.Full)
		} else {
			text.Write(o.Bare)
		}
		last = strconv.Itoa(o.ID)
	}
	return paged(text.Bytes(), limit, last, more, `,"maps":{},"query":{"queryKey":null}`)
}

// pick chooses the objects of a page and says whether there are more.
func pick(all []Object, constraints map[string]any, oldest bool, after, limit int) ([]Object, bool) {
	var page []Object
	for i := range all {
		o := all[i]
		if !oldest {
			o = all[len(all)-1-i]
		}
		if after != 0 && (oldest && o.ID <= after || !oldest && o.ID >= after) || !o.meets(constraints) {
			continue
		}
		if len(page) == limit {
			return page, true
		}
		page = append(page, o)
	}
	return page, false
}

// meets reports whether the object meets all constraints.
func (o Object) meets(constraints map[string]any) bool {
	for name, value := range constraints {
		list, _ := value.([]any)
		ok := false
		switch name {
		case "ids":
			ok = slices.Contains(list, any(float64(o.ID)))
		case "phids":
			ok = slices.Contains(list, any(o.PHID))
		case "slugs":
			ok = slices.Contains(list, any(o.Slug))
		case "usernames":
			ok = slices.Contains(list, any(o.Name))
		case "projects": // all of them
			ok = !slices.ContainsFunc(list, func(p any) bool { return !slices.Contains(o.Projects, fmt.Sprint(p)) })
		case "modifiedStart":
			start, _ := value.(float64)
			ok = o.Modified >= int64(start)
		}
		if !ok {
			return false
		}
	}
	return true
}

// paged puts elements into the form of a page.
func paged(elements []byte, limit int, last string, more bool, extra string) Answer {
	after := "null"
	if more {
		after = strconv.Quote(last)
	}
	return Success(fmt.Sprintf(`{"data":[%s]%s,"cursor":{"limit":%d,"after":%s,"before":null,"order":null}}`, elements, extra, limit, after))
}

// transactions gives the history of a task, newest first. It has no order.
func (w *World) transactions(c Call) Answer {
	if a := undefined(c, "objectIdentifier", "objectType", "constraints", "before", "after", "limit"); a != nil {
		return *a
	}
	limit, refused := pageSize(c)
	if refused != nil {
		return *refused
	}
	phid, _ := c.Params["objectIdentifier"].(string)
	if !w.task(phid) {
		return As("transaction.search-invisible")
	}
	history := w.History[phid]
	if after, _ := c.Params["after"].(string); after != "" {
		at := slices.IndexFunc(history, func(x json.RawMessage) bool { return transactionID(x) == after })
		if at < 0 {
			return failure("ERR-CONDUIT-CORE", fmt.Sprintf(`Cursor %q does not identify a valid object in query "ManiphestTransactionQuery".`, after))
		}
		history = history[at+1:]
	}
	page := history[:min(limit, len(history))]
	last := ""
	if len(page) > 0 {
		last = transactionID(page[len(page)-1])
	}
	return paged(bytes.Join(rawBytes(page), []byte(",")), limit, last, len(history) > len(page), "")
}

func rawBytes(all []json.RawMessage) [][]byte {
	texts := make([][]byte, len(all))
	for i, t := range all {
		texts[i] = t
	}
	return texts
}

func transactionID(x json.RawMessage) string {
	var v struct {
		ID int `json:"id"`
	}
	must(json.Unmarshal(x, &v))
	return strconv.Itoa(v.ID)
}

// phids is phid.query: a map, which is a list when it is empty.
func (w *World) phids(c Call) Answer {
	list, _ := c.Params["phids"].([]any)
	if len(list) == 0 {
		return failure("ERR-BAD-PHID", "Must pass PHIDs.")
	}
	found := map[string]any{}
	for _, all := range [][]Object{w.Users, w.Projects, w.Tasks} {
		for _, o := range all {
			if slices.Contains(list, any(o.PHID)) {
				found[o.PHID] = map[string]string{"phid": o.PHID, "name": o.Name, "type": strings.Split(o.PHID, "-")[1], "status": "open"}
			}
		}
	}
	if len(found) == 0 {
		return Success("[]")
	}
	text, err := json.Marshal(found)
	must(err)
	return Success(string(text))
}

// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/web"
)

// listView makes the page of the list.
type listView struct {
	kinds  []string
	head   ledger.Checkpoint
	public ledger.Checkpoint
	values url.Values // the filter as it stands in the address
}

// listPage is what templates/list.html shows.
type listPage struct {
	Head    web.Terms
	Kinds   []web.Choice
	Kept    []web.Link // filters that have no field of their own, each with a way to drop it
	Hidden  url.Values // the same, to be sent with the form
	Active  bool       // some filter is set
	Table   web.Table
	Pager   web.Pager
	Command web.Code
}

// filterNames are the query parameters of the list's filter.
func filterNames() []string {
	return []string{"kind", "subject", "since", "until", "actor", "item"}
}

// read takes the filter from the address.
func (v *listView) read(c *web.Ctx) (ledger.Filter, error) {
	v.values = url.Values{}
	for _, name := range filterNames() {
		if value := strings.TrimSpace(c.Query(name)); value != "" {
			v.values.Set(name, value)
		}
	}
	asked := Filter{Kind: v.values.Get("kind"), Subject: v.values.Get("subject"), Actor: v.values.Get("actor"), Item: v.values.Get("item")}
	f := asked.ledger()
	if err := asked.check(); err != nil {
		return f, err
	}
	var ok1, ok2 bool
	f.Since, ok1 = day(v.values.Get("since"), false, c.Location())
	f.Until, ok2 = day(v.values.Get("until"), true, c.Location())
	if !ok1 || !ok2 {
		return f, fault.New(fault.Invalid, "ledger.date", "A day is written as year-month-day, such as 2026-03-31. Correct it in the address, or start from the whole list.")
	}
	return f, nil
}

func (v *listView) build(c *web.Ctx, page ledger.Page, n names) listPage {
	c.Prefill("/ledger", v.values)
	p := listPage{Active: len(v.values) > 0, Hidden: url.Values{}}
	for _, kind := range v.kinds {
		p.Kinds = append(p.Kinds, web.Choice{Value: kind, Label: kindText(c, v.kinds, kind)})
	}
	for _, name := range []string{"actor", "item"} {
		value := v.values.Get(name)
		if value == "" {
			continue
		}
		p.Hidden.Set(name, value)
		rest := url.Values{}
		for other := range v.values {
			if other != name {
				rest.Set(other, v.values.Get(other))
			}
		}
		title := value
		if d := n[value]; d.Title != "" {
			title = d.Title
		}
		p.Kept = append(p.Kept, web.Link{Text: c.Text("ledger.list.only_"+name, title), URL: address(rest), Icon: "x"})
	}
	p.Head = v.headTerms(c)
	p.Table = v.table(c, page.Records, n)
	if page.Next > 0 {
		next := url.Values{"before": {fmt.Sprint(page.Next)}}
		for name := range v.values {
			next.Set(name, v.values.Get(name))
		}
		p.Pager.Next = address(next)
	}
	if c.Query("before") != "" {
		p.Pager.Previous = address(v.values)
	}
	p.Command = web.Code{Label: c.Text("ledger.command.whole"), Text: "portreeve ledger export --out ledger.txt\nportreeve ledger verify ledger.txt --key ledger.pub"}
	return p
}

func (v *listView) headTerms(c *web.Ctx) web.Terms {
	public := any(c.Text("ledger.list.no_public"))
	if v.public.Size > 0 {
		public = web.Link{Text: c.Text("ledger.list.public", v.public.Size), URL: "/ledger/checkpoints"}
	}
	return web.Terms{Items: []web.Term{
		{Name: c.Text("ledger.list.size"), Value: fmt.Sprint(v.head.Size)},
		{Name: c.Text("ledger.list.root"), Value: web.Mono{Text: v.head.Root.String()}},
		{Name: c.Text("ledger.list.latest"), Value: public},
	}}
}

func (v *listView) table(c *web.Ctx, records []ledger.Record, n names) web.Table {
	table := c.Table(c.Text("ledger.list.caption"), "ledger.col.entry", "ledger.col.time", "ledger.col.kind", "ledger.col.subject", "ledger.col.actor")
	table.Empty = &web.Empty{Icon: "scroll-text", Title: c.Text("ledger.list.empty"), Text: c.Text("ledger.list.empty_text")}
	if len(v.values) > 0 {
		table.Empty = &web.Empty{Icon: "filter", Title: c.Text("ledger.list.none"), Text: c.Text("ledger.list.none_text"),
			Action: &web.Link{Text: c.Text("ledger.list.all"), URL: "/ledger"}}
	}
	for _, e := range records {
		table.Add(entryCell(c, e), web.Moment{At: e.Time}, orErased(c, e, format.Kind, kindText(c, v.kinds, e.Kind)),
			orErased(c, e, format.Subject, n.link(e.Subject)), orErased(c, e, format.Actor, n.link(e.Actor)))
	}
	return table
}

// entryCell links an entry and marks what only few may see.
func entryCell(c *web.Ctx, e ledger.Record) any {
	link := web.Link{Text: c.Text("ledger.entry_number", e.Seq), URL: fmt.Sprintf("/ledger/%d", e.Seq)}
	if e.Visibility != authz.Restricted {
		return link
	}
	return []any{link, c.Visibility(e.Visibility)}
}

// KindMessage returns the key of the message that says in words what entries of a
// kind decide: "risk.entry_kind.acceptance.granted" for "risk.acceptance.granted".
func KindMessage(kind string) string {
	module, rest, _ := strings.Cut(kind, ".")
	return module + ".entry_kind." + rest
}

// kindText says in words what was decided. A kind that none of the parts declares,
// such as one of an earlier version, stands as it is.
func kindText(c *web.Ctx, declared []string, kind string) string {
	if !slices.Contains(declared, kind) {
		return kind
	}
	return c.Text(KindMessage(kind))
}

func orErased(c *web.Ctx, e ledger.Record, f format.Field, value any) any {
	if slices.Contains(e.Erased, f) {
		return web.Badge{Tone: web.ToneNeutral, Text: c.Text("ledger.erased")}
	}
	return value
}

// fact is one value of a decision's body.
type fact struct{ Name, Value string }

// facts flattens a body for people: nested names are joined by dots. The order
// is that of the text that was committed to.
func facts(body json.RawMessage) []fact {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var all []fact
	if readFacts(dec, "", &all) != nil {
		return nil
	}
	return all
}

func readFacts(dec *json.Decoder, name string, all *[]fact) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				return err
			}
			if err := readFacts(dec, strings.TrimPrefix(name+"."+fmt.Sprint(key), "."), all); err != nil {
				return err
			}
		}
		_, err = dec.Token()
		return err
	case json.Delim('['):
		for i := 1; dec.More(); i++ {
			if err := readFacts(dec, fmt.Sprintf("%s.%d", name, i), all); err != nil {
				return err
			}
		}
		_, err = dec.Token()
		return err
	case nil, "":
		return nil // nothing to show
	default:
		*all = append(*all, fact{name, fmt.Sprint(token)})
		return nil
	}
}

// SPDX-License-Identifier: Apache-2.0

package phorge

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

//go:embed testdata/*.json
var recordings embed.FS

// Recording is one call of a real server with its answer.
type Recording struct {
	Name   string
	Method string
	Status int
	Type   string // of the content
	Body   []byte // as it was sent
}

// Recordings returns all that there are, by name.
func Recordings() map[string]Recording {
	entries, err := recordings.ReadDir("testdata")
	if err != nil {
		panic(err) // embedded: cannot happen
	}
	all := map[string]Recording{}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".json")
		all[name] = recording(name)
	}
	return all
}

// recording reads one file. A file that is not as it should be is a mistake in
// this package, so it panics.
func recording(name string) Recording {
	text, err := recordings.ReadFile(path.Join("testdata", name+".json"))
	if err != nil {
		panic(err)
	}
	var file struct {
		Request struct {
			HTTP string `json:"http"`
		} `json:"request"`
		Response struct {
			Status  int               `json:"status"`
			Headers map[string]string `json:"headers"`
			Body    json.RawMessage   `json:"body"`
		} `json:"response"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		panic(fmt.Errorf("%s: %w", name, err))
	}
	r := Recording{
		Name: name, Method: strings.TrimPrefix(file.Request.HTTP, "POST /api/"),
		Status: file.Response.Status, Type: file.Response.Headers["Content-Type"], Body: file.Response.Body,
	}
	var raw struct {
		Text string `json:"_raw"`
	}
	if json.Unmarshal(file.Response.Body, &raw) == nil && raw.Text != "" {
		r.Body = []byte(raw.Text)
	}
	if r.Type == "" {
		r.Type = "application/json"
	}
	return r
}

// RecordedToken is good in the world of Recorded.
const RecordedToken = "api-recorded0000000000000000000"

// securityTag is the project "Security", which every recorded task carries.
const securityTag = "PHID-PROJ-b4533fr3fpqrg6rfbiew"

// Recorded returns a world made of a real server's answers: 17 accounts, 6
// projects, and the tasks T2, T3, T7 and T9 with their history. The recorded
// lists of attachments of T2, T3 and T7 were not asked for at the time; that they
// carry the project "Security" is what the search for it found.
func Recorded() *World {
	w := &World{Token: RecordedToken, History: map[string][]json.RawMessage{}}
	w.WhoAmI = result(recording("user.whoami-bot"))
	w.Statuses = result(recording("maniphest.status.search"))
	for i := range 4 {
		w.Users = append(w.Users, objects(recording(fmt.Sprintf("user.search-paging-%d", i+1)))...)
	}
	for _, name := range []string{"project.search-membersof", "project.search-name"} {
		w.Projects = append(w.Projects, objects(recording(name))...)
	}
	for _, name := range []string{"maniphest.search-notice", "maniphest.search-authored", "maniphest.search-secproject-modified"} {
		w.Tasks = append(w.Tasks, objects(recording(name))...)
	}
	w.Users, w.Projects, w.Tasks = byID(w.Users), byID(w.Projects), byID(w.Tasks)
	for i := range w.Tasks {
		w.Tasks[i].Projects = []string{securityTag}
		w.Tasks[i].attach(`{"projects":{"projectPHIDs":["` + securityTag + `"]},"columns":{"boards":[]}}`)
	}
	for _, name := range []string{"transaction.search-task", "transaction.search-authors-many"} {
		for _, x := range elements(recording(name)) {
			var of struct {
				PHID string `json:"objectPHID"`
			}
			must(json.Unmarshal(x, &of))
			w.History[of.PHID] = append(w.History[of.PHID], x)
		}
	}
	return w
}

// attach sets what the task shows when its attachments are asked for.
func (o *Object) attach(attachments string) {
	var fields map[string]json.RawMessage
	must(json.Unmarshal(o.Bare, &fields))
	fields["attachments"] = json.RawMessage(attachments)
	full, err := json.Marshal(fields)
	must(err)
	o.Full = full
}

// result is what the envelope of an answer holds.
func result(r Recording) json.RawMessage {
	var envelope struct {
		Result json.RawMessage `json:"result"`
	}
	must(json.Unmarshal(r.Body, &envelope))
	return envelope.Result
}

func elements(r Recording) []json.RawMessage {
	var page struct {
		Data []json.RawMessage `json:"data"`
	}
	must(json.Unmarshal(result(r), &page))
	return page.Data
}

func objects(r Recording) []Object {
	var all []Object
	for _, text := range elements(r) {
		var o struct {
			ID     int    `json:"id"`
			PHID   string `json:"phid"`
			Fields struct {
				Name     string `json:"name"`
				Slug     string `json:"slug"`
				Username string `json:"username"`
				Modified int64  `json:"dateModified"`
			} `json:"fields"`
		}
		must(json.Unmarshal(text, &o))
		all = append(all, Object{ID: o.ID, PHID: o.PHID, Slug: o.Fields.Slug, Name: o.Fields.Name + o.Fields.Username, Modified: o.Fields.Modified, Bare: text})
	}
	return all
}

// must panics: what is embedded is as it should be, or a test finds it.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

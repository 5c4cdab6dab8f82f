// SPDX-License-Identifier: Apache-2.0

package phabricator_test

import (
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/connector/phabricator"
	"portreeve.org/portreeve/internal/kernel/foreign"
	"portreeve.org/portreeve/test/fakes/phorge"
)

// history imports T9 with these transactions instead of its own.
func history(t *testing.T, transactions ...string) foreign.Task {
	t.Helper()
	client, _ := recorded(t, only("transaction.search", element(strings.Join(transactions, ","))))
	tasks, err := collect(t.Context(), client, phabricator.Query{IDs: []int{9}})
	if err != nil || len(tasks) != 1 {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	return tasks[0]
}

const head = `{"id":1,"phid":"PHID-XACT-1","authorPHID":"PHID-USER-blfq2x2alngaifipo4is","dateCreated":1795399000,`

// TestComments: of a comment its last version comes over; one that was removed
// stays as an event without words.
func TestComments(t *testing.T) {
	for name, test := range map[string]struct {
		text    string
		want    string
		removed bool
		loss    string
	}{
		"plain":              {`"type":"comment","comments":[{"version":1,"content":{"raw":"one"}}],"fields":{}}`, "one", false, ""},
		"edited":             {`"type":"comment","comments":[{"version":2,"content":{"raw":"two"}},{"version":1,"content":{"raw":"one"}}],"fields":{}}`, "two", false, "earlier versions of comments"},
		"edited, other way":  {`"type":"comment","comments":[{"version":1,"content":{"raw":"one"}},{"version":2,"content":{"raw":"two"}}],"fields":{}}`, "two", false, "earlier versions of comments"},
		"removed":            {`"type":"comment","comments":[{"version":2,"removed":true,"content":{"raw":""}},{"version":1,"content":{"raw":""}}],"fields":{}}`, "", true, "removed comments"},
		"removed with words": {`"type":"comment","comments":[{"version":1,"removed":true,"content":{"raw":"still there"}}],"fields":{}}`, "", true, "removed comments"},
		"withheld":           {`"type":"comment","comments":[],"fields":{}}`, "", false, "events"},
		"empty as a list":    {`"type":"comment","comments":[{"version":1,"content":[]}],"fields":[]}`, "", false, ""},
		"without a type":     {`"comments":[{"version":1,"content":{"raw":"old server"}}],"fields":{}}`, "old server", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			task := history(t, head+test.text)
			if len(task.Events) != 2 {
				t.Fatalf("%+v", task.Events)
			}
			e := task.Events[1]
			if e.Kind != foreign.Comment || e.Text != test.want || e.Removed != test.removed || e.Author.Login != "grace" || e.ID != "PHID-XACT-1" {
				t.Errorf("%+v", e)
			}
			if test.loss == "" && len(task.Losses) != 0 || test.loss != "" && !lost(task, test.loss) {
				t.Errorf("losses: %v", task.Losses)
			}
		})
	}
}

func TestChanges(t *testing.T) {
	for name, test := range map[string]struct {
		text           string
		kind           string
		from, to, said string
		loss           string
	}{
		"status":         {`"type":"status","fields":{"old":"open","new":"wontfix"}}`, foreign.Status, "Open", "Wontfix", "", ""},
		"unknown status": {`"type":"status","fields":{"old":"gone","new":"open"}}`, foreign.Status, "gone", "Open", "", ""},
		"owner":          {`"type":"owner","fields":{"old":"PHID-USER-blfq2x2alngaifipo4is","new":null}}`, foreign.Owner, "Grace Volunteer", "", "", ""},
		"hidden owner":   {`"type":"owner","fields":{"old":null,"new":"PHID-USER-hidden"}}`, foreign.Owner, "", "PHID-USER-hidden", "", "names"},
		"title":          {`"type":"title","fields":{"old":"a","new":"b"}}`, foreign.Title, "a", "b", "", ""},
		"text":           {`"type":"description","fields":{"old":"a","new":"b\nc"}}`, foreign.Text, "", "", "b\nc", ""},
		"label off":      {`"type":"projects","fields":{"operations":[{"operation":"remove","phid":"PHID-PROJ-qmxyufusdo43kgwogusi"}]}}`, foreign.Label, "WMF-NDA", "", "", ""},
		"hidden label":   {`"type":"projects","fields":{"operations":[{"operation":"add","phid":"PHID-PROJ-hidden"}]}}`, foreign.Label, "", "PHID-PROJ-hidden", "", "names"},
		"empty fields":   {`"type":"projects","fields":[]}`, foreign.Label, "", "", "", ""},
		"points":         {`"type":"points","fields":{"old":null,"new":3}}`, foreign.Other, "", "3", "points", "changes of an unknown kind"},
		"no name":        {`"type":null,"fields":{}}`, foreign.Other, "", "", "", "changes of a kind without a name"},
		"absurd fields":  {`"type":"title","fields":{"old":{"x":1},"new":[2]}}`, foreign.Title, "", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			task := history(t, head+test.text)
			if len(task.Events) != 2 {
				t.Fatalf("%+v", task.Events)
			}
			e := task.Events[1]
			if e.Kind != test.kind || e.From != test.from || e.To != test.to || e.Text != test.said {
				t.Errorf("%+v", e)
			}
			if test.loss == "" && len(task.Losses) != 0 || test.loss != "" && !lost(task, test.loss) {
				t.Errorf("losses: %v", task.Losses)
			}
		})
	}
}

// TestUnnamedOnce: a loss is counted once in a task, however often it occurs, and
// the event that created the task has the same identifier with and without one.
func TestUnnamedOnce(t *testing.T) {
	task := history(t,
		strings.Replace(head, "XACT-1", "XACT-3", 1)+`"type":null,"fields":{}}`,
		strings.Replace(head, "XACT-1", "XACT-2", 1)+`"type":null,"fields":{}}`,
		head+`"type":"create","fields":{},"comments":[{"version":1,"content":{"raw":"said while filing"}}]}`)
	if len(task.Events) != 4 || len(task.Losses) != 1 {
		t.Fatalf("%+v, %v", task.Events, task.Losses)
	}
	if e := task.Events[0]; e.ID != "created" || e.Author.Login != "grace" {
		t.Errorf("%+v", e)
	}
	if without := history(t); without.Events[0].ID != "created" || without.Events[0].Author.Login != "portreeve-bot" {
		t.Errorf("%+v", without.Events[0])
	}
	n := 0
	for _, e := range task.Events {
		if e.Kind == foreign.Comment && e.Text == "said while filing" && e.ID == "PHID-XACT-1/comment" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%+v", task.Events)
	}
}

// TestVisibility: only what everybody may read there is not restricted.
func TestVisibility(t *testing.T) {
	for policy, restricted := range map[string]bool{
		`"policy":{"view":"public"},"spacePHID":null`: false, `"policy":{"view":"public"}`: false,
		`"policy":{"view":"users"}`: true, `"policy":{"view":"admin"}`: true, `"policy":{"view":"PHID-PLCY-x"}`: true, `"policy":[]`: true,
		`"policy":{"edit":"public"}`: true, `"policy":{"view":null}`: true, `"spacePHID":"PHID-SPCE-x","policy":{"view":"public"}`: true, `"x":1`: true,
	} {
		client, _ := recorded(t, only("maniphest.search", element(`{"id":9,"phid":"PHID-TASK-ustjuq62dosmouqe2pbi","fields":{"name":"N","dateCreated":5,`+policy+`}}`)))
		tasks, err := collect(t.Context(), client, phabricator.Query{IDs: []int{9}})
		if err != nil || len(tasks) != 1 || tasks[0].Restricted != restricted {
			t.Errorf("%s: %v, %v", policy, tasks, err)
		}
	}
}

// TestStatusKinds: what is closed without being resolved was not done.
func TestStatusKinds(t *testing.T) {
	statuses := `{"data":[{"name":"Open","value":"open","closed":false,"special":"default"},{"name":"In Progress","value":"progress","closed":false},{"name":"Stalled","value":"stalled","closed":false},
		{"name":"Resolved","value":"resolved","closed":true,"special":"closed"},{"name":"Declined","value":"declined","closed":true},{"name":"Duplicate","value":"duplicate","closed":true,"special":"duplicate"}]}`
	for value, want := range map[string]string{"open": foreign.Open, "progress": foreign.Open, "stalled": foreign.Stalled, "resolved": foreign.Done, "declined": foreign.Declined, "duplicate": foreign.Declined, "unknown": foreign.Done} {
		client, _ := recorded(t, func(c phorge.Call, _ *phorge.World) *phorge.Answer {
			var a phorge.Answer
			switch c.Method {
			case "maniphest.status.search":
				a = phorge.Success(statuses)
			case "maniphest.search":
				a = element(`{"id":9,"phid":"PHID-TASK-ustjuq62dosmouqe2pbi","fields":{"name":"N","dateClosed":7,"status":{"value":"` + value + `","name":""},"policy":{"view":"public"}}}`)
			default:
				return nil
			}
			return &a
		})
		tasks, err := collect(t.Context(), client, phabricator.Query{IDs: []int{9}})
		if err != nil || len(tasks) != 1 || tasks[0].StatusKind != want || tasks[0].Status != value {
			t.Errorf("%s: %v, %v", value, tasks, err)
		}
	}
}

// TestColumns: the column on the board that was asked for is kept.
func TestColumns(t *testing.T) {
	const security, other = "PHID-PROJ-b4533fr3fpqrg6rfbiew", "PHID-PROJ-2jje7edrx6kchfaaerbk"
	answer := element(`{"id":9,"phid":"PHID-TASK-ustjuq62dosmouqe2pbi","fields":{"name":"N","policy":{"view":"public"}},"attachments":{"columns":{"boards":{"` +
		other + `":{"columns":[{"name":"Elsewhere"}]},"` + security + `":{"columns":[{"name":"Back orders"},{"name":"Second"}]}}}}}`)
	client, _ := recorded(t, only("maniphest.search", answer))
	tasks, err := collect(t.Context(), client, phabricator.Query{Projects: []string{"security"}})
	if err != nil || len(tasks) != 1 || tasks[0].Column != "Back orders" || !lost(tasks[0], "columns") {
		t.Errorf("%+v, %v", tasks, err)
	}
}

// TestLosses: the table names each loss once, in whole sentences.
func TestLosses(t *testing.T) {
	seen := map[foreign.Loss]bool{}
	for _, l := range append(phabricator.Losses(), foreign.BoundLosses()...) {
		if seen[l] || l.What == "" || !strings.HasSuffix(l.Why, ".") {
			t.Errorf("%+v", l)
		}
		seen[l] = true
	}
}

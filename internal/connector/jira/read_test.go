// SPDX-License-Identifier: Apache-2.0

package jira_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/connector/jira"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/foreign"
)

func collect(from iter.Seq2[foreign.Task, error]) (tasks []foreign.Task, err error) {
	for task, bad := range from {
		if bad != nil {
			err = bad
			continue
		}
		tasks = append(tasks, task)
	}
	return tasks, err
}

// file reads a file of testdata whole.
func file(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func read(t testing.TB, text string) ([]foreign.Task, error) {
	t.Helper()
	return collect(jira.Read(t.Context(), strings.NewReader(text), jira.Options{}))
}

// losses are the names of what was lost.
func losses(task foreign.Task) string {
	var all []string
	for _, l := range task.Losses {
		all = append(all, l.What)
	}
	return strings.Join(all, "; ")
}

func at(s string) time.Time {
	v, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return v.UTC()
}

func TestVersion2(t *testing.T) {
	tasks, err := read(t, file(t, "search-v2.json"))
	if err != nil || len(tasks) != 2 {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	rita := foreign.Person{ID: "JIRAUSER10100", Name: "Rita Requester", Login: "rita", Address: "rita@example.org"}
	lee := foreign.Person{ID: "JIRAUSER10101", Name: "Lee Lead", Login: "lee"}
	ritaThere := rita
	ritaThere.Address = "" // only the issue itself tells it
	want := foreign.Task{
		System: "jira", Source: "https://issues.example.org/jira", Number: "FOLIO-12", URL: "https://issues.example.org/jira/browse/FOLIO-12",
		Title: "Review of the new importer", Text: "Please look at *this*.\n\n{code:java}\nint x;\n{code}", Author: rita, Owner: lee,
		CreatedAt: at("2020-01-07T18:53:00Z"), ChangedAt: at("2020-03-01T08:00:00.5Z"), ClosedAt: at("2020-03-01T08:00:00Z"),
		Status: "Closed", StatusKind: foreign.Done, Priority: "P2", Labels: []string{"security", "review", "importer"},
		Events: []foreign.Event{
			{ID: "created", At: at("2020-01-07T18:53:00Z"), Author: rita, Kind: foreign.Created},
			{ID: "h30001.0", At: at("2020-01-08T08:00:00Z"), Author: lee, Kind: foreign.Status, From: "Open", To: "In Progress"},
			{ID: "h30001.1", At: at("2020-01-08T08:00:00Z"), Author: lee, Kind: foreign.Owner, To: "Lee Lead"},
			{ID: "c20001", At: at("2020-01-09T10:00:00Z"), Author: lee, Kind: foreign.Comment, Text: "Which hosts does it reach?"},
			{ID: "c20002", At: at("2020-01-10T10:00:00Z"), Author: ritaThere, Kind: foreign.Comment, Text: "Only ours."},
			{ID: "h30002.0", At: at("2020-01-12T08:00:00Z"), Author: ritaThere, Kind: foreign.Label, From: "old", To: "review"},
			{ID: "h30002.1", At: at("2020-01-12T08:00:00Z"), Author: ritaThere, Kind: foreign.Other, To: "Sprint 5", Text: "Sprint"},
			{ID: "h30003.0", At: at("2020-01-13T08:00:00Z"), Author: lee, Kind: foreign.Text, Text: "Please look at *this*."},
			{ID: "h30003.1", At: at("2020-01-13T08:00:00Z"), Author: lee, Kind: foreign.Comment, Removed: true},
			{ID: "h30004.0", At: at("2020-03-01T08:00:00Z"), Author: lee, Kind: foreign.Other, To: "Done", Text: "resolution"},
			{ID: "h30004.1", At: at("2020-03-01T08:00:00Z"), Author: lee, Kind: foreign.Status, From: "In Progress", To: "Closed"},
		},
		Losses: tasks[0].Losses,
	}
	if diff := cmp.Diff(want, tasks[0]); diff != "" {
		t.Error(diff)
	}
	if got := losses(tasks[0]); got != "attachments; fields of the organisation's own; formatting; removed comments; earlier versions of comments" {
		t.Errorf("losses: %s", got)
	}
	if got := tasks[1]; !got.Restricted || got.StatusKind != foreign.Stalled || losses(got) != "people" || !got.Readable() {
		t.Errorf("%+v", got)
	}
}

func TestVersion3(t *testing.T) {
	tasks, err := read(t, file(t, "search-v3.json"))
	if err != nil || len(tasks) != 1 {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	got := tasks[0]
	want := strings.Join([]string{
		"## What", "",
		"We want **this** [service](<https://service.example/a?b=1>)\\", `@Rita Requester asked: 2 \* 3 \< 7 & snake_case`, "",
		"- one", "", "  3. deep", "- two", "",
		"````go", "if x < y {", "\t```", "}", "````", "",
		"> quoted", "", "---", "", "inside a macro",
	}, "\n")
	if diff := cmp.Diff(want, got.Text); diff != "" {
		t.Error(diff)
	}
	if got.StatusKind != foreign.Declined || !got.Restricted || got.Events[1].Text != "No." || got.Author.ID != "5b10" {
		t.Errorf("%+v", got)
	}
	if l := losses(got); l != "attachments; parts of a text; security level; history; visibility of comments" {
		t.Errorf("losses: %s", l)
	}
}

// TestForms: the forms in which exports come, alone and one after the other.
func TestForms(t *testing.T) {
	const one, two = `{"key":"A-1","fields":{}}`, `{"id":"2","fields":{},"key":"A-2","changelog":null,"names":{"x":[1]}}`
	for text, want := range map[string]string{
		`[` + one + `,` + two + `]`: "A-1 A-2", one + "\n" + two + "\n": "A-1 A-2", one: "A-1", one + one: "A-1",
		`{"issues":[` + one + `],"total":1}`:                                        "A-1",
		`{"total":2,"issues":[` + one + `]}` + `{"total":2,"issues":[` + two + `]}`: "A-1 A-2",
		`[]`: "", `{"issues":[],"total":0}`: "", " [ ] \n": "", `[[],7,null,` + one + `]`: "   A-1",
	} {
		tasks, err := read(t, text)
		var got []string
		for _, task := range tasks {
			got = append(got, task.Number)
		}
		// What is no issue comes as a loss, without a number.
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", " ", "7", `"x"`, "null", "{}", `{"issues":7}`, `{"errorMessages":["no"]}`, `[` + one, `[` + one + `}`, one + "]", "<html>", `{"issues":[` + one + `,`} {
		_, err := read(t, text)
		if !fault.HasCode(err, "jira.file") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestCutOff: what stands before the cut comes over.
func TestCutOff(t *testing.T) {
	text := file(t, "search-v2.json")
	tasks, err := read(t, text[:len(text)-400])
	if len(tasks) != 1 || !fault.HasCode(err, "jira.file") || !strings.Contains(fault.From(err).Message, "after 1 issues") {
		t.Errorf("%d tasks, %v", len(tasks), err)
	}
}

// TestIncomplete: a file that says that there are more is the first page of an export.
func TestIncomplete(t *testing.T) {
	tasks, err := read(t, strings.Replace(file(t, "search-v2.json"), `"total": 2,`, `"total": 90,`, 1))
	if len(tasks) != 2 || !fault.HasCode(err, "jira.incomplete") || !strings.Contains(err.Error(), "2 of 90") {
		t.Errorf("%d tasks, %v", len(tasks), err)
	}
}

// issue is an issue with these fields, as a task.
func issue(t *testing.T, o jira.Options, fields, more string) foreign.Task {
	t.Helper()
	tasks, err := collect(jira.Read(t.Context(), strings.NewReader(`[{"key":"A-1"`+more+`,"fields":{`+fields+`}}]`), o))
	if err != nil || len(tasks) != 1 {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	return tasks[0]
}

// TestRestricted: what was shown to a few there is not shown to all here.
func TestRestricted(t *testing.T) {
	comment := func(more string) string {
		return `"security":null,"comment":{"total":1,"comments":[{"id":"1","body":"b"` + more + `}]}`
	}
	for fields, want := range map[string]bool{
		`"security":null`: false, `"security":{"name":"Group"}`: true, `"security":{}`: true, `"summary":"x"`: true,
		comment(""): false, comment(`,"visibility":{"type":"group","value":"x"}`): true, comment(`,"visibility":null`): false,
		comment(`,"jsdPublic":false`): true, comment(`,"jsdPublic":true`): false, comment(`,"author":7`): true,
	} {
		if got := issue(t, jira.Options{}, fields, ""); got.Restricted != want {
			t.Errorf("%s: restricted %v (%s)", fields, got.Restricted, losses(got))
		}
	}
	if issue(t, jira.Options{NoLevels: true}, `"summary":"x"`, "").Restricted {
		t.Error("a server without levels restricts nothing by them")
	}
	if !issue(t, jira.Options{NoLevels: true}, `"security":{"name":"Group"}`, "").Restricted {
		t.Error("a level restricts, whatever was said about the server")
	}
}

func TestStatusKinds(t *testing.T) {
	for fields, want := range map[string]string{
		`"status":{"name":"To Do","statusCategory":{"key":"new"}}`:                                     foreign.Open,
		`"status":{"name":"Blocked","statusCategory":{"key":"indeterminate"}}`:                         foreign.Stalled,
		`"status":{"name":"Done","statusCategory":{"key":"done"}},"resolution":{"name":"Fixed"}`:       foreign.Done,
		`"status":{"name":"Closed","statusCategory":{"key":"done"}},"resolution":{"name":"Duplicate"}`: foreign.Declined,
		`"status":{"name":"Rejected","statusCategory":{"key":"done"}},"resolution":null`:               foreign.Declined,
		`"status":{"name":"Closed"},"resolutiondate":"2020-01-07T18:53:00.000+0000"`:                   foreign.Done,
		`"status":{"name":"Closed"}`: foreign.Open,
		`"status":[]`:                foreign.Open,
		`"status":{"name":"Waiting","statusCategory":{"key":"indeterminate"}},"resolution":{"name":"?"}`: foreign.Stalled,
	} {
		if got := issue(t, jira.Options{}, fields, ""); got.StatusKind != want {
			t.Errorf("%s: %s", fields, got.StatusKind)
		}
	}
}

// TestLost: what an export does not hold, or cannot be read, is told.
func TestLost(t *testing.T) {
	for fields, want := range map[string]string{
		`"summary":7`: "task", `"created":"yesterday"`: "dates", `"created":"9999999-01-01T00:00:00.000+0000"`: "dates",
		`"comment":{"total":5,"comments":[]}`: "comments", `"summary":"x"`: "comments", `"comment":{"total":1,"comments":[[]]}`: "events",
		`"description":7`: "text", `"description":{"type":"doc","content":{}}`: "text", `"description":"h1. Title"`: "formatting",
		`"worklog":{"total":1}`: "work logged", `"subtasks":[{}]`: "links", `"issuelinks":[{}]`: "links", `"duedate":"2020-01-01"`: "other fields",
		`"reporter":{"accountId":"5"}`: "people", `"reporter":null,"creator":null`: "people", `"labels":{"a":1}`: "task",
	} {
		if got := issue(t, jira.Options{}, fields, ""); !strings.Contains("; "+losses(got)+";", "; "+want+";") {
			t.Errorf("%s: %s", fields, losses(got))
		}
	}
	for log, want := range map[string]string{
		`,"changelog":null`: "history", `,"changelog":{"total":9,"histories":[]}`: "history", `,"changelog":{"histories":[7]}`: "events",
		`,"changelog":{"histories":[{"id":7,"items":[{"field":"x"}]}]}`: "people",
	} {
		if got := issue(t, jira.Options{}, "", log); !strings.Contains("; "+losses(got)+";", "; "+want+";") {
			t.Errorf("%s: %s", log, losses(got))
		}
	}
}

// TestSource: only an address that a browser may be sent to becomes one.
func TestSource(t *testing.T) {
	for self, want := range map[string]string{
		"https://j.example/rest/api/2/issue/1": "https://j.example/browse/A-1", "https://j.example/ctx/rest/api/3/issue/1": "https://j.example/ctx/browse/A-1",
		"javascript:alert(1)/rest/": "", "https://user:pw@j.example/rest/": "", "/rest/x": "", "https://j.example/": "", "": "", "https://[/rest/": "",
	} {
		if got := issue(t, jira.Options{}, "", `,"self":"`+self+`"`); got.URL != want {
			t.Errorf("%s: %s", self, got.URL)
		}
	}
	got := issue(t, jira.Options{Source: "https://ours.example/"}, "", `,"self":"https://other.example/rest/x"`)
	if got.URL != "https://ours.example/browse/A-1" || got.Source != "https://ours.example" {
		t.Errorf("%s of %s", got.URL, got.Source)
	}
}

// endless gives the same bytes for ever.
type endless struct {
	text string
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.text)
	}
	e.read += n
	return n, nil
}

// TestHostileSizes: nothing without end is read into memory.
func TestHostileSizes(t *testing.T) {
	for start, text := range map[string]string{`[{"key":"A-1","fields":{"summary":"`: "a", `{"issues":[`: `{"a":`, `{"x":"`: "a", `[`: "[", "": " "} {
		e := &endless{text: strings.Repeat(text, 1000)}
		_, err := collect(jira.Read(t.Context(), io.MultiReader(strings.NewReader(start), e), jira.Options{}))
		if !fault.HasCode(err, "jira.file") || e.read > 40<<20 {
			t.Errorf("%s%s...: %v after %d bytes", start, text, err, e.read)
		}
	}
}

// TestManyIssues: a file larger than the bound of one issue is read to its end.
func TestManyIssues(t *testing.T) {
	one := `{"key":"A-%d","fields":{"summary":"` + strings.Repeat("s", 1<<20) + `"}},`
	var readers []io.Reader
	readers = append(readers, strings.NewReader("["))
	for i := range 50 {
		readers = append(readers, strings.NewReader(fmt.Sprintf(one, i)))
	}
	readers = append(readers, strings.NewReader(`{"key":"A-last","fields":{}}]`))
	tasks, err := collect(jira.Read(t.Context(), io.MultiReader(readers...), jira.Options{}))
	if err != nil || len(tasks) != 51 {
		t.Errorf("%d tasks, %v", len(tasks), err)
	}
}

// TestInterrupted: the context ends the reading of a file that has no end, and a
// caller who stops is asked for nothing more.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	more := io.MultiReader(strings.NewReader("["), &endless{text: `{"key":"A-1","fields":{}},`})
	n := 0
	var ended error
	for _, err := range jira.Read(ctx, more, jira.Options{}) {
		if err != nil {
			ended = err
			break
		}
		n++
		cancel()
	}
	if n != 1 || !errors.Is(ended, context.Canceled) {
		t.Errorf("%d tasks, %v", n, ended)
	}
	for range jira.Read(t.Context(), strings.NewReader(file(t, "search-v2.json")), jira.Options{}) {
		break
	}
}

// TestLosses: the table names each loss once, in whole sentences.
func TestLosses(t *testing.T) {
	seen := map[foreign.Loss]bool{}
	for _, l := range append(jira.Losses(), foreign.BoundLosses()...) {
		if seen[l] || l.What == "" || !strings.HasSuffix(l.Why, ".") {
			t.Errorf("%+v", l)
		}
		seen[l] = true
	}
}

// FuzzRead: whatever a file holds, it ends, and what comes is within bounds.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"search-v2.json", "search-v3.json"} {
		f.Add(file(f, name))
	}
	f.Add(`{"key":"A","fields":{"comment":{"comments":[{"body":{"type":"doc"}}]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		tasks, err := read(t, text)
		if err != nil && fault.From(err).Kind == fault.Internal {
			t.Error(err)
		}
		for _, task := range tasks {
			if diff := cmp.Diff(foreign.Bounded(task), task); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	text := file(b, "search-v2.json")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if tasks, err := read(b, text); err != nil || len(tasks) != 2 {
			b.Fatal(err)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package phabricator_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/connector/phabricator"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/foreign"
	"portreeve.org/portreeve/test/fakes/phorge"
)

const bot = "PHID-USER-hfo26larztthx4mt3owi"

// TestRecordedTask: the task whose whole history was recorded, as it comes over.
func TestRecordedTask(t *testing.T) {
	client, _ := recorded(t, nil)
	tasks, err := collect(t.Context(), client, phabricator.Query{IDs: []int{9}})
	if err != nil || len(tasks) != 1 {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	by := foreign.Person{ID: bot, Name: "Portreeve Audit Bot (not admin)", Login: "portreeve-bot"}
	at := func(s int64) time.Time { return time.Unix(s, 0).UTC() }
	event := func(id string, s int64, kind, from, to, text string) foreign.Event {
		return foreign.Event{ID: id, At: at(s), Author: by, Kind: kind, From: from, To: to, Text: text}
	}
	const x = "PHID-XACT-TASK-"
	want := foreign.Task{
		System: "phabricator", Source: client.Source(), Number: "T9", URL: client.Source() + "/T9",
		Title: "[Access audit 2026-11] MFA missing - batch 1 of 1", Text: "You are a member of **WMF-NDA** without multi-factor authentication. Deadline: 2026-12-31.",
		Author: by, Owner: by, CreatedAt: at(1795398976), ChangedAt: at(1795399046), ClosedAt: at(1795398978),
		Status: "Resolved", StatusKind: foreign.Done, Priority: "High", Labels: []string{"Security"}, Restricted: true,
		Events: []foreign.Event{
			event("created", 1795398976, foreign.Created, "", "", ""),
			event(x+"x2vyq7e5hyla6l4", 1795398976, foreign.Title, "", "[Access audit 2026-11] MFA missing - batch 1 of 1", ""),
			event(x+"zfmjtoo5hbbvy74", 1795398976, foreign.Text, "", "", "You are a member of **WMF-NDA** without multi-factor authentication. Deadline: 2026-12-31."),
			event(x+"nu4qnxwk3eu6lk2", 1795398976, foreign.Priority, "Needs Triage", "High", ""),
			event(x+"leytoz272a52mso", 1795398976, foreign.Other, "", "", ""),
			event(x+"d3vwlsb5or522re", 1795398976, foreign.Label, "", "Security", ""),
			event(x+"7i26rz2ofvuaavm", 1795398976, foreign.Subscribers, "", "Bob Staff No MFA, Frank SRE inactive no MFA, Heidi Volunteer no MFA, Dave Never Active, Portreeve Audit Bot (not admin)", ""),
			event(x+"zne6vwnxytnhth2", 1795398976, foreign.Other, "", "", ""),
			event(x+"7o77sojpfgfypau", 1795398978, foreign.Status, "Open", "Resolved", ""),
			event(x+"kjcrhkiu4m4qznw", 1795398978, foreign.Owner, "", by.Name, ""),
			event(x+"jaf34bdwb77rt22", 1795398978, foreign.Comment, "", "", "Done."),
			event(x+"hr5xxwpm3zvkp7x", 1795399045, foreign.Subscribers, "", "Judy Unverified mail", ""),
			event(x+"llxhclx2e2qfvp6", 1795399046, foreign.Subscribers, "", "Grace Volunteer, Erin Left (disabled), Ops Mailing List", ""),
			event(x+"rozdojckmuovlya", 1795399046, foreign.Comment, "", "", "Reminder: two weeks left. @grace"),
			event(x+"fgll7jm45fwbqvx", 1795399046, foreign.Subscribers, "Grace Volunteer", "", ""),
		},
		Losses: []foreign.Loss{{What: "changes of a kind without a name", Why: tasks[0].Losses[0].Why}},
	}
	if diff := cmp.Diff(want, tasks[0]); diff != "" {
		t.Error(diff)
	}
}

// TestProject: the tasks of a project, each once and the oldest number first.
func TestProject(t *testing.T) {
	client, server := recorded(t, nil)
	tasks, err := collect(t.Context(), client, phabricator.Query{Projects: []string{"#security"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, task := range tasks {
		got = append(got, task.Number)
		if !task.Readable() || len(task.Events) == 0 || task.Events[0].Kind != foreign.Created {
			t.Errorf("%s: %+v", task.Number, task)
		}
	}
	if diff := cmp.Diff([]string{"T2", "T3", "T7", "T9"}, got); diff != "" {
		t.Error(diff)
	}
	for _, c := range server.Calls() {
		if c.Method == "maniphest.search" && (c.Params["order"] != "oldest" || c.Params["attachments"] == nil) {
			t.Errorf("%v", c.Params)
		}
	}
}

func TestSince(t *testing.T) {
	client, _ := recorded(t, nil)
	tasks, err := collect(t.Context(), client, phabricator.Query{Projects: []string{"security"}, Since: time.Unix(1795398722, 0)})
	if err != nil || len(tasks) != 2 || tasks[0].Number != "T7" || tasks[1].Number != "T9" {
		t.Errorf("%d tasks, %v", len(tasks), err)
	}
}

// TestQuery: a query for everything is a mistake, and so is a project that is not
// shown: the search for its tasks would find none without a word.
func TestQuery(t *testing.T) {
	client, server := recorded(t, nil)
	for name, q := range map[string]phabricator.Query{
		"nothing": {}, "since alone": {Since: time.Unix(1, 0)}, "zero": {IDs: []int{0}}, "below zero": {IDs: []int{-4}},
		"too many": {IDs: make([]int, 20000)}, "too many projects": {Projects: make([]string, 200)},
	} {
		if _, err := collect(t.Context(), client, q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(server.Calls()) != 0 {
		t.Errorf("%d calls", len(server.Calls()))
	}
	if _, err := collect(t.Context(), client, phabricator.Query{Projects: []string{"security", "acl_hidden"}}); !fault.HasCode(err, "phabricator.project_unseen") || !strings.Contains(err.Error(), "#acl_hidden") {
		t.Errorf("%v", err)
	}
	if server.Called("maniphest.search") != 0 {
		t.Error("tasks were asked for")
	}
}

// TestSeveralProjects: one of them is enough, and a task that has two comes once.
func TestSeveralProjects(t *testing.T) {
	world := phorge.Recorded()
	for i := range world.Tasks {
		if world.Tasks[i].ID == 3 {
			world.Tasks[i].Projects = append(world.Tasks[i].Projects, "PHID-PROJ-qmxyufusdo43kgwogusi")
		}
	}
	client, _ := connect(t, phorge.New(world, nil), phabricator.Config{Token: phorge.RecordedToken})
	tasks, err := collect(t.Context(), client, phabricator.Query{Projects: []string{"wmf-nda", "security"}, IDs: []int{3, 3, 9, 77}})
	if err != nil || len(tasks) != 2 {
		t.Errorf("%d tasks, %v", len(tasks), err)
	}
}

// TestUnseen: a number that does not come is told, and counts as restricted.
func TestUnseen(t *testing.T) {
	client, _ := recorded(t, nil)
	tasks, err := collect(t.Context(), client, phabricator.Query{IDs: []int{8, 3}})
	if err != nil || len(tasks) != 2 {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	if got := tasks[1]; got.Number != "T8" || got.Readable() || !got.Restricted || !lost(got, "task") {
		t.Errorf("%+v", got)
	}
}

// TestUnresolved: an author whom the server does not show stays, without a name.
func TestUnresolved(t *testing.T) {
	world := phorge.Recorded()
	for i, u := range world.Users {
		if u.PHID == bot {
			world.Users = append(world.Users[:i:i], world.Users[i+1:]...)
			break
		}
	}
	client, _ := connect(t, phorge.New(world, nil), phabricator.Config{Token: phorge.RecordedToken})
	tasks, err := collect(t.Context(), client, phabricator.Query{IDs: []int{9}})
	if err != nil || len(tasks) != 1 {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	got := tasks[0]
	if (got.Author != foreign.Person{ID: bot}) || got.Events[0].Author.ID != bot || !lost(got, "people") || !lost(got, "names") || !got.Readable() {
		t.Errorf("%+v", got)
	}
}

// TestOneBadTask: what is wrong with one task is its loss; the next comes whole.
func TestOneBadTask(t *testing.T) {
	for name, test := range map[string]struct {
		method string
		answer phorge.Answer
		what   string
	}{
		"history denied":    {"transaction.search", phorge.As("transaction.search-invisible"), "history"},
		"history refused":   {"transaction.search", phorge.Failure("ERR-CONDUIT-CORE", "whatever"), "history"},
		"history malformed": {"transaction.search", phorge.Success(`"what"`), "history"},
		"event malformed":   {"transaction.search", element(`{"id":{},"phid":"PHID-XACT-1"}`), "events"},
		"fields malformed":  {"transaction.search", element(`{"id":1,"phid":"PHID-XACT-1","type":"status","dateCreated":5,"fields":[7]}`), "events"},
		"people refused":    {"user.search", phorge.Failure("ERR-CONDUIT-CORE", "whatever"), "people"},
		"people malformed":  {"user.search", phorge.Success(`[]`), "people"},
		"person malformed":  {"user.search", element(`{"phid":"` + bot + `","fields":7}`), "people"},
		"labels hidden":     {"phid.query", phorge.As("phid.query-secret-as-mallory"), "labels"},
		"status unknown":    {"maniphest.status.search", phorge.Success(`{"data":[]}`), "kind of status"},
		"status refused":    {"maniphest.status.search", phorge.As("error.unknown-method"), "kind of status"},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			client, _ := recorded(t, func(c phorge.Call, _ *phorge.World) *phorge.Answer {
				if c.Method != test.method {
					return nil
				}
				if n++; n > 1 && c.Method == "transaction.search" {
					return nil
				}
				return &test.answer
			})
			tasks, err := collect(t.Context(), client, phabricator.Query{IDs: []int{2, 9}})
			if err != nil || len(tasks) != 2 {
				t.Fatalf("%d tasks, %v", len(tasks), err)
			}
			if !lost(tasks[0], test.what) || !tasks[0].Readable() {
				t.Errorf("losses: %v", tasks[0].Losses)
			}
			if tasks[1].Number != "T9" || len(tasks[1].Events) != 15 {
				t.Errorf("the next task has %d events", len(tasks[1].Events))
			}
		})
	}
}

// TestHostileTasks: whatever a task holds, it comes within bounds or is told.
func TestHostileTasks(t *testing.T) {
	long := strings.Repeat("<b>&'\\\"ü", 100_000)
	for name, test := range map[string]struct {
		text string
		what string
	}{
		"no fields":     {`{"id":5,"phid":"P"}`, "policy"},
		"fields a list": {`{"id":5,"phid":"P","fields":[]}`, "task"},
		"all wrong":     {`{"id":"x","phid":7,"fields":{"name":{},"description":7,"policy":[1],"status":[],"dateCreated":"soon"}}`, "task"},
		"no policy":     {`{"id":5,"phid":"P","fields":{"name":"N","policy":[]}}`, "policy"},
		"absurd dates":  {`{"id":5,"phid":"P","fields":{"name":"N","dateCreated":9223372036854775807,"dateModified":-5,"dateClosed":1e3}}`, "dates"},
		"long":          {`{"id":5,"phid":"P","fields":{"name":` + fmt.Sprintf("%q", "x"+strings.ReplaceAll(long, "\\", "")) + `}}`, "long texts"},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := recorded(t, only("maniphest.search", element(test.text)))
			tasks, err := collect(t.Context(), client, phabricator.Query{IDs: []int{5}})
			if err != nil || len(tasks) == 0 || !tasks[0].Restricted || !lost(tasks[0], test.what) || len(tasks[0].Title) > foreign.MaxLine {
				t.Errorf("%d tasks, %v", len(tasks), err)
			}
			for _, task := range tasks {
				t.Log(task.Number, task.Losses)
			}
		})
	}
}

// TestServerGoesAway: an error that the next task would meet too ends the import,
// after what was already whole.
func TestServerGoesAway(t *testing.T) {
	for name, answer := range map[string]phorge.Answer{
		"down": phorge.As("error.database-down"), "page": phorge.Page(200, "<p>"), "limit": phorge.As("error.rate-limit"), "token": phorge.As("error.unknown-token"),
	} {
		for _, method := range []string{"transaction.search", "maniphest.search", "user.search", "phid.query", "maniphest.status.search", "project.search"} {
			n := 0
			client, _ := recorded(t, func(c phorge.Call, _ *phorge.World) *phorge.Answer {
				if c.Method != method {
					return nil
				}
				if n++; n == 1 && method == "transaction.search" {
					return nil
				}
				return &answer
			})
			tasks, err := collect(t.Context(), client, phabricator.Query{Projects: []string{"security"}})
			if err == nil || fault.From(err).Kind == fault.Internal || method == "transaction.search" && len(tasks) != 1 {
				t.Errorf("%s at %s: %d tasks, %v", name, method, len(tasks), err)
			}
		}
	}
}

// TestInterrupted: the context ends an import in the middle, the caller does too,
// and a second import meets the same identifiers.
func TestInterrupted(t *testing.T) {
	client, server := recorded(t, nil)
	q := phabricator.Query{Projects: []string{"security"}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var first []foreign.Task
	var ended error
	for task, err := range client.Tasks(ctx, q) {
		if err != nil {
			ended = err
			continue
		}
		first = append(first, task)
		cancel()
	}
	if len(first) != 1 || !errors.Is(ended, context.Canceled) {
		t.Errorf("%d tasks, %v", len(first), ended)
	}
	for range client.Tasks(t.Context(), q) {
		break
	}
	if n := server.Called("transaction.search"); n > 3 {
		t.Errorf("%d histories were read", n)
	}
	again, err := collect(t.Context(), client, q)
	if err != nil || len(again) != 4 {
		t.Fatalf("%d tasks, %v", len(again), err)
	}
	if diff := cmp.Diff(first[0], again[0]); diff != "" {
		t.Error(diff)
	}
}

// TestMade: the numbers of the bench come over whole, and the people of a page are
// asked for together.
func TestMade(t *testing.T) {
	server := phorge.New(phorge.Tasks(120, 130), nil)
	client, _ := connect(t, server, phabricator.Config{Token: phorge.MadeToken})
	tasks, err := collect(t.Context(), client, phabricator.Query{Projects: []string{phorge.MadeProject}})
	if err != nil || len(tasks) != 120 {
		t.Fatalf("%d tasks, %v", len(tasks), err)
	}
	if n := server.Called("user.search"); n != 1 {
		t.Errorf("people were asked for %d times", n)
	}
	for _, task := range tasks {
		if len(task.Events) != 130 || task.Restricted || task.Column != "In progress" || len(task.Losses) != 1 {
			t.Fatalf("%s: %d events, %+v", task.Number, len(task.Events), task.Losses)
		}
	}
}

// BenchmarkTasks reads 200 tasks of 20 transactions each; the fake's share is in it.
func BenchmarkTasks(b *testing.B) {
	client, _ := connect(b, phorge.New(phorge.Tasks(200, 20), nil), phabricator.Config{Token: phorge.MadeToken})
	for b.Loop() {
		tasks, err := collect(b.Context(), client, phabricator.Query{Projects: []string{phorge.MadeProject}})
		if err != nil || len(tasks) != 200 {
			b.Fatal(len(tasks), err)
		}
	}
	b.ReportMetric(float64(b.N)*200*20/b.Elapsed().Seconds(), "transactions/s")
}

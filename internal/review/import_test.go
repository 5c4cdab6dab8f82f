// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/foreign"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review"
)

func filed(second int) time.Time {
	return time.Date(2020, 1, 7, 18, 53, second, 0, time.UTC)
}

// openTask is a made-up task that everybody may read.
func openTask(number string) foreign.Task {
	return foreign.Task{
		System: foreign.Phabricator, Source: "https://phorge.example", Number: number, URL: "https://phorge.example/" + number,
		Title: "Concept review of the pigeon loft " + number, Text: "A loft for " + number + ".", Author: foreign.Person{ID: "P1", Name: "Pat Pigeon", Login: "pat"},
		CreatedAt: filed(0), ChangedAt: filed(9), Status: "Open", StatusKind: foreign.Open, Priority: "Unbreak Now!", Column: "Back Orders", Labels: []string{"Security"},
		Events: []foreign.Event{
			{ID: "created", At: filed(0), Kind: foreign.Created, Author: foreign.Person{ID: "P1", Name: "Pat Pigeon"}},
			{ID: "X1", At: filed(1), Kind: foreign.Comment, Author: foreign.Person{ID: "P2", Name: "Rob Raven"}, Text: "Which cuckooword is it?"},
			{ID: "X2", At: filed(2), Kind: foreign.Status, From: "Open", To: "Stalled", Author: foreign.Person{ID: "P9"}},
		},
	}
}

func closedTask(number string) foreign.Task {
	t := openTask(number)
	t.Status, t.StatusKind, t.ClosedAt = "Resolved", foreign.Done, filed(8)
	return t
}

func whys(losses []foreign.Loss) string {
	var all []string
	for _, l := range losses {
		all = append(all, l.What)
	}
	slices.Sort(all)
	return strings.Join(all, ",")
}

func TestImportKeepsWhatHappenedThere(t *testing.T) {
	eachImportDesk(t, func(t *testing.T, d *importDesk) {
		got := d.take("tina", review.ImportOptions{}, openTask("T240943"), closedTask("T7"))
		if len(got) != 2 || got[0].Result != review.Taken || got[0].Events != 3 || whys(got[0].Losses) != "requester" {
			t.Fatalf("%+v", got)
		}
		r, past := d.read("quinn", "T240943")
		if r.ID != got[0].Review || !r.Imported() || r.Column != review.Incoming || r.Kind != "concept" || r.Priority != review.Urgent || r.Sketch != "A loft for T240943." {
			t.Errorf("%+v", r)
		}
		if o := r.Origin; o.Number != "T240943" || o.Author != "Pat Pigeon" || o.Column != "Back Orders" || o.Status != "Open" || !o.At.Equal(filed(0)) || len(o.Losses) != 1 {
			t.Errorf("origin %+v", o)
		}
		if r.Requester != "tina" || r.Visibility != authz.Internal || !r.ReceivedAt.Equal(filed(0)) {
			t.Errorf("%+v", r)
		}
		var lines []string
		for _, p := range past {
			lines = append(lines, fmt.Sprintf("%s %s %q %s>%s %s", p.ID, p.Kind, p.Author, p.From, p.To, p.Text))
		}
		want := []string{
			`0 created "Pat Pigeon" >Concept review of the pigeon loft T240943 A loft for T240943.`,
			`X1 comment "Rob Raven" > Which cuckooword is it?`,
			`X2 status "" Open>Stalled `,
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Error(diff)
		}
		done, _ := d.read("quinn", "T7")
		if done.Column != review.Done || !done.DoneAt.Equal(filed(8)) || done.Verdict.Outcome != "" || done.Verdict.Entry != 0 {
			t.Errorf("what was closed there counts here: %+v", done)
		}
		if n := d.count("SELECT COUNT(*) FROM review_stage WHERE review = $1", done.ID); n != 0 {
			t.Errorf("%d stages of what was done elsewhere", n)
		}
		if n := d.count("SELECT COUNT(*) FROM review_stage WHERE review = $1", r.ID); n != 1 {
			t.Errorf("%d stages of what waits here", n)
		}
		if hits := d.found("quinn", "cuckooword loft"); !slices.Contains(hits, r.Item()+" past") || !slices.Contains(hits, r.Item()+" ") {
			t.Errorf("found %q", hits)
		}
	})
}

// TestImportTwice: the same tasks once more write nothing at all.
func TestImportTwice(t *testing.T) {
	eachImportDesk(t, func(t *testing.T, d *importDesk) {
		tasks := []foreign.Task{openTask("T1"), closedTask("T2"), openTask("T3")}
		d.take("tina", review.ImportOptions{}, tasks[:2]...)
		size, past := d.size(), d.count("SELECT COUNT(*) FROM review_past")
		for _, got := range d.take("rosa", review.ImportOptions{}, tasks[:2]...) {
			if got.Result != review.Unchanged || got.Events != 0 || got.Review == "" {
				t.Errorf("%+v", got)
			}
		}
		if d.size() != size || d.count("SELECT COUNT(*) FROM review_past") != past {
			t.Error("the second run wrote something")
		}
		// Begun again after a stop: the third task alone is new.
		got := d.take("tina", review.ImportOptions{}, tasks...)
		if got[0].Result != review.Unchanged || got[2].Result != review.Taken || d.size() != size+1 || d.count("SELECT COUNT(*) FROM review_item") != 3 {
			t.Errorf("%+v", got)
		}
		// A task in two pieces, as a large one is sent, and one piece again.
		first, second := openTask("T4"), openTask("T4")
		first.Events, second.Events = first.Events[:2], second.Events[2:]
		second.Events = append(second.Events, foreign.Event{Kind: foreign.Comment, Text: "nameless"})
		got = d.take("tina", review.ImportOptions{}, first, second)
		if got[0].Result != review.Taken || got[1].Result != review.Updated || got[1].Events != 1 || got[0].Review != got[1].Review {
			t.Errorf("%+v", got)
		}
		size = d.size()
		for _, piece := range []foreign.Task{first, second, openTask("T4")} {
			if got := d.take("tina", review.ImportOptions{}, piece); got[0].Result != review.Unchanged {
				t.Errorf("%+v", got)
			}
		}
		if d.size() != size {
			t.Error("a piece once more wrote something")
		}
	})
}

// TestImportInterrupted: a batch is whole or absent, and the next run goes on.
func TestImportInterrupted(t *testing.T) {
	eachImportDesk(t, func(t *testing.T, d *importDesk) {
		batches := [][]foreign.Task{{openTask("T1"), openTask("T2")}, {openTask("T3"), openTask("T4")}}
		d.take("tina", review.ImportOptions{}, batches[0]...)
		size := d.size()
		stopped, stop := context.WithCancel(d.as("tina"))
		stop()
		if _, err := d.Import(stopped, batches[1], review.ImportOptions{}); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped between two batches: %v", err)
		}
		// In the middle of the batch, after what was written of its first task.
		stopped, stop = context.WithCancel(d.as("tina"))
		indexed := 0
		d.onIndex = func() {
			if indexed++; indexed == 3 {
				stop()
			}
		}
		if _, err := d.Import(stopped, batches[1], review.ImportOptions{}); !errors.Is(err, context.Canceled) || indexed != 3 {
			t.Errorf("stopped in the middle of a batch: %v, %d documents", err, indexed)
		}
		d.onIndex = nil
		if d.size() != size || d.count("SELECT COUNT(*) FROM review_item") != 2 || d.count("SELECT COUNT(*) FROM review_past") != 6 {
			t.Error("something of the batch that broke off stayed")
		}
		for i, batch := range batches {
			for _, got := range d.take("tina", review.ImportOptions{}, batch...) {
				if want := []review.ImportResult{review.Unchanged, review.Taken}[i]; got.Result != want {
					t.Errorf("again: %+v", got)
				}
			}
		}
		if d.count("SELECT COUNT(*) FROM review_item") != 4 || d.count("SELECT COUNT(*) FROM review_past") != 12 || d.size() != size+2 {
			t.Error("doubled, or lost")
		}
	})
}

func TestImportRestricted(t *testing.T) {
	eachImportDesk(t, func(t *testing.T, d *importDesk) {
		secret := openTask("T8")
		secret.Restricted, secret.Author.Address = true, "quinn@example.org"
		_, err := d.Import(d.as("tina"), []foreign.Task{secret}, review.ImportOptions{Share: []string{"group:nobody"}})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("shared with a group that is none: %v", err)
		}
		got := d.take("tina", review.ImportOptions{Share: []string{"group:team"}, Public: true}, secret, openTask("T9"))
		if whys(got[0].Losses) != "requester" {
			t.Errorf("%+v", got)
		}
		r, _ := d.read("rosa", "T8")
		if r.Visibility != authz.Restricted || r.Requester != "tina" {
			t.Errorf("%+v", r)
		}
		if open, _ := d.read("quinn", "T9"); open.Visibility != authz.Public {
			t.Errorf("%+v", open)
		}
		for _, who := range []string{"quinn", "otto"} { // the author too, until somebody lets them
			if _, err := d.Get(d.as(who), "T8"); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s reads what is restricted there: %v", who, err)
			}
			if hits := d.found(who, "cuckooword"); len(hits) != 1 { // of T9
				t.Errorf("%s finds %q", who, hits)
			}
		}
		if n := d.count("SELECT COUNT(*) FROM authz_participant WHERE item = $1", r.Item()); n != 2 {
			t.Errorf("%d participants, want the importer and the group", n)
		}
		// Open there on a second look, as with --no-levels: it stays restricted, and the report says so.
		secret.Restricted = false
		again := d.take("tina", review.ImportOptions{Share: []string{"group:team"}}, secret)
		if r, _ := d.read("rosa", "T8"); r.Visibility != authz.Restricted || again[0].Result != review.Unchanged || whys(again[0].Losses) != "visibility" {
			t.Errorf("%+v %+v", r, again)
		}
		secret.Restricted = true
		// Somebody else who may import, and to whom it is not shown here.
		importers["vera"] = []authz.Role{authz.RoleTriager}
		defer delete(importers, "vera")
		size := d.size()
		again = d.take("vera", review.ImportOptions{}, secret)
		if again[0].Result != review.Refused || again[0].Review != "" || d.size() != size {
			t.Errorf("%+v", again)
		}
	})
}

// TestImportFollowsUntilItIsTouched: what somebody changed here stays.
func TestImportFollowsUntilItIsTouched(t *testing.T) {
	eachImportDesk(t, func(t *testing.T, d *importDesk) {
		d.take("tina", review.ImportOptions{}, openTask("T1"), openTask("T2"))
		untouched, _ := d.read("tina", "T1")
		touched, _ := d.read("tina", "T2")
		title := "The loft, as we call it"
		if _, err := d.Edit(d.as("tina"), touched.ID, touched.Version, review.EditInput{Title: &title}); err != nil {
			t.Fatal(err)
		}
		var later []foreign.Task
		for _, number := range []string{"T1", "T2"} {
			task := closedTask(number)
			task.Title, task.Restricted = "Renamed there", true
			task.Events = append(task.Events, foreign.Event{ID: "X3", At: filed(5), Kind: foreign.Comment, Text: "A later ravenword."})
			task.Events[1].Text = "Which sparrowword is it?" // edited there
			later = append(later, task)
		}
		got := d.take("tina", review.ImportOptions{}, later...)
		if got[0].Result != review.Updated || got[0].Events != 3 || got[1].Result != review.Updated || !strings.Contains(whys(got[1].Losses), "visibility") {
			t.Errorf("%+v", got)
		}
		r, past := d.read("tina", "T1")
		if r.Title != "Renamed there" || r.Column != review.Done || r.Visibility != authz.Restricted || len(past) != 4 || r.Version != untouched.Version+1 || r.Verdict.Outcome != "" {
			t.Errorf("%+v", r)
		}
		r, past = d.read("quinn", "T2")
		if r.Title != title || r.Column != review.Incoming || r.Origin.Status != "Resolved" || len(past) != 4 || past[1].Text != "Which sparrowword is it?" {
			t.Errorf("%+v %+v", r, past)
		}
		for words, want := range map[string]int{"cuckooword": 0, "sparrowword": 1, "ravenword": 1} {
			if hits := d.found("quinn", words); len(hits) != want {
				t.Errorf("%s finds %q", words, hits)
			}
		}
		// Opened again there: nothing is reopened here.
		got = d.take("tina", review.ImportOptions{}, openTask("T1"))
		if r, _ := d.read("tina", "T1"); r.Column != review.Done || r.Visibility != authz.Restricted || !strings.Contains(whys(got[0].Losses), "status") {
			t.Errorf("%+v %+v", r, got)
		}
	})
}

func TestImportPeopleAndKinds(t *testing.T) {
	eachImportDesk(t, func(t *testing.T, d *importDesk) {
		mapped, mailed, unresolved := openTask("T1"), openTask("T2"), openTask("T3")
		mailed.Author.Login = "quill"
		mailed.Author.Address, mailed.Title = "quinn@example.org", "Application readiness of the loft"
		unresolved.Author, unresolved.Title, unresolved.Labels = foreign.Person{ID: "P404"}, "Something else", []string{"Loft", "Contract"}
		o := review.ImportOptions{People: map[string]string{"pat": "otto"}, Kinds: map[string]string{"Contract": "supplier"}, Owner: "rosa"}
		got := d.take("tina", o, mapped, mailed, unresolved)
		want := []struct{ requester, kind, author, losses string }{
			{"otto", "concept", "Pat Pigeon", ""}, {"quinn", "readiness", "Pat Pigeon", ""}, {"rosa", "supplier", "", "author"},
		}
		for i, w := range want {
			r, _ := d.read("tina", got[i].Number)
			if r.Requester != w.requester || r.Owner != w.requester || r.Kind != w.kind || r.Origin.Author != w.author || whys(got[i].Losses) != w.losses {
				t.Errorf("%d: %+v %+v", i, r, got[i])
			}
		}
		for _, wrong := range []review.ImportOptions{
			{People: map[string]string{"pat": "nobody"}}, {Kinds: map[string]string{"x": "no-such-kind"}}, {Owner: "nobody"}, {Share: []string{"tina"}},
		} {
			if _, err := d.Import(d.as("tina"), []foreign.Task{openTask("T5")}, wrong); !fault.HasCode(err, review.CodeInvalid) {
				t.Errorf("%+v: %v", wrong, err)
			}
		}
		if _, err := d.Import(d.as("otto"), []foreign.Task{openTask("T5")}, review.ImportOptions{}); !fault.Is(err, fault.Forbidden) {
			t.Errorf("an owner imports: %v", err)
		}
		if _, err := d.Import(d.as("tina"), make([]foreign.Task, review.MaxImport+1), review.ImportOptions{}); !fault.HasCode(err, review.CodeInvalid) {
			t.Errorf("too many: %v", err)
		}
		service := authz.Actor{ID: "bot", Kind: authz.KindService, Roles: []authz.Role{authz.RoleTriager}}
		bot := authz.WithActor(t.Context(), service)
		if _, err := d.Import(bot, []foreign.Task{openTask("T6")}, review.ImportOptions{}); !fault.HasCode(err, review.CodeInvalid) {
			t.Errorf("a service without an owner: %v", err)
		}
		if all, err := d.Import(bot, []foreign.Task{openTask("T6")}, review.ImportOptions{Owner: "tina"}); err != nil || all[0].Result != review.Taken {
			t.Errorf("%+v, %v", all, err)
		}
	})
}

// TestImportOfBadTasks: one that nothing can be made of does not keep the others.
func TestImportOfBadTasks(t *testing.T) {
	eachImportDesk(t, func(t *testing.T, d *importDesk) {
		bad := []foreign.Task{{System: foreign.Phabricator, Number: "T404", Losses: []foreign.Loss{{What: "task", Why: "Not shown."}}}}
		for _, number := range []string{"new-ci", "t1", "T1; DROP", "", "../T1", "T"} { // an id here is never like a number there
			bad = append(bad, openTask(number))
		}
		other := openTask("T1")
		other.System = "carrier pigeon"
		long := openTask("T77")
		long.Title, long.Text, long.URL = "<b>Long</b>\u202e\u00ad "+strings.Repeat("x", 300), strings.Repeat("y", 20_000), "javascript:alert(1)"
		long.Events = append(long.Events, foreign.Event{ID: "X9", Kind: foreign.Comment, Text: strings.Repeat("z", 100_000)}, foreign.Event{ID: "X10", At: filed(4), Kind: foreign.Comment, Removed: true, Text: "gone"})
		nowhere := openTask("T78") // of no tracker that is named: it would be taken again once one is
		nowhere.Source = ""
		got := d.take("tina", review.ImportOptions{}, append(append(bad, other, nowhere), long)...)
		for _, one := range got[:len(got)-1] {
			if one.Result != review.Refused || len(one.Losses) == 0 || one.Review != "" {
				t.Errorf("%+v", one)
			}
		}
		r, past := d.read("tina", "T77")
		if !web.PlainName(r.Title) || len(r.Title) > review.MaxTitle || !strings.HasPrefix(r.Title, "<b>Long</b>") || len(r.Sketch) != review.MaxText || r.Origin.URL != "" {
			t.Errorf("%q %d %q", r.Title, len(r.Sketch), r.Origin.URL)
		}
		if past[0].Kind != foreign.Created || len(past[0].Text) != 20_000 || past[len(past)-1].Kind != "comment_removed" || past[len(past)-1].Text != "" {
			t.Errorf("%+v", past)
		}
		if got := whys(got[len(got)-1].Losses); got != "address,description,requester,title,words of events" {
			t.Errorf("losses %s", got)
		}
		if d.count("SELECT COUNT(*) FROM review_item") != 1 {
			t.Error("something was made of a task that is none")
		}
	})
}

func TestImportTried(t *testing.T) {
	eachImportDesk(t, func(t *testing.T, d *importDesk) {
		size := d.size()
		got := d.take("tina", review.ImportOptions{DryRun: true}, openTask("T1"))
		if got[0].Result != review.Taken || got[0].Review != "" || d.size() != size || d.count("SELECT COUNT(*) FROM review_item") != 0 || d.count("SELECT COUNT(*) FROM search_document") != 0 {
			t.Errorf("%+v", got)
		}
	})
}

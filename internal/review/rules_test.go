// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/internal/review/kind"
)

func TestSketchAsksForAdvice(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r, err := d.reviews.Request(d.as("requester"), review.RequestInput{Title: "An idea", Sketch: "Production would call the cloud realm."})
		d.must(err)
		if r.Kind != review.KindAdvice || r.Column != review.Incoming || r.Owner != "requester" {
			t.Errorf("asked for %+v", r)
		}
		if short := d.get("requester", r.ID).Shortfalls; len(short) != 0 {
			t.Errorf("a sketch falls short: %+v", short)
		}
		_, err = d.reviews.Request(d.as("requester"), review.RequestInput{Title: "An idea"})
		wantField(t, err, "sketch", "required")
		same, err := d.reviews.Request(d.as("requester"), review.RequestInput{Title: "An idea", Answers: map[string]string{"sketch": "By the form."}})
		d.must(err)
		if same.Sketch != "By the form." || len(same.Answers) != 0 {
			t.Errorf("the sketch of the form is kept as %q and %v", same.Sketch, same.Answers)
		}
		for _, bad := range []string{"Hidden \u202e text", "A \x00 text"} {
			_, err = d.reviews.Request(d.as("requester"), review.RequestInput{Title: "An idea", Sketch: "x", Answers: map[string]string{"links": bad}})
			wantField(t, err, "answers.links", "encoding")
		}
	})
}

func TestPreScreenSaysThatNoneIsNeeded(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		answers, want := d.screened(kind.NotNeeded)
		r, err := d.reviews.Request(d.as("requester"), review.RequestInput{Title: "A change", Sketch: "x", PreScreen: answers})
		d.must(err)
		if !r.Done() || r.Verdict.Outcome != review.NotNeeded || r.Verdict.Reason != want || r.Verdict.By != "" {
			t.Errorf("%v gives %+v", answers, r.Verdict)
		}
		r, err = d.reviews.Request(d.as("requester"), review.RequestInput{Title: "A change", Sketch: "x", PreScreen: answers, Anyway: true})
		d.must(err)
		if r.Done() || r.PreScreen.Because != want {
			t.Errorf("anyway gives %+v", r)
		}
		_, err = d.reviews.Request(d.as("requester"), review.RequestInput{Title: "A change", Sketch: "x", PreScreen: map[string]string{"nonsense": "yes"}})
		wantCode(t, err, review.CodeInvalid)
	})
}

// screened finds answers to the pre-screen with that result.
func (d *desk) screened(result kind.Result) (map[string]string, string) {
	d.t.Helper()
	p := d.reviews.Policy().PreScreen
	for _, r := range p.Rules {
		answers := map[string]string{}
		for {
			q, more := p.Next(answers)
			if !more {
				break
			}
			value := kind.No
			if q.Type == kind.Choice {
				value = q.Choices[0].Value
			}
			for _, c := range r.When {
				if c.Question == q.Name && len(c.Is) > 0 {
					value = c.Is[0]
				}
			}
			answers[q.Name] = value
		}
		if v, err := p.Judge(answers); err == nil && v.Result == result {
			return answers, v.Because
		}
	}
	d.t.Fatalf("no rule of the pre-screen says %s", result)
	return nil, ""
}

func TestNotReady(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.requested(func(in *review.RequestInput) {
			in.Answers = map[string]string{"target_date": "2020", "project": "New CI"}
		})
		d.at(oneDay)
		r = d.moved(r, review.MoveInput{To: review.Waiting, NotReady: []string{"target_date", "description", "project"}})
		codes := map[string]string{}
		for _, s := range r.Wait.Shortfalls {
			codes[s.Field] = s.Code
		}
		want := map[string]string{"target_date": kind.ShortDate, "description": kind.ShortMissing, "project": "judged"}
		if r.Wait.Cause != review.NotReady || fmt.Sprint(codes) != fmt.Sprint(want) {
			t.Errorf("not ready for %v, want %v", codes, want)
		}
		_, err := d.reviews.Resubmit(d.as("bystander"), r.ID, r.Version)
		wantCode(t, err, "authz.forbidden")
		day := "2026-12-24"
		r, err = d.reviews.Edit(d.as("requester"), r.ID, r.Version, review.EditInput{Answers: map[string]string{"target_date": day}})
		d.must(err)
		r, err = d.reviews.Resubmit(d.as("requester"), r.ID, r.Version)
		d.must(err)
		if r.Column != review.Incoming || r.Wait.Cause != "" || r.Answers["project"] != "New CI" {
			t.Errorf("sent back: %+v", r)
		}
		r = d.moved(r, review.MoveInput{To: review.Waiting, NotReady: []string{"all"}})
		if len(r.Wait.Shortfalls) < 5 {
			t.Errorf("all that falls short is %+v", r.Wait.Shortfalls)
		}
		r = d.moved(r, review.MoveInput{To: review.BackOrders})
		r = d.moved(r, review.MoveInput{To: review.Waiting, Reason: "The team moves house."})
		_, err = d.reviews.Resubmit(d.as("requester"), r.ID, r.Version)
		wantCode(t, err, "review.not_waiting")
		if got := d.get("requester", r.ID).Clock.Pauses; len(got) != 3 || got[0].Until.IsZero() || !got[2].Until.IsZero() {
			t.Errorf("the pauses are %+v", got)
		}
	})
}

// Two questions that overlap are two pauses, and their time counts once.
func TestQuestionsPauseTheClock(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.begun(d.requested())
		id := r.ID
		d.at(1 * oneDay)
		first := d.ask(id, "", "What is replaced?")
		d.at(2 * oneDay)
		second := d.ask(id, "requester", "Who runs it?")
		theirs := d.ask(id, "infra", "Is the diagram right?")
		if second.Requesting != true || theirs.Requesting {
			t.Errorf("on the requesting side: %v and %v", second.Requesting, theirs.Requesting)
		}
		d.at(4 * oneDay)
		d.answer("owner", id, first.Label, "The old one.")
		if c := d.get("owner", id).Clock; c.Running {
			t.Errorf("one question is open: %+v", c)
		}
		d.at(5 * oneDay)
		d.answer("requester", id, second.Label, "We do.")
		d.at(6 * oneDay)
		c := d.get("owner", id).Clock
		if !c.Running || c.Waited != 4 || c.Used != 2 || !c.Due.Equal(c.Start.Add(34*oneDay)) {
			t.Errorf("the clock says %+v", c)
		}
		// The question to somebody else is still open, and pauses nothing.
		_, err := d.reviews.Settle(d.as("reviewer"), id, d.version(id), first.Label, review.SettleInput{Again: true})
		d.must(err)
		if c := d.get("owner", id).Clock; c.Running {
			t.Error("asked again, and the clock runs")
		}
		d.at(8 * oneDay)
		_, err = d.reviews.Settle(d.as("reviewer"), id, d.version(id), first.Label, review.SettleInput{Withdraw: true, Note: "Not needed any more."})
		d.must(err)
		if c := d.get("owner", id).Clock; !c.Running || c.Waited != 6 {
			t.Errorf("withdrawn: %+v", c)
		}
		_, err = d.reviews.Answer(d.as("owner"), id, d.version(id), first.Label, "Too late.")
		wantCode(t, err, "review.question_withdrawn")
		_, err = d.reviews.Answer(d.as("bystander"), id, d.version(id), theirs.Label, "I know.")
		wantCode(t, err, "review.not_asked")
		_, err = d.reviews.Settle(d.as("reviewer"), id, d.version(id), second.Label, review.SettleInput{Settled: review.Partly})
		wantField(t, err, "note", "required")
	})
}

func (d *desk) answer(person, id, question, text string) {
	d.t.Helper()
	_, err := d.reviews.Answer(d.as(person), id, d.version(id), question, text)
	d.must(err)
}

func TestConflictsOfInterest(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.requested()
		for _, person := range []string{"requester", "owner"} {
			_, err := d.reviews.Assign(d.as("triager"), r.ID, r.Version, review.AssignInput{Person: person, Part: review.Reviews})
			wantField(t, err, "person", "own_review")
		}
		_, err := d.reviews.Assign(d.as("triager"), r.ID, r.Version, review.AssignInput{Person: "bystander", Part: review.Reviews})
		wantField(t, err, "person", "not_a_reviewer")
		r, err = d.reviews.Assign(d.as("triager"), r.ID, r.Version, review.AssignInput{Person: "reviewer", Part: review.Leads})
		d.must(err)
		_, err = d.reviews.Move(d.as("triager"), r.ID, r.Version, review.MoveInput{To: review.InProgress})
		wantField(t, err, "to", "no_lead")
		_, err = d.reviews.Assess(d.as("reviewer"), r.ID, r.Version, 0, "x")
		wantCode(t, err, "review.undeclared")
		_, err = d.reviews.Declare(d.as("reviewer"), r.ID, r.Version, review.DeclareInput{Conflict: review.Hard})
		wantField(t, err, "words", "required")
		_, err = d.reviews.Declare(d.as("reviewer2"), r.ID, r.Version, review.DeclareInput{Conflict: review.NoConflict})
		wantCode(t, err, "review.not_assigned")
		r, err = d.reviews.Declare(d.as("reviewer"), r.ID, r.Version, review.DeclareInput{Conflict: review.Hard, Words: "I wrote it."})
		d.must(err)
		_, err = d.reviews.Assess(d.as("reviewer"), r.ID, r.Version, 0, "x")
		wantCode(t, err, "review.conflict")
		r = d.joined(r, review.Leads, "reviewer2")
		if parts := d.get("triager", r.ID).Reviewers; len(parts) != 2 || parts[0].Part != review.Reviews || r.Lead != "reviewer2" {
			t.Errorf("after another lead: %+v", parts)
		}
		r = d.moved(r, review.MoveInput{To: review.InProgress})
		_, err = d.reviews.Decide(d.as("reviewer"), r.ID, r.Version, review.DecideInput{Outcome: review.Advice, Reason: "x"})
		wantCode(t, err, "review.conflict")
		_, err = d.reviews.Decide(d.as("reviewer3"), r.ID, r.Version, review.DecideInput{Outcome: review.Advice, Reason: "x"})
		wantCode(t, err, "review.not_assigned")
		_, err = d.reviews.Decide(d.as("owner"), r.ID, r.Version, review.DecideInput{Outcome: review.Advice, Reason: "x"})
		wantCode(t, err, "review.own_review")
		r, err = d.reviews.Release(d.as("triager"), r.ID, r.Version, "reviewer2")
		d.must(err)
		if r.Lead != "" {
			t.Errorf("released, and still the lead: %q", r.Lead)
		}
	})
}

func TestSupersede(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r, next, third := d.requested(), d.requested(), d.requested()
		_, err := d.reviews.Supersede(d.as("requester"), r.ID, r.Version, r.ID, "x")
		wantField(t, err, "successor", "itself")
		r, err = d.reviews.Supersede(d.as("requester"), r.ID, r.Version, next.ID, "A partner was found.")
		d.must(err)
		if r.Verdict.Outcome != review.Superseded || r.Successor != next.ID || d.get("owner", next.ID).Predecessor != r.ID {
			t.Errorf("superseded: %+v, the other names %q", r, d.get("owner", next.ID).Predecessor)
		}
		_, err = d.reviews.Supersede(d.as("requester"), third.ID, third.Version, next.ID, "x")
		wantField(t, err, "successor", "taken")
		_, err = d.reviews.Supersede(d.as("requester"), third.ID, third.Version, r.ID, "x")
		wantField(t, err, "successor", "done")
		_, err = d.reviews.Withdraw(d.as("bystander"), third.ID, third.Version, "Not mine.")
		wantCode(t, err, "authz.forbidden")
		third, err = d.reviews.Withdraw(d.as("owner"), third.ID, third.Version, "Not needed.")
		d.must(err)
		for name, change := range map[string]func() error{
			"edit": func() error {
				_, err := d.reviews.Edit(d.as("triager"), third.ID, third.Version, review.EditInput{})
				return err
			},
			"estimate": func() error {
				_, err := d.reviews.Estimate(d.as("triager"), third.ID, third.Version, review.EstimateInput{})
				return err
			},
			"ask": func() error {
				_, err := d.reviews.Ask(d.as("triager"), third.ID, third.Version, review.AskInput{Text: "x"})
				return err
			},
		} {
			if err := change(); !fault.HasCode(err, review.CodeDone) {
				t.Errorf("%s of a review that is done: %v", name, err)
			}
		}
		for _, to := range []review.Column{review.Incoming, review.BackOrders, review.Planned, review.InProgress, review.Waiting} {
			_, err := d.reviews.Move(d.as("triager"), third.ID, third.Version, review.MoveInput{To: to, Quarter: "2026-Q4", Reason: "x"})
			wantCode(t, err, "review.state")
		}
	})
}

// Two triagers move one card: one of them is told, and nothing of either is lost.
func TestTwoTriagersMoveOneCard(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.requested()
		var wg sync.WaitGroup
		errs := make([]error, 2)
		for i, person := range []string{"triager", "triager2"} {
			ctx := d.as(person)
			wg.Go(func() {
				to := []review.MoveInput{{To: review.BackOrders, Priority: review.High}, {To: review.Planned, Quarter: "2027-Q1"}}[i]
				_, errs[i] = d.reviews.Move(ctx, r.ID, r.Version, to)
			})
		}
		wg.Wait()
		lost := slices.IndexFunc(errs, func(err error) bool { return err != nil })
		if lost < 0 || errs[1-lost] != nil || !fault.Is(errs[lost], fault.Stale) {
			t.Fatalf("both at once: %v", errs)
		}
		detail := d.get("triager", r.ID)
		if detail.Version != r.Version+1 || len(detail.History) != 2 || len(detail.Stages) != 2 {
			t.Errorf("after one of them: version %d, %d steps, stages %+v", detail.Version, len(detail.History), detail.Stages)
		}
	})
}

func TestListAndBoard(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		subject := d.project("tool")
		var ids []string
		for i, p := range []review.Priority{review.Low, review.Urgent, "", review.High} {
			d.at(time.Duration(i) * time.Hour)
			r := d.requested(of("concept", subject.Ref), func(in *review.RequestInput) { in.Title = fmt.Sprintf("Review %d", i) })
			if p != "" {
				var err error
				r, err = d.reviews.Estimate(d.as("triager"), r.ID, r.Version, review.EstimateInput{Priority: &p})
				d.must(err)
			}
			ids = append(ids, r.ID)
		}
		want := []string{ids[1], ids[3], ids[2], ids[0]}
		var got []string
		cursor := ""
		for {
			page, err := d.reviews.List(d.as("bystander"), review.Filter{Limit: 3, Cursor: cursor, Subject: subject.Ref})
			d.must(err)
			for _, s := range page.Items {
				got = append(got, s.ID)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("listed %v, want %v", got, want)
		}
		for _, f := range []struct {
			filter review.Filter
			n      int
		}{
			{review.Filter{Person: "owner"}, 4}, {review.Filter{Person: "reviewer"}, 0},
			{review.Filter{Column: "done"}, 0}, {review.Filter{Kind: "privacy"}, 0}, {review.Filter{Subject: "project:absent"}, 0},
			{review.Filter{Quarter: "2026-Q4"}, 0}, {review.Filter{Sort: review.SortRecent}, 4}, {review.Filter{Outcome: review.Advice}, 0},
		} {
			if got := d.list("bystander", f.filter); len(got) != f.n {
				t.Errorf("%+v lists %d, want %d", f.filter, len(got), f.n)
			}
		}
		if mine := d.list("owner", review.Filter{Person: "me"}); len(mine) != 4 {
			t.Errorf("one's own are %d", len(mine))
		}
		board, err := d.reviews.Board(d.as("bystander"), "")
		d.must(err)
		if len(board) != 6 || board[0].Count != 4 || len(board[0].Cards) != 4 || board[0].Cards[0].ID != ids[1] || board[5].Count != 0 {
			t.Errorf("the board is %+v", board)
		}
	})
}

// What no review can have is refused: an empty list would say that there is none.
func TestFiltersAreChecked(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t, tables()))
	d.requested()
	for _, c := range []struct {
		field, code string
		filter      review.Filter
	}{
		{"kind", "not_offered", review.Filter{Kind: "concpt"}}, {"column", "not_offered", review.Filter{Column: "nowhere"}},
		{"outcome", "not_offered", review.Filter{Outcome: "fine"}}, {"sort", "not_offered", review.Filter{Sort: "oldest"}},
		{"quarter", "syntax", review.Filter{Quarter: "2026Q4"}}, {"person", "unknown", review.Filter{Person: "nobody"}},
		{"subject", "syntax", review.Filter{Subject: "tool"}},
	} {
		_, err := d.reviews.List(d.as("triager"), c.filter)
		wantField(t, err, c.field, c.code)
	}
	_, err := d.reviews.Board(d.as("triager"), "concpt")
	wantField(t, err, "kind", "not_offered")
	if text := fault.From(err).Fields[0].Message; !strings.Contains(text, "concept") || !strings.Contains(text, "privacy") {
		t.Errorf("an unknown kind is answered with %q", text)
	}
	// Who has an account stays inside.
	if page, err := d.reviews.List(d.as("outsider"), review.Filter{Person: "nobody"}); err != nil || len(page.Items) != 0 {
		t.Errorf("somebody from outside is answered %+v, %v", page.Items, err)
	}
}

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
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/module"
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

// approvable is a required review to which nothing but a second reader is missing.
func (d *desk) approvable(name string) review.Review {
	d.t.Helper()
	r := d.begun(d.requested(of("readiness", d.project(name).Ref)))
	return d.joined(r, review.SecondReader, "reviewer2")
}

func TestApprovalNeedsASecondReader(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.approvable("tool")
		approve := review.DecideInput{Outcome: review.Approved, Reason: "Fine."}
		_, err := d.reviews.Read(d.as("reviewer2"), r.ID, r.Version, "Nothing to read.")
		wantCode(t, err, "review.not_assessed")
		_, err = d.reviews.Assess(d.as("reviewer"), r.ID, r.Version, 0, "First.")
		d.must(err)
		_, err = d.reviews.Read(d.as("reviewer"), r.ID, d.version(r.ID), "My own.")
		wantCode(t, err, "review.not_second_reader")
		_, err = d.reviews.Read(d.as("reviewer2"), r.ID, d.version(r.ID), "I agree.")
		d.must(err)
		d.at(time.Hour)
		_, err = d.reviews.Assess(d.as("reviewer"), r.ID, d.version(r.ID), 0, "From an old one.")
		wantCode(t, err, "review.stale")
		_, err = d.reviews.Assess(d.as("reviewer"), r.ID, d.version(r.ID), 1, "Second, and it says something else.")
		d.must(err)
		_, err = d.reviews.Decide(d.as("reviewer"), r.ID, d.version(r.ID), approve)
		wantCode(t, err, "review.not_approvable")
		_, err = d.reviews.Read(d.as("reviewer2"), r.ID, d.version(r.ID), "I still agree.")
		d.must(err)
		_, err = d.reviews.Decide(d.as("reviewer2"), r.ID, d.version(r.ID), approve)
		wantCode(t, err, "review.not_approvable") // one's own reading is not a second one
		done, err := d.reviews.Decide(d.as("reviewer"), r.ID, d.version(r.ID), approve)
		d.must(err)
		if !done.Verdict.Outcome.Approves() || done.Verdict.SubjectVersion != 1 || done.Verdict.SubjectDigest == "" || done.Verdict.Until.IsZero() {
			t.Errorf("approved as %+v", done.Verdict)
		}
		all, err := d.reviews.Assessments(d.as("reviewer2"), r.ID)
		d.must(err)
		if len(all) != 2 || all[0].Version != 2 {
			t.Errorf("the versions are %+v", all)
		}
		if others, err := d.reviews.Assessments(d.as("bystander"), r.ID); err != nil || len(others) != 0 {
			t.Errorf("somebody who takes no part reads %+v %v", others, err)
		}
	})
}

func TestWhatSpeaksAgainstAnApproval(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.approvable("tool")
		_, err := d.reviews.Assess(d.as("reviewer"), r.ID, r.Version, 0, "First.")
		d.must(err)
		_, err = d.reviews.Read(d.as("reviewer2"), r.ID, d.version(r.ID), "I agree.")
		d.must(err)
		a, b := d.stated(r.ID, "Nothing is stored."), d.stated(r.ID, "Logs are kept for 30 days.")
		_, err = d.reviews.Find(d.as("reviewer"), r.ID, d.version(r.ID), review.FindInput{Kind: review.Contradiction, Title: "x", First: a.ID})
		wantField(t, err, "second", "required")
		_, err = d.reviews.Find(d.as("reviewer"), r.ID, d.version(r.ID), review.FindInput{Kind: review.Contradiction, Title: "x", First: a.ID, Second: a.Label})
		wantField(t, err, "second", "same")
		d.found(r.ID, review.FindInput{Kind: review.Contradiction, Title: "Stored or not", First: a.Label, Second: b.ID})
		q := d.ask(r.ID, "", "Which?")
		approve := review.DecideInput{Outcome: review.Approved, Reason: "Fine."}
		_, err = d.reviews.Decide(d.as("reviewer"), r.ID, d.version(r.ID), approve)
		wantCode(t, err, "review.not_approvable")
		for _, part := range []string{"contradiction C1", "answer to Q1"} {
			if !strings.Contains(fault.From(err).Message, part) {
				t.Errorf("%s is not said to be open: %v", part, err)
			}
		}
		d.answer("owner", r.ID, q.Label, "They are kept.")
		_, err = d.reviews.Refind(d.as("reviewer"), r.ID, d.version(r.ID), "C1", review.FindInput{Kind: review.Contradiction, Title: "Stored or not", First: a.ID, Second: b.ID, State: review.FindingSettled})
		wantField(t, err, "became", "required")
		_, err = d.reviews.Refind(d.as("reviewer"), r.ID, d.version(r.ID), "C1", review.FindInput{
			Kind: review.Contradiction, Title: "Stored or not", First: a.ID, Second: b.ID, State: review.FindingSettled, Became: "The form was corrected.",
		})
		d.must(err)
		binding := review.DecideInput{Outcome: review.ApprovedWithConditions, Reason: "With a limit."}
		_, err = d.reviews.Decide(d.as("reviewer"), r.ID, d.version(r.ID), binding)
		wantField(t, err, "conditions", "required")
		binding.Conditions = []review.ConditionInput{{Text: "Keep logs for 7 days"}}
		_, err = d.reviews.Decide(d.as("reviewer"), r.ID, d.version(r.ID), binding)
		for _, path := range []string{"conditions[0].due", "conditions[0].owner", "conditions[0].proof"} {
			wantField(t, err, path, "required")
		}
		binding.Conditions[0] = review.ConditionInput{Text: "Keep logs for 7 days", Owner: "infra", Due: d.now().Add(7 * oneDay), Proof: "The setting"}
		done, err := d.reviews.Decide(d.as("reviewer"), r.ID, d.version(r.ID), binding)
		d.must(err)
		d.conditionsAreMet(done)
	})
}

// conditionsAreMet lets the condition become overdue, and its owner meet it.
func (d *desk) conditionsAreMet(r review.Review) {
	d.t.Helper()
	c := d.get("infra", r.ID).Conditions[0]
	d.at(8 * oneDay)
	if list := d.list("reviewer", review.Filter{Column: review.FilterAll}); list[0].Overdue != 1 {
		d.t.Errorf("overdue in the list: %+v", list[0])
	}
	_, err := d.reviews.Meet(d.as("reviewer"), r.ID, r.Version, c.ID, "I looked.")
	wantCode(d.t, err, "review.not_condition_owner")
	r, err = d.reviews.Meet(d.as("infra"), r.ID, r.Version, c.ID, "Commit 1.")
	d.must(err)
	_, err = d.reviews.Meet(d.as("infra"), r.ID, r.Version, c.ID, "Again.")
	wantCode(d.t, err, "review.condition_met")
	if list := d.list("reviewer", review.Filter{Column: review.FilterAll}); list[0].Overdue != 0 {
		d.t.Errorf("met, and overdue in the list: %+v", list[0])
	}
}

func (d *desk) list(person string, f review.Filter) []review.Summary {
	d.t.Helper()
	page, err := d.reviews.List(d.as(person), f)
	d.must(err)
	return page.Items
}

// A kind that names a rank is decided by it, on four opinions of named assessors.
func TestHostingIsDecidedByRank(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.requested(of("third-party-hosting", d.project("hosted").Ref))
		k, _, err := d.reviews.Kind(d.as("reviewer"), "third-party-hosting", 0)
		d.must(err)
		r = d.joined(r, review.SecondReader, "reviewer2")
		r = d.begun(r)
		for i, o := range k.Opinions {
			r, err = d.reviews.AskOpinion(d.as("triager"), r.ID, r.Version, o.Aspect, "legal")
			d.must(err)
			_, err = d.reviews.Opine(d.as("infra"), r.ID, r.Version, o.Aspect, review.OpineInput{Verdict: "acceptable", Text: "x"})
			wantCode(t, err, "review.not_assessor")
			if i == 0 {
				continue // one is not given
			}
			r, err = d.reviews.Opine(d.as("legal"), r.ID, r.Version, o.Aspect, review.OpineInput{Verdict: "concerns", Text: "The contract lacks a clause."})
			d.must(err)
		}
		_, err = d.reviews.AskOpinion(d.as("triager"), r.ID, r.Version, "taste", "legal")
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("an aspect that the kind does not have: %v", err)
		}
		_, err = d.reviews.Assess(d.as("reviewer"), r.ID, r.Version, 0, "First.")
		d.must(err)
		_, err = d.reviews.Read(d.as("reviewer2"), r.ID, d.version(r.ID), "I agree.")
		d.must(err)
		in := review.DecideInput{Outcome: review.Approved, Reason: "In this region alone."}
		for _, person := range []string{"reviewer", "director"} {
			_, err = d.reviews.Decide(d.as(person), r.ID, d.version(r.ID), in)
			wantCode(t, err, "review.rank_too_low")
		}
		_, err = d.reviews.Decide(d.as("executive"), r.ID, d.version(r.ID), in)
		wantCode(t, err, "review.not_approvable")
		_, err = d.reviews.Opine(d.as("legal"), r.ID, d.version(r.ID), k.Opinions[0].Aspect, review.OpineInput{Verdict: "acceptable", Text: "x"})
		d.must(err)
		done, err := d.reviews.Decide(d.as("executive"), r.ID, d.version(r.ID), in)
		d.must(err)
		if done.Verdict.By != "executive" || !strings.Contains(done.Verdict.Right, "Chief executive") {
			t.Errorf("decided by %+v", done.Verdict)
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

// A kind that changes while somebody fills in its form: they are told what is asked
// now, and reviews keep the version that they were requested by.
func TestKindChangedWhileADraftExists(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		_, v, err := d.reviews.Kind(d.as("reviewer"), "privacy", 0)
		d.must(err)
		old := d.requested(of("privacy", ""))
		text := strings.Replace(v.Text, "sections:\n", "sections:\n  - title: More\n    fields:\n      - {name: lawful_basis, label: Lawful basis, type: line, required: true, guidance: Say which., example: Consent.}\n", 1)
		_, err = d.reviews.PublishKind(d.as("triager"), "privacy", 1, text, "Asked for by legal.")
		wantCode(t, err, "authz.forbidden")
		trial, err := d.reviews.TryKind(d.as("reviewer"), "privacy", review.TrialRequest{Text: text})
		d.must(err)
		if len(trial.Problems) != 0 || trial.Before != 1 || len(trial.Differences) == 0 {
			t.Errorf("tried: %+v", trial)
		}
		bad, err := d.reviews.TryKind(d.as("reviewer"), "privacy", review.TrialRequest{Text: "name: privacy\nforce: sometimes\n"})
		d.must(err)
		if len(bad.Problems) == 0 || bad.Kind != nil {
			t.Errorf("a text that cannot work: %+v", bad)
		}
		published, err := d.reviews.PublishKind(d.as("reviewer"), "privacy", 1, text, "Asked for by legal.")
		d.must(err)
		_, err = d.reviews.PublishKind(d.as("reviewer2"), "privacy", 1, text, "At the same time.")
		if published.Version != 2 || !fault.Is(err, fault.Stale) {
			t.Errorf("published %+v, and again: %v", published, err)
		}
		_, err = d.reviews.Request(d.as("requester"), review.RequestInput{Kind: "privacy", KindVersion: 1, Title: "A draft", Sketch: "x"})
		wantCode(t, err, review.CodeKindChanged)
		if !slices.ContainsFunc(fault.From(err).Fields, func(f fault.Field) bool { return strings.Contains(f.Message, "lawful_basis") }) {
			t.Errorf("what is asked now is not said: %+v", fault.From(err).Fields)
		}
		if detail := d.get("requester", old.ID); detail.KindVersion != 1 || slices.ContainsFunc(detail.Shortfalls, func(s kind.Shortfall) bool { return s.Field == "lawful_basis" }) {
			t.Errorf("a review changed with its kind: %+v", detail.Shortfalls)
		}
		name := "privacy"
		r, err := d.reviews.Edit(d.as("requester"), old.ID, old.Version, review.EditInput{Kind: &name})
		d.must(err)
		if r.KindVersion != 2 {
			t.Errorf("asked for the present version, it has %d", r.KindVersion)
		}
	})
}

func TestNames(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for name, code := range map[string]string{"board": "reserved", "prescreen": "reserved", "New CI": "syntax", "ab": "syntax", "-ab": "syntax", "T240943": "syntax"} {
			_, err := d.reviews.Request(d.as("requester"), review.RequestInput{Title: "x", Sketch: "x", Name: name})
			wantField(t, err, "name", code)
		}
		_, err := d.reviews.Request(d.as("triager"), review.RequestInput{Title: "x", Sketch: "x", Name: "secret-plan", Visibility: "restricted"})
		wantField(t, err, "name", "restricted")
		d.requested(func(in *review.RequestInput) { in.Name = "new-ci" })
		_, err = d.reviews.Request(d.as("requester"), review.RequestInput{Title: "x", Sketch: "x", Name: "new-ci"})
		wantField(t, err, "name", "taken")
	})
}

// An imported review keeps its number and its past, and what was decided there is no
// decision made here.
func TestImportedIsFoundByItsNumber(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.requested()
		d.quietly(func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), "UPDATE review_item SET origin = $2, origin_source = $3, origin_number = $4 WHERE id = $1", r.ID,
				`{"system":"phabricator","source":"https://phabricator.example.org","number":"T240943","status":"resolved"}`, "https://phabricator.example.org", "T240943")
			return err
		})
		detail := d.get("bystander", "T240943")
		if detail.ID != r.ID || !detail.Imported() || detail.Verdict.Outcome != "" || detail.Done() {
			t.Errorf("by its number: %+v", detail.Review)
		}
		moved := d.begun(detail.Review)
		q, err := d.reviews.Ask(d.as("reviewer"), "T240943", moved.Version, review.AskInput{Text: "Still so?"})
		d.must(err)
		d.answer("owner", r.ID, q.ID, "Yes.")
		if !d.get("owner", r.ID).Clock.Running {
			t.Error("a question that was asked by number pauses another clock")
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
			{review.Filter{Person: "owner"}, 4}, {review.Filter{Person: "nobody"}, 0}, {review.Filter{Person: "reviewer"}, 0},
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

func TestFindingBecomesARisk(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.begun(d.requested(of("concept", d.project("tool").Ref)))
		d.found(r.ID, review.FindInput{Kind: review.Weakness, Severity: "high", Title: "Anybody can replay a job", Text: "Jobs have no nonce."})
		_, err := d.reviews.ToRisk(d.as("reviewer"), r.ID, d.version(r.ID), "F1", review.RiskInput{})
		wantField(t, err, "inputs.data", "required")
		facts := module.RiskFacts{Data: "internal", Direction: "both", Access: "write", Volume: "low"}
		n, err := d.reviews.ToRisk(d.as("reviewer"), r.ID, d.version(r.ID), "F1", review.RiskInput{Inputs: facts})
		d.must(err)
		if n.State != review.FindingRisk || !strings.HasPrefix(n.Risk, "risk:") {
			t.Errorf("became %+v", n)
		}
		got, err := d.risks.Get(d.as("owner"), strings.TrimPrefix(n.Risk, "risk:"))
		d.must(err)
		if got.Title != "Anybody can replay a job" || got.Threat != "Jobs have no nonce." || got.Owner != "owner" {
			t.Errorf("the risk is %+v", got.Risk)
		}
		_, err = d.reviews.Refind(d.as("reviewer"), r.ID, d.version(r.ID), "F1", review.FindInput{Kind: review.Weakness, Title: "x"})
		wantCode(t, err, "review.finding_is_risk")
		bare := d.begun(d.requested())
		d.found(bare.ID, review.FindInput{Kind: review.Gap, Title: "No owner"})
		_, err = d.reviews.ToRisk(d.as("reviewer"), bare.ID, d.version(bare.ID), "F1", review.RiskInput{})
		wantCode(t, err, "review.no_subject")
	})
}

func TestAbstract(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.begun(d.requested())
		_, err := d.reviews.SetAbstract(d.as("reviewer"), r.ID, r.Version, review.AbstractInput{Text: "Soon.", Publish: true})
		wantCode(t, err, "review.not_done")
		r, err = d.reviews.Decide(d.as("reviewer"), r.ID, r.Version, review.DecideInput{Outcome: review.Advice, Reason: "Not for everybody."})
		d.must(err)
		r, err = d.reviews.SetAbstract(d.as("reviewer"), r.ID, r.Version, review.AbstractInput{Text: "We gave advice.", Publish: true})
		d.must(err)
		leaves := review.AbstractOf(r)
		want := "# New CI\n\nSecurity review (concept)\n\nOutcome: advice, 23 November 2026\n\nWe gave advice.\n"
		if leaves != want || r.PublishedAt.IsZero() {
			t.Errorf("what leaves is %q, want %q", leaves, want)
		}
		r, err = d.reviews.SetAbstract(d.as("reviewer"), r.ID, r.Version, review.AbstractInput{Text: "We gave advice."})
		d.must(err)
		if !r.PublishedAt.IsZero() {
			t.Error("taken back, and public")
		}
	})
}

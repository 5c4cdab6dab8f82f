// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/module"
	"portreeve.org/portreeve/internal/review"
)

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
	_, err := d.reviews.Meet(d.as("owner"), r.ID, r.Version, c.ID, "I looked.")
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

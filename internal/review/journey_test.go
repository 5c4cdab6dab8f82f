// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"slices"
	"testing"

	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/internal/review/kind"
)

// columnsOf are the columns through which a review went.
func columnsOf(d review.Detail) []review.Column {
	var all []review.Column
	for _, s := range d.Stages {
		all = append(all, s.Column)
	}
	return all
}

// Case B of the worked examples, T240943, from the request to the outcome, in the
// order of its source.
func TestCaseB(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r, err := d.reviews.Request(d.as("requester"), review.RequestInput{
			Name: "new-ci", Kind: "concept", Title: "Security concept review for new CI", Sketch: "Replace the existing CI.",
			Answers: map[string]string{
				"project": "new CI", "owning_team": "Release Engineering", "primary_contact": "requester", "target_date": "2020",
				"sensitive_data": "None, hopefully.", "own_privacy_policy": "no?",
			},
			Technologies: []kind.Technology{{Name: "Argo", State: kind.Candidate}},
		})
		d.must(err)
		if r.ID != "new-ci" || r.Column != review.Incoming || r.Required || r.KindVersion != 1 {
			t.Errorf("requested: %+v", r)
		}
		short := d.get("requester", "new-ci").Shortfalls
		for _, field := range []string{"target_date", "sensitive_data", "own_privacy_policy", "technologies", "scenarios"} {
			if !slices.ContainsFunc(short, func(s kind.Shortfall) bool { return s.Field == field }) {
				t.Errorf("%s passes unremarked: %+v", field, short)
			}
		}
		r = d.moved(r, review.MoveInput{To: review.BackOrders, Priority: review.Medium})
		_, err = d.reviews.Move(d.as("triager"), r.ID, r.Version, review.MoveInput{To: review.Planned, Quarter: "2026-Q4", ScheduledFor: "2026-12-01"})
		wantField(t, err, "scheduled_for", "no_scenario")
		r = d.moved(r, review.MoveInput{To: review.Planned, Quarter: "2026-Q4"})
		_, err = d.reviews.Move(d.as("triager"), r.ID, r.Version, review.MoveInput{To: review.InProgress})
		wantField(t, err, "to", "no_scenario")
		wantField(t, err, "to", "no_lead")
		r, err = d.reviews.Edit(d.as("requester"), r.ID, r.Version, review.EditInput{Scenarios: &[]kind.Scenario{scenario()}})
		d.must(err)
		d.begun(r)
		d.scopeCaseB()
		d.assessCaseB()
		d.closeCaseB()
	})
}

// scopeCaseB asks the three questions and answers them as far as they were.
func (d *desk) scopeCaseB() {
	t := d.t
	t.Helper()
	for _, q := range []struct {
		text, answer string
		settled      review.Settled
	}{
		{"Final list of technologies, and what each replaces?", "Argo, unless it proves inadequate.", review.Partly},
		{"Where are testing and staging, and who maintains them?", "Unclear for now, or even if.", review.Not},
		{"Is a commercial provider considered?", "Definitely being considered.", review.Partly},
	} {
		asked := d.ask("new-ci", "", q.text)
		if detail := d.get("requester", "new-ci"); detail.Clock.Running || !slices.Contains(detail.Verbs, "answer") {
			t.Errorf("%s is open, and the clock runs: %+v", asked.Label, detail.Clock)
		}
		_, err := d.reviews.Answer(d.as("requester"), "new-ci", d.version("new-ci"), asked.Label, q.answer)
		d.must(err)
		_, err = d.reviews.Settle(d.as("reviewer"), "new-ci", d.version("new-ci"), asked.Label, review.SettleInput{Settled: q.settled, Note: "See the assessment."})
		d.must(err)
	}
	if detail := d.get("reviewer", "new-ci"); !detail.Clock.Running || len(detail.Questions) != 3 || len(detail.Questions[1].Thread) != 2 {
		t.Errorf("after the answers: %+v, %+v", detail.Clock, detail.Questions)
	}
}

// assessCaseB records its four contradictions, each with two sources.
func (d *desk) assessCaseB() {
	t := d.t
	t.Helper()
	for _, c := range [][3]string{
		{"Build nodes are untrusted.", "Exactly that artifact goes to production.", "Untrusted builds reach production"},
		{"The test environment is like production.", "Unclear, or even if.", "Environments are required and undecided"},
		{"Must be hostable by the Foundation.", "A commercial provider is definitely being considered.", "Self-hosting and a provider"},
		{"Sensitive data: none, hopefully.", "PII is involved: IPs, user agents.", "There are personal data"},
	} {
		first, second := d.stated("new-ci", c[0]), d.stated("new-ci", c[1])
		d.found("new-ci", review.FindInput{Kind: review.Contradiction, Severity: "high", Title: c[2], First: first.Label, Second: second.Label})
	}
	d.stated("new-ci", "Hostable by the Foundation.", func(in *review.StatementInput) { in.Kind = review.Requirement })
	d.found("new-ci", review.FindInput{Kind: review.NearMiss, Title: "The lists of candidates differ"})
	detail := d.get("reviewer", "new-ci")
	labels := []string{}
	for _, n := range detail.Findings {
		labels = append(labels, n.Label)
	}
	if !slices.Equal(labels, []string{"C1", "C2", "C3", "C4", "N1"}) || detail.Statements[0].Label != "R1" || detail.Statements[0].Origin != "unknown" {
		t.Errorf("recorded %v, and %+v", labels, detail.Statements[0])
	}
	_, err := d.reviews.Refind(d.as("reviewer"), "new-ci", d.version("new-ci"), "C1", review.FindInput{
		Kind: review.Contradiction, Severity: "high", Title: "Untrusted builds reach production", First: "S1", Second: "S2", State: review.FindingSettled, Became: "Production is built in the trusted zone.",
	})
	d.must(err)
}

// closeCaseB lets it wait, writes the assessment and gives the outcome.
func (d *desk) closeCaseB() {
	t := d.t
	t.Helper()
	draft, err := d.reviews.Draft(d.as("reviewer"), "new-ci")
	d.must(err)
	_, err = d.reviews.Assess(d.as("reviewer"), "new-ci", d.version("new-ci"), 0, draft.Text)
	d.must(err)
	r := d.moved(d.get("triager", "new-ci").Review, review.MoveInput{To: review.Waiting, Reason: "Too many open possibilities."})
	r, err = d.reviews.Decide(d.as("reviewer"), r.ID, r.Version, review.DecideInput{
		Outcome: review.Advice, Reason: "Without clearer parameters there is no more to contribute.",
		Conditions: []review.ConditionInput{{Text: "Final components, including environments"}, {Text: "Ownership and stewardship of components"}, {Text: "Data locality"}},
	})
	d.must(err)
	detail := d.get("bystander", "new-ci")
	want := []review.Column{review.Incoming, review.BackOrders, review.Planned, review.InProgress, review.Waiting, review.Done}
	if got := columnsOf(detail); !slices.Equal(got, want) {
		t.Errorf("it went through %v, want %v", got, want)
	}
	if len(detail.Conditions) != 3 || detail.Verdict.Outcome != review.Advice || detail.Verdict.Right != "As lead of this review." || detail.Assessment != nil {
		t.Errorf("it ended with %+v and %+v", detail.Verdict, detail.Conditions)
	}
	_, err = d.reviews.Move(d.as("triager"), r.ID, r.Version, review.MoveInput{To: review.Incoming})
	wantCode(t, err, "review.state")
	again, err := d.reviews.Request(d.as("requester"), review.RequestInput{Kind: "concept", Title: "New CI, with a provider", Follows: "new-ci"})
	d.must(err)
	if again.Predecessor != "new-ci" {
		t.Errorf("the next one follows %q", again.Predecessor)
	}
}

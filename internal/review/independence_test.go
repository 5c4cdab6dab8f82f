// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/internal/review/kind"
)

// handed gives a review to another owner, as triage may.
func (d *desk) handed(r review.Review, to string) review.Review {
	d.t.Helper()
	r, err := d.reviews.Edit(d.as("triager"), r.ID, d.version(r.ID), review.EditInput{Owner: &to})
	d.must(err)
	return r
}

// read is a review with an assessment of the reviewer that the second reader has read.
func (d *desk) read(r review.Review) {
	d.t.Helper()
	_, err := d.reviews.Assess(d.as("reviewer"), r.ID, d.version(r.ID), 0, "Assessed.")
	d.must(err)
	_, err = d.reviews.Read(d.as("reviewer2"), r.ID, d.version(r.ID), "I agree.")
	d.must(err)
}

// Whoever ever answered for a project judges no review of it: handing it over first
// would be the way past.
func TestFormerOwnersDoNotJudge(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.handed(d.handed(d.requested(of("readiness", d.project("tool").Ref)), "reviewer"), "infra")
		_, err := d.reviews.Assign(d.as("reviewer"), r.ID, r.Version, review.AssignInput{Person: "reviewer", Part: review.Leads})
		wantField(t, err, "person", "own_review")
		suggested, err := d.reviews.Suggest(d.as("triager"), r.ID)
		d.must(err)
		for _, c := range suggested {
			if c.Person == "reviewer" {
				t.Error("a former owner is suggested")
			}
		}

		r = d.approvable("other")
		d.read(r)
		r = d.handed(d.handed(r, "reviewer"), "owner")
		_, err = d.reviews.Decide(d.as("reviewer"), r.ID, r.Version, review.DecideInput{Outcome: review.Approved, Reason: "x"})
		wantCode(t, err, "review.own_review")
		if d.get("reviewer", r.ID).May("decide") {
			t.Error("deciding is offered to somebody who owned it")
		}
		r = d.handed(d.handed(r, "reviewer2"), "owner")
		r = d.joined(r, review.Leads, "reviewer3")
		_, err = d.reviews.Decide(d.as("reviewer3"), r.ID, r.Version, review.DecideInput{Outcome: review.Approved, Reason: "x"})
		wantCode(t, err, "review.not_approvable") // the second reader owned it
	})
}

// Nor does the owner of the subject, whoever stands as the contact of the review.
func TestTheSubjectsOwnerDoesNotJudge(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		s := d.project("tool", func(in *catalog.Registration) { in.Owner = "reviewer" })
		r := d.requested(of("readiness", s.Ref), func(in *review.RequestInput) { in.Owner = "infra" })
		_, err := d.reviews.Assign(d.as("triager"), r.ID, r.Version, review.AssignInput{Person: "reviewer", Part: review.Leads})
		wantField(t, err, "person", "own_review")
	})
}

// The second reader has not written what they read.
func TestTheAuthorIsNoSecondReader(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.begun(d.requested(of("readiness", d.project("tool").Ref)))
		_, err := d.reviews.Assess(d.as("reviewer"), r.ID, r.Version, 0, "Mine.")
		d.must(err)
		_, err = d.reviews.Assign(d.as("reviewer"), r.ID, d.version(r.ID), review.AssignInput{Person: "reviewer", Part: review.SecondReader})
		d.must(err)
		_, err = d.reviews.Read(d.as("reviewer"), r.ID, d.version(r.ID), "I agree with myself.")
		d.must(err)
		r.Version = d.version(r.ID)
		r = d.joined(r, review.Leads, "reviewer2")
		_, err = d.reviews.Decide(d.as("reviewer2"), r.ID, r.Version, review.DecideInput{Outcome: review.Approved, Reason: "x"})
		wantCode(t, err, "review.not_approvable")
	})
}

// An opinion is that of a person who is not too near.
func TestWhoHasAnOpinion(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.requested(of("third-party-hosting", d.project("tool").Ref))
		for _, person := range []string{"requester", "owner"} {
			_, err := d.reviews.AskOpinion(d.as("triager"), r.ID, r.Version, "legal", person)
			wantField(t, err, "assessor", "own_review")
		}
		r, err := d.reviews.AskOpinion(d.as("triager"), r.ID, r.Version, "legal", "legal")
		d.must(err)
		machine := actor("legal")
		machine.Kind = authz.KindService
		_, err = d.reviews.Opine(authz.WithActor(t.Context(), machine), r.ID, r.Version, "legal", review.OpineInput{Verdict: "acceptable", Text: "x"})
		wantCode(t, err, "review.person_required")
	})
}

// Whoever declared a hard conflict does not decide by their rank either.
func TestAHardConflictBarsTheRank(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		_, err := d.office.CreatePost(d.as("admin"), office.PostInput{Organisation: "foundation", Rank: "executive", Title: "Second", Holder: "reviewer2"})
		d.must(err)
		r := d.begun(d.requested(of("third-party-hosting", d.project("tool").Ref)))
		r = d.joined(r, review.Reviews, "reviewer2")
		r, err = d.reviews.Declare(d.as("reviewer2"), r.ID, r.Version, review.DeclareInput{Conflict: review.Hard, Words: "My own firm."})
		d.must(err)
		_, err = d.reviews.Decide(d.as("reviewer2"), r.ID, r.Version, review.DecideInput{Outcome: review.NotApproved, Reason: "x"})
		wantCode(t, err, "review.conflict")
	})
}

// Nobody approves by rules that they published themselves.
func TestNobodyApprovesByTheirOwnRules(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.begun(d.requested(of("third-party-hosting", d.project("tool").Ref)))
		shipped, err := kind.ShippedYAML(r.Kind)
		d.must(err)
		text := strings.NewReplacer("decided_by: executive\n", "", "second_reader: true", "second_reader: false").Replace(string(shipped))
		before, rest, _ := strings.Cut(text, "\nopinions:")
		_, rest, _ = strings.Cut(rest, "\nsections:")
		_, err = d.reviews.PublishKind(d.as("reviewer"), r.Kind, 1, before+"\nsections:"+rest, "Simpler.")
		d.must(err)
		r, err = d.reviews.Edit(d.as("reviewer"), r.ID, r.Version, review.EditInput{Kind: &r.Kind})
		d.must(err)
		approve := review.DecideInput{Outcome: review.Approved, Reason: "x"}
		_, err = d.reviews.Decide(d.as("reviewer"), r.ID, r.Version, approve)
		wantCode(t, err, "review.own_rules")
		r = d.joined(r, review.Reviews, "reviewer2")
		_, err = d.reviews.Decide(d.as("reviewer2"), r.ID, r.Version, approve)
		d.must(err)
	})
}

// A hard conflict stands until the review is done: whoever declared it neither takes
// it back nor gets rid of it by being released, and takes no other part either.
func TestAHardConflictStands(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.joined(d.requested(of("third-party-hosting", d.project("tool").Ref)), review.Reviews, "reviewer")
		r, err := d.reviews.Declare(d.as("reviewer"), r.ID, r.Version, review.DeclareInput{Conflict: review.Hard, Words: "My own firm."})
		d.must(err)
		for _, c := range []review.Conflict{review.NoConflict, review.Soft, review.Hard} {
			_, err = d.reviews.Declare(d.as("reviewer"), r.ID, r.Version, review.DeclareInput{Conflict: c, Words: "It was nothing."})
			wantCode(t, err, "review.conflict")
		}
		if d.get("reviewer", r.ID).May("declare") {
			t.Error("declaring anew is offered")
		}
		r, err = d.reviews.Release(d.as("reviewer"), r.ID, r.Version, "reviewer")
		d.must(err)
		_, err = d.reviews.Assign(d.as("reviewer"), r.ID, r.Version, review.AssignInput{Person: "reviewer", Part: review.Leads})
		wantField(t, err, "person", "conflict")
		_, err = d.reviews.AskOpinion(d.as("triager"), r.ID, r.Version, "legal", "reviewer")
		wantField(t, err, "assessor", "conflict")
		suggested, err := d.reviews.Suggest(d.as("triager"), r.ID)
		d.must(err)
		for _, c := range suggested {
			if c.Person == "reviewer" {
				t.Error("somebody with a hard conflict is suggested")
			}
		}
	})
}

// Nor does anybody decide for them by the rank that they hold, or after they were
// released; and an opinion that they gave before they declared it counts no more.
func TestAHardConflictBarsDelegates(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.begun(d.requested(of("third-party-hosting", d.project("tool").Ref)))
		r = d.joined(r, review.Reviews, "reviewer2")
		r, err := d.reviews.AskOpinion(d.as("triager"), r.ID, r.Version, "legal", "reviewer2")
		d.must(err)
		r, err = d.reviews.Opine(d.as("reviewer2"), r.ID, r.Version, "legal", review.OpineInput{Verdict: "acceptable", Text: "Fine."})
		d.must(err)
		r, err = d.reviews.Declare(d.as("reviewer2"), r.ID, r.Version, review.DeclareInput{Conflict: review.Hard, Words: "My own firm."})
		d.must(err)
		r, err = d.reviews.Release(d.as("triager"), r.ID, r.Version, "reviewer2")
		d.must(err)
		_, err = d.reviews.Opine(d.as("reviewer2"), r.ID, r.Version, "legal", review.OpineInput{Verdict: "acceptable", Text: "Fine."})
		wantCode(t, err, "review.conflict")
		post, err := d.office.CreatePost(d.as("admin"), office.PostInput{Organisation: "foundation", Rank: "executive", Title: "Second", Holder: "reviewer2"})
		d.must(err)
		_, err = d.reviews.Decide(d.as("reviewer2"), r.ID, r.Version, review.DecideInput{Outcome: review.NotApproved, Reason: "x"})
		wantCode(t, err, "review.conflict")
		_, err = d.office.Delegate(d.as("admin"), office.DelegationInput{Post: post.ID, To: "reviewer3", From: d.now(), Until: d.now().Add(oneDay), Reason: "Away."})
		d.must(err)
		_, err = d.reviews.Decide(d.as("reviewer3"), r.ID, r.Version, review.DecideInput{Outcome: review.NotApproved, Reason: "x"})
		wantCode(t, err, "review.rank_too_low")
		_, err = d.reviews.Decide(d.as("executive"), r.ID, r.Version, review.DecideInput{Outcome: review.Approved, Reason: "x"})
		if err == nil || !strings.Contains(err.Error(), "Legal") {
			t.Errorf("the opinion of somebody with a hard conflict counts: %v", err)
		}
	})
}

// subjectHanded gives a subject to another owner.
func (d *desk) subjectHanded(ref, to string) {
	d.t.Helper()
	s, err := d.catalog.Show(d.as("triager"), ref)
	d.must(err)
	_, err = d.catalog.Change(d.as("triager"), ref, s.Subject.Revision, catalog.Change{Owner: &to})
	d.must(err)
}

// Whoever owned the subject while the review ran judges it no more than its owner of
// the moment: handing the subject over and taking it back would be the way past.
func TestFormerOwnersOfTheSubjectDoNotJudge(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		old := d.project("old", func(in *catalog.Registration) { in.Owner = "reviewer" })
		d.subjectHanded(old.Ref, "owner")
		d.at(oneDay)
		d.begun(d.requested(of("readiness", old.Ref))) // it was theirs before the review was asked for

		r := d.approvable("tool")
		d.read(r)
		d.subjectHanded(r.Subject, "reviewer")
		d.subjectHanded(r.Subject, "owner")
		if d.get("reviewer", r.ID).May("decide") {
			t.Error("deciding is offered to somebody who owned the subject")
		}
		_, err := d.reviews.Decide(d.as("reviewer"), r.ID, d.version(r.ID), review.DecideInput{Outcome: review.Approved, Reason: "x"})
		wantCode(t, err, "review.own_review")
		_, err = d.reviews.Assign(d.as("triager"), r.ID, d.version(r.ID), review.AssignInput{Person: "reviewer", Part: review.Leads})
		wantField(t, err, "person", "own_review")
	})
}

// Whoever asks for a review does not choose who judges it, by making those answer for
// the project whom they do not want: owning it for a moment bars from it for good.
func TestTheRequestingSideBarsNobody(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		hosting := of("third-party-hosting", d.project("tool").Ref)
		for _, person := range []string{"reviewer", "triager", "executive"} {
			_, err := d.reviews.Request(d.as("requester"), review.RequestInput{Kind: "third-party-hosting", Title: "x", Sketch: "x", Subject: "project:tool", Owner: person})
			wantField(t, err, "owner", "judges")
			r := d.requested(hosting)
			for _, near := range []string{"requester", "owner"} {
				_, err = d.reviews.Edit(d.as(near), r.ID, r.Version, review.EditInput{Owner: &person})
				wantField(t, err, "owner", "judges")
			}
			d.handed(r, person) // triage may
		}
		r, err := d.reviews.AskOpinion(d.as("triager"), d.requested(hosting).ID, 1, "legal", "legal")
		d.must(err)
		assessor, other := "legal", "infra"
		_, err = d.reviews.Edit(d.as("owner"), r.ID, r.Version, review.EditInput{Owner: &assessor})
		wantField(t, err, "owner", "judges")
		_, err = d.reviews.Edit(d.as("owner"), r.ID, r.Version, review.EditInput{Owner: &other})
		d.must(err)
		own, err := d.reviews.Request(d.as("executive"), review.RequestInput{Kind: "third-party-hosting", Title: "x", Sketch: "x", Subject: "project:tool"})
		d.must(err)
		if own.Owner != "executive" {
			t.Errorf("whoever asks for themselves: %q", own.Owner)
		}
	})
}

// Whoever is too near to a review does not lift what stands against it, though they
// work on reviews: neither a question, nor a contradiction, nor somebody else's condition.
func TestWhoIsNearLiftsNothing(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.approvable("tool")
		q := d.ask(r.ID, "", "Who may write?")
		a, b := d.stated(r.ID, "It is locked."), d.stated(r.ID, "It is open.")
		c := d.found(r.ID, review.FindInput{Kind: review.Contradiction, Title: "Locked or not", First: a.ID, Second: b.ID})
		d.read(r)
		r = d.handed(r, "triager")
		near := d.as("triager")
		for _, in := range []review.SettleInput{{Settled: review.Fully}, {Withdraw: true}, {Again: true}} {
			_, err := d.reviews.Settle(near, r.ID, r.Version, q.Label, in)
			wantCode(t, err, "review.own_review")
		}
		closing := review.FindInput{Kind: review.Contradiction, Title: "Locked or not", First: a.ID, Second: b.ID, State: review.FindingDismissed, Became: "Nothing."}
		_, err := d.reviews.Refind(near, r.ID, r.Version, c.Label, closing)
		wantCode(t, err, "review.own_review")
		_, err = d.reviews.Settle(d.as("reviewer"), r.ID, r.Version, q.Label, review.SettleInput{Settled: review.Fully})
		d.must(err)
		_, err = d.reviews.Refind(d.as("reviewer"), r.ID, d.version(r.ID), c.Label, closing)
		d.must(err)
		due := review.ConditionInput{Text: "Logs are kept", Owner: "infra", Due: d.now().Add(oneDay), Proof: "A link"}
		r, err = d.reviews.Decide(d.as("reviewer"), r.ID, d.version(r.ID), review.DecideInput{Outcome: review.ApprovedWithConditions, Reason: "x", Conditions: []review.ConditionInput{due}})
		d.must(err)
		detail := d.get("triager", r.ID)
		if detail.May("meet") {
			t.Error("meeting somebody else's condition is offered")
		}
		_, err = d.reviews.Meet(near, r.ID, r.Version, detail.Conditions[0].ID, "Seen.")
		wantCode(t, err, "review.not_condition_owner")
		_, err = d.reviews.Meet(d.as("reviewer2"), r.ID, r.Version, detail.Conditions[0].ID, "Seen.")
		d.must(err)
	})
}

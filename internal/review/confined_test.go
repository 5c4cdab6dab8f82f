// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/internal/review/kind"
)

// tells reports whether what the person gets of reviews holds the word.
func (d *desk) tells(person, word string, ids ...string) bool {
	d.t.Helper()
	all := []any{d.list(person, review.Filter{Column: review.FilterAll})}
	board, err := d.reviews.Board(d.as(person), "")
	d.must(err)
	all = append(all, board)
	for _, id := range ids {
		all = append(all, d.get(person, id))
	}
	text, err := json.Marshal(all)
	d.must(err)
	return strings.Contains(string(text), word)
}

// A review does not name the one that it follows or replaces, or is replaced by, to
// whoever may not see that one.
func TestAHiddenReviewIsNotNamedByItsNeighbours(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		hidden := func() review.Review { return d.requested(restrictedTo("person:reviewer")) }
		old, next := d.requested(), hidden()
		_, err := d.reviews.Supersede(d.as("requester"), old.ID, old.Version, next.ID, "x")
		d.must(err)
		gone, later := hidden(), d.requested()
		gone, err = d.reviews.Supersede(d.as("requester"), gone.ID, gone.Version, later.ID, "x")
		d.must(err)
		following := d.requested(func(in *review.RequestInput) { in.Follows = gone.ID })
		for secret, neighbours := range map[string][]string{next.ID: {old.ID}, gone.ID: {later.ID, following.ID}} {
			for _, person := range []string{"bystander", "triager", "auditor"} {
				if d.tells(person, secret, neighbours...) {
					t.Errorf("%s is told of a hidden review", person)
				}
			}
			if !d.tells("owner", secret, neighbours...) {
				t.Error("whoever takes part in both is not told")
			}
			if kinds := d.entriesTell(secret); len(kinds) > 0 {
				t.Errorf("entries that everybody inside may read tell of a hidden review: %q", kinds)
			}
		}
	})
}

// entriesTell returns the kinds of the entries that are not restricted and hold the word.
func (d *desk) entriesTell(word string) (kinds []string) {
	d.t.Helper()
	d.must(d.db.Read(d.t.Context(), func(r *store.ReadTx) error {
		rows, err := r.Query(d.t.Context(), "SELECT kind, subject || ' ' || body FROM ledger_opening WHERE visibility <> 'restricted'")
		_, err = store.Collect(rows, err, func(row store.Scanner) (none struct{}, err error) {
			var kind, text string
			if err = row.Scan(&kind, &text); strings.Contains(text, word) {
				kinds = append(kinds, kind)
			}
			return none, err
		})
		return err
	}))
	return kinds
}

// Nobody makes somebody else's review the successor of their own.
func TestASuccessorIsOnesOwnToName(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		other := d.requested()
		mine, err := d.reviews.Request(d.as("bystander"), review.RequestInput{Title: "Mine", Sketch: "x"})
		d.must(err)
		_, err = d.reviews.Supersede(d.as("bystander"), mine.ID, mine.Version, other.ID, "x")
		wantField(t, err, "successor", "not_yours")
		if d.version(other.ID) != other.Version {
			t.Error("the other review was changed")
		}
		_, err = d.reviews.Supersede(d.as("triager"), mine.ID, mine.Version, other.ID, "x")
		d.must(err)
	})
}

// That a name is taken may tell of a hidden review: whoever tries one pays with a
// review for a wrong guess.
func TestTryingANameIsNotForFree(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.requested(func(in *review.RequestInput) { in.Name = "secret-plan" })
		restricted, people := authz.Restricted, []string{"person:reviewer"}
		_, err := d.reviews.Edit(d.as("owner"), r.ID, r.Version, review.EditInput{Visibility: &restricted, Participants: &people})
		d.must(err)
		for _, wrong := range []review.RequestInput{{Follows: "nothing"}, {PreScreen: map[string]string{"what": "x"}}, {Participants: []string{"person:nobody"}}} {
			wrong.Title, wrong.Sketch, wrong.Name = "x", "x", "secret-plan"
			_, err := d.reviews.Request(d.as("bystander"), wrong)
			fields := fault.From(err).Fields
			if len(fields) == 0 || slices.ContainsFunc(fields, func(f fault.Field) bool { return f.Path == "name" }) {
				t.Errorf("got %+v", fields)
			}
		}
	})
}

// Which interest a reviewer declared is for those who work here.
func TestWhoReadsOfAnInterest(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.begun(d.requested(func(in *review.RequestInput) { in.Visibility = authz.Public }))
		_, err := d.reviews.Declare(d.as("reviewer"), r.ID, r.Version, review.DeclareInput{Conflict: review.Soft, Words: "My zanzibar brother."})
		d.must(err)
		if d.tells("outsider", "zanzibar", r.ID) || !d.tells("bystander", "zanzibar", r.ID) {
			t.Error("an outsider reads of it, or somebody inside does not")
		}
	})
}

// A contradiction that quotes what became restricted later is marked as well.
func TestAQuoteBecomesRestricted(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.begun(d.requested())
		a, b := d.stated(r.ID, "The zanzibar gate has no lock."), d.stated(r.ID, "All is locked.")
		d.found(r.ID, review.FindInput{Kind: review.Contradiction, Title: "Locked or not", First: a.ID, Second: b.ID})
		_, err := d.reviews.Restate(d.as("reviewer"), r.ID, d.version(r.ID), a.ID, review.StatementInput{Kind: review.Said, Text: a.Text, Source: a.Source, Restricted: true})
		d.must(err)
		text := review.Compose(d.get("reviewer", r.ID), func(id string) string { return id })
		for _, line := range strings.Split(text, "\n") {
			if strings.Contains(line, "zanzibar") && !strings.HasPrefix(line, "> > ") {
				t.Errorf("not marked: %s", line)
			}
		}
	})
}

// Whoever publishes kinds opens no gate by it.
func TestARequiredKindStaysRequiredForTheGate(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		rows := []gate.Row{{Kind: "project", Action: "deploy", Requires: []gate.Demand{{Decision: review.DecisionRequired, Mode: gate.Required, With: map[string]string{"kind": "readiness"}}}}}
		d.reviews.Gate = func() *gate.Policy { return &gate.Policy{Rows: rows} }
		shipped, err := kind.ShippedYAML("readiness")
		d.must(err)
		advisory := strings.Replace(string(shipped), "force: required", "force: advisory", 1)
		_, err = d.reviews.PublishKind(d.as("reviewer"), "readiness", 1, advisory, "Open sesame.")
		wantCode(t, err, "review.kind_required")
		rows = nil
		_, err = d.reviews.PublishKind(d.as("reviewer"), "readiness", 1, advisory, "Nothing asks for it.")
		d.must(err)
	})
}

// When a subject is hidden, somebody is left who can say that a condition is met:
// otherwise its gate would stay closed for good.
func TestAConditionIsNotOutOfReach(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		tool := b.desk.project("tool").Ref
		due := review.ConditionInput{Text: "Logs are kept", Owner: "requester", Due: b.now().Add(oneDay), Proof: "A link"}
		owing, free := b.decided(b.started(tool), review.ApprovedWithConditions, due), b.decided(b.started(tool), review.Approved)
		b.show(tool, authz.Restricted, "person:reviewer")
		if got := b.seenBy(free, "reviewer", "lead", "requester"); len(got) > 0 {
			t.Errorf("a review with nothing open is seen by %v", got)
		}
		d, err := b.Get(b.as("reviewer"), owing.ID)
		b.must(err)
		_, err = b.Meet(b.as("reviewer"), owing.ID, d.Version, d.Conditions[0].ID, "Seen.")
		b.must(err)
	})
}

// Nor is it if nobody of the office is left, and the owner of the condition is gone:
// then the owner of the subject says so, and nobody else.
func TestTheSubjectsOwnerStandsIn(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		left := func(name string, named ...string) (review.Review, string) {
			tool := b.desk.project(name).Ref
			due := review.ConditionInput{Text: "Logs are kept", Owner: "requester", Due: b.now().Add(oneDay), Proof: "A link"}
			r := b.decided(b.started(tool), review.ApprovedWithConditions, due)
			b.show(tool, authz.Restricted, named...)
			d := b.get("owner", r.ID)
			return d.Review, d.Conditions[0].ID
		}
		r, condition := left("tool", "person:owner", "person:requester")
		if b.get("owner", r.ID).May("meet") {
			t.Error("the owner of the subject stands in for somebody who is there")
		}
		_, err := b.Meet(b.as("owner"), r.ID, r.Version, condition, "Seen.")
		wantCode(t, err, "review.not_condition_owner")

		r, condition = left("other", "person:owner", "person:executive")
		if got := b.seenBy(r, "reviewer", "lead", "requester", "triager", "executive", "owner"); len(got) != 1 || got[0] != "owner" {
			t.Fatalf("the review is seen by %v", got)
		}
		if !b.get("owner", r.ID).May("meet") {
			t.Error("nobody is offered to show that the condition is met")
		}
		_, err = b.Meet(b.as("owner"), r.ID, r.Version, condition, "Seen.")
		b.must(err)
	})
}

// Of a subject that is not restricted its new owner is let in, if nobody else is left.
func TestANewOwnerReachesAHiddenCondition(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		tool := b.desk.project("tool").Ref
		due := review.ConditionInput{Text: "Logs are kept", Owner: "requester", Due: b.now().Add(oneDay), Proof: "A link"}
		r := b.decided(b.started(tool, inConfidence), review.ApprovedWithConditions, due)
		b.subjectHanded(tool, "executive")
		if got := b.seenBy(r, "executive"); len(got) > 0 {
			t.Error("a new owner is let in, though the lead is there")
		}
		b.people["lead"], b.people["requester"] = nil, nil // they left
		b.subjectHanded(tool, "infra")
		_, err := b.Meet(b.as("infra"), r.ID, b.version(r.ID), b.get("infra", r.ID).Conditions[0].ID, "Seen.")
		b.must(err)
	})
}

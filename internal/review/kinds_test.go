// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"slices"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/internal/review/kind"
)

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

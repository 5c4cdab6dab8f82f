// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/review"
)

// A part that is not there is named to those who see the review, with the parts that
// they see; to others the review is not there.
func TestMissingParts(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t, tables()))
	r := d.begun(d.requested())
	_, err := d.reviews.Answer(d.as("owner"), r.ID, d.version(r.ID), "Q9", "Here it is.")
	wantCode(t, err, "review.no_question")
	d.ask(r.ID, "", "Who may merge?")
	d.ask(r.ID, "", "Who may deploy?")
	d.found(r.ID, review.FindInput{Kind: review.Weakness, Title: "No owner"})
	d.found(r.ID, review.FindInput{Kind: review.Gap, Title: "Said in confidence", Restricted: true})
	hidden := d.requested(restrictedTo("person:reviewer"))
	for _, c := range []struct {
		name, code, says string
		do               func() error
	}{
		{"question", "review.no_question", "It has: Q1, Q2.", func() error {
			_, err := d.reviews.Answer(d.as("owner"), r.ID, d.version(r.ID), "Q9", "Here it is.")
			return err
		}},
		{"finding, to somebody outside", "review.no_finding", "It has: F1.", func() error {
			_, err := d.reviews.Refind(d.as("reviewer2"), r.ID, d.version(r.ID), "F9", review.FindInput{})
			return err
		}},
		{"statement", "review.no_statement", "has no statement", func() error {
			_, err := d.reviews.Restate(d.as("reviewer"), r.ID, d.version(r.ID), "S9", review.StatementInput{})
			return err
		}},
		{"opinion", "review.no_opinion", "no opinion", func() error {
			_, err := d.reviews.AskOpinion(d.as("triager"), r.ID, d.version(r.ID), "legl", "legal")
			return err
		}},
		{"reviewer", "review.no_reviewer", "no reviewer", func() error {
			_, err := d.reviews.Release(d.as("triager"), r.ID, d.version(r.ID), "legal")
			return err
		}},
		{"condition", "review.no_condition", "no such condition", func() error {
			_, err := d.reviews.Meet(d.as("triager"), r.ID, d.version(r.ID), "abc", "Seen.")
			return err
		}},
		{"question of a review that is not shown", "not_found", "nothing here", func() error {
			_, err := d.reviews.Settle(d.as("reviewer2"), hidden.ID, d.version(hidden.ID), "Q9", review.SettleInput{Settled: review.Fully})
			return err
		}},
	} {
		err := c.do()
		wantCode(t, err, c.code)
		if f := fault.From(err); f.Kind != fault.NotFound || !strings.Contains(f.Message, c.says) {
			t.Errorf("%s: %+v", c.name, f)
		}
	}
}

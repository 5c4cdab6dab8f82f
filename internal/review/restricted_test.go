// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"encoding/json"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review"
)

// finds reports whether a search of the person for the word finds the review.
func (d *desk) finds(person, word string) bool {
	d.t.Helper()
	page, err := d.search.Find(d.as(person), word, nil, "", 10)
	d.must(err)
	return len(page.Hits) > 0
}

// readable counts the entries about the review whose words the person may read.
func (d *desk) readable(person string, r review.Review) (n int64) {
	d.t.Helper()
	args := []any{r.Item()}
	visible := authz.Visible(actor(person), "o.item", "o.visibility", &args)
	d.must(d.db.Read(d.t.Context(), func(tx *store.ReadTx) error {
		return tx.QueryRow(d.t.Context(), "SELECT COUNT(*) FROM ledger_opening o WHERE o.item = $1 AND "+visible, args...).Scan(&n)
	}))
	return n
}

// Restricted parts of an open review are for those who take part, whatever happens
// to the review afterwards.
func TestRestrictedParts(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.begun(d.requested())
		d.stated(r.ID, "An open statement.")
		before := d.readable("bystander", r)
		secret := d.stated(r.ID, "The zanzibar gate has no lock.", func(in *review.StatementInput) { in.Restricted = true })
		d.found(r.ID, review.FindInput{Kind: review.Weakness, Title: "Quokka in the open", First: secret.ID})
		written, err := d.reviews.Assess(d.as("reviewer"), r.ID, d.version(r.ID), 0, "About the xylophone.")
		d.must(err)
		if written.Version != 1 {
			t.Errorf("written as %d", written.Version)
		}
		hidden := func(when string) {
			t.Helper()
			outside, inside := d.get("bystander", r.ID), d.get("owner", r.ID)
			if len(outside.Statements) != 1 || len(outside.Findings) != 0 || outside.Assessment != nil || outside.Insider {
				t.Errorf("%s, somebody outside sees %+v %+v %v", when, outside.Statements, outside.Findings, outside.Assessment)
			}
			text, err := json.Marshal(outside)
			d.must(err)
			for _, word := range []string{"zanzibar", "Quokka", "xylophone", "SX1", "FX1"} {
				if strings.Contains(string(text), word) {
					t.Errorf("%s, somebody outside is told %q", when, word)
				}
			}
			if len(inside.Statements) != 2 || len(inside.Findings) != 1 || inside.Assessment == nil || !inside.Findings[0].Restricted {
				t.Errorf("%s, the owner sees %+v %+v", when, inside.Statements, inside.Findings)
			}
			for _, word := range []string{"zanzibar", "quokka", "xylophone"} {
				if d.finds("bystander", word) || !d.finds("owner", word) {
					t.Errorf("%s, a search for %q finds it for somebody outside: %v, for the owner: %v", when, word, d.finds("bystander", word), d.finds("owner", word))
				}
			}
			if d.readable("owner", r) < d.readable("bystander", r)+2 {
				t.Errorf("%s, somebody outside reads %d entries, the owner %d", when, d.readable("bystander", r), d.readable("owner", r))
			}
		}
		hidden("as recorded")
		if !d.finds("bystander", "present CI") {
			t.Error("the open review is not found")
		}
		public := authz.Public
		_, err = d.reviews.Edit(d.as("triager"), r.ID, d.version(r.ID), review.EditInput{Visibility: &public})
		d.must(err)
		hidden("made public")
		if after := d.readable("bystander", r); after <= before {
			t.Errorf("of the open entries %d were readable, now %d", before, after)
		}
		d.hiddenOnChange(r, hidden)
	})
}

func (d *desk) hiddenOnChange(r review.Review, hidden func(when string)) {
	d.t.Helper()
	sketch := "Another sketch."
	_, err := d.reviews.Edit(d.as("owner"), r.ID, d.version(r.ID), review.EditInput{Sketch: &sketch})
	d.must(err)
	hidden("after an edit")
	_, err = d.reviews.Restate(d.as("triager"), r.ID, d.version(r.ID), "SX1", review.StatementInput{Kind: review.Said, Text: "x", Source: review.Source{Kind: "form", Title: "x"}})
	if !fault.Is(err, fault.NotFound) {
		d.t.Errorf("somebody who takes no part changes what is restricted: %v", err)
	}
	_, err = d.reviews.State(d.as("triager"), r.ID, d.version(r.ID), review.StatementInput{
		Kind: review.Said, Text: "x", Source: review.Source{Kind: "form", Title: "x"}, Restricted: true,
	})
	wantField(d.t, err, "restricted", "without_you")
	draft, err := d.reviews.Draft(d.as("reviewer2"), r.ID)
	d.must(err)
	if strings.Contains(draft.Text, "zanzibar") || strings.Contains(draft.Text, "Restricted") {
		d.t.Error("a draft for somebody outside holds what is restricted")
	}
}

// A statement that becomes restricted is no longer found by others.
func TestAPartBecomesRestricted(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.begun(d.requested())
		s := d.stated(r.ID, "The zanzibar gate has no lock.")
		if !d.finds("bystander", "zanzibar") {
			t.Error("an open statement is not found")
		}
		change := review.StatementInput{Kind: review.Said, Text: s.Text, Source: s.Source, Restricted: true}
		_, err := d.reviews.Restate(d.as("reviewer"), r.ID, d.version(r.ID), s.ID, change)
		d.must(err)
		if d.finds("bystander", "zanzibar") || !d.finds("owner", "zanzibar") {
			t.Error("others find it, or the owner does not")
		}
		change.Restricted = false
		back, err := d.reviews.Restate(d.as("reviewer"), r.ID, d.version(r.ID), s.ID, change)
		d.must(err)
		if !back.Restricted {
			t.Error("what was said in confidence is open again")
		}
	})
}

// A restricted review is not there for those who do not take part, in any answer.
func TestRestrictedReviewIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		open := d.requested(func(in *review.RequestInput) { in.Title = "Open" })
		_, err := d.reviews.Request(d.as("requester"), review.RequestInput{Title: "x", Sketch: "x", Visibility: authz.Restricted})
		wantField(t, err, "participants", "nobody_reviews")
		r := d.requested(restrictedTo("person:reviewer"), func(in *review.RequestInput) { in.Title = "Hidden zanzibar" })
		for _, person := range []string{"bystander", "triager", "reviewer2", "executive", "admin", "auditor"} {
			if _, err := d.reviews.Get(d.as(person), r.ID); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s gets %v", person, err)
			}
			_, absent := d.reviews.Get(d.as(person), "aaaaaaaaaaaaaaaa")
			if _, err := d.reviews.Get(d.as(person), r.ID); absent.Error() != err.Error() {
				t.Errorf("%s tells %v from %v", person, err, absent)
			}
			for _, s := range d.list(person, review.Filter{Column: review.FilterAll}) {
				if s.ID == r.ID {
					t.Errorf("%s finds it in the list", person)
				}
			}
			board, err := d.reviews.Board(d.as(person), "")
			d.must(err)
			if board[0].Count != 1 || board[0].Cards[0].ID != open.ID {
				t.Errorf("the board of %s counts %+v", person, board[0])
			}
			if d.finds(person, "zanzibar") {
				t.Errorf("%s finds it by a search", person)
			}
			_, err = d.reviews.Supersede(d.as("requester"), open.ID, open.Version+1, r.ID, "x")
			wantCode(t, err, "review.stale")
		}
		for _, person := range []string{"requester", "owner", "reviewer"} {
			if len(d.list(person, review.Filter{})) != 2 || !d.finds(person, "zanzibar") {
				t.Errorf("%s does not see it", person)
			}
		}
	})
}

// To be asked something about an open review shows nobody its restricted parts.
func TestWhoIsAskedTakesNoPart(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		r := d.begun(d.requested())
		d.stated(r.ID, "The zanzibar gate has no lock.", func(in *review.StatementInput) { in.Restricted = true })
		q := d.ask(r.ID, "bystander", "Do you know the gate?")
		if seen := d.get("bystander", r.ID); seen.Insider || len(seen.Statements) != 0 || !seen.May("answer") {
			t.Errorf("who is asked sees %+v, and may %v", seen.Statements, seen.Verbs)
		}
		_, err := d.reviews.Answer(d.as("bystander"), r.ID, d.version(r.ID), q.Label, "I do not.")
		d.must(err)
	})
}

// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/review"
)

// show gives a subject another visibility; named are those who take part.
func (b *bureau) show(ref string, v authz.Visibility, named ...string) {
	b.t.Helper()
	d, err := b.catalog.Show(b.as("triager"), ref)
	b.must(err)
	_, err = b.catalog.Change(b.as("triager"), ref, d.Subject.Revision, catalog.Change{Visibility: &v, Participants: &named})
	b.must(err)
}

// takePart returns who takes part in a review.
func (b *bureau) takePart(r review.Review) (all []string) {
	b.t.Helper()
	b.read(func(rd store.Reader) (err error) {
		all, err = authz.Participants(b.t.Context(), rd, r.Item())
		return err
	})
	return all
}

// seenBy says who of the people sees the review.
func (b *bureau) seenBy(r review.Review, people ...string) []string {
	b.t.Helper()
	var all []string
	for _, p := range people {
		_, err := b.Get(b.as(p), r.ID)
		if err == nil {
			all = append(all, p)
		} else if !fault.Is(err, fault.NotFound) {
			b.t.Fatalf("%s: %v", p, err)
		}
	}
	return all
}

// openings returns under which visibilities the entries of a review are readable.
func (b *bureau) openings(r review.Review) (all []string) {
	b.t.Helper()
	b.read(func(rd store.Reader) error {
		rows, err := rd.Query(b.t.Context(), "SELECT visibility FROM ledger_opening WHERE item = $1 ORDER BY seq", r.Item())
		all, err = store.Collect(rows, err, func(row store.Scanner) (v string, err error) {
			err = row.Scan(&v)
			return v, err
		})
		return err
	})
	return all
}

// A review is never visible to more people than its subject, done or not.
func TestReviewsFollowTheirSubject(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		people := []string{"requester", "owner", "triager", "lead", "reviewer", "executive"}
		tool := b.project("tool").Ref
		open := b.started(tool)
		done := b.decided(b.started(tool), review.Approved)
		done, err := b.SetAbstract(b.as("lead"), done.ID, done.Version, review.AbstractInput{Text: "All is well.", Publish: true})
		b.must(err)
		hidden := b.requested(tool, inConfidence)
		other := b.requested(b.project("other").Ref)
		if got := b.published(); len(got) != 1 {
			t.Fatalf("published: %v", got)
		}

		b.show(tool, authz.Restricted, "person:triager", "person:lead", "person:requester", "person:reviewer")
		for _, r := range []review.Review{open, done, hidden} {
			if diff := cmp.Diff([]string{"requester", "triager", "lead"}, b.seenBy(r, people...)); diff != "" {
				t.Errorf("the review in %s (-want +got)\n%s", r.Column, diff)
			}
			if diff := cmp.Diff([]string{"person:lead", "person:requester", "person:triager"}, b.takePart(r)); diff != "" {
				t.Errorf("who takes part in the review in %s (-want +got)\n%s", r.Column, diff)
			}
			if got := b.openings(r); slices.ContainsFunc(got, func(v string) bool { return v != string(authz.Restricted) }) {
				t.Errorf("entries of the review in %s stay readable: %v", r.Column, got)
			}
		}
		if got := b.seenBy(other, people...); !slices.Equal(got, people) {
			t.Errorf("the review of another subject is seen by %v", got)
		}
		if got := b.published(); len(got) != 0 {
			t.Errorf("still published: %v", got)
		}
		d, err := b.Get(b.as("lead"), done.ID)
		b.must(err)
		if step := d.History[0]; step.Kind != review.KindFollowed || step.Actor != "person:triager" || !d.PublishedAt.IsZero() || d.Verdict.Outcome != review.Approved {
			t.Errorf("the history says %+v of %+v", step, d.Review)
		}
		// Opening the subject again opens none of its reviews.
		b.show(tool, authz.Internal)
		if got := b.seenBy(open, people...); !slices.Equal(got, []string{"requester", "triager", "lead"}) {
			t.Errorf("after the subject was opened, seen by %v", got)
		}
	})
}

// If nobody is left who could work on a review, those at the subject who can join.
func TestSomebodyIsLeftToReview(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		s, err := b.catalog.Register(b.as("owner"), catalog.Registration{Kind: "project", Name: "tool", Title: "Tool", Organisation: "foundation"})
		b.must(err)
		r := b.requested(s.Ref)
		d, err := b.catalog.Show(b.as("owner"), s.Ref)
		b.must(err)
		restricted, named := authz.Restricted, []string{"person:owner", "person:reviewer", "person:legal"}
		_, err = b.catalog.Change(b.as("owner"), s.Ref, d.Subject.Revision, catalog.Change{Visibility: &restricted, Participants: &named})
		b.must(err)
		if diff := cmp.Diff([]string{"person:owner", "person:reviewer"}, b.takePart(r)); diff != "" {
			t.Errorf("who takes part (-want +got)\n%s", diff)
		}
	})
}

// published is what the front page shows.
func (b *bureau) published() (titles []string) {
	b.t.Helper()
	b.read(func(rd store.Reader) error {
		all, err := b.Public(b.t.Context(), rd)
		for _, i := range all {
			titles = append(titles, i.Title+" "+i.State.Key+" "+i.URL)
		}
		return err
	})
	return titles
}

// What is public of a review is what its abstract's page needs, and nothing else.
func TestPublic(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		r := b.decided(b.started(b.project("tool").Ref), review.Approved)
		if got := b.published(); got != nil {
			t.Errorf("published without an abstract: %v", got)
		}
		r, err := b.SetAbstract(b.as("lead"), r.ID, r.Version, review.AbstractInput{Text: "All is well.", Publish: true})
		b.must(err)
		if diff := cmp.Diff([]string{"The library review.standing.approved " + r.URL() + "/abstract"}, b.published()); diff != "" {
			t.Error(diff)
		}
	})
}

// Links of other modules show a review to those alone who may see it.
func TestReviewsAreDescribed(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		tool := b.project("tool").Ref
		open, hidden := b.started(tool), b.requested(tool, inConfidence)
		items := []string{open.Item(), hidden.Item(), "subject:x", "review:"}
		for person, want := range map[string]int{"reviewer": 1, "lead": 2} {
			b.read(func(rd store.Reader) error {
				got, err := b.Describe(t.Context(), rd, authz.ActorFrom(b.as(person)), items)
				if len(got) != want || got[open.Item()].URL != open.URL() || got[open.Item()].State != "review.standing.in_progress" {
					t.Errorf("to %s: %+v", person, got)
				}
				return err
			})
		}
		b.read(func(rd store.Reader) error {
			res, err := b.Resource(t.Context(), rd, hidden.ID)
			if res.Visibility != authz.Restricted || !slices.Contains(res.Participants, "person:lead") {
				t.Errorf("%+v", res)
			}
			b.must(err)
			if _, err := b.Resource(t.Context(), rd, "nothing"); !fault.Is(err, fault.NotFound) {
				t.Errorf("an absent review: %v", err)
			}
			return nil
		})
	})
}

// What a person said of their own interests goes, and their name where others
// recorded their words; what they decided stays.
func TestPersonIsErased(t *testing.T) {
	eachBureau(t, func(t *testing.T, b *bureau) {
		r := b.started(b.project("tool").Ref)
		r, err := b.Declare(b.as("lead"), r.ID, r.Version, review.DeclareInput{Conflict: review.Soft, Words: "I wrote a part of it."})
		b.must(err)
		source := review.Source{Kind: "meeting", Title: "The first meeting"}
		_, err = b.State(b.as("lead"), r.ID, r.Version, review.StatementInput{Kind: review.Said, Text: "It is safe.", Who: "The lead", Source: source})
		b.must(err)
		_, err = b.State(b.as("lead"), r.ID, r.Version+1, review.StatementInput{Kind: review.Said, Text: "It is in confidence.", Who: "The owner", Source: source, Restricted: true})
		b.must(err)
		held := func() map[string][]string {
			all := map[string][]string{}
			b.read(func(rd store.Reader) error {
				holds, err := b.Holds(t.Context(), rd, "lead")
				for _, h := range holds {
					all[h.What] = append(all[h.What], h.Value)
					if h.Item != r.Item() || h.Where != r.URL() {
						t.Errorf("held %+v", h)
					}
				}
				return err
			})
			return all
		}
		before := held()
		slices.Sort(before["recorded a statement"])
		want := map[string][]string{
			"part in a review": {"lead"}, "declared a conflict of interest or its absence": {"soft: I wrote a part of it."},
			"recorded a statement": {"It is safe.", "SX1"},
		}
		if diff := cmp.Diff(want, before); diff != "" {
			t.Errorf("held (-want +got)\n%s", diff)
		}
		w := b.log.Writer("review", review.EntryKinds())
		b.must(w.Decide(b.as("admin"), func(tx *ledger.Tx) error { return b.Erase(b.as("admin"), tx, "lead") }))
		if got := held()["declared a conflict of interest or its absence"]; !slices.Equal(got, []string{"soft: "}) {
			t.Errorf("after the erasure: %v", got)
		}
		d, err := b.Get(b.as("lead"), r.ID)
		b.must(err)
		if d.Reviewers[0].Person != "lead" || d.Reviewers[0].Conflict != review.Soft {
			t.Errorf("the reviewer is %+v", d.Reviewers[0])
		}
		for _, s := range d.Statements {
			if s.Restricted != (s.Who == "The owner") || !s.Restricted && s.Who != "" {
				t.Errorf("the statement is %+v", s)
			}
		}
	})
}

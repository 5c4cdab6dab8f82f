// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/risk"
)

// show gives the subject another visibility; named are those who take part.
func (d *desk) show(ref string, v authz.Visibility, named ...string) {
	d.t.Helper()
	detail, err := d.catalog.Show(d.as("triager"), ref)
	d.must(err)
	_, err = d.catalog.Change(d.as("triager"), ref, detail.Subject.Revision, catalog.Change{Visibility: &v, Participants: &named})
	d.must(err)
}

// takePart returns who takes part in the risk.
func (d *desk) takePart(r risk.Risk) []string {
	d.t.Helper()
	var all []string
	d.must(d.db.Read(d.t.Context(), func(tx *store.ReadTx) (err error) {
		all, err = authz.Participants(d.t.Context(), tx, r.Item())
		return err
	}))
	return all
}

// sees says who of the people sees the risk.
func (d *desk) sees(r risk.Risk, people ...string) []string {
	d.t.Helper()
	var all []string
	for _, p := range people {
		_, err := d.risks.Get(d.as(p), r.ID)
		if err == nil {
			all = append(all, p)
		} else if !fault.Is(err, fault.NotFound) {
			d.t.Fatalf("%s: %v", p, err)
		}
	}
	return all
}

// A risk is never visible to more people than its subject.
func TestRisksFollowTheVisibilityOfTheirSubject(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		open := d.ready(flow.Ref)
		d.granted(open)
		closed := d.registered(flow.Ref)
		closed, err := d.risks.Close(d.as("sec"), closed.ID, closed.Version, "No risk.")
		d.must(err)
		hidden := d.shared(d.registered(flow.Ref)) // reviewer, executive, chief, m4, owner
		other := d.registered(d.another("second").Ref)
		people := []string{"triager", "owner", "reviewer", "reviewer2", "executive", "admin"}

		d.show(flow.Ref, authz.Restricted, "person:triager", "person:reviewer", "group:council")
		for _, r := range []risk.Risk{open, closed} {
			if got, want := d.sees(r, people...), []string{"triager", "reviewer"}; !slices.Equal(got, want) {
				t.Errorf("%s is seen by %v, want those at the subject, %v", r.State, got, want)
			}
			if diff := cmp.Diff([]string{"group:council", "person:reviewer", "person:triager"}, d.takePart(r)); diff != "" {
				t.Errorf("who takes part in the %s risk:\n%s", r.State, diff)
			}
			if got := d.visibilities(r.Item()); slices.ContainsFunc(got, func(v string) bool { return v != string(authz.Restricted) }) {
				t.Errorf("entries about the %s risk stay readable: %v", r.State, got)
			}
		}
		if got, want := d.sees(hidden, people...), []string{"reviewer"}; !slices.Equal(got, want) {
			t.Errorf("the risk that was hidden before is seen by %v, want those at both, %v", got, want)
		}
		if got := d.sees(other, people...); !slices.Equal(got, people) {
			t.Errorf("a risk of another subject is seen by %v", got)
		}
		detail, err := d.risks.Get(d.as("reviewer"), open.ID)
		d.must(err)
		if step := detail.History[0]; step.Kind != risk.KindFollowed || step.Actor != "person:triager" {
			t.Errorf("the history says %+v", step)
		}
		// Whoever leaves the subject leaves its risks.
		d.show(flow.Ref, authz.Restricted, "person:triager")
		if got, want := d.sees(open, people...), []string{"triager"}; !slices.Equal(got, want) {
			t.Errorf("after the reviewer left, it is seen by %v", got)
		}
		if got, want := d.takePart(hidden), []string{"person:owner"}; !slices.Equal(got, want) {
			t.Errorf("nobody is at both, so the risk's owner stays; but %v do", got)
		}
	})
}

// Opening the subject again opens none of its risks. Who opens one reads what was
// decided from then on, and not what was decided while it was hidden.
func TestOpeningASubjectOpensNoRisk(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		flow := d.flow()
		r := d.registered(flow.Ref)
		d.show(flow.Ref, authz.Restricted, "person:triager", "person:reviewer")
		d.show(flow.Ref, authz.Internal)
		if got, want := d.sees(r, "triager", "owner", "reviewer", "executive"), []string{"triager", "reviewer"}; !slices.Equal(got, want) {
			t.Errorf("with its subject open again, the risk is seen by %v", got)
		}
		detail, err := d.risks.Get(d.as("triager"), r.ID)
		d.must(err)
		wide := authz.Public
		_, err = d.risks.Edit(d.as("triager"), r.ID, detail.Version, risk.EditInput{Visibility: &wide})
		wantField(t, err, "visibility", "wider")
		internal := authz.Internal
		r, err = d.risks.Edit(d.as("triager"), r.ID, detail.Version, risk.EditInput{Visibility: &internal})
		d.must(err)
		_, err = d.risks.Review(d.as("reviewer"), r.ID, r.Version, "x")
		wantCode(t, err, "risk.not_rated")
		title := "Another title"
		_, err = d.risks.Edit(d.as("triager"), r.ID, r.Version, risk.EditInput{Title: &title})
		d.must(err)
		// registered, linked, followed, opened, retitled
		want := []string{"restricted", "restricted", "restricted", "restricted", "internal"}
		if diff := cmp.Diff(want, d.visibilities(r.Item())); diff != "" {
			t.Errorf("entries of the risk:\n%s", diff)
		}
		subject, err := d.catalog.Show(d.as("triager"), flow.Ref)
		d.must(err)
		// The catalogue does the same: registered, hidden, opened.
		if diff := cmp.Diff([]string{"restricted", "restricted", "restricted"}, d.visibilities(subject.Subject.Item())); diff != "" {
			t.Errorf("entries of the subject:\n%s", diff)
		}
	})
}

// A new risk about a restricted subject is for those who take part in it.
func TestRisksOfRestrictedSubjects(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.flow()
	d.show(flow.Ref, authz.Restricted, "person:triager", "person:reviewer", "group:council")
	in := risk.RegisterInput{Subject: flow.Ref, Act: "call", Title: "R", Threat: "t", Scope: "s", Inputs: caseA().Stated(), Owner: "reviewer"}
	r, err := d.risks.Register(d.as("reviewer"), in)
	d.must(err)
	if diff := cmp.Diff([]string{"group:council", "person:reviewer", "person:triager"}, d.takePart(r)); diff != "" || r.Visibility != authz.Restricted {
		t.Errorf("by default %s for\n%s", r.Visibility, diff)
	}
	in.Participants = []string{"person:reviewer"}
	r, err = d.risks.Register(d.as("reviewer"), in)
	d.must(err)
	if got := d.takePart(r); !slices.Equal(got, []string{"person:reviewer"}) {
		t.Errorf("fewer were named, but %v take part", got)
	}
	in.Participants = []string{"person:reviewer", "person:executive"}
	_, err = d.risks.Register(d.as("reviewer"), in)
	wantField(t, err, "participants", "wider")
	_, err = d.risks.Edit(d.as("reviewer"), r.ID, r.Version, risk.EditInput{Participants: &in.Participants})
	wantField(t, err, "participants", "wider")
	in.Participants, in.Owner = []string{"person:triager"}, "triager"
	_, err = d.risks.Register(d.as("reviewer"), in) // who registers takes part
	d.must(err)
	in.Participants, in.Visibility = nil, authz.Internal
	_, err = d.risks.Register(d.as("reviewer"), in)
	wantField(t, err, "visibility", "wider")
	in.Visibility = ""
	_, err = d.risks.Register(d.as("sec"), in)
	wantField(t, err, "subject", "unknown")
}

func wantField(t *testing.T, err error, path, code string) {
	t.Helper()
	if !fault.Is(err, fault.Invalid) || !slices.ContainsFunc(fault.From(err).Fields, func(f fault.Field) bool { return f.Path == path && f.Code == code }) {
		t.Errorf("got %v, want %s at %s", err, code, path)
	}
}

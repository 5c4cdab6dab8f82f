// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
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
		hidden := d.shared(d.registered(flow.Ref)) // reviewer, executive, chief, m4, owner, and the subject's, the triager
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
		if got, want := d.sees(hidden, people...), []string{"triager", "reviewer"}; !slices.Equal(got, want) {
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
		if got, want := d.takePart(hidden), []string{"person:triager"}; !slices.Equal(got, want) {
			t.Errorf("nobody else is at both, so the subject's owner stays; but %v do", got)
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
	if got := d.takePart(r); !slices.Equal(got, []string{"person:reviewer", "person:triager"}) {
		t.Errorf("fewer were named, and the subject's owner, but %v take part", got)
	}
	in.Participants = []string{"person:reviewer", "person:executive"}
	_, err = d.risks.Register(d.as("reviewer"), in)
	wantField(t, err, "participants", "wider")
	_, err = d.risks.Edit(d.as("reviewer"), r.ID, r.Version, risk.EditInput{Participants: &in.Participants})
	wantField(t, err, "participants", "wider")
	in.Participants, in.Owner = []string{"person:triager"}, "triager"
	_, err = d.risks.Register(d.as("reviewer"), in) // who registers takes part
	d.must(err)
	_, err = d.risks.Register(d.as("triager"), in) // but not who rates
	wantField(t, err, "participants", "nobody_rates")
	in.Participants, in.Owner = nil, "m4" // sees the subject by the group
	_, err = d.risks.Register(d.as("reviewer"), in)
	d.must(err)
	in.Owner = "executive"
	_, err = d.risks.Register(d.as("reviewer"), in)
	wantField(t, err, "owner", "unsighted")
	_, err = d.risks.Edit(d.as("reviewer"), r.ID, r.Version, risk.EditInput{Owner: &in.Owner})
	wantField(t, err, "owner", "unsighted")
	in.Owner = "reviewer"
	in.Participants, in.Visibility = nil, authz.Internal
	_, err = d.risks.Register(d.as("reviewer"), in)
	wantField(t, err, "visibility", "wider")
	in.Visibility = ""
	_, err = d.risks.Register(d.as("sec"), in)
	wantField(t, err, "subject", "unknown")
}

// Nobody closes a gate for good with a risk that nobody else sees: the subject's
// owner takes part, and so does somebody who may rate it.
func TestRestrictedRisksCanBeRated(t *testing.T) {
	d := sqliteDesk(t)
	flow := d.harmlessFlow()
	low := matrix.Cell{Likelihood: 1, Impact: 1}
	r, err := d.risks.Register(d.as("owner"), risk.RegisterInput{Subject: flow.Ref, Title: "R", Threat: "t", Scope: "s"})
	d.must(err)
	_, err = d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: low, Residual: low, Reason: "Harmless."})
	d.must(err)
	wantCodes(t, d.codes(flow.Ref))

	in := risk.RegisterInput{Subject: flow.Ref, Title: "Closed for ever", Threat: "t", Scope: "s", Visibility: authz.Restricted,
		Inputs: matrix.Inputs{Data: matrix.DataSensitive, Direction: matrix.Both, Access: matrix.ReadWrite, Volume: matrix.VolumeHigh}.Stated()}
	_, err = d.risks.Register(d.as("requester"), in)
	wantField(t, err, "participants", "nobody_rates")
	in.Participants = []string{"person:legal", "group:council"}
	_, err = d.risks.Register(d.as("requester"), in)
	wantField(t, err, "participants", "nobody_rates")
	in.Participants = []string{"person:reviewer"}
	hidden, err := d.risks.Register(d.as("requester"), in)
	d.must(err)
	if diff := cmp.Diff([]string{"person:requester", "person:reviewer", "person:triager"}, d.takePart(hidden)); diff != "" {
		t.Errorf("who takes part, the subject's owner too:\n%s", diff)
	}
	fewer := []string{}
	_, err = d.risks.Edit(d.as("requester"), hidden.ID, hidden.Version, risk.EditInput{Participants: &fewer})
	wantField(t, err, "participants", "nobody_rates")
	wantCodes(t, d.codesFor("reviewer2", flow.Ref), "gate.withheld")
	v, err := d.gate.Ask(d.as("triager"), flow.Ref, "call")
	d.must(err)
	if len(v.Blockers) != 1 || v.Blockers[0].LiftedBy != "A rating by somebody in the security team who takes part in it." {
		t.Errorf("the subject's owner reads %+v", v.Blockers)
	}
	_, err = d.risks.Rate(d.as("reviewer"), hidden.ID, hidden.Version, risk.RateInput{Inherent: low, Residual: low, Reason: "Nothing of the kind."})
	d.must(err)
	wantCodes(t, d.codes(flow.Ref))

	// Whoever becomes the subject's owner takes part from then on.
	chief := "executive"
	detail, err := d.catalog.Show(d.as("triager"), flow.Ref)
	d.must(err)
	_, err = d.catalog.Change(d.as("triager"), flow.Ref, detail.Subject.Revision, catalog.Change{Owner: &chief})
	d.must(err)
	if got := d.takePart(hidden); !slices.Contains(got, "person:executive") {
		t.Errorf("the subject's new owner is not among %v", got)
	}
}

// Who sees a risk sees its subject, whoever it is handed to, and reads the
// reference nowhere otherwise: not in the answer to a change, not in an entry.
func TestHiddenSubjectsAreNotNamed(t *testing.T) {
	d := newDesk(t, storetest.SQLite(t, tables()))
	flow := d.flow()
	r := d.registered(flow.Ref)
	d.show(flow.Ref, authz.Restricted, "person:triager", "person:reviewer", "person:sec")
	detail, err := d.risks.Get(d.as("reviewer"), r.ID)
	d.must(err)
	for _, person := range []string{"executive", "m4"} {
		_, err := d.risks.Edit(d.as("reviewer"), r.ID, detail.Version, risk.EditInput{Owner: &person})
		wantField(t, err, "owner", "unsighted")
	}
	// Whoever hands on a risk that they alone saw by owning it reads its subject for
	// the last time before.
	api := webtest.Serve(t, d.mux())
	wide := d.rated(d.another("second").Ref)
	only := []string{"person:sec"}
	wide, err = d.risks.Edit(d.as("owner"), wide.ID, wide.Version, risk.EditInput{Visibility: ptr(authz.Restricted), Participants: &only})
	d.must(err)
	wide, err = d.risks.Edit(d.as("sec"), wide.ID, wide.Version, risk.EditInput{Owner: ptr("manager")})
	d.must(err)
	answer := api.Token("manager").JSON("PATCH", "/api/v1/risks/"+wide.ID, risk.EditInput{Owner: ptr("sec")}, "If-Match", fmt.Sprintf(`"v%d"`, wide.Version))
	answer.Want(200).WantText(`"subject":""`).WantNoText("flow:second", "null")
	d.show(flow.Ref, authz.Restricted, "person:triager", "person:sec")
	for _, person := range slices.Sorted(maps.Keys(cast)) {
		entries := 0
		d.must(d.db.Read(t.Context(), func(tx *store.ReadTx) error {
			page, err := d.log.Entries(t.Context(), tx, authz.ActorFrom(d.as(person)), ledger.Filter{Item: r.Item()}, 0, ledger.MaxPage)
			entries = len(page.Records)
			return err
		}))
		_, err := d.catalog.Show(d.as(person), flow.Ref)
		if sees := err == nil; (entries > 0) != sees || (len(d.sees(r, person)) > 0) != sees {
			t.Errorf("%s sees the subject: %v, but %d entries of the risk", person, sees, entries)
		}
	}
}

func ptr[T any](v T) *T { return &v }

func wantField(t *testing.T, err error, path, code string) {
	t.Helper()
	if !fault.Is(err, fault.Invalid) || !slices.ContainsFunc(fault.From(err).Fields, func(f fault.Field) bool { return f.Path == path && f.Code == code }) {
		t.Errorf("got %v, want %s at %s", err, code, path)
	}
}

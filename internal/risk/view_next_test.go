// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"net/url"
	"testing"

	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
	"portreeve.org/portreeve/internal/risk"
)

// The dialogue is one form with two buttons: what was kept of it while it was
// written goes with either.
func TestADecisionDropsItsDraft(t *testing.T) {
	for _, verb := range []string{"grant", "refuse"} {
		kept := webtest.Drafts{}
		d, m := newPages(t, func(deps *web.Deps) { deps.Drafts = kept })
		executive := webtest.Serve(t, m).As("executive")
		a := d.asked(d.ready(d.flow().Ref))
		form := executive.Get(a.URL())
		d.must(kept.Keep(t.Context(), "executive", a.URL(), url.Values{"_action": {a.URL() + "/grant"}, "reason": {"Half a reason"}}))
		executive.Post(a.URL()+"/"+verb, fill(form, a.URL()+"/grant", "reason", " ")).Want(422).WantText("Please fill this in")
		if len(kept) != 1 {
			t.Errorf("%s: the draft is gone although it was refused", verb)
		}
		executive.Post(a.URL()+"/"+verb, fill(form, a.URL()+"/grant", "reason", "A reason")).WantLocation(a.URL())
		if len(kept) > 0 {
			t.Errorf("%s: the draft stays: %v", verb, kept)
		}
	}
}

// Everybody sees first what waits for them.
func TestTheNextStepStandsOut(t *testing.T) {
	d, anyone := servePages(t)
	r := d.registered(d.flow().Ref)
	primary := func(person string) string {
		t.Helper()
		for _, a := range anyone.As(person).Get(r.URL()).Want(200).All(".page-head a.primary") {
			return a.Text()
		}
		return ""
	}
	want := func(person, text string) {
		t.Helper()
		if got := primary(person); got != text {
			t.Errorf("%s: %q, want %q", person, got, text)
		}
	}
	want("reviewer", "Rate")
	want("owner", "")
	r, err := d.risks.Rate(d.as("reviewer"), r.ID, r.Version, risk.RateInput{Inherent: high, Residual: high})
	d.must(err)
	want("owner", "Compare the options")
	r, err = d.risks.SetOptions(d.as("owner"), r.ID, r.Version, options())
	d.must(err)
	want("owner", "Ask for an acceptance")
	a := d.asked(r)
	want("owner", "")
	want("triager", "Record a hearing")
	r = d.heard(r)
	want("owner", "")
	want("executive", "Decide on the request")
	if at := linkTo(anyone.As("executive").Get(r.URL()), a.URL()); at != a.URL() {
		t.Errorf("the decision is at %q", at)
	}
	anyone.As("executive").Get(a.URL()).Find(`a[href="#decide"]`)
	_, err = d.risks.Grant(d.as("executive"), a.ID, a.Version, "For a month.")
	d.must(err)
	want("executive", "")
	want("owner", "")
	d.at(31 * day)
	want("owner", "Close with proof")
	want("reviewer", "")
}

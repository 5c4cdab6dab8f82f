// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/risk"
)

// Whoever decides sees on one page what the decision is weighed by.
func TestDeciderSeesWhatTheDecisionRestsOn(t *testing.T) {
	d, anyone := servePages(t)
	r := d.ready(d.flow().Ref)
	r, err := d.risks.AddMitigation(d.as("owner"), r.ID, r.Version, risk.MitigationInput{Title: "Build a fallback", Owner: "ops", Due: d.now().Add(9 * day)})
	d.must(err)
	const party = "The chapter"
	r, err = d.risks.Hear(d.as("triager"), r.ID, r.Version, risk.HearingInput{Party: party, Heard: "Its second speaker", Said: "Only with a date."})
	d.must(err)
	a := d.asked(r)
	anyone.As("executive").Get(a.URL()).Want(200).WantText("Its second speaker, for "+party, "Only with a date.", "recorded by The triager",
		"Options side by side", "Cost", "Build a fallback", "Rated by The reviewer", "task T285098, lines 36–39")

	// What was said on another rating does not count, and says so.
	_, err = d.risks.Rate(d.as("reviewer"), r.ID, d.detail(r.ID).Version, risk.RateInput{Inherent: high, Residual: high})
	d.must(err)
	anyone.As("executive").Get(a.URL()).WantText("Only with a date.").WantNoText("On an earlier rating")
	anyone.As("executive").Get(r.URL()).WantText("Only with a date.", "On an earlier rating")
}

// A hearing that the one who asks put on record is no word of the party's own.
func TestHearingsSayWhoPutThemOnRecord(t *testing.T) {
	o := serve(t)
	r := o.rated(o.flow().Ref)
	const party = "The chapter"
	out, code := o.run("triager", "hear", r.ID, "--party", party, "--heard", "Cora, their speaker", "--said", "Only with a date.")
	if code != 0 || !strings.Contains(out, "Cora, their speaker, for "+party) || !strings.Contains(out, "Only with a date.; recorded by The triager") {
		t.Errorf("exit %d: %s", code, out)
	}
}

// detail is the risk as its owner sees it.
func (d *desk) detail(id string) risk.Detail {
	d.t.Helper()
	detail, err := d.risks.Get(d.as("owner"), id)
	d.must(err)
	return detail
}

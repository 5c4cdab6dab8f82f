// SPDX-License-Identifier: Apache-2.0

package risk_test

import (
	"testing"

	"portreeve.org/portreeve/internal/risk"
)

// A form that cannot be opened now says what has to happen first, leads back to
// the risk, and does not speak of anything that was entered.
func TestFormsSayWhatComesFirst(t *testing.T) {
	d, anyone := servePages(t)
	r := d.registered(d.flow().Ref)
	refused := func(who, path, why string) {
		t.Helper()
		anyone.As(who).Get(path).Want(409).WantText(why, "Back to what it is about").WantNoText("what you entered").Find(`main a[href="` + r.URL() + `"]`)
	}
	for _, path := range []string{"/acceptances/new", "/hear"} {
		refused("owner", r.URL()+path, "Let the risk be rated first")
	}
	refused("owner", r.URL()+"/complete", "Choose a treatment first")

	ready := d.ready(d.another("second").Ref)
	a := d.asked(ready)
	r = ready
	refused("owner", r.URL()+"/acceptances/new", "waits for a decision already")
	refused("reviewer", r.URL()+"/close", "An acceptance of this risk is not closed yet")
	r = risk.Risk{ID: r.ID + "/acceptances/" + a.ID} // the acceptance's own page
	refused("owner", a.URL()+"/close", "never granted")
}

// SPDX-License-Identifier: Apache-2.0

//go:build integration

package risk_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/browser"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// gallery is one of everything that the pages show, and where.
func (d *desk) gallery() map[string]string {
	d.t.Helper()
	flow := d.flow()
	for _, name := range []string{"first", "second", "third", "fresh", "low"} {
		d.another(name)
	}
	ended := d.granted(d.ready("flow:first"))
	_, err := d.risks.Revoke(d.as("executive"), ended.ID, ended.Version, "It was slower than promised.")
	d.must(err)
	ended, err = d.risks.Settle(d.as("owner"), ended.ID, ended.Version+1, risk.SettleInput{Undone: "Switched off.", Learnt: "Plan the service earlier."})
	d.must(err)
	d.granted(d.ready("flow:second"))
	fresh := d.registered("flow:fresh")
	low := d.registered("flow:low")
	low, err = d.risks.Rate(d.as("reviewer"), low.ID, low.Version, risk.RateInput{Inherent: high, Residual: matrix.Cell{Likelihood: 1, Impact: 2}, Reason: "It is off."})
	d.must(err)
	r := d.ready(flow.Ref)
	r, err = d.risks.Treat(d.as("owner"), r.ID, r.Version, risk.TreatInput{Treatment: risk.Accept, Note: "For the length of the test."})
	d.must(err)
	r, err = d.risks.AddMitigation(d.as("owner"), r.ID, r.Version, risk.MitigationInput{Title: "Fall back to the old suggestions", Owner: "owner", Due: d.now().Add(5 * day)})
	d.must(err)
	in := d.request()
	in.Conditions = []risk.TermInput{{Text: "The fallback is in place before the first request", Owner: "owner", Due: d.now().Add(6 * day)}}
	a, err := d.risks.Ask(d.as("owner"), r.ID, r.Version, in)
	d.must(err)
	stale := d.asked(d.ready("flow:third"))
	d.must(d.setAttributes("flow:third", 1, map[string]string{"from": "production", "to": "cloud", "access": "write"}))
	detail, err := d.risks.Get(d.as("owner"), r.ID)
	d.must(err)
	granted, err := d.risks.Get(d.as("owner"), ended.Risk)
	d.must(err)
	return map[string]string{
		"register": "/risks", "cell": "/risks?likelihood=3&impact=4", "none": "/risks?rating=critical", "new": "/risks/new?subject=" + flow.Ref,
		"risk": r.URL(), "fresh": fresh.URL(), "low": low.URL(), "closed": granted.URL(), "dialogue": a.URL(), "stale": stale.URL(), "ended": ended.URL(),
		"edit": r.URL() + "/edit", "parties": r.URL() + "/parties", "options": r.URL() + "/options", "rate": r.URL() + "/rate", "treat": r.URL() + "/treat",
		"hear": r.URL() + "/hear", "mitigation": r.URL() + "/mitigations/" + detail.Mitigations[0].ID, "mitigation_new": r.URL() + "/mitigations/new",
		"review": r.URL() + "/review", "ask": granted.URL() + "/acceptances/new?extends=" + ended.ID, "withdraw": a.URL() + "/withdraw",
		"meet": a.URL() + "/conditions/" + a.Conditions[0].ID,
	}
}

// readers are those who look at a page if it is not the owner.
var readers = map[string]string{"dialogue": "executive", "hear": "triager", "rate": "reviewer", "review": "reviewer"}

// TestPagesInABrowser looks at every page wide and narrow, light and dark. With
// PORTREEVE_SCREENSHOTS set to a folder, the pictures are kept there.
func TestPagesInABrowser(t *testing.T) {
	d, m := newPages(t)
	h, err := m.Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(h)
	defer s.Close()
	b := browser.Start(t)
	empty := b.Tab(t)
	empty.View(1280, 900, false)
	empty.Cookie(s.URL, web.SessionCookie, "owner")
	empty.Open(s.URL + "/risks")
	empty.WantAccessible()
	keep(empty, "empty", 1280, false)
	all := d.gallery()
	for _, width := range []int64{1280, 390} {
		for _, dark := range []bool{false, true} {
			tab := b.Tab(t)
			tab.View(width, 900, dark)
			look := func(name, path string) {
				reader := readers[name]
				if reader == "" {
					reader = "owner"
				}
				tab.Cookie(s.URL, web.SessionCookie, reader)
				tab.Open(s.URL + path)
				tab.WantAccessible()
				tab.WantNoOverflow()
				keep(tab, name, width, dark)
			}
			for name, path := range all {
				look(name, path)
			}
			tab.WantQuiet()
		}
	}
}

func keep(tab *browser.Tab, name string, width int64, dark bool) {
	if folder := os.Getenv("PORTREEVE_SCREENSHOTS"); folder != "" {
		tab.Screenshot(filepath.Join(folder, fmt.Sprintf("risk-%s-%d-dark=%v.png", name, width, dark)))
	}
}

// TestDecidingInABrowser decides by keyboard and scripts, and sees a refusal.
func TestDecidingInABrowser(t *testing.T) {
	d, m := newPages(t)
	h, err := m.Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewTLSServer(h)
	defer s.Close()
	flow := d.flow()
	a := d.asked(d.ready(flow.Ref))
	b := browser.Start(t)
	tab := b.Tab(t)
	tab.View(1280, 900, false)

	// The proposal follows the inputs without a button.
	tab.Cookie(s.URL, web.SessionCookie, "owner")
	tab.Open(s.URL + "/risks/new?subject=" + flow.Ref)
	tab.Set(`select[name="inputs.data"]`, "sensitive")
	tab.Set(`select[name="inputs.direction"]`, "both")
	tab.Set(`select[name="inputs.volume"]`, "high")
	browser.Eval[bool](tab, `document.querySelector('select[name="inputs.volume"]').dispatchEvent(new Event("change", {bubbles: true}))`)
	tab.WaitText("sensitive data weighs more")
	tab.WantAccessible()
	keep(tab, "proposal", 1280, false)

	// A blank is no reason: the page says so, above and at the field.
	refused := b.Tab(t)
	refused.View(1280, 900, false)
	refused.Cookie(s.URL, web.SessionCookie, "executive")
	refused.Open(s.URL + a.URL())
	refused.Type(`textarea[name="reason"]`, " ")
	refused.Click(`button[formaction$="/grant"]`)
	refused.Wait(`[role="alert"]`)
	refused.WantAccessible()
	keep(refused, "error", 1280, false)

	decide := b.Tab(t)
	decide.View(1280, 900, false)
	decide.Cookie(s.URL, web.SessionCookie, "executive")
	decide.Open(s.URL + a.URL())
	decide.Type(`textarea[name="reason"]`, "Borne for thirty days.")
	decide.Press("\t\r")
	decide.WaitText("The risk is accepted.")
	decide.WantAccessible()
	decide.WantQuiet()
	keep(decide, "granted", 1280, false)
	wantCodes(t, d.codes(flow.Ref))
}

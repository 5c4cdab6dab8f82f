// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Violation is one rule of axe that a page breaks.
type Violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// String gives the violation with the elements it concerns.
func (v Violation) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s (%s): %s", v.ID, v.Impact, v.Help)
	for _, n := range v.Nodes {
		fmt.Fprintf(&out, "\n\t%s\n\t%s", n.HTML, strings.ReplaceAll(n.Summary, "\n", " "))
	}
	return out.String()
}

// Check returns the tab reporting to another test.
func (tab *Tab) Check(t testing.TB) *Tab {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return &Tab{t: t, ctx: tab.ctx, axe: tab.axe, said: slices.Clone(tab.said)}
}

// Axe runs every rule of axe-core, the recommended ones included, on the page as
// it is shown now.
func (tab *Tab) Axe() []Violation {
	tab.t.Helper()
	Eval[bool](tab, tab.axe+"; true")
	return Eval[[]Violation](tab, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(
		v => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map(n => ({html: n.html, failureSummary: n.failureSummary}))})))`)
}

// WantAccessible fails the test for each violation that axe finds.
func (tab *Tab) WantAccessible() {
	tab.t.Helper()
	for _, v := range tab.Axe() {
		tab.t.Errorf("%s: %s", tab.Address(), v)
	}
}

// WantNoOverflow fails the test if the page is wider than the viewport, so that
// it scrolls sideways.
func (tab *Tab) WantNoOverflow() {
	tab.t.Helper()
	wide := Eval[[]string](tab, `(() => {
		const all = document.documentElement;
		if (all.scrollWidth <= all.clientWidth) return [];
		return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > all.clientWidth + 1)
			.slice(0, 5).map(e => e.outerHTML.slice(0, 120));
	})()`)
	if len(wide) > 0 {
		tab.t.Errorf("%s scrolls sideways because of:\n%s", tab.Address(), strings.Join(wide, "\n"))
	}
}

// WantQuiet fails the test if the page wrote an error to the console, such as a
// refusal of the content security policy.
func (tab *Tab) WantQuiet() {
	tab.t.Helper()
	for _, line := range tab.Said() {
		if strings.HasPrefix(line, "error") || strings.HasPrefix(line, "exception") || strings.Contains(line, "Content Security Policy") {
			tab.t.Errorf("%s: console: %s", tab.Address(), line)
		}
	}
}

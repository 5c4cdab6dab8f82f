// SPDX-License-Identifier: Apache-2.0

//go:build integration

package e2e

import (
	"fmt"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/web/browser"
)

// statement records what somebody says, and where.
func (j *caseBPages) statement(t *testing.T, kind, label, text, source, place string) {
	t.Helper()
	tab := j.actor("reviewer")
	j.at(tab, j.review+"/statements/new?kind="+kind)
	fill(tab, "label", label, "text", text, "source.kind", source, "source.title", "T240943", "source.place", place)
	if kind == "requirement" {
		fill(tab, "origin", "unknown", "who", "Working group")
	}
	send(tab)
	want(t, tab, label, text)
}

// quotes chooses a statement by its label.
func (j *caseBPages) quotes(tab *browser.Tab, name, label string) {
	j.t.Helper()
	fill(tab, name, browser.Eval[string](tab, fmt.Sprintf(`[...document.querySelectorAll("main [name=%s] option")].find(o => o.textContent.startsWith(%q)).value`, name, label+":")))
}

// contradicts records a contradiction and sees its two quotes side by side.
func (j *caseBPages) contradicts(t *testing.T, title, first, second string) {
	t.Helper()
	tab := j.actor("reviewer-two")
	j.at(tab, j.review+"/findings/new?kind=contradiction")
	fill(tab, "title", title)
	j.quotes(tab, "first", first)
	j.quotes(tab, "second", second)
	send(tab)
	want(t, tab, title)
	beside := `(() => { const [a, b] = [...[...document.querySelectorAll(".contradiction")].find(c => c.textContent.includes(%q)).querySelectorAll("blockquote")].map(q => q.getBoundingClientRect()); return a.right < b.left && a.top < b.bottom && b.top < a.bottom; })()`
	if !browser.Eval[bool](tab, fmt.Sprintf(beside, title)) {
		t.Errorf("the quotes of %q are not side by side", title)
	}
}

// assesses: E16, statements, the four contradictions, a near miss, and an assessment
// that is composed of them and then edited.
func (j *caseBPages) assesses(t *testing.T) {
	for _, s := range [][5]string{
		{"requirement", "R1", "Must be one that the foundation can host itself.", "document", "L106, L127"}, {"statement", "B09", "Build nodes are not trusted.", "document", "L132"},
		{"statement", "B06", "Exactly the built artifact goes on to production.", "document", "L134-144"}, {"statement", "B10", "An environment like production runs the code of developers.", "document", "L146-156"},
		{"statement", "A2", "Testing and staging are unclear, or even if.", "answer", "L90"}, {"statement", "A3", "A commercial provider is considered.", "answer", "L91"},
		{"statement", "F31", "Sensitive data: none, hopefully.", "form", "L31"}, {"statement", "B17", "Personal data is involved.", "comment", "L190"},
	} {
		j.statement(t, s[0], s[1], s[2], s[3], s[4])
	}
	for _, c := range [][3]string{{"Untrusted build nodes feed production", "B09", "B06"}, {"Environments that nobody plans", "B10", "A2"}, {"Hosted here, or by a provider", "R1", "A3"}, {"No sensitive data, and personal data", "F31", "B17"}} {
		j.contradicts(t, c[0], c[1], c[2])
	}
	third := j.actor("reviewer-three")
	j.at(third, j.review+"/findings/new")
	pick(third, "kind", "near_miss")
	fill(third, "title", "Nobody knows where the very hard requirements come from", "evidence", "L113")
	send(third)
	want(t, third, "Open points", "Nobody knows where the very hard requirements come from")

	reviewer := j.actor("reviewer")
	j.at(reviewer, j.review+"/assessment")
	composed := browser.Eval[string](reviewer, `document.querySelector("main [name=text]").value`)
	for _, words := range []string{"Untrusted build nodes feed production", "Build nodes are not trusted.", "L134-144", "What is replaced is not said."} {
		if !strings.Contains(composed, words) {
			t.Errorf("the composed assessment does not say %q", words)
		}
	}
	j.pause(t, reviewer, "composed")
	fill(reviewer, "text", composed+"\n\nThere are too many possibilities to say more without clearer parameters.")
	send(reviewer)
	want(t, reviewer, "too many possibilities", "Restricted")
	j.pause(t, reviewer, "assessed")
	j.at(third, j.review)
	press(third, "main .page-head a[href$='/read']")
	fill(third, "concurs", "I agree.")
	send(third)
	want(t, third, "I agree.")
}

// restates says what became of a statement, and refinds of a contradiction.
func (j *caseBPages) restates(t *testing.T, label, state, note string) {
	t.Helper()
	tab := j.actor("reviewer")
	j.at(tab, j.review)
	j.follow(tab, "#statements a[href*='/statements/']", label)
	fill(tab, "state", state, "note", note)
	send(tab)
	want(t, tab, note)
}

func (j *caseBPages) refinds(t *testing.T, label, state, became string) {
	t.Helper()
	tab := j.actor("reviewer")
	j.at(tab, j.review)
	j.follow(tab, "#findings .actions a:not([href$='/risk']):not(.button)", label)
	fill(tab, "state", state, "became", became)
	send(tab)
	want(t, tab, became)
}

// follow goes on to the page that the link leads to which says text.
func (j *caseBPages) follow(tab *browser.Tab, links, text string) {
	j.t.Helper()
	href := browser.Eval[string](tab, fmt.Sprintf(`[...document.querySelectorAll(%q)].find(a => new RegExp("\\b" + %q + "\\b").test(a.textContent))?.getAttribute("href") ?? ""`, "main "+links, text))
	if href == "" {
		j.t.Fatalf("%s: no link about %s", tab.Address(), text)
	}
	j.at(tab, href)
}

// clarifies: E19 and E20, and what became of statements and contradictions.
func (j *caseBPages) clarifies(t *testing.T) {
	j.says(t, "operations", "The diagram is wrong; there are to be two channels.")
	j.restates(t, "B09", "withdrawn", "Two channels; production is built in the trusted one (L217, L240).")
	j.says(t, "release", "A small step back: narrower scope, revised documents, concrete scenarios.")
	j.restates(t, "R1", "removed", "Beyond the authority of release engineering (L270).")
	j.refinds(t, "C1", "settled", "The first statement was withdrawn.")
	j.refinds(t, "C3", "passed_on", "For the executive management (L315).")
	j.pause(t, j.actor("reviewer"), "clarified")
}

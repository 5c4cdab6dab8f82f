// SPDX-License-Identifier: Apache-2.0

//go:build integration

package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web/browser"
)

// caseAPages is case A through the pages. The steps run in their order and share
// what the earlier ones made.
type caseAPages struct {
	*journey
	flow       string // reference of the subject
	risk       string // address of the risk's page
	acceptance string // address of the acceptance dialogue
}

func newCaseAPages(t *testing.T, name string, scripts bool) *caseAPages {
	t.Helper()
	return &caseAPages{journey: newJourney(t, "case-a", scripts), flow: "flow:" + name}
}

// inDays is a date that many days from now as date inputs take it. The demo's
// zone is UTC and its domain clock is not shifted here.
func inDays(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }

// registers: the owner registers a flow subject and a risk with everybody who is
// exposed, and sees how the proposed rating came about.
func (j *caseAPages) registers(t *testing.T) {
	owner := j.actor("owner")
	j.at(owner, "/subjects/new?kind=flow")
	_, name, _ := strings.Cut(j.flow, ":")
	fill(owner, "title", "Search suggestions A/B test", "name", name, "attributes.from", "production", "attributes.to", "cloud",
		"attributes.data_class", "public", "attributes.access", "read", "attributes.direction", "both", "attributes.volume", "low",
		"attributes.purpose", "A/B test of one month, then switched off")
	choose(t, owner, "organisation", "The Foundation")
	j.pause(t, owner, "new-subject")
	send(owner)
	want(t, owner, "Search suggestions A/B test", j.flow)

	j.at(owner, "/risks/new?subject="+j.flow)
	fill(owner, "title", "Production asks a suggestion service of the cloud realm",
		"threat", "Whoever changes the service can answer production. It can be slow, away, or hostile.",
		"scope", "Requests of the suggestion box to one service, for the length of the test.")
	for _, fact := range []string{"crosses_boundary", "lower_trust"} {
		if !browser.Eval[bool](owner, fmt.Sprintf(`document.querySelector("main [name='inputs.%s']").checked`, fact)) {
			t.Errorf("%s does not follow from the subject", fact)
		}
	}
	for i, party := range []string{"The Foundation", "The Chapter", "The Community"} {
		if i > 0 {
			press(owner, "main button[name=more]")
			if at := browser.Eval[string](owner, "location.hash"); at != fmt.Sprintf("#row-%d", i) {
				t.Errorf("another party leads to %q", at)
			}
		}
		at := fmt.Sprintf("parties[%d].", i)
		kind := "organisation"
		if party == "The Community" {
			kind = "community"
		}
		fill(owner, at+"kind", kind, at+"name", party, at+"exposure", "What it builds and its good name")
		choose(t, owner, at+"organisation", party)
	}
	press(owner, "main button[name=propose]")
	want(t, owner, "A call from production to a realm that is trusted less is a high risk by default", "Source task T285098, lines 36–39", "at least high")
	j.pause(t, owner, "new-risk")
	send(owner)
	want(t, owner, "The risk is in the register.", "High", "The Foundation", "The Chapter", "The Community")
	j.risk = j.path(owner)
	j.pause(t, owner, "unrated-risk")
}

// edits: two people change the risk at once, and whoever is second sees both
// versions.
func (j *caseAPages) edits(t *testing.T) {
	owner, reviewer := j.actor("owner"), j.actor("reviewer")
	j.at(owner, j.risk+"/edit")
	j.at(reviewer, j.risk+"/edit")
	fill(reviewer, "scope", "One service, thirty days, no private data.")
	send(reviewer)
	want(t, reviewer, "The change is saved.")
	fill(owner, "scope", "One service and its fallback.")
	send(owner)
	want(t, owner, "Saved meanwhile by somebody else: One service, thirty days, no private data.")
	if got := browser.Eval[string](owner, `document.querySelector("main [name=scope]").value`); got != "One service and its fallback." {
		t.Errorf("what the second person wrote is now %q", got)
	}
	j.pause(t, owner, "stale")
	fill(owner, "scope", "One service and its fallback, thirty days, no private data.")
	send(owner)
	want(t, owner, "The change is saved.", "One service and its fallback, thirty days")
}

// rates: the reviewer rates, beside the proposal.
func (j *caseAPages) rates(t *testing.T) {
	reviewer := j.actor("reviewer")
	j.at(reviewer, j.risk+"/rate")
	fill(reviewer, "inherent.likelihood", "4", "inherent.impact", "3", "residual.likelihood", "4", "residual.impact", "3", "reason", "As the rule proposes.")
	j.pause(t, reviewer, "rate")
	send(reviewer)
	want(t, reviewer, "The risk is rated.", "Rated by Ravi Reviewer")
}

// compares: the owner compares the options and their cost, delay and risk.
func (j *caseAPages) compares(t *testing.T) {
	owner := j.actor("owner")
	j.at(owner, j.risk+"/options")
	for i, o := range [][]string{
		{"temporary", "Temporary deployment, 30 days", "A few days", "None", "High for thirty days", "high"},
		{"production", "Proper production service", "A full deployment", "Six months", "Low", "low"},
		{"none", "No test", "None", "The product waits", "None", "low"},
	} {
		at := fmt.Sprintf("options[%d].", i)
		fill(owner, at+"kind", o[0], at+"title", o[1], at+"cost", o[2], at+"delay", o[3], at+"risk", o[4], at+"rating", o[5])
	}
	j.pause(t, owner, "options")
	send(owner)
	want(t, owner, "The options are saved.", "Six months")
}

const longReason = "The test needs real traffic for one month; a full deployment only for that would cost half a year."

// loses: an administrator ends the owner's sessions while the owner writes. What
// was written is in the form again after signing in.
func (j *caseAPages) loses(t *testing.T) {
	owner, admin := j.actor("owner"), j.actor("admin")
	j.at(owner, j.risk+"/acceptances/new")
	owner.Type("main [name=reason]", longReason)
	j.at(admin, "/admin/people")
	person := browser.Eval[string](admin, `[...document.querySelectorAll("main tbody a")].find(a => a.textContent === "Otto Owner").getAttribute("href")`)
	j.at(admin, person+"/end-sessions")
	j.pause(t, admin, "end-sessions")
	press(admin, "main form .button.danger")
	fill(owner, "until", inDays(30))
	send(owner)
	want(t, owner, "Your session ended while you were writing")
	j.pause(t, owner, "session-ended")
	code, err := identity.TOTPCode(j.as("owner").TOTPSecret, time.Now().Add(30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	// A code is good once: this is the one of the next half minute.
	owner.Type("main [name=login]", "owner")
	owner.Type("main [name=password]", j.as("owner").Password)
	owner.Type("main [name=code]", code)
	press(owner, "main form button")
	owner.WaitText("What you had written here before is back in the form.")
	if got := browser.Eval[string](owner, `document.querySelector("main [name=reason]").value`); got != longReason {
		t.Errorf("the reason came back as %q", got)
	}
	if got := browser.Eval[string](owner, `document.querySelector("main [name=until]").value`); got != inDays(30) {
		t.Errorf("the date came back as %q", got)
	}
	j.pause(t, owner, "draft-restored")
}

// asks: the owner asks for thirty days with a condition, and cannot decide it.
func (j *caseAPages) asks(t *testing.T) {
	owner := j.actor("owner")
	if !strings.Contains(owner.Address(), "/acceptances/new") {
		j.at(owner, j.risk+"/acceptances/new")
	}
	fill(owner, "reason", longReason, "until", inDays(30), "conditions[0].text", "The fallback is in place before the first request",
		"conditions[0].owner", "owner", "conditions[0].due", inDays(6))
	owner.Click("main .choice:first-child [name=option]")
	j.pause(t, owner, "ask")
	send(owner)
	want(t, owner, "You have asked.", "You cannot decide this", "The fallback is in place before the first request")
	if n := browser.Eval[int](owner, `document.querySelectorAll("main [formaction$='/grant']").length`); n != 0 {
		t.Error("the owner is offered to accept what they asked for")
	}
	j.acceptance = j.path(owner)
	j.pause(t, owner, "asked")
	j.at(owner, j.acceptance)
	if got := browser.Eval[bool](owner, `document.body.innerText.includes("back in the form")`); got {
		t.Error("the draft outlived its form")
	}
}

// hears: the triager records what those say who are exposed.
func (j *caseAPages) hears(t *testing.T) {
	triager := j.actor("triager")
	for party, who := range map[string]string{"The Chapter": "Clara Chapter, its director", "The Community": "Cora Council, security council"} {
		j.at(triager, j.risk+"/hear")
		choose(t, triager, "party", party)
		fill(triager, "heard", who, "said", "It can be borne for a month, provided that it ends by itself.")
		if party == "The Chapter" {
			j.pause(t, triager, "hear")
		}
		send(triager)
		want(t, triager, "The hearing is on record.", who)
	}
}

// grants: the executive sees what they decide on, and a double click decides it
// once.
func (j *caseAPages) grants(t *testing.T) {
	executive := j.actor("executive")
	j.at(executive, j.acceptance)
	want(t, executive, "Otto Owner asks to accept this risk until the end of", "This would be the second of this kind.", "What is accepted", "Whoever changes the service can answer production",
		"You would accept the risk until the end of", "Chief officer", "call", "on this flow: the gate asks for such an acceptance",
		"Production depends on a service of the cloud realm", "The fallback is in place before the first request", j.flow)
	fill(executive, "reason", "Borne for thirty days with the fallback, and not as a rule for others.")
	j.pause(t, executive, "dialogue")
	leave(executive)
	browser.Eval[bool](executive, `(() => { const b = document.querySelector("main [formaction$='/grant']"); b.click(); b.click(); return true; })()`)
	executive.Wait("html:not([data-left]) .foot")
	want(t, executive, "The risk is accepted.", "In force", "Ella Executive")
	j.pause(t, executive, "granted")

	var risk struct {
		History []struct{ Kind, Acceptance string } `json:"history"`
	}
	j.cli("executive", "risk", "show", strings.TrimPrefix(j.risk, "/risks/"), "--json").must(t, 0).decode(t, &risk)
	granted := 0
	for _, step := range risk.History {
		if step.Kind == "risk.acceptance.granted" {
			granted++
		}
	}
	if granted != 1 {
		t.Errorf("granted %d times: %+v", granted, risk.History)
	}
}

// asksGate opens the gate's page and checks its answer.
func (j *caseAPages) asksGate(t *testing.T, name, answer string, texts ...string) {
	reviewer := j.actor("reviewer")
	j.at(reviewer, "/gate?action=call&subject="+j.flow)
	if got := strings.TrimSpace(reviewer.Text("main .verdict h2")); got != answer {
		t.Errorf("the gate says %q, want %q", got, answer)
	}
	want(t, reviewer, texts...)
	j.pause(t, reviewer, name)
}

var entryPath = regexp.MustCompile(`/ledger/[0-9]+$`)

// verifies: the reviewer follows the history to the entry of the grant and has
// the browser check its proof.
func (j *caseAPages) verifies(t *testing.T) {
	reviewer := j.actor("reviewer")
	j.at(reviewer, j.risk)
	entry := browser.Eval[string](reviewer, `[...document.querySelectorAll("main .event")].find(e => e.innerText.includes("Acceptance granted")).querySelector("a[href^='/ledger/']").getAttribute("href")`)
	if !entryPath.MatchString(entry) {
		t.Fatalf("the history leads to %q", entry)
	}
	j.at(reviewer, entry)
	want(t, reviewer, "risk.acceptance.granted")
	if !j.scripts {
		want(t, reviewer, "Without JavaScript this page cannot compute.")
		return
	}
	reviewer.Click("[data-ledger-verify] form button.primary")
	reviewer.WaitText("Verified. This entry stands unchanged in the log")
	j.pause(t, reviewer, "verified")
}

// revokes: the executive takes it back, which works at once.
func (j *caseAPages) revokes(t *testing.T) {
	executive := j.actor("executive")
	j.at(executive, j.acceptance)
	press(executive, "main .actions a[href$='/revoke']")
	fill(executive, "reason", "The fallback did not hold.")
	j.pause(t, executive, "revoke")
	press(executive, "main form .button.danger")
	want(t, executive, "The acceptance is revoked.")
}

// TestCaseAInABrowser takes case A from nothing to its end through the pages, as
// the people whose part each step is.
func TestCaseAInABrowser(t *testing.T) {
	j := newCaseAPages(t, "search-suggestions-in-pages", true)
	steps := []struct {
		name string
		do   func(t *testing.T)
	}{
		{"the owner registers", j.registers}, {"two people edit", j.edits}, {"the reviewer rates", j.rates}, {"the owner compares", j.compares},
		{"the gate is shut before", func(t *testing.T) { j.asksGate(t, "gate-before", "Denied", "Decisions that are missing") }},
		{"the session ends", j.loses}, {"the owner asks", j.asks}, {"the triager hears", j.hears}, {"the executive grants", j.grants},
		{"the gate opens", func(t *testing.T) { j.asksGate(t, "gate-open", "Allowed", j.flow) }},
		{"the entry verifies", j.verifies}, {"the executive revokes", j.revokes},
		{"the gate shuts", func(t *testing.T) {
			j.asksGate(t, "gate-shut", "Denied", "Decisions that are missing", "risk.acceptance_revoked", "Lifted by")
		}},
	}
	for _, step := range steps {
		t.Log(step.name)
		if step.do(t); t.Failed() {
			t.Fatalf("%q went wrong; what follows depends on it", step.name)
		}
	}
}

// TestCaseAWithoutScripts goes the main path in a browser that runs no
// JavaScript. A double click then sends the form twice, and the server decides.
func TestCaseAWithoutScripts(t *testing.T) {
	j := newCaseAPages(t, "search-suggestions-without-scripts", false)
	j.registers(t)
	j.edits(t)
	j.rates(t)
	j.compares(t)
	j.asks(t)
	j.hears(t)
	j.grants(t)
	j.asksGate(t, "gate-open", "Allowed", j.flow)
	j.verifies(t)
	j.revokes(t)
	j.asksGate(t, "gate-shut", "Denied", "Decisions that are missing", "risk.acceptance_revoked")
}

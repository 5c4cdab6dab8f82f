// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	flowRef   = "flow:search-suggestions-ab-test"
	executive = "executive"
)

// caseA is case A of the worked cases, after task T285098, played again from
// nothing on another subject: production wants to call a service on the cloud
// realm for a 30-day A/B test. Each step is a command of the person whose part it
// is.
type caseA struct {
	*server
	t             *testing.T
	organisations map[string]string // name -> id
	risk          string
	first, second string // acceptances
	kinds         []string
}

// riskView and acceptanceView are what the test reads of the commands' JSON.
type riskView struct {
	ID       string `json:"id"`
	Version  int64  `json:"version"`
	Proposed struct {
		Rating string `json:"rating"`
	} `json:"proposed"`
	Proposal struct {
		Inherent struct {
			Rating string `json:"rating"`
			Moves  []struct {
				Factor string `json:"factor"`
				Effect string `json:"effect"`
				Rating string `json:"rating"`
				Why    string `json:"why"`
				Cites  string `json:"cites"`
			} `json:"moves"`
		} `json:"inherent"`
	} `json:"proposal"`
	Parties []struct {
		Name        string `json:"name"`
		Requirement string `json:"requirement"`
		Heard       bool   `json:"heard"`
	} `json:"parties"`
	Acceptances []acceptanceView `json:"acceptances"`
}

type acceptanceView struct {
	ID       string    `json:"id"`
	Version  int64     `json:"version"`
	State    string    `json:"state"`
	Until    time.Time `json:"until"`
	Standing struct {
		Code    string   `json:"code"`
		Changed []string `json:"changed"`
	} `json:"standing"`
	Unheard    []string `json:"unheard"`
	WhyNot     string   `json:"why_not"`
	Opens      []string `json:"opens"`
	Ordinal    int      `json:"ordinal"`
	Precedents []struct {
		Acceptance string `json:"acceptance"`
		Subject    string `json:"subject"`
		Outcome    string `json:"outcome"`
		Learnt     string `json:"learnt"`
	} `json:"precedents"`
	Conditions []struct {
		ID string `json:"id"`
	} `json:"conditions"`
}

// TestCaseA goes the whole way by command line and API: registered, rated,
// compared, asked, heard, granted, allowed; extended, revoked, voided twice, run
// out and closed; and every step is in the ledger and proved offline.
func TestCaseA(t *testing.T) {
	data := t.TempDir()
	c := &caseA{server: startDemo(t, data, ""), t: t}
	c.readOrganisations()
	c.registers()
	c.rates()
	c.compares()
	c.asks()
	c.refusesTheWrongOnes()
	c.grants()
	c.extends()
	c.revokes()
	c.voidsByRating()
	c.voidsByRealm()
	c.acceptsAgain()
	c.provesEverything()
	c.stop()

	c.server = startDemo(t, data, "+31d")
	c.runsOut()
	c.settles()
	c.isAPrecedent()
	c.provesEverything()
}

// run is a command that must end with the code; its JSON is read into out unless
// that is nil.
func (c *caseA) run(role string, code int, out any, args ...string) result {
	c.t.Helper()
	if out != nil {
		args = append(args, "--json")
	}
	r := c.cli(role, args...).must(c.t, code)
	if out != nil {
		r.decode(c.t, out)
	}
	return r
}

// did notes an entry that the ledger must have.
func (c *caseA) did(kinds ...string) { c.kinds = append(c.kinds, kinds...) }

func (c *caseA) readOrganisations() {
	c.t.Helper()
	var list struct {
		Items []struct{ ID, Name string } `json:"items"`
	}
	c.run("requester", 0, &list, "organisation", "list")
	c.organisations = map[string]string{}
	for _, o := range list.Items {
		c.organisations[o.Name] = o.ID
	}
}

// gate asks the gate as the reviewer and returns its verdict.
func (c *caseA) gate(code int, blocker string) verdict {
	c.t.Helper()
	var v verdict
	c.run("reviewer", code, &v, "gate", "check", "--subject", flowRef, "--action", "call")
	if want := map[int]string{0: "allow", 3: "deny"}[code]; v.Decision != want || v.Note == "" || v.EvaluatedAt == "" || v.ValidUntil == "" {
		c.t.Fatalf("exit %d with %+v", code, v)
	}
	var codes []string
	for _, b := range v.Blockers {
		codes = append(codes, b.Code)
		if b.Message == "" || b.LiftedBy == "" || !strings.HasPrefix(b.URL, c.URL) {
			c.t.Errorf("a blocker without words, way out or address: %+v", b)
		}
	}
	if blocker == "" && len(codes) != 0 || blocker != "" && !slices.Contains(codes, blocker) {
		c.t.Fatalf("blockers %v, want %q", codes, blocker)
	}
	return v
}

func (c *caseA) registers() {
	c.run("requester", 0, nil, "subject", "register", flowRef, "--title", "Search suggestions A/B test",
		"--organisation", c.organisations["The Foundation"], "--owner", "owner", "--set", "from=production", "--set", "to=cloud",
		"--set", "data_class=public", "--set", "access=read", "--set", "direction=both", "--set", "volume=low")
	c.gate(3, "risk.not_assessed")
	var r riskView
	c.run("requester", 0, &r, "risk", "register", "--subject", flowRef, "--act", "call", "--owner", "owner",
		"--title", "Production depends on a service of the cloud realm", "--threat", "Slow, curious or hostile answers", "--scope", "One service, during the test",
		"--data", "public", "--direction", "both", "--access", "read", "--volume", "low", "--crosses-boundary", "--lower-trust",
		"--party", "organisation:"+c.organisations["The Foundation"]+":The Foundation",
		"--party", "organisation:"+c.organisations["The Chapter"]+":The Chapter",
		"--party", "community:"+c.organisations["The Community"]+":The Community")
	c.risk = r.ID
	c.did("risk.registered", "catalog.link.added")
	if r.Proposed.Rating != "high" || r.Proposal.Inherent.Rating != "high" {
		c.t.Errorf("a call from production to a lower-trust realm is proposed as %q, want high", r.Proposed.Rating)
	}
	cited := false
	for _, m := range r.Proposal.Inherent.Moves {
		cited = cited || m.Cites == "T285098 L36-39" && m.Rating == "high" && m.Why != "" && m.Factor != ""
	}
	if !cited {
		c.t.Errorf("no step says why it is high by default: %+v", r.Proposal.Inherent.Moves)
	}
	c.isListed()
	c.isNoLess()
	c.gate(3, "risk.not_assessed")
}

// isListed: the subject lists the risk, with its rating and where it stands.
func (c *caseA) isListed() {
	var subject struct {
		Links []struct{ Relation, Item, State string }
	}
	c.run("requester", 0, &subject, "subject", "show", flowRef)
	if len(subject.Links) != 1 || subject.Links[0].Item != "risk:"+c.risk || subject.Links[0].Relation != "concerns" || subject.Links[0].State == "" {
		c.t.Errorf("the subject lists %+v", subject.Links)
	}
}

// isNoLess: the risk is not said to be milder than the flow that it is about.
func (c *caseA) isNoLess() {
	for _, milder := range []string{"--no-lower-trust", "--no-crosses-boundary", "--data=none", "--direction=outbound"} {
		c.run("reviewer", 1, nil, "risk", "register", "--subject", flowRef, "--title", "Harmless", "--threat", "None", "--scope", "All", milder)
	}
}

func (c *caseA) rates() {
	rating := []string{"risk", "rate", c.risk, "--likelihood", "4", "--impact", "3", "--reason", "As proposed: no assurances, no plan yet"}
	c.run("owner", 77, nil, rating...)
	c.run("requester", 77, nil, c.asking("not its owner")...)
	c.run("owner", 1, nil, c.asking("before it is rated")...)
	var r riskView
	c.run("reviewer", 0, &r, rating...)
	c.did("risk.rated")
	var must []string
	for _, p := range r.Parties {
		if p.Requirement == "hearing" {
			must = append(must, p.Name)
		}
	}
	if len(r.Parties) != 3 || !slices.Contains(must, "The Chapter") || !slices.Contains(must, "The Community") {
		c.t.Errorf("parties %+v: all three are exposed, and the others must be heard", r.Parties)
	}
	c.gate(3, "risk.acceptance_missing")
}

func (c *caseA) compares() {
	file := filepath.Join(c.t.TempDir(), "options.json")
	options := `[
		{"kind":"temporary","title":"No more than 30 days","cost":"Days","delay":"None","risk":"High for a month","rating":"high"},
		{"kind":"production","title":"A proper production service","cost":"A full deployment","delay":"About six months","risk":"Low","rating":"low"},
		{"kind":"none","title":"Not at all","cost":"None","delay":"-","risk":"None","rating":"low"}]`
	if err := os.WriteFile(file, []byte(options), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.run("owner", 1, nil, c.asking("before comparing")...)
	c.run("owner", 0, nil, "risk", "options", c.risk, file)
	c.did("risk.options.changed")
}

// day is a date so many days from now in the office's zone, which is UTC.
func day(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }

// asking asks for thirty days with a condition.
func (c *caseA) asking(reason string, more ...string) []string {
	return append([]string{"risk", "ask", c.risk, "--option", "temporary", "--until", day(30), "--reason", reason,
		"--condition", day(20) + ":owner:The fallback is in place"}, more...)
}

func (c *caseA) asks() {
	tooLong := c.run("owner", 1, nil, "risk", "ask", c.risk, "--option", "temporary", "--until", day(500), "--reason", "For good")
	if !strings.Contains(tooLong.stderr, "at most until") {
		c.t.Errorf("the refusal does not say how long is possible: %s", tooLong.stderr)
	}
	var a acceptanceView
	c.run("owner", 0, &a, c.asking("The test needs real traffic for a month")...)
	c.did("risk.acceptance.asked")
	c.first = a.ID
	if a.State != "asked" || len(a.Conditions) != 1 || !slices.Contains(a.Opens, "flow call") {
		c.t.Errorf("asked: %+v", a)
	}
	if a.Ordinal != 2 || len(a.Precedents) != 1 || a.Precedents[0].Subject != "flow:property-suggester-ab-test" {
		c.t.Errorf("this would be the second of its kind, after the property suggester: ordinal %d, %+v", a.Ordinal, a.Precedents)
	}
	c.run("owner", 1, nil, c.asking("Twice")...)
	c.gate(3, "risk.acceptance_awaiting")
}

// refused tries to grant by command line and by API, and wants the same refusal.
func (c *caseA) refused(role string, exit, status int, code string) {
	c.t.Helper()
	r := c.run(role, exit, nil, "risk", "accept", c.risk, "--acceptance", c.first, "--reason", "Fine with me")
	if r.stdout != "" || !strings.HasPrefix(r.stderr, "portreeve: ") {
		c.t.Errorf("%s: stdout %q, stderr %q", role, r.stdout, r.stderr)
	}
	path := "/api/v1/risks/" + c.risk + "/acceptances/" + c.first
	p := c.caller(role).call("POST", path+"/approvals", map[string]string{"reason": "Fine with me"}, "If-Match", `"v1"`).problem(c.t, status, code)
	if !strings.Contains(r.stderr, p.Detail) {
		c.t.Errorf("%s is told %q on the command line and %q by the API", role, r.stderr, p.Detail)
	}
}

func (c *caseA) refusesTheWrongOnes() {
	c.refused(executive, 1, 409, "risk.hearing_missing")
	for party, who := range map[string]string{"The Chapter": "Clara Chapter, director", "The Community": "Cora Council, security council"} {
		c.run("triager", 0, nil, "risk", "hear", c.risk, "--party", party, "--heard", who, "--said", "Borne for a month, if it ends by itself")
		c.did("risk.party.heard")
	}
	c.refused("owner", 77, 403, "risk.own_request")
	c.refused("requester", 77, 403, "risk.rank_too_low") // a requester without a post
	c.refused("triager", 77, 403, "risk.rank_too_low")   // a manager, where the C-level is asked
	c.refused("admin", 77, 403, "authz.forbidden")       // administering is not deciding
	c.gate(3, "risk.acceptance_awaiting")
	var a acceptanceView
	c.run("triager", 0, &a, "risk", "acceptance", c.risk)
	if !strings.Contains(a.WhyNot, "executive") {
		c.t.Errorf("the triager is not told who may: %q", a.WhyNot)
	}
}

func (c *caseA) grants() {
	var a acceptanceView
	c.run(executive, 0, &a, "risk", "accept", c.risk, "--reason", "Borne for thirty days, and not as a rule for others")
	c.did("risk.acceptance.approved", "risk.acceptance.granted")
	if a.State != "granted" || a.Standing.Code != "in_force" {
		c.t.Errorf("granted: %+v", a)
	}
	v := c.gate(0, "")
	if until, err := time.Parse(time.RFC3339, v.ValidUntil); err != nil || until.After(a.Until) {
		c.t.Errorf("the answer is valid until %s, the acceptance until %s", v.ValidUntil, a.Until)
	}
	c.verifyNote(v, 0)
	c.run("owner", 0, nil, "risk", "meet", c.risk, "--evidence", "Shown to operations with the service switched off")
	c.did("risk.condition.met")
	c.gate(0, "")
}

// extends: an extension is a new decision, and shows what came before it.
func (c *caseA) extends() {
	var a acceptanceView
	c.run("owner", 0, &a, c.asking("A month more", "--extends", c.first, "--until", day(45))...)
	c.did("risk.acceptance.asked")
	if a.Ordinal != 3 || len(a.Precedents) != 2 || a.Precedents[0].Acceptance != c.first {
		c.t.Errorf("the extension would be the third of its kind: ordinal %d, %+v", a.Ordinal, a.Precedents)
	}
	c.second = a.ID
	c.run(executive, 0, nil, "risk", "accept", c.risk, "--acceptance", c.second, "--reason", "Half a month more, then no more")
	c.did("risk.acceptance.approved", "risk.acceptance.granted")
}

// revokes: one of the two in force is not enough to close the gate; both are, at
// once.
func (c *caseA) revokes() {
	c.run("requester", 77, nil, "risk", "revoke", c.risk, "--acceptance", c.second, "--reason", "I would rather not")
	c.run("reviewer", 0, nil, "risk", "revoke", c.risk, "--acceptance", c.second, "--reason", "The service logs what readers type")
	c.gate(0, "")
	c.run("reviewer", 0, nil, "risk", "revoke", c.risk, "--acceptance", c.first, "--reason", "The service logs what readers type")
	c.did("risk.acceptance.revoked", "risk.acceptance.revoked")
	c.verifyNote(c.gate(3, "risk.acceptance_revoked"), 3)
	c.run("reviewer", 1, nil, "risk", "revoke", c.risk, "--acceptance", c.first, "--reason", "Twice")
	for _, id := range []string{c.first, c.second} {
		c.closes(id)
	}
}

func (c *caseA) closes(id string) {
	c.t.Helper()
	c.run("owner", 0, nil, "risk", "settle", c.risk, "--acceptance", id, "--undone", "The extension calls nobody any more", "--learnt", "Ask for the log policy first")
	c.did("risk.acceptance.closed")
}

// acceptedAnew asks and grants once more and returns the acceptance's id.
func (c *caseA) acceptedAnew(reason string) string {
	c.t.Helper()
	var a acceptanceView
	c.run("owner", 0, &a, "risk", "ask", c.risk, "--option", "temporary", "--until", day(30), "--reason", reason)
	c.did("risk.acceptance.asked")
	for _, party := range a.Unheard {
		c.run("triager", 0, nil, "risk", "hear", c.risk, "--party", party, "--heard", "As before", "--said", "As before")
		c.did("risk.party.heard")
	}
	c.run(executive, 0, nil, "risk", "accept", c.risk, "--acceptance", a.ID, "--reason", reason)
	c.did("risk.acceptance.approved", "risk.acceptance.granted")
	c.gate(0, "")
	return a.ID
}

// voidsByRating: what was accepted was a rating.
func (c *caseA) voidsByRating() {
	id := c.acceptedAnew("It logs no more")
	c.run("reviewer", 0, nil, "risk", "rate", c.risk, "--likelihood", "5", "--impact", "3", "--reason", "Seen twice within a week")
	c.did("risk.rated", "risk.acceptance.voided")
	c.gate(3, "risk.acceptance_void")
	c.closes(id)
}

// voidsByRealm: what was accepted was a call to that realm. The catalogue knows
// nothing of acceptances; the gate compares by itself.
func (c *caseA) voidsByRealm() {
	id := c.acceptedAnew("On the new rating")
	c.run("owner", 0, nil, "subject", "change", flowRef, "--set", "to=production")
	c.did("risk.followed") // the rating was of another subject, too
	c.gate(3, "risk.acceptance_void")
	var a acceptanceView
	c.run("owner", 0, &a, "risk", "acceptance", c.risk, "--acceptance", id)
	if a.Standing.Code != "void" || len(a.Standing.Changed) == 0 {
		c.t.Errorf("standing %+v", a.Standing)
	}
	c.run("owner", 0, nil, "subject", "change", flowRef, "--set", "to=cloud")
	c.closes(id)
}

func (c *caseA) acceptsAgain() {
	c.run("owner", 1, nil, "risk", "ask", c.risk, "--option", "temporary", "--until", day(30), "--reason", "Back on the cloud realm")
	c.run("reviewer", 0, nil, "risk", "rate", c.risk, "--likelihood", "5", "--impact", "3", "--reason", "As before the change of realm")
	c.did("risk.rated")
	c.first = c.acceptedAnew("Back on the cloud realm")
}

func (c *caseA) runsOut() {
	v := c.gate(3, "risk.acceptance_expired")
	c.verifyNote(v, 3)
	c.run("reviewer", 1, nil, "risk", "revoke", c.risk, "--acceptance", c.first, "--reason", "Too late")
}

func (c *caseA) settles() {
	c.run("owner", 1, nil, "risk", "settle", c.risk, "--undone", " ", "--learnt", "Nothing")
	c.run("requester", 77, nil, "risk", "settle", c.risk, "--acceptance", c.first, "--undone", "Nothing", "--learnt", "Nothing")
	c.run("owner", 0, nil, "risk", "settle", c.risk, "--acceptance", c.first,
		"--undone", "The extension calls the old suggestions again; shown to operations", "--learnt", "A month was enough")
	c.did("risk.acceptance.closed")
	c.run("owner", 1, nil, "risk", "settle", c.risk, "--acceptance", c.first, "--undone", "Again", "--learnt", "Again")
	c.gate(3, "risk.acceptance_missing")
}

// isAPrecedent: the next who asks sees what was learnt here.
func (c *caseA) isAPrecedent() {
	var a acceptanceView
	c.run("owner", 0, &a, "risk", "ask", c.risk, "--option", "temporary", "--until", day(31+10), "--reason", "Ten days for the final figures")
	c.did("risk.acceptance.asked")
	learnt := map[string]string{}
	for _, p := range a.Precedents {
		learnt[p.Acceptance] = p.Learnt
	}
	if a.Ordinal != 7 || learnt[c.first] != "A month was enough" {
		c.t.Errorf("ordinal %d, precedents %+v", a.Ordinal, a.Precedents)
	}
	c.run("owner", 0, nil, "risk", "withdraw", c.risk, "--reason", "Not worth it")
	c.did("risk.acceptance.withdrawn")
}

// provesEverything finds each step in the ledger, in order, proves single entries
// and the whole log offline, by two verifiers.
func (c *caseA) provesEverything() {
	var list struct {
		Items []struct {
			Seq  int64  `json:"seq"`
			Kind string `json:"kind"`
		} `json:"items"`
		Next string `json:"next"`
	}
	c.run("owner", 0, &list, "ledger", "list", "--item", "risk:"+c.risk, "--limit", "200")
	var kinds []string
	for _, e := range slices.Backward(list.Items) {
		kinds = append(kinds, e.Kind)
	}
	if !slices.Equal(kinds, c.kinds) || list.Next != "" {
		c.t.Errorf("the ledger has\n%s\nand not\n%s", strings.Join(kinds, "\n"), strings.Join(c.kinds, "\n"))
	}
	key := filepath.Join(c.data, "ledger.pub")
	for _, e := range list.Items[:3] {
		r := c.run("owner", 0, nil, "ledger", "show", fmt.Sprint(e.Seq), "--key", key)
		if !strings.Contains(r.stdout, "verified: ") || !strings.Contains(r.stdout, e.Kind) {
			c.t.Errorf("entry %d: %s", e.Seq, r.stdout)
		}
	}
	c.run("owner", 77, nil, "ledger", "export", "--out", filepath.Join(c.t.TempDir(), "mine"))
	export := filepath.Join(c.t.TempDir(), "export")
	var written struct {
		Size int64  `json:"size"`
		Root string `json:"root"`
	}
	c.run("reviewer", 0, &written, "ledger", "export", "--out", export)
	for _, where := range [][]string{{export, "--key", key}, {"--data", c.data}} {
		r := command(c.t, nil, append([]string{"ledger", "verify"}, where...)...).must(c.t, 0)
		if strings.Count(r.stdout, "\n") != 1 || !strings.Contains(r.stdout, fmt.Sprint(written.Size)) || !strings.Contains(r.stdout, written.Root) {
			c.t.Errorf("verify %s: %q, want one line with %d and %s", where[0], r.stdout, written.Size, written.Root)
		}
	}
	python(c.t, export, key).must(c.t, 0)
}

// TestCaseAByAPI is the same decision by HTTP alone, for what only a client of
// the API sees: entity tags, the address of what was made, gate headers.
func TestCaseAByAPI(t *testing.T) {
	s := startDemo(t, t.TempDir(), "+1d")
	owner, reviewer := s.caller("owner"), s.caller("reviewer")
	var list struct {
		Items []riskView `json:"items"`
	}
	reviewer.get("/api/v1/risks?subject=flow:property-suggester-ab-test").want(t, 200).decode(t, &list)
	risk := list.Items[0].ID
	shown := owner.get("/api/v1/risks/"+risk).want(t, 200)
	tag := shown.header.Get("ETag")
	ask := map[string]any{"option": "temporary", "reason": "More", "until": day(40), "extends": ""}
	owner.call("POST", "/api/v1/risks/"+risk+"/acceptances", ask).problem(t, 428, "request.if_match_missing")
	owner.call("POST", "/api/v1/risks/"+risk+"/acceptances", ask, "If-Match", `"v1"`).want(t, 412)
	made := owner.call("POST", "/api/v1/risks/"+risk+"/acceptances", ask, "If-Match", tag).want(t, 201)
	var a acceptanceView
	owner.get(made.header.Get("Location")).want(t, 200).decode(t, &a)
	if a.State != "asked" || made.header.Get("ETag") != `"v1"` {
		t.Errorf("made %+v at %s, tag %s", a, made.header.Get("Location"), made.header.Get("ETag"))
	}
	for _, action := range []string{"call", "publish"} {
		got := reviewer.get("/api/v1/gate?subject=flow:property-suggester-ab-test&action="+action).want(t, 200)
		if got.header.Get("Cache-Control") != "no-store" || !json.Valid(got.body) {
			t.Errorf("%s: %v", action, got.header)
		}
	}
}

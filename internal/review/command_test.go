// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/internal/review/kind"
)

// served is a desk behind an HTTPS server, and a command line for each person.
type served struct {
	*desk
	url, ca string
}

func serve(t *testing.T) *served {
	t.Helper()
	d := newDesk(t, storetest.SQLite(t, tables()))
	h, err := d.mux().Handler()
	d.must(err)
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	d.must(os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	return &served{desk: d, url: server.URL, ca: ca}
}

// mux serves the API of reviews; a person's token is their login.
func (d *desk) mux() *web.Mux {
	d.t.Helper()
	deps := webtest.Deps(review.Actions()...)
	people := webtest.People{}
	for login := range cast {
		people[login] = actor(login)
	}
	deps.People, deps.Policy, deps.Submissions, deps.Clock = people, d.authz, d.log, d.db.Clock()
	m := web.NewMux(deps)
	d.reviews.API(m.API())
	return m
}

// run runs `portreeve review ...` as the person and returns the output and exit code.
func (o *served) run(person string, args ...string) (string, int) {
	o.t.Helper()
	return o.typed(person, "", args...)
}

// typed is run with something on standard input.
func (o *served) typed(person, input string, args ...string) (string, int) {
	o.t.Helper()
	var out, errs bytes.Buffer
	session := &client.Session{Context: o.t.Context(), Stdin: strings.NewReader(input), Stdout: &out, Stderr: &errs,
		Config: client.Config{URL: o.url, Token: person, CA: o.ca}}
	parser, err := kong.New(&review.Commands{}, kong.Name("review"), kong.Exit(func(int) {}), kong.Writers(&out, &errs))
	o.must(err)
	cmd, err := parser.Parse(args)
	if err != nil {
		return err.Error(), 64
	}
	err = cmd.Run(session)
	code := client.Report(&errs, err)
	return out.String() + errs.String(), code
}

// ok runs a command that must succeed and reads its JSON.
func (o *served) ok(into any, person string, args ...string) {
	o.t.Helper()
	out, code := o.run(person, append(args, "--json")...)
	if code != 0 {
		o.t.Fatalf("%v exits %d: %s", args, code, out)
	}
	o.must(json.Unmarshal([]byte(out), into))
}

// file writes a file for a command.
func (o *served) file(name, text string) string {
	o.t.Helper()
	path := filepath.Join(o.t.TempDir(), name)
	o.must(os.WriteFile(path, []byte(text), 0o600))
	return path
}

const formB = `
title: Security concept review for new CI
kind: concept
name: new-ci
sketch: Replace the existing CI.
answers:
  project: new CI
  target_date: "2020"
  sensitive_data: None, hopefully.
technologies:
  - {name: Argo, state: candidate}
`

// Case B by the command line, by its participants' parts.
func TestCommandsRunCaseB(t *testing.T) {
	o := serve(t)
	o.project("new-ci")
	var v kind.Verdict
	answers, _ := o.screened(kind.Needed)
	args := []string{"prescreen"}
	for q, a := range answers {
		args = append(args, "--answer", q+"="+a)
	}
	o.ok(&v, "requester", args...)
	if v.Result != kind.Needed || len(v.Kinds) == 0 {
		t.Errorf("the pre-screen says %+v", v)
	}
	var d review.Detail
	o.ok(&d, "requester", "request", "--file", o.file("form.yaml", formB), "--subject", "project:new-ci", "--answer", "target_date=2026-12-24")
	if d.ID != "new-ci" || d.Answers["target_date"] != "2026-12-24" || len(d.Technologies) != 1 || d.Subject != "project:new-ci" {
		t.Errorf("requested: %+v", d.Review)
	}
	o.ok(&d, "triager", "move", "new-ci", "--to", "waiting", "--not-ready", "sensitive_data", "--not-ready", "scenarios")
	o.ok(&d, "requester", "edit", "new-ci", "--file", o.file("more.json", `{"scenarios": [{"title": "A patch", "who": "Anybody", "steps": "Send it in.", "trust": "Runs apart."}]}`))
	o.ok(&d, "requester", "resubmit", "new-ci")
	o.ok(&d, "triager", "move", "new-ci", "--to", "back_orders", "--priority", "medium")
	o.ok(&d, "triager", "move", "new-ci", "--to", "planned", "--quarter", "2026-Q4", "--on", "2026-12-01")
	o.ok(&d, "triager", "estimate", "new-ci", "--effort", "2.5")
	o.ok(&d, "triager", "assign", "new-ci", "reviewer", "--as", "lead")
	o.ok(&d, "reviewer", "declare", "new-ci", "--conflict", "none")
	o.ok(&d, "triager", "assign", "new-ci", "reviewer2", "--as", "second_reader")
	o.ok(&d, "reviewer2", "declare", "new-ci", "--conflict", "soft", "--words", "A friend works there.")
	o.ok(&d, "triager", "assign", "new-ci", "reviewer3")
	o.ok(&d, "triager", "release", "new-ci", "reviewer3")
	o.ok(&d, "triager", "move", "new-ci", "--to", "in_progress")
	if d.Effort != 2.5 || d.ScheduledFor != "2026-12-01" || len(d.Reviewers) != 2 || !d.Clock.Running {
		t.Errorf("in progress: %+v with %+v", d.Review, d.Reviewers)
	}
	o.workByCommand()
	o.endByCommand()
}

// Several kinds: each with its reason, the answers that it follows from, and how it
// is requested.
func TestPrescreenSaysWhy(t *testing.T) {
	o := serve(t)
	args := []string{"prescreen"}
	for _, answer := range []string{"what=new", "runs=production", "lower_trust=no", "supplier=yes", "others_code=no", "personal_data=no", "merged=merged"} {
		args = append(args, "--answer", answer)
	}
	out, code := o.run("requester", args...)
	for _, want := range []string{"supplier=yes (Does it come to rely on a supplier", "runs=production (Where will it run? In production)", "Next, each of these", "review request --kind supplier", "review request --kind readiness"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit %d, no %q in %s", code, want, out)
		}
	}
}

// workByCommand asks, states and finds.
func (o *served) workByCommand() {
	t := o.t
	t.Helper()
	var d review.Detail
	o.ok(&d, "reviewer", "ask", "new-ci", "--text", "Where is testing?", "--due", "2026-12-01")
	if q := d.Questions[0]; q.Due.Format("2006-01-02T15:04") != "2026-12-02T00:00" || d.Clock.Running {
		t.Errorf("asked %+v", q)
	}
	out, code := o.typed("requester", "Unclear, or even if.\n", "answer", "new-ci", "Q1", "--file", "-")
	if code != 0 || !strings.HasPrefix(out, "new-ci: in progress, medium, ") || !strings.Contains(out, "Q1") || !strings.Contains(out, "answered") || strings.Contains(out, "Replace the existing CI.") {
		t.Errorf("answered: exit %d, %s", code, out)
	}
	o.ok(&d, "reviewer", "settle", "new-ci", "Q1", "--settled", "not", "--note", "Nobody knows.")
	o.ok(&d, "reviewer", "state", "new-ci", "--text", "Build nodes are untrusted.", "--source-kind", "document", "--source-title", "Threat model", "--source-place", "L132", "--label", "B09")
	o.ok(&d, "reviewer", "state", "new-ci", "--kind", "requirement", "--text", "Exactly that artifact.", "--source-kind", "document", "--source-title", "Architecture", "--source-url", "https://example.org/a")
	o.ok(&d, "reviewer", "find", "new-ci", "--kind", "contradiction", "--title", "Untrusted builds reach production", "--severity", "high", "--first", "B09", "--second", "R1")
	o.ok(&d, "reviewer", "restate", "new-ci", "B09", "--state", "withdrawn", "--note", "The diagram was wrong.")
	if s := d.Statements; s[len(s)-1].Source.Place != "L132" && s[0].Source.Place != "L132" {
		t.Errorf("what was not typed is lost: %+v", s)
	}
	o.ok(&d, "reviewer", "refind", "new-ci", "C1", "--state", "settled", "--became", "Two channels.")
	o.ok(&d, "reviewer", "find", "new-ci", "--kind", "weakness", "--title", "No owner", "--text", "Nobody answers for it.")
	o.ok(&d, "reviewer", "risk", "new-ci", "F1", "--data", "internal", "--direction", "both", "--access", "write", "--volume", "low")
	if d.Findings[0].State != review.FindingSettled || d.Findings[0].First == "" || d.Findings[1].State != review.FindingRisk {
		t.Errorf("found %+v", d.Findings)
	}
}

// endByCommand writes the assessment and gives the outcome.
func (o *served) endByCommand() {
	t := o.t
	t.Helper()
	var d review.Detail
	draft, code := o.run("reviewer", "assess", "new-ci", "--draft")
	if code != 0 || !strings.HasPrefix(draft, "# Assessment: Security concept review for new CI") {
		t.Fatalf("draft: exit %d, %s", code, draft)
	}
	o.ok(&d, "reviewer", "assess", "new-ci", "--file", o.file("assessment.md", draft))
	for person, want := range map[string]string{"reviewer": "# Assessment: Security concept review for new CI", "bystander": "you do not take part in it"} {
		if out, _ := o.run(person, "show", "review:new-ci", "--assessment"); !strings.Contains(out, want) {
			t.Errorf("to the %s the assessment is %s", person, out)
		}
	}
	if out, _ := o.run("reviewer", "show", "new-ci"); !strings.Contains(out, "show new-ci --assessment") {
		t.Errorf("nothing says where the assessment is: %s", out)
	}
	o.ok(&d, "reviewer2", "read", "new-ci", "--concurs", "I agree.")
	o.ok(&d, "reviewer", "decide", "new-ci", "--outcome", "advice", "--reason", "Too much is open.", "--condition", "::Final components", "--condition", "2026-12-24:infra:Ownership", "--proof", "", "--proof", "A page")
	if len(d.Conditions) != 2 || d.Conditions[1].Owner != "infra" || d.Conditions[1].Proof != "A page" || d.Verdict.Outcome != review.Advice {
		t.Errorf("decided %+v with %+v", d.Verdict, d.Conditions)
	}
	if out, code := o.run("infra", "meet", "new-ci", "--condition", "3", "--shown", "x"); code != 64 || !strings.Contains(out, "open: 1, 2.") {
		t.Errorf("a condition that is none: exit %d, %s", code, out)
	}
	o.ok(&d, "infra", "meet", "new-ci", "--condition", "2", "--shown", "https://example.org/owners")
	o.ok(&d, "reviewer", "abstract", "new-ci", "--text", "We gave advice.", "--publish")
	if out, code := o.run("reviewer", "abstract", "new-ci"); code != 64 || !strings.Contains(out, "--take-back") {
		t.Errorf("an abstract of which nothing is said: exit %d, %s", code, out)
	}
	out, _ := o.run("bystander", "abstract", "review:new-ci", "--preview")
	if !strings.HasSuffix(out, "We gave advice.\n") || strings.Contains(out, "Too much") {
		t.Errorf("what leaves is %s", out)
	}
	for _, args := range [][]string{{"list", "--column", "all"}, {"board"}, {"show", "review:new-ci"}, {"kind", "list"}, {"kind", "show", "concept"}, {"prescreen"}} {
		if out, code := o.run("auditor", args...); code != 0 || len(out) < 20 {
			t.Errorf("%v: exit %d, %s", args, code, out)
		}
	}
}

func TestReviewsEndByCommand(t *testing.T) {
	o := serve(t)
	first, second, third := o.requested(), o.requested(), o.requested()
	var d review.Detail
	o.ok(&d, "requester", "supersede", first.ID, "--by", second.ID, "--reason", "A partner.")
	o.ok(&d, "requester", "withdraw", second.ID, "--reason", "No partner.")
	o.ok(&d, "triager", "dismiss", third.ID, "--reason", "A routine change.")
	if d.Verdict.Outcome != review.NotNeeded {
		t.Errorf("dismissed as %+v", d.Verdict)
	}
	hosted := o.requested(of("third-party-hosting", ""))
	o.ok(&d, "triager", "opinion", "ask", hosted.ID, "legal", "--assessor", "legal")
	o.ok(&d, "legal", "opinion", "give", hosted.ID, "legal", "--verdict", "concerns", "--text", "The contract lacks a clause.")
	if d.Opinions[0].Verdict != "concerns" {
		t.Errorf("the opinion is %+v", d.Opinions)
	}
}

func TestKindsByCommand(t *testing.T) {
	o := serve(t)
	text, code := o.run("reviewer", "kind", "show", "privacy")
	if code != 0 {
		t.Fatal(text)
	}
	changed := o.file("privacy.yaml", strings.Replace(text, "sections:\n", "sections:\n  - title: More\n    fields:\n      - {name: lawful_basis, label: Lawful basis, type: line, required: true, guidance: Say which., example: Consent.}\n", 1))
	if out, code := o.run("reviewer", "kind", "diff", "privacy", changed); code != 0 || !strings.Contains(out, "lawful_basis") {
		t.Errorf("diff: exit %d, %s", code, out)
	}
	if out, code := o.run("reviewer", "kind", "try", "privacy", changed, "--answer", "nonsense=1"); code != 0 || !strings.Contains(out, "refused nonsense") || !strings.Contains(out, "falls short lawful_basis") {
		t.Errorf("try: exit %d, %s", code, out)
	}
	if out, code := o.run("reviewer", "kind", "try", "privacy", o.file("bad.yaml", "name: privacy\nforce: maybe\n")); code == 0 || !strings.Contains(out, "cannot be published") {
		t.Errorf("a bad text: exit %d, %s", code, out)
	}
	if out, code := o.run("triager", "kind", "publish", "privacy", changed, "--note", "Asked for."); code != 77 {
		t.Errorf("by a triager: exit %d, %s", code, out)
	}
	var k review.KindDetail
	o.ok(&k, "reviewer", "kind", "publish", "privacy", changed, "--note", "Asked for by legal.")
	if k.Version != 2 || k.Kind == nil {
		t.Errorf("published %+v", k.KindVersion)
	}
	if out, code := o.run("reviewer", "kind", "publish", "privacy", changed, "--note", "Again.", "--before", "1"); code != 1 || !strings.Contains(out, "Somebody changed this") {
		t.Errorf("from an old one: exit %d, %s", code, out)
	}
	if out, code := o.run("reviewer", "kind", "publish", "privacy", changed, "--note", "Again."); code != 0 || !strings.HasPrefix(out, "Nothing changed: version 2") {
		t.Errorf("the same text again: exit %d, %s", code, out)
	}
	if o.ok(&k, "reviewer", "kind", "show", "privacy"); k.Version != 2 {
		t.Errorf("the same text made version %d", k.Version)
	}
	own := o.file("own.yaml", strings.Replace(strings.Replace(text, "name: privacy", "name: local", 1), "title: ", "title: Our own ", 1))
	o.ok(&k, "reviewer", "kind", "publish", "local", own, "--note", "Of our own.")
	var d review.Detail
	o.ok(&d, "requester", "request", "--kind", "local", "--title", "By our own kind")
	if d.Kind != "local" || d.KindVersion != 1 || !strings.HasPrefix(d.KindTitle, "Our own") {
		t.Errorf("requested by %s version %d, %s", d.Kind, d.KindVersion, d.KindTitle)
	}
}

func TestCommandErrors(t *testing.T) {
	o := serve(t)
	r := o.requested()
	for _, c := range []struct {
		name, person string
		args         []string
		code         int
		want         string
	}{
		{"unknown flag", "owner", []string{"show", r.ID, "--jsn"}, 64, "unknown flag --jsn"},
		{"missing argument", "owner", []string{"show"}, 64, "<review>"},
		{"no such kind to list", "triager", []string{"list", "--kind", "concpt"}, 1, "concept"},
		{"no such kind on the board", "triager", []string{"board", "--kind", "concpt"}, 1, "kind: Choose one of"},
		{"no quarter to list", "triager", []string{"list", "--quarter", "soon"}, 1, "2026-Q4"},
		{"bad column", "triager", []string{"move", r.ID, "--to", "done"}, 64, "--to"},
		{"no title", "owner", []string{"request", "--sketch", "x"}, 64, "--title"},
		{"not there", "owner", []string{"show", "abcdefghijklmnop"}, 1, "nothing here"},
		{"not allowed", "requester", []string{"move", r.ID, "--to", "back_orders"}, 77, ""},
		{"not signed in", "ghost", []string{"list"}, 77, ""},
		{"stale", "triager", []string{"move", r.ID, "--to", "back_orders", "--version", "9"}, 1, "Somebody changed this"},
		{"no quarter", "triager", []string{"move", r.ID, "--to", "planned"}, 1, "2026-Q4"},
		{"no reason", "triager", []string{"move", r.ID, "--to", "waiting"}, 1, "reason"},
		{"no field that falls short", "triager", []string{"move", r.ID, "--to", "waiting", "--not-ready", "target_date", "--not-ready", "targetdate"}, 1, "target_date, "},
		{"nothing to change", "owner", []string{"edit", r.ID}, 64, "Say what to change"},
		{"nothing to set", "triager", []string{"estimate", r.ID}, 64, "--effort"},
		{"no text", "reviewer", []string{"ask", r.ID}, 64, "--text"},
		{"both texts", "reviewer", []string{"ask", r.ID, "--text", "x", "--file", "y"}, 64, "can't be used together"},
		{"bad date", "reviewer", []string{"ask", r.ID, "--text", "x", "--due", "tomorrow"}, 1, "2026-12-23"},
		{"no such question", "owner", []string{"answer", r.ID, "Q9", "--text", "x"}, 1, "This review has no question."},
		{"settle how", "reviewer", []string{"settle", r.ID, "Q1"}, 64, "--settled"},
		{"settle twice", "reviewer", []string{"settle", r.ID, "Q1", "--again", "--withdraw"}, 64, "one of"},
		{"no such statement", "reviewer", []string{"restate", r.ID, "S9", "--note", "x"}, 1, "has no statement"},
		{"no such finding", "reviewer", []string{"refind", r.ID, "F9", "--became", "x"}, 1, "has no finding"},
		{"assess what", "reviewer", []string{"assess", r.ID}, 64, "--draft"},
		{"condition syntax", "reviewer", []string{"decide", r.ID, "--outcome", "advice", "--reason", "x", "--condition", "soon"}, 64, "date:login:text"},
		{"proof of what", "reviewer", []string{"decide", r.ID, "--outcome", "advice", "--reason", "x", "--proof", "y"}, 64, "--condition"},
		{"nothing to meet", "reviewer", []string{"meet", r.ID, "--shown", "x"}, 64, "No condition of this review is open"},
		{"no such file", "owner", []string{"request", "--file", "nowhere.yaml"}, 64, "cannot be read"},
		{"no such key", "owner", []string{"request", "--file", o.file("bad.yaml", "titel: x\n")}, 1, "title"},
		{"no such kind", "owner", []string{"request", "--kind", "nonsense", "--title", "x"}, 1, "kind list"},
		{"no such field", "owner", []string{"edit", r.ID, "--answer", "proect=x"}, 1, "project"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, code := o.run(c.person, c.args...)
			if code != c.code || !strings.Contains(out, c.want) {
				t.Errorf("exit %d, want %d with %q: %s", code, c.code, c.want, out)
			}
		})
	}
}

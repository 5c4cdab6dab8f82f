// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// caseBView is what the test reads of a review as the commands print it.
type caseBView struct {
	ID        string   `json:"id"`
	Version   int64    `json:"version"`
	Column    string   `json:"column"`
	Priority  string   `json:"priority"`
	Quarter   string   `json:"quarter"`
	Required  bool     `json:"required"`
	May       []string `json:"may"`
	Shortfall []struct {
		Field string `json:"field"`
		Code  string `json:"code"`
	} `json:"shortfalls"`
	Clock struct {
		Running bool `json:"running"`
		Pauses  []struct {
			Cause string    `json:"cause"`
			Until time.Time `json:"until"`
		} `json:"pauses"`
	} `json:"clock"`
	Questions []struct {
		Label   string `json:"label"`
		State   string `json:"state"`
		Settled string `json:"settled"`
		Thread  []struct {
			Text string `json:"text"`
		} `json:"thread"`
	} `json:"questions"`
	Statements []struct {
		ID    string `json:"id"`
		Label string `json:"label"`
		State string `json:"state"`
	} `json:"statements"`
	Findings []caseBFinding `json:"findings"`
	Verdict  struct {
		Outcome string `json:"outcome"`
	} `json:"verdict"`
	Conditions []struct {
		Text string `json:"text"`
	} `json:"conditions"`
	History []struct {
		Entry int64  `json:"entry"`
		Kind  string `json:"kind"`
	} `json:"history"`
}

type caseBFinding struct {
	Label  string `json:"label"`
	Kind   string `json:"kind"`
	First  string `json:"first"`
	Second string `json:"second"`
	State  string `json:"state"`
	Became string `json:"became"`
	Risk   string `json:"risk"`
}

// caseB is case B of the worked cases, after task T240943, played again by commands
// under another name than the one that the demo loads.
type caseB struct {
	*server
	t      *testing.T
	review string
}

// TestCaseB goes from a sketch in form of a request to an outcome by command line
// and API, by its participants' parts: the requester, a triager, three reviewers and
// the infrastructure side. After each event the review is where the source says.
func TestCaseB(t *testing.T) {
	b := &caseB{server: startDemo(t, t.TempDir(), ""), t: t, review: "another-ci"}
	b.isRequested()
	b.isTriaged()
	b.isScheduled()
	b.isAsked()
	b.isAssessed()
	b.isClarified()
	b.isDecided()
	b.isProved()
	b.isTheDemos()
}

// does runs a command about the review as the person of that part, and says where
// the review stands then.
func (b *caseB) does(who, column string, args ...string) caseBView {
	b.t.Helper()
	var v caseBView
	b.cli(who, append([]string{"review"}, append(args, "--json")...)...).must(b.t, 0).decode(b.t, &v)
	if column != "" && v.Column != column {
		b.t.Fatalf("after %v the review is in %q, want %q", args, v.Column, column)
	}
	return v
}

// refused runs a command that must be refused with words that hold part.
func (b *caseB) refused(who string, code int, part string, args ...string) {
	b.t.Helper()
	r := b.cli(who, append([]string{"review"}, args...)...).must(b.t, code)
	if !strings.Contains(r.stderr, part) {
		b.t.Errorf("%v was refused without saying %q:\n%s", args, part, r.stderr)
	}
}

// file writes a file and returns its path.
func (b *caseB) file(name, text string) string {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

func (b *caseB) comments(who, text string) {
	b.t.Helper()
	b.cli(who, "comment", "add", "review:"+b.review, text).must(b.t, 0)
}

// isRequested: E05, the request as filed, and what falls short in it (B1).
func (b *caseB) isRequested() {
	b.cli("release", "subject", "register", "project:another-ci", "--title", "Another CI", "--visibility", "public", "--organisation", b.foundation()).must(b.t, 0)
	answers := map[string]string{
		"project": "another CI", "owning_team": "Release Engineering", "primary_contact": "release", "target_date": "2020", "repository": "n/a",
		"brand_new": "yes", "risk_assessment": "in progress", "prior_talk": "kind of, blog posts", "own_privacy_policy": "no?",
		"description": "Replaces the existing CI.", "sensitive_data": "None, hopefully.", "dependencies": "some cluster", "test_environment": "There is none yet.",
	}
	args := []string{"request", "--name", b.review, "--kind", "concept", "--subject", "project:another-ci", "--title", "Another CI"}
	for field, text := range answers {
		args = append(args, "--answer", field+"="+text)
	}
	v := b.does("release", "incoming", args...)
	if v.Required {
		b.t.Error("a concept review is never a blocker, and this one is required")
	}
	var short []string
	for _, s := range v.Shortfall {
		short = append(short, s.Field)
	}
	for _, field := range []string{"target_date", "sensitive_data", "repository", "own_privacy_policy", "scenarios"} {
		if !slices.Contains(short, field) {
			b.t.Errorf("%s passes unremarked; remarked are %v", field, short)
		}
	}
}

// isTriaged: E07 to E10.
func (b *caseB) isTriaged() {
	b.comments("triager", "Is there a day for this?")
	v := b.does("triager", "back_orders", "move", b.review, "--to", "back_orders", "--priority", "medium")
	if v.Priority != "medium" || v.Clock.Running {
		b.t.Errorf("priority %q, clock running: %v", v.Priority, v.Clock.Running)
	}
	b.comments("release", "Not yet; sooner rather than later.")
	b.refused("triager", 1, "user scenario", "move", b.review, "--to", "planned", "--quarter", quarterNow(), "--on", inAWeek())
}

// isScheduled: E12. Nobody takes part who has not declared.
func (b *caseB) isScheduled() {
	b.refused("requester", 77, "not allowed", "move", b.review, "--to", "planned", "--quarter", quarterNow())
	scenario := "scenarios:\n  - {title: A volunteer sends a patch set, who: Anybody with an account, steps: CI builds it., trust: Code that nobody looked at runs on the nodes.}\n"
	b.does("release", "back_orders", "edit", b.review, "--file", b.file("form.yaml", scenario))
	for _, who := range []string{"reviewer", "reviewer-two", "reviewer-three"} {
		part := "reviewer"
		if who == "reviewer" {
			part = "lead"
		}
		b.does("triager", "", "assign", b.review, who, "--as", part)
	}
	v := b.does("triager", "planned", "move", b.review, "--to", "planned", "--quarter", quarterNow(), "--on", inAWeek())
	if v.Quarter != quarterNow() {
		b.t.Errorf("accepted for %q", v.Quarter)
	}
	b.refused("triager", 1, "declare", "move", b.review, "--to", "in_progress")
	for _, who := range []string{"reviewer", "reviewer-two", "reviewer-three"} {
		b.does(who, "planned", "declare", b.review, "--conflict", "none")
	}
	if v := b.does("triager", "in_progress", "move", b.review, "--to", "in_progress"); !v.Clock.Running {
		b.t.Error("the clock does not run once the work has begun")
	}
}

// isAsked: E13 and E14, three scoping questions and their answers; the clock stands
// still while one of them is open.
func (b *caseB) isAsked() {
	for _, text := range []string{"Which technologies, and what do they replace?", "Testing and staging: where, by whom?", "A commercial provider: which?"} {
		b.does("reviewer", "in_progress", "ask", b.review, "--text", text, "--due", inAWeek())
	}
	if v := b.does("reviewer", "in_progress", "show", b.review); v.Clock.Running || len(v.Clock.Pauses) != 3 {
		b.t.Errorf("with three open questions the clock runs: %v, pauses: %d", v.Clock.Running, len(v.Clock.Pauses))
	}
	b.refused("outsider", 77, "", "answer", b.review, "Q1", "--text", "I know it.")
	for i, text := range []string{"Argo on Kubernetes.", "Unclear, or even if.", "Definitely considered."} {
		b.does("release", "in_progress", "answer", b.review, fmt.Sprintf("Q%d", i+1), "--text", text)
	}
	b.does("reviewer", "", "settle", b.review, "Q1", "--settled", "partly", "--note", "What is replaced is not said.")
	b.does("reviewer", "", "settle", b.review, "Q2", "--settled", "not", "--note", "Nobody plans any.")
	v := b.does("reviewer", "in_progress", "settle", b.review, "Q3", "--settled", "partly", "--note", "An example only.")
	if !v.Clock.Running {
		b.t.Error("the clock still stands after all answers")
	}
	for _, q := range v.Questions {
		if q.State != "settled" || len(q.Thread) != 2 {
			b.t.Errorf("%s is %s with %d texts", q.Label, q.State, len(q.Thread))
		}
	}
	b.refused("release", 1, "settled", "answer", b.review, "Q1", "--text", "One more thing.")
}

// isAssessed: E16 to E18, statements, the four contradictions, a written assessment,
// and then it waits.
func (b *caseB) isAssessed() {
	state := func(label, kind, text, source, place string, more ...string) {
		args := []string{"state", b.review, "--label", label, "--kind", kind, "--text", text, "--source-kind", source, "--source-title", "T240943", "--source-place", place}
		b.does("reviewer", "in_progress", append(args, more...)...)
	}
	state("R1", "requirement", "Must be one that the foundation can host itself.", "document", "L106, L127", "--origin", "unknown", "--who", "Working group")
	state("B09", "statement", "Build nodes are not trusted.", "document", "L132")
	state("B06", "statement", "Exactly the built artifact goes on to production.", "document", "L134-144")
	state("B10", "statement", "An environment like production runs the code of developers.", "document", "L146-156")
	state("A2", "statement", "Testing and staging are unclear, or even if.", "answer", "L90")
	state("A3", "statement", "A commercial provider is considered.", "answer", "L91")
	state("F31", "statement", "Sensitive data: none, hopefully.", "form", "L31")
	state("B17", "statement", "Personal data is involved.", "comment", "L190")
	b.refused("reviewer", 1, "two statements", "find", b.review, "--kind", "contradiction", "--title", "Something contradicts")
	for _, c := range [][3]string{{"Untrusted build nodes feed production", "B09", "B06"}, {"Environments that nobody plans", "B10", "A2"}, {"Hosted here, or by a provider", "R1", "A3"}, {"No sensitive data, and personal data", "F31", "B17"}} {
		b.does("reviewer-two", "in_progress", "find", b.review, "--kind", "contradiction", "--title", c[0], "--first", c[1], "--second", c[2])
	}
	b.does("reviewer-three", "in_progress", "find", b.review, "--kind", "near_miss", "--title", "Nobody knows where the very hard requirements come from", "--evidence", "L113")

	draft := b.cli("reviewer", "review", "assess", b.review, "--draft").must(b.t, 0).stdout
	for _, words := range []string{"Untrusted build nodes feed production", "Build nodes are not trusted.", "L134-144", "What is replaced is not said."} {
		if !strings.Contains(draft, words) {
			b.t.Errorf("the composed assessment does not say %q", words)
		}
	}
	b.does("reviewer", "in_progress", "assess", b.review, "--file", b.file("assessment.md", draft))
	v := b.does("triager", "waiting", "move", b.review, "--to", "waiting", "--reason", "Waits for clearer parameters.")
	if v.Clock.Running {
		b.t.Error("the clock runs while the review is stalled")
	}
}

// isClarified: E19 and E20, what became of the statements and the contradictions.
func (b *caseB) isClarified() {
	b.comments("operations", "The diagram is wrong; there are to be two channels.")
	b.does("reviewer", "waiting", "restate", b.review, "B09", "--state", "withdrawn", "--note", "Two channels; production is built in the trusted one (L217, L240).")
	b.comments("release", "A small step back: narrower scope, revised documents, concrete scenarios.")
	b.does("reviewer", "waiting", "restate", b.review, "R1", "--state", "removed", "--note", "Beyond the authority of release engineering (L270).")
	b.does("reviewer", "waiting", "refind", b.review, "C1", "--state", "settled", "--became", "The first statement was withdrawn.")
	v := b.does("reviewer", "waiting", "refind", b.review, "C3", "--state", "passed_on", "--became", "For the executive management (L315).")
	found := map[string]caseBFinding{}
	for _, f := range v.Findings {
		found[f.Label] = f
	}
	for label, state := range map[string]string{"C1": "settled", "C2": "open", "C3": "passed_on", "C4": "open"} {
		if f := found[label]; f.Kind != "contradiction" || f.State != state || f.First == "" || f.Second == "" || (f.Became == "") != (state == "open") {
			b.t.Errorf("contradiction %s: %+v, want it %s", label, f, state)
		}
	}
	if found["N1"].Kind != "near_miss" {
		b.t.Errorf("the near miss is not kept: %+v", found)
	}
}

// isDecided: E21 to E24, advice with three things that are required to move forward.
func (b *caseB) isDecided() {
	b.refused("release", 77, "", "decide", b.review, "--outcome", "advice", "--reason", "Ours is fine.")
	b.refused("reviewer", 1, "advice", "decide", b.review, "--outcome", "approved", "--reason", "Fine.")
	v := b.does("reviewer", "done", "decide", b.review, "--outcome", "advice", "--reason", "Too many possibilities to add more.",
		"--condition", ":release:Final components, with their environments", "--condition", ":release:Ownership and stewardship", "--condition", ":release:Data locality")
	if v.Verdict.Outcome != "advice" || len(v.Conditions) != 3 {
		b.t.Errorf("outcome %q with %d things required", v.Verdict.Outcome, len(v.Conditions))
	}
	b.refused("triager", 1, "final", "move", b.review, "--to", "in_progress")
	b.comments("release", "Another go when we are ready.")
	b.does("release", "incoming", "request", "--kind", "concept", "--subject", "project:another-ci", "--title", "Another CI, with a partner", "--follows", b.review)
}

// isProved: every step is in the ledger, in the order of the source.
func (b *caseB) isProved() {
	v := b.does("reviewer", "done", "show", b.review)
	var kinds []string
	for _, step := range slices.Backward(v.History) {
		if step.Entry == 0 {
			b.t.Errorf("%s has no entry", step.Kind)
		}
		kinds = append(kinds, step.Kind)
	}
	order := []string{"review.requested", "review.moved", "review.edited", "review.reviewer.assigned", "review.moved", "review.reviewer.declared", "review.moved",
		"review.question.asked", "review.question.answered", "review.question.settled", "review.statement.recorded", "review.finding.recorded", "review.assessed",
		"review.moved", "review.statement.changed", "review.finding.changed", "review.decided"}
	at := 0
	for _, kind := range kinds {
		if at < len(order) && kind == order[at] {
			at++
		}
	}
	if at != len(order) {
		b.t.Errorf("the history %v does not go through %v: it stops before %s", kinds, order, order[at])
	}
	export := filepath.Join(b.t.TempDir(), "export")
	b.cli("reviewer", "ledger", "export", "--out", export).must(b.t, 0)
	command(b.t, nil, "ledger", "verify", export, "--key", filepath.Join(b.data, "ledger.pub")).must(b.t, 0)
}

// isTheDemos: the demo has the case from the start, and case A the review that led
// to its risk.
func (b *caseB) isTheDemos() {
	v := b.does("requester", "done", "show", "new-ci")
	contradictions := 0
	for _, f := range v.Findings {
		if f.Kind == "contradiction" {
			contradictions++
		}
	}
	if contradictions != 4 || v.Verdict.Outcome != "advice" || len(v.Conditions) != 3 {
		b.t.Errorf("the demo's case B has %d contradictions, outcome %q, %d things required", contradictions, v.Verdict.Outcome, len(v.Conditions))
	}
	a := b.does("requester", "incoming", "show", "property-suggester-ab-test")
	if len(a.Findings) != 1 || !strings.HasPrefix(a.Findings[0].Risk, "risk:") {
		b.t.Errorf("the review of case A led to no risk: %+v", a.Findings)
	}
}

// quarterNow is the quarter that it is, and inAWeek the day a week from now: the
// demo's clock is not shifted here, and its zone is UTC.
func quarterNow() string {
	now := time.Now().UTC()
	return fmt.Sprintf("%d-Q%d", now.Year(), (int(now.Month())+2)/3)
}

func inAWeek() string { return time.Now().UTC().AddDate(0, 0, 7).Format(time.DateOnly) }

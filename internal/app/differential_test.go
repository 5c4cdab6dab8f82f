// SPDX-License-Identifier: Apache-2.0

package app

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/risk"
)

// secretWord stands in everything that the hidden case consists of.
const secretWord = "Gargamel"

// TestHiddenCaseIsNowhere holds two installations against each other that differ
// in one thing: in the second there is a restricted subject and, on a subject
// that everybody inside sees, a restricted risk and a restricted review with all that
// belongs to them.
// Whoever takes no part in it gets the same bytes from both, from every route
// that answers to GET, and a refusal of the hidden ids that is the refusal of ids
// that do not exist. Afterwards the same was done in both, so that a trace in
// what came later would show as well.
//
// Only roots, proofs and signatures of the ledger may differ, and ids of
// requests. The entries' numbers may not: what is hidden lies in periods of its
// own, where it takes the place of padding.
func TestHiddenCaseIsNowhere(t *testing.T) {
	plain, other, hidden := twins(t)
	for _, login := range []string{"", "outsider", "requester", "triager", "operations", "chapter-director", "admin"} {
		t.Run("not as "+cmp.Or(login, "nobody"), func(t *testing.T) {
			a, b := plain.visit(login), other.visit(login)
			differences := 0
			addresses := everyAddress(plain, a, hidden)
			if diff := gocmp.Diff(addresses, everyAddress(other, b, hidden)); diff != "" {
				t.Errorf("the lists have other pages:\n%s", diff)
			}
			for _, address := range addresses {
				one, two := answerOf(a, address), answerOf(b, address)
				if strings.Contains(two, secretWord) && !strings.Contains(address, secretWord) {
					t.Errorf("%s names what is hidden", address)
				}
				if one == two {
					continue
				}
				diff := gocmp.Diff(strings.Split(one, "\n"), strings.Split(two, "\n"))
				t.Errorf("%s answers otherwise where something is hidden (-without +with):\n%.4000s", address, diff)
				if differences++; differences > 10 {
					t.Fatal("and so on")
				}
			}
		})
	}
	t.Run("who takes part sees it", func(t *testing.T) { seesIt(t, other, hidden) })
}

// seesIt guards the comparison: there is something hidden to be found.
func seesIt(t *testing.T, in *installation, hidden secrets) {
	owner := in.visit("owner")
	for _, address := range []string{
		"/subjects/" + hidden.subject, "/api/v1/subjects/" + hidden.subject, "/api/v1/risks/" + hidden.risk,
		"/api/v1/risks/" + hidden.risk + "/acceptances/" + hidden.acceptance, "/api/v1/ledger/entries?item=risk:" + hidden.risk,
		"/reviews/" + hidden.review, "/api/v1/reviews/" + hidden.review, "/api/v1/ledger/entries?item=review:" + hidden.review,
	} {
		w := owner.get(address)
		if body := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(body, hidden.risk) && !strings.Contains(body, secretWord) {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
}

// TestGateWithholds: a hidden risk that needs an acceptance closes the gate for
// everybody, because a wrong answer would be worse than the hint; who may not see
// the risk is told the constant gate.withheld and nothing else.
func TestGateWithholds(t *testing.T) {
	in := openInstallation(t, t.TempDir(), loadedAt())
	question := "/api/v1/gate?subject=" + visibleFlow + "&action=call"
	if body := in.visit("operations").get(question).Body.String(); !strings.Contains(body, `"decision":"allow"`) {
		t.Fatalf("before: %s", body)
	}
	in.play(`
steps:
  - as: owner
    call: POST /risks
    body:
      {subject: ` + visibleFlow + `, act: call, title: SECRET, threat: SECRET, scope: SECRET, visibility: restricted,
       participants: ["person:reviewer"], inputs: {data: sensitive, direction: both, access: read_write, volume: high}}
`)
	var verdict struct {
		Decision string
		Blockers []map[string]string
	}
	for _, login := range []string{"operations", "requester", "admin"} {
		v := in.visit(login)
		w := v.get(question)
		if err := json.Unmarshal(w.Body.Bytes(), &verdict); err != nil {
			t.Fatal(err)
		}
		if verdict.Decision != "deny" || len(verdict.Blockers) != 1 || verdict.Blockers[0]["code"] != "gate.withheld" || verdict.Blockers[0]["url"] != "https://office.test/subjects/"+visibleFlow {
			t.Errorf("%s: %s", login, w.Body)
		}
		page := v.get("/gate?subject=" + visibleFlow + "&action=call")
		for _, body := range []string{w.Body.String(), page.Body.String()} {
			if strings.Contains(body, secretWord) || strings.Contains(body, "sensitive") || strings.Contains(body, "critical") {
				t.Errorf("%s is told what is hidden: %s", login, body)
			}
		}
	}
	if body := in.visit("owner").get(question).Body.String(); strings.Contains(body, "gate.withheld") || !strings.Contains(body, "/risks/") {
		t.Errorf("the owner is not told: %s", body)
	}
}

// secrets are the ids of the hidden case.
type secrets struct{ subject, risk, acceptance, review, comment, attachment string }

// twins returns two installations that share their past, their ids and their
// clocks, and of which the second has the hidden case besides.
func twins(t *testing.T) (plain, other *installation, hidden secrets) {
	t.Helper()
	folder := t.TempDir()
	at := loadedAt()
	base := openInstallation(t, folder+"/plain", at, hourly)
	publish(t, base, at)
	base.shut()
	copyFolder(t, folder+"/plain", folder+"/other")
	sources := [2]*rand.ChaCha8{rand.NewChaCha8([32]byte{}), rand.NewChaCha8([32]byte{})}
	plain = openInstallation(t, folder+"/plain", at, hourly, func(c *Config) { c.random = sources[0] })
	other = openInstallation(t, folder+"/other", at, hourly, func(c *Config) { c.random = sources[1] })
	both := func(seed byte, fn func(in *installation)) {
		at = at.Add(time.Hour)
		for i, in := range []*installation{plain, other} {
			in.clock.Set(at)
			sources[i].Seed([32]byte{seed})
			if fn != nil {
				fn(in)
			}
			publish(t, in, at)
		}
	}
	both(1, func(in *installation) {
		if in == other {
			hidden = hideSubject(t, in)
			return
		}
		in.play("steps: [{as: owner, call: GET /me}]") // when a token was last used is no secret
	})
	both(2, func(in *installation) {
		if in == other {
			hideRisk(t, in, &hidden)
			return
		}
		in.play("steps: [{as: owner, call: GET /me}, {as: reviewer, call: GET /me}, {as: executive, call: GET /me}]")
	})
	both(3, func(in *installation) {
		if in == other {
			hideReview(in, &hidden)
			return
		}
		in.play("steps: [{as: owner, call: GET /me}, {as: reviewer, call: GET /me}, {as: reviewer-two, call: GET /me}]")
	})
	both(4, func(in *installation) { goOn(t, in) })
	both(5, nil)
	return plain, other, hidden
}

// hourly publishes the log often and in small steps.
func hourly(c *Config) {
	c.Ledger.Period, c.Ledger.Leaves = config.Duration(time.Hour), 16
}

// copyFolder copies a data folder; its files stay the owner's alone.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if err != nil || d.IsDir() {
			return errors.Join(err, os.Mkdir(target, 0o700))
		}
		data, err := os.ReadFile(path)
		return errors.Join(err, os.WriteFile(target, data, 0o600))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// publish makes the public checkpoints that are due.
func publish(t *testing.T, in *installation, at time.Time) {
	t.Helper()
	in.clock.Set(at)
	if err := in.ledger.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// play plays further scenes, as the demo is played, and returns what they kept
// and the ids of the organisations.
func (in *installation) play(scenes string) map[string]string {
	in.t.Helper()
	l := &loader{office: in.office, state: in.state, organisations: map[string]string{}}
	all, err := in.identity.Organisations(in.as("admin"))
	if err != nil {
		in.t.Fatal(err)
	}
	for _, o := range all {
		l.organisations[strings.ToLower(strings.TrimPrefix(o.Name, "The "))] = o.ID
	}
	kept, err := l.playCase(in.t.Context(), "scenes", []byte(strings.ReplaceAll(scenes, "SECRET", secretWord)))
	if err != nil {
		in.t.Fatal(err)
	}
	return kept
}

func hideSubject(t *testing.T, in *installation) secrets {
	t.Helper()
	kept := in.play(`
steps:
  - as: owner
    call: POST /subjects
    body:
      {kind: flow, name: ` + guessedName + `, title: SECRET flow, description: SECRET, organisation: "{foundation}",
       attributes: {from: production, to: cloud, purpose: SECRET}, visibility: restricted, participants: ["person:reviewer", "person:executive"]}
    keep: {hidden: ref}
  - {as: owner, call: "POST /subjects/` + visibleFlow + `/links", body: {relation: depends_on, to: "{hidden}"}}
`)
	return secrets{subject: kept["hidden"]}
}

// guessedName begins the hidden subject's name; somebody registers it afterwards.
const guessedName = "azrael"

const visibleFlow = "flow:property-suggester-ab-test"

// hideRisk plays a whole case on the visible flow: rated low, so that the gate
// needs no acceptance of it, and accepted all the same.
func hideRisk(t *testing.T, in *installation, hidden *secrets) {
	t.Helper()
	kept := in.play(`
steps:
  - as: owner
    call: POST /risks
    body:
      {subject: ` + visibleFlow + `, act: call, title: SECRET risk, threat: SECRET, scope: SECRET, visibility: restricted,
       participants: ["person:reviewer", "person:executive"], inputs: {data: public, direction: both, access: read, volume: low},
       parties: [{kind: organisation, name: The Foundation, organisation: "{foundation}"}]}
    keep: {risk: id}
  - as: reviewer
    call: POST /risks/{risk}/ratings
    body: {inherent: {likelihood: 2, impact: 2}, residual: {likelihood: 1, impact: 1}, reason: SECRET}
  - as: owner
    call: POST /risks/{risk}/acceptances
    body: {reason: SECRET, until: +20d, conditions: [{text: SECRET, owner: owner, due: +3d}]}
    keep: {acceptance: id}
  - {as: executive, call: "POST /risks/{risk}/acceptances/{acceptance}/approvals", body: {reason: SECRET}}
`)
	hidden.risk, hidden.acceptance = kept["risk"], kept["acceptance"]
	comment, err := in.content.Post(in.as("owner"), "risk:"+hidden.risk, "", secretWord)
	if err != nil {
		t.Fatal(err)
	}
	hidden.comment = comment.ID
	file, err := in.content.Attach(in.as("owner"), "risk:"+hidden.risk, secretWord+".txt", strings.NewReader(secretWord))
	if err != nil {
		t.Fatal(err)
	}
	hidden.attachment = file.ID
}

// hideReview plays a review of the visible flow, with a question, a finding and an
// assessment.
func hideReview(in *installation, hidden *secrets) {
	in.t.Helper()
	kept := in.play(`
steps:
  - as: owner
    call: POST /reviews
    body:
      {kind: concept, subject: ` + visibleFlow + `, title: SECRET review, sketch: SECRET, visibility: restricted, participants: ["person:reviewer"],
       answers: {description: SECRET}, scenarios: [{title: SECRET, who: SECRET, steps: SECRET, trust: SECRET}]}
    keep: {review: id}
  - {as: reviewer, call: "POST /reviews/{review}/reviewers", body: {person: reviewer-two, part: lead}}
  - {as: reviewer-two, call: "POST /reviews/{review}/declarations", body: {conflict: none}}
  - {as: reviewer, call: "POST /reviews/{review}/moves", body: {to: in_progress}}
  - {as: reviewer, call: "POST /reviews/{review}/questions", body: {text: SECRET}}
  - {as: owner, call: "POST /reviews/{review}/questions/Q1/answers", body: {text: SECRET}}
  - as: reviewer
    call: POST /reviews/{review}/findings
    body: {kind: gap, title: SECRET, text: SECRET}
  - {as: reviewer-two, call: "POST /reviews/{review}/assessments", body: {written: 0, text: SECRET}}
  - {as: reviewer, call: "POST /reviews/{review}/moves", body: {to: waiting, reason: SECRET}}
`)
	hidden.review = kept["review"]
}

// goOn does afterwards what everybody inside, and in part everybody, can see.
func goOn(t *testing.T, in *installation) {
	t.Helper()
	in.play(`
steps:
  - as: owner
    call: POST /subjects
    body: {kind: project, name: town-hall, title: Town hall, organisation: "{foundation}", visibility: public}
  - as: requester
    call: POST /subjects
    body: {kind: flow, name: ` + guessedName + `, title: A guess, organisation: "{foundation}", attributes: {from: production, to: cloud}}
  - as: owner
    call: POST /risks
    body:
      {subject: "project:town-hall", title: The roof leaks, threat: Rain, scope: The roof, visibility: public,
       inputs: {data: public, direction: both, access: read, volume: low}}
  - as: requester
    call: POST /reviews
    body: {title: A new roof, sketch: Slates instead of straw., subject: "project:town-hall", visibility: public}
  - {as: triager, call: POST /review-meetings, body: {}}
`)
	page, err := in.risk.List(in.as("owner"), risk.Filter{State: "all", Subject: visibleFlow})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range page.Items {
		if strings.Contains(r.Title, secretWord) {
			continue
		}
		if _, err := in.content.Post(in.as("owner"), "risk:"+r.ID, "", "Dry so far."); err != nil {
			t.Fatal(err)
		}
		if _, err := in.risk.Ask(in.as("owner"), r.ID, r.Version, extension(in, r.ID)); err != nil {
			t.Fatal(err)
		}
	}
}

// extension asks for ten more days: what precedents it has shows in its dialogue.
func extension(in *installation, id string) risk.AskInput {
	in.t.Helper()
	d, err := in.risk.Get(in.as("owner"), id)
	if err != nil {
		in.t.Fatal(err)
	}
	return risk.AskInput{
		Option: "temporary", Reason: "Ten more days", Until: d.Acceptances[0].Until.AddDate(0, 0, 10), Extends: d.Acceptances[0].ID,
	}
}

// everyAddress lists the addresses that are compared: each GET route with every
// id that the reader could know of or guess, hidden ones among them, and lists
// with their filters and to their last page.
func everyAddress(in *installation, v *visitor, hidden secrets) []string {
	in.t.Helper()
	ids := idsOf(in, hidden)
	all := map[string]bool{}
	for _, r := range append(in.mux.Routes(), operatorRoutes()...) {
		if r.Method != http.MethodGet || r.Pattern == "/metrics" {
			continue // the figures are about the process: bytes, durations
		}
		for _, address := range filled(r.Pattern, ids) {
			all[address] = true
		}
	}
	for _, address := range filtered(hidden, in.person("owner")) {
		all[address] = true
	}
	for _, list := range []string{"/api/v1/risks?state=all&limit=1", "/api/v1/risks?state=all&sort=recent&limit=1", "/api/v1/subjects?state=all&limit=1", "/api/v1/ledger/entries?limit=7", "/api/v1/people?limit=3", "/api/v1/search?q=production&limit=1", "/api/v1/reviews?column=all&limit=1", "/api/v1/reviews?column=all&sort=recent&limit=1"} {
		for _, address := range pages(v, list) {
			all[address] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// idsOf returns the values of the placeholders.
func idsOf(in *installation, hidden secrets) map[string][]string {
	in.t.Helper()
	ids := map[string][]string{
		"{id}":       {hidden.risk, hidden.acceptance, hidden.review, "new-ci", hidden.comment, hidden.attachment, "there-is-none", in.person("owner"), in.person("council-two")},
		"{ref}":      {visibleFlow, "realm:cloud", "realm:production", "project:town-hall", hidden.subject, "flow:there-is-none"},
		"{relation}": {"depends_on"}, "{to}": {hidden.subject, "flow:there-is-none"}, "{person}": {"owner", in.person("owner")},
		"{acceptance}": {hidden.acceptance, "there-is-none"}, "{type}": {"risk", "review", "subject", "there-is-none"}, "{kind}": {"flow", "risk"}, "{name}": {"concept", "there-is-none"},
	}
	page, err := in.risk.List(in.as("reviewer"), risk.Filter{State: "all"})
	if err != nil {
		in.t.Fatal(err)
	}
	for _, r := range page.Items {
		ids["{id}"] = append(ids["{id}"], r.ID)
		d, err := in.risk.Get(in.as("reviewer"), r.ID)
		if err != nil {
			in.t.Fatal(err)
		}
		for _, a := range d.Acceptances {
			ids["{acceptance}"] = append(ids["{acceptance}"], a.ID)
		}
	}
	for seq := int64(0); seq < in.logSize(); seq++ {
		if seq >= 80 && seq%16 < 12 || seq == 3 { // what came after the demo was loaded
			ids["{seq}"] = append(ids["{seq}"], fmt.Sprint(seq))
		}
		if seq%16 == 0 {
			ids["{size}"] = append(ids["{size}"], fmt.Sprint(seq))
		}
	}
	return ids
}

// logSize is the number of leaves in the latest public checkpoint.
func (in *installation) logSize() int64 {
	in.t.Helper()
	w := in.visit("").get("/api/v1/ledger/checkpoint")
	var size int64
	if lines := strings.Split(w.Body.String(), "\n"); len(lines) > 1 {
		fmt.Sscan(lines[1], &size)
	}
	if size == 0 {
		in.t.Fatalf("no public checkpoint: %s", w.Body)
	}
	return size
}

// filled returns the pattern with each of the ids in its placeholders.
func filled(pattern string, ids map[string][]string) []string {
	at := placeholder.FindStringIndex(pattern)
	if at == nil {
		return []string{pattern}
	}
	name := pattern[at[0]:at[1]]
	values := ids[name]
	switch {
	case name == "{$}":
		values = []string{""}
	case values == nil:
		values = []string{"there-is-none"}
	}
	var all []string
	for _, rest := range filled(pattern[at[1]:], ids) {
		for _, value := range values {
			all = append(all, pattern[:at[0]]+value+rest)
		}
	}
	return all
}

// filtered are questions whose answers could depend on what is hidden.
func filtered(hidden secrets, owner string) []string {
	word := url.QueryEscape(secretWord)
	return []string{
		"/risks?state=all", "/risks?state=all&sort=recent", "/risks?rating=low&state=all", "/risks?likelihood=1&impact=1&state=all", "/risks?owner=me", "/risks?owner=owner&state=all",
		"/risks?subject=" + visibleFlow + "&state=all", "/risks?subject=" + hidden.subject + "&state=all",
		"/api/v1/risks?state=all&rating=low", "/api/v1/risks?subject=" + hidden.subject + "&state=all", "/api/v1/risks?owner=owner&state=all", "/api/v1/risks?owner=" + owner,
		"/api/v1/risks/matrix?state=all", "/api/v1/risks/matrix?subject=" + hidden.subject, "/api/v1/risks/matrix?owner=owner&state=all",
		"/subjects?kind=flow", "/api/v1/subjects?kind=flow&state=all", "/api/v1/subjects?owner=" + owner,
		"/ledger?item=risk:" + hidden.risk, "/ledger?subject=" + hidden.subject, "/ledger?actor=person:" + owner,
		"/api/v1/ledger/entries?limit=200", "/api/v1/ledger/entries?item=risk:" + hidden.risk, "/api/v1/ledger/entries?subject=" + hidden.acceptance,
		"/api/v1/ledger/entries?actor=person:" + owner + "&limit=200", "/api/v1/ledger/entries?kind=risk.acceptance.granted",
		"/api/v1/ledger/inclusion?seq=3&size=112", "/api/v1/ledger/inclusion?seq=125", "/api/v1/ledger/consistency?from=16&to=112",
		"/gate?subject=" + visibleFlow + "&action=call", "/gate?subject=" + hidden.subject + "&action=call",
		"/api/v1/gate?subject=" + visibleFlow + "&action=call", "/api/v1/gate?subject=" + hidden.subject + "&action=call",
		"/search?q=" + word, "/search?q=suggester", "/api/v1/search?q=" + word, "/api/v1/search?q=flow", "/api/v1/search?q=call",
		"/risks/new?subject=" + hidden.subject, "/subjects/new?kind=flow",
		"/reviews?kind=concept", "/reviews/list?column=all", "/reviews/list?column=waiting", "/reviews/list?person=owner&column=all", "/reviews/new?subject=" + hidden.subject,
		"/api/v1/reviews?column=all", "/api/v1/reviews?column=waiting", "/api/v1/reviews?person=reviewer-two&column=all", "/api/v1/reviews?subject=" + visibleFlow + "&column=all",
		"/api/v1/reviews/board", "/api/v1/reviews/board?kind=concept", "/api/v1/reviews/metrics", "/ledger?item=review:" + hidden.review,
	}
}

var nextCursor = regexp.MustCompile(`"next":"([^"]+)"`)

// pages follows a list's cursors to its end.
func pages(v *visitor, list string) []string {
	var all []string
	for address := list; len(all) < 100; {
		all = append(all, address)
		next := nextCursor.FindStringSubmatch(v.get(address).Body.String())
		if next == nil {
			break
		}
		address = list + "&cursor=" + url.QueryEscape(next[1])
	}
	return all
}

// answerOf is what a reader gets, without what may differ.
func answerOf(v *visitor, address string) string {
	w := v.get(address)
	body := w.Body.String()
	if address == "/api/v1/ledger/export" {
		body = leafBytes.ReplaceAllString(body, "$1~ ")
	}
	return fmt.Sprintf("%d\n%s\n%s", w.Code, headersOf(w), masked(body))
}

func headersOf(w *httptest.ResponseRecorder) string {
	w.Header().Del("X-Request-Id")
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(w.Header())) {
		lines = append(lines, name+": "+strings.Join(w.Header()[name], ", "))
	}
	return masked(strings.Join(lines, "\n"))
}

// leafBytes are the hashes and the commitments of an entry in an export; openings
// follow them. An export is long lines of base64, so they are masked by their place.
var leafBytes = regexp.MustCompile(`(?m)^()[A-Za-z0-9+/]{40,}={0,2} (?:[A-Za-z0-9+/]{100,}={0,2} )?`)

// masked takes out what may differ: signatures of notes, roots and hashes of the
// ledger (32 bytes in base64), the ids of requests and of rendered forms.
func masked(text string) string {
	text = strings.ReplaceAll(text, "&#43;", "+")
	for _, m := range []*regexp.Regexp{
		regexp.MustCompile(`(— \S+ )[A-Za-z0-9+/]+={0,2}`),
		regexp.MustCompile(`()[A-Za-z0-9+/]{43}=`),
		regexp.MustCompile(`(name="_submission" value=")[^"]*"`),
		regexp.MustCompile(`("request_id":")[0-9a-f]{16}`),
		regexp.MustCompile(`(<code>)[0-9a-f]{16}</code>`),
	} {
		text = m.ReplaceAllString(text, "$1~")
	}
	return text
}

// SPDX-License-Identifier: Apache-2.0

//go:build integration

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/web/browser"
)

// caseBPages is case B, after task T240943, through the pages, by its participants'
// parts. Its name differs from that of the demo's.
type caseBPages struct {
	*journey
	id     string
	review string // address of its page
}

func newCaseBPages(t *testing.T, id string, scripts bool) *caseBPages {
	t.Helper()
	j := &caseBPages{journey: newJourney(t, "case-b", scripts), id: id, review: "/reviews/" + id}
	j.refused = []string{"412", "422"}
	j.cli("release", "subject", "register", "project:"+id, "--title", "Third CI", "--visibility", "public", "--organisation", j.foundation()).must(t, 0)
	return j
}

// column fails the test unless the review stands in that column, as the API has it.
func (j *caseBPages) column(t *testing.T, want string) {
	t.Helper()
	var v caseBView
	j.cli("reviewer", "review", "show", j.id, "--json").must(t, 0).decode(t, &v)
	if v.Column != want {
		t.Fatalf("the review is in %q, want %q", v.Column, want)
	}
}

// says writes a comment into the discussion of the review.
func (j *caseBPages) says(t *testing.T, login, text string) {
	t.Helper()
	tab := j.actor(login)
	j.at(tab, "/items/review/"+j.id+"/discussion")
	fill(tab, "text", text)
	send(tab)
	want(t, tab, text)
}

// answers is the form as it was filled in (B1): what falls short in it passes, and
// not unremarked.
var answers = []string{
	"answers.project", "third CI", "answers.owning_team", "Release Engineering", "answers.primary_contact", "release", "answers.target_date", "2020",
	"answers.repository", "n/a", "answers.risk_assessment", "in progress", "answers.prior_talk", "kind of, blog posts", "answers.quarterly_goal", "yes",
	"answers.own_privacy_policy", "no?", "answers.description", "Replaces the existing CI.", "answers.sensitive_data", "None, hopefully.",
	"answers.dependencies", "some Kubernetes cluster, possibly hosted by a commercial provider", "answers.test_environment", "We don't have this yet.",
	"technologies[0].name", "Argo", "technologies[0].state", "candidate", "sketch", "The CI is to be replaced.", "name",
}

// requests: E05. The pre-screen leads to the form, the form remarks what is weak in
// the answers, and takes them.
func (j *caseBPages) requests(t *testing.T) {
	release := j.actor("release")
	j.at(release, "/reviews/new?subject=project:"+j.id)
	j.pause(t, release, "door")
	for name, answer := range map[string]string{"what": "idea", "runs": "undecided", "lower_trust": "no", "supplier": "yes", "others_code": "yes", "personal_data": "no", "merged": "unfinished"} {
		pick(release, "prescreen."+name, answer)
	}
	press(release, "main form[action='/reviews/new'] .button.primary")
	want(t, release, "Early advice fits best", "There is nothing to review yet")
	j.pause(t, release, "verdict")
	press(release, "main a[href*='kind=concept']")
	want(t, release, "Concept review", "There is nothing to review yet")
	pick(release, "answers.brand_new", "yes")
	if j.scripts { // a weak answer is remarked as soon as it is given
		release.Wait("html:not(:has(.htmx-request)) .foot")
		release.Type("main [name='answers.target_date']", "2020\t")
		release.Wait("#remarks-target_date .meanwhile")
	}
	fill(release, append(answers, j.id)...)
	press(release, "main button[name=technologies_more]")
	fill(release, "technologies[1].name", "Kubernetes", "technologies[1].state", "candidate")
	press(release, "main button[name=check]")
	for _, field := range []string{"target_date", "repository", "risk_assessment", "prior_talk", "own_privacy_policy", "sensitive_data", "dependencies", "test_environment"} {
		if release.Text("#remarks-"+field+" .meanwhile") == "" {
			t.Errorf("%s passes unremarked", field)
		}
	}
	j.pause(t, release, "request")
	send(release)
	want(t, release, "The request is in.", "Incoming", "Advisory", "None, hopefully.", "None is written. The review is not scheduled without one.", "Kubernetes")
	if n := browser.Eval[int](release, `document.querySelectorAll("#form .meanwhile").length`); n < 6 {
		t.Errorf("the page of the review remarks %d answers", n)
	}
	j.pause(t, release, "requested")
}

// moveCard moves the review by the buttons of its card on the board.
func (j *caseBPages) moveCard(tab *browser.Tab, column string) {
	j.t.Helper()
	card := fmt.Sprintf(".board-card:has(a[href=%q])", j.review)
	tab.Click(card + " .board-do summary")
	press(tab, fmt.Sprintf("%s .board-do button[value=%q]", card, column))
}

// triages: E07 to E10. Of two who move one card at once the second is told, and
// loses nothing of what they wrote.
func (j *caseBPages) triages(t *testing.T) {
	j.says(t, "triager", "Is there a day or a quarter for this?")
	first, second, third := j.actor("triager"), j.actor("reviewer-three"), j.actor("reviewer-two")
	j.at(first, "/reviews")
	j.at(second, "/reviews")
	j.at(third, j.review+"/move")
	j.pause(t, first, "board")
	j.moveCard(first, "back_orders")
	want(t, first, "«Third CI» is in Back orders now.")
	j.moveCard(second, "in_progress")
	want(t, second, "Somebody changed this after you opened it.", "«Third CI» stands in Back orders.")
	j.pause(t, second, "second-on-the-board")
	fill(third, "reason", "It waits for a day.", "priority", "medium")
	pick(third, "to", "waiting")
	send(third)
	want(t, third, "Somebody changed this after you opened it.", "«Third CI» stands in Back orders.")
	if got := browser.Eval[string](third, `document.querySelector("main [name=reason]").value`); got != "It waits for a day." {
		t.Errorf("what the second triager wrote is now %q", got)
	}
	j.column(t, "back_orders")
	j.at(first, j.review+"/estimate")
	fill(first, "priority", "medium")
	send(first)
	want(t, first, "Medium priority")
	j.says(t, "release", "Not yet; sooner rather than later.")
}

// schedules: E12. Nothing is scheduled without a scenario, and nobody takes part who
// has not declared.
func (j *caseBPages) schedules(t *testing.T) {
	triager, release := j.actor("triager"), j.actor("release")
	j.at(triager, "/reviews")
	j.moveCard(triager, "planned")
	fill(triager, "quarter", quarterNow(), "scheduled_for", inAWeek())
	send(triager)
	want(t, triager, "user scenario")
	j.pause(t, triager, "no-scenario")

	j.at(release, j.review+"/edit")
	fill(release, "scenarios[0].title", "A volunteer sends a patch set", "scenarios[0].who", "Anybody with an account",
		"scenarios[0].steps", "Sends a patch set\nCI builds it", "scenarios[0].trust", "Code that nobody looked at runs on the nodes.")
	send(release)
	want(t, release, "The request is changed.", "Code that nobody looked at")

	j.at(triager, "/reviews")
	j.moveCard(triager, "planned")
	fill(triager, "quarter", quarterNow(), "scheduled_for", inAWeek())
	send(triager)
	want(t, triager, "Planned", "for "+quarterNow()+", begins "+time.Now().UTC().AddDate(0, 0, 7).Format("2 January 2006"))
	for login, part := range map[string]string{"reviewer": "lead", "reviewer-two": "reviewer", "reviewer-three": "second_reader"} {
		j.at(triager, j.review+"/reviewers/new")
		fill(triager, "person", login)
		pick(triager, "part", part)
		send(triager)
		want(t, triager, "They are assigned")
	}
	for _, login := range []string{"reviewer", "reviewer-two", "reviewer-three"} {
		tab := j.actor(login)
		j.at(tab, j.review)
		press(tab, "main .page-head a[href$='/declare']")
		pick(tab, "conflict", "none")
		send(tab)
		want(t, tab, "Your declaration is recorded.")
	}
	j.at(triager, "/reviews")
	j.moveCard(triager, "in_progress")
	want(t, triager, "«Third CI» is in In progress now.", "Lead: Ravi Reviewer")
	j.pause(t, triager, "board-in-progress")
}

// asks: E13 and E14. While a question is open the clock stands still, and the page
// draws so.
func (j *caseBPages) asks(t *testing.T) {
	reviewer, release := j.actor("reviewer"), j.actor("release")
	for _, text := range []string{"Which technologies, and what do they replace?", "Testing and staging: where, and by whom?", "A commercial provider: which?"} {
		j.at(reviewer, j.review+"/questions/new")
		fill(reviewer, "text", text, "due", inAWeek())
		send(reviewer)
		want(t, reviewer, text)
	}
	want(t, reviewer, "Clock paused: questions Q1, Q2, Q3 are open")
	for what, n := range map[string]int{".timer-bar .stretch-pause": 1, ".timer-list a[href^='#question-']": 3} {
		if got := browser.Eval[int](reviewer, fmt.Sprintf("document.querySelectorAll(%q).length", what)); got != n {
			t.Errorf("%d of %s, want %d", got, what, n)
		}
	}
	j.pause(t, reviewer, "asked")
	for _, text := range []string{"Argo on Kubernetes.", "Unclear for now, or even if.", "Definitely being considered."} {
		j.at(release, j.review)
		release.Set("main #questions form [name=text]", text)
		press(release, "main #questions form .button.primary")
		want(t, release, text)
	}
	for _, settled := range [][2]string{{"partly", "What is replaced is not said."}, {"not", "Nobody plans any."}, {"partly", "An example only."}} {
		j.at(reviewer, j.review)
		press(reviewer, "main #questions a[href$='/settle']")
		pick(reviewer, "settled", settled[0])
		fill(reviewer, "note", settled[1])
		send(reviewer)
		want(t, reviewer, settled[1])
	}
	want(t, reviewer, "Clock running", "Partly settled.", "Not settled.")
	j.pause(t, reviewer, "settled")
}

// waits: E17 and E18, with a reason; the clock stands still again.
func (j *caseBPages) waits(t *testing.T) {
	triager := j.actor("triager")
	j.at(triager, "/reviews")
	j.moveCard(triager, "waiting")
	send(triager)
	want(t, triager, "What it waits for: Please fill this in.")
	fill(triager, "reason", "Waits for clearer parameters.")
	send(triager)
	want(t, triager, "Waits for clearer parameters.", "Clock paused: stalled")
	j.pause(t, triager, "waiting")
}

// decides: E21 and E22, advice with three things that are required to move forward.
func (j *caseBPages) decides(t *testing.T) {
	reviewer := j.actor("reviewer")
	j.at(reviewer, j.review+"/decide")
	fill(reviewer, "reason", "Too many possibilities to add more.")
	for i, text := range []string{"Final components, with their environments", "Ownership and stewardship", "Data locality"} {
		if i > 0 {
			press(reviewer, "main button[name=more]")
		}
		fill(reviewer, fmt.Sprintf("conditions[%d].text", i), text, fmt.Sprintf("conditions[%d].owner", i), "release")
	}
	j.pause(t, reviewer, "decide")
	send(reviewer)
	want(t, reviewer, "Advice", "What is needed to move forward", "Final components, with their environments", "Ownership and stewardship", "Data locality")
	j.pause(t, reviewer, "decided")
	j.column(t, "done")
}

// publishes: the abstract is seen as it leaves, and then read by somebody who is
// not signed in, with nothing else of the review.
func (j *caseBPages) publishes(t *testing.T) {
	const abstract = "The idea of a new CI was looked at early. The outcome is advice."
	reviewer := j.actor("reviewer")
	j.at(reviewer, j.review+"/abstract/edit")
	fill(reviewer, "text", abstract)
	press(reviewer, "main button[name=preview]")
	if got := reviewer.Text("main .part.leaves"); !strings.Contains(got, abstract) {
		t.Errorf("the preview of what leaves says %q", got)
	}
	j.pause(t, reviewer, "preview")
	press(reviewer, "main button[name=publish]")
	want(t, reviewer, abstract, "Public since")
	anybody := j.chromium.Tab(t)
	anybody.Scripts(j.scripts)
	j.at(anybody, j.review+"/abstract")
	want(t, anybody, abstract, "This is all that the office publishes of it.")
	for _, word := range []string{"Untrusted", "Argo", "hopefully", "clearer parameters", "Ravi"} {
		if strings.Contains(anybody.Text("body"), word) {
			t.Errorf("the public page says %q", word)
		}
	}
	j.pause(t, anybody, "abstract")
	j.at(anybody, j.review)
	if !strings.HasPrefix(j.path(anybody), "/sign-in") {
		t.Errorf("without signing in the review leads to %s", anybody.Address())
	}
	j.says(t, "release", "Another go when we are ready.")
}

// TestCaseBInABrowser takes case B from its request to its outcome through the
// pages, as the people whose part each step is.
func TestCaseBInABrowser(t *testing.T) {
	j := newCaseBPages(t, "third-ci", true)
	for _, step := range []struct {
		name, column string
		do           func(t *testing.T)
	}{
		{"release requests", "incoming", j.requests}, {"triage", "back_orders", j.triages}, {"the schedule", "in_progress", j.schedules},
		{"questions", "in_progress", j.asks}, {"the assessment", "in_progress", j.assesses}, {"it waits", "waiting", j.waits},
		{"clarifications", "waiting", j.clarifies}, {"the outcome", "done", j.decides}, {"the abstract", "done", j.publishes},
	} {
		start := time.Now()
		if step.do(t); t.Failed() {
			t.Fatalf("%q went wrong; what follows depends on it", step.name)
		}
		j.column(t, step.column)
		t.Logf("%s: %s", step.name, time.Since(start).Round(time.Second))
	}
}

// TestCaseBWithoutScripts goes the main path in a browser that runs no JavaScript.
func TestCaseBWithoutScripts(t *testing.T) {
	j := newCaseBPages(t, "fourth-ci", false)
	for _, step := range []func(t *testing.T){j.requests, j.triages, j.schedules, j.asks, j.waits, j.decides, j.publishes} {
		if step(t); t.Failed() {
			t.FailNow()
		}
	}
}

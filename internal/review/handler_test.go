// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
	"portreeve.org/portreeve/internal/review"
)

// A sketch opens early advice from the first page, without a form of its own.
func TestASketchThroughThePages(t *testing.T) {
	_, anyone := servePages(t)
	me := anyone.As("requester")
	door := me.Get("/reviews/new").Want(200).WantText("I have an idea", "What is it?")
	refused := me.Post("/reviews", fill(door, "/reviews", "title", "Reminders")).Want(422).WantText("Say in a paragraph what you have in mind")
	if got := refused.FormValues("/reviews").Get("title"); got != "Reminders" {
		t.Errorf("after the refusal the title is %q", got)
	}
	sketch := fill(door, "/reviews", "title", "Reminders", "sketch", "We would like to *remind* people.")
	made := me.Post("/reviews", sketch).Want(303).Header.Get("Location")
	me.Post("/reviews", sketch).WantLocation(made) // sent twice, requested once
	me.Get(made).WantText("Reminders", "Early advice", "Advisory", "Incoming", "We would like to remind people.")
	anyone.As("outsider").Get("/reviews").Want(200).WantText("No review was asked for")
}

// The pre-screen says whether a review is needed, and records why none is.
func TestThePreScreenThroughThePages(t *testing.T) {
	_, anyone := servePages(t)
	me := anyone.As("requester")
	door := me.Get("/reviews/new").Want(200)
	me.Post("/reviews/new", fill(door, "/reviews/new")).Want(422).WantText("the next rule depends on it").Find(`a[href="#f2-prescreen.what"]`)

	routine := me.Post("/reviews/new", fill(door, "/reviews/new", "prescreen.what", "routine", "prescreen.runs", "production", "prescreen.lower_trust", "no",
		"prescreen.supplier", "no", "prescreen.others_code", "no", "prescreen.personal_data", "no")).Want(200).WantText("No review is needed", "covered by the code review")
	recorded := me.Post("/reviews", fill(routine, "/reviews", "title", "Security patch")).Want(303).Header.Get("Location")
	me.Get(recorded).WantText("Not needed", "covered by the code review", "By the rules of the pre-screen")
	anyway := linkTo(routine, "/reviews/new?anyway=1", "")
	form := me.Get(anyway).Want(200)
	asked := me.Post("/reviews", fill(form, "/reviews", "title", "Security patch, looked at all the same", "sketch", "Please.")).Want(303).Header.Get("Location")
	me.Get(asked).WantText("Incoming", "The pre-screen said")

	needed := me.Post("/reviews/new", fill(door, "/reviews/new", "prescreen.what", "new", "prescreen.runs", "production", "prescreen.lower_trust", "yes")).
		Want(200).WantText("A review is needed", "trusted less", "Concept review")
	concept := linkTo(needed, "/reviews/new?kind=concept", "")
	me.Get(concept).Want(200).WantText("trusted less", "Team that owns it").Find(`input[name="prescreen.lower_trust"][value="yes"]`)

	// Several kinds: each with its reason and the answers that it follows from.
	both := me.Post("/reviews/new", fill(door, "/reviews/new", "prescreen.what", "new", "prescreen.runs", "production", "prescreen.lower_trust", "no",
		"prescreen.supplier", "yes", "prescreen.others_code", "no", "prescreen.personal_data", "no", "prescreen.merged", "merged")).
		Want(200).WantText("2 reviews are needed, each with a form of its own", "Because you answered:", "Does it come to rely on a supplier that was not relied on before? Yes", "Where will it run? In production", "Other kinds of review")
	me.Get(linkTo(both, "/reviews/new?kind=readiness", "")).Want(200).WantText("is reviewed before it goes to production", "Needed as well", "Supplier").WantNoText("before it is relied on")
}

// The form of a kind is redrawn without scripts: rows, conditional questions and
// remarks, with everything that was typed; weak answers are taken.
func TestTheFormOfAKind(t *testing.T) {
	d, anyone := servePages(t)
	subject := d.project("ci")
	me := anyone.As("requester")
	begun := me.Get("/reviews/new?kind=concept&subject=" + subject.Ref).Want(200)
	if got := begun.FormValues("/reviews"); got.Get("subject") != subject.Ref || got.Get("title") != subject.Title || got.Get("owner") != "requester" {
		t.Errorf("the form begins with %v", got)
	}
	if len(begun.All(`[name="answers.reviewed_before"]`)) > 0 {
		t.Error("what depends on another answer is asked before that is given")
	}
	typed := me.Post("/reviews", fill(begun, "/reviews", "redraw", "1", "answers.brand_new", "no", "answers.project", "New CI")).Want(200)
	typed.Find(`[name="answers.reviewed_before"]`)
	more := me.Post("/reviews", fill(typed, "/reviews", "technologies_more", "1", "technologies[0].name", "Argo", "technologies[0].state", "candidate")).Want(200)
	if got := more.FormValues("/reviews"); !got.Has("technologies[1].name") || got.Has("scenarios[1].title") || got.Get("technologies[0].name") != "Argo" || got.Get("answers.project") != "New CI" {
		t.Errorf("after one more technology: %v", got)
	}
	weak := me.Post("/reviews", fill(more, "/reviews", "check", "1", "answers.sensitive_data", "None, hopefully", "answers.target_date", "2027")).
		Want(200).WantText("This says “hopefully”", "a period, not a day", "This is not answered", "does not say what it replaces")
	wrong := fill(weak, "/reviews", "owner", "nobody", "technologies[1].name", "Argo", "technologies[1].state", "chosen")
	me.Post("/reviews", wrong).Want(422).WantText("There is no such person", "None, hopefully").Find(`a[href="#f1-technologies%5b1%5d.name"]`)
	made := me.Post("/reviews", fill(weak, "/reviews")).Want(303).Header.Get("Location")
	me.Get(made).WantText("None, hopefully", "This says “hopefully”", "Argo", "Candidate", "None is written")

	edit := me.Get(made + "/edit").Want(200).WantText("This says “hopefully”")
	before := d.get("requester", made[len("/reviews/"):])
	me.Post(made+"/edit", edit.FormValues(made+"/edit")).WantLocation(made)
	after := d.get("requester", before.ID)
	if got, want := fmt.Sprint(after.Answers, after.Technologies, after.Participants, after.Owner), fmt.Sprint(before.Answers, before.Technologies, before.Participants, before.Owner); got != want {
		t.Errorf("saving it unchanged made %s of %s", got, want)
	}
}

// A kind that is changed while somebody fills in its form shows what is new, keeps
// the answers, and takes the next submission.
func TestAKindChangedMeanwhile(t *testing.T) {
	_, anyone := servePages(t)
	me, author := anyone.As("requester"), anyone.As("reviewer")
	filled := fill(me.Get("/reviews/new?kind=concept"), "/reviews", "title", "New CI", "answers.project", "Nightly builds", "answers.quarterly_goal", "Goal 2")
	at := "/review-kinds/concept/edit"
	page := author.Get(at).Want(200)
	text := strings.Replace(page.FormValues(at).Get("text"), "name: quarterly_goal\n        label: Is it tied to a quarterly goal of a team?", "name: goal\n        label: Which goal is it for?", 1)
	author.Post(at, fill(page, at, "text", text)).Want(422).WantText("This is needed")
	tried := author.Post(at, fill(page, at, "text", text, "try", "1")).Want(200).WantText("The field «goal» is new.", "The field «quarterly_goal» is gone.", "Which goal is it for?")
	author.Post(at, fill(tried, at, "note", "Ask for the goal itself.")).WantLocation("/review-kinds/concept")
	author.Get("/review-kinds/concept").WantText("Version 2", "Ask for the goal itself.")
	author.Get("/review-kinds/concept?version=1").Want(200).WantText("This is version 1; the present one is version 2.")

	again := me.Post("/reviews", filled).Want(409).WantText("was changed while you filled it in", "Which goal is it for?", "New question", "Goal 2")
	if got := again.FormValues("/reviews"); got.Get("answers.project") != "Nightly builds" || got.Get("kind_version") != "2" {
		t.Errorf("kept: %v", got)
	}
	made := me.Post("/reviews", fill(again, "/reviews", "answers.goal", "Goal 2")).Want(303).Header.Get("Location")
	me.Get(made).WantText("Concept review, version 2")
	stale := fill(page, at, "text", text+"\n# again", "note", "Mine")
	author.Post(at, stale).Want(412).WantText("Somebody changed this after you opened it")
}

func TestAKindSaysWhatIsWrongWithIt(t *testing.T) {
	_, anyone := servePages(t)
	author := anyone.As("reviewer")
	at := "/review-kinds/data-export/edit"
	page := author.Get(at).Want(200).WantText("A new kind: data-export")
	broken := fill(page, at, "text", "name: data-export\nforce: maybe\ncolour: red\n", "try", "1")
	tried := author.Post(at, broken).Want(200).WantText("It cannot be published like this", "colour")
	if !strings.Contains(tried.Text(), "line 3") && !strings.Contains(tried.Text(), ":3") {
		t.Errorf("no line is named in: %s", tried.Text())
	}
	author.Post(at, fill(page, at, "note", "New.")).WantLocation("/review-kinds/data-export")
	author.Get("/reviews/new?kind=data-export").Want(200).WantText("What does it do, and for whom?")
	author.Get("/review-kinds").WantText("Title of the review")
	same := author.Get(at).Want(200)
	author.Post(at, fill(same, at, "note", "Once more.")).WantLocation("/review-kinds/data-export")
	author.Get("/review-kinds/data-export").WantText("Nothing changed: version 1").WantNoText("Once more.")
	for _, path := range []string{"/review-kinds/new?name=Bots!", "/review-kinds/Bots!/edit", "/review-kinds/new?name=data_export"} {
		author.Get(path).Want(422).WantText("joined by hyphens, such as data-export").Find(`a[href="/review-kinds"]`)
	}
	author.Get("/review-kinds/new?name=bots").WantLocation("/review-kinds/bots/edit")
	anyone.As("requester").Get(at).Want(403)
}

// The second of two triagers is told, and nothing of what they chose is lost.
func TestTwoTriagersOnTheBoard(t *testing.T) {
	d, anyone := servePages(t)
	r := d.requested()
	one, two := anyone.As("triager"), anyone.As("triager2")
	card := two.Get("/reviews").Want(200)
	if n := len(card.All(`form[action="` + r.URL() + `/move?from=board"]`)); n != 1 {
		t.Fatalf("the card has %d forms", n)
	}
	form := one.Get(r.URL() + "/move").Want(200)
	one.Post(r.URL()+"/move", fill(form, r.URL()+"/move", "to", "back_orders", "priority", "high")).WantLocation(r.URL())
	seen := url.Values{"_version": {fmt.Sprint(r.Version)}}
	late := url.Values{"_version": seen["_version"], "choose": {"planned"}}
	asked := two.Post(r.URL()+"/move?from=board", late).Want(200).WantText("If it is planned")
	at := r.URL() + "/move"
	if got := asked.FormValues(at); got.Get("to") != "planned" {
		t.Errorf("the column that was chosen is %q", got.Get("to"))
	}
	told := two.Post(at, fill(asked, at, "quarter", "2026-Q4", "reason", "Soon.")).Want(412).WantText("Somebody changed this after you opened it", "stands in Back orders")
	if got := told.FormValues(at); got.Get("quarter") != "2026-Q4" || got.Get("to") != "planned" || got.Get("reason") != "Soon." {
		t.Errorf("kept: %v", got)
	}
	two.Post(at, told.FormValues(at)).WantLocation(r.URL())
	two.Get("/reviews").WantText("2026-Q4")

	now := url.Values{"_version": {fmt.Sprint(d.version(r.ID))}, "to": {"in_progress"}}
	two.Post(r.URL()+"/move?from=board", now).Want(422).WantText("a lead is assigned and declares")
	now = url.Values{"_version": {fmt.Sprint(d.version(r.ID))}, "to": {"incoming"}}
	two.Post(r.URL()+"/move?from=board", now).WantLocation("/reviews")
	anyone.As("requester").Get("/reviews").WantNoText("/move?from=board")
}

// Questions are answered in place; one that was withdrawn takes no answer, and what
// was typed is still there.
func TestQuestionsThroughThePages(t *testing.T) {
	d, anyone := servePages(t)
	r := d.begun(d.requested())
	reviewer, owner := anyone.As("reviewer"), anyone.As("owner")
	ask := r.URL() + "/questions/new"
	for i := range 2 {
		d.at(time.Duration(i+1) * time.Hour)
		reviewer.Post(ask, fill(reviewer.Get(ask), ask, "text", fmt.Sprintf("What is question %d?", i+1), "due", "2026-12-24")).WantLocation(r.URL())
	}
	reviewer.Post(ask, fill(reviewer.Get(ask), ask, "text", "Late?", "due", "2020-01-01", "owner", "ghost")).Want(422).WantText("There is no such person", "lies ahead", "Late?")
	page := owner.Get(r.URL()).Want(200).WantText("Clock paused: questions Q1, Q2 are open", "24 December 2026", "Answer Q1")
	questions := d.get("owner", r.ID).Questions
	answer := func(i int) string { return r.URL() + "/questions/" + questions[i].ID + "/answer" }
	second := fill(page, answer(1), "text", "A long and careful answer.")

	settle := r.URL() + "/questions/" + questions[1].ID + "/settle"
	reviewer.Post(settle, fill(reviewer.Get(settle), settle)).Want(422)
	reviewer.Post(settle, fill(reviewer.Get(settle), settle, "settled", "withdraw", "note", "Asked elsewhere.")).WantLocation(r.URL() + "#question-" + questions[1].ID)
	stale := owner.Post(answer(1), second).Want(412).WantText("A long and careful answer.")
	owner.Post(answer(1), stale.FormValues(answer(1))).Want(409).WantText("was withdrawn and takes no answer", "A long and careful answer.")

	d.at(30 * time.Hour)
	page = owner.Get(r.URL()).WantText("Withdrawn", "Asked elsewhere.")
	owner.Post(answer(0), fill(page, answer(0), "text", " ")).Want(422)
	owner.Post(answer(0), fill(owner.Get(r.URL()), answer(0), "text", "It is *one*.")).WantLocation(r.URL() + "#question-" + questions[0].ID)
	reviewer.Get(r.URL()).WantText("Answered", "Clock running")
	settle = r.URL() + "/questions/" + questions[0].ID + "/settle"
	reviewer.Post(settle, fill(reviewer.Get(settle), settle, "settled", "partly", "note", "The rest is for the next one.")).Want(303)
	owner.Get(r.URL()).WantText("Partly settled.", "The rest is for the next one.").WantNoText(answer(0))
	anyone.As("bystander").Get(answer(0)).Want(409).WantText("not for you to do")
}

// From a statement to a contradiction, a risk, an assessment, an outcome and what
// leaves to the public.
func TestTheRecordThroughThePages(t *testing.T) {
	d, anyone := servePages(t)
	subject := d.project("ci", func(in *catalog.Registration) { in.Owner = "owner" })
	r := d.begun(d.requested(of("concept", subject.Ref)))
	me, url := anyone.As("reviewer"), r.URL()
	state := func(text, kindOf string, more ...string) {
		t.Helper()
		at := url + "/statements/new"
		me.Post(at, fill(me.Get(at), at, append([]string{"kind", kindOf, "text", text, "source.kind", "document", "source.title", "The design", "source.url", "https://docs.test/design", "source.place", "L134"}, more...)...)).Want(303)
	}
	at := url + "/statements/new"
	me.Post(at, fill(me.Get(at), at, "kind", "statement", "text", "x", "source.kind", "document", "source.title", "y", "source.url", "javascript:alert(1)")).Want(422).WantText("https://")
	state("Everybody may log in.", "statement")
	state("Nobody outside logs in.", "requirement", "origin", "operational", "who", "Operations")
	state("The vault is open.", "statement", "restricted", "1")
	me.Get(url).WantText("S1", "R1", "Operational", "SX1", "Restricted:").Find(`a[href="https://docs.test/design"]`)
	anyone.As("bystander").Get(url).WantText("S1").WantNoText("The vault is open", "SX1")

	statements := d.get("reviewer", r.ID).Statements
	find := url + "/findings/new"
	me.Post(find, fill(me.Get(find+"?kind=contradiction"), find, "title", "Who may log in")).Want(422).WantText("quotes two statements")
	me.Post(find, fill(me.Get(find+"?kind=contradiction"), find, "title", "Who may log in", "first", statements[0].ID, "second", statements[1].ID)).Want(303)
	me.Get(url).WantText("C1 Who may log in", "cannot both hold")
	found := d.get("reviewer", r.ID).Findings[0]
	change := url + "/findings/" + found.ID
	me.Post(change, fill(me.Get(change), change, "state", "settled")).Want(422)
	me.Post(change, fill(me.Get(change), change, "state", "passed_on", "became", "The steering group decides.")).WantLocation(url + "#finding-" + found.ID)
	me.Get(url).WantText("The steering group decides.", "Passed on")
	me.Post(change+"/risk", fill(me.Get(change+"/risk"), change+"/risk")).Want(422).Find(`a[href="#f1-inputs.data"]`)
	me.Post(change+"/risk", fill(me.Get(change+"/risk"), change+"/risk", "inputs.data", "internal", "inputs.direction", "both", "inputs.access", "write", "inputs.volume", "low")).Want(303)
	me.Get(url).WantText("In the register of risks", "It is a risk in the register")

	assess := url + "/assessment"
	preview := me.Post(assess, fill(me.Get(assess).WantText("Read only by"), assess, "preview", "1", "text", "# Hello\n\n*Sound*.")).Want(200).WantText("Hello Sound .")
	me.Post(assess, fill(preview, assess)).WantLocation(url + "#assessment")
	me.Post(assess, fill(me.Get(assess), assess, "text", "# Hello\n\nNot sound.")).Want(303)
	me.Get(assess+"/versions").Want(200).WantText("Version 2", "From version 1 to version 2")
	anyone.As("bystander").Get(assess + "/versions").WantNoText("Hello")
	endReview(t, d, anyone, r)
}

// endReview decides, publishes and meets what was asked for.
func endReview(t *testing.T, d *desk, anyone *webtest.Client, r review.Review) {
	t.Helper()
	me, url := anyone.As("reviewer"), r.URL()
	me.Get(url + "/abstract/edit").WantText("published once there is an outcome").WantNoText(`name="publish"`)
	anyone.As("").Get(url + "/abstract").Want(404)
	decide := url + "/decide"
	me.Post(decide, fill(me.Get(decide), decide)).Want(422)
	me.Post(decide, fill(me.Get(decide), decide, "reason", "Go on.", "rows", "2", "conditions[1].text", "Name who runs it", "conditions[1].owner", "ghost")).Want(422).
		Find(`a[href="#f1-conditions%5b1%5d.owner"]`)
	me.Post(decide, fill(me.Get(decide), decide, "reason", "Go on.", "conditions[0].text", "Name who runs it", "conditions[0].owner", "owner", "conditions[0].due", "2026-12-24")).WantLocation(url)
	me.Get(url).WantText("Advice", "Go on.", "What is needed to move forward", "As lead of this review", "24 December 2026")
	me.Get(decide).Want(409).WantText("nothing is reopened")

	abstract := url + "/abstract/edit"
	unseen := fill(me.Get(abstract), abstract, "text", "It is **sound**.", "publish", "1")
	shown := me.Post(abstract, unseen).Want(422).WantText("changed after the preview", "It is sound .")
	me.Post(abstract, fill(shown, abstract, "publish", "1")).WantLocation(url + "#assessment")
	public := anyone.As("").Get(url+"/abstract").Want(200).WantText("New CI", "It is sound .", "Outcome: advice")
	public.WantNoText("Everybody may log in", "The vault is open", "Who may log in", "The owner", "Not sound")

	owner := anyone.As("owner")
	meet := linkTo(owner.Get(url), url+"/conditions/", "")
	owner.Post(meet, fill(owner.Get(meet), meet)).Want(422)
	owner.Post(meet, fill(owner.Get(meet), meet, "shown", "The page names them.")).WantLocation(url)
	owner.Get(url).WantText("Met", "The page names them.")
	me.Post(abstract, fill(me.Get(abstract).WantText("Take it back"), abstract)).Want(303)
	anyone.As("").Get(url + "/abstract").Want(404)
}

func TestPeopleAndEndsThroughThePages(t *testing.T) {
	d, anyone := servePages(t)
	triager, lead := anyone.As("triager"), anyone.As("reviewer2")
	r := d.requested()
	url := r.URL()
	post := func(c *webtest.Client, path string, pairs ...string) *webtest.Response {
		t.Helper()
		return c.Post(url+path, fill(c.Get(url+path).Want(200), url+path, pairs...))
	}
	post(triager, "/estimate", "effort", "much").Want(422).WantText("Enter a number of days")
	post(triager, "/estimate", "effort", "2.5", "priority", "urgent").WantLocation(url)
	post(triager, "/reviewers/new", "person", "requester").Want(422).WantText("Nobody reviews what they requested")
	post(triager, "/reviewers/new", "person", "reviewer2").WantLocation(url)
	lead.Get(url).WantText("Urgent", "2.5 person-days", "Not declared yet").Find(`a.primary[href="` + url + `/declare"]`)
	post(lead, "/declare", "conflict", "soft").Want(422)
	post(lead, "/declare", "conflict", "soft", "words", "I know the owner.").WantLocation(url)
	triager.Get(url).WantText("I know the owner.")
	post(triager, "/reviewers/reviewer2/release").WantLocation(url)
	triager.Get(url).WantText("Nobody is assigned")

	post(triager, "/move", "to", "waiting").Want(422).WantText("Please fill this in")
	post(triager, "/move", "to", "waiting", "not_ready", "project").WantLocation(url)
	requester := anyone.As("requester")
	requester.Get(url).WantText("Not ready, said The triager").Find(`a.primary[href="` + url + `/edit"]`)
	post(requester, "/resubmit").WantLocation(url)
	post(triager, "/dismiss").Want(422)
	next := d.requested(func(in *review.RequestInput) { in.Title = "New CI, second try" })
	post(requester, "/supersede", "successor", "ghost", "reason", "x").Want(422).WantText("There is no such review")
	post(requester, "/supersede", "successor", next.ID, "reason", "It goes on there.").WantLocation(url)
	requester.Get(url).WantText("Superseded", "Another review replaces this one")
	requester.Get(next.URL()).WantText("Follows")
	requester.Get(url + "/withdraw").Want(409).WantText("nothing is reopened")
	at := next.URL() + "/withdraw"
	requester.Post(at, fill(requester.Get(at), at, "reason", "We do not build it.")).WantLocation(next.URL())
	requester.Get("/reviews/list?column=done&outcome=withdrawn").WantText("New CI, second try").WantNoText(">New CI<")
	requester.Get("/reviews/list?column=nowhere").Want(422)
}

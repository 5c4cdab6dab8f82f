// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"encoding/csv"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
	"portreeve.org/portreeve/internal/review"
)

// bureauPages is an office with the pages of reviews.
func bureauPages(t *testing.T) (*bureau, *web.Mux) {
	t.Helper()
	var b *bureau
	db := storetest.SQLite(t, tables())
	b = newBureau(t, db)
	deps := webtest.Deps(review.Actions()...)
	people := webtest.People{}
	for id, roles := range b.people {
		people[id] = authz.Actor{ID: id, Login: id, Name: "The " + id, Kind: authz.KindPerson, Roles: roles}
	}
	deps.People, deps.Policy, deps.Clock, deps.Submissions, deps.Navigation = people, b.authz, b.db.Clock(), b.log, review.Navigation()
	m := web.NewMux(deps)
	b.Pages(m)
	return b, m
}

// filled is a form as the page has it, with some fields set.
func filled(page *webtest.Response, action string, pairs ...string) url.Values {
	values := page.FormValues(action)
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}

func TestPlanPages(t *testing.T) {
	b, m := bureauPages(t)
	anyone := webtest.Serve(t, m)
	triager := anyone.As("triager")
	now := review.QuarterOf(b.now(), time.UTC)
	triager.Get("/reviews/plan").Want(200).WantText("Plan of "+now, "Nothing was accepted for this quarter")
	anyone.As("outsider").Get("/reviews/plan").Want(403)
	at := "/reviews/plan/capacity"
	form := triager.Get(at + "?person=lead").Want(200)
	if got := form.FormValues(at); got.Get("person") != "lead" || got.Get("days") != "20" || got.Get("quarter") != now {
		t.Errorf("the form begins with %v", got)
	}
	triager.Post(at, filled(form, at, "days", "some")).Want(422).WantText("Enter a number of days")
	triager.Post(at, filled(form, at, "days", "99")).Want(422).WantText("between 0 and 92")
	triager.Post(at, filled(form, at, "days", "2,5", "skills", "kubernetes\ngo")).WantLocation("/reviews/plan?quarter=" + now)
	b.given(b.accepted(now, 30, named("Too much <b>of it</b>")), "lead", review.Leads)
	triager.Get("/reviews/plan").Want(200).WantText("Over-planned by 7.5 person-days", "27.5 person-days over", "go, kubernetes", "Too much <b>of it</b>", "20, as for everybody")
	triager.Get("/reviews/plan?quarter=" + review.QuarterAfter(now, 1)).Want(200).WantNoText("Over-planned")
	triager.Get("/reviews/plan?quarter=soon").Want(422)
	anyone.As("requester").Get("/reviews/plan").Want(200).WantNoText("Time and skills")
}

// A meeting from its opening to its end, key by key, without JavaScript.
func TestQueuePages(t *testing.T) {
	b, m := bureauPages(t)
	anyone := webtest.Serve(t, m)
	triager := anyone.As("triager")
	first := b.requested("", named("First"))
	for _, title := range []string{"Second", "Third", "Fourth"} {
		b.pass(time.Second)
		b.requested("", named(title))
	}
	page := triager.Get("/reviews/meeting").Want(200).WantText("First", "New: triage it", "No meeting was held yet")
	anyone.As("requester").Get("/reviews/meeting").Want(200).WantNoText("Open the meeting")
	other := triager.Get("/reviews/meeting")
	here := triager.Post("/review-meetings", page.FormValues("/review-meetings")).Want(303).Header.Get("Location")
	triager.Post("/review-meetings", other.FormValues("/review-meetings")).Want(409).WantText("A meeting is open")
	meeting := strings.TrimSuffix(here, "/next")

	page = triager.Get(here).Want(200).WantText("First", "0 decided, 3 to come, 0 skipped")
	stale := filled(page, here, "act", "b", "priority", "high")
	effort := 3.0
	_, err := b.Estimate(b.as("reviewer"), first.ID, first.Version, review.EstimateInput{Effort: &effort})
	b.must(err)
	triager.Post(here, stale).Want(412).WantText("Somebody changed this")
	triager.Post(here, filled(page, here, "act", "x")).Want(422)
	page = triager.Get(here)
	triager.Post(here, filled(page, here, "act", "w")).Want(422).WantText("First", "Please fill this in")
	triager.Post(here, filled(page, here, "act", "b", "priority", "high")).WantLocation(here)
	page = triager.Get(here).WantText("Second", "First", "Back orders", "Take back").WantNoText("Take back: «Second»")
	skip := page.Find(`a[data-key="k"]`).Attr("href")
	page = triager.Get(skip).WantText("Third", "1 decided, 1 to come, 1 skipped")
	triager.Post(here, filled(page, here, "act", "n", "reason", "Say more.")).Want(303)
	triager.Post(here, filled(triager.Get(skip), here, "act", "p")).Want(303)
	page = triager.Get(skip).WantText("The agenda is through", "3 decided")
	undo := meeting + "/undo"
	triager.Post(undo, filled(page, undo)).Want(303)
	page = triager.Get(skip).WantText("Fourth", "2 decided")

	dismiss := page.Find(`a[data-key="d"]`).Attr("href")
	question := triager.Get(dismiss).Want(200).WantText("That ends the review for good", "Fourth")
	triager.Post(dismiss, filled(question, dismiss)).Want(422)
	triager.Post(dismiss, filled(question, dismiss, "reason", "A routine change.")).WantLocation(skip)

	triager.Get(meeting).Want(200).WantText("to Back orders, High priority", "Not needed", "taken back", "Nothing was written")
	write := meeting + "/minutes"
	triager.Post(write, filled(triager.Get(write), write, "minutes", "All were **there**. <script>")).WantLocation(meeting)
	anyone.As("owner").Get(meeting).Want(200).WantText("All were there").WantNoText("Write minutes")
	end := meeting + "/close"
	triager.Post(end, filled(triager.Get(end).WantText("1 item of the agenda is left"), end)).WantLocation(meeting)
	triager.Get(meeting).WantText("It is closed").WantNoText("Write minutes")
	for _, at := range []string{here, write, end} {
		triager.Get(at).Want(409)
	}
	triager.Get("/review-meetings/nosuchmeeting").Want(404)
}

func TestMetricsPages(t *testing.T) {
	b, m := bureauPages(t)
	anyone := webtest.Serve(t, m)
	owner := anyone.As("owner")
	owner.Get("/reviews/metrics").Want(200).WantText("No review was received yet")
	b.requested("", named("open"))
	b.at(2 * oneDay)
	b.decided(b.started(""), review.NotApproved)
	owner.Get("/reviews/metrics").Want(200).WantText("Age of the oldest", "Incoming (1 there)", "Third-party code review")
	owner.Get("/reviews/metrics?imported=1").Want(200).WantText("came from elsewhere are counted")
	for _, of := range review.MetricNames() {
		file := owner.Get("/reviews/metrics.csv?of=" + of).Want(200)
		if got := file.Header.Get("Content-Disposition"); !strings.Contains(got, of+".csv") {
			t.Errorf("%s: %q", of, got)
		}
		rows, err := csv.NewReader(strings.NewReader(file.Body)).ReadAll()
		if err != nil || len(rows) < 2 || slices.Contains(rows[0], "") {
			t.Errorf("%s: %v %v", of, err, rows)
		}
	}
	owner.Get("/reviews/metrics.csv?of=salaries").Want(422)
	anyone.As("outsider").Get("/reviews/metrics").Want(200).WantText("No review was received yet")
}

// What a spreadsheet would run does not run.
func TestNoFormulaInATable(t *testing.T) {
	for text, want := range map[string]string{"=1+1": "'=1+1", "@SUM": "'@SUM", "-2": "'-2", "+3": "'+3", "\tx": "'\tx", "": "", "concept": "concept"} {
		if got := review.PlainCell(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/internal/review/kind"
)

// What people typed stays text, whatever they typed.
func TestMarkupInEveryField(t *testing.T) {
	d, anyone := servePages(t)
	const evil = `<script>alert(1)</script><img src=x onerror=alert(2)>`
	r := d.begun(d.requested(of("concept", d.project("ci").Ref), func(in *review.RequestInput) {
		in.Title, in.Sketch = evil, evil
		in.Answers = map[string]string{"project": evil, "description": evil, "dependencies": evil, "home_page": "https://docs.test/%3Cscript%3E"}
		in.Technologies = []kind.Technology{{Name: evil, Replaces: evil, Owner: evil, State: kind.Chosen}}
		in.Scenarios = []kind.Scenario{{Title: evil, Who: evil, Steps: evil, Trust: evil}}
	}))
	d.ask(r.ID, "owner", evil)
	a, b := d.stated(r.ID, evil), d.stated(r.ID, evil, func(in *review.StatementInput) {
		in.Who, in.Note = evil, evil
		in.Source = review.Source{Kind: "document", Title: evil, Version: evil, Place: evil, URL: "https://docs.test/?q=%22%3E"}
	})
	d.found(r.ID, review.FindInput{Kind: review.Contradiction, Title: evil, Text: evil, Evidence: evil, First: a.ID, Second: b.ID})
	d.found(r.ID, review.FindInput{Kind: review.Gap, Title: evil, State: review.FindingSettled, Became: evil, Restricted: true})
	_, err := d.reviews.Assess(d.as("reviewer"), r.ID, d.version(r.ID), 0, evil)
	d.must(err)
	me := anyone.As("reviewer")
	detail := d.get("reviewer", r.ID)
	pages := []string{"/reviews", "/reviews/list", r.URL()}
	for _, at := range []string{"/edit", "/move", "/assessment", "/assessment/versions", "/findings/new", "/statements/" + a.ID, "/findings/" + detail.Findings[0].ID, "/findings/" + detail.Findings[0].ID + "/risk",
		"/questions/" + detail.Questions[0].ID + "/settle", "/abstract/edit", "/decide", "/supersede", "/withdraw"} {
		pages = append(pages, r.URL()+at)
	}
	check := func(res *webtest.Response) {
		t.Helper()
		res.Want(200).WantNoText("<script>alert", "<img src=x")
	}
	for _, path := range pages {
		check(me.Get(path))
	}
	_, err = d.reviews.Decide(d.as("reviewer"), r.ID, d.version(r.ID), review.DecideInput{Outcome: review.Advice, Reason: evil, Conditions: []review.ConditionInput{{Text: evil, Proof: evil}}})
	d.must(err)
	_, err = d.reviews.SetAbstract(d.as("reviewer"), r.ID, d.version(r.ID), review.AbstractInput{Text: evil, Publish: true})
	d.must(err)
	check(me.Get(r.URL()))
	check(anyone.As("").Get(r.URL() + "/abstract"))
}

// A draft of the form of a kind comes back with its rows and its conditional
// questions.
func TestDraftsOfAForm(t *testing.T) {
	drafts := webtest.Drafts{}
	d, m := newPages(t, func(deps *web.Deps) { deps.Drafts = drafts })
	me := webtest.Serve(t, m).As("requester")
	page := "/reviews/new?kind=concept"
	values := fill(me.Get(page), "/reviews", "title", "Half written", "answers.brand_new", "no", "answers.reviewed_before", "Once.", "technologies_rows", "2", "technologies[1].name", "Argo")
	values.Set("_action", "/reviews")
	d.must(drafts.Keep(t.Context(), "requester", page, values))
	back := me.Get(page).Want(200).WantText("What you had written here before")
	if got := back.FormValues("/reviews"); got.Get("title") != "Half written" || got.Get("answers.reviewed_before") != "Once." || got.Get("technologies[1].name") != "Argo" {
		t.Errorf("the draft came back as %v", got)
	}
	me.Post("/reviews", fill(back, "/reviews", "technologies[1].state", "candidate")).Want(303)
	me.Get(page).WantNoText("Half written")
}

// With htmx a part of the form is drawn anew.
func TestPartsOfAForm(t *testing.T) {
	_, anyone := servePages(t)
	me := anyone.As("requester")
	values := fill(me.Get("/reviews/new?kind=concept"), "/reviews", "redraw", "1", "answers.brand_new", "no", "answers.sensitive_data", "None, hopefully")
	r := httptest.NewRequest("POST", "https://office.test/reviews", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("HX-Request", "true")
	part := me.Do(r).Want(200).WantNoText("<html", "<h1")
	part.Find(`[name="answers.reviewed_before"]`)
	part.Find(`#remarks-sensitive_data .meanwhile`)
}

// Restricted reviews are not there for others, on no page.
func TestRestrictedReviewsAreNotThere(t *testing.T) {
	d, anyone := servePages(t)
	r := d.requested(restrictedTo("person:requester", "person:reviewer"))
	me, other := anyone.As("reviewer"), anyone.As("bystander")
	me.Get(r.URL()).Want(200).WantText("Restricted")
	for _, at := range []string{"", "/edit", "/move", "/questions/new", "/assessment/versions", "/abstract"} {
		status := other.Get(r.URL() + at).Status
		if status != 404 && status != 403 {
			t.Errorf("%s: status %d", at, status)
		}
		if missing := other.Get("/reviews/there-is-none" + at).Status; missing != status {
			t.Errorf("%s: a review that is there answers %d, one that is not %d", at, status, missing)
		}
	}
	other.Get("/reviews").WantNoText(r.ID)
	other.Get("/reviews/list?column=all").WantNoText(r.ID)
}

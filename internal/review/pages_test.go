// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"net/url"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
	"portreeve.org/portreeve/internal/review"
	"portreeve.org/portreeve/internal/review/kind"
)

// newPages is a whole office with the pages of reviews on a real database.
func newPages(t *testing.T, adjust ...func(*web.Deps)) (*desk, *web.Mux) {
	t.Helper()
	d := newDesk(t, storetest.SQLite(t, tables()))
	deps := webtest.Deps(review.Actions()...)
	people := webtest.People{}
	for id, roles := range cast {
		people[id] = authz.Actor{ID: id, Login: id, Name: "The " + id, Kind: authz.KindPerson, Roles: roles}
	}
	deps.People, deps.Policy, deps.Clock, deps.Submissions, deps.Navigation = people, d.authz, d.db.Clock(), d.log, review.Navigation()
	for _, change := range adjust {
		change(&deps)
	}
	m := web.NewMux(deps)
	d.reviews.Pages(m)
	return d, m
}

func servePages(t *testing.T) (*desk, *webtest.Client) {
	t.Helper()
	d, m := newPages(t)
	return d, webtest.Serve(t, m)
}

// fill is a form as the page has it, with some fields set.
func fill(page *webtest.Response, action string, pairs ...string) url.Values {
	values := page.FormValues(action)
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}

// linkTo is the first link of the page that begins and ends so, or "".
func linkTo(page *webtest.Response, prefix, suffix string) string {
	for _, a := range page.All("a") {
		if href := a.Attr("href"); strings.HasPrefix(href, prefix) && strings.HasSuffix(href, suffix) {
			return href
		}
	}
	return ""
}

func TestMessages(t *testing.T) { webtest.CheckMessages(t, "review") }

// full is a review in progress with something of everything.
func (d *desk) full() review.Review {
	d.t.Helper()
	subject := d.project("ci")
	r := d.requested(of("concept", subject.Ref), func(in *review.RequestInput) {
		in.Name = "new-ci"
		in.Answers = map[string]string{"project": "New CI", "target_date": "2027", "sensitive_data": "None, hopefully"}
		in.Technologies = []kind.Technology{{Name: "Argo Workflows", Replaces: "Jenkins", State: kind.Candidate, Owner: "Release engineering"}, {Name: "MinIO", State: kind.Chosen}}
	})
	r = d.begun(r)
	r = d.joined(r, review.SecondReader, "reviewer2")
	first := d.ask(r.ID, "owner", "Which realms does **it** cross?")
	_, err := d.reviews.Answer(d.as("owner"), r.ID, d.version(r.ID), first.ID, "Two of them.")
	d.must(err)
	d.ask(r.ID, "owner", "Who may log in?")
	a := d.stated(r.ID, "Everybody may log in.")
	b := d.stated(r.ID, "Nobody outside logs in.", func(in *review.StatementInput) {
		in.Kind, in.Origin, in.Who = review.Requirement, "unknown", "Operations"
	})
	d.stated(r.ID, "The vault is open on Fridays.", func(in *review.StatementInput) { in.Restricted = true })
	d.found(r.ID, review.FindInput{Kind: review.Contradiction, Title: "Who may log in", First: a.ID, Second: b.ID, Text: "Both cannot hold."})
	d.found(r.ID, review.FindInput{Kind: review.Weakness, Title: "Tokens do not expire", Severity: "high", Text: "They live *for ever*.", Evidence: "The settings page."})
	d.found(r.ID, review.FindInput{Kind: review.NearMiss, Title: "The name of the realm differs"})
	d.found(r.ID, review.FindInput{Kind: review.Gap, Title: "Nobody thought of Fridays", Restricted: true})
	_, err = d.reviews.Assess(d.as("reviewer"), r.ID, d.version(r.ID), 0, "# Assessment\n\nIt is *good*.")
	d.must(err)
	return d.get("reviewer", r.ID).Review
}

func TestPagesShow(t *testing.T) {
	d, anyone := servePages(t)
	me := anyone.As("reviewer")
	me.Get("/reviews").Want(200).WantText("No review was asked for")
	r := d.full()
	for _, path := range []string{"/reviews", "/reviews?kind=concept", "/reviews/list", "/reviews/list?column=all", "/reviews/new", "/reviews/new?kind=concept", "/reviews/new?subject=project:ci",
		r.URL(), "/review-kinds", "/review-kinds/concept", "/review-kinds/concept/edit", "/review-kinds/export/edit"} {
		me.Get(path).Want(200).WantNoText("«review", "%!")
	}
	page := me.Get(r.URL())
	for _, at := range []string{"/edit", "/move", "/estimate", "/reviewers/new", "/declare", "/questions/new", "/statements/new", "/findings/new", "/assessment", "/decide", "/withdraw", "/supersede", "/abstract/edit", "/assessment/versions",
		"/reviewers/reviewer2/release"} {
		me.Get(r.URL()+at).Want(200).WantNoText("«review", "%!")
	}
	for _, suffix := range []string{"/settle", "/risk"} {
		me.Get(linkTo(page, r.URL(), suffix)).Want(200).WantNoText("«review", "%!")
	}
	page.WantText("New CI", "Advisory", "Clock paused: question Q2 is open", "None, hopefully", "Everybody may log in.", "Restricted: The owner, The requester, The reviewer and The reviewer2", "C1 Who may log in", "Tokens do not expire")
}

// SPDX-License-Identifier: Apache-2.0

package catalog_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/catalog/catalogtest"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

// serve returns a client of the catalogue's pages and API. Who is "owner" there
// has the id "fictional-owner", and so on.
func serve(t *testing.T) (catalogtest.Fixture, *webtest.Client) {
	t.Helper()
	f, m := newMux(t)
	return f, webtest.Serve(t, m)
}

func newMux(t *testing.T) (catalogtest.Fixture, *web.Mux) {
	t.Helper()
	f := catalogtest.New(t, storetest.SQLite(t, catalogtest.Migrations()), nil)
	deps := webtest.Deps(catalog.Actions()...)
	people := webtest.ByRole()
	for login, a := range people {
		a.ID = "fictional-" + login
		people[login] = a
	}
	deps.People, deps.Policy, deps.Navigation, deps.Submissions = people, f.Policy, catalog.Navigation(), f.Log
	m := web.NewMux(deps)
	f.Service.Pages(m)
	f.Service.API(m.API())
	return f, m
}

func TestPagesOfASubject(t *testing.T) {
	f, anyone := serve(t)
	f.Realms(owner(t), t)
	me := anyone.As("owner")

	me.Get("/subjects/new").Want(200).WantText("Flow", "Realm", "Supplier")
	form := me.Get("/subjects/new?kind=flow").Want(200).WantText("From realm", "Most sensitive class of data", "The steward")
	values := form.FormValues("/subjects")
	values.Set("title", "Property suggester A/B test")
	values.Set("name", "property-suggester-ab-test")
	values.Set("attributes.from", "production")
	values.Set("attributes.to", "cloud")
	values.Set("description", "# Not so loud")

	wrong := url.Values{}
	for k, v := range values {
		wrong[k] = v
	}
	wrong.Set("attributes.to", "")
	wrong.Set("title", "")
	again := me.Post("/subjects", wrong).Want(422).WantText("To realm", "Not so loud")
	if got := again.FormValues("/subjects").Get("attributes.from"); got != "production" {
		t.Errorf("what was entered is gone: %q", got)
	}

	me.Post("/subjects", values).WantLocation("/subjects/flow:property-suggester-ab-test")
	// Sent twice is registered once.
	me.Post("/subjects", values).WantLocation("/subjects/flow:property-suggester-ab-test")
	page := me.Get("/subjects/flow:property-suggester-ab-test").Want(200).WantText("Property suggester A/B test", "production", "cloud", "The steward", "Fictional owner")
	page.Find(`a[href="/subjects/realm:cloud"]`)
	page.Find(`a[href="/subjects/flow:property-suggester-ab-test/edit"]`)
	anyone.As("auditor").Get("/subjects/flow:property-suggester-ab-test").Want(200).WantNoText("/edit", "/retire")
	me.Get("/subjects/realm:cloud").WantText("Subjects that name it", "Property suggester A/B test")
	me.Get("/subjects?kind=flow").WantText("Property suggester A/B test").WantNoText("realm:cloud")
	me.Get("/subjects?state=retired").WantText("No subject matches")
	anyone.Get("/subjects").WantLocation("/sign-in?next=%2Fsubjects")
}

func TestPageEdits(t *testing.T) {
	f, anyone := serve(t)
	f.Realms(owner(t), t)
	f.Flow(owner(t), t)
	me, colleague := anyone.As("owner"), anyone.As("reviewer")
	const edit = "/subjects/flow:property-suggester-ab-test/edit"
	mine := me.Get(edit).Want(200).FormValues(edit)
	if mine.Get("owner") != "owner" || mine.Get("attributes.access") != "read" {
		t.Errorf("the form is filled with %v", mine)
	}
	theirs := colleague.Get(edit).Want(200).FormValues(edit)
	theirs.Set("title", "A colleague's title")
	colleague.Post(edit, theirs).WantLocation("/subjects/flow:property-suggester-ab-test")

	mine.Set("title", "My title")
	stale := me.Post(edit, mine).Want(http.StatusPreconditionFailed).WantText("Somebody changed this subject", "A colleague's title")
	second := stale.FormValues(edit)
	if second.Get("title") != "My title" {
		t.Errorf("my title is gone: %v", second)
	}
	me.Post(edit, second).WantLocation("/subjects/flow:property-suggester-ab-test")
	me.Get("/subjects/flow:property-suggester-ab-test").WantText("My title")
	anyone.As("auditor").Get(edit).Want(403)
	anyone.As("requester").Get(edit).Want(403)
	me.Get("/subjects/flow:absent/edit").Want(404)
}

func TestPageLinksAndRetirement(t *testing.T) {
	f, anyone := serve(t)
	f.Realms(owner(t), t)
	f.Flow(owner(t), t)
	f.Register(owner(t), t, catalog.Registration{Kind: "project", Name: "suggester", Title: "Suggester"})
	me := anyone.As("owner")
	const page = "/subjects/flow:property-suggester-ab-test"
	link := me.Get(page).FormValues(page + "/links")
	link.Set("relation", "part_of")
	link.Set("to", "project:absent")
	me.Post(page+"/links", link).Want(422).WantText("There is no such subject")
	link = me.Get(page).FormValues(page + "/links")
	link.Set("relation", "part_of")
	link.Set("to", "project:suggester")
	me.Post(page+"/links", link).WantLocation(page)
	me.Get(page).WantText("is part of", "Suggester", "The link was added.")
	me.Get("/subjects/project:suggester").WantText("consists of")
	const remove = page + "/links/part_of/project:suggester/remove"
	me.Post(remove, me.Get(remove).Want(200).FormValues(remove)).WantLocation(page)
	me.Get(page).WantText("Nothing that you may see is linked with it")

	retire := me.Get(page + "/retire").Want(200).FormValues(page + "/retire")
	me.Post(page+"/retire", retire).Want(422)
	retire = me.Get(page + "/retire").FormValues(page + "/retire")
	retire.Set("reason", "The test is over.")
	me.Post(page+"/retire", retire).WantLocation(page)
	me.Get(page).WantText("This subject is retired").WantNoText(page + "/edit")
}

func TestPagesHideWhatIsRestricted(t *testing.T) {
	f, anyone := serve(t)
	ref := f.Register(owner(t), t, catalog.Registration{Kind: "project", Name: "hidden", Title: "Hidden thing", Visibility: authz.Restricted}).Ref
	for _, path := range []string{"", "/edit", "/retire"} {
		hidden := anyone.As("reviewer").Get("/subjects/" + ref + path).Want(404)
		absent := anyone.As("reviewer").Get("/subjects/project:absent" + path).Want(404)
		mask := func(r *webtest.Response, name string) string {
			return strings.ReplaceAll(strings.ReplaceAll(r.Body, r.Header.Get("X-Request-Id"), ""), name, "")
		}
		if mask(hidden, ref) != mask(absent, "project:absent") {
			t.Errorf("%s: the pages differ", path)
		}
	}
	anyone.As("reviewer").Get("/subjects").WantNoText("Hidden thing")
	anyone.As("owner").Get("/subjects").WantText("Hidden thing")
}

func TestAPI(t *testing.T) {
	f, anyone := serve(t)
	f.Realms(owner(t), t)
	api := anyone.Token("owner")
	body := map[string]any{"kind": "flow", "name": "ab", "title": "A/B", "organisation": catalogtest.Organisation,
		"attributes": map[string]string{"from": "production", "to": "cloud"}}
	var d catalog.Document
	created := api.JSON("POST", "/api/v1/subjects", body, "Idempotency-Key", "one").Want(201).Into(&d)
	if created.Header.Get("Location") != "/api/v1/subjects/flow:ab" || created.Header.Get("ETag") != `"v1"` || d.Ref != "flow:ab" || d.OwnerName != "Fictional owner" {
		t.Errorf("%v %+v", created.Header, d)
	}
	api.JSON("POST", "/api/v1/subjects", body, "Idempotency-Key", "one").Want(201)
	api.JSON("POST", "/api/v1/subjects", body).Want(409)
	api.JSON("PATCH", "/api/v1/subjects/flow:ab", map[string]any{"title": "New"}).Want(428)
	api.JSON("PATCH", "/api/v1/subjects/flow:ab", map[string]any{"description": "Hid\u200bden"}, "If-Match", `"v1"`).Want(422).WantText(`"path":"description"`)
	api.JSON("PATCH", "/api/v1/subjects/flow:absent", map[string]any{"title": "New"}).Want(404)
	changed := api.JSON("PATCH", "/api/v1/subjects/flow:ab", map[string]any{"title": "New"}, "If-Match", `"v1"`).Want(200).Into(&d)
	if d.Title != "New" || d.Version != 1 || changed.Header.Get("ETag") != `"v2"` {
		t.Errorf("%+v", d)
	}
	api.JSON("PATCH", "/api/v1/subjects/flow:ab", map[string]any{"title": "Newer"}, "If-Match", `"v1"`).Want(412)
	api.JSON("PATCH", "/api/v1/subjects/flow:ab", map[string]any{"titel": "Newer"}, "If-Match", `"v2"`).Want(422)
	api.JSON("PATCH", "/api/v1/subjects/flow:ab", map[string]any{"attributes": map[string]string{"from": "production"}}, "If-Match", `"v2"`).Want(422).WantText("attributes.to")
	api.JSON("POST", "/api/v1/subjects/flow:ab/links", map[string]any{"relation": "part_of", "to": "realm:cloud"}).Want(201).Into(&d)
	if len(d.Links) != 1 || d.Links[0].Ref != "realm:cloud" {
		t.Errorf("links %+v", d.Links)
	}
	api.JSON("DELETE", "/api/v1/subjects/flow:ab/links/part_of/realm:cloud", nil).Want(204)
	api.JSON("POST", "/api/v1/subjects/flow:ab/retirement", map[string]any{"reason": "over"}, "If-Match", `"v2"`).Want(200)
	var list web.List[catalog.Subject]
	api.Get("/api/v1/subjects?limit=1").Want(200).Into(&list)
	if len(list.Items) != 1 || list.Next == "" {
		t.Errorf("first page %+v", list)
	}
	var second web.List[catalog.Subject]
	api.Get("/api/v1/subjects?limit=1&cursor=" + list.Next).Want(200).Into(&second)
	if len(second.Items) != 1 || second.Next != "" || second.Items[0].Ref == list.Items[0].Ref {
		t.Errorf("second page %+v", second)
	}
	api.Get("/api/v1/subjects?cursor=!").Want(400)
	api.Get("/api/v1/subjects?state=gone").Want(422)
	api.Get("/api/v1/kinds").Want(200).WantText(`"flow"`, `"precedent"`, "T285098")
	anyone.Token("auditor").JSON("POST", "/api/v1/subjects", body).Want(403)
	anyone.Get("/api/v1/subjects").Want(401)
}

// SPDX-License-Identifier: Apache-2.0

package officeweb_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/authz/officeweb"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/identity/identitytest"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func TestMessages(t *testing.T) { webtest.CheckMessages(t, "authz") }

// town is the whole mux on a real store, with people of every part.
type town struct {
	t            *testing.T
	db           *store.DB
	people       *identity.Service
	office       *office.Service
	web          *webtest.Client
	handler      http.Handler
	ids          map[string]string
	organisation string
	boss         context.Context // of the administrator
}

func newTown(t *testing.T) *town {
	t.Helper()
	db := storetest.SQLite(t, []store.Migrations{ledger.Migrations(), authz.Migrations(), identity.Migrations(), job.Migrations()})
	actions := append(identity.Actions(), office.Actions()...)
	policy, err := authz.NewPolicy(append(actions, web.Actions()...), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	log := ledgertest.Open(t, db)
	w := &town{t: t, db: db, ids: map[string]string{}}
	w.people, err = identity.New(identity.Deps{
		DB: db, Writer: log.Writer("identity", identity.Kinds()), Policy: policy, SecretKey: bytes.Repeat([]byte{7}, 32), Log: slog.New(slog.DiscardHandler),
		Sessions: identitytest.New(db.Clock().Real), Past: identitytest.New(db.Clock().Real),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.office = office.New(office.Deps{DB: db, Writer: log.Writer("authz", office.Kinds()), Policy: policy,
		Organisation: func(ctx context.Context, r store.Reader, id string) error {
			_, err := w.people.OrganisationByID(ctx, r, id)
			return err
		}})
	deps := webtest.Deps(actions...)
	deps.Policy, deps.People, deps.Clock, deps.Submissions = policy, w.populate(), db.Clock(), log
	deps.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	m := web.NewMux(deps)
	site := officeweb.New(officeweb.Deps{Office: w.office, People: w.people, DB: db, Location: time.UTC})
	site.Pages(m)
	site.API(m.API())
	w.web = webtest.Serve(t, m)
	if w.handler, err = m.Handler(); err != nil {
		t.Fatal(err)
	}
	return w
}

// populate creates an organisation, ranks and people, whose cookie is their login.
func (w *town) populate() webtest.People {
	w.t.Helper()
	people := webtest.People{}
	admin, err := w.people.CreateAdmin(w.t.Context(), "ada", "Ada Ministrator", false)
	if err != nil {
		w.t.Fatal(err)
	}
	w.ids["ada"] = admin.Person
	people["ada"] = authz.Actor{ID: admin.Person, Login: "ada", Name: "Ada Ministrator", Kind: authz.KindPerson, Roles: []authz.Role{authz.RoleAdmin}}
	w.boss = authz.WithActor(w.t.Context(), people["ada"])
	for login, role := range map[string]authz.Role{
		"sam": authz.RoleExecutive, "cleo": authz.RoleExecutive, "dan": authz.RoleReviewer, "rita": authz.RoleReviewer, "out": authz.RoleOutsider, "audrey": authz.RoleAuditor,
	} {
		name := strings.ToUpper(login[:1]) + login[1:]
		p, _, err := w.people.CreatePerson(w.boss, identity.PersonInput{Login: login, Name: name, Roles: []authz.Role{role}})
		if err != nil {
			w.t.Fatal(err)
		}
		w.ids[login] = p.ID
		people[login] = authz.Actor{ID: p.ID, Login: login, Name: name, Kind: authz.KindPerson, Roles: []authz.Role{role}}
	}
	o, err := w.people.CreateOrganisation(w.boss, "The Foundation")
	if err != nil {
		w.t.Fatal(err)
	}
	w.organisation = o.ID
	ranks := []authz.Rank{{Name: "manager", Title: "Manager"}, {Name: "director", Title: "Director"}, {Name: "chief", Title: "Chief"}}
	if err := w.office.SetRanks(w.t.Context(), ranks); err != nil {
		w.t.Fatal(err)
	}
	return people
}

// create sends the form of a new post.
func (w *town) create(title, rank, function, holder string) *webtest.Response {
	w.t.Helper()
	values := w.web.As("ada").Get("/admin/posts/new").Want(200).FormValues("/admin/posts")
	if values.Get("organisation") != w.organisation {
		w.t.Errorf("the only organisation is not chosen: %v", values)
	}
	values.Set("title", title)
	values.Set("rank", rank)
	values.Set("function", function)
	values.Set("holder", holder)
	return w.web.As("ada").Post("/admin/posts", values)
}

// post creates a post and returns its id.
func (w *town) post(title, rank, function, holder string) string {
	w.t.Helper()
	w.create(title, rank, function, holder).WantLocation("/admin/posts")
	a, err := w.office.Authority(w.boss)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range a.Posts {
		if p.Title == title {
			return p.ID
		}
	}
	w.t.Fatalf("there is no post %q", title)
	return ""
}

func TestChart(t *testing.T) {
	w := newTown(t)
	w.post("Director of Security", "director", "security", "")
	w.post("Chief Executive", "chief", "", "cleo")
	w.post("Operations Manager", "manager", "operations", "sam")
	page := w.web.As("rita").Get("/admin/posts").Want(200).WantText("The Foundation", "vacant", "authority is with Cleo (Chief Executive)", "1 post is vacant")
	var titles []string
	for _, th := range page.All("tbody th") {
		titles = append(titles, th.Text())
	}
	if got := strings.Join(titles, ", "); got != "Chief Executive, Director of Security, Operations Manager" {
		t.Errorf("not by rank: %s", got)
	}
	if len(page.All(`a[href="/admin/posts/new?organisation=`+w.organisation+`"]`)) != 0 {
		t.Error("a reviewer is offered to create posts")
	}
	w.web.As("rita").Get("/admin/ranks").Want(200).WantText("Chief", "Director", "Manager")
	w.web.As("out").Get("/admin/posts").Want(403)
	w.web.Get("/admin/posts").WantLocation("/sign-in?next=%2Fadmin%2Fposts")
}

func TestPostPages(t *testing.T) {
	w := newTown(t)
	admin := w.web.As("ada")
	for name, tc := range map[string]struct{ title, rank, function, holder, want string }{
		"no title":       {"", "chief", "", "", "This is needed"},
		"unknown rank":   {"Emperor", "emperor", "", "", "Choose one of the configured ranks"},
		"bad function":   {"Director", "director", "Top Secret", "", "lower-case letters"},
		"unknown person": {"Director", "director", "", "nobody", "nobody's login"},
		"hidden letters": {"Director\u202e", "director", "", "", "not seen"},
		"a long title":   {strings.Repeat("x", 10240), "director", "", "", "At most 200 characters"},
	} {
		t.Log(name)
		w.create(tc.title, tc.rank, tc.function, tc.holder).Want(422).WantText(tc.want)
	}
	w.create("Mine", "chief", "", "ada").Want(403).WantText("Nobody gives authority to themselves")
	w.create("<script>alert(1)</script>", "manager", "", "").WantLocation("/admin/posts")
	admin.Get("/admin/posts").Want(200).WantNoText("<script>alert")

	id := w.post("Director of Security", "director", "security", "sam")
	page := "/admin/posts/" + id
	values := admin.Get(page).Want(200).FormValues(page)
	if values.Get("holder") != "sam" {
		t.Errorf("the form shows %v", values)
	}
	values.Set("since", "2026-11-01")
	values.Set("until", "2027-01-31")
	admin.Post(page, values).WantLocation("/admin/posts")
	admin.Get("/admin/posts").Want(200).WantText("Sam until 31 January 2027")
	stale := values
	stale.Set("_submission", "0123456789abcdef0123456789abcdef")
	stale.Set("title", "Head of Security")
	again := admin.Post(page, stale).Want(412).WantText("Somebody changed this in the meantime").FormValues(page)
	if again.Get("title") != "Head of Security" || again.Get("_version") != "2" {
		t.Errorf("what was entered is lost: %v", again)
	}

	vacate := page + "/vacate"
	ask := admin.Get(vacate).Want(200).WantText("Nobody here can act for it", "Delegations of the post end")
	admin.Post(vacate, ask.FormValues(vacate)).WantLocation("/admin/posts")
	admin.Get(page).Want(200).WantText("This post is vacant")

	abolish := page + "/abolish"
	admin.Post(abolish, admin.Get(abolish).Want(200).FormValues(abolish)).WantLocation("/admin/posts")
	admin.Get(page).Want(404)
}

func TestAdministrationIsForAdministrators(t *testing.T) {
	w := newTown(t)
	id := w.post("Director of Security", "director", "security", "sam")
	for _, login := range []string{"rita", "sam", "audrey", "out"} {
		for _, path := range []string{"/admin/posts/new", "/admin/posts/" + id, "/admin/posts/" + id + "/vacate", "/admin/posts/" + id + "/delegate", "/admin/bodies/new"} {
			w.web.As(login).Get(path).Want(403)
		}
		for _, path := range []string{"/admin/posts", "/admin/posts/" + id, "/admin/posts/" + id + "/abolish", "/admin/bodies"} {
			w.web.As(login).Post(path, url.Values{"title": {"x"}, "_version": {"1"}}).Want(403)
		}
	}
	cross := httptest.NewRequest("POST", "https://office.test/admin/posts/"+id+"/abolish", strings.NewReader("_version=1"))
	cross.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	cross.Header.Set("Sec-Fetch-Site", "cross-site")
	w.web.As("ada").Do(cross).Want(403).WantText("came from another site")
}

func TestDelegationPages(t *testing.T) {
	w := newTown(t)
	id := w.post("Director of Security", "director", "security", "sam")
	sam, dan := w.web.As("sam"), w.web.As("dan")
	sam.Get("/me/posts").Want(200).WantText("Posts you hold", "Director of Security", "With the rank Director", "For security")
	dan.Get("/me/posts").Want(200).WantText("You hold no post and act for nobody")

	page := "/me/posts/" + id + "/delegate"
	form := sam.Get(page).Want(200).WantText("Delegate Director of Security").FormValues(page)
	send := func(to, from, until, reason string) *webtest.Response {
		values := url.Values{}
		for name, all := range form {
			values[name] = all
		}
		delete(values, "_submission")
		values.Set("to", to)
		values.Set("from", from)
		values.Set("until", until)
		values.Set("reason", reason)
		return sam.Post(page, values)
	}
	send("", "", "", "").Want(422).WantText("This is needed")
	send("sam", "", "2026-12-24", "Leave").Want(422).WantText("Choose somebody other than the holder")
	send("nobody", "", "2026-12-24", "Leave").Want(422).WantText("This is nobody's login.")
	send("dan", "", "2026-11-01", "Leave").Want(422).WantText("Choose an end after the beginning")
	send("dan", "", "2028-11-01", "Leave").Want(422).WantText("at most 366 days")
	send("dan", "", "soon", "Leave").Want(422).WantText("Enter a date")
	send("dan", "", "2026-12-24", "Le\u202eave").Want(422).WantText("not seen")
	send("dan", "2026-12-01", "2026-12-24", "Leave").WantLocation("/me/posts")

	dan.Get("/me/posts").Want(200).WantText("begins later", "You hold no post and act for nobody")
	w.db.Clock().Set(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
	dan.Get("/me/posts").Want(200).WantText("in force", "For Director of Security, by delegation")
	w.web.As("rita").Get("/admin/posts").Want(200).WantText("Dan until 24 December 2026")

	// What was delegated is not passed on; strangers neither delegate nor revoke.
	dan.Get(page).Want(403).WantText("Only the holder of a post delegates it")
	dan.Post(page, form).Want(403)
	w.web.As("audrey").Get(page).Want(403)
	revoke := dan.Get("/me/posts").Find(`tbody a`).Attr("href")
	w.web.As("rita").Post(revoke, url.Values{"_version": {"1"}}).Want(403).WantText("Only the two people of a delegation end it")

	dan.Post(revoke, dan.Get(revoke).Want(200).WantText("Dan acts as Director of Security for Sam").FormValues(revoke)).WantLocation("/me/posts")
	dan.Get("/me/posts").Want(200).WantText("You hold no post and act for nobody")
	sam.Post(revoke, url.Values{"_version": {"2"}}).Want(409).WantText("ended before")
	w.web.As("rita").Get("/admin/delegations").Want(200).WantText("No delegation")
	w.web.As("rita").Get("/admin/delegations?state=all").Want(200).WantText("revoked", "Leave")
}

func TestDelegationEnds(t *testing.T) {
	w := newTown(t)
	id := w.post("Director of Security", "director", "security", "sam")
	page := "/admin/posts/" + id + "/delegate"
	values := w.web.As("ada").Get(page).Want(200).FormValues(page)
	values.Set("to", "dan")
	values.Set("until", "2026-12-24")
	values.Set("reason", "Leave")
	w.web.As("ada").Post(page, values).WantLocation("/admin/posts")
	w.db.Clock().Set(time.Date(2026, 12, 24, 23, 59, 59, 0, time.UTC))
	w.web.As("dan").Get("/me/posts").Want(200).WantText("in force")
	w.db.Clock().Set(time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC))
	w.web.As("dan").Get("/me/posts").Want(200).WantText("act for nobody")
}

func TestBodyPages(t *testing.T) {
	w := newTown(t)
	admin := w.web.As("ada")
	send := func(name, members, quorum string) *webtest.Response {
		values := admin.Get("/admin/bodies/new").Want(200).FormValues("/admin/bodies")
		values.Set("name", name)
		values.Set("members", members)
		values.Set("quorum", quorum)
		return admin.Post("/admin/bodies", values)
	}
	send("Council", "sam\ncleo", "3").Want(422).WantText("at most the number of members")
	send("Council", "sam\nnobody", "1").Want(422).WantText("Number 2 is nobody's login")
	send("Council", "sam\nada", "1").Want(403).WantText("Nobody gives authority to themselves")
	send("Council", "sam, cleo dan", "2").WantLocation("/admin/posts")
	chart := admin.Get("/admin/posts").Want(200).WantText("Council", "Cleo, Dan, Sam", "2 of 3")
	page := ""
	for _, a := range chart.All("tbody a") {
		page = a.Attr("href")
	}
	values := admin.Get(page).Want(200).FormValues(page)
	values.Set("members", "sam\ncleo")
	admin.Post(page, values).WantLocation("/admin/posts")

	// A member whose account is closed no longer counts, and everybody sees it.
	if _, err := w.people.Deactivate(w.boss, w.ids["cleo"], 1, "left"); err != nil {
		t.Fatal(err)
	}
	w.web.As("rita").Get("/admin/posts").Want(200).WantText("only 1 has an active account")
	values = admin.Get(page).FormValues(page)
	admin.Post(page, values).Want(422).WantText("Choose a person with an active account").Find(`.wrong textarea[name="members"]`)

	dissolve := page + "/dissolve"
	admin.Post(dissolve, admin.Get(dissolve).Want(200).FormValues(dissolve)).WantLocation("/admin/posts")
	admin.Get(page).Want(404)
}

// SPDX-License-Identifier: Apache-2.0

package identityweb_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/identity/identitytest"
	"portreeve.org/portreeve/internal/kernel/identity/identityweb"
	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

const goodPassword = "violet anchor meets tin lantern"

// house is the whole mux on a real store, with people who signed in for real.
type house struct {
	t       *testing.T
	db      *store.DB
	people  *identity.Service
	web     *webtest.Client // nobody
	handler http.Handler
	drafts  *shelf
	admin   *resident
}

// resident is an enrolled account with the browser that enrolled it.
type resident struct {
	*webtest.Client
	id, login, secret string
	recovery          []string
}

// noteActions are a page outside this package, for drafts and scopes.
func noteActions() []authz.ActionDef {
	return []authz.ActionDef{{Name: "note:entry:write", Summary: "Write notes.", Roles: []authz.Role{authz.RoleReviewer, authz.RoleAdmin}}}
}

func newHouse(t *testing.T) *house {
	t.Helper()
	db := storetest.SQLite(t, []store.Migrations{ledger.Migrations(), authz.Migrations(), identity.Migrations(), job.Migrations()})
	actions := append(append(identity.Actions(), office.Actions()...), noteActions()...)
	policy, err := authz.NewPolicy(append(actions, web.Actions()...), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	log := ledgertest.Open(t, db)
	h := &house{t: t, db: db, drafts: &shelf{kept: map[string]url.Values{}}}
	h.people, err = identity.New(identity.Deps{
		DB: db, Writer: log.Writer("identity", identity.Kinds()), Policy: policy, SecretKey: bytes.Repeat([]byte{7}, 32),
		Config: identity.Config{Hash: identity.HashConfig{MemoryKiB: 8, Passes: 1, Lanes: 1}}, Log: slog.New(slog.DiscardHandler),
		Sessions: identitytest.New(db.Clock().Real), Past: identitytest.New(db.Clock().Real),
	})
	if err != nil {
		t.Fatal(err)
	}
	deps := webtest.Deps(actions...)
	deps.Policy, deps.People, deps.Clock = policy, h.people, db.Clock()
	deps.Submissions, deps.Drafts = log, h.drafts
	deps.Log = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	deps.Navigation, deps.Menu = identityweb.Navigation(), identityweb.Menu()
	m := web.NewMux(deps)
	site := identityweb.New(identityweb.Deps{People: h.people, DB: db, Policy: policy, Location: time.UTC, PublicURL: "https://office.test"})
	site.Pages(m)
	site.API(m.API())
	m.Page("POST /notes", "note:entry:write", func(c *web.Ctx) error { return c.SeeOther("/notes") })
	h.web = webtest.Serve(t, m)
	if h.handler, err = m.Handler(); err != nil {
		t.Fatal(err)
	}
	inv, err := h.people.CreateAdmin(t.Context(), "admin", "Ada Ministrator", false)
	if err != nil {
		t.Fatal(err)
	}
	h.admin = h.enrol("admin", "/invitation/"+inv.Token)
	return h
}

// nobody returns a fresh browser.
func (h *house) nobody() *webtest.Client { return h.web.As("") }

// pass moves the clock on; a one-time code then is a new one.
func (h *house) pass(d time.Duration) { h.db.Clock().Set(h.db.Clock().Real().Add(d)) }

// code returns the present one-time code of a secret.
func (h *house) code(secret string) string {
	h.t.Helper()
	code, err := identity.TOTPCode(secret, h.db.Clock().Real())
	if err != nil {
		h.t.Fatal(err)
	}
	return code
}

// enrol goes through the page behind an invitation in a fresh browser.
func (h *house) enrol(login, page string) *resident {
	h.t.Helper()
	r := &resident{Client: h.nobody(), login: login}
	form := r.Get(page).Want(200)
	r.secret = strings.ReplaceAll(form.Find("pre code").Text(), " ", "")
	values := form.FormValues(page)
	values.Set("password", goodPassword)
	values.Set("repeat_password", goodPassword)
	values.Set("code", h.code(r.secret))
	done := r.Post(page, values).Want(200)
	r.recovery = strings.Fields(done.Find("pre code").Text())
	r.id = h.person(login).ID
	h.pass(30 * time.Second)
	return r
}

// invite creates an account as the administrator does, and returns the page of
// the invitation.
func (h *house) invite(login, name string, roles ...authz.Role) (page string) {
	h.t.Helper()
	values := h.admin.Get("/admin/people/new").Want(200).FormValues("/admin/people")
	values.Set("login", login)
	values.Set("name", name)
	for _, role := range roles {
		values.Add("roles", string(role))
	}
	link := h.admin.Post("/admin/people", values).Want(200).Find("pre code").Text()
	return strings.TrimPrefix(link, "https://office.test")
}

// settle invites and enrols somebody.
func (h *house) settle(login string, roles ...authz.Role) *resident {
	h.t.Helper()
	return h.enrol(login, h.invite(login, "The "+login, roles...))
}

// signIn sends the sign-in form from a browser.
func (h *house) signIn(browser *webtest.Client, next, login, password, code string) *webtest.Response {
	h.t.Helper()
	values := browser.Get("/sign-in?next=" + url.QueryEscape(next)).Want(200).FormValues("/sign-in")
	values.Set("login", login)
	values.Set("password", password)
	values.Set("code", code)
	return browser.Post("/sign-in", values)
}

func (h *house) person(login string) identity.Person {
	h.t.Helper()
	var p identity.Person
	err := h.db.Read(h.t.Context(), func(r *store.ReadTx) (err error) {
		p, err = h.people.PersonByLogin(h.t.Context(), r, login)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return p
}

// token creates an API token for a resident, through the page.
func (h *house) token(r *resident, scopes ...string) string {
	h.t.Helper()
	values := r.Get("/me/tokens/new").Want(200).FormValues("/me/tokens")
	values.Set("name", "for the test")
	values["scopes"] = scopes
	if len(scopes) == 0 {
		values.Set("everything", "1")
	}
	return r.Post("/me/tokens", values).Want(200).Find("pre code").Text()
}

// shelf keeps drafts in memory; their owner is another package.
type shelf struct {
	mu   sync.Mutex
	kept map[string]url.Values
}

func (s *shelf) Keep(_ context.Context, person, path string, values url.Values) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[person+" "+path] = values
	return nil
}

func (s *shelf) Draft(_ context.Context, person, path string) (url.Values, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[person+" "+path], nil
}

func (s *shelf) Discard(_ context.Context, person, path string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, person+" "+path)
	return nil
}

// problem is what the API answers with when it refuses.
type problem struct {
	Code   string        `json:"code"`
	Fields []fault.Field `json:"fields"`
}

func wantProblem(t *testing.T, r *webtest.Response, status int, code string) {
	t.Helper()
	var p problem
	r.Want(status).Into(&p)
	if p.Code != code {
		t.Errorf("code %q, want %q", p.Code, code)
	}
}

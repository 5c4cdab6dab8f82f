// SPDX-License-Identifier: Apache-2.0

package identityweb_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func TestMessages(t *testing.T) { webtest.CheckMessages(t, "identity") }

func TestSignIn(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)

	browser := h.nobody()
	h.signIn(browser, "/me", "Rita", goodPassword, h.code(r.secret)).WantLocation("/me")
	browser.Get("/me").Want(200).WantText("The rita", "Reviewer", "Sign out everywhere")
	browser.Get("/sign-in?next=/me/tokens").WantLocation("/me/tokens") // is signed in already

	browser.Post("/sign-out", url.Values{}).WantLocation("/sign-in")
	browser.Get("/sign-in").Want(200).WantText("You are signed out.")
	browser.Get("/me").WantLocation("/sign-in?next=%2Fme")
}

func TestSignInTellsNothing(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	gone := h.settle("gone", authz.RoleReviewer)
	h.deactivate("gone")
	wrong := map[string][3]string{
		"wrong password":  {"rita", "another long pass phrase", h.code(r.secret)},
		"wrong code":      {"rita", goodPassword, "000000"},
		"unknown login":   {"nobody", goodPassword, h.code(r.secret)},
		"no such login":   {"<script>", goodPassword, h.code(r.secret)},
		"deactivated":     {"gone", goodPassword, h.code(gone.secret)},
		"code of another": {"rita", goodPassword, h.code(gone.secret)},
	}
	pages := map[string]string{}
	for name, try := range wrong {
		answer := h.signIn(h.nobody(), "/me", try[0], try[1], try[2]).Want(422).WantText("Signing in did not work", "Login, password or code is not right")
		if got := answer.Find(`input[name="login"]`).Attr("value"); got != try[0] {
			t.Errorf("%s: the login %q was lost: %q", name, try[0], got)
		}
		if answer.Find(`input[name="password"]`).Has("value") || answer.Find(`input[name="code"]`).Has("value") {
			t.Errorf("%s: a secret came back", name)
		}
		pages[name] = visible(answer)
	}
	for name, page := range pages {
		if page != pages["wrong password"] {
			t.Errorf("%s is answered differently:\n%s\n%s", name, page, pages["wrong password"])
		}
	}
	h.signIn(h.nobody(), "/me", "rita", goodPassword, h.code(r.secret)).WantLocation("/me")
}

// visible is what a page says, without what differs from page to page by nature.
func visible(r *webtest.Response) string { return r.Find("main").Text() }

func TestCodeWorksOnce(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	code := h.code(r.secret)
	h.signIn(h.nobody(), "/", "rita", goodPassword, code[:3]+" "+code[3:]).WantLocation("/")
	h.signIn(h.nobody(), "/", "rita", goodPassword, code).Want(422)
}

func TestRecoveryCode(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	if len(r.recovery) != 10 {
		t.Fatalf("%d recovery codes", len(r.recovery))
	}
	browser := h.nobody()
	other := browser.Get("/sign-in?next=/me").Want(200).Find("form.form p a")
	page := browser.Get(other.Attr("href")).Want(200).WantText("Recovery code", "Use a one-time code instead")
	values := page.FormValues("/sign-in")
	values.Set("login", "rita")
	values.Set("password", goodPassword)
	values.Set("code", r.recovery[3])
	browser.Post("/sign-in", values).WantLocation("/me")
	browser.Get("/me").Want(200).WantText("9 unused codes left")
	h.signIn(h.nobody(), "/", "rita", goodPassword, r.recovery[3]).Want(422)
}

func TestNextStaysHere(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	for next, want := range map[string]string{
		"/me?tab=1":             "/me?tab=1",
		"//evil.example/":       "/",
		"https://evil.example/": "/",
		`/\evil.example`:        "/",
		"/sign-out":             "/",
		"/sign-in?next=/me":     "/",
		"/invitation/abc":       "/",
	} {
		h.pass(time.Minute)
		browser := h.nobody()
		h.signIn(browser, next, "rita", goodPassword, h.code(r.secret)).WantLocation(want)
		browser.Get("/sign-in?next=" + url.QueryEscape(next)).WantLocation(want)
	}
}

func TestGuessingIsSlow(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	for range 5 {
		h.signIn(h.nobody(), "/", "rita", "another long pass phrase", "000000").Want(422)
	}
	answer := h.signIn(h.nobody(), "/", "rita", goodPassword, h.code(r.secret)).Want(429).WantText("too many attempts")
	if answer.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	// The browser in which she signed in before does not wait for the guesser.
	r.Post("/sign-out", url.Values{}).WantLocation("/sign-in")
	h.signIn(r.Client, "/me", "rita", goodPassword, h.code(r.secret)).WantLocation("/me")
}

func TestSignInEndsTheSessionBefore(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	old := r.For(t)
	page := h.invite("otto", "Otto Owner", authz.RoleOwner)
	values := r.Get(page).Want(200).WantText("The rita is signed in in this browser").FormValues(page)
	values.Set("password", goodPassword)
	values.Set("repeat_password", goodPassword)
	values.Set("code", h.code(strings.ReplaceAll(r.Get(page).Find("pre code").Text(), " ", "")))
	r.Post(page, values).Want(200).WantText("Otto Owner")
	r.Get("/me").Want(200).WantText("Otto Owner")
	old.Get("/me").WantLocation("/sign-in?next=%2Fme")
}

func TestCrossSiteIsRefused(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"/sign-in", "/sign-out", "/me/sign-out-everywhere", "/admin/people", "/me/tokens"} {
		r := httptest.NewRequest("POST", "https://office.test"+path, strings.NewReader("login=x"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		h.admin.Do(r).Want(403).WantText("came from another site")
	}
	h.admin.Get("/me").Want(200)
}

func TestDraftSurvivesTheSession(t *testing.T) {
	h := newHouse(t)
	values := h.admin.Get("/admin/people/new").Want(200).FormValues("/admin/people")
	values.Set("login", "olga")
	values.Set("name", "Olga Owner")
	values.Set("password", "never kept")
	h.pass(13 * time.Hour)
	location := h.admin.Post("/admin/people", values).Want(303).Header.Get("Location")
	h.admin.Get(location).Want(200).WantText("Your session ended while you were writing")
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	next := u.Query().Get("next")
	h.signIn(h.admin.Client, next, "admin", goodPassword, h.code(h.admin.secret)).WantLocation(next)
	restored := h.admin.Get(next).Want(200).FormValues("/admin/people")
	if restored.Get("name") != "Olga Owner" || restored.Get("login") != "olga" {
		t.Errorf("the form came back with %v", restored)
	}
	kept := h.drafts.kept[h.admin.id+" /admin/people/new"]
	if kept == nil || kept.Has("password") {
		t.Errorf("the draft is %v", kept)
	}
	h.admin.Post("/admin/people", restored).Want(200).WantText("Invitation for Olga Owner")
}

// An administrator who ends somebody's sessions does not take away what they are
// writing, but a cookie that was stolen before is soon worth nothing at all.
func TestDraftSurvivesEndedSessions(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	page := h.page("rita") + "/end-sessions"
	h.admin.Post(page, h.admin.Get(page).Want(200).FormValues(page)).WantLocation(h.page("rita"))
	form := url.Values{"title": {"half written"}, "_page": {"/me"}}
	r.Post("/notes", form).WantLocation("/sign-in?next=%2Fme%3Fdraft%3D1")
	if h.drafts.kept[r.id+" /me"].Get("title") != "half written" {
		t.Errorf("kept %v", h.drafts.kept)
	}
	clear(h.drafts.kept)
	h.pass(13 * time.Hour)
	r.Post("/notes", form).WantLocation("/sign-in?next=%2Fme")
	if len(h.drafts.kept) != 0 {
		t.Errorf("kept after half a day: %v", h.drafts.kept)
	}
}

func TestDraftOfNobody(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	stolen := r.For(t)
	h.deactivate("rita")
	stolen.Post("/notes", url.Values{"title": {"planted"}, "_page": {"/me"}}).WantLocation("/sign-in?next=%2Fme")
	if len(h.drafts.kept) != 0 {
		t.Errorf("kept %v", h.drafts.kept)
	}
}

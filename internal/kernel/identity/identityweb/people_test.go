// SPDX-License-Identifier: Apache-2.0

package identityweb_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

// deactivate closes an account, through the page.
func (h *house) deactivate(login string) {
	h.t.Helper()
	page := h.page(login) + "/deactivate"
	values := h.admin.Get(page).Want(200).FormValues(page)
	values.Set("reason", "left the organisation")
	h.admin.Post(page, values).WantLocation(h.page(login))
}

// page is the address of somebody's page.
func (h *house) page(login string) string {
	h.t.Helper()
	return "/admin/people/" + h.person(login).ID
}

func TestInvitation(t *testing.T) {
	h := newHouse(t)
	page := h.invite("olga", "Olga Owner", authz.RoleOwner)
	browser := h.nobody()
	form := browser.Get(page).Want(200).WantText("This link is for Olga Owner. Your login is olga.", "Choose a password", "Add the second factor")
	if form.Find("svg[role=img] path") == nil || !strings.HasPrefix(form.Find("form.form p a").Attr("href"), "otpauth://totp/") {
		t.Error("the second factor is not offered as a picture and a link")
	}
	secret := strings.ReplaceAll(form.Find("pre code").Text(), " ", "")
	values := form.FormValues(page)
	for name, tc := range map[string]struct{ password, again, code, want string }{
		"short password":  {"short", "short", h.code(secret), "Use at least 12 characters"},
		"own name":        {"olga and her lantern", "olga and her lantern", h.code(secret), "Leave your login"},
		"not repeated":    {goodPassword, goodPassword + "!", h.code(secret), "The two new passwords differ"},
		"wrong code":      {goodPassword, goodPassword, "000000", "This code is not right"},
		"nothing at all":  {"", "", "", "This is needed"},
		"bytes, not text": {"\xff\xfe violet anchor", "\xff\xfe violet anchor", h.code(secret), "not text"},
	} {
		values.Set("password", tc.password)
		values.Set("repeat_password", tc.again)
		values.Set("code", tc.code)
		answer := browser.Post(page, values).Want(422).WantText(tc.want)
		answer.Find(".alert[role=alert]")
		if strings.Contains(answer.Body, goodPassword) {
			t.Errorf("%s: the password came back", name)
		}
		if again := strings.ReplaceAll(answer.Find("pre code").Text(), " ", ""); again != secret {
			t.Errorf("%s: the secret changed under the scanned code", name)
		}
	}
	values.Set("password", goodPassword)
	values.Set("repeat_password", goodPassword)
	values.Set("code", h.code(secret))
	browser.Post(page, values).Want(200).WantText("Your recovery codes", "Olga Owner")
	browser.Get("/me").Want(200).WantText("Olga Owner", "Owner")

	// The link worked once, whoever has it.
	h.nobody().Get(page).Want(404).WantText("This link is not valid any more")
	h.nobody().Post(page, values).Want(404).WantText("This link is not valid any more")
	h.nobody().Get("/invitation/nothing").Want(404)
}

func TestInvitationEnds(t *testing.T) {
	h := newHouse(t)
	first := h.invite("olga", "Olga Owner", authz.RoleOwner)
	ask := h.page("olga") + "/invitation"
	link := h.admin.Post(ask, h.admin.Get(ask).Want(200).FormValues(ask)).Want(200).WantText("shown this once").Find("pre code").Text()
	second := strings.TrimPrefix(link, "https://office.test")
	h.nobody().Get(first).Want(404) // replaced
	h.nobody().Get(second).Want(200)
	h.pass(73 * time.Hour)
	h.nobody().Get(second).Want(404)
}

func TestPeoplePages(t *testing.T) {
	h := newHouse(t)
	h.settle("rita", authz.RoleReviewer)
	h.admin.Get("/admin").WantLocation("/admin/people")
	h.admin.Get("/admin/people").Want(200).WantText("Ada Ministrator", "The rita", "Reviewer", "active")
	h.admin.Get("/admin/people?login=RITA").WantLocation(h.page("rita"))
	h.admin.Get("/admin/people?login=nobody").WantLocation("/admin/people")
	h.admin.Get("/admin/people").Want(200).WantText("Nobody has that login.")
	h.admin.Get("/admin/people/nothing").Want(404)

	page := h.page("rita")
	values := h.admin.Get(page).Want(200).FormValues(page)
	values.Set("name", "Rita Reviewer")
	values.Set("mail", "rita@example.org")
	h.admin.Post(page, values).WantLocation(page)
	h.admin.Get(page).Want(200).WantText("Saved.", "Rita Reviewer", "rita@example.org")

	// Another administrator has the old form open.
	values.Set("name", "Overwritten")
	values.Set("_submission", "0123456789abcdef0123456789abcdef")
	stale := h.admin.Post(page, values).Want(412).WantText("Saved meanwhile by somebody else: Rita Reviewer", "Somebody changed this in the meantime")
	again := stale.FormValues(page)
	if again.Get("name") != "Overwritten" {
		t.Errorf("what was entered is lost: %v", again)
	}
	h.admin.Post(page, again).WantLocation(page)
}

func TestRoles(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	page := h.page("rita")
	values := h.admin.Get(page).Want(200).FormValues(page + "/roles")
	values["roles"] = []string{"reviewer", "admin"}
	h.admin.Post(page+"/roles", values).WantLocation(page)
	r.Get("/admin/people").Want(200) // with the next request

	values = h.admin.Get(page).FormValues(page + "/roles")
	values["roles"] = []string{"emperor"}
	h.admin.Post(page+"/roles", values).Want(422).WantText("Choose roles from the list.")

	own := h.page("admin")
	h.admin.Get(own).Want(200).WantText("Nobody changes their own roles")
	h.admin.Post(own+"/roles", url.Values{"_version": {"1"}, "roles": {"admin"}}).Want(403).WantText("Nobody does this to their own account")
}

func TestAdministrationIsForAdministrators(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	for _, path := range []string{
		"/admin", "/admin/people", "/admin/people/new", h.page("rita"), h.page("admin") + "/deactivate",
		"/admin/groups", "/admin/groups/new", "/admin/organisations", "/admin/tokens", h.page("rita") + "/tokens/new",
	} {
		r.Get(path).Want(403).WantText("Not allowed", "Your account is not allowed to do this")
		h.nobody().Get(path).WantLocation("/sign-in?next=" + url.QueryEscape(path))
	}
	for _, path := range []string{"/admin/people", h.page("admin") + "/deactivate", h.page("rita") + "/roles", h.page("admin") + "/end-sessions", "/admin/groups", "/admin/organisations"} {
		r.Post(path, url.Values{"_version": {"1"}, "roles": {"admin"}, "name": {"x"}, "reason": {"x"}}).Want(403)
	}
	r.WantNoAdministration()
	if p := h.person("rita"); len(p.Roles) != 1 || !p.Active {
		t.Errorf("rita became %+v", p)
	}
}

// WantNoAdministration fails the test if the navigation leads there.
func (r *resident) WantNoAdministration() {
	r.Get("/me").Want(200).WantNoText(`href="/admin"`)
}

func TestHostileNames(t *testing.T) {
	h := newHouse(t)
	script := `<script>alert("x")</script>`
	h.invite("sam", script, authz.RoleOwner)
	page := h.page("sam")
	for _, path := range []string{page, "/admin/people", page + "/deactivate", page + "/invitation"} {
		h.admin.Get(path).Want(200).WantText(script).WantNoText("<script>alert")
	}
	for name, want := range map[string]string{
		"Olga\u202eevil":           "not seen",
		"Olga\u200f Owner":         "not seen",
		"Olga\u2066Owner":          "not seen",
		"Olga\x00Owner":            "control characters",
		strings.Repeat("x", 10240): "At most 200 characters",
		strings.Repeat("ж", 150):   "200 bytes",
		" ":                        "This is needed",
	} {
		values := h.admin.Get("/admin/people/new").FormValues("/admin/people")
		values.Set("login", "olga")
		values.Set("name", name)
		h.admin.Post("/admin/people", values).Want(422).WantText(want)
		values = h.admin.Get("/admin/organisations").FormValues("/admin/organisations")
		values.Set("name", name)
		h.admin.Post("/admin/organisations", values).Want(422).WantText(want)
	}
	for _, login := range []string{"<script>", "olga\u202e", "a", strings.Repeat("o", 10240), "erased-1", "o..o", "ольга"} {
		values := h.admin.Get("/admin/people/new").FormValues("/admin/people")
		values.Set("login", login)
		values.Set("name", "Olga")
		h.admin.Post("/admin/people", values).Want(422)
	}
}

func TestDeactivationIsImmediate(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	program := r.Token(h.token(r))
	r.Get("/me").Want(200)
	program.Get("/api/v1/me").Want(200)
	link := h.admin.Post(h.page("rita")+"/invitation", url.Values{}).Want(200).Find("pre code").Text()

	h.deactivate("rita")

	r.Get("/me").WantLocation("/sign-in?next=%2Fme")
	wantProblem(t, program.Get("/api/v1/me"), 401, "identity.token_invalid")
	h.nobody().Get(strings.TrimPrefix(link, "https://office.test")).Want(404)
	h.signIn(h.nobody(), "/", "rita", goodPassword, h.code(r.secret)).Want(422)
	h.admin.Get(h.page("rita")).Want(200).WantText("deactivated", "Reactivate")

	ask := h.page("rita") + "/reactivate"
	link = h.admin.Post(ask, h.admin.Get(ask).Want(200).FormValues(ask)).Want(200).Find("pre code").Text()
	r.Get("/me").WantLocation("/sign-in?next=%2Fme")
	program.Get("/api/v1/me").Want(401)
	h.signIn(h.nobody(), "/", "rita", goodPassword, h.code(r.secret)).Want(422)
	h.enrol("rita", strings.TrimPrefix(link, "https://office.test")).Get("/me").Want(200)
}

func TestDeactivationAsksWhy(t *testing.T) {
	h := newHouse(t)
	h.settle("rita", authz.RoleReviewer)
	page := h.page("rita") + "/deactivate"
	values := h.admin.Get(page).Want(200).WantText("All sessions end").FormValues(page)
	h.admin.Post(page, values).Want(422).WantText("This is needed")
	own := h.page("admin") + "/deactivate"
	values = h.admin.Get(own).FormValues(own)
	values.Set("reason", "tired")
	h.admin.Post(own, values).Want(403).WantText("Nobody does this to their own account")
}

func TestEndSessions(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	page := h.page("rita") + "/end-sessions"
	h.admin.Post(page, h.admin.Get(page).Want(200).FormValues(page)).WantLocation(h.page("rita"))
	r.Get("/me").WantLocation("/sign-in?next=%2Fme")
	h.signIn(r.Client, "/me", "rita", goodPassword, h.code(r.secret)).WantLocation("/me")
}

func TestGroupPages(t *testing.T) {
	h := newHouse(t)
	h.settle("rita", authz.RoleReviewer)
	h.settle("otto", authz.RoleOwner)
	send := func(page string, values url.Values, name, members string) *webtest.Response {
		values.Set("name", name)
		values.Set("members", members)
		return h.admin.Post(page, values)
	}
	form := func() url.Values { return h.admin.Get("/admin/groups/new").Want(200).FormValues("/admin/groups") }
	send("/admin/groups", form(), "Incident team", "rita\nnobody\notto").Want(422).WantText("Number 2 is nobody's login")
	send("/admin/groups", form(), "Incident team", "rita\n Otto \n").WantLocation("/admin/groups")
	send("/admin/groups", form(), "Incident team", "").Want(409).WantText("This name is taken")
	send("/admin/groups", form(), "Mine", "admin").Want(403)
	page := h.admin.Get("/admin/groups").Want(200).WantText("Incident team", "2").Find("tbody a").Attr("href")

	values := h.admin.Get(page).Want(200).FormValues(page)
	if values.Get("members") != "otto\nrita" {
		t.Errorf("members are %q", values.Get("members"))
	}
	send(page, values, "Incident team", "otto").WantLocation("/admin/groups")
	send(page, url.Values{"_version": {"1"}}, "Incident team", "rita").Want(412).WantText("Saved meanwhile by somebody else: otto")

	// From the person's side.
	person := h.page("rita")
	join := h.admin.Get(person).Want(200).WantText("In no group.").FormValues(person + "/groups")
	join.Set("group", strings.TrimPrefix(page, "/admin/groups/"))
	h.admin.Post(person+"/groups", join).WantLocation(person)
	h.admin.Get(person).Want(200).WantText("Incident team")
	h.admin.Post(person+"/groups/"+strings.TrimPrefix(page, "/admin/groups/")+"/leave", url.Values{}).WantLocation(person)
	h.admin.Get(person).Want(200).WantText("In no group.")

	remove := page + "/remove"
	h.admin.Post(remove, h.admin.Get(remove).Want(200).FormValues(remove)).WantLocation("/admin/groups")
	h.admin.Get(page).Want(404)
}

func TestOrganisationPages(t *testing.T) {
	h := newHouse(t)
	create := func(name string) *webtest.Response {
		values := h.admin.Get("/admin/organisations").Want(200).FormValues("/admin/organisations")
		values.Set("name", name)
		return h.admin.Post("/admin/organisations", values)
	}
	create("The Foundation").WantLocation("/admin/organisations")
	create("The Foundation").Want(409).WantText("This name is taken")
	page := h.admin.Get("/admin/organisations").Want(200).WantText("The Foundation").Find("tbody a").Attr("href")
	values := h.admin.Get(page).Want(200).FormValues(page)
	values.Set("name", "The Chapter")
	h.admin.Post(page, values).WantLocation("/admin/organisations")
	h.admin.Get("/admin/organisations").Want(200).WantText("The Chapter")
	h.admin.Get("/admin/organisations/nothing").Want(404)
	// One organisation is chosen already for a new account.
	if got := h.admin.Get("/admin/people/new").FormValues("/admin/people").Get("organisation"); got == "" {
		t.Error("the only organisation is not chosen")
	}
}

func TestDoubleSubmit(t *testing.T) {
	h := newHouse(t)
	values := h.admin.Get("/admin/organisations").FormValues("/admin/organisations")
	values.Set("name", "The Foundation")
	h.admin.Post("/admin/organisations", values).WantLocation("/admin/organisations")
	h.admin.Post("/admin/organisations", values).WantLocation("/admin/organisations")
	if rows := h.admin.Get("/admin/organisations").All("tbody tr"); len(rows) != 1 {
		t.Errorf("%d organisations", len(rows))
	}
}

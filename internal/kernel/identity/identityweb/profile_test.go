// SPDX-License-Identifier: Apache-2.0

package identityweb_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
)

const otherPassword = "copper kettle sings at dawn"

func TestSessions(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	other := h.nobody()
	h.signIn(other, "/me", "rita", goodPassword, h.code(r.secret)).WantLocation("/me")
	page := r.Get("/me").Want(200)
	if ends := page.All("tbody form"); len(ends) != 1 || len(page.All("tbody tr")) != 2 {
		t.Fatalf("%d of %d sessions can be ended from here", len(ends), len(page.All("tbody tr")))
	}
	r.Post(page.Find("tbody form").Attr("action"), url.Values{}).WantLocation("/me")
	other.Get("/me").WantLocation("/sign-in?next=%2Fme")
	r.Get("/me").Want(200).WantText("The session is ended.")

	// Nobody ends the session of somebody else.
	o := h.settle("otto", authz.RoleOwner)
	foreign := h.nobody()
	h.signIn(foreign, "/me", "otto", goodPassword, h.code(o.secret)).WantLocation("/me")
	r.Post(o.Get("/me").Find("tbody form").Attr("action"), url.Values{}).Want(404)
	foreign.Get("/me").Want(200)
}

func TestSignOutEverywhere(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	token := r.Token(h.token(r))
	other := h.nobody()
	h.signIn(other, "/me", "rita", goodPassword, h.code(r.secret)).WantLocation("/me")
	r.Post("/me/sign-out-everywhere", url.Values{}).WantLocation("/sign-in")
	r.Get("/sign-in").Want(200).WantText("All your sessions are ended")
	other.Get("/me").WantLocation("/sign-in?next=%2Fme")
	token.Get("/api/v1/me").Want(200) // a token is no session
}

func TestChangePassword(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	other := h.nobody()
	h.signIn(other, "/me", "rita", goodPassword, h.code(r.secret)).WantLocation("/me")
	h.pass(30 * time.Second)
	change := func(present, code, password, again string) url.Values {
		values := r.Get("/me/password").Want(200).FormValues("/me/password")
		values.Set("password", present)
		values.Set("code", code)
		values.Set("new_password", password)
		values.Set("repeat_password", again)
		return values
	}
	r.Get("/me/password").Want(200).WantNoText("stay valid")
	made := r.Get("/me/tokens/new").Want(200).FormValues("/me/tokens")
	made.Set("name", "script")
	made.Set("everything", "1")
	made.Set("days", "3")
	r.Post("/me/tokens", made).Want(200)
	r.Get("/me/password").Want(200).WantText("API tokens of yours that stay valid: 1").Find(`a[href="/me/tokens"]`)
	r.Post("/me/password", change(goodPassword, h.code(r.secret), "short", "short")).Want(422).
		Find(`.wrong input[name="new_password"]`)
	r.Post("/me/password", change(goodPassword, h.code(r.secret), otherPassword, "something else entirely")).Want(422).WantText("The two new passwords differ")
	r.Post("/me/password", change("another long pass phrase", h.code(r.secret), otherPassword, otherPassword)).Want(403).WantText("Your present password or the code is not right")
	r.Post("/me/password", change(goodPassword, h.code(r.secret), otherPassword, otherPassword)).WantLocation("/me")

	r.Get("/me").Want(200).WantText("Your password is changed")
	other.Get("/me").WantLocation("/sign-in?next=%2Fme")
	h.pass(30 * time.Second)
	h.signIn(h.nobody(), "/", "rita", goodPassword, h.code(r.secret)).Want(422)
	h.signIn(h.nobody(), "/", "rita", otherPassword, h.code(r.secret)).WantLocation("/")
}

func TestNewRecoveryCodes(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	values := r.Get("/me/recovery-codes").Want(200).FormValues("/me/recovery-codes")
	values.Set("password", goodPassword)
	values.Set("code", h.code(r.secret))
	page := r.Post("/me/recovery-codes", values).Want(200).WantText("These replace the codes you had")
	codes := strings.Fields(page.Find("pre code").Text())
	if len(codes) != 10 || codes[0] == r.recovery[0] {
		t.Fatalf("codes %v", codes)
	}
	h.signIn(h.nobody(), "/", "rita", goodPassword, r.recovery[0]).Want(422)
	h.signIn(h.nobody(), "/", "rita", goodPassword, codes[0]).WantLocation("/")
}

func TestMoveSecondFactor(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	values := r.Get("/me/second-factor").Want(200).FormValues("/me/second-factor")
	values.Set("password", goodPassword)
	values.Set("code", h.code(r.secret))
	page := r.Post("/me/second-factor", values).Want(303).Header.Get("Location")
	if !strings.HasPrefix(page, "/invitation/") {
		t.Fatalf("leads to %q", page)
	}
	h.wantNowhere(strings.TrimPrefix(page, "/invitation/"))
	moved := h.enrol("rita", page)
	h.signIn(h.nobody(), "/", "rita", goodPassword, h.code(r.secret)).Want(422)
	h.signIn(h.nobody(), "/", "rita", goodPassword, h.code(moved.secret)).WantLocation("/")
}

// wantNowhere fails the test if a secret stands in the memory of answers.
func (h *house) wantNowhere(secret string) {
	h.t.Helper()
	err := h.db.Read(h.t.Context(), func(r *store.ReadTx) error {
		rows, err := r.Query(h.t.Context(), "SELECT COALESCE(header, ''), COALESCE(body, '') FROM ledger_idempotency")
		if err != nil {
			return err
		}
		defer rows.Close()
		n := 0
		for ; rows.Next(); n++ {
			var header string
			var body []byte
			if err := rows.Scan(&header, &body); err != nil {
				return err
			}
			if strings.Contains(header, secret) || strings.Contains(string(body), secret) {
				h.t.Errorf("a secret is remembered: %s", header)
			}
		}
		if n == 0 {
			h.t.Error("no answer is remembered at all: the test sees nothing")
		}
		return rows.Err()
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestTokens(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	r.Get("/me/tokens").Want(200).WantText("No token yet")
	secret := h.token(r, "identity:directory:read")
	h.wantNowhere(secret)
	program := r.Token(secret)
	program.Get("/api/v1/people").Want(200)
	wantProblem(t, program.Get("/api/v1/me/tokens"), 403, "authz.forbidden") // not in its scope
	program.Get("/me").WantLocation("/sign-in?next=%2Fme")                   // a page takes no token

	list := r.Get("/me/tokens").Want(200).WantText("for the test", "works", "identity:directory:read").WantNoText(secret)
	revoke := list.Find("tbody a").Attr("href")
	h.settle("otto", authz.RoleOwner).Post(revoke, url.Values{}).Want(404)
	r.Post(revoke, r.Get(revoke).Want(200).FormValues(revoke)).WantLocation("/me/tokens")
	wantProblem(t, program.Get("/api/v1/people"), 401, "identity.token_invalid")
	r.Get("/me/tokens").Want(200).WantText("revoked")
}

func TestTokenForm(t *testing.T) {
	h := newHouse(t)
	r := h.settle("rita", authz.RoleReviewer)
	form := r.Get("/me/tokens/new").Want(200)
	if len(form.All(`input[value="identity:person:administer"]`)) != 0 {
		t.Error("an action is offered that its owner may not do")
	}
	values := form.FormValues("/me/tokens")
	if values.Get("days") != "90" {
		t.Errorf("%s days are chosen", values.Get("days"))
	}
	r.Post("/me/tokens", values).Want(422).WantText("This is needed")
	values.Set("name", "program")
	r.Post("/me/tokens", values).Want(422).WantText("Choose what the token may do")
	values.Set("scopes", "identity:nothing:do")
	r.Post("/me/tokens", values).Want(422).WantText("Choose actions from the list")
	values.Set("name", "pro\u202egram")
	r.Post("/me/tokens", values).Want(422).WantText("not seen")
	values.Set("name", "program")
	values.Set("scopes", "identity:directory:read")
	values.Set("days", "400")
	r.Post("/me/tokens", values).Want(422)
}

func TestServiceAccount(t *testing.T) {
	h := newHouse(t)
	values := h.admin.Get("/admin/people/new").FormValues("/admin/people")
	values.Set("kind", "service")
	values.Set("login", "deployer")
	values.Set("name", "Deployer")
	values.Set("roles", "reviewer")
	h.admin.Post("/admin/people", values).WantLocation(h.page("deployer"))
	page := h.page("deployer")
	h.admin.Get(page).Want(200).WantText("service account", "New token")
	values = h.admin.Get(page + "/tokens/new").Want(200).WantText("It acts for Deployer").FormValues(page + "/tokens")
	values.Set("name", "deployment")
	values.Set("scopes", "identity:directory:read")
	secret := h.admin.Post(page+"/tokens", values).Want(200).Find("pre code").Text()
	h.admin.Token(secret).Get("/api/v1/me").Want(200).WantText(`"login":"deployer"`)

	all := h.admin.Get("/admin/tokens?login=deployer").Want(200).WantText("deployment", "Deployer", "works")
	revoke := all.Find("tbody tr td a[href]")
	h.admin.Get("/admin/tokens").Want(200).WantText("deployment")
	links := all.All("tbody a")
	last := links[len(links)-1].Attr("href")
	h.admin.Post(last, h.admin.Get(last).Want(200).FormValues(last)).WantLocation("/admin/tokens")
	h.admin.Token(secret).Get("/api/v1/me").Want(401)
	if revoke.Attr("href") == "" {
		t.Error("the account is not linked")
	}

	// The secret of a person is nobody else's.
	h.settle("rita", authz.RoleReviewer)
	h.admin.Post(h.page("rita")+"/tokens", values).Want(409)
}

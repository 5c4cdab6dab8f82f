// SPDX-License-Identifier: Apache-2.0

//go:build integration

package identityweb_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/web/browser"
)

// TestPagesInABrowser signs in through the page and looks at every page wide and
// light, narrow and dark. With PORTREEVE_SCREENSHOTS set to a folder, the
// pictures are kept there.
func TestPagesInABrowser(t *testing.T) {
	h := newHouse(t)
	rita := h.settle("rita", authz.RoleReviewer, authz.RoleTriager)
	h.invite("olga", `Olga <script>Owner</script> of a very long name that has to wrap somewhere`, authz.RoleOwner)
	h.settle("gone", authz.RoleRequester)
	h.deactivate("gone")
	h.token(h.admin)
	h.token(rita, "identity:directory:read", "note:entry:write")
	values := h.admin.Get("/admin/groups/new").FormValues("/admin/groups")
	values.Set("name", "Incident team")
	values.Set("members", "rita\nolga")
	h.admin.Post("/admin/groups", values).WantLocation("/admin/groups")
	values = h.admin.Get("/admin/organisations").FormValues("/admin/organisations")
	values.Set("name", "The Foundation")
	h.admin.Post("/admin/organisations", values).WantLocation("/admin/organisations")
	group := h.admin.Get("/admin/groups").Find("tbody a").Attr("href")
	organisation := h.admin.Get("/admin/organisations").Find("tbody a").Attr("href")
	revoke := h.admin.Get("/me/tokens").Find("tbody a").Attr("href")

	server := httptest.NewTLSServer(h.handler)
	defer server.Close()
	b := browser.Start(t)
	folder := os.Getenv("PORTREEVE_SCREENSHOTS")
	for width, dark := range map[int64]bool{1280: false, 390: true} {
		tab := b.Tab(t)
		tab.View(width, 900, dark)
		look := func(name string) {
			tab.WantAccessible()
			tab.WantNoOverflow()
			if folder != "" {
				tab.Screenshot(filepath.Join(folder, fmt.Sprintf("identity-%s-%d-dark=%v.png", name, width, dark)))
			}
		}
		tab.Open(server.URL + "/sign-in?next=%2Fme%3Fdraft%3D1")
		look("signin")
		h.signInWith(tab, "another long pass phrase", "000000")
		tab.Wait("[role=alert]")
		look("signin-failed")
		tab.Open(server.URL + "/sign-in?with=recovery")
		look("signin-recovery")
		tab.Open(server.URL + h.invite(fmt.Sprintf("new%d%v", width, dark), "Nora Newcomer", authz.RoleOwner))
		look("invitation")
		tab.Open(server.URL + "/sign-in?next=/me")
		h.pass(31 * time.Second)
		h.signInWith(tab, goodPassword, h.code(h.admin.secret))
		tab.WaitText("Sign out everywhere")
		look("me")
		for name, path := range map[string]string{
			"password": "/me/password", "reproof": "/me/recovery-codes", "tokens": "/me/tokens", "token-new": "/me/tokens/new", "token-revoke": revoke,
			"people": "/admin/people?state=all", "person-new": "/admin/people/new", "person": h.page("olga"), "person-self": h.page("admin"), "person-gone": h.page("gone"),
			"person-deactivate": h.page("rita") + "/deactivate", "groups": "/admin/groups", "group": group, "group-new": "/admin/groups/new",
			"organisations": "/admin/organisations", "organisation": organisation, "all-tokens": "/admin/tokens", "empty-tokens": "/admin/tokens?login=gone",
		} {
			tab.Open(server.URL + path)
			look(name)
		}
		tab.Open(server.URL + h.page("rita") + "/invitation")
		tab.Click("main form button")
		tab.WaitText("shown this once")
		look("link")
		tab.Open(server.URL + "/admin/people/new")
		browser.Eval[bool](tab, "document.querySelector('form.form').noValidate = true")
		tab.Click("main form.form button")
		tab.Wait("[role=alert]")
		look("person-refused")
		tab.Open(server.URL + "/me/tokens/new")
		tab.Type("input[name=name]", "command line")
		tab.Click("input[name=everything]")
		tab.Click("main form.form button")
		tab.WaitText("shown this once")
		look("token-made")
		for _, said := range tab.Said() {
			if !strings.Contains(said, "422") { // the refusals above
				t.Errorf("the page said: %s", said)
			}
		}
	}
}

// signInWith fills the sign-in form as people do.
func (h *house) signInWith(tab *browser.Tab, password, code string) {
	h.t.Helper()
	tab.Set("input[name=login]", "admin")
	tab.Type("input[name=password]", password)
	tab.Type("input[name=code]", code)
	tab.Click("main form button")
}

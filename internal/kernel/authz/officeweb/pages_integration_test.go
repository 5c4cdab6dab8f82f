// SPDX-License-Identifier: Apache-2.0

//go:build integration

package officeweb_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/browser"
)

// TestPagesInABrowser looks at every page wide and light, narrow and dark. With
// PORTREEVE_SCREENSHOTS set to a folder, the pictures are kept there.
func TestPagesInABrowser(t *testing.T) {
	w := newTown(t)
	w.post("Chief Executive", "chief", "", "cleo")
	director := w.post("Director of Security", "director", "security", "")
	manager := w.post("Operations Manager", "manager", "operations", "sam")
	w.post("Legal Counsel", "manager", "legal", "")
	if _, err := w.office.CreateBody(w.boss, office.BodyInput{Organisation: w.organisation, Name: "Technical council", Members: []string{w.ids["sam"], w.ids["dan"], w.ids["rita"]}, Quorum: 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.people.CreateOrganisation(w.boss, "The Chapter"); err != nil {
		t.Fatal(err)
	}
	holder := authz.WithActor(t.Context(), authz.Actor{ID: w.ids["sam"], Kind: authz.KindPerson, Roles: []authz.Role{authz.RoleExecutive}})
	d, err := w.office.Delegate(holder, office.DelegationInput{Post: manager, To: w.ids["dan"], Until: w.db.Clock().Domain().Add(30 * 24 * time.Hour), Reason: "Leave"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.office.Authority(w.boss)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(w.handler)
	defer server.Close()
	b := browser.Start(t)
	folder := os.Getenv("PORTREEVE_SCREENSHOTS")
	for _, view := range []struct {
		width int64
		dark  bool
	}{{1280, false}, {390, true}} {
		for login, paths := range map[string]map[string]string{
			"ada": {
				"chart": "/admin/posts", "post": "/admin/posts/" + director, "post-new": "/admin/posts/new", "vacate": "/admin/posts/" + manager + "/vacate",
				"body": "/admin/bodies/" + a.Bodies[0].ID, "body-new": "/admin/bodies/new", "delegations": "/admin/delegations", "ranks": "/admin/ranks",
			},
			"sam":  {"mine": "/me/posts", "delegate": "/me/posts/" + manager + "/delegate", "revoke": "/me/delegations/" + d.ID + "/revoke"},
			"dan":  {"acting": "/me/posts"},
			"rita": {"chart-read": "/admin/posts"},
		} {
			tab := b.Tab(t)
			tab.View(view.width, 900, view.dark)
			tab.Cookie(server.URL, web.SessionCookie, login)
			for name, path := range paths {
				tab.Open(server.URL + path)
				tab.WantAccessible()
				tab.WantNoOverflow()
				if folder != "" {
					tab.Screenshot(filepath.Join(folder, fmt.Sprintf("office-%s-%d-dark=%v.png", name, view.width, view.dark)))
				}
			}
			tab.WantQuiet()
		}
	}
}

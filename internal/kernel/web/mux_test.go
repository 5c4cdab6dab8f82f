// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func readAction() authz.ActionDef {
	return authz.ActionDef{Name: "note:entry:read", Summary: "Read notes.", Roles: []authz.Role{authz.RoleReviewer}, Read: true}
}

func text(s string) func(*web.Ctx) error {
	return func(c *web.Ctx) error {
		_, err := c.W.Write([]byte(s))
		return err
	}
}

func TestGuard(t *testing.T) {
	m := web.NewMux(webtest.Deps(readAction()))
	m.Page("GET /notes/{id}", "note:entry:read", text("a note"))
	m.Public("GET /about", "says who we are", text("about us"))
	client := webtest.Serve(t, m)

	client.Get("/about").Want(200)
	client.Get("/notes/1?a=b").WantLocation("/sign-in?next=%2Fnotes%2F1%3Fa%3Db")
	client.As("reviewer").Get("/notes/1").Want(200).WantText("a note")
	client.As("requester").Get("/notes/1").Want(403)
	client.As("expired:reviewer").Get("/notes/1").WantLocation("/sign-in?next=%2Fnotes%2F1")
	client.Get("/nothing").Want(404)
	client.Send("POST", "/about", "text/plain", nil).Want(405)
}

func TestStartUpRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		register func(*web.Mux)
		want     string
	}{
		"an action nobody declared": {func(m *web.Mux) { m.Page("GET /x", "note:entry:write", text("")) }, `nobody declared the action "note:entry:write"`},
		"no action":                 {func(m *web.Mux) { m.Page("GET /x", "", text("")) }, "needs an action"},
		"no reason":                 {func(m *web.Mux) { m.Public("GET /x", " ", text("")) }, "states its reason"},
		"no method":                 {func(m *web.Mux) { m.Public("/x", "for a test", text("")) }, "a pattern is a method"},
		"a conflict": {func(m *web.Mux) {
			m.Public("GET /x/{a}", "for a test", text(""))
			m.Public("GET /x/{b}", "for a test", text(""))
		}, "conflict"},
	} {
		t.Run(name, func(t *testing.T) {
			m := web.NewMux(webtest.Deps(readAction()))
			tc.register(m)
			_, err := m.Handler()
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

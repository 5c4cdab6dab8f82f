// SPDX-License-Identifier: Apache-2.0

// Package webtest calls a mux as named actors and reads the HTML it answers.
//
// It stands in for sign-in alone: everything else of the chain (headers, cross-
// site check, action, forms) runs as in production.
package webtest

import (
	"context"
	"crypto/rand"
	"html/template"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Start is the time at which the clocks of Deps stand.
func Start() time.Time { return time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC) }

// People is an Authenticator for tests: the cookie or token is the login.
type People map[string]authz.Actor

// Authenticate finds the actor whose login the cookie is. "expired:<login>" is a
// session of that person which ran out.
func (p People) Authenticate(_ context.Context, cookie string) (authz.Actor, error) {
	a, ok := p[cookie]
	if !ok {
		return authz.Actor{}, fault.New(fault.Unauthenticated, "session.unknown", "Sign in again.")
	}
	a.SessionID = "session-" + cookie
	return a, nil
}

// ExpiredSessionPerson finds the person of "expired:<login>".
func (p People) ExpiredSessionPerson(_ context.Context, cookie string) (string, bool) {
	login, ok := strings.CutPrefix(cookie, "expired:")
	return p[login].ID, ok
}

// AuthenticateToken finds the actor whose login the token is.
func (p People) AuthenticateToken(_ context.Context, bearer string) (authz.Actor, error) {
	a, ok := p[bearer]
	if !ok {
		return authz.Actor{}, fault.New(fault.Unauthenticated, "token.unknown", "This token is not known, or no longer.")
	}
	a.TokenID = "token-" + bearer
	return a, nil
}

// ByRole returns one person per role, whose login and id are the role's name.
func ByRole() People {
	people := People{}
	for _, role := range authz.Roles() {
		people[string(role)] = authz.Actor{
			ID: string(role), Login: string(role), Name: "The " + string(role),
			Kind: authz.KindPerson, Roles: []authz.Role{role},
		}
	}
	return people
}

// Grants is a Policy for tests: it allows what an action's definition grants by
// default, to roles and to everybody.
type Grants []authz.ActionDef

// Allowed implements web.Policy.
func (g Grants) Allowed(a authz.Actor, action authz.Action) bool {
	for _, def := range g {
		if def.Name != action {
			continue
		}
		if def.Public != "" {
			return true
		}
		for _, role := range def.Roles {
			if a.HasRole(role) {
				return true
			}
		}
	}
	return false
}

// Deps returns what a mux needs, for the given actions and one person per role.
// Tests change fields before web.NewMux.
func Deps(actions ...authz.ActionDef) web.Deps {
	actions = append(web.Actions(), actions...)
	return web.Deps{
		Product: "Portreeve", Version: "test", PublicURL: "https://office.test", Location: time.UTC,
		Clock: store.FixedClock(Start()), Rand: rand.Reader,
		Policy: Grants(actions), Actions: actions, People: ByRole(),
		Markdown: func(s string) template.HTML { return template.HTML("<p>" + template.HTMLEscapeString(s) + "</p>") },
	}
}

// Serve builds the mux's handler or fails the test.
func Serve(t testing.TB, m *web.Mux) *Client {
	t.Helper()
	h, err := m.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return &Client{t: t, handler: h, cookies: map[string]string{}}
}

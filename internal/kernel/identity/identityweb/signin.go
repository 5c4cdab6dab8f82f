// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

// browserCookie marks a browser in which its owner signed in before; see
// [identity.Session]. Browsers keep no cookie for longer than browserLife.
const (
	browserCookie = "__Host-portreeve-browser"
	browserLife   = 400 * 24 * time.Hour
)

// signInView is what templates/sign-in.html shows.
type signInView struct {
	Next     string // where it leads afterwards
	Draft    bool   // a form waits there
	Recovery bool   // a recovery code is asked for instead of a one-time code
	Other    string // address of the same page with the other kind of code
	Refused  string // why the last attempt failed
}

func newSignInView(next string, recovery bool) signInView {
	v := signInView{Next: next, Recovery: recovery}
	if u, err := url.Parse(next); err == nil {
		v.Draft = u.Query().Get("draft") != ""
	}
	query := url.Values{}
	if next != "/" {
		query.Set("next", next)
	}
	if !recovery {
		query.Set("with", "recovery")
	}
	v.Other = (&url.URL{Path: "/sign-in", RawQuery: query.Encode()}).String()
	return v
}

func (s *Site) showSignIn(c *web.Ctx) error {
	next := destination(c.Query("next"))
	if c.Actor.SignedIn() {
		return c.SeeOther(next)
	}
	return c.Render(http.StatusOK, "identity/sign-in", newSignInView(next, c.Query("with") == "recovery"))
}

func (s *Site) postSignIn(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("login", "password", "code")
	next := destination(f.String("next", 1000))
	view := newSignInView(next, f.Bool("recovery"))
	attempt := identity.Attempt{
		Login: f.String("login", 200), Password: f.Secret("password"), Code: bareCode(f.Secret("code")),
		Remote: c.Remote(), Browser: c.Cookie(browserCookie),
	}
	if err := f.Err(); err != nil {
		return c.Again(err, "identity/sign-in", view)
	}
	session, err := s.People.SignInFrom(c.Context(), attempt)
	if err != nil {
		return refuseSignIn(c, err, view)
	}
	if err := s.adopt(c, session); err != nil {
		return err
	}
	return c.SeeOther(next)
}

// adopt gives the browser its new session. The one it had before is ended: it
// would live on, out of its owner's sight.
func (s *Site) adopt(c *web.Ctx, session identity.Session) error {
	if old := c.Session(); old != "" {
		if err := s.People.SignOut(c.Context(), old); err != nil {
			return err
		}
	}
	c.SetSession(session.Cookie, session.Until)
	if session.Browser != "" {
		c.SetCookie(browserCookie, session.Browser, s.realNow().Add(browserLife))
	}
	return nil
}

// refuseSignIn shows the form again. Its status is 422 for everything that was
// wrong, because 401 would ask for another way to authenticate.
func refuseSignIn(c *web.Ctx, err error, view signInView) error {
	f := fault.From(err)
	status := http.StatusUnprocessableEntity
	switch f.Kind {
	case fault.Unauthenticated:
	case fault.Limited:
		status = http.StatusTooManyRequests
		c.W.Header().Set("Retry-After", strconv.FormatInt(int64((f.RetryAfter+time.Second-1)/time.Second), 10))
	default:
		return err
	}
	view.Refused = f.Message
	return c.Render(status, "identity/sign-in", view)
}

func (s *Site) postSignOut(c *web.Ctx) error {
	if cookie := c.Session(); cookie != "" {
		if err := s.People.SignOut(c.Context(), cookie); err != nil {
			return err
		}
	}
	c.ClearSession()
	c.Flash("identity.signin.out")
	return c.SeeOther("/sign-in")
}

// destination is where a sign-in leads: a page here that is not part of signing in.
func destination(next string) string {
	path := web.LocalPath(next)
	for _, own := range []string{"/sign-in", "/sign-out", "/invitation/"} {
		if strings.HasPrefix(path, own) {
			return "/"
		}
	}
	return path
}

// bareCode is a code as apps show it, without the space in its middle.
func bareCode(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), " ", "") }

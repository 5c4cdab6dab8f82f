// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// Authenticator tells who acts. The first two methods return an Unauthenticated
// fault for a credential that is not, or no longer, good.
type Authenticator interface {
	Authenticate(ctx context.Context, cookie string) (authz.Actor, error)
	AuthenticateToken(ctx context.Context, bearer string) (authz.Actor, error)
	// ExpiredSessionPerson tells whose session a cookie was, so that a form sent
	// with it is kept as a draft of that person. It gives no right to anything.
	ExpiredSessionPerson(ctx context.Context, cookie string) (personID string, ok bool)
}

// DraftKeeper keeps what somebody wrote when it could not be saved. Path is the
// address of the form's page. Passwords and one-time codes are never among the
// values.
type DraftKeeper interface {
	Keep(ctx context.Context, personID, path string, values url.Values) error
	// Draft returns nil values if there is none.
	Draft(ctx context.Context, personID, path string) (url.Values, error)
	Discard(ctx context.Context, personID, path string) error
}

// guard authenticates and checks the route's action. It answers itself, and
// returns errAnswered, where the answer is a way to sign in.
func (m *Mux) guard(c *Ctx) error {
	err := c.authenticate()
	if err != nil && !fault.Is(err, fault.Unauthenticated) {
		return err
	}
	if limited := m.limit(c); limited != nil {
		return limited
	}
	if _, token := bearerToken(c.R); token && c.route.API && err != nil {
		return err
	}
	if c.route.Public != "" {
		return nil
	}
	if m.deps.Policy.Allowed(c.Actor, c.route.Action) {
		return nil
	}
	if c.Actor.SignedIn() {
		return fault.New(fault.Forbidden, "authz.forbidden", "Your account is not allowed to do this. If your work needs it, ask an administrator for the role.")
	}
	if c.route.API {
		return unauthenticated(err)
	}
	return c.sendToSignIn()
}

func unauthenticated(err error) error {
	if err != nil {
		return err
	}
	return fault.New(fault.Unauthenticated, "authz.unauthenticated", "Sign in, or send an API token as «Authorization: Bearer».")
}

// authenticate sets the actor. Without credentials it stays anonymous and there
// is no error. Tokens are for the API alone: a page never takes one.
func (c *Ctx) authenticate() error {
	people := c.mux.deps.People
	ctx := c.R.Context()
	s := &still{now: c.mux.deps.Clock.Real}
	bearer, isBearer := bearerToken(c.R)
	switch cookie := c.Session(); {
	case c.route.API && isBearer:
		s.again = func(ctx context.Context) (authz.Actor, error) { return people.AuthenticateToken(ctx, bearer) }
	case cookie != "":
		s.again = func(ctx context.Context) (authz.Actor, error) { return people.Authenticate(ctx, cookie) }
	default:
		return nil
	}
	var err error
	s.at = s.now()
	if s.actor, err = s.again(ctx); err != nil {
		return err
	}
	c.Actor = s.actor
	ctx = context.WithValue(authz.WithActor(ctx, s.actor), stillKey{}, s)
	c.R = c.R.WithContext(ctx)
	c.R.Body = &stillBody{c.R.Body, ctx, s}
	return nil
}

func bearerToken(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}

// sendToSignIn sends a browser to the sign-in page and back. A form that came
// with a session that ran out is kept, and the way back leads to its page.
func (c *Ctx) sendToSignIn() error {
	back := c.R.URL.RequestURI()
	if c.R.Method != http.MethodGet && c.R.Method != http.MethodHead {
		back = c.keepDraft()
	}
	if c.R.Header.Get("HX-Request") == "true" {
		if page, err := url.Parse(c.R.Header.Get("HX-Current-URL")); err == nil && c.R.Method == http.MethodGet {
			back = page.RequestURI()
		}
		c.W.Header().Set("HX-Redirect", SignInURL(back))
		c.W.WriteHeader(http.StatusUnauthorized)
		return errAnswered
	}
	c.redirect(http.StatusSeeOther, SignInURL(back))
	return errAnswered
}

// keepDraft keeps a form whose session ran out and returns the address of its
// page, or "/" if it does not say one.
func (c *Ctx) keepDraft() string {
	form, err := parseForm(c.R)
	if err != nil {
		return "/"
	}
	form.Action = c.R.URL.Path
	if form.Action == draftsPath {
		form.Action = LocalPath(form.values.Get(fieldAction)) // it was being kept already
	}
	page := LocalPath(form.values.Get(fieldPage))
	if page == "/" || c.mux.deps.Drafts == nil || c.Session() == "" {
		return page
	}
	person, ok := c.mux.deps.People.ExpiredSessionPerson(c.Context(), c.Session())
	if !ok {
		return page
	}
	if err := c.mux.deps.Drafts.Keep(c.Context(), person, page, form.draft()); err != nil {
		c.log().Error("draft not kept", "error", err)
		return page
	}
	u, err := url.Parse(page)
	if err != nil {
		return page
	}
	q := u.Query()
	q.Set(queryDraft, "1")
	u.RawQuery = q.Encode()
	return u.String()
}

const queryDraft = "draft"

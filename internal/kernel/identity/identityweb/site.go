// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"context"
	"embed"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

//go:embed templates messages
var pageFiles embed.FS

// Deps are what the pages and the API need. Sections and Profile may be nil.
type Deps struct {
	People    *identity.Service
	DB        *store.DB
	Policy    *authz.Policy  // whose actions a token can be scoped to
	Location  *time.Location // zone of dates that people enter
	PublicURL string         // "https://office.example.org", for invitation links
	Sections  []web.NavItem  // tabs under /admin, of all parts; nil: [Sections]
	Profile   []web.NavItem  // tabs under /me, of all parts; nil: [ProfileSections]
}

// Site is the pages and the API. It may be used concurrently.
type Site struct {
	Deps
}

// New returns the site.
func New(d Deps) *Site {
	if d.Sections == nil {
		d.Sections = Sections()
	}
	if d.Profile == nil {
		d.Profile = ProfileSections()
	}
	return &Site{d}
}

// Navigation returns the entry of administration in the main navigation.
func Navigation() []web.NavItem {
	return []web.NavItem{{Label: "identity.nav.admin", URL: "/admin", Icon: "settings", Action: identity.ActionPersonAdminister}}
}

// Menu returns the entry of the menu of whoever is signed in.
func Menu() []web.NavItem {
	return []web.NavItem{{Label: "identity.nav.me", URL: "/me", Icon: "user", Action: identity.ActionProfileManage}}
}

// Sections returns this package's tabs under /admin.
func Sections() []web.NavItem {
	return []web.NavItem{
		{Label: "identity.people.title", URL: "/admin/people", Action: identity.ActionPersonAdminister},
		{Label: "identity.groups.title", URL: "/admin/groups", Action: identity.ActionGroupAdminister},
		{Label: "identity.organisations.title", URL: "/admin/organisations", Action: identity.ActionOrganisationAdminister},
		{Label: "identity.tokens.all", URL: "/admin/tokens", Action: identity.ActionTokenAdminister},
	}
}

// ProfileSections returns this package's tabs under /me.
func ProfileSections() []web.NavItem {
	return []web.NavItem{
		{Label: "identity.me.title", URL: "/me", Action: identity.ActionProfileManage},
		{Label: "identity.tokens.title", URL: "/me/tokens", Action: identity.ActionTokenManage},
	}
}

const (
	whySignIn     = "it is the way to sign in"
	whySignOut    = "it ends the session that comes with it, and nothing else"
	whyInvitation = "the link is its own credential, for one use"
)

// Pages registers all pages and their files.
func (s *Site) Pages(m *web.Mux) {
	m.Files("identity", pageFiles)
	m.Public("GET /sign-in", whySignIn, s.showSignIn)
	m.Public("POST /sign-in", whySignIn, s.postSignIn)
	m.Public("POST /sign-out", whySignOut, s.postSignOut)
	s.invitationPage(m)
	s.profilePages(m)
	s.peoplePages(m)
	s.groupPages(m)
	s.organisationPages(m)
	s.tokenPages(m)
	m.Page("GET /admin", identity.ActionPersonAdminister, func(c *web.Ctx) error { return c.SeeOther("/admin/people") })
}

// read runs fn on a snapshot.
func (s *Site) read(ctx context.Context, fn func(r *store.ReadTx) error) error {
	return s.DB.Read(ctx, fn)
}

// realNow is the time by which sessions, tokens and invitations end.
func (s *Site) realNow() time.Time { return s.DB.Clock().Real() }

func (s *Site) adminTabs(c *web.Ctx) web.Tabs {
	return c.Tabs(c.Text("identity.nav.sections"), s.Sections)
}

func (s *Site) profileTabs(c *web.Ctx) web.Tabs {
	return c.Tabs(c.Text("identity.nav.profile"), s.Profile)
}

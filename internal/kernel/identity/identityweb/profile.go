// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"net/http"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

func (s *Site) profilePages(m *web.Mux) {
	const manage = identity.ActionProfileManage
	m.Page("GET /me", manage, s.showProfile)
	m.Page("POST /me/sessions/{id}/end", manage, s.postEndSession)
	m.Page("POST /me/sign-out-everywhere", manage, s.postSignOutEverywhere)
	s.passwordPage(m)
	s.reproofPages(m)
}

// profileView is what templates/profile.html shows.
type profileView struct {
	Tabs         web.Tabs
	About        web.Terms
	Sessions     web.Table
	RecoveryLeft int
	FewCodes     *web.Alert
}

// fewCodes is how many recovery codes are too few to rely on.
const fewCodes = 2

func (s *Site) showProfile(c *web.Ctx) error {
	p, err := s.People.Profile(c.Context())
	if err != nil {
		return err
	}
	sessions, err := s.People.Sessions(c.Context())
	if err != nil {
		return err
	}
	v := profileView{Tabs: s.profileTabs(c), About: aboutMe(c, p), Sessions: s.sessionTable(c, sessions), RecoveryLeft: p.RecoveryLeft}
	if p.RecoveryLeft <= fewCodes {
		v.FewCodes = &web.Alert{Tone: web.ToneWarning, Title: c.Text("identity.me.few_codes", p.RecoveryLeft), Body: c.Text("identity.me.few_codes_text")}
	}
	return c.Render(http.StatusOK, "identity/profile", v)
}

func aboutMe(c *web.Ctx, p identity.Profile) web.Terms {
	return web.Terms{Items: []web.Term{
		{Name: c.Text("identity.field.name"), Value: p.Person.Name},
		{Name: c.Text("identity.field.login"), Value: p.Person.Login},
		{Name: c.Text("identity.field.mail"), Value: p.Person.Mail},
		{Name: c.Text("identity.field.organisation"), Value: p.OrganisationName},
		{Name: c.Text("identity.field.roles"), Value: roleBadges(c, p.Person.Roles)},
		{Name: c.Text("identity.field.groups"), Value: strings.Join(p.GroupNames, ", ")},
	}}
}

func (s *Site) sessionTable(c *web.Ctx, sessions []identity.SessionInfo) web.Table {
	t := c.Table(c.Text("identity.sessions.title"), "identity.sessions.began", "identity.sessions.seen", "identity.sessions.until", "identity.sessions.end")
	t.Empty = &web.Empty{Icon: "log-in", Title: c.Text("identity.sessions.empty")}
	for _, one := range sessions {
		end := any(web.Badge{Tone: web.ToneGood, Text: c.Text("identity.sessions.current")})
		if !one.Current {
			about := c.Text("identity.sessions.end_about", one.CreatedAt.In(s.Location).Format("2 January, 15:04"))
			end = web.Act{URL: "/me/sessions/" + one.ID + "/end", Text: c.Text("identity.sessions.end_this"), About: about}
		}
		t.Add(web.Moment{At: one.CreatedAt}, web.Moment{At: one.SeenAt}, web.Moment{At: one.Until}, end)
	}
	return t
}

func (s *Site) postEndSession(c *web.Ctx) error {
	if err := s.People.EndSession(c.Context(), c.Path("id")); err != nil {
		return err
	}
	c.Flash("identity.sessions.ended")
	return c.SeeOther("/me")
}

func (s *Site) postSignOutEverywhere(c *web.Ctx) error {
	if err := s.People.SignOutEverywhere(c.Context()); err != nil {
		return err
	}
	c.ClearSession()
	c.Flash("identity.sessions.ended_all")
	return c.SeeOther("/sign-in")
}

// passwordView is what templates/password.html shows.
type passwordView struct {
	Tokens     int // live API tokens, which a new password does not end
	TokensPage string
}

// newPassword is what the form of a new password holds.
type newPassword struct {
	proof    identity.Reproof
	password string
}

func (s *Site) passwordPage(m *web.Mux) {
	web.FormPage[passwordView, newPassword]{
		Path: "/me/password", Action: identity.ActionProfileManage, Page: "identity/password",
		Load: func(c *web.Ctx) (passwordView, error) {
			n, err := s.People.LiveTokens(c.Context())
			return passwordView{Tokens: n, TokensPage: tokensPath}, err
		},
		Read: func(c *web.Ctx, _ passwordView, f *web.Form) newPassword {
			in := newPassword{reproof(f), f.Secret("new_password")}
			f.Require("new_password", "repeat_password")
			mustRepeat(c, f, in.password)
			return in
		},
		Do: func(c *web.Ctx, _ passwordView, _ int64, in newPassword) (web.Next, error) {
			err := s.People.ChangePassword(c.Context(), in.proof, in.password)
			return web.To("/me", "identity.password.changed"), renamed(err, "password", "new_password")
		},
	}.Register(m)
}

// reproofView is what templates/reproof.html shows: what is about to change, and
// the form that asks for password and code once more.
type reproofView struct {
	Action              string
	Title, Lead, Button web.Message
}

func (s *Site) reproofPages(m *web.Mux) {
	form := web.FormPage[reproofView, identity.Reproof]{
		Path: "/me/recovery-codes", Action: identity.ActionProfileManage, Page: "identity/reproof", Load: askCodes, Do: s.newCodes,
		Read: func(_ *web.Ctx, _ reproofView, f *web.Form) identity.Reproof { return reproof(f) },
	}
	form.Register(m)
	form.Path, form.Load, form.Do = "/me/second-factor", askFactor, s.newFactor
	form.Register(m)
}

func askCodes(*web.Ctx) (reproofView, error) {
	return reproofView{Action: "/me/recovery-codes", Title: web.Msg("identity.codes.ask"), Lead: web.Msg("identity.codes.ask_lead"), Button: web.Msg("identity.codes.ask_button")}, nil
}

func askFactor(*web.Ctx) (reproofView, error) {
	return reproofView{Action: "/me/second-factor", Title: web.Msg("identity.factor.ask"), Lead: web.Msg("identity.factor.ask_lead"), Button: web.Msg("identity.factor.ask_button")}, nil
}

func reproof(f *web.Form) identity.Reproof {
	f.Require("password", "code")
	return identity.Reproof{Password: f.Secret("password"), Code: bareCode(f.Secret("code"))}
}

func (s *Site) newCodes(c *web.Ctx, _ reproofView, _ int64, proof identity.Reproof) (web.Next, error) {
	codes, err := s.People.NewRecoveryCodes(c.Context(), proof)
	return codesPage(codes, false), err
}

func (s *Site) newFactor(c *web.Ctx, _ reproofView, _ int64, proof identity.Reproof) (web.Next, error) {
	invitation, err := s.People.Reenrol(c.Context(), proof)
	return func(c *web.Ctx) error {
		// Not by SeeOther: it remembers where it led, and this address is a secret.
		http.Redirect(c.W, c.R, invitationPath(invitation.Token), http.StatusSeeOther)
		return nil
	}, err
}

// renamed returns a fault with one of its fields under the name that the form
// has for it. Any other error is returned as it is.
func renamed(err error, from, to string) error {
	f := fault.From(err)
	if f == nil || len(f.Fields) == 0 {
		return err
	}
	copied := *f
	copied.Fields = make([]fault.Field, len(f.Fields))
	for i, field := range f.Fields {
		if field.Path == from {
			field.Path = to
		}
		copied.Fields[i] = field
	}
	return &copied
}

// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"net/http"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

func (s *Site) profilePages(m *web.Mux) {
	const manage = identity.ActionProfileManage
	m.Page("GET /me", manage, s.showProfile)
	m.Page("POST /me/sessions/{id}/end", manage, s.postEndSession)
	m.Page("POST /me/sign-out-everywhere", manage, s.postSignOutEverywhere)
	m.Page("GET /me/password", manage, s.showPassword)
	m.Page("POST /me/password", manage, s.postPassword)
	m.Page("GET /me/recovery-codes", manage, s.showReproof(askCodes()))
	m.Page("POST /me/recovery-codes", manage, s.postCodes)
	m.Page("GET /me/second-factor", manage, s.showReproof(askFactor()))
	m.Page("POST /me/second-factor", manage, s.postFactor)
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
		{Name: c.Text("identity.field.mail"), Value: orNil(p.Person.Mail)},
		{Name: c.Text("identity.field.organisation"), Value: orNil(p.OrganisationName)},
		{Name: c.Text("identity.field.roles"), Value: roleBadges(c, p.Person.Roles)},
		{Name: c.Text("identity.field.groups"), Value: joined(p.GroupNames)},
	}}
}

func (s *Site) sessionTable(c *web.Ctx, sessions []identity.SessionInfo) web.Table {
	t := web.Table{
		Caption: c.Text("identity.sessions.title"), Hidden: true,
		Columns: columns(c, "identity.sessions.began", "identity.sessions.seen", "identity.sessions.until", "identity.sessions.end"),
		Empty:   &web.Empty{Icon: "log-in", Title: c.Text("identity.sessions.empty")},
	}
	for _, one := range sessions {
		end := any(web.Badge{Tone: web.ToneGood, Text: c.Text("identity.sessions.current")})
		if !one.Current {
			end = postButton("/me/sessions/"+one.ID+"/end", c.Text("identity.sessions.end_this"), c.Text("identity.sessions.end_about", one.CreatedAt.In(s.Location).Format("2 January, 15:04")))
		}
		t.Rows = append(t.Rows, web.Row{Cells: []any{s.moment(one.CreatedAt), s.moment(one.SeenAt), s.moment(one.Until), end}})
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

func (s *Site) showPassword(c *web.Ctx) error {
	return c.Render(http.StatusOK, "identity/password", nil)
}

func (s *Site) postPassword(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("password", "code", "new_password", "repeat_password")
	proof, password := reproof(f), f.Secret("new_password")
	mustRepeat(c, f, password)
	if err = f.Err(); err == nil {
		err = s.People.ChangePassword(c.Context(), proof, password)
	}
	if err != nil {
		return c.Again(renamed(err, "password", "new_password"), "identity/password", nil)
	}
	c.Flash("identity.password.changed")
	return c.SeeOther("/me")
}

// reproofView is what templates/reproof.html shows: what is about to change, and
// the form that asks for password and code once more.
type reproofView struct {
	Action              string
	Title, Lead, Button web.Message
}

func askCodes() reproofView {
	return reproofView{Action: "/me/recovery-codes", Title: web.Msg("identity.codes.ask"), Lead: web.Msg("identity.codes.ask_lead"), Button: web.Msg("identity.codes.ask_button")}
}

func askFactor() reproofView {
	return reproofView{Action: "/me/second-factor", Title: web.Msg("identity.factor.ask"), Lead: web.Msg("identity.factor.ask_lead"), Button: web.Msg("identity.factor.ask_button")}
}

func (s *Site) showReproof(v reproofView) func(*web.Ctx) error {
	return func(c *web.Ctx) error { return c.Render(http.StatusOK, "identity/reproof", v) }
}

func reproof(f *web.Form) identity.Reproof {
	return identity.Reproof{Password: f.Secret("password"), Code: bareCode(f.Secret("code"))}
}

func (s *Site) postCodes(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("password", "code")
	proof := reproof(f)
	var codes []string
	if err = f.Err(); err == nil {
		codes, err = s.People.NewRecoveryCodes(c.Context(), proof)
	}
	if err != nil {
		return c.Again(err, "identity/reproof", askCodes())
	}
	return c.Render(http.StatusOK, "identity/codes", newCodesView(c, codes, false))
}

func (s *Site) postFactor(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("password", "code")
	proof := reproof(f)
	var invitation identity.Invitation
	if err = f.Err(); err == nil {
		invitation, err = s.People.Reenrol(c.Context(), proof)
	}
	if err != nil {
		return c.Again(err, "identity/reproof", askFactor())
	}
	// Not by SeeOther: it remembers where it led, and this address is a secret.
	http.Redirect(c.W, c.R, invitationPath(invitation.Token), http.StatusSeeOther)
	return nil
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

// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"net/url"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

// question asks before something is done to an account.
type question func(c *web.Ctx, p identity.Person) web.Confirm

// ask shows a question about the account of the page.
func (s *Site) ask(q question) func(*web.Ctx) error {
	return func(c *web.Ctx) error {
		p, err := s.People.Person(c.Context(), c.Path("id"))
		if err != nil {
			return err
		}
		ask := q(c, p)
		c.Prefill(ask.Action, url.Values{"_version": {version(p.Version)}})
		return c.Confirm(ask)
	}
}

// askAgain shows a question once more, with the reason why the act was refused.
func (s *Site) askAgain(c *web.Ctx, f *web.Form, err error, q question) error {
	p, missing := s.People.Person(c.Context(), c.Path("id"))
	if missing != nil {
		return missing
	}
	if fault.Is(err, fault.Stale) {
		f.SetCurrent(url.Values{"_version": {version(p.Version)}})
	}
	return c.Again(err, web.ConfirmTemplate, q(c, p))
}

func inviteQuestion(c *web.Ctx, p identity.Person) web.Confirm {
	return web.Confirm{
		Title: c.Text("identity.invite.title", p.Name), Lead: c.Text("identity.invite.lead"),
		Consequences: []any{c.Text("identity.invite.once"), c.Text("identity.invite.old"), c.Text("identity.invite.until")},
		Action:       personPath(p.ID) + "/invitation", Button: c.Text("identity.invite.button"), Cancel: personPath(p.ID),
	}
}

func deactivateQuestion(c *web.Ctx, p identity.Person) web.Confirm {
	return web.Confirm{
		Title: c.Text("identity.deactivate.title", p.Name), Lead: c.Text("identity.deactivate.lead"),
		Consequences: []any{c.Text("identity.deactivate.sessions"), c.Text("identity.deactivate.authority"), c.Text("identity.deactivate.stays")},
		Fields: func(f *web.Form) []web.Field {
			reason := f.Line("reason", "identity.field.reason")
			reason.Hint, reason.Required, reason.Max = c.Text("identity.deactivate.reason_hint"), true, 200
			return []web.Field{reason}
		},
		Action: personPath(p.ID) + "/deactivate", Button: c.Text("identity.deactivate.button"), Danger: true, Cancel: personPath(p.ID),
	}
}

func reactivateQuestion(c *web.Ctx, p identity.Person) web.Confirm {
	return web.Confirm{
		Title: c.Text("identity.reactivate.title", p.Name), Lead: c.Text("identity.reactivate.lead"),
		Consequences: []any{c.Text("identity.reactivate.link"), c.Text("identity.reactivate.roles"), c.Text("identity.reactivate.gone")},
		Action:       personPath(p.ID) + "/reactivate", Button: c.Text("identity.reactivate.button"), Cancel: personPath(p.ID),
	}
}

func endSessionsQuestion(c *web.Ctx, p identity.Person) web.Confirm {
	return web.Confirm{
		Title: c.Text("identity.endsessions.title", p.Name), Lead: c.Text("identity.endsessions.lead"),
		Consequences: []any{c.Text("identity.endsessions.drafts"), c.Text("identity.endsessions.tokens")},
		Action:       personPath(p.ID) + "/end-sessions", Button: c.Text("identity.endsessions.button"), Danger: true, Cancel: personPath(p.ID),
	}
}

func (s *Site) postInvite(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	inv, err := s.People.Invite(c.Context(), c.Path("id"))
	if err != nil {
		return s.askAgain(c, f, err, inviteQuestion)
	}
	p, err := s.People.Person(c.Context(), c.Path("id"))
	if err != nil {
		return err
	}
	return s.showLink(c, p, inv)
}

func (s *Site) postDeactivate(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("reason")
	based, reason := f.Version(), f.Name("reason", 200)
	if err = f.Err(); err == nil {
		_, err = s.People.Deactivate(c.Context(), c.Path("id"), based, reason)
	}
	if err != nil {
		return s.askAgain(c, f, err, deactivateQuestion)
	}
	c.Flash("identity.deactivate.done")
	return c.SeeOther(personPath(c.Path("id")))
}

func (s *Site) postReactivate(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	based := f.Version()
	var p identity.Person
	var inv identity.Invitation
	if err = f.Err(); err == nil {
		p, inv, err = s.People.Reactivate(c.Context(), c.Path("id"), based)
	}
	if err != nil {
		return s.askAgain(c, f, err, reactivateQuestion)
	}
	if inv.Token == "" {
		c.Flash("identity.reactivate.done")
		return c.SeeOther(personPath(p.ID))
	}
	return s.showLink(c, p, inv)
}

func (s *Site) postEndSessions(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err := s.People.EndSessions(c.Context(), c.Path("id")); err != nil {
		return s.askAgain(c, f, err, endSessionsQuestion)
	}
	c.Flash("identity.endsessions.done")
	return c.SeeOther(personPath(c.Path("id")))
}

// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

// accountPages registers what is done to an account as a whole, each after a
// question.
func (s *Site) accountPages(m *web.Mux) {
	ask := web.ConfirmPage[identity.Person, web.None]{
		Path: "/admin/people/{id}/invitation", Action: identity.ActionPersonAdminister,
		Load: s.personHere, Question: inviteQuestion, Do: s.invite,
	}
	ask.Register(m)
	web.ConfirmPage[identity.Person, string]{
		Path: "/admin/people/{id}/deactivate", Action: ask.Action, Load: s.personHere, Version: personVersion, Question: deactivateQuestion,
		Read: func(_ *web.Ctx, _ identity.Person, f *web.Form) string {
			f.Require("reason")
			return f.Name("reason", 200)
		},
		Do: s.deactivate,
	}.Register(m)
	ask.Path, ask.Version, ask.Question, ask.Do = "/admin/people/{id}/reactivate", personVersion, reactivateQuestion, s.reactivate
	ask.Register(m)
	ask.Path, ask.Version, ask.Question, ask.Do = "/admin/people/{id}/end-sessions", nil, endSessionsQuestion, s.endSessions
	ask.Register(m)
}

func inviteQuestion(c *web.Ctx, p identity.Person) web.Confirm {
	return web.Confirm{
		Title: c.Text("identity.invite.title", p.Name), Lead: c.Text("identity.invite.lead"),
		Consequences: []any{c.Text("identity.invite.once"), c.Text("identity.invite.old"), c.Text("identity.invite.until")},
		Button:       c.Text("identity.invite.button"), Cancel: personPath(p.ID),
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
		Button: c.Text("identity.deactivate.button"), Danger: true, Cancel: personPath(p.ID),
	}
}

func reactivateQuestion(c *web.Ctx, p identity.Person) web.Confirm {
	return web.Confirm{
		Title: c.Text("identity.reactivate.title", p.Name), Lead: c.Text("identity.reactivate.lead"),
		Consequences: []any{c.Text("identity.reactivate.link"), c.Text("identity.reactivate.roles"), c.Text("identity.reactivate.gone")},
		Button:       c.Text("identity.reactivate.button"), Cancel: personPath(p.ID),
	}
}

func endSessionsQuestion(c *web.Ctx, p identity.Person) web.Confirm {
	return web.Confirm{
		Title: c.Text("identity.endsessions.title", p.Name), Lead: c.Text("identity.endsessions.lead"),
		Consequences: []any{c.Text("identity.endsessions.drafts"), c.Text("identity.endsessions.tokens")},
		Button:       c.Text("identity.endsessions.button"), Danger: true, Cancel: personPath(p.ID),
	}
}

func (s *Site) invite(c *web.Ctx, p identity.Person, _ int64, _ web.None) (web.Next, error) {
	inv, err := s.People.Invite(c.Context(), p.ID)
	return s.linkPage(p, inv), err
}

func (s *Site) deactivate(c *web.Ctx, p identity.Person, version int64, reason string) (web.Next, error) {
	_, err := s.People.Deactivate(c.Context(), p.ID, version, reason)
	return web.To(personPath(p.ID), "identity.deactivate.done"), err
}

func (s *Site) reactivate(c *web.Ctx, p identity.Person, version int64, _ web.None) (web.Next, error) {
	p, inv, err := s.People.Reactivate(c.Context(), p.ID, version)
	if inv.Token == "" {
		return web.To(personPath(p.ID), "identity.reactivate.done"), err
	}
	return s.linkPage(p, inv), err
}

func (s *Site) endSessions(c *web.Ctx, p identity.Person, _ int64, _ web.None) (web.Next, error) {
	return web.To(personPath(p.ID), "identity.endsessions.done"), s.People.EndSessions(c.Context(), p.ID)
}

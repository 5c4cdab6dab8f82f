// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// acceptancePages registers the forms about an acceptance, other than the
// decision itself.
func (s *Service) acceptancePages(m *web.Mux) {
	s.onAcceptancePage(ActionWithdraw, "withdraw", "withdraw", web.ConfirmTemplate, "risk.flash.withdrawn", s.withdrawQuestion, s.sendWithdraw).register(m)
	s.onAcceptancePage(ActionRevoke, "revoke", "revoke", web.ConfirmTemplate, "risk.flash.revoked", s.revokeQuestion, s.sendRevoke).register(m)
	s.onAcceptancePage(ActionSettle, "close", "close", "risk/settle", "risk.flash.settled", s.settleView, s.sendSettle).register(m)
	meet := s.onAcceptancePage(ActionMeet, "conditions/{condition}", "", "risk/meet", "risk.flash.met", s.meetView, s.sendMeet)
	load := meet.load
	meet.load = func(c *web.Ctx) (AcceptanceDetail, error) {
		d, err := load(c)
		if err == nil && termOf(d, c.Path("condition")) == nil {
			return AcceptanceDetail{}, fault.ItemNotFound()
		}
		return d, err
	}
	meet.may = func(c *web.Ctx, d AcceptanceDetail) bool { return mayMeet(c, d, *termOf(d, c.Path("condition"))) }
	meet.register(m)
}

// onAcceptancePage is a form about the acceptance of the page, at
// /risks/{id}/acceptances/{acceptance}/<at>.
func (s *Service) onAcceptancePage(action authz.Action, at, verb, page, done string,
	view func(*web.Ctx, AcceptanceDetail, *web.Form) (any, error), send func(*web.Ctx, AcceptanceDetail, int64, *web.Form) (string, error)) formPage[AcceptanceDetail] {
	return formPage[AcceptanceDetail]{
		path: "/risks/{id}/acceptances/{acceptance}/" + at, action: action, page: page, done: done, view: view, send: send,
		load:   s.acceptanceHere,
		may:    func(_ *web.Ctx, d AcceptanceDetail) bool { return slices.Contains(d.May, verb) },
		values: func(_ *web.Ctx, d AcceptanceDetail) url.Values { return versionOnly(d.Version) },
	}
}

// acceptanceHere loads the acceptance of the page. One of another risk is not
// there: an address names it once.
func (s *Service) acceptanceHere(c *web.Ctx) (AcceptanceDetail, error) {
	d, err := s.Acceptance(c.Context(), c.Path("acceptance"))
	if err == nil && d.Risk != c.Path("id") {
		return AcceptanceDetail{}, fault.ItemNotFound()
	}
	return d, err
}

func (s *Service) showAcceptance(c *web.Ctx) error {
	d, err := s.acceptanceHere(c)
	if err != nil {
		return err
	}
	v, err := s.acceptanceView(c, d)
	if err != nil {
		return err
	}
	c.Prefill(v.Form, versionOnly(d.Version))
	return c.Render(http.StatusOK, "risk/acceptance", v)
}

func (s *Service) postGrant(c *web.Ctx) error {
	return s.decide(c, s.Grant, func(a Acceptance) string {
		if a.State == Granted {
			return "risk.flash.granted"
		}
		return "risk.flash.agreed"
	})
}

func (s *Service) postRefuse(c *web.Ctx) error {
	return s.decide(c, s.Refuse, func(a Acceptance) string {
		if a.State == Refused {
			return "risk.flash.refused"
		}
		return "risk.flash.objected"
	})
}

// decide carries out the word of somebody entitled. After a refusal the dialogue
// shows how things stand now, with the reason that was typed.
func (s *Service) decide(c *web.Ctx, do func(context.Context, string, int64, string) (Acceptance, error), said func(Acceptance) string) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	d, err := s.acceptanceHere(c)
	if err != nil {
		return err
	}
	f.Action = d.URL() + "/grant" // one form with two buttons: its draft goes with either
	version, reason := f.Version(), f.Text("reason", MaxReason)
	var a Acceptance
	if err = f.Err(); err == nil {
		a, err = do(c.Context(), d.ID, version, reason)
	}
	if err != nil {
		if fault.Is(err, fault.Stale) {
			f.SetCurrent(versionOnly(d.Version))
		}
		v, missing := s.acceptanceView(c, d)
		if missing != nil {
			return missing
		}
		v.Form, v.Ballot = c.R.URL.Path, true
		return c.Again(err, "risk/acceptance", v)
	}
	c.Flash(said(a))
	return c.SeeOther(a.URL())
}

// ended is what every form about an acceptance does after its fields were read.
func ended(f *web.Form, d AcceptanceDetail, do func() error) (string, error) {
	err := f.Err()
	if err == nil {
		err = do()
	}
	return d.URL(), err
}

func (s *Service) sendWithdraw(c *web.Ctx, d AcceptanceDetail, version int64, f *web.Form) (string, error) {
	reason := f.Text("reason", MaxReason)
	return ended(f, d, func() error {
		_, err := s.Withdraw(c.Context(), d.ID, version, reason)
		return err
	})
}

func (s *Service) sendRevoke(c *web.Ctx, d AcceptanceDetail, version int64, f *web.Form) (string, error) {
	reason := f.Text("reason", MaxReason)
	return ended(f, d, func() error {
		_, err := s.Revoke(c.Context(), d.ID, version, reason)
		return err
	})
}

func (s *Service) sendSettle(c *web.Ctx, d AcceptanceDetail, version int64, f *web.Form) (string, error) {
	in := SettleInput{Undone: f.Text("undone", MaxText), Learnt: f.Text("learnt", MaxText)}
	return ended(f, d, func() error {
		_, err := s.Settle(c.Context(), d.ID, version, in)
		return err
	})
}

func (s *Service) sendMeet(c *web.Ctx, d AcceptanceDetail, version int64, f *web.Form) (string, error) {
	evidence := f.Text("evidence", MaxText)
	return ended(f, d, func() error {
		_, err := s.Meet(c.Context(), d.ID, version, c.Path("condition"), evidence)
		return err
	})
}

// termOf returns the condition with that id, or nil.
func termOf(d AcceptanceDetail, id string) *Term {
	i := slices.IndexFunc(d.Conditions, func(t Term) bool { return t.ID == id })
	if i < 0 {
		return nil
	}
	return &d.Conditions[i]
}

// mayMeet reports whether to offer the report that a condition is met.
func mayMeet(c *web.Ctx, d AcceptanceDetail, t Term) bool {
	if !t.MetAt.IsZero() || d.State != Asked && d.State != Granted || !c.Can(ActionMeet) {
		return false
	}
	return t.Owner == c.Actor.ID || slices.Contains(d.May, "close")
}

// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"net/http"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

// acceptancePages registers the page of an acceptance and the forms about it.
func (s *Service) acceptancePages(m *web.Mux) {
	m.Page("GET /risks/{id}/acceptances/{acceptance}", ActionRead, s.showAcceptance)
	s.decision(ActionGrant, "grant", s.Grant, func(a Acceptance) string {
		if a.State == Granted {
			return "risk.flash.granted"
		}
		return "risk.flash.agreed"
	}).Register(m)
	s.decision(ActionRefuse, "refuse", s.Refuse, func(a Acceptance) string {
		if a.State == Refused {
			return "risk.flash.refused"
		}
		return "risk.flash.objected"
	}).Register(m)
	here := s.acceptanceSpot()
	itemweb.QuestionOf(here, ActionWithdraw, "withdraw", "risk.flash.withdrawn", withdrawQuestion, reasoned(s.Withdraw)).Register(m)
	itemweb.QuestionOf(here, ActionRevoke, "revoke", "risk.flash.revoked", revokeQuestion, reasoned(s.Revoke)).Register(m)
	settle := itemweb.FormOf(here, ActionSettle, "close", "close", "risk/settle", "risk.flash.settled", s.Settle)
	settle.View = settleView
	settle.Register(m)
	meet := itemweb.FormOf[AcceptanceDetail, EvidenceRequest, Acceptance](here, ActionMeet, "conditions/{condition}", "", "risk/meet", "", nil)
	meet.Load, meet.View = s.loadWithTerm, meetView
	meet.Open = func(c *web.Ctx, d AcceptanceDetail) error {
		return itemweb.OpenIf(c, notNow, d, "", mayMeet(c, d, *termOf(d, c.Path("condition"))))
	}
	meet.Do = func(c *web.Ctx, d AcceptanceDetail, version int64, in EvidenceRequest) (web.Next, error) {
		_, err := s.Meet(c.Context(), d.ID, version, c.Path("condition"), in.Evidence)
		return web.To(d.URL(), "risk.flash.met"), err
	}
	meet.Register(m)
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

// loadWithTerm loads the acceptance of a condition's page.
func (s *Service) loadWithTerm(c *web.Ctx) (AcceptanceDetail, error) {
	d, err := s.acceptanceHere(c)
	if err == nil && termOf(d, c.Path("condition")) == nil {
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
	s.decision(ActionGrant, "grant", s.Grant, nil).Prefill(c, d)
	return c.Render(http.StatusOK, "risk/acceptance", v)
}

// decision is the word of somebody entitled, on the acceptance's own page. After a
// refusal the dialogue shows how things stand now, with the reason that was typed.
func (s *Service) decision(action authz.Action, verb string, do itemweb.UseCase[string, Acceptance], said func(Acceptance) string) web.FormPage[AcceptanceDetail, string] {
	return web.FormPage[AcceptanceDetail, string]{
		Sends: "/risks/{id}/acceptances/{acceptance}/" + verb, Action: action, Page: "risk/acceptance",
		Load: s.acceptanceHere, Version: itemweb.VersionOf[AcceptanceDetail],
		Read: func(_ *web.Ctx, d AcceptanceDetail, f *web.Form) string {
			f.Action = d.URL() + "/grant" // one form with two buttons: its draft goes with either
			return f.Text("reason", MaxReason)
		},
		View: func(c *web.Ctx, d AcceptanceDetail, _ *web.Form) (any, error) {
			v, err := s.acceptanceView(c, d)
			v.Form, v.Ballot = c.R.URL.Path, true
			return v, err
		},
		Do: func(c *web.Ctx, d AcceptanceDetail, version int64, reason string) (web.Next, error) {
			a, err := do(c.Context(), d.ID, version, reason)
			return web.To(a.URL(), said(a)), err
		},
	}
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
	return t.Owner == c.Actor.ID || d.May("close")
}

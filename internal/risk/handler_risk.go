// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"slices"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// riskPages registers the forms about a risk.
func (s *Service) riskPages(m *web.Mux) {
	s.factPages(m)
	here := s.riskSpot()
	rate := itemweb.FormOf(here, ActionRate, "rate", "rate", "risk/rate", "risk.flash.rated", s.Rate)
	rate.Values, rate.View = rateValues, s.rateView
	rate.Register(m)
	treat := itemweb.FormOf(here, ActionTreat, "treat", "treat", "risk/treat", "risk.flash.treated", s.Treat)
	treat.Values, treat.View = treatValues, s.treatView
	treat.Register(m)
	s.mitigationPages(m)
	hear := itemweb.FormOf(here, ActionHear, "hear", "hear", "risk/hear", "risk.flash.heard", s.apiHear)
	hear.Values, hear.View = hearValues, s.hearView
	hear.Register(m)
	itemweb.QuestionOf(here, ActionReview, "review", "risk.flash.reviewed", s.reviewQuestion, s.apiReview).Register(m)
	itemweb.QuestionOf(here, ActionTreat, "complete", "risk.flash.completed", s.completeQuestion, s.complete).Register(m)
	itemweb.QuestionOf(here, ActionClose, "close", "risk.flash.closed", s.closeQuestion, s.apiClose).Register(m)
	ask := itemweb.FormOf(here, ActionAsk, "acceptances/new", "ask", "risk/ask", "", s.ask)
	ask.Sends, ask.Values, ask.View = "/risks/{id}/acceptances", askValues, s.askView
	ask.Do = func(c *web.Ctx, d Detail, version int64, in AskRequest) (web.Next, error) {
		a, err := s.ask(c.Context(), d.ID, version, in)
		return web.To(a.URL(), "risk.flash.asked"), err
	}
	ask.Register(m)
}

// factPages registers the forms about what a risk is.
func (s *Service) factPages(m *web.Mux) {
	here := s.riskSpot()
	edit := itemweb.FormOf(here, ActionEdit, "edit", "edit", "risk/edit", "risk.flash.edited", s.Edit)
	edit.Values, edit.View, edit.Read = editValues, s.editView, readEdit
	edit.Redraw, edit.Part = []string{"propose"}, "proposal"
	edit.Register(m)
	parties := itemweb.FormOf(here, ActionEdit, "parties", "edit", "risk/parties", "risk.flash.parties", s.apiParties)
	parties.Values, parties.View = partyValues, s.partiesView
	parties.Register(m)
	options := itemweb.FormOf(here, ActionEdit, "options", "edit", "risk/options", "risk.flash.options", s.apiOptions)
	options.Values, options.View = optionValues, s.optionsView
	options.Register(m)
}

// mitigationPages registers the forms about mitigation actions. Their owners report
// on them, whatever else they may do.
func (s *Service) mitigationPages(m *web.Mux) {
	plan := itemweb.FormOf(s.riskSpot(), ActionTreat, "mitigations/new", "treat", "risk/mitigation_new", "risk.flash.planned", s.apiAddMitigation)
	plan.View = s.plainView
	plan.Register(m)
	report := itemweb.FormOf[Detail, MitigationChange, Risk](s.riskSpot(), ActionMitigation, "mitigations/{mitigation}", "", "risk/mitigation", "", nil)
	report.Load, report.Values, report.View = s.loadMitigated, mitigationValues, s.mitigationView
	report.Open = func(c *web.Ctx, d Detail) error {
		return itemweb.OpenIf(c, notNow, d, "", mayReport(c, d, mitigationOf(d, c.Path("mitigation"))))
	}
	report.Do = func(c *web.Ctx, d Detail, version int64, in MitigationChange) (web.Next, error) {
		_, err := s.SetMitigation(c.Context(), d.ID, version, c.Path("mitigation"), in)
		return web.To(d.URL(), "risk.flash.reported"), err
	}
	report.Register(m)
}

// readEdit reads the form of a risk. An owner who stands there as before is not
// changed, and participants are those of a restricted risk alone.
func readEdit(_ *web.Ctx, d Detail, f *web.Form) EditInput {
	var in EditInput
	web.Bind(f, &in)
	if *in.Owner == itemweb.Handle(d.Names, d.Owner) {
		in.Owner = nil
	}
	if *in.Visibility != authz.Restricted {
		in.Participants = nil
	}
	return in
}

// inputsFrom reads the inputs of a proposal. Whether there is a mitigation plan
// follows from the risk's mitigation actions and is not among them.
func inputsFrom(f *web.Form) matrix.Inputs {
	var in struct {
		Inputs matrix.Inputs `json:"inputs"`
	}
	web.Bind(f, &in)
	in.Inputs.MitigationPlan = false
	return in.Inputs
}

func (s *Service) complete(ctx context.Context, id string, version int64, _ web.None) (Risk, error) {
	return s.Complete(ctx, id, version)
}

func (s *Service) ask(ctx context.Context, id string, version int64, in AskRequest) (Acceptance, error) {
	input, err := in.input(s.Zone())
	if err != nil {
		return Acceptance{}, err
	}
	return s.Ask(ctx, id, version, input)
}

// loadMitigated loads the risk of a mitigation action's page.
func (s *Service) loadMitigated(c *web.Ctx) (Detail, error) {
	d, err := s.riskHere(c)
	if err == nil && mitigationOf(d, c.Path("mitigation")) == nil {
		return Detail{}, fault.ItemNotFound()
	}
	return d, err
}

// mitigationOf returns the mitigation action with that id, or nil.
func mitigationOf(d Detail, id string) *Mitigation {
	i := slices.IndexFunc(d.Mitigations, func(m Mitigation) bool { return m.ID == id })
	if i < 0 {
		return nil
	}
	return &d.Mitigations[i]
}

// mayReport reports whether to offer the report on a mitigation action.
func mayReport(c *web.Ctx, d Detail, m *Mitigation) bool {
	if m == nil || d.Closed() {
		return false
	}
	return d.May("treat") || m.Owner == c.Actor.ID && m.State != MitigationDone && c.Can(ActionMitigation)
}

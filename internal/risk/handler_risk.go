// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// riskPages registers the forms about a risk.
func (s *Service) riskPages(m *web.Mux) {
	s.onRiskPage(ActionEdit, "edit", "edit", "risk/edit", "risk.flash.edited", editValues, s.editView, s.sendEdit).register(m)
	s.onRiskPage(ActionEdit, "parties", "edit", "risk/parties", "risk.flash.parties", partyValues, s.partiesView, s.sendParties).register(m)
	s.onRiskPage(ActionEdit, "options", "edit", "risk/options", "risk.flash.options", optionValues, s.optionsView, s.sendOptions).register(m)
	s.onRiskPage(ActionRate, "rate", "rate", "risk/rate", "risk.flash.rated", rateValues, s.rateView, s.sendRating).register(m)
	s.onRiskPage(ActionTreat, "treat", "treat", "risk/treat", "risk.flash.treated", treatValues, s.treatView, s.sendTreatment).register(m)
	s.onRiskPage(ActionTreat, "mitigations/new", "treat", "risk/mitigation_new", "risk.flash.planned", riskVersion, s.plainView, s.sendMitigation).register(m)
	s.onRiskPage(ActionHear, "hear", "hear", "risk/hear", "risk.flash.heard", hearValues, s.hearView, s.sendHearing).register(m)
	s.onRiskPage(ActionReview, "review", "review", web.ConfirmTemplate, "risk.flash.reviewed", riskVersion, s.reviewQuestion, s.sendReview).register(m)
	s.onRiskPage(ActionTreat, "complete", "complete", web.ConfirmTemplate, "risk.flash.completed", riskVersion, s.completeQuestion, s.sendComplete).register(m)
	s.onRiskPage(ActionClose, "close", "close", web.ConfirmTemplate, "risk.flash.closed", riskVersion, s.closeQuestion, s.sendClose).register(m)
	report := s.onRiskPage(ActionMitigation, "mitigations/{mitigation}", "", "risk/mitigation", "risk.flash.reported", mitigationValues, s.mitigationView, s.sendReport)
	report.load = s.loadMitigated
	report.may = func(c *web.Ctx, d Detail) bool { return mayReport(c, d, mitigationOf(d, c.Path("mitigation"))) }
	report.register(m)
	ask := s.onRiskPage(ActionAsk, "acceptances/new", "ask", "risk/ask", "risk.flash.asked", s.askValues, s.askView, s.sendAsk)
	ask.sends = "/risks/{id}/acceptances"
	ask.register(m)
}

// onRiskPage is a form about the risk of the page, at /risks/{id}/<at>.
func (s *Service) onRiskPage(action authz.Action, at, verb, page, done string, values func(*web.Ctx, Detail) url.Values,
	view func(*web.Ctx, Detail, *web.Form) (any, error), send func(*web.Ctx, Detail, int64, *web.Form) (string, error)) formPage[Detail] {
	return formPage[Detail]{
		path: "/risks/{id}/" + at, action: action, page: page, done: done, values: values, view: view, send: send,
		load: func(c *web.Ctx) (Detail, error) { return s.Get(c.Context(), c.Path("id")) },
		may:  func(_ *web.Ctx, d Detail) bool { return slices.Contains(d.May, verb) },
	}
}

func riskVersion(_ *web.Ctx, d Detail) url.Values { return versionOnly(d.Version) }

// changed is what every form about a risk does after its fields were read.
func changed(f *web.Form, d Detail, do func() error) (string, error) {
	err := f.Err()
	if err == nil {
		err = do()
	}
	return d.URL(), err
}

func (s *Service) sendEdit(c *web.Ctx, d Detail, version int64, f *web.Form) (string, error) {
	title, threat, scope := f.String("title", MaxTitle), f.Text("threat", MaxText), f.Text("scope", MaxText)
	inputs := inputsFrom(f).Stated()
	visibility := authz.Visibility(f.Choice("visibility", visibilities()...))
	in := EditInput{Title: &title, Threat: &threat, Scope: &scope, Inputs: &inputs, Visibility: &visibility}
	if owner := f.String("owner", 200); owner != handle(d.Names, d.Owner) {
		in.Owner = &owner
	}
	if participants := lines(f.Text("participants", MaxText)); visibility == authz.Restricted {
		in.Participants = &participants
	}
	return changed(f, d, func() error {
		_, err := s.Edit(c.Context(), d.ID, version, in)
		return err
	})
}

// inputsFrom reads the inputs of a proposal. Whether there is a mitigation plan
// follows from the risk's mitigation actions and is not among them.
func inputsFrom(f *web.Form) matrix.Inputs {
	return matrix.Inputs{
		Data: matrix.Data(f.String("inputs.data", 40)), Direction: matrix.Direction(f.String("inputs.direction", 40)),
		Access: matrix.Access(f.String("inputs.access", 40)), Volume: matrix.Volume(f.String("inputs.volume", 40)),
		CrossesBoundary: f.Bool("inputs.crosses_boundary"), LowerTrust: f.Bool("inputs.lower_trust"),
		Assurances: f.Text("inputs.assurances", MaxText),
	}
}

// partiesFrom reads the rows of parties that are not blank, and which they are.
func partiesFrom(f *web.Form) (all []PartyInput, rows []int) {
	for row := range rowCount(f, 0, MaxParties) {
		p := PartyInput{
			Kind: PartyKind(f.String(rowField("parties", row, "kind"), 40)), Name: f.String(rowField("parties", row, "name"), MaxTitle),
			Organisation: f.String(rowField("parties", row, "organisation"), 200),
			Exposure:     f.String(rowField("parties", row, "exposure"), MaxShort),
			Require:      Requirement(f.String(rowField("parties", row, "require"), 40)),
		}
		if p != (PartyInput{}) {
			all, rows = append(all, p), append(rows, row)
		}
	}
	return all, rows
}

func (s *Service) sendParties(c *web.Ctx, d Detail, version int64, f *web.Form) (string, error) {
	parties, rows := partiesFrom(f)
	return changed(f, d, func() error {
		_, err := s.SetParties(c.Context(), d.ID, version, parties)
		return inRows(err, "parties", rows)
	})
}

func (s *Service) sendOptions(c *web.Ctx, d Detail, version int64, f *web.Form) (string, error) {
	var options []Option
	var rows []int
	for row := range rowCount(f, 0, MaxOptions) {
		at := func(name string, limit int) string { return f.String(rowField("options", row, name), limit) }
		o := Option{
			Kind: OptionKind(at("kind", 40)), Title: at("title", MaxTitle), Cost: at("cost", MaxShort), Delay: at("delay", MaxShort),
			Risk: at("risk", MaxShort), Rating: matrix.Rating(at("rating", 40)), Notes: at("notes", MaxShort),
		}
		// The kind is chosen beforehand and does not make a row.
		if o.Title+o.Cost+o.Delay+o.Risk+o.Notes+string(o.Rating) != "" {
			options, rows = append(options, o), append(rows, row)
		}
	}
	return changed(f, d, func() error {
		_, err := s.SetOptions(c.Context(), d.ID, version, options)
		return inRows(err, "options", rows)
	})
}

func (s *Service) sendRating(c *web.Ctx, d Detail, version int64, f *web.Form) (string, error) {
	cell := func(name string) matrix.Cell {
		f.Require(name+".likelihood", name+".impact")
		return matrix.Cell{
			Likelihood: int(f.Int(name+".likelihood", 1, matrix.Steps)), Impact: int(f.Int(name+".impact", 1, matrix.Steps)),
		}
	}
	in := RateInput{Inherent: cell("inherent"), Residual: cell("residual"), Reason: f.Text("reason", MaxReason)}
	return changed(f, d, func() error {
		_, err := s.Rate(c.Context(), d.ID, version, in)
		return err
	})
}

func (s *Service) sendTreatment(c *web.Ctx, d Detail, version int64, f *web.Form) (string, error) {
	in := TreatInput{Treatment: Treatment(f.String("treatment", 40)), Note: f.Text("note", MaxText)}
	return changed(f, d, func() error {
		_, err := s.Treat(c.Context(), d.ID, version, in)
		return err
	})
}

func (s *Service) sendMitigation(c *web.Ctx, d Detail, version int64, f *web.Form) (string, error) {
	in := MitigationInput{Title: f.String("title", MaxTitle), Owner: f.String("owner", 200), Due: f.Date("due").End(c.Location())}
	return changed(f, d, func() error {
		_, err := s.AddMitigation(c.Context(), d.ID, version, in)
		return err
	})
}

func (s *Service) sendReport(c *web.Ctx, d Detail, version int64, f *web.Form) (string, error) {
	in := MitigationChange{State: MitigationState(f.String("state", 40)), Evidence: f.Text("evidence", MaxText)}
	return changed(f, d, func() error {
		_, err := s.SetMitigation(c.Context(), d.ID, version, c.Path("mitigation"), in)
		return err
	})
}

func (s *Service) sendHearing(c *web.Ctx, d Detail, version int64, f *web.Form) (string, error) {
	in := HearingInput{
		Party: f.String("party", MaxTitle), Person: f.String("person", 200),
		Heard: f.String("heard", MaxHeard), Said: f.Text("said", MaxText),
	}
	// A date means the end of its day; a hearing of today has been held by now.
	if held := f.Date("held_at"); held != config.DateOf(c.Now(), c.Location()) {
		in.HeldAt = held.End(c.Location())
	}
	return changed(f, d, func() error {
		_, err := s.Hear(c.Context(), d.ID, version, in)
		return err
	})
}

func (s *Service) sendReview(c *web.Ctx, d Detail, version int64, f *web.Form) (string, error) {
	return s.sendNote(c, d, version, f, s.Review)
}

func (s *Service) sendClose(c *web.Ctx, d Detail, version int64, f *web.Form) (string, error) {
	return s.sendNote(c, d, version, f, s.Close)
}

func (s *Service) sendNote(c *web.Ctx, d Detail, version int64, f *web.Form, do func(context.Context, string, int64, string) (Risk, error)) (string, error) {
	note := f.Text("note", MaxText)
	return changed(f, d, func() error {
		_, err := do(c.Context(), d.ID, version, note)
		return err
	})
}

func (s *Service) sendComplete(c *web.Ctx, d Detail, version int64, f *web.Form) (string, error) {
	return changed(f, d, func() error {
		_, err := s.Complete(c.Context(), d.ID, version)
		return err
	})
}

func (s *Service) sendAsk(c *web.Ctx, d Detail, version int64, f *web.Form) (string, error) {
	in := AskInput{
		Option: f.String("option", 60), Reason: f.Text("reason", MaxReason), Start: f.Date("start").Start(c.Location()),
		Until:   f.Date("until").End(c.Location()),
		Extends: f.String("extends", 16),
	}
	var rows []int
	for row := range rowCount(f, 0, MaxTerms) {
		t := TermInput{
			Text: f.String(rowField("conditions", row, "text"), MaxShort), Owner: f.String(rowField("conditions", row, "owner"), 200),
			Due: f.Date(rowField("conditions", row, "due")).End(c.Location()),
		}
		if t != (TermInput{}) {
			in.Conditions, rows = append(in.Conditions, t), append(rows, row)
		}
	}
	if err := f.Err(); err != nil {
		return "", err
	}
	a, err := s.Ask(c.Context(), d.ID, version, in)
	return a.URL(), inRows(err, "conditions", rows)
}

// loadMitigated loads the risk of a mitigation action's page.
func (s *Service) loadMitigated(c *web.Ctx) (Detail, error) {
	d, err := s.Get(c.Context(), c.Path("id"))
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
	return slices.Contains(d.May, "treat") || m.Owner == c.Actor.ID && m.State != MitigationDone && c.Can(ActionMitigation)
}

func cellValues(v url.Values, name string, cell matrix.Cell) {
	v.Set(name+".likelihood", strconv.Itoa(cell.Likelihood))
	v.Set(name+".impact", strconv.Itoa(cell.Impact))
}

func visibilities() []string {
	return []string{string(authz.Public), string(authz.Internal), string(authz.Restricted)}
}

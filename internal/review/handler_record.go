// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"net/url"
	"slices"

	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

// recordPages registers the forms about what is asked, said and found.
func (s *Service) recordPages(m *web.Mux) {
	here := s.spot()
	ask := itemweb.FormOf(here, ActionAsk, "questions/new", "ask", "review/step", "review.flash.asked", func(ctx context.Context, id string, version int64, in AskRequest) (Question, error) {
		input, err := in.input(s.Zone)
		if err != nil {
			return Question{}, err
		}
		return s.Ask(ctx, id, version, input)
	})
	ask.View, ask.Values = askView, func(_ *web.Ctx, d Detail) url.Values { return url.Values{"owner": {ownerOf(d)}} }
	ask.Register(m)
	s.questionPages(m)
	state := itemweb.FormOf(here, ActionFind, "statements/new", "find", "review/step", "review.flash.stated", s.State)
	state.View = s.stateView
	state.Values = func(c *web.Ctx, _ Detail) url.Values {
		return url.Values{"kind": {c.Query("kind")}, "state": {StatementStates()[0]}}
	}
	state.Register(m)
	restate := itemweb.FormOf[Detail, StatementInput, Statement](here, ActionFind, "statements/{statement}", "find", "review/step", "", nil)
	restate.Load, restate.View, restate.Values = s.withStatement, s.stateView, statementValues
	restate.Do = func(c *web.Ctx, d Detail, version int64, in StatementInput) (web.Next, error) {
		_, err := s.Restate(c.Context(), d.ID, version, c.Path("statement"), in)
		return web.ToPart(d.URL(), "statements", "review.flash.restated"), err
	}
	restate.Register(m)
	s.findingPages(m)
}

// questionPages registers the forms about a question.
func (s *Service) questionPages(m *web.Mux) {
	answer := itemweb.FormOf[Detail, TextRequest, Question](s.spot(), ActionAnswer, "questions/{question}/answer", "answer", "review/step", "", nil)
	answer.Load, answer.View = s.withQuestion, answerView
	answer.Read = func(_ *web.Ctx, _ Detail, f *web.Form) TextRequest {
		f.Require("text")
		return TextRequest{Text: f.Text("text", content.MaxComment)}
	}
	answer.Do = func(c *web.Ctx, d Detail, version int64, in TextRequest) (web.Next, error) {
		q, err := s.Answer(c.Context(), d.ID, version, c.Path("question"), in.Text)
		return web.ToPart(d.URL(), questionAnchor(q.ID), "review.flash.answered"), err
	}
	answer.Register(m)
	settle := itemweb.FormOf[Detail, SettleInput, Question](s.spot(), ActionAsk, "questions/{question}/settle", "ask", "review/step", "", nil)
	settle.Load, settle.View = s.withQuestion, settleView
	settle.Read = readSettle
	settle.Do = func(c *web.Ctx, d Detail, version int64, in SettleInput) (web.Next, error) {
		q, err := s.Settle(c.Context(), d.ID, version, c.Path("question"), in)
		return web.ToPart(d.URL(), questionAnchor(q.ID), "review.flash.settled"), err
	}
	settle.Register(m)
}

// What the form that settles a question offers beside how far it is settled.
const (
	settleAgain    = "again"
	settleWithdraw = "withdraw"
)

func readSettle(_ *web.Ctx, _ Detail, f *web.Form) SettleInput {
	f.Require("settled")
	in := SettleInput{Note: f.Text("note", MaxReason)}
	switch how := f.Choice("settled", string(Fully), string(Partly), string(Not), settleAgain, settleWithdraw); how {
	case settleAgain:
		in.Again = true
	case settleWithdraw:
		in.Withdraw = true
	default:
		in.Settled = Settled(how)
	}
	return in
}

// findingPages registers the forms about findings.
func (s *Service) findingPages(m *web.Mux) {
	here := s.spot()
	find := itemweb.FormOf(here, ActionFind, "findings/new", "find", "review/step", "review.flash.found", s.Find)
	find.View = s.findView
	find.Values = func(c *web.Ctx, _ Detail) url.Values {
		return url.Values{"kind": {c.Query("kind")}, "severity": {Severities()[0]}, "state": {string(FindingOpen)}}
	}
	find.Register(m)
	refind := itemweb.FormOf[Detail, FindInput, Finding](here, ActionFind, "findings/{finding}", "find", "review/step", "", nil)
	refind.Load, refind.View, refind.Values = s.withFinding, s.findView, findingValues
	refind.Do = func(c *web.Ctx, d Detail, version int64, in FindInput) (web.Next, error) {
		n, err := s.Refind(c.Context(), d.ID, version, c.Path("finding"), in)
		return web.ToPart(d.URL(), "finding-"+n.ID, "review.flash.refound"), err
	}
	refind.Register(m)
	risk := itemweb.FormOf[Detail, RiskInput, Finding](here, ActionFind, "findings/{finding}/risk", "risk", "review/step", "", nil)
	risk.Load, risk.View, risk.Values = s.withFinding, riskView, riskValues
	risk.Read = readRisk
	risk.Do = func(c *web.Ctx, d Detail, version int64, in RiskInput) (web.Next, error) {
		n, err := s.ToRisk(c.Context(), d.ID, version, c.Path("finding"), in)
		return web.ToPart(d.URL(), "finding-"+n.ID, "review.flash.risk"), err
	}
	risk.Register(m)
}

// readRisk reads the form of a risk. A box that is not checked states nothing, so
// that what follows from the subject counts.
func readRisk(_ *web.Ctx, _ Detail, f *web.Form) RiskInput {
	var in RiskInput
	web.Bind(f, &in)
	for _, box := range []**bool{&in.Inputs.CrossesBoundary, &in.Inputs.LowerTrust} {
		if !**box {
			*box = nil
		}
	}
	return in
}

// withQuestion loads the review of a question's page.
func (s *Service) withQuestion(c *web.Ctx) (Detail, error) {
	d, err := s.here(c)
	if err == nil && d.question(c.Path("question")) == nil {
		return Detail{}, d.noQuestion()
	}
	return d, err
}

// question returns a question by its id, or nil.
func (d Detail) question(id string) *Asked {
	i := slices.IndexFunc(d.Questions, func(q Asked) bool { return q.ID == id })
	if i < 0 {
		return nil
	}
	return &d.Questions[i]
}

// withStatement loads the review of a statement's page.
func (s *Service) withStatement(c *web.Ctx) (Detail, error) {
	d, err := s.here(c)
	if err == nil && d.statement(c.Path("statement")) == nil {
		return Detail{}, d.noStatement()
	}
	return d, err
}

// withFinding loads the review of a finding's page.
func (s *Service) withFinding(c *web.Ctx) (Detail, error) {
	d, err := s.here(c)
	if err == nil && d.findingAt(c.Path("finding")) == nil {
		return Detail{}, d.noFinding()
	}
	return d, err
}

// findingAt returns a finding by its id, or nil.
func (d Detail) findingAt(id string) *Finding {
	i := slices.IndexFunc(d.Findings, func(n Finding) bool { return n.ID == id })
	if i < 0 {
		return nil
	}
	return &d.Findings[i]
}

func statementValues(c *web.Ctx, d Detail) url.Values {
	t := d.statement(c.Path("statement"))
	return web.Values(StatementInput{
		Kind: t.Kind, Label: t.Label, Text: t.Text, Who: t.Who, Origin: t.Origin, Source: t.Source, State: t.State, Note: t.Note, Restricted: t.Restricted,
	})
}

func findingValues(c *web.Ctx, d Detail) url.Values {
	n := d.findingAt(c.Path("finding"))
	return web.Values(FindInput{
		Kind: n.Kind, Label: n.Label, Severity: n.Severity, Title: n.Title, Text: n.Text, Evidence: n.Evidence, First: n.First, Second: n.Second,
		State: n.State, Became: n.Became, Restricted: n.Restricted,
	})
}

func riskValues(c *web.Ctx, d Detail) url.Values {
	n := d.findingAt(c.Path("finding"))
	threat := n.Text
	if threat == "" {
		threat = n.Title
	}
	return web.Values(RiskInput{Title: n.Title, Threat: threat, Scope: d.Title, Owner: ownerOf(d)})
}

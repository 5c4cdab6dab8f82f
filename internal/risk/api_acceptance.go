// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// place names an acceptance and the risk that it is of.
type place struct{ risk, acceptance string }

type acceptanceInput struct {
	ID         string `path:"id" maxLength:"60" doc:"id of the risk"`
	Acceptance string `path:"acceptance" maxLength:"60" doc:"id of the acceptance"`
}

// upon is the input of an operation that changes an acceptance.
type upon[B any] struct {
	ID         string `path:"id" maxLength:"60" doc:"id of the risk"`
	Acceptance string `path:"acceptance" maxLength:"60" doc:"id of the acceptance"`
	web.IfMatch
	Body B
}

// Item returns where the acceptance is.
func (u upon[B]) Item() place { return place{u.ID, u.Acceptance} }

// acceptanceAPI registers the operations on acceptances.
func (s *Service) acceptanceAPI(api *web.API, op func(id, method, path, summary string) huma.Operation) {
	one := "/{id}/acceptances/{acceptance}"
	web.Op(api, ActionAsk, op("ask-acceptance", http.MethodPost, "/{id}/acceptances", "Ask to accept the residual risk until a date"), web.Change(web.Seen(s.oneRisk), s.apiAsk))
	web.Op(api, ActionRead, op("show-acceptance", http.MethodGet, one, "Show an acceptance as its decision dialogue does"), s.apiAcceptance)
	web.Op(api, ActionGrant, op("grant-acceptance", http.MethodPost, one+"/approvals", "Agree to an acceptance"), settle(s, reasoned(s.Grant)))
	web.Op(api, ActionRefuse, op("refuse-acceptance", http.MethodPost, one+"/objections", "Refuse an acceptance, or object to it"), settle(s, reasoned(s.Refuse)))
	web.Op(api, ActionWithdraw, op("withdraw-acceptance", http.MethodPost, one+"/withdrawal", "Withdraw a request"), settle(s, reasoned(s.Withdraw)))
	web.Op(api, ActionRevoke, op("revoke-acceptance", http.MethodPost, one+"/revocation", "Revoke an acceptance; it ends at once"), settle(s, reasoned(s.Revoke)))
	web.Op(api, ActionSettle, op("close-acceptance", http.MethodPost, one+"/closure", "Close an acceptance with proof of what was undone and learnt"), settle(s, s.Settle))
	web.Op(api, ActionMeet, op("meet-condition", http.MethodPost, one+"/conditions/{condition}/evidence", "Report a condition as met"), onAcceptance(s, s.apiMeet))
}

func (s *Service) apiAsk(ctx context.Context, version int64, in *on[AskRequest]) (*web.Answer[AcceptanceDetail], error) {
	a, err := s.ask(ctx, in.ID, version, in.Body)
	out, err := s.afterDecision(ctx, a, err)
	return out.At(a.URL()), err
}

func (s *Service) apiAcceptance(ctx context.Context, in *acceptanceInput) (*web.Answer[AcceptanceDetail], error) {
	return s.oneAcceptance(ctx, place{in.ID, in.Acceptance})
}

// oneAcceptance answers with the acceptance if it is one of that risk.
func (s *Service) oneAcceptance(ctx context.Context, at place) (*web.Answer[AcceptanceDetail], error) {
	d, err := s.Acceptance(ctx, at.acceptance)
	if err != nil {
		return nil, err
	}
	if d.Risk != at.risk {
		return nil, fault.ItemNotFound()
	}
	return web.AnswerAt(d.Version, d), nil
}

// afterDecision answers a change with the acceptance as it now is.
func (s *Service) afterDecision(ctx context.Context, a Acceptance, err error) (*web.Answer[AcceptanceDetail], error) {
	if err != nil {
		return nil, err
	}
	return s.oneAcceptance(ctx, place{a.Risk, a.ID})
}

// onAcceptance makes the handler of an operation that changes an acceptance, which
// is there only under its own risk.
func onAcceptance[I web.Based[place]](s *Service, do func(ctx context.Context, version int64, in *I) (Acceptance, error)) func(context.Context, *I) (*web.Answer[AcceptanceDetail], error) {
	return web.Change(web.Seen(s.oneAcceptance), func(ctx context.Context, version int64, in *I) (*web.Answer[AcceptanceDetail], error) {
		if _, err := s.oneAcceptance(ctx, (*in).Item()); err != nil {
			return nil, err
		}
		a, err := do(ctx, version, in)
		return s.afterDecision(ctx, a, err)
	})
}

// settle makes the handler of a use case that changes an acceptance.
func settle[B any](s *Service, use func(ctx context.Context, id string, version int64, in B) (Acceptance, error)) func(context.Context, *upon[B]) (*web.Answer[AcceptanceDetail], error) {
	return onAcceptance(s, func(ctx context.Context, version int64, in *upon[B]) (Acceptance, error) {
		return use(ctx, in.Acceptance, version, in.Body)
	})
}

// reasoned makes a use case that takes a reason one that takes a body.
func reasoned(use func(ctx context.Context, id string, version int64, reason string) (Acceptance, error)) func(context.Context, string, int64, ReasonRequest) (Acceptance, error) {
	return func(ctx context.Context, id string, version int64, in ReasonRequest) (Acceptance, error) {
		return use(ctx, id, version, in.Reason)
	}
}

type meetInput struct {
	ID         string `path:"id" maxLength:"60" doc:"id of the risk"`
	Acceptance string `path:"acceptance" maxLength:"60" doc:"id of the acceptance"`
	Condition  string `path:"condition" maxLength:"60" doc:"id of the condition"`
	web.IfMatch
	Body EvidenceRequest
}

// Item returns where the acceptance is.
func (in meetInput) Item() place { return place{in.ID, in.Acceptance} }

func (s *Service) apiMeet(ctx context.Context, version int64, in *meetInput) (Acceptance, error) {
	return s.Meet(ctx, in.Acceptance, version, in.Condition, in.Body.Evidence)
}

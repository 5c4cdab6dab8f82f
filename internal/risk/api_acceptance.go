// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

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

// acceptanceAPI registers the operations on acceptances.
func (s *Service) acceptanceAPI(api *web.API, op func(id, method, path, summary string) huma.Operation) {
	one := "/{id}/acceptances/{acceptance}"
	web.Op(api, ActionAsk, op("ask-acceptance", http.MethodPost, "/{id}/acceptances", "Ask to accept the residual risk until a date"), s.apiAsk)
	web.Op(api, ActionRead, op("show-acceptance", http.MethodGet, one, "Show an acceptance as its decision dialogue does"), s.apiAcceptance)
	web.Op(api, ActionGrant, op("grant-acceptance", http.MethodPost, one+"/approvals", "Agree to an acceptance"), settle(s, reasoned(s.Grant)))
	web.Op(api, ActionRefuse, op("refuse-acceptance", http.MethodPost, one+"/objections", "Refuse an acceptance, or object to it"), settle(s, reasoned(s.Refuse)))
	web.Op(api, ActionWithdraw, op("withdraw-acceptance", http.MethodPost, one+"/withdrawal", "Withdraw a request"), settle(s, reasoned(s.Withdraw)))
	web.Op(api, ActionRevoke, op("revoke-acceptance", http.MethodPost, one+"/revocation", "Revoke an acceptance; it ends at once"), settle(s, reasoned(s.Revoke)))
	web.Op(api, ActionSettle, op("close-acceptance", http.MethodPost, one+"/closure", "Close an acceptance with proof of what was undone and learnt"), settle(s, s.Settle))
	web.Op(api, ActionMeet, op("meet-condition", http.MethodPost, one+"/conditions/{condition}/evidence", "Report a condition as met"), s.apiMeet)
}

func (s *Service) apiAsk(ctx context.Context, in *on[AskRequest]) (*acceptanceOutput, error) {
	version, err := s.seen(ctx, in.ID, in.IfMatch)
	if err != nil {
		return nil, err
	}
	input, err := in.Body.input(s.zone)
	if err != nil {
		return nil, err
	}
	a, err := s.Ask(ctx, in.ID, version, input)
	out, err := s.afterDecision(ctx, a, err)
	if err != nil {
		return nil, err
	}
	out.Location = "/api/v1" + a.URL()
	return out, nil
}

func (s *Service) apiAcceptance(ctx context.Context, in *acceptanceInput) (*acceptanceOutput, error) {
	d, err := s.acceptanceOf(ctx, in.ID, in.Acceptance)
	if err != nil {
		return nil, err
	}
	return &acceptanceOutput{ETag: web.ETag(d.Version), Body: d}, nil
}

// acceptanceOf returns the acceptance if it is one of that risk.
func (s *Service) acceptanceOf(ctx context.Context, risk, id string) (AcceptanceDetail, error) {
	d, err := s.Acceptance(ctx, id)
	if err != nil {
		return AcceptanceDetail{}, err
	}
	if d.Risk != risk {
		return AcceptanceDetail{}, fault.ItemNotFound()
	}
	return d, nil
}

// afterDecision answers a change with the acceptance as it now is.
func (s *Service) afterDecision(ctx context.Context, a Acceptance, err error) (*acceptanceOutput, error) {
	if err != nil {
		return nil, err
	}
	d, err := s.Acceptance(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	return &acceptanceOutput{ETag: web.ETag(d.Version), Body: d}, nil
}

// settle makes an operation of a use case that changes an acceptance.
func settle[B any](s *Service, use func(ctx context.Context, id string, version int64, in B) (Acceptance, error)) func(context.Context, *upon[B]) (*acceptanceOutput, error) {
	return func(ctx context.Context, in *upon[B]) (*acceptanceOutput, error) {
		version, err := s.decided(ctx, in.ID, in.Acceptance, in.IfMatch)
		if err != nil {
			return nil, err
		}
		a, err := use(ctx, in.Acceptance, version, in.Body)
		return s.afterDecision(ctx, a, err)
	}
}

// decided returns the version of If-Match, after making sure that the acceptance
// is one of the risk and is there for the actor.
func (s *Service) decided(ctx context.Context, risk, id string, header web.IfMatch) (int64, error) {
	if _, err := s.acceptanceOf(ctx, risk, id); err != nil {
		return 0, err
	}
	return header.Version()
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

func (s *Service) apiMeet(ctx context.Context, in *meetInput) (*acceptanceOutput, error) {
	version, err := s.decided(ctx, in.ID, in.Acceptance, in.IfMatch)
	if err != nil {
		return nil, err
	}
	a, err := s.Meet(ctx, in.Acceptance, version, in.Condition, in.Body.Evidence)
	return s.afterDecision(ctx, a, err)
}

// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk/matrix"
)

type idInput struct {
	ID string `path:"id" maxLength:"60" doc:"id of the risk"`
}

// on is the input of an operation that changes a risk.
type on[B any] struct {
	ID string `path:"id" maxLength:"60" doc:"id of the risk"`
	web.IfMatch
	Body B
}

// Item returns the id of the risk.
func (o on[B]) Item() string { return o.ID }

// API registers the operations below /api/v1/risks.
func (s *Service) API(api *web.API) {
	op := func(id, method, path, summary string) huma.Operation {
		status := http.StatusOK
		if id == "register-risk" || id == "ask-acceptance" {
			status = http.StatusCreated
		}
		return huma.Operation{OperationID: id, Method: method, Path: "/risks" + path, Summary: summary, DefaultStatus: status, Tags: []string{"risks"}}
	}
	web.Op(api, ActionRead, op("list-risks", http.MethodGet, "", "List risks, the worst first"), s.apiList)
	web.Op(api, ActionRead, op("count-risks", http.MethodGet, "/matrix", "Count risks in each cell of the matrix"), s.apiMatrix)
	web.Op(api, ActionRead, op("propose-rating", http.MethodPost, "/proposal", "Show what rating the rules propose, and why"), s.apiPropose)
	web.Op(api, ActionRegister, op("register-risk", http.MethodPost, "", "Register a risk"), s.apiRegister)
	web.Op(api, ActionRead, op("show-risk", http.MethodGet, "/{id}", "Show a risk with everything that belongs to it"), s.apiShow)
	web.Op(api, ActionEdit, op("edit-risk", http.MethodPatch, "/{id}", "Change a risk"), edit(s, s.Edit))
	web.Op(api, ActionRate, op("rate-risk", http.MethodPost, "/{id}/ratings", "Rate a risk"), edit(s, s.Rate))
	web.Op(api, ActionReview, op("review-risk", http.MethodPost, "/{id}/reviews", "Record a regular review"), edit(s, s.apiReview))
	web.Op(api, ActionTreat, op("treat-risk", http.MethodPost, "/{id}/treatment", "Choose the treatment"), edit(s, s.Treat))
	web.Op(api, ActionTreat, op("complete-risk", http.MethodPost, "/{id}/completion", "Say that the treatment is carried out"), onRisk(s, s.apiComplete))
	web.Op(api, ActionTreat, op("add-mitigation", http.MethodPost, "/{id}/mitigations", "Add a mitigation action"), edit(s, s.apiAddMitigation))
	web.Op(api, ActionMitigation, op("report-mitigation", http.MethodPatch, "/{id}/mitigations/{mitigation}", "Report a mitigation action as done, dropped or open"), onRisk(s, s.apiSetMitigation))
	web.Op(api, ActionEdit, op("set-parties", http.MethodPut, "/{id}/parties", "Say which parties are exposed"), edit(s, s.apiParties))
	web.Op(api, ActionHear, op("hear-party", http.MethodPost, "/{id}/hearings", "Record that a party was heard"), edit(s, s.apiHear))
	web.Op(api, ActionEdit, op("set-options", http.MethodPut, "/{id}/options", "Say which options are compared"), edit(s, s.apiOptions))
	web.Op(api, ActionClose, op("close-risk", http.MethodPost, "/{id}/closure", "Close a risk for good"), edit(s, s.apiClose))
	s.acceptanceAPI(api, op)
}

func (s *Service) apiList(ctx context.Context, in *Filter) (*web.JSON[Page], error) {
	page, err := s.List(ctx, *in)
	return web.AnswerJSON(page), err
}

type matrixInput struct {
	State   string        `query:"state" enum:"active,all,open,treated,closed" default:"active"`
	Rating  matrix.Rating `query:"rating" enum:"low,medium,high,critical"`
	By      string        `query:"by" enum:"residual,inherent" default:"residual" doc:"which rating is counted: as it stands, or as if nothing had been done about it"`
	Subject string        `query:"subject" maxLength:"200" doc:"kind:name"`
	Owner   string        `query:"owner" maxLength:"200" doc:"id or login; me for one's own"`
}

func (s *Service) apiMatrix(ctx context.Context, in *matrixInput) (*web.JSON[Counts], error) {
	counts, err := s.Matrix(ctx, Filter{State: in.State, Rating: in.Rating, By: in.By, Subject: in.Subject, Owner: in.Owner})
	return web.AnswerJSON(counts), err
}

func (s *Service) apiPropose(ctx context.Context, in *struct{ Body ProposalRequest }) (*web.JSON[matrix.Proposal], error) {
	proposal, err := s.Propose(ctx, in.Body)
	return web.AnswerJSON(proposal), err
}

func (s *Service) apiShow(ctx context.Context, in *idInput) (*web.Answer[Detail], error) {
	return s.oneRisk(ctx, in.ID)
}

func (s *Service) oneRisk(ctx context.Context, id string) (*web.Answer[Detail], error) {
	d, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return web.AnswerAt(d.Version, d), nil
}

// after answers a change with the risk as it now is or, if whoever changed it may
// no longer see it, with what the change left, without its subject.
func (s *Service) after(ctx context.Context, r Risk, err error) (*web.Answer[Detail], error) {
	if err != nil {
		return nil, err
	}
	out, err := s.oneRisk(ctx, r.ID)
	if fault.Is(err, fault.NotFound) {
		return web.AnswerAt(r.Version, s.parting(r)), nil
	}
	return out, err
}

// parting is a risk for somebody who has just seen it for the last time.
func (s *Service) parting(r Risk) Detail {
	r.Subject = ""
	p := s.Policy()
	return Detail{
		Risk: r, Proposal: p.Proposal.Propose(&p.Matrix, r.Inputs), AsOf: r.ChangedAt,
		Participants: []string{}, Ratings: []Rated{}, Parties: []Exposed{}, Hearings: []Hearing{}, Mitigations: []Mitigation{},
		Options: []Option{}, Acceptances: []Placed{}, Needs: []NeedText{}, History: []Step{}, Verbs: []string{}, Names: map[string]Named{},
	}
}

func (s *Service) apiRegister(ctx context.Context, in *struct{ Body RegisterInput }) (*web.Answer[Detail], error) {
	r, err := s.Register(ctx, in.Body)
	out, err := s.after(ctx, r, err)
	return out.At("/risks/" + r.ID), err
}

// onRisk makes the handler of an operation that changes a risk.
func onRisk[I web.Based[string]](s *Service, do func(ctx context.Context, version int64, in *I) (Risk, error)) func(context.Context, *I) (*web.Answer[Detail], error) {
	return web.Change(web.Seen(s.oneRisk), func(ctx context.Context, version int64, in *I) (*web.Answer[Detail], error) {
		r, err := do(ctx, version, in)
		return s.after(ctx, r, err)
	})
}

// edit makes the handler of a use case that changes a risk.
func edit[B any](s *Service, use func(ctx context.Context, id string, version int64, in B) (Risk, error)) func(context.Context, *on[B]) (*web.Answer[Detail], error) {
	return onRisk(s, func(ctx context.Context, version int64, in *on[B]) (Risk, error) {
		return use(ctx, in.ID, version, in.Body)
	})
}

func (s *Service) apiReview(ctx context.Context, id string, version int64, in NoteRequest) (Risk, error) {
	return s.Review(ctx, id, version, in.Note)
}

func (s *Service) apiClose(ctx context.Context, id string, version int64, in NoteRequest) (Risk, error) {
	return s.Close(ctx, id, version, in.Note)
}

func (s *Service) apiParties(ctx context.Context, id string, version int64, in PartiesRequest) (Risk, error) {
	return s.SetParties(ctx, id, version, in.Parties)
}

func (s *Service) apiOptions(ctx context.Context, id string, version int64, in OptionsRequest) (Risk, error) {
	return s.SetOptions(ctx, id, version, in.Options)
}

func (s *Service) apiAddMitigation(ctx context.Context, id string, version int64, in MitigationRequest) (Risk, error) {
	input, err := in.input(s.Zone())
	if err != nil {
		return Risk{}, err
	}
	return s.AddMitigation(ctx, id, version, input)
}

func (s *Service) apiHear(ctx context.Context, id string, version int64, in HearingRequest) (Risk, error) {
	input, err := in.input(s.Zone(), s.AsOf())
	if err != nil {
		return Risk{}, err
	}
	return s.Hear(ctx, id, version, input)
}

type completeInput struct {
	ID string `path:"id" maxLength:"60" doc:"id of the risk"`
	web.IfMatch
}

// Item returns the id of the risk.
func (in completeInput) Item() string { return in.ID }

func (s *Service) apiComplete(ctx context.Context, version int64, in *completeInput) (Risk, error) {
	return s.Complete(ctx, in.ID, version)
}

type mitigationInput struct {
	ID         string `path:"id" maxLength:"60" doc:"id of the risk"`
	Mitigation string `path:"mitigation" maxLength:"60" doc:"id of the mitigation action"`
	web.IfMatch
	Body MitigationChange
}

// Item returns the id of the risk.
func (in mitigationInput) Item() string { return in.ID }

func (s *Service) apiSetMitigation(ctx context.Context, version int64, in *mitigationInput) (Risk, error) {
	return s.SetMitigation(ctx, in.ID, version, in.Mitigation, in.Body)
}

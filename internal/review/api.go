// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review/kind"
)

// ReviewPath is the path of an operation on a review. It is exported because huma
// looks into no other embedded struct.
type ReviewPath struct {
	ID string `path:"id" maxLength:"60" doc:"id of the review, or the number that an imported one had, such as T240943"`
}

// Item returns what the review is named by.
func (p ReviewPath) Item() string { return p.ID }

// ReviewStep is the input of an operation that changes a review and needs no more words.
type ReviewStep struct {
	ReviewPath
	web.IfMatch
}

// ReviewBody is the input of an operation that changes a review as its body says.
type ReviewBody[B any] struct {
	ReviewPath
	web.IfMatch
	Body B
}

// API registers the operations below /api/v1/reviews and /api/v1/review-kinds.
func (s *Service) API(api *web.API) {
	web.Op(api, ActionRead, op("list-reviews", http.MethodGet, "", "List reviews, the most urgent first"), s.apiList)
	web.Op(api, ActionRead, op("show-board", http.MethodGet, "/board", "Show the board, column by column"), s.apiBoard)
	web.Op(api, ActionRead, op("show-prescreen", http.MethodGet, "/prescreen", "Show the questions of the pre-screen and its rules"), s.apiPreScreen)
	web.Op(api, ActionRead, op("judge-prescreen", http.MethodPost, "/prescreen", "Say whether a review is needed, and why; nothing is written"), s.apiJudge)
	web.Op(api, ActionRequest, made(op("request-review", http.MethodPost, "", "Request a review, or early advice on a sketch")), s.apiRequest)
	web.Op(api, ActionRead, op("show-review", http.MethodGet, "/{id}", "Show a review with everything that belongs to it"), s.apiShow)
	web.Op(api, ActionEdit, op("edit-review", http.MethodPatch, "/{id}", "Change what a review is about"), edit(s, s.Edit))
	s.boardAPI(api)
	s.partAPI(api)
	s.outcomeAPI(api)
	s.kindAPI(api)
	s.planAPI(api)
	s.importAPI(api)
}

// boardAPI registers the operations that bring a review from column to column.
func (s *Service) boardAPI(api *web.API) {
	web.Op(api, ActionMove, op("move-review", http.MethodPost, "/{id}/moves", "Move a review to another column of the board"), edit(s, s.Move))
	web.Op(api, ActionEdit, op("resubmit-review", http.MethodPost, "/{id}/resubmission", "Send back a review that was not ready, once what fell short is mended"), onReview(s, s.apiResubmit))
	web.Op(api, ActionMove, op("estimate-review", http.MethodPatch, "/{id}/estimate", "Set priority and effort"), edit(s, s.Estimate))
	web.Op(api, ActionAssign, op("assign-reviewer", http.MethodPost, "/{id}/reviewers", "Give somebody a part in a review"), edit(s, s.Assign))
	web.Op(api, ActionAssign, op("release-reviewer", http.MethodPost, "/{id}/reviewers/{person}/release", "Take somebody's part in a review away"), onReview(s, s.apiRelease))
	web.Op(api, ActionDeclare, op("declare-conflict", http.MethodPost, "/{id}/declarations", "Declare your conflict of interest, or its absence"), edit(s, s.Declare))
	web.Op(api, ActionDeclare, op("read-assessment", http.MethodPost, "/{id}/readings", "Say as the second reader that the assessment was read"), edit(s, s.apiRead))
}

// op describes an operation below /reviews.
func op(id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: "/reviews" + path, Summary: summary, DefaultStatus: http.StatusOK, Tags: []string{"reviews"}}
}

// made makes the operation one that creates something.
func made(o huma.Operation) huma.Operation {
	o.DefaultStatus = http.StatusCreated
	return o
}

func (s *Service) apiList(ctx context.Context, in *Filter) (*web.JSON[Page], error) {
	page, err := s.List(ctx, *in)
	return web.AnswerJSON(page), err
}

type boardInput struct {
	Kind string `query:"kind" maxLength:"60" doc:"name of a kind: only reviews of it"`
}

// Board is the board as the API gives it.
type Board struct {
	Columns []BoardColumn `json:"columns" nullable:"false" doc:"from left to right"`
}

func (s *Service) apiBoard(ctx context.Context, in *boardInput) (*web.JSON[Board], error) {
	columns, err := s.Board(ctx, in.Kind)
	return web.AnswerJSON(Board{columns}), err
}

func (s *Service) apiPreScreen(context.Context, *struct{}) (*web.JSON[kind.PreScreen], error) {
	return web.AnswerJSON(s.Policy().PreScreen), nil
}

func (s *Service) apiJudge(_ context.Context, in *struct{ Body PreScreenRequest }) (*web.JSON[kind.Verdict], error) {
	verdict, err := s.Policy().PreScreen.Judge(in.Body.Answers)
	return web.AnswerJSON(verdict), err
}

func (s *Service) apiRequest(ctx context.Context, in *struct{ Body RequestInput }) (*web.Answer[Detail], error) {
	r, err := s.Request(ctx, in.Body)
	out, err := s.after(ctx, r, err)
	return out.At(r.URL()), err
}

func (s *Service) apiShow(ctx context.Context, in *ReviewPath) (*web.Answer[Detail], error) {
	return s.oneReview(ctx, in.ID)
}

func (s *Service) oneReview(ctx context.Context, id string) (*web.Answer[Detail], error) {
	d, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return web.AnswerAt(d.Version, d), nil
}

// after answers a change with the review as it now is or, if whoever changed it may
// no longer see it, with what the change left, without its subject and its neighbours.
func (s *Service) after(ctx context.Context, r Review, err error) (*web.Answer[Detail], error) {
	if err != nil {
		return nil, err
	}
	out, err := s.oneReview(ctx, r.ID)
	if fault.Is(err, fault.NotFound) {
		return web.AnswerAt(r.Version, parting(r)), nil
	}
	return out, err
}

// parting is a review for somebody who has just seen it for the last time.
func parting(r Review) Detail {
	r = r.chained(nil)
	r.Subject = ""
	return Detail{
		Review: r, Participants: []string{}, Clock: Clock{Pauses: []Pause{}}, Stages: []Stage{}, Shortfalls: []kind.Shortfall{},
		Reviewers: []Reviewer{}, Questions: []Asked{}, Statements: []Statement{}, Findings: []Finding{}, Opinions: []Opinion{},
		Conditions: []Condition{}, Past: []Past{}, History: []item.Step{}, Verbs: []string{}, Names: map[string]catalog.Named{}, AsOf: r.ChangedAt,
	}
}

// onReview makes the handler of an operation that changes a review.
func onReview[I web.Based[string]](s *Service, do func(ctx context.Context, version int64, in *I) (Review, error)) func(context.Context, *I) (*web.Answer[Detail], error) {
	return web.Change(web.Seen(s.oneReview), func(ctx context.Context, version int64, in *I) (*web.Answer[Detail], error) {
		r, err := do(ctx, version, in)
		return s.after(ctx, r, err)
	})
}

// onPart makes the handler of an operation on a part of a review, which answers with
// the whole review.
func onPart[I web.Based[string], P any](s *Service, do func(ctx context.Context, version int64, in *I) (P, error)) func(context.Context, *I) (*web.Answer[Detail], error) {
	return web.Change(web.Seen(s.oneReview), func(ctx context.Context, version int64, in *I) (*web.Answer[Detail], error) {
		if _, err := do(ctx, version, in); err != nil {
			return nil, err
		}
		return s.oneReview(ctx, (*in).Item())
	})
}

// edit makes the handler of a use case that changes a review.
func edit[B any](s *Service, use func(ctx context.Context, id string, version int64, in B) (Review, error)) func(context.Context, *ReviewBody[B]) (*web.Answer[Detail], error) {
	return onReview(s, func(ctx context.Context, version int64, in *ReviewBody[B]) (Review, error) {
		return use(ctx, in.ID, version, in.Body)
	})
}

func (s *Service) apiResubmit(ctx context.Context, version int64, in *ReviewStep) (Review, error) {
	return s.Resubmit(ctx, in.ID, version)
}

type releaseInput struct {
	ReviewPath
	web.IfMatch
	Person string `path:"person" maxLength:"200" doc:"id or login of the reviewer"`
}

func (s *Service) apiRelease(ctx context.Context, version int64, in *releaseInput) (Review, error) {
	return s.Release(ctx, in.ID, version, in.Person)
}

func (s *Service) apiRead(ctx context.Context, id string, version int64, in ReadRequest) (Review, error) {
	return s.Read(ctx, id, version, in.Concurs)
}

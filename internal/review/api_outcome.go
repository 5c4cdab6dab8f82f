// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"net/http"

	"portreeve.org/portreeve/internal/kernel/web"
)

// Draft is an assessment that is composed from the record, for somebody to edit.
type Draft struct {
	Text    string `json:"text" doc:"Markdown; what only those who take part may read is marked"`
	Written int64  `json:"written" doc:"version of the assessment that there is; 0: none"`
}

// AbstractPreview is what everybody reads of a review, and nothing else.
type AbstractPreview struct {
	Text   string `json:"text" doc:"Markdown, exactly as it leaves"`
	Public bool   `json:"public" doc:"it is public now"`
}

// outcomeAPI registers the operations on the assessment and on how a review ends.
func (s *Service) outcomeAPI(api *web.API) {
	web.Op(api, ActionAssess, op("write-assessment", http.MethodPost, "/{id}/assessments", "Write the next version of the assessment"), onPart(s, s.apiAssess))
	web.Op(api, ActionRead, op("list-assessments", http.MethodGet, "/{id}/assessments", "List the versions of the assessment, the latest first; for those who take part"), s.apiAssessments)
	web.Op(api, ActionAssess, op("draft-assessment", http.MethodGet, "/{id}/assessment/draft", "Compose an assessment from the record"), s.apiDraft)
	web.Op(api, ActionRead, op("preview-abstract", http.MethodGet, "/{id}/abstract", "Show exactly what leaves when the abstract is published"), s.apiPreview)
	web.Op(api, ActionPublish, op("write-abstract", http.MethodPut, "/{id}/abstract", "Write the abstract, publish it or take it back"), edit(s, s.SetAbstract))
	web.Op(api, ActionDecide, op("decide-review", http.MethodPost, "/{id}/outcome", "Give a review its outcome, with the reasons"), edit(s, s.apiDecide))
	web.Op(api, ActionEnd, op("withdraw-review", http.MethodPost, "/{id}/withdrawal", "Take a review back"), edit(s, s.apiWithdraw))
	web.Op(api, ActionMove, op("dismiss-review", http.MethodPost, "/{id}/dismissal", "Say why no review is needed"), edit(s, s.apiDismiss))
	web.Op(api, ActionEnd, op("supersede-review", http.MethodPost, "/{id}/supersession", "Say which review replaces this one"), edit(s, s.apiSupersede))
	web.Op(api, ActionMeet, op("meet-review-condition", http.MethodPost, "/{id}/conditions/{condition}/proof", "Show that a condition is met"), onReview(s, s.apiMeet))
}

func (s *Service) apiAssess(ctx context.Context, version int64, in *ReviewBody[AssessRequest]) (Assessment, error) {
	return s.Assess(ctx, in.ID, version, in.Body.Written, in.Body.Text)
}

func (s *Service) apiAssessments(ctx context.Context, in *ReviewPath) (*web.Listed[Assessment], error) {
	all, err := s.Assessments(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return web.ListOf(all, "", web.Itself), nil
}

func (s *Service) apiDraft(ctx context.Context, in *ReviewPath) (*web.JSON[Draft], error) {
	draft, err := s.Draft(ctx, in.ID)
	return web.AnswerJSON(draft), err
}

func (s *Service) apiPreview(ctx context.Context, in *ReviewPath) (*web.JSON[AbstractPreview], error) {
	d, err := s.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return web.AnswerJSON(AbstractPreview{Text: AbstractOf(d.Review), Public: !d.PublishedAt.IsZero()}), nil
}

func (s *Service) apiDecide(ctx context.Context, id string, version int64, in DecideRequest) (Review, error) {
	input, err := in.input(s.Zone)
	if err != nil {
		return Review{}, err
	}
	return s.Decide(ctx, id, version, input)
}

func (s *Service) apiWithdraw(ctx context.Context, id string, version int64, in ReasonRequest) (Review, error) {
	return s.Withdraw(ctx, id, version, in.Reason)
}

func (s *Service) apiDismiss(ctx context.Context, id string, version int64, in DismissRequest) (Review, error) {
	return s.Dismiss(ctx, id, version, in.Reason, in.Meeting)
}

func (s *Service) apiSupersede(ctx context.Context, id string, version int64, in SupersedeRequest) (Review, error) {
	return s.Supersede(ctx, id, version, in.Successor, in.Reason)
}

type meetInput struct {
	ReviewPath
	web.IfMatch
	Body      ProofRequest
	Condition string `path:"condition" maxLength:"60" doc:"id of the condition"`
}

func (s *Service) apiMeet(ctx context.Context, version int64, in *meetInput) (Review, error) {
	return s.Meet(ctx, in.ID, version, in.Condition, in.Body.Shown)
}

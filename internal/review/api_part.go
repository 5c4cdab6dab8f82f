// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"net/http"

	"portreeve.org/portreeve/internal/kernel/web"
)

// The inputs of operations on a part of a review. Each part is named by its id; what
// has a label can be named by that, too.

type onQuestion[B any] struct {
	ReviewPath
	web.IfMatch
	Question string `path:"question" maxLength:"60" doc:"id or label of the question, such as Q1"`
	Body     B
}

type onStatement[B any] struct {
	ReviewPath
	web.IfMatch
	Statement string `path:"statement" maxLength:"60" doc:"id or label of the statement, such as S1"`
	Body      B
}

type onFinding[B any] struct {
	ReviewPath
	web.IfMatch
	Finding string `path:"finding" maxLength:"60" doc:"id or label of the finding, such as C1"`
	Body    B
}

type onOpinion[B any] struct {
	ReviewPath
	web.IfMatch
	Aspect string `path:"aspect" maxLength:"60" doc:"one of the aspects on which the kind wants an opinion, such as legal"`
	Body   B
}

// partAPI registers the operations on what is asked, stated and found in a review.
func (s *Service) partAPI(api *web.API) {
	web.Op(api, ActionAsk, op("ask-question", http.MethodPost, "/{id}/questions", "Ask a scoping question; while one to the requesting side is open the clock is paused"), onPart(s, s.apiAsk))
	web.Op(api, ActionAnswer, op("answer-question", http.MethodPost, "/{id}/questions/{question}/answers", "Answer a scoping question"), onPart(s, s.apiAnswer))
	web.Op(api, ActionAsk, op("settle-question", http.MethodPost, "/{id}/questions/{question}/settlement", "Say how far an answer settles a question, withdraw the question, or ask again"), onPart(s, s.apiSettle))
	web.Op(api, ActionFind, op("record-statement", http.MethodPost, "/{id}/statements", "Record a statement or a requirement with its source"), onPart(s, s.apiState))
	web.Op(api, ActionFind, op("change-statement", http.MethodPut, "/{id}/statements/{statement}", "Change a statement, and say what became of it"), onPart(s, s.apiRestate))
	web.Op(api, ActionFind, op("record-finding", http.MethodPost, "/{id}/findings", "Record a finding; a contradiction quotes two statements"), onPart(s, s.apiFind))
	web.Op(api, ActionFind, op("change-finding", http.MethodPut, "/{id}/findings/{finding}", "Change a finding, and say what became of it"), onPart(s, s.apiRefind))
	web.Op(api, ActionFind, op("register-finding", http.MethodPost, "/{id}/findings/{finding}/risk", "Put a finding into the register of risks"), onPart(s, s.apiToRisk))
	web.Op(api, ActionAssign, op("name-assessor", http.MethodPut, "/{id}/opinions/{aspect}", "Name who assesses an aspect"), onPart(s, s.apiAssessor))
	web.Op(api, ActionOpine, op("give-opinion", http.MethodPost, "/{id}/opinions/{aspect}/opinion", "Give the opinion for which you were named"), onPart(s, s.apiOpine))
}

func (s *Service) apiAsk(ctx context.Context, version int64, in *ReviewBody[AskRequest]) (Question, error) {
	input, err := in.Body.input(s.Zone)
	if err != nil {
		return Question{}, err
	}
	return s.Ask(ctx, in.ID, version, input)
}

func (s *Service) apiAnswer(ctx context.Context, version int64, in *onQuestion[TextRequest]) (Question, error) {
	return s.Answer(ctx, in.ID, version, in.Question, in.Body.Text)
}

func (s *Service) apiSettle(ctx context.Context, version int64, in *onQuestion[SettleInput]) (Question, error) {
	return s.Settle(ctx, in.ID, version, in.Question, in.Body)
}

func (s *Service) apiState(ctx context.Context, version int64, in *ReviewBody[StatementInput]) (Statement, error) {
	return s.State(ctx, in.ID, version, in.Body)
}

func (s *Service) apiRestate(ctx context.Context, version int64, in *onStatement[StatementInput]) (Statement, error) {
	return s.Restate(ctx, in.ID, version, in.Statement, in.Body)
}

func (s *Service) apiFind(ctx context.Context, version int64, in *ReviewBody[FindInput]) (Finding, error) {
	return s.Find(ctx, in.ID, version, in.Body)
}

func (s *Service) apiRefind(ctx context.Context, version int64, in *onFinding[FindInput]) (Finding, error) {
	return s.Refind(ctx, in.ID, version, in.Finding, in.Body)
}

func (s *Service) apiToRisk(ctx context.Context, version int64, in *onFinding[RiskInput]) (Finding, error) {
	return s.ToRisk(ctx, in.ID, version, in.Finding, in.Body)
}

func (s *Service) apiAssessor(ctx context.Context, version int64, in *onOpinion[AssessorRequest]) (Review, error) {
	return s.AskOpinion(ctx, in.ID, version, in.Aspect, in.Body.Assessor)
}

func (s *Service) apiOpine(ctx context.Context, version int64, in *onOpinion[OpineInput]) (Review, error) {
	return s.Opine(ctx, in.ID, version, in.Aspect, in.Body)
}

// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/web"
)

// planAPI registers the operations on plans, meetings and metrics.
func (s *Service) planAPI(api *web.API) {
	web.Op(api, ActionInside, op("show-plan", http.MethodGet, "/plan", "Show a quarter: who has how much time, what was accepted, and by how much that is too much"), s.apiPlan)
	web.Op(api, ActionPlan, op("set-capacity", http.MethodPut, "/capacity", "Say how much time and which skills a reviewer has"), s.apiCapacity)
	web.Op(api, ActionAssign, op("suggest-reviewers", http.MethodGet, "/{id}/candidates", "Suggest reviewers by load and skill, the best first"), s.apiSuggest)
	web.Op(api, ActionRead, op("show-metrics", http.MethodGet, "/metrics", "Show how the service does: waiting times, days to decision, planned against done"), s.apiMetrics)
	web.Op(api, ActionInside, op("show-agenda", http.MethodGet, "/meeting", "Show the open meeting with its agenda, or the agenda that one would have today"), s.apiAgenda)

	meetings := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/review-meetings" + path, Summary: summary, DefaultStatus: http.StatusOK, Tags: []string{"reviews"}}
	}
	web.Op(api, ActionInside, meetings("list-meetings", http.MethodGet, "", "List the meetings, the latest first"), s.apiMeetings)
	web.Op(api, ActionMeeting, made(meetings("open-meeting", http.MethodPost, "", "Open the meeting of a day; one is open at a time")), s.apiOpenMeeting)
	web.Op(api, ActionInside, meetings("show-meeting", http.MethodGet, "/{id}", "Show a meeting with what was decided in it"), s.apiMeeting)
	web.Op(api, ActionMeeting, meetings("save-minutes", http.MethodPut, "/{id}/minutes", "Write the words of the minutes"), onMeeting(s, func(ctx context.Context, version int64, in *web.EditByID[MinutesRequest]) (Meeting, error) {
		return s.SaveMinutes(ctx, in.ID, version, in.Body.Minutes)
	}))
	web.Op(api, ActionMeeting, meetings("close-meeting", http.MethodPost, "/{id}/closure", "Close a meeting for good"), onMeeting(s, func(ctx context.Context, version int64, in *web.BasedByID) (Meeting, error) {
		return s.CloseMeeting(ctx, in.ID, version)
	}))
	web.Op(api, ActionMove, meetings("undo-move", http.MethodPost, "/{id}/undo", "Take back your latest move in a meeting"), s.apiUndo)
}

type planInput struct {
	Quarter string `query:"quarter" maxLength:"7" doc:"such as 2026-Q4; default: the present one"`
}

func (s *Service) apiPlan(ctx context.Context, in *planInput) (*web.JSON[Plan], error) {
	p, err := s.Plan(ctx, in.Quarter)
	return web.AnswerJSON(p), err
}

func (s *Service) apiCapacity(ctx context.Context, in *struct{ Body CapacityInput }) (*web.JSON[Plan], error) {
	if err := s.Provide(ctx, in.Body); err != nil {
		return nil, err
	}
	p, err := s.Plan(ctx, in.Body.Quarter)
	return web.AnswerJSON(p), err
}

func (s *Service) apiSuggest(ctx context.Context, in *ReviewPath) (*web.Listed[Candidate], error) {
	all, err := s.Suggest(ctx, in.ID)
	return web.ListOf(all, "", web.Itself), err
}

func (s *Service) apiMetrics(ctx context.Context, in *MetricsInput) (*web.JSON[Metrics], error) {
	m, err := s.Metrics(ctx, *in)
	return web.AnswerJSON(m), err
}

func (s *Service) apiAgenda(ctx context.Context, _ *struct{}) (*web.Answer[MeetingDetail], error) {
	d, err := s.Meeting(ctx, "")
	if err != nil {
		return nil, err
	}
	return web.AnswerAt(d.Version, d), nil
}

func (s *Service) apiMeetings(ctx context.Context, _ *struct{}) (*web.Listed[Meeting], error) {
	all, err := s.Meetings(ctx)
	return web.ListOf(all, "", web.Itself), err
}

// OpenRequest opens a meeting.
type OpenRequest struct {
	HeldOn string `json:"held_on,omitempty" maxLength:"10" doc:"day, such as 2026-12-01; default: the present one"`
}

// MinutesRequest writes the words of the minutes.
type MinutesRequest struct {
	Minutes string `json:"minutes" maxLength:"50000" doc:"Markdown; all who work here can read them"`
}

// UndoRequest takes back a move.
type UndoRequest struct {
	Entry int64 `json:"entry,omitempty" doc:"ledger sequence of the move that you saw as your latest"`
}

func (s *Service) apiOpenMeeting(ctx context.Context, in *struct{ Body OpenRequest }) (*web.Answer[MeetingDetail], error) {
	m, err := s.OpenMeeting(ctx, in.Body.HeldOn)
	if err != nil {
		return nil, err
	}
	out, err := s.oneMeeting(ctx, m.ID)
	return out.At(m.URL()), err
}

func (s *Service) apiMeeting(ctx context.Context, in *web.ByID) (*web.Answer[MeetingDetail], error) {
	return s.oneMeeting(ctx, in.ID)
}

func (s *Service) oneMeeting(ctx context.Context, id string) (*web.Answer[MeetingDetail], error) {
	d, err := s.Meeting(ctx, id)
	if err != nil {
		return nil, err
	}
	return web.AnswerAt(d.Version, d), nil
}

// onMeeting makes the handler of an operation that changes a meeting.
func onMeeting[I web.Based[string]](s *Service, do func(ctx context.Context, version int64, in *I) (Meeting, error)) func(context.Context, *I) (*web.Answer[MeetingDetail], error) {
	return web.Change(web.Seen(s.oneMeeting), func(ctx context.Context, version int64, in *I) (*web.Answer[MeetingDetail], error) {
		if _, err := do(ctx, version, in); err != nil {
			return nil, err
		}
		return s.oneMeeting(ctx, (*in).Item())
	})
}

func (s *Service) apiUndo(ctx context.Context, in *struct {
	web.ByID
	Body UndoRequest
}) (*web.Answer[Detail], error) {
	r, err := s.Undo(ctx, in.ID, in.Body.Entry)
	return s.after(ctx, r, err)
}

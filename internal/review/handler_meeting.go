// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/http"
	"net/url"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// meetingPages registers the pages of the meeting. The address of one is not below
// /reviews, where an id stands.
func (s *Service) meetingPages(m *web.Mux) {
	m.Page("GET /reviews/meeting", ActionInside, s.showAgenda)
	web.FormPage[MeetingDetail, OpenRequest]{
		Sends: "/review-meetings", Action: ActionMeeting, Page: "review/meeting", View: s.agendaView,
		Load: func(c *web.Ctx) (MeetingDetail, error) { return s.Meeting(c.Context(), "") },
		Do: func(c *web.Ctx, _ MeetingDetail, _ int64, in OpenRequest) (web.Next, error) {
			m, err := s.OpenMeeting(c.Context(), in.HeldOn)
			return web.To(m.URL()+"/next", "review.meeting.opened"), err
		},
	}.Register(m)
	m.Page("GET /review-meetings/{id}", ActionInside, s.showMeeting)
	web.FormPage[MeetingDetail, MinutesRequest]{
		Path: "/review-meetings/{id}/minutes", Action: ActionMeeting, Page: "review/minutes", Load: s.meetingHere, Open: stillOpen, Version: meetingVersion,
		Values: func(_ *web.Ctx, d MeetingDetail) url.Values { return url.Values{"minutes": {d.Minutes}} },
		View:   func(c *web.Ctx, d MeetingDetail, _ *web.Form) (any, error) { return minutesViewOf(c, d), nil },
		Read: func(_ *web.Ctx, _ MeetingDetail, f *web.Form) MinutesRequest {
			return MinutesRequest{f.Text("minutes", maxMinutes)}
		},
		Do: func(c *web.Ctx, d MeetingDetail, version int64, in MinutesRequest) (web.Next, error) {
			_, err := s.SaveMinutes(c.Context(), d.ID, version, in.Minutes)
			return web.To(d.URL(), "review.meeting.saved"), err
		},
	}.Register(m)
	web.ConfirmPage[MeetingDetail, web.None]{
		Path: "/review-meetings/{id}/close", Action: ActionMeeting, Load: s.meetingHere, Open: stillOpen, Version: meetingVersion,
		Question: func(c *web.Ctx, d MeetingDetail) web.Confirm {
			return web.Confirm{
				Title: c.Text("review.meeting.close_title"), Lead: c.Text("review.meeting.close_lead"), Button: c.Text("review.meeting.close"), Cancel: d.URL(),
				Consequences: []any{c.Text("review.meeting.close_then"), c.Text("review.meeting.close_left", len(waiting(d.Agenda)))},
			}
		},
		Do: func(c *web.Ctx, d MeetingDetail, version int64, _ web.None) (web.Next, error) {
			_, err := s.CloseMeeting(c.Context(), d.ID, version)
			return web.To(d.URL(), "review.meeting.closed"), err
		},
	}.Register(m)
	s.queuePages(m)
}

func meetingVersion(d MeetingDetail) int64 { return d.Version }

func (s *Service) meetingHere(c *web.Ctx) (MeetingDetail, error) {
	return s.Meeting(c.Context(), c.Path("id"))
}

// stillOpen refuses the forms of a meeting that is closed.
func stillOpen(c *web.Ctx, d MeetingDetail) error {
	if d.Open() {
		return nil
	}
	c.BackTo(d.URL())
	return meetingClosed()
}

func (s *Service) showAgenda(c *web.Ctx) error {
	d, err := s.Meeting(c.Context(), "")
	if err != nil {
		return err
	}
	v, err := s.agendaView(c, d, nil)
	if err != nil {
		return err
	}
	c.Prefill("/review-meetings", url.Values{"held_on": {d.HeldOn}})
	return c.Render(http.StatusOK, "review/meeting", v)
}

func (s *Service) showMeeting(c *web.Ctx) error {
	d, err := s.meetingHere(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "review/minutes_of", minutesViewOf(c, d))
}

// queueItem is what the queue shows: an item of the agenda, and the review.
type queueItem struct {
	Queue
	After  string
	Review Detail // of no item: without an id
	Lead   PersonPlan
}

// URL is the queue at the place where the reader is.
func (q queueItem) url() string { return queueURL(q.Meeting, q.After) }

func queueURL(m Meeting, after string) string {
	if after == "" {
		return m.URL() + "/next"
	}
	return web.With(m.URL()+"/next", "after", after)
}

// queueInput is what a button of the queue sends. A review that somebody else moved
// meanwhile does not move.
type queueInput struct {
	Act      string
	Reason   string
	Priority string
	NotReady []string
}

// The decisions of the queue, each by one key.
const (
	keyBack     = "b"
	keyPlan     = "p"
	keyStart    = "s"
	keyWait     = "w"
	keyNotReady = "n"
	keyDismiss  = "d"
	keySkip     = "k"
	keyUndo     = "u"
)

func (s *Service) queuePages(m *web.Mux) {
	web.FormPage[queueItem, queueInput]{
		Path: "/review-meetings/{id}/next", Action: ActionMeeting, Page: "review/queue", Load: s.queueHere, Do: s.decideInQueue,
		Version: func(q queueItem) int64 { return q.Review.Version }, View: s.queueView,
		Values: func(_ *web.Ctx, q queueItem) url.Values {
			v := url.Values{"review": {q.Review.ID}, "after": {q.After}, "priority": {string(q.Review.Priority)}}
			for _, o := range shortChoices(q.Review) {
				v.Add("not_ready", o.Value)
			}
			return v
		},
		Read: func(_ *web.Ctx, _ queueItem, f *web.Form) queueInput {
			return queueInput{
				Act: f.Choice("act", keyBack, keyPlan, keyStart, keyWait, keyNotReady), Reason: f.Text("reason", MaxReason),
				Priority: f.Choice("priority", web.Strings(Priorities())...), NotReady: f.Strings("not_ready", 200),
			}
		},
	}.Register(m)
	web.FormPage[queueItem, UndoRequest]{
		Sends: "/review-meetings/{id}/undo", Action: ActionMove, Page: "review/queue", Load: s.queueHere, View: s.queueView,
		Read: func(_ *web.Ctx, _ queueItem, f *web.Form) UndoRequest { return UndoRequest{f.Int("entry", 1, 1<<62)} },
		Do: func(c *web.Ctx, q queueItem, _ int64, in UndoRequest) (web.Next, error) {
			r, err := s.Undo(c.Context(), q.Meeting.ID, in.Entry)
			return web.To(q.url(), "review.queue.undone", r.Title), err
		},
	}.Register(m)
	web.ConfirmPage[queueItem, ReasonRequest]{
		Path: "/review-meetings/{id}/dismiss/{review}/{after}", Action: ActionMeeting, Load: s.queueHere,
		Version: func(q queueItem) int64 { return q.Review.Version },
		Question: func(c *web.Ctx, q queueItem) web.Confirm {
			return web.Confirm{
				Title: c.Text("review.queue.dismiss_title"), Lead: q.Review.Title, Danger: true, Button: c.Text("review.queue.dismiss"), Cancel: q.url(),
				Consequences: []any{c.Text("review.queue.dismiss_final"), c.Text("review.queue.dismiss_told")},
				Fields: func(f *web.Form) []web.Field {
					return []web.Field{needed(tall(hinted(f.Area("reason", "review.queue.dismiss_reason"), "", MaxReason), 3))}
				},
			}
		},
		Read: func(_ *web.Ctx, _ queueItem, f *web.Form) ReasonRequest {
			f.Require("reason")
			return ReasonRequest{Reason: f.Text("reason", MaxReason)}
		},
		Do: func(c *web.Ctx, q queueItem, version int64, in ReasonRequest) (web.Next, error) {
			_, err := s.Dismiss(c.Context(), q.Review.ID, version, in.Reason, q.Meeting.ID)
			return web.To(q.url(), "review.queue.dismissed", q.Review.Title), err
		},
	}.Register(m)
}

// queueHere loads the item that the form or the address names, and else the next one.
func (s *Service) queueHere(c *web.Ctx) (queueItem, error) {
	id, after := c.Path("review"), c.Path("after")
	if after == noPlace {
		after = ""
	}
	if id == "" {
		after = c.Query("after")
	}
	if c.R.Method == http.MethodPost && id == "" {
		f, err := c.Form()
		if err != nil {
			return queueItem{}, err
		}
		id, after = f.String("review", 100), f.String("after", 1000)
	}
	q := queueItem{After: after}
	var err error
	if q.Queue, err = s.Queue(c.Context(), c.Path("id"), after); err != nil {
		return queueItem{}, backFrom(c, err)
	}
	switch {
	case id == "" && q.Item == nil:
		return q, nil
	case id == "":
		id = q.Item.Review
	case q.Item == nil || q.Item.Review != id:
		q.Item = &AgendaItem{Review: id}
	}
	q.Review, q.Lead, err = s.queued(c.Context(), id)
	return q, err
}

// noPlace stands in an address for the beginning of the agenda.
const noPlace = "-"

// backFrom leads from a meeting that is closed to what was decided in it.
func backFrom(c *web.Ctx, err error) error {
	if fault.HasCode(err, "review.meeting_closed") {
		c.BackTo(Meeting{ID: c.Path("id")}.URL())
	}
	return err
}

// decideInQueue carries out what a button says, and goes on to the next item.
func (s *Service) decideInQueue(c *web.Ctx, q queueItem, version int64, in queueInput) (web.Next, error) {
	move := MoveInput{Meeting: q.Meeting.ID}
	switch in.Act {
	case keyBack:
		move.To, move.Priority = BackOrders, Priority(in.Priority)
	case keyPlan:
		move.To, move.Priority, move.Quarter = Planned, Priority(in.Priority), QuarterOf(c.Now(), c.Location())
	case keyStart:
		move.To = InProgress
	case keyWait:
		move.To, move.Reason = Waiting, in.Reason
	case keyNotReady:
		move.To, move.Reason, move.NotReady = Waiting, in.Reason, in.NotReady
		if len(in.NotReady) == 0 {
			move.NotReady = []string{allShort}
		}
	default:
		return nil, fault.New(fault.Invalid, CodeInvalid, "%s", c.Text("review.queue.choose"))
	}
	r, err := s.Move(c.Context(), q.Review.ID, version, move)
	return web.To(q.url(), "review.queue.moved", r.Title, columnText(c, move.To)), err
}

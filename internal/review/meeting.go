// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Meeting is one of the reviewers' meetings. What is decided in it are changes of
// reviews, whose lines of the history name it.
type Meeting struct {
	ID       string    `json:"id"`
	Version  int64     `json:"version"`
	HeldOn   string    `json:"held_on" doc:"day, such as 2026-12-01"`
	Chair    string    `json:"chair"`
	State    string    `json:"state" enum:"open,closed"`
	Minutes  string    `json:"minutes,omitempty" doc:"Markdown, beside what was decided"`
	OpenedAt time.Time `json:"opened_at"`
	ClosedAt time.Time `json:"closed_at,omitzero"`
	Entry    int64     `json:"entry,omitempty"`
}

// The states of a meeting.
const (
	MeetingOpen   = "open"
	MeetingClosed = "closed"
)

var meetingRows = store.NewTable("review_meeting", "m", stale, func(m *Meeting) []store.Column {
	return []store.Column{
		store.Text("id", &m.ID).Key(), store.Int("version", &m.Version).Version(), store.Text("held_on", &m.HeldOn), store.Text("chair", &m.Chair),
		store.Text("state", &m.State), store.Text("minutes", &m.Minutes), store.Moment("opened_at", &m.OpenedAt),
		store.Moment("closed_at", &m.ClosedAt), store.Int("entry", &m.Entry),
	}
})

// meetingPart marks the lines of the history that were decided in a meeting.
func meetingPart(id string) string { return "meeting:" + id }

// inMeeting makes sure that the meeting in which something is decided is open.
func (d *decision) inMeeting(ctx context.Context) error {
	if d.meeting == "" {
		return nil
	}
	m, err := store.Found(meetingRows.One(ctx, d.tx, "WHERE m.id = $1", d.meeting))
	if err != nil {
		return err
	}
	if m.State != MeetingOpen {
		return fault.New(fault.Conflict, "review.meeting_closed", "This meeting is closed. Decide outside of it, or open another one.")
	}
	return nil
}

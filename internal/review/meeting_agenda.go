// SPDX-License-Identifier: Apache-2.0

package review

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// AgendaReason says why a review stands on the agenda.
type AgendaReason string

// The reasons, in the order of the agenda.
const (
	OnIncoming    AgendaReason = "incoming"    // nobody has triaged it
	OnResubmitted AgendaReason = "resubmitted" // what fell short was mended
	OnPlanned     AgendaReason = "planned"     // it begins this week
	OnLeaderless  AgendaReason = "no_lead"     // it is planned or in progress, and nobody leads it
	OnAnswered    AgendaReason = "answered"    // an answer waits for whoever asked
	OnStalled     AgendaReason = "stalled"     // for longer than a week
	OnOverdue     AgendaReason = "overdue"     // a condition should have been met
	OnClock       AgendaReason = "clock"       // its days are over
	OnReady       AgendaReason = "ready"       // nothing is open: it can be decided
)

// AgendaReasons returns the reasons in the order of the agenda; the slice is the
// caller's own.
func AgendaReasons() []AgendaReason {
	return []AgendaReason{OnIncoming, OnResubmitted, OnPlanned, OnLeaderless, OnAnswered, OnStalled, OnOverdue, OnClock, OnReady}
}

// AgendaItem is a review that the meeting is to talk about, once and for its first
// reason.
type AgendaItem struct {
	Review   string       `json:"review"`
	Title    string       `json:"title"`
	Kind     string       `json:"kind"`
	Column   Column       `json:"column" enum:"incoming,back_orders,planned,in_progress,waiting,done"`
	Priority Priority     `json:"priority,omitempty" enum:"urgent,high,medium,low"`
	Reason   AgendaReason `json:"reason" enum:"incoming,resubmitted,planned,no_lead,answered,stalled,overdue,clock,ready"`
	Since    time.Time    `json:"since,omitzero" doc:"since when the reason holds"`
	Number   int          `json:"number,omitempty" doc:"how many answers or conditions"`
	Handled  bool         `json:"handled,omitempty" doc:"something was decided about it in this meeting"`

	received time.Time
}

// URL is the review's page.
func (i AgendaItem) URL() string { return Review{ID: i.Review}.URL() }

// position says where an item stands on an agenda that changes: the one after it is
// the next whose position is greater.
func (i AgendaItem) position() agendaPosition {
	return agendaPosition{slices.Index(AgendaReasons(), i.Reason), i.Priority.weight(), i.received.UnixMicro(), i.Review}
}

// agendaPosition is the order of the agenda: by reason, then the most urgent, then
// the longest waiting.
type agendaPosition struct {
	Reason int    `json:"a"`
	Weight int64  `json:"w"`
	At     int64  `json:"t"`
	Review string `json:"r"`
}

func (p agendaPosition) compare(o agendaPosition) int {
	return cmp.Or(cmp.Compare(p.Reason, o.Reason), cmp.Compare(p.Weight, o.Weight), cmp.Compare(p.At, o.At), strings.Compare(p.Review, o.Review))
}

// agendaFacts is what the agenda is computed from: a review with what is counted of
// it.
type agendaFacts struct {
	Review
	stood     time.Time // since when it stands in its column
	open      int       // questions without an answer
	answered  int       // questions whose answer waits for the asker
	answerAt  time.Time // the first of these answers
	overdue   int       // conditions
	overdueAt time.Time // the first of them
	over      time.Time // when the days of its clock were over; zero: they are not
	assessed  bool      // an assessment is written, or something was settled or found
}

// reason returns why the review stands on the agenda, and since when; "": it does not.
// weekEnd is the last day of the week of the meeting.
func (f agendaFacts) reason(now time.Time, weekEnd string) (why AgendaReason, since time.Time, number int) {
	working := f.Column == Planned || f.Column == InProgress
	switch {
	case f.Column == Incoming && f.TriagedAt.IsZero():
		return OnIncoming, f.ReceivedAt, 0
	case f.Column == Incoming:
		return OnResubmitted, f.stood, 0
	case f.Column == Planned && f.ScheduledFor != "" && f.ScheduledFor <= weekEnd:
		return OnPlanned, f.AcceptedAt, 0
	case working && f.Lead == "":
		return OnLeaderless, f.stood, 0
	case !f.Done() && f.answered > 0:
		return OnAnswered, f.answerAt, f.answered
	case f.Column == Waiting && f.Wait.Cause == Stalled && now.Sub(f.stood) > week:
		return OnStalled, f.stood, 0
	case f.overdue > 0:
		return OnOverdue, f.overdueAt, f.overdue
	case !f.Done() && !f.over.IsZero():
		return OnClock, f.over, 0
	case f.Column == InProgress && f.open == 0 && f.assessed:
		return OnReady, f.stood, 0
	}
	return "", time.Time{}, 0
}

const week = 7 * day

// agendaOf computes the agenda from the facts. The meeting is held on a day; what is
// planned until the Sunday after it is planned for its week.
func agendaOf(all []agendaFacts, now, heldOn time.Time) []AgendaItem {
	weekEnd := heldOn.AddDate(0, 0, (7-int(heldOn.Weekday()))%7).Format(time.DateOnly)
	items := []AgendaItem{}
	for _, f := range all {
		why, since, number := f.reason(now, weekEnd)
		if why == "" {
			continue
		}
		items = append(items, AgendaItem{
			Review: f.ID, Title: f.Title, Kind: f.Kind, Column: f.Column, Priority: f.Priority,
			Reason: why, Since: since, Number: number, received: f.ReceivedAt,
		})
	}
	slices.SortFunc(items, func(a, b AgendaItem) int { return a.position().compare(b.position()) })
	return items
}

// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/ledger"
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

// maxMinutes bounds the words of the minutes, in bytes.
const maxMinutes = 50_000

// Item returns the reference by which ledger entries name the meeting.
func (m Meeting) Item() string { return "review-meeting:" + m.ID }

// URL is the meeting's page, relative to the server's root.
func (m Meeting) URL() string { return "/review-meetings/" + url.PathEscape(m.ID) }

// Open reports whether something can be decided in the meeting.
func (m Meeting) Open() bool { return m.State == MeetingOpen }

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
	if !m.Open() {
		return meetingClosed()
	}
	return nil
}

func meetingClosed() error {
	return fault.New(fault.Conflict, "review.meeting_closed", "This meeting is closed. Decide outside of it, or open another one.")
}

// meetingBody is what an entry says of a meeting. Entries are those of what was
// decided in it, but for reviews that are restricted: their own entries name it.
type meetingBody struct {
	Meeting string  `json:"meeting"`
	HeldOn  string  `json:"held_on"`
	Chair   string  `json:"chair"`
	Minutes string  `json:"minutes_sha256,omitempty"`
	Entries []int64 `json:"entries,omitempty"`
}

func (m Meeting) body() meetingBody {
	return meetingBody{Meeting: m.ID, HeldOn: m.HeldOn, Chair: m.Chair, Minutes: item.SHA(m.Minutes)}
}

func (s *Service) appendMeeting(ctx context.Context, tx *ledger.Tx, kind string, m *Meeting, body meetingBody) error {
	var err error
	m.Entry, err = s.Writer.Append(ctx, tx, ledger.Entry{
		Kind: kind, Actor: authz.ActorFrom(ctx).Ref(), Subject: m.Item(), Body: body, Item: m.Item(), Visibility: string(authz.Internal),
	})
	return err
}

// OpenMeeting opens the meeting of a day, the present one for "". One is open at a
// time. Whoever opens it is its chair.
func (s *Service) OpenMeeting(ctx context.Context, heldOn string) (Meeting, error) {
	if err := s.require(ctx, ActionMeeting); err != nil {
		return Meeting{}, err
	}
	var m Meeting
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		m = Meeting{ID: tx.NewID(), Version: 1, HeldOn: heldOn, Chair: authz.ActorFrom(ctx).ID, State: MeetingOpen, OpenedAt: tx.Now()}
		if heldOn == "" {
			m.HeldOn = config.DateOf(tx.Now(), s.Zone).String()
		}
		var f item.Fields
		if _, err := config.ParseDate(m.HeldOn); err != nil {
			f.Add("held_on", "format", "Give a date such as 2026-12-01.")
		}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		var open int64
		if err := tx.QueryRow(ctx, "SELECT COUNT(*) FROM review_meeting WHERE state = 'open'").Scan(&open); err != nil {
			return fmt.Errorf("look for an open meeting: %w", err)
		}
		if open > 0 {
			return fault.New(fault.Conflict, "review.meeting_open", "A meeting is open. Go on in it, or close it first.")
		}
		if err := s.appendMeeting(ctx, tx, KindOpened, &m, m.body()); err != nil {
			return err
		}
		return meetingRows.Insert(ctx, tx.Tx, m)
	})
	if err != nil {
		return Meeting{}, err
	}
	return m, nil
}

// onMeeting changes an open meeting, on the version that the actor saw.
func (s *Service) onMeeting(ctx context.Context, id string, version int64, kind string, fn func(tx *ledger.Tx, m *Meeting) (meetingBody, error)) (Meeting, error) {
	if err := s.require(ctx, ActionMeeting); err != nil {
		return Meeting{}, err
	}
	var m Meeting
	err := s.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		var err error
		if m, err = store.Found(meetingRows.One(ctx, tx, "WHERE m.id = $1", id)); err != nil {
			return err
		}
		switch {
		case m.Version != version:
			return stale()
		case !m.Open():
			return meetingClosed()
		}
		body, err := fn(tx, &m)
		if err != nil {
			return err
		}
		m.Version++
		if err := s.appendMeeting(ctx, tx, kind, &m, body); err != nil {
			return err
		}
		return meetingRows.Update(ctx, tx.Tx, m, version)
	})
	if err != nil {
		return Meeting{}, err
	}
	return m, nil
}

// SaveMinutes writes the words of the minutes, Markdown. All who work here can read
// them, whichever reviews they see.
func (s *Service) SaveMinutes(ctx context.Context, id string, version int64, text string) (Meeting, error) {
	return s.onMeeting(ctx, id, version, KindMinuted, func(_ *ledger.Tx, m *Meeting) (meetingBody, error) {
		var f item.Fields
		m.Minutes = f.Text("minutes", text, maxMinutes, false)
		return m.body(), f.Err(CodeInvalid)
	})
}

// CloseMeeting closes a meeting for good: its minutes stand as they are, and the
// entry names those of what was decided in it.
func (s *Service) CloseMeeting(ctx context.Context, id string, version int64) (Meeting, error) {
	return s.onMeeting(ctx, id, version, KindClosed, func(tx *ledger.Tx, m *Meeting) (meetingBody, error) {
		m.State, m.ClosedAt = MeetingClosed, tx.Now()
		body := m.body()
		rows, err := tx.Query(ctx, `SELECT h.entry FROM review_history h JOIN review_item r ON r.id = h.review
			WHERE h.part = $1 AND r.visibility <> 'restricted' ORDER BY h.entry`, meetingPart(m.ID))
		body.Entries, err = store.Collect(rows, err, func(row store.Scanner) (entry int64, err error) { return entry, row.Scan(&entry) })
		if err != nil {
			return meetingBody{}, fmt.Errorf("load what was decided: %w", err)
		}
		return body, nil
	})
}

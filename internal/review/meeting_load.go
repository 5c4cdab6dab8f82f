// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
)

// MeetingDetail is a meeting as the reader may see it: of restricted reviews only
// what is shown to them.
type MeetingDetail struct {
	Meeting
	Agenda  []AgendaItem     `json:"agenda" nullable:"false" doc:"as it is now; of a closed meeting empty"`
	Decided []Minuted        `json:"decided" nullable:"false" doc:"what was decided in it, the oldest first"`
	Names   map[string]Named `json:"names" doc:"people by id"`
}

// Minuted is something that was decided in a meeting.
type Minuted struct {
	item.Step
	Review  string  `json:"review"`
	Title   string  `json:"title"`
	Outcome Outcome `json:"outcome,omitempty" doc:"of the review as it is now"`
	Undone  bool    `json:"undone,omitempty" doc:"it was taken back in the same meeting"`
	Undoes  bool    `json:"undoes,omitempty" doc:"it takes the move before back"`

	present int64 // version of the review now
}

// URL is the review's page.
func (m Minuted) URL() string { return Review{ID: m.Review}.URL() }

// changed returns what the step changed of a field.
func (m Minuted) changed(field string) (item.Change, bool) {
	i := slices.IndexFunc(m.Changes, func(c item.Change) bool { return c.Field == field })
	if i < 0 {
		return item.Change{}, false
	}
	return m.Changes[i], true
}

// Meetings returns the meetings, the latest first, without their minutes.
func (s *Service) Meetings(ctx context.Context) ([]Meeting, error) {
	if err := s.require(ctx, ActionInside); err != nil {
		return nil, err
	}
	all := []Meeting{}
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		found, err := meetingRows.All(ctx, r, "ORDER BY m.held_on DESC, m.opened_at DESC LIMIT $1", store.MaxLimit)
		for _, m := range found {
			m.Minutes = ""
			all = append(all, m)
		}
		return err
	})
	return all, err
}

// Meeting returns a meeting; NotFound. Without an id it is the one that is open or,
// if none is, the agenda that one would have today.
func (s *Service) Meeting(ctx context.Context, id string) (MeetingDetail, error) {
	if err := s.require(ctx, ActionInside); err != nil {
		return MeetingDetail{}, err
	}
	var d MeetingDetail
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		var err error
		d, err = s.meeting(ctx, r, authz.ActorFrom(ctx), id)
		return err
	})
	if err != nil {
		return MeetingDetail{}, err
	}
	return d, nil
}

func (s *Service) meeting(ctx context.Context, r store.Reader, a authz.Actor, id string) (MeetingDetail, error) {
	d := MeetingDetail{Agenda: []AgendaItem{}, Decided: []Minuted{}}
	where, args := "WHERE m.id = $1", []any{id}
	if id == "" {
		where, args = "WHERE m.state = 'open' ORDER BY m.opened_at DESC LIMIT 1", nil
	}
	all, err := meetingRows.All(ctx, r, where, args...)
	switch {
	case err != nil:
		return MeetingDetail{}, err
	case len(all) > 0:
		d.Meeting = all[0]
	case id != "":
		_, err := store.Found(meetingRows.One(ctx, r, where, args...))
		return MeetingDetail{}, err
	default:
		d.HeldOn = config.DateOf(r.Now(), s.Zone).String()
	}
	if d.ID != "" {
		if d.Decided, err = minuted(ctx, r, a, d.ID); err != nil {
			return MeetingDetail{}, err
		}
	}
	if d.State != MeetingClosed {
		if d.Agenda, err = s.agenda(ctx, r, a, d.Meeting, d.Decided); err != nil {
			return MeetingDetail{}, err
		}
	}
	people := []string{d.Chair}
	for _, m := range d.Decided {
		people = append(people, item.PersonOf(m.Actor))
	}
	d.Names, err = item.Names(ctx, r, s.Directory, people, nil)
	return d, err
}

var minutedRows = store.NewTable("review_history", "h", nil, func(m *Minuted) []store.Column {
	return []store.Column{
		store.Int("entry", &m.Entry), store.Text("review", &m.Review), store.Int("version", &m.Version), store.Text("kind", &m.Kind),
		store.Text("actor", &m.Actor), store.Moment("decided_at", &m.At), store.JSON("changes", &m.Changes),
	}
})

// minuted returns what was decided in a meeting about reviews that the reader sees.
func minuted(ctx context.Context, r store.Reader, a authz.Actor, meeting string) ([]Minuted, error) {
	args := []any{meetingPart(meeting)}
	query := "SELECT " + minutedRows.Columns() + ", r.title, r.outcome, r.version FROM review_history h JOIN review_item r ON r.id = h.review WHERE h.part = $1 AND " +
		keptReviews.Visible(a, &args) + " ORDER BY h.entry"
	rows, err := r.Query(ctx, query, args...)
	all, err := store.Collect(rows, err, func(row store.Scanner) (m Minuted, err error) {
		return m, row.Scan(append(minutedRows.Dest(&m), &m.Title, &m.Outcome, &m.present)...)
	})
	if err != nil {
		return nil, fmt.Errorf("load what was decided in a meeting: %w", err)
	}
	return pairUndone(append([]Minuted{}, all...)), nil
}

// pairUndone marks what was taken back: each step that undoes takes back the latest
// move of the same review before it that still stands.
func pairUndone(all []Minuted) []Minuted {
	standing := map[string][]int{}
	for i := range all {
		m := &all[i]
		_, m.Undoes = m.changed("undone")
		stack := standing[m.Review]
		switch {
		case m.Undoes && len(stack) > 0:
			all[stack[len(stack)-1]].Undone = true
			standing[m.Review] = stack[:len(stack)-1]
		case m.Kind == KindMoved || m.Kind == KindPlanned:
			standing[m.Review] = append(stack, i)
		}
	}
	return all
}

// handled returns the reviews about which something that stands was decided.
func handled(decided []Minuted) map[string]bool {
	all := map[string]bool{}
	for _, m := range decided {
		if !m.Undone && !m.Undoes {
			all[m.Review] = true
		}
	}
	return all
}

// agenda returns what the meeting is to talk about, as far as the reader sees it.
func (s *Service) agenda(ctx context.Context, r store.Reader, a authz.Actor, m Meeting, decided []Minuted) ([]AgendaItem, error) {
	heldOn, err := time.Parse(time.DateOnly, m.HeldOn)
	if err != nil {
		return nil, fmt.Errorf("read the day of a meeting: %w", err)
	}
	facts, err := loadAgenda(ctx, r, a)
	if err != nil {
		return nil, err
	}
	items := agendaOf(facts, r.Now(), heldOn)
	done := handled(decided)
	for i := range items {
		items[i].Handled = done[items[i].Review]
	}
	return items, nil
}

var agendaRows = store.NewTable("review_item", "r", nil, func(f *agendaFacts) []store.Column {
	return []store.Column{
		store.Text("id", &f.ID), store.Text("title", &f.Title), store.Text("kind", &f.Kind), store.Text("board_column", &f.Column),
		store.Text("priority", &f.Priority), store.JSON("wait", &f.Wait), store.Text("lead", &f.Lead), store.Moment("received_at", &f.ReceivedAt),
		store.Moment("triaged_at", &f.TriagedAt), store.Moment("accepted_at", &f.AcceptedAt), store.Text("scheduled_for", &f.ScheduledFor),
		store.Moment("done_at", &f.DoneAt), store.Moment("clock_start", &f.ClockStart), store.Int("clock_days", &f.ClockDays),
	}
})

// loadAgenda loads the facts of the reviews that can stand on an agenda, with a few
// statements for all of them.
func loadAgenda(ctx context.Context, r store.Reader, a authz.Actor) ([]agendaFacts, error) {
	args := []any{store.At(r.Now())}
	where := "WHERE (r.board_column <> 'done' OR r.id IN (SELECT c.review FROM review_condition c WHERE c.met_at IS NULL AND c.due_at <= $1)) AND " +
		keptReviews.Visible(a, &args)
	all, err := agendaRows.All(ctx, r, where, args...)
	if err != nil {
		return nil, err
	}
	at := make(map[string]*agendaFacts, len(all))
	for i := range all {
		at[all[i].ID] = &all[i]
	}
	now := store.At(r.Now())
	for _, count := range []struct {
		query string
		args  []any
		take  func(f *agendaFacts, n int, first time.Time)
	}{
		{"SELECT review, 1, MAX(from_at) FROM review_stage WHERE until_at IS NULL AND board_column <> 'done' GROUP BY review", nil,
			func(f *agendaFacts, _ int, first time.Time) { f.stood = first }},
		{"SELECT review, COUNT(*), MIN(asked_at) FROM review_question WHERE state = 'open' GROUP BY review", nil,
			func(f *agendaFacts, n int, _ time.Time) { f.open = n }},
		{"SELECT review, COUNT(*), MIN(answered_at) FROM review_question WHERE state = 'answered' GROUP BY review", nil,
			func(f *agendaFacts, n int, first time.Time) { f.answered, f.answerAt = n, first }},
		{"SELECT review, COUNT(*), MIN(due_at) FROM review_condition WHERE met_at IS NULL AND due_at <= $1 GROUP BY review", []any{now},
			func(f *agendaFacts, n int, first time.Time) { f.overdue, f.overdueAt = n, first }},
		{"SELECT t.review, COUNT(*), MIN(t.written_at) FROM review_assessment t JOIN review_item r ON r.id = t.review WHERE r.board_column = 'in_progress' GROUP BY t.review", nil,
			func(f *agendaFacts, _ int, _ time.Time) { f.assessed = true }},
		{"SELECT n.review, COUNT(*), MIN(n.found_at) FROM review_finding n JOIN review_item r ON r.id = n.review WHERE r.board_column = 'in_progress' AND n.restricted = 0 GROUP BY n.review", nil,
			func(f *agendaFacts, _ int, _ time.Time) { f.assessed = true }},
		{"SELECT q.review, COUNT(*), MIN(q.closed_at) FROM review_question q JOIN review_item r ON r.id = q.review WHERE r.board_column = 'in_progress' AND q.state = 'settled' GROUP BY q.review", nil,
			func(f *agendaFacts, _ int, _ time.Time) { f.assessed = true }},
	} {
		if err := countInto(ctx, r, at, count.query, count.args, count.take); err != nil {
			return nil, err
		}
	}
	return all, clocksOver(ctx, r, at)
}

// countInto hands over what a statement counts of each of the reviews.
func countInto(ctx context.Context, r store.Reader, at map[string]*agendaFacts, query string, args []any, take func(*agendaFacts, int, time.Time)) error {
	rows, err := r.Query(ctx, query, args...)
	_, err = store.Collect(rows, err, func(row store.Scanner) (none struct{}, err error) {
		var id string
		var n int
		var first time.Time
		err = row.Scan(&id, &n, store.Time(&first))
		if f := at[id]; f != nil {
			take(f, n, first)
		}
		return none, err
	})
	if err != nil {
		return fmt.Errorf("count for the agenda: %w", err)
	}
	return nil
}

// clocksOver notes of which reviews the days are over.
func clocksOver(ctx context.Context, r store.Reader, at map[string]*agendaFacts) error {
	now := r.Now()
	var long []string
	for id, f := range at {
		if !f.Done() && !f.ClockStart.IsZero() && now.Sub(f.ClockStart) > time.Duration(f.ClockDays)*day {
			long = append(long, id)
		}
	}
	for some := range slices.Chunk(long, store.Batch) {
		pauses, err := loadPauses(ctx, r, some...)
		if err != nil {
			return err
		}
		for _, id := range some {
			if c := ClockOf(at[id].Review, pauses[id], now); c.Over {
				at[id].over = c.Due
			}
		}
	}
	return nil
}

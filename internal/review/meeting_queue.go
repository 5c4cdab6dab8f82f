// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Queue is the meeting at one item of its agenda: the first one after a place about
// which nothing was decided in the meeting yet.
type Queue struct {
	Meeting Meeting
	Item    *AgendaItem // nil: there is none after that place
	Here    string      // the place of Item: the next one is after it
	Left    int         // items after it that wait
	Skipped int         // items before it that wait
	Handled int         // items about which something was decided
	Undo    *Minuted    // the reader's latest move that can be taken back
	Names   map[string]Named
}

// Queue returns the meeting at the item after a place, which is the Here of an item;
// "": from the beginning.
func (s *Service) Queue(ctx context.Context, meeting, after string) (Queue, error) {
	if err := s.require(ctx, ActionMeeting); err != nil {
		return Queue{}, err
	}
	from := agendaPosition{Reason: -1}
	if err := web.DecodeCursor(after, &from); err != nil {
		return Queue{}, err
	}
	d, err := s.Meeting(ctx, meeting)
	if err != nil {
		return Queue{}, err
	}
	if !d.Open() {
		return Queue{}, meetingClosed()
	}
	q := Queue{Meeting: d.Meeting, Names: d.Names, Undo: lastMove(d.Decided, authz.ActorFrom(ctx))}
	q.Handled = len(handled(d.Decided))
	for i, one := range d.Agenda {
		switch {
		case one.Handled:
		case one.position().compare(from) <= 0:
			q.Skipped++
		case q.Item == nil:
			q.Item = &d.Agenda[i]
		default:
			q.Left++
		}
	}
	if q.Item != nil {
		q.Here, err = web.EncodeCursor(q.Item.position())
	}
	return q, err
}

// lastMove returns the actor's latest move in a meeting that can be taken back: it
// stands, and nobody has changed the review since.
func lastMove(decided []Minuted, a authz.Actor) *Minuted {
	for _, m := range slices.Backward(decided) {
		moved := m.Kind == KindMoved || m.Kind == KindPlanned
		if moved && !m.Undone && !m.Undoes && m.Actor == a.Ref() && m.present == m.Version {
			return &m
		}
	}
	return nil
}

// Undo takes back the actor's latest move in the meeting, as a move back: the review
// stands where it stood, with what was known of it there. A decision that ended a
// review is final. entry is that of the move that the actor saw; another one by now
// is a stale change.
func (s *Service) Undo(ctx context.Context, meeting string, entry int64) (Review, error) {
	if err := s.require(ctx, ActionMove); err != nil {
		return Review{}, err
	}
	d, err := s.Meeting(ctx, meeting)
	if err != nil {
		return Review{}, err
	}
	m := lastMove(d.Decided, authz.ActorFrom(ctx))
	switch {
	case m == nil:
		return Review{}, fault.New(fault.Conflict, "review.nothing_to_undo", "There is no move of yours in this meeting that can be taken back. What ended a review is final.")
	case m.Entry != entry:
		return Review{}, stale()
	}
	return s.onReview(ctx, change{action: ActionMove, id: m.Review, version: m.Version, meeting: meeting}, func(d *decision) error {
		if err := d.inMeeting(ctx); err != nil {
			return err
		}
		if err := d.takeBack(ctx, *m); err != nil {
			return err
		}
		if err := d.timeMove(ctx); err != nil {
			return err
		}
		return d.recordMove(ctx, true)
	})
}

// takeBack puts back what a move changed. It takes no verb of [Transitions]: it
// leads where the review was.
func (d *decision) takeBack(ctx context.Context, m Minuted) error {
	for _, c := range m.Changes {
		switch c.Field {
		case "column":
			d.review.Column = Column(c.From)
		case "priority":
			d.review.Priority = Priority(c.From)
		case "quarter":
			d.review.Quarter = c.From
		case "scheduled_for":
			d.review.ScheduledFor = c.From
		case "effort":
			var err error
			if d.review.Effort, err = strconv.ParseFloat(c.From, 64); err != nil {
				return fmt.Errorf("read an effort: %w", err)
			}
		}
	}
	for _, at := range []*time.Time{&d.review.TriagedAt, &d.review.StartedAt, &d.review.ClockStart, &d.review.AcceptedAt} {
		if at.Equal(m.At) {
			*at = time.Time{} // the move set it
		}
	}
	d.review.Wait = Wait{}
	past, err := history.Latest(ctx, d.tx, d.review.ID, maxHistory)
	if err != nil {
		return err
	}
	if d.review.AcceptedAt.IsZero() && d.review.Quarter != "" {
		if step, found := stepInto(past, m.Entry, "quarter", d.review.Quarter); found {
			d.review.AcceptedAt = step.At
		}
	}
	if d.review.Column != Waiting {
		return nil
	}
	return d.waitAgain(ctx, past, m.Entry)
}

// stepInto returns the latest step before an entry that set a field to a value and
// was not taken back: a step that undoes takes back the one before it that stands.
func stepInto(latestFirst []item.Step, before int64, field, value string) (item.Step, bool) {
	taken := 0
	for _, s := range latestFirst {
		_, undoes := Minuted{Step: s}.changed("undone")
		c, set := Minuted{Step: s}.changed(field)
		switch {
		case s.Entry >= before:
		case undoes:
			taken++
		case taken > 0 && (s.Kind == KindMoved || s.Kind == KindPlanned):
			taken--
		case set && c.To == value:
			return s, true
		}
	}
	return item.Step{}, false
}

// waitAgain puts back why the review waited, which the entry of the move into
// Waiting says.
func (d *decision) waitAgain(ctx context.Context, past []item.Step, before int64) error {
	d.review.Wait = Wait{Cause: Stalled, Since: d.tx.Now(), By: d.actor.ID}
	step, found := stepInto(past, before, "column", string(Waiting))
	if !found {
		return nil
	}
	record, err := d.s.Log.Entry(ctx, d.tx, d.actor, step.Entry)
	if fault.Is(err, fault.NotFound) {
		return nil // its words were erased
	}
	if err != nil {
		return err
	}
	var body movedBody
	if len(record.Body) > 0 {
		if err := json.Unmarshal(record.Body, &body); err != nil {
			return fmt.Errorf("read why a review waited: %w", err)
		}
	}
	d.review.Wait = Wait{Cause: body.Cause, Reason: body.Reason, Shortfalls: body.Shortfalls, By: item.PersonOf(step.Actor), Since: step.At}
	if d.review.Wait.Cause == "" {
		d.review.Wait.Cause = Stalled
	}
	return nil
}

// queued returns the review that a form of the queue is about, which the reader
// sees, with what one needs to decide.
func (s *Service) queued(ctx context.Context, id string) (Detail, PersonPlan, error) {
	var d Detail
	var lead PersonPlan
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		a := authz.ActorFrom(ctx)
		var err error
		if d, err = s.detail(ctx, r, a, id); err != nil || d.Lead == "" {
			return err
		}
		p, err := s.plan(ctx, r, a, "")
		if i := slices.IndexFunc(p.People, func(one PersonPlan) bool { return one.Person == d.Lead }); i >= 0 {
			lead = p.People[i]
		}
		return err
	})
	return d, lead, err
}

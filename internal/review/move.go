// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/review/kind"
)

// MoveInput moves a review on the board, with what the column wants to know.
type MoveInput struct {
	To           Column   `json:"to" enum:"incoming,back_orders,planned,in_progress,waiting"`
	Priority     Priority `json:"priority,omitempty" enum:"urgent,high,medium,low" doc:"absent: as it is"`
	Quarter      string   `json:"quarter,omitempty" maxLength:"7" doc:"of planned: the quarter that it is accepted for, such as 2026-Q4"`
	ScheduledFor string   `json:"scheduled_for,omitempty" maxLength:"10" doc:"of planned: the day on which it begins"`
	Reason       string   `json:"reason,omitempty" maxLength:"4000" doc:"of waiting: what it waits for"`
	NotReady     []string `json:"not_ready,omitempty" maxItems:"100" doc:"of waiting: fields of the form that fall short, so that the review is not ready; all: each that does"`
	Meeting      string   `json:"meeting,omitempty" maxLength:"16" doc:"the meeting in which it was decided"`
	Undo         bool     `json:"undo,omitempty" doc:"it takes back the move before"`
}

// allShort stands for each field that falls short.
const allShort = "all"

// Move moves a review to another column. Who moves it to Waiting gives a reason, or
// says which answers fall short: it is not ready then, and goes back to Incoming
// once they were mended. While it waits its clock stands still. Planned takes the
// quarter; a day, too, once it is scheduled. In progress takes a lead who declared.
func (s *Service) Move(ctx context.Context, id string, version int64, in MoveInput) (Review, error) {
	verb := verbTo(in.To)
	if verb == "" {
		var f item.Fields
		f.Add("to", "not_offered", "Choose one of: incoming, back_orders, planned, in_progress, waiting. Done follows from an outcome.")
		return Review{}, f.Err(CodeInvalid)
	}
	c := change{action: ActionMove, verb: verb, id: id, version: version, meeting: in.Meeting}
	return s.onReview(ctx, c, func(d *decision) error {
		if err := d.inMeeting(ctx); err != nil {
			return err
		}
		var f item.Fields
		if in.Priority != "" {
			f.Choice("priority", string(in.Priority), words(Priorities())...)
			d.review.Priority = in.Priority
		}
		if err := d.enter(ctx, &f, in); err != nil {
			return err
		}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		if err := d.timeMove(ctx); err != nil {
			return err
		}
		return d.recordMove(ctx, in.Undo)
	})
}

// enter checks what the column wants to know, and puts it into the review.
func (d *decision) enter(ctx context.Context, f *item.Fields, in MoveInput) error {
	if d.review.TriagedAt.IsZero() && in.To != Incoming {
		d.review.TriagedAt = d.tx.Now()
	}
	d.review.Wait = Wait{}
	switch in.To {
	case Planned:
		return d.enterPlanned(ctx, f, in)
	case InProgress:
		return d.enterProgress(ctx, f)
	case Waiting:
		return d.enterWaiting(ctx, f, in)
	default:
		return nil
	}
}

func (d *decision) enterPlanned(ctx context.Context, f *item.Fields, in MoveInput) error {
	if in.Quarter == "" {
		in.Quarter = d.review.Quarter
	}
	if !quarterPattern.MatchString(in.Quarter) {
		f.Add("quarter", "syntax", "Say for which quarter the review is accepted, such as 2026-Q4.")
	}
	if in.Quarter != d.review.Quarter {
		d.review.Quarter, d.review.AcceptedAt = in.Quarter, d.tx.Now()
		d.startClock(StartsAccepted)
	}
	if in.ScheduledFor == "" {
		return nil
	}
	day, err := config.ParseDate(in.ScheduledFor)
	if err != nil {
		f.Add("scheduled_for", "format", "Give a date such as 2026-12-01.")
		return nil
	}
	d.review.ScheduledFor = day.String()
	return d.scenariosThere(ctx, f, "scheduled_for")
}

// scenariosThere makes sure that a review whose kind wants user scenarios has them
// before it is scheduled.
func (d *decision) scenariosThere(ctx context.Context, f *item.Fields, path string) error {
	k, err := d.s.kindAt(ctx, d.tx, d.review.Kind, d.review.KindVersion)
	if err != nil {
		return err
	}
	if len(d.review.Scenarios) < k.Scenarios {
		f.Add(path, "no_scenario", "Before this is scheduled it needs %d user scenario(s): who, which steps, which trust changes. Ask the requester for it.", k.Scenarios)
	}
	return nil
}

func (d *decision) enterProgress(ctx context.Context, f *item.Fields) error {
	if err := d.scenariosThere(ctx, f, "to"); err != nil {
		return err
	}
	reviewers, err := loadReviewers(ctx, d.tx, d.review.ID)
	if err != nil {
		return err
	}
	leads := slices.ContainsFunc(reviewers[d.review.ID], func(v Reviewer) bool { return v.Part == Leads && v.TakesPart() })
	if !leads {
		f.Add("to", "no_lead", "Before the work begins, a lead is assigned and declares a conflict of interest or its absence.")
	}
	if d.review.StartedAt.IsZero() {
		d.review.StartedAt = d.tx.Now()
	}
	d.startClock(StartsInProgress)
	return nil
}

func (d *decision) enterWaiting(ctx context.Context, f *item.Fields, in MoveInput) error {
	d.review.Wait = Wait{Cause: Stalled, By: d.actor.ID, Since: d.tx.Now()}
	if len(in.NotReady) == 0 {
		d.review.Wait.Reason = f.Text("reason", in.Reason, MaxReason, true)
		return nil
	}
	k, err := d.s.kindAt(ctx, d.tx, d.review.Kind, d.review.KindVersion)
	if err != nil {
		return err
	}
	labels := k.Parts()
	named := map[string]bool{}
	for _, name := range in.NotReady {
		name = strings.TrimSpace(name)
		if _, known := labels[name]; !known && name != allShort {
			f.Choice("not_ready", name, append(slices.Sorted(maps.Keys(labels)), allShort)...)
			return nil
		}
		named[name] = true
	}
	short, err := d.s.shortfalls(ctx, d.tx, d.review)
	if err != nil {
		return err
	}
	d.review.Wait.Cause, d.review.Wait.Reason = NotReady, f.Text("reason", in.Reason, MaxReason, false)
	for _, sf := range short {
		if named[allShort] || named[sf.Field] {
			d.review.Wait.Shortfalls = append(d.review.Wait.Shortfalls, sf)
			delete(named, sf.Field)
		}
	}
	delete(named, allShort)
	for name := range named {
		// What a person sees to fall short is their judgement: the rules do not see it.
		d.review.Wait.Shortfalls = append(d.review.Wait.Shortfalls, kind.Shortfall{Field: name, Label: labels[name], Code: "judged", Message: "Triage says that this falls short."})
	}
	slices.SortStableFunc(d.review.Wait.Shortfalls, func(a, b kind.Shortfall) int { return strings.Compare(a.Field, b.Field) })
	if len(d.review.Wait.Shortfalls) == 0 {
		f.Add("not_ready", "nothing_short", "No answer falls short by the rules. Name the fields that do, or give a reason to let it wait.")
	}
	return nil
}

// timeMove keeps the clock: a review that waits pauses it.
func (d *decision) timeMove(ctx context.Context) error {
	now := d.tx.Now()
	for _, cause := range []PauseCause{PauseStalled, PauseNotReady} {
		if d.before.Column == Waiting {
			if err := resume(ctx, d.tx.Tx, d.review.ID, cause, "", now); err != nil {
				return err
			}
		}
	}
	if d.review.Column != Waiting {
		return nil
	}
	return pause(ctx, d.tx.Tx, d.review.ID, Pause{Cause: PauseCause(d.review.Wait.Cause), From: now})
}

func (d *decision) recordMove(ctx context.Context, undo bool) error {
	var changes item.Changes
	changes.Value("column", string(d.before.Column), string(d.review.Column))
	changes.Value("priority", string(d.before.Priority), string(d.review.Priority))
	changes.Value("quarter", d.before.Quarter, d.review.Quarter)
	changes.Value("scheduled_for", d.before.ScheduledFor, d.review.ScheduledFor)
	changes.Note("not_ready", d.review.Wait.Cause == NotReady)
	if undo {
		changes.Note("undone", true)
	}
	if d.before.Column == d.review.Column {
		return d.record(ctx, KindPlanned, d.plannedState(), changes...)
	}
	w := d.review.Wait
	err := d.record(ctx, KindMoved, movedBody{
		Review: d.review.ID, Version: d.review.Version, From: d.before.Column, To: d.review.Column,
		Reason: w.Reason, Cause: w.Cause, Shortfalls: w.Shortfalls, Meeting: d.meeting, Undoes: undo,
	}, changes...)
	if err != nil {
		return err
	}
	return d.noticeNotReady(ctx)
}

func (d *decision) plannedState() plannedBody {
	return plannedBody{
		Review: d.review.ID, Version: d.review.Version, Priority: d.review.Priority, Effort: d.review.Effort,
		Quarter: d.review.Quarter, ScheduledFor: d.review.ScheduledFor, Meeting: d.meeting,
	}
}

// Resubmit sends a review that was not ready back to Incoming, once the requesting
// side has mended what fell short.
func (s *Service) Resubmit(ctx context.Context, id string, version int64) (Review, error) {
	c := change{action: ActionEdit, verb: verbTo(Incoming), id: id, version: version}
	return s.onReview(ctx, c, func(d *decision) error {
		if d.before.Wait.Cause != NotReady {
			return fault.New(fault.Conflict, "review.not_waiting", "Only a review that was not ready is sent back. This one is for the security team to move.")
		}
		d.review.Wait = Wait{}
		if err := d.timeMove(ctx); err != nil {
			return err
		}
		return d.recordMove(ctx, false)
	})
}

// EstimateInput changes what a review is planned with, in its column.
type EstimateInput struct {
	Priority *Priority `json:"priority,omitempty" enum:"urgent,high,medium,low"`
	Effort   *float64  `json:"effort,omitempty" minimum:"0" maximum:"200" doc:"person-days"`
	Meeting  string    `json:"meeting,omitempty" maxLength:"16"`
}

// Estimate sets priority and effort.
func (s *Service) Estimate(ctx context.Context, id string, version int64, in EstimateInput) (Review, error) {
	return s.onReview(ctx, change{action: ActionMove, id: id, version: version, meeting: in.Meeting}, func(d *decision) error {
		if err := d.inMeeting(ctx); err != nil {
			return err
		}
		var f item.Fields
		if in.Priority != nil {
			f.Choice("priority", string(*in.Priority), words(Priorities())...)
			d.review.Priority = *in.Priority
		}
		if in.Effort != nil {
			if *in.Effort < 0 || *in.Effort > MaxEffort {
				f.Add("effort", "range", "Give person-days between 0 and %d.", MaxEffort)
			}
			d.review.Effort = *in.Effort
		}
		if err := f.Err(CodeInvalid); err != nil {
			return err
		}
		var changes item.Changes
		changes.Value("priority", string(d.before.Priority), string(d.review.Priority))
		changes.Value("effort", fmt.Sprint(d.before.Effort), fmt.Sprint(d.review.Effort))
		return d.record(ctx, KindPlanned, d.plannedState(), changes...)
	})
}

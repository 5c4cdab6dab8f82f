// SPDX-License-Identifier: Apache-2.0

package review

import (
	"slices"
	"time"
)

// PauseCause says what the clock waits for.
type PauseCause string

// The causes of a pause.
const (
	PauseQuestion PauseCause = "question" // one to the requesting side is open
	PauseStalled  PauseCause = "stalled"
	PauseNotReady PauseCause = "not_ready"
)

// Pause is a stretch of time that does not count. Several may overlap: two open
// questions are two pauses, and their time counts once.
type Pause struct {
	Cause PauseCause `json:"cause" enum:"question,stalled,not_ready"`
	Ref   string     `json:"ref,omitempty" doc:"id of the question"`
	From  time.Time  `json:"from"`
	Until time.Time  `json:"until,omitzero" doc:"absent: it goes on"`
}

// Clock is how the days of a review stand: it is done within so many days of having
// all that was asked for (practice of a security team: reviews-and-risk.md, 1.1).
type Clock struct {
	Start   time.Time     `json:"start,omitzero" doc:"absent: it has not begun"`
	End     time.Time     `json:"end,omitzero" doc:"absent: the review is not done"`
	Due     time.Time     `json:"due,omitzero" doc:"moves with each pause; while it is paused, as if it went on now"`
	Days    int           `json:"days"`
	Counted time.Duration `json:"-"`
	Paused  time.Duration `json:"-"`
	Used    float64       `json:"used" doc:"days that count"`
	Waited  float64       `json:"waited" doc:"days that were paused"`
	Running bool          `json:"running"`
	Over    bool          `json:"over" doc:"more days count than it may take"`
	Pauses  []Pause       `json:"pauses" nullable:"false" doc:"the oldest first"`
}

// ClockOf computes the clock of a review at now from its pauses. Nothing has to run
// for it to be right.
func ClockOf(r Review, pauses []Pause, now time.Time) Clock {
	c := Clock{Start: r.ClockStart, End: r.DoneAt, Days: r.ClockDays, Pauses: append([]Pause{}, pauses...)}
	slices.SortStableFunc(c.Pauses, func(a, b Pause) int { return a.From.Compare(b.From) })
	if c.Start.IsZero() {
		return c
	}
	end := now
	if !c.End.IsZero() {
		end = c.End
	}
	if end.Before(c.Start) {
		end = c.Start
	}
	open := false
	for _, p := range union(c.Pauses, c.Start, end) {
		c.Paused += p.Until.Sub(p.From)
	}
	for _, p := range c.Pauses {
		open = open || p.Until.IsZero()
	}
	c.Counted = end.Sub(c.Start) - c.Paused
	limit := time.Duration(c.Days) * day
	c.Due = c.Start.Add(limit + c.Paused)
	c.Over = c.Counted > limit
	c.Running = c.End.IsZero() && !open
	c.Used, c.Waited = days(c.Counted), days(c.Paused)
	return c
}

const day = 24 * time.Hour

// days is a length of time in days, to a tenth.
func days(d time.Duration) float64 { return float64((d+day/20)/(day/10)) / 10 }

// union returns the pauses within a stretch of time without their overlaps, in order.
func union(sorted []Pause, start, end time.Time) []Pause {
	var all []Pause
	for _, p := range sorted {
		if p.Until.IsZero() || p.Until.After(end) {
			p.Until = end
		}
		if p.From.Before(start) {
			p.From = start
		}
		if !p.From.Before(p.Until) {
			continue
		}
		if last := len(all) - 1; last >= 0 && !p.From.After(all[last].Until) {
			if p.Until.After(all[last].Until) {
				all[last].Until = p.Until
			}
			continue
		}
		all = append(all, p)
	}
	return all
}

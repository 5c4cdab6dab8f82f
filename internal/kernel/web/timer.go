// SPDX-License-Identifier: Apache-2.0

package web

import (
	"cmp"
	"slices"
	"time"
)

// Timer is a clock that something must be done by, with the times at which it
// stood still: a bar of running and paused stretches with marks for today and for
// when it is due, and the same in words. It computes nothing that decides: Used
// and Due are what the slice says.
type Timer struct {
	Start  time.Time // zero: it has not begun
	Due    time.Time // with the pauses so far; zero: no date
	End    time.Time // zero: it has not ended
	Now    time.Time
	Days   int // that it allows; 0: no limit
	Used   int
	Pauses []Pause
	State  string // in words, such as "paused: two questions are open"
	Tone   string // of the state
}

// Pause is one time at which a [Timer] stood still. Pauses may overlap.
type Pause struct {
	From, Until time.Time // until zero: still
	Why         string
	URL         string // of what it waits for
}

// Still reports whether the pause goes on.
func (p Pause) Still() bool { return p.Until.IsZero() }

// Stretch is a part of the bar of a [Timer]: from X, W wide, in percent of the
// whole. Kind is "run", "late" (running after it was due), "pause", or "left" (what
// is to come until it is due).
type Stretch struct {
	Kind string
	X, W float64
}

// Stopped reports whether the clock stands still now.
func (c Timer) Stopped() bool {
	return c.End.IsZero() && slices.ContainsFunc(c.Pauses, func(p Pause) bool { return p.Still() && !p.From.After(c.Now) })
}

// Over reports whether more was used than allowed.
func (c Timer) Over() bool { return c.Days > 0 && c.Used > c.Days }

// PauseDays is how long a pause was or is so far, in whole days.
func (c Timer) PauseDays(p Pause) int {
	until := p.Until
	if until.IsZero() {
		until = c.until()
	}
	return max(0, int(until.Sub(p.From)/(24*time.Hour)))
}

// until is where the clock stands: at its end, or now.
func (c Timer) until() time.Time {
	if !c.End.IsZero() {
		return c.End
	}
	return c.Now
}

// last is the right end of the bar.
func (c Timer) last() time.Time {
	last := c.until()
	if c.Due.After(last) {
		last = c.Due
	}
	return last
}

// at is the place of a moment on the bar, in percent.
func (c Timer) at(t time.Time) float64 {
	whole := c.last().Sub(c.Start)
	if whole <= 0 {
		return 0
	}
	return percent(float64(t.Sub(c.Start)), float64(whole))
}

// AtNow is the place of today, or of the end.
func (c Timer) AtNow() float64 { return c.at(c.until()) }

// AtDue is the place of the day that it is due.
func (c Timer) AtDue() float64 { return c.at(c.Due) }

// Stretches returns the parts of the bar from left to right.
func (c Timer) Stretches() []Stretch {
	if c.Start.IsZero() || !c.last().After(c.Start) {
		return nil
	}
	var all []Stretch
	add := func(kind string, from, until time.Time) {
		if until.After(from) {
			x := c.at(from)
			all = append(all, Stretch{Kind: kind, X: x, W: c.at(until) - x})
		}
	}
	run := func(from, until time.Time) {
		if c.Due.IsZero() || !until.After(c.Due) {
			add("run", from, until)
			return
		}
		if c.Due.After(from) {
			add("run", from, c.Due)
			from = c.Due
		}
		add("late", from, until)
	}
	here := c.Start
	for _, p := range c.union() {
		run(here, p.From)
		add("pause", p.From, p.Until)
		here = p.Until
	}
	run(here, c.until())
	if c.End.IsZero() {
		add("left", c.until(), c.Due)
	}
	return all
}

// union returns the pauses within the clock's time, in order and without overlap.
func (c Timer) union() []Pause {
	all := slices.Clone(c.Pauses)
	slices.SortFunc(all, func(a, b Pause) int { return cmp.Compare(a.From.UnixMicro(), b.From.UnixMicro()) })
	var joined []Pause
	for _, p := range all {
		if p.Until.IsZero() || p.Until.After(c.until()) {
			p.Until = c.until()
		}
		if p.From.Before(c.Start) {
			p.From = c.Start
		}
		if !p.Until.After(p.From) {
			continue
		}
		if last := len(joined) - 1; last >= 0 && !p.From.After(joined[last].Until) {
			if p.Until.After(joined[last].Until) {
				joined[last].Until = p.Until
			}
			continue
		}
		joined = append(joined, p)
	}
	return joined
}

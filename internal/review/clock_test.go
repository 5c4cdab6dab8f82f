// SPDX-License-Identifier: Apache-2.0

package review

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var began = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// drawPauses are some pauses in minutes around the clock's time, open ones among them.
func drawPauses(rt *rapid.T) []Pause {
	var all []Pause
	for range rapid.IntRange(0, 8).Draw(rt, "pauses") {
		from := began.Add(time.Duration(rapid.IntRange(-100, 300).Draw(rt, "from")) * time.Minute)
		p := Pause{Cause: PauseQuestion, From: from, Until: from.Add(time.Duration(rapid.IntRange(0, 200).Draw(rt, "length")) * time.Minute)}
		if rapid.IntRange(0, 4).Draw(rt, "open") == 0 {
			p.Until = time.Time{}
		}
		all = append(all, p)
	}
	return all
}

// TestClockCountsMinuteByMinute compares the clock with one that looks at each minute.
func TestClockCountsMinuteByMinute(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pauses := drawPauses(rt)
		minutes := rapid.IntRange(0, 400).Draw(rt, "minutes")
		now := began.Add(time.Duration(minutes) * time.Minute)
		r := Review{ClockStart: began, ClockDays: 1}
		if rapid.Bool().Draw(rt, "done") {
			r.DoneAt = now
			now = now.Add(time.Duration(rapid.IntRange(0, 1000).Draw(rt, "later")) * time.Minute)
		}
		c := ClockOf(r, pauses, now)
		var counted, paused int
		for m := range minutes {
			at := began.Add(time.Duration(m) * time.Minute)
			stands := false
			for _, p := range pauses {
				stands = stands || !at.Before(p.From) && (p.Until.IsZero() || at.Before(p.Until))
			}
			if stands {
				paused++
			} else {
				counted++
			}
		}
		if c.Counted != time.Duration(counted)*time.Minute || c.Paused != time.Duration(paused)*time.Minute {
			rt.Fatalf("counted %v and paused %v, want %d and %d minutes", c.Counted, c.Paused, counted, paused)
		}
		if want := began.Add(day + c.Paused); !c.Due.Equal(want) {
			rt.Fatalf("due %v, want %v", c.Due, want)
		}
		if c.Over != (c.Counted > day) || c.Running && !r.DoneAt.IsZero() {
			rt.Fatalf("over %v, running %v with %v counted", c.Over, c.Running, c.Counted)
		}
	})
}

// The order in which pauses are known, and one that lies within another, change nothing.
func TestClockIsAUnion(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pauses := drawPauses(rt)
		r, now := Review{ClockStart: began, ClockDays: 30}, began.Add(5*time.Hour)
		want := ClockOf(r, pauses, now)
		mixed := rapid.Permutation(pauses).Draw(rt, "order")
		if len(pauses) > 0 && !pauses[0].Until.IsZero() {
			mid := pauses[0].From.Add(pauses[0].Until.Sub(pauses[0].From) / 2)
			mixed = append(mixed, Pause{Cause: PauseStalled, From: pauses[0].From, Until: mid})
		}
		got := ClockOf(r, mixed, now)
		if got.Counted != want.Counted || got.Paused != want.Paused || got.Running != want.Running || !got.Due.Equal(want.Due) {
			rt.Fatalf("%+v, in another order %+v", want, got)
		}
	})
}

// Time that passes is either counted or paused, and a due date never comes nearer.
func TestClockOnlyMovesOn(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pauses := drawPauses(rt)
		r := Review{ClockStart: began, ClockDays: 30}
		early := began.Add(time.Duration(rapid.IntRange(0, 400).Draw(rt, "early")) * time.Minute)
		later := early.Add(time.Duration(rapid.IntRange(0, 400).Draw(rt, "later")) * time.Minute)
		a, b := ClockOf(r, pauses, early), ClockOf(r, pauses, later)
		if b.Counted < a.Counted || b.Paused < a.Paused || b.Due.Before(a.Due) {
			rt.Fatalf("at %v %+v, at %v %+v", early, a, later, b)
		}
		if a.Counted+a.Paused != early.Sub(began) {
			rt.Fatalf("%v and %v are not %v", a.Counted, a.Paused, early.Sub(began))
		}
	})
}

func TestClockThatHasNotBegun(t *testing.T) {
	c := ClockOf(Review{ClockDays: 30}, []Pause{{Cause: PauseStalled, From: began}}, began.Add(day))
	if !c.Due.IsZero() || c.Running || c.Over || c.Used != 0 {
		t.Errorf("before it began: %+v", c)
	}
}

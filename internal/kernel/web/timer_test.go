// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// on is a day of a test.
func on(day int) time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, day) }

// bar writes the stretches of a timer, "run 0+50".
func bar(c Timer) string {
	var all []string
	for _, s := range c.Stretches() {
		all = append(all, fmt.Sprintf("%s %g+%g", s.Kind, s.X, s.W))
	}
	return strings.Join(all, ", ")
}

func TestTimer(t *testing.T) {
	pause := func(from, until int) Pause { return Pause{From: on(from), Until: on(until)} }
	for name, test := range map[string]struct {
		timer Timer
		want  string
	}{
		"not begun":                {Timer{Now: on(5), Due: on(10)}, ""},
		"begins now":               {Timer{Start: on(0), Now: on(0)}, ""},
		"begins later":             {Timer{Start: on(4), Now: on(0)}, ""},
		"running":                  {Timer{Start: on(0), Now: on(5), Due: on(10)}, "run 0+50, left 50+50"},
		"without a date":           {Timer{Start: on(0), Now: on(5)}, "run 0+100"},
		"late":                     {Timer{Start: on(0), Now: on(10), Due: on(4)}, "run 0+40, late 40+60"},
		"ended in time":            {Timer{Start: on(0), Now: on(50), End: on(5), Due: on(10)}, "run 0+50"},
		"paused before":            {Timer{Start: on(0), Now: on(8), Due: on(10), Pauses: []Pause{pause(2, 4)}}, "run 0+20, pause 20+20, run 40+40, left 80+20"},
		"paused still":             {Timer{Start: on(0), Now: on(5), Due: on(10), Pauses: []Pause{{From: on(2)}}}, "run 0+20, pause 20+30, left 50+50"},
		"pauses overlap":           {Timer{Start: on(0), Now: on(10), Pauses: []Pause{pause(4, 8), pause(2, 5), pause(3, 4)}}, "run 0+20, pause 20+60, run 80+20"},
		"paused before it began":   {Timer{Start: on(5), Now: on(10), Pauses: []Pause{pause(1, 6), pause(1, 2)}}, "pause 0+20, run 20+80"},
		"paused after it ended":    {Timer{Start: on(0), Now: on(10), End: on(4), Pauses: []Pause{pause(2, 9), pause(6, 8)}}, "run 0+50, pause 50+50"},
		"a pause that ends before": {Timer{Start: on(0), Now: on(4), Pauses: []Pause{pause(3, 1)}}, "run 0+100"},
		"late across a pause":      {Timer{Start: on(0), Now: on(10), Due: on(6), Pauses: []Pause{pause(2, 4)}}, "run 0+20, pause 20+20, run 40+20, late 60+40"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := bar(test.timer); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestTimerFillsItsBar: stretches follow each other without gaps up to the end.
func TestTimerFillsItsBar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := rapid.IntRange(-5, 60)
		c := Timer{Start: on(0), Now: on(day.Draw(t, "now")), Due: on(day.Draw(t, "due"))}
		for range rapid.IntRange(0, 4).Draw(t, "pauses") {
			c.Pauses = append(c.Pauses, Pause{From: on(day.Draw(t, "from")), Until: on(day.Draw(t, "until"))})
		}
		if rapid.Bool().Draw(t, "ended") {
			c.End = on(day.Draw(t, "end"))
		}
		here := 0.0
		for _, s := range c.Stretches() {
			if s.W <= 0 || s.X < here-.02 || s.X > here+.02 || s.X+s.W > 100.02 {
				t.Fatalf("%s of %+v", bar(c), c)
			}
			here = s.X + s.W
		}
		if x := c.AtNow(); x < 0 || x > 100 {
			t.Fatalf("now at %v", x)
		}
	})
}

func TestTimerWords(t *testing.T) {
	c := Timer{Start: on(0), Now: on(9), Days: 4, Used: 5, Pauses: []Pause{{From: on(2)}}}
	if !c.Stopped() || !c.Over() || c.PauseDays(c.Pauses[0]) != 7 {
		t.Errorf("stopped %v, over %v, paused %d days", c.Stopped(), c.Over(), c.PauseDays(c.Pauses[0]))
	}
	if c.End = on(6); c.Stopped() || c.PauseDays(c.Pauses[0]) != 4 {
		t.Errorf("after its end: stopped %v, paused %d days", c.Stopped(), c.PauseDays(c.Pauses[0]))
	}
}

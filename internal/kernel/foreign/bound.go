// SPDX-License-Identifier: Apache-2.0

package foreign

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a task: what is beyond is cut off, which is a loss. Lengths are bytes.
const (
	MaxLine    = 1 << 10   // a name, a title, a label, one side of a change
	MaxText    = 256 << 10 // the text of the task, or of one event
	MaxHistory = 16 << 20  // the texts of all events together
	MaxEvents  = 10_000
	MaxLabels  = 200
	MaxLosses  = 100
)

// What is lost to the bounds.
var (
	lossLong   = Loss{"long texts", "A text was longer than can be kept; its end was cut off."}
	lossEvents = Loss{"events", "There were more events than can be kept; the newest of them were left out."}
	lossWords  = Loss{"words of events", "The texts of all events together were larger than can be kept; the later ones were left out."}
	lossLabels = Loss{"labels", "There were more labels than can be kept; the last of them were left out."}
	lossDouble = Loss{"doubled events", "Two events had the same identifier; the first was kept."}
)

// BoundLosses are the losses that Bounded can add.
func BoundLosses() []Loss { return []Loss{lossLong, lossEvents, lossWords, lossLabels, lossDouble} }

// Bounded returns the task within the bounds, its texts made plain (see [Plain])
// and its events in order of time, each identifier once. What was cut off is
// among its losses. The slices of t are not changed.
func Bounded(t Task) Task {
	b := bounding{task: &t}
	t.Losses = slices.Clone(t.Losses)
	for _, s := range []*string{&t.System, &t.Source, &t.Number, &t.URL, &t.Title, &t.Status, &t.StatusKind, &t.Priority, &t.Column} {
		*s = b.line(*s)
	}
	t.Text = b.text(t.Text)
	t.Author, t.Owner = b.person(t.Author), b.person(t.Owner)
	if len(t.Labels) > MaxLabels {
		t.Labels = t.Labels[:MaxLabels]
		t.Lose(lossLabels)
	}
	t.Labels = slices.Clone(t.Labels)
	for i, l := range t.Labels {
		t.Labels[i] = b.line(l)
	}
	t.Events = b.events(t.Events)
	t.Losses = t.Losses[:min(len(t.Losses), MaxLosses)]
	for i, l := range t.Losses {
		t.Losses[i] = Loss{What: cut(Line(l.What), MaxLine), Why: cut(Line(l.Why), MaxLine)}
	}
	return t
}

// bounding collects the losses of one task.
type bounding struct{ task *Task }

func (b bounding) line(s string) string {
	s = Line(s)
	if len(s) > MaxLine {
		b.task.Lose(lossLong)
	}
	return cut(s, MaxLine)
}

func (b bounding) text(s string) string {
	if len(s) > 2*MaxText { // do not clean what is thrown away
		s = s[:2*MaxText]
		b.task.Lose(lossLong)
	}
	s = Plain(s)
	if len(s) > MaxText {
		b.task.Lose(lossLong)
	}
	return cut(s, MaxText)
}

func (b bounding) person(p Person) Person {
	return Person{ID: b.line(p.ID), Name: b.line(p.Name), Login: b.line(p.Login), Address: b.line(p.Address)}
}

func (b bounding) events(events []Event) []Event {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(x, y Event) int { return x.At.Compare(y.At) })
	if len(events) > MaxEvents {
		events = events[:MaxEvents]
		b.task.Lose(lossEvents)
	}
	seen := make(map[string]bool, len(events))
	kept, words := events[:0], 0
	for _, e := range events {
		e.ID = b.line(e.ID)
		if seen[e.ID] {
			b.task.Lose(lossDouble)
			continue
		}
		seen[e.ID] = true
		e.Author, e.Kind, e.From, e.To = b.person(e.Author), b.line(e.Kind), b.line(e.From), b.line(e.To)
		e.Text = b.text(e.Text)
		if words += len(e.Text); words > MaxHistory {
			e.Text = ""
			b.task.Lose(lossWords)
		}
		kept = append(kept, e)
	}
	return kept
}

// cut returns at most n bytes of s, whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.TrimSpace(s[:n])
}

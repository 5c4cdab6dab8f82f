// SPDX-License-Identifier: Apache-2.0

package foreign_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/foreign"
	"portreeve.org/portreeve/internal/kernel/web"
)

func at(second int64) time.Time { return time.Unix(1_600_000_000+second, 0).UTC() }

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "",
		"One line,\r\n\tand another": "One line,\n\tand another",
		"old\rMac":                   "old\nMac",
		"zero\u200bwidth\ufeff":      "zerowidth",
		"approve\u202eevorppa":       "approve\ufffdevorppa",
		"nul\x00 esc\x1b[2J":         "nul\ufffd esc\ufffd[2J",
		"bytes \xff\xfe":             "bytes \ufffd\ufffd",
		"نام\u200cخانوادگی":          "نام\u200cخانوادگی",
		"a\u2028b":                   "a\nb",
		"tag\U000e0041":              "tag\ufffd",
		"literal \ufffd":             "literal \ufffd",
	} {
		if got := foreign.Plain(in); got != want {
			t.Errorf("Plain(%+q) = %+q, want %+q", in, got, want)
		}
	}
}

// FuzzPlain: whatever a server sends, the pages would accept it from a person.
func FuzzPlain(f *testing.F) {
	f.Add("a\u2066b\u061c\u2069\xf0\x28")
	for r := rune(0x2000); r < 0x2070; r++ {
		f.Add("x" + string(r) + "\r\n")
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := foreign.Plain(s)
		if !web.PlainText(got) {
			t.Errorf("Plain(%+q) = %+q is not plain", s, got)
		}
		if again := foreign.Plain(got); again != got {
			t.Errorf("Plain is not stable: %+q, then %+q", got, again)
		}
		if line := foreign.Line(s); strings.ContainsAny(line, "\n\r\t") || strings.TrimSpace(line) != line {
			t.Errorf("Line(%+q) = %+q", s, line)
		}
	})
}

func TestBoundedLeavesAnOrdinaryTaskAlone(t *testing.T) {
	task := foreign.Task{
		System: foreign.Jira, Number: "A-1", Title: "Ordinary", Text: "Two\nlines", CreatedAt: at(0), Labels: []string{"x"},
		Author: foreign.Person{ID: "1", Name: "Somebody"},
		Events: []foreign.Event{{ID: "1", At: at(0), Kind: foreign.Created}, {ID: "2", At: at(1), Kind: foreign.Comment, Text: "Yes."}},
		Losses: []foreign.Loss{{What: "a", Why: "b"}},
	}
	if diff := cmp.Diff(task, foreign.Bounded(task)); diff != "" {
		t.Error(diff)
	}
	if !task.Readable() {
		t.Error("not readable")
	}
}

func TestBoundedCuts(t *testing.T) {
	task := foreign.Task{
		Title: "Line\none\x00" + strings.Repeat("ü", foreign.MaxLine), Text: strings.Repeat("é", 3*foreign.MaxText),
		Labels: make([]string, foreign.MaxLabels+1),
		Events: []foreign.Event{{ID: "b", At: at(2)}, {ID: "a", At: at(1)}, {ID: "a", At: at(3)}},
	}
	long := strings.Repeat("w", foreign.MaxText)
	for i := range foreign.MaxHistory/foreign.MaxText + 2 {
		task.Events = append(task.Events, foreign.Event{ID: "w" + strings.Repeat("w", i), At: at(10), Text: long})
	}
	got := foreign.Bounded(task)
	if !strings.HasPrefix(got.Title, "Line one\ufffdü") || len(got.Title) > foreign.MaxLine || !utf8.ValidString(got.Title) {
		t.Errorf("title of %d bytes: %.20q", len(got.Title), got.Title)
	}
	if len(got.Text) > foreign.MaxText || !utf8.ValidString(got.Text) || !strings.HasPrefix(got.Text, "éé") {
		t.Errorf("text of %d bytes", len(got.Text))
	}
	if len(got.Labels) != foreign.MaxLabels {
		t.Errorf("%d labels", len(got.Labels))
	}
	if got.Events[0].ID != "a" || got.Events[1].ID != "b" || got.Events[2].ID == "a" {
		t.Errorf("events are not in order, each once: %q %q %q", got.Events[0].ID, got.Events[1].ID, got.Events[2].ID)
	}
	if last := got.Events[len(got.Events)-1]; last.Text != "" {
		t.Error("the texts of all events are not bounded")
	}
	if len(got.Losses) != 4 { // all but the number of events
		t.Errorf("losses: %v", got.Losses)
	}
}

func TestBoundedCountsEvents(t *testing.T) {
	task := foreign.Task{Events: make([]foreign.Event, foreign.MaxEvents+5)}
	for i := range task.Events {
		task.Events[i] = foreign.Event{ID: time.Duration(i).String(), At: at(int64(-i))}
	}
	first := task.Events[0].ID
	got := foreign.Bounded(task)
	if len(got.Events) != foreign.MaxEvents || len(got.Losses) != 1 {
		t.Errorf("%d events, losses %v", len(got.Events), got.Losses)
	}
	if task.Events[0].ID != first {
		t.Error("the argument was reordered")
	}
}

func TestLoseOnce(t *testing.T) {
	var task foreign.Task
	for _, l := range append(foreign.BoundLosses(), foreign.BoundLosses()...) {
		task.Lose(l)
	}
	if len(task.Losses) != len(foreign.BoundLosses()) {
		t.Errorf("losses: %v", task.Losses)
	}
}

func TestShown(t *testing.T) {
	for want, p := range map[string]foreign.Person{
		"Ann": {ID: "1", Name: "Ann", Login: "a"}, "a": {ID: "1", Login: "a"}, "1": {ID: "1"}, "": {},
	} {
		if got := p.Shown(); got != want {
			t.Errorf("Shown(%+v) = %q, want %q", p, got, want)
		}
	}
}

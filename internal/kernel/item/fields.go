// SPDX-License-Identifier: Apache-2.0

package item

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Fields collects what is wrong with an input, field by field. Its messages never
// repeat a value. The zero value is ready.
type Fields []fault.Field

// Add notes that something is wrong at path. With args, message is a format.
func (f *Fields) Add(path, code, message string, args ...any) {
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	*f = append(*f, fault.Field{Path: path, Code: code, Message: message})
}

// Err returns nil if nothing is wrong, or else an Invalid of that code.
func (f Fields) Err(code string) error { return fault.InvalidFields(code, f) }

// Text checks a text of several lines and returns it without surrounding space and
// with plain line ends. Other control characters are refused: PostgreSQL cannot
// store NUL, and none of them can be seen. limit is in bytes.
func (f *Fields) Text(path, value string, limit int, required bool) string {
	value = strings.TrimSpace(strings.ReplaceAll(value, "\r\n", "\n"))
	switch {
	case !web.PlainText(value):
		f.Add(path, "encoding", "Use valid UTF-8 text without control characters and without characters that hide or reorder others; type it anew.")
	case len(value) > limit:
		f.Add(path, "too_long", "Use at most %d bytes.", limit)
	case required && value == "":
		f.Add(path, "required", "Please fill this in.")
	}
	return value
}

// Line checks a text that stands for something in lists, on terminals and in the
// ledger: as [Fields.Text], and a single line without characters that hide or
// reorder their neighbours, because a name that can pass for another one deceives.
func (f *Fields) Line(path, value string, limit int, required bool) string {
	before := len(*f)
	value = f.Text(path, value, limit, required)
	if len(*f) == before && !web.PlainName(value) {
		f.Add(path, "unseen_character", "Use a single line, without characters that hide or reorder others.")
	}
	return value
}

// Choice checks that the value is one of those offered; an empty one is not, unless
// it is among them.
func (f *Fields) Choice(path, value string, among ...string) { ChoiceOf(f, path, value, among) }

// ChoiceOf is [Fields.Choice] for the values of a type.
func ChoiceOf[T ~string](f *Fields, path string, value T, among []T) {
	if slices.Contains(among, value) {
		return
	}
	words := make([]string, len(among))
	for i, a := range among {
		words[i] = string(a)
	}
	f.Add(path, "not_offered", "Choose one of: %s.", strings.Join(words, ", "))
}

// Moment reads a time (RFC 3339) or a date, which whole turns into an instant:
// [EndIn] or [StartIn]. It is zero for an empty value and for a wrong one.
func (f *Fields) Moment(path, value string, whole func(config.Date) time.Time) time.Time {
	if value == "" {
		return time.Time{}
	}
	if t, err := time.Parse(time.RFC3339Nano, value); err == nil {
		return t.UTC()
	}
	d, err := config.ParseDate(value)
	if err != nil {
		f.Add(path, "format", "Give a date such as 2026-12-23, or a time such as 2026-12-23T12:00:00Z.")
		return time.Time{}
	}
	return whole(d)
}

// EndIn makes of a date the end of that day in the zone, exclusive.
func EndIn(zone *time.Location) func(config.Date) time.Time {
	return func(d config.Date) time.Time { return d.End(zone) }
}

// StartIn makes of a date the beginning of that day in the zone.
func StartIn(zone *time.Location) func(config.Date) time.Time {
	return func(d config.Date) time.Time { return d.Start(zone) }
}

// Joined lists words: "a", "a or b", "a, b or c". last stands before the last one.
func Joined(words []string, last string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}

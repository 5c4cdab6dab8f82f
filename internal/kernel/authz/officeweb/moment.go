// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"html/template"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// beginning returns the beginning of the day whose end is given, in the zone;
// the zero time stays zero.
func beginning(end time.Time, zone *time.Location) time.Time {
	if end.IsZero() {
		return end
	}
	y, m, d := end.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone).UTC()
}

// moment reads a time that came over the API: a day in the zone, from its
// beginning or until its end, or an instant (RFC 3339). Empty is the zero time.
func moment(text string, zone *time.Location, end bool) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, zone); err == nil {
		if end {
			t = web.EndOfDay(t)
		}
		return t.UTC(), plausible(t)
	}
	t, err := time.Parse(time.RFC3339, text)
	return t.UTC().Truncate(time.Microsecond), err == nil && plausible(t)
}

// plausible keeps out what the database cannot hold.
func plausible(t time.Time) bool { return t.Year() >= 1970 && t.Year() <= 9999 }

// span reads two times and names the one that is wrong.
func span(since, until string, names [2]string, zone *time.Location) (from, to time.Time, err error) {
	var wrong []fault.Field
	var ok bool
	if from, ok = moment(since, zone, false); !ok {
		wrong = append(wrong, wrongTime(names[0]))
	}
	if to, ok = moment(until, zone, true); !ok {
		wrong = append(wrong, wrongTime(names[1]))
	}
	return from, to, fault.InvalidFields("authz.time_invalid", wrong)
}

func wrongTime(path string) fault.Field {
	return fault.Field{Path: path, Code: "format", Message: "Write a day as 2026-12-31, or an instant as of RFC 3339."}
}

// day shows the day of a time in the zone.
func day(t time.Time, zone *time.Location) any {
	if t.IsZero() {
		return nil
	}
	local := t.In(zone)
	return template.HTML(`<time datetime="` + local.Format(time.DateOnly) + `">` + template.HTMLEscapeString(local.Format("2 January 2006")) + "</time>")
}

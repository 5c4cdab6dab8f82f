// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"time"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// moment reads a time that came over the API: a day in the zone, from its
// beginning or until its end, or an instant (RFC 3339). Empty is the zero time.
func moment(text string, zone *time.Location, end bool) (time.Time, bool) {
	if text == "" {
		return time.Time{}, true
	}
	if d, err := config.ParseDate(text); err == nil {
		if end {
			return d.End(zone), true
		}
		return d.Start(zone), true
	}
	t, err := time.Parse(time.RFC3339, text)
	return t.UTC().Truncate(time.Microsecond), err == nil && t.Year() >= 1970 && t.Year() <= 9998
}

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

// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"time"
)

// Date is a calendar day without a time or a zone, as people enter it. The zero
// Date means none. Dates compare with ==.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

var errDate = errors.New("must be a date that exists, written YYYY-MM-DD")

// The years that a date may name: those that the database can hold and whose
// every moment, the end of the last day too, can be written as of RFC 3339.
const firstYear, lastYear = 1970, 9998

// ParseDate reads YYYY-MM-DD, years 1970 to 9998. An empty text is an error.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		return Date{}, errDate
	}
	return Date{t.Year(), t.Month(), t.Day()}, nil
}

// DateOf returns the day that it is in zone at instant t.
func DateOf(t time.Time, zone *time.Location) Date {
	year, month, day := t.In(zone).Date()
	return Date{year, month, day}
}

// LastDay returns the last day in zone of what ends at end, exclusive: the date
// whose End is end. The zero time has none.
func LastDay(end time.Time, zone *time.Location) Date {
	if end.IsZero() {
		return Date{}
	}
	return DateOf(end.Add(-time.Nanosecond), zone)
}

// String returns YYYY-MM-DD, or "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// IsZero reports whether no date is set.
func (d Date) IsZero() bool { return d == Date{} }

// MarshalText writes what UnmarshalText reads.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD; an empty text is the zero Date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// AddDays returns the date n days later, or earlier if n is negative.
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 12, 0, 0, 0, time.UTC), time.UTC)
}

// Start returns the first instant of the day in zone; the zero Date starts at the
// zero time.
func (d Date) Start(zone *time.Location) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return d.AddDays(-1).End(zone)
}

// End returns the end of the day in zone: the first instant, in UTC, from which
// it is a later day there. What runs until a date is in force before End and not
// at End. Days with a change of clocks are 23 or 25 hours long, and a day that a
// zone skipped has the end of the one before. The zero Date ends at the zero time.
func (d Date) End(zone *time.Location) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	// Within one offset of the zone it is day d, or an earlier one, up to the
	// midnight of that offset. The latest such instant over all offsets around
	// that midnight is the end, whatever the clocks did.
	midnight := time.Date(d.Year, d.Month, d.Day+1, 0, 0, 0, 0, time.UTC)
	from, until := midnight.Add(-48*time.Hour), midnight.Add(48*time.Hour)
	var end time.Time
	for at := from; at.Before(until); {
		_, offset := at.In(zone).Zone()
		_, change := at.In(zone).ZoneBounds()
		last := midnight.Add(-time.Duration(offset) * time.Second)
		if !change.IsZero() && change.Before(last) {
			last = change
		}
		if last.After(at) && last.After(end) {
			end = last
		}
		if change.IsZero() {
			break
		}
		at = change
	}
	return end.UTC()
}

// Quarter returns the quarter of the year that the date is in, "2026-Q4".
func (d Date) Quarter() string {
	return fmt.Sprintf("%04d-Q%d", d.Year, (int(d.Month)+2)/3)
}

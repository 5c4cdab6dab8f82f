// SPDX-License-Identifier: Apache-2.0

package review

import (
	"strconv"
	"time"

	"portreeve.org/portreeve/internal/kernel/config"
)

// QuarterOf returns the quarter of a year, such as 2026-Q4, in which the instant
// lies in the zone.
func QuarterOf(t time.Time, zone *time.Location) string {
	return config.DateOf(t, zone).Quarter()
}

// quarterBegins returns the instant at which a quarter begins in the zone. ok is
// false if it is none.
func quarterBegins(quarter string, zone *time.Location) (t time.Time, ok bool) {
	if !quarterPattern.MatchString(quarter) {
		return time.Time{}, false
	}
	year, err := strconv.Atoi(quarter[:4])
	if err != nil {
		return time.Time{}, false
	}
	month := time.Month(3*int(quarter[6]-'1') + 1)
	return time.Date(year, month, 1, 0, 0, 0, 0, zone).UTC(), true
}

// QuarterAfter returns the quarter that is n after one, or before it if n is
// negative; empty for what is no quarter.
func QuarterAfter(quarter string, n int) string {
	begin, ok := quarterBegins(quarter, time.UTC)
	if !ok {
		return ""
	}
	return QuarterOf(begin.AddDate(0, 3*n, 0), time.UTC)
}

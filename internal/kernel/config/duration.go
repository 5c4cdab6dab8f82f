// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time as people write it: "30d", "12h", "90m", "1d12h".
// Units are w, d, h, m (minutes) and s; a day is exactly 24 hours, whatever the
// clocks do. Months and years are not units, because they have no fixed length:
// write 365d.
type Duration time.Duration

var errDuration = errors.New(`must be a length of time such as "30d", "12h" or "1d12h", with the units w, d, h, m and s, the larger first (months and years have no fixed length: write days)`)

// durationUnits are the units, the larger first.
var durationUnits = []struct {
	suffix byte
	length time.Duration
}{{'w', 7 * 24 * time.Hour}, {'d', 24 * time.Hour}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second}}

// ParseDuration reads a Duration: whole numbers with a unit, each unit at most
// once, the larger first. A bare 0 is allowed; a sign is not.
func ParseDuration(text string) (Duration, error) {
	if text == "0" {
		return 0, nil
	}
	var total time.Duration
	rest, unit := text, 0
	for rest != "" {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if digits == 0 || digits == len(rest) || digits > 12 {
			return 0, errDuration
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil {
			return 0, errDuration
		}
		for unit < len(durationUnits) && durationUnits[unit].suffix != rest[digits] {
			unit++
		}
		if unit == len(durationUnits) {
			return 0, errDuration
		}
		length := durationUnits[unit].length
		if n > (math.MaxInt64-int64(total))/int64(length) {
			return 0, errors.New("must be shorter than 290 years")
		}
		total += time.Duration(n) * length
		rest = rest[digits+1:]
		unit++
	}
	if text == "" {
		return 0, errDuration
	}
	return Duration(total), nil
}

// Std returns the duration as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes what ParseDuration reads; parts below a second are dropped.
func (d Duration) String() string {
	var b strings.Builder
	rest := time.Duration(d)
	for _, u := range durationUnits[1:] { // days rather than weeks: that is how people count here
		if n := rest / u.length; n > 0 {
			fmt.Fprintf(&b, "%d%c", n, u.suffix)
			rest -= n * u.length
		}
	}
	if b.Len() == 0 {
		return "0"
	}
	return b.String()
}

// MarshalText writes what UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

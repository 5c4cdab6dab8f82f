// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes as people write it: "512KiB", "10MiB", "1GiB",
// "200B". Only powers of 1024 (IEC 80000-13) are units: what KB means differs
// between readers.
type Size int64

var errSize = errors.New(`must be a size such as "10MiB", with the units B, KiB, MiB and GiB`)

// sizeUnits are the units, the larger first; B is the end of all of them.
var sizeUnits = []struct {
	suffix string
	bytes  int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// ParseSize reads a Size: a whole number and a unit. A bare 0 is allowed; a sign
// is not.
func ParseSize(text string) (Size, error) {
	if text == "0" {
		return 0, nil
	}
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 63)
		if err != nil || int64(n) > math.MaxInt64/u.bytes {
			return 0, errSize
		}
		return Size(int64(n) * u.bytes), nil
	}
	return 0, errSize
}

// Bytes returns the number of bytes.
func (s Size) Bytes() int64 { return int64(s) }

// String writes what ParseSize reads, with the largest unit that is exact.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.suffix
		}
	}
	return "0"
}

// MarshalText writes what UnmarshalText reads.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what ParseSize reads.
func (s *Size) UnmarshalText(text []byte) error {
	parsed, err := ParseSize(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

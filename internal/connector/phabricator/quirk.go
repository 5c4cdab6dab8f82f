// SPDX-License-Identifier: Apache-2.0

package phabricator

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"
)

// The server is written in PHP, whose empty map is an empty list, and its older
// methods give numbers as texts. These types read what it sends.

// Map is a map that may come as [] when it is empty, or as null.
type Map[T any] map[string]T

// UnmarshalJSON reads a map, an empty list or null.
func (m *Map[T]) UnmarshalJSON(text []byte) error {
	if emptyList(text) || isNull(text) {
		*m = Map[T]{}
		return nil
	}
	var plain map[string]T
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	*m = plain
	return nil
}

func emptyList(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) >= 2 && text[0] == '[' && len(bytes.TrimSpace(text[1:])) == 1
}

// Text is a text that may come as a number, or as null, which is "".
type Text string

// UnmarshalJSON reads a text, a number or null.
func (t *Text) UnmarshalJSON(text []byte) error {
	switch {
	case isNull(text):
		*t = ""
		return nil
	case len(text) > 0 && text[0] == '"':
		var s string
		err := json.Unmarshal(text, &s)
		*t = Text(s)
		return err
	case len(text) > 0 && (text[0] == '-' || text[0] >= '0' && text[0] <= '9'):
		*t = Text(text)
		return nil
	}
	return errors.New("neither a text nor a number")
}

// Number is a whole number that may come as a text, or as null, which is 0.
type Number int64

// UnmarshalJSON reads a whole number, one in a text, or null.
func (n *Number) UnmarshalJSON(text []byte) error {
	if isNull(text) {
		*n = 0
		return nil
	}
	v, err := strconv.ParseInt(string(bytes.Trim(text, `"`)), 10, 64)
	if err != nil {
		return errors.New("not a whole number")
	}
	*n = Number(v)
	return nil
}

// maxEpoch is the last second of the year 9999: what is later has no date.
const maxEpoch = 253402300799

// Time is the instant of a number of seconds; zero for none, and for what is no
// date.
func (n Number) Time() time.Time {
	if n <= 0 || n > maxEpoch {
		return time.Time{}
	}
	return time.Unix(int64(n), 0).UTC()
}

// Int is the number as an int, or 0 if it is not in its range.
func (n Number) Int() int {
	if n < 0 || n > math.MaxInt32 {
		return 0
	}
	return int(n)
}

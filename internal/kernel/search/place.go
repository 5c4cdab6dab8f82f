// SPDX-License-Identifier: Apache-2.0

package search

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// place is where a hit stands in the order of hits. It is what a cursor holds:
// nothing but values of a hit that the reader has seen.
type place struct {
	Matched int    `json:"m"`
	Titled  int    `json:"t"`
	At      int64  `json:"a"`
	Item    string `json:"i"`
	Part    string `json:"p"`
}

func (p place) format() string {
	text, err := json.Marshal(p)
	if err != nil {
		return "" // numbers and text can be marshalled
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// parseCursor reads a cursor; an empty one is nil.
func parseCursor(cursor string) (*place, error) {
	if cursor == "" {
		return nil, nil
	}
	if len(cursor) > 1000 {
		return nil, badCursor()
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return nil, badCursor()
	}
	var p place
	if json.Unmarshal(text, &p) != nil || !usable(p.Item) || !usable(p.Part) {
		return nil, badCursor()
	}
	return &p, nil
}

func usable(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// condition selects the hits after p.
func (p place) condition(args *[]any) string {
	m, t, a, i, part := mark(args, p.Matched), mark(args, p.Titled), mark(args, p.At), mark(args, p.Item), mark(args, p.Part)
	return "(h.matched < " + m + " OR (h.matched = " + m + " AND (h.titled < " + t + " OR (h.titled = " + t +
		" AND (h.at < " + a + " OR (h.at = " + a + " AND (h.item > " + i + " OR (h.item = " + i + " AND h.part > " + part + "))))))))"
}

// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode"
)

// statesTwice reports whether an object of the JSON value has a property twice,
// or twice but for upper and lower case. The body is validated as a map, where
// the last one counts, and then decoded into a struct, where case does not count
// and objects of the same name are merged: what was validated must be what is
// decoded. The value must be valid JSON.
func statesTwice(data []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var open []map[string]bool // one per value that is open: its properties, nil for a list
	name := false              // the next text is a property's name
	for {
		token, err := dec.Token()
		if err != nil {
			return false // the end; there is nothing else wrong with a valid value
		}
		switch token {
		case json.Delim('{'):
			open = append(open, map[string]bool{})
		case json.Delim('['):
			open = append(open, nil)
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if name {
				seen, folded := open[len(open)-1], strings.Map(foldRune, token.(string))
				if seen[folded] {
					return true
				}
				seen[folded] = true
				name = false
				continue // its value follows
			}
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}

// foldRune returns one and the same rune for all that differ by case alone, as
// encoding/json folds the names of fields.
func foldRune(r rune) rune {
	for {
		next := unicode.SimpleFold(r)
		if next <= r {
			return next
		}
		r = next
	}
}

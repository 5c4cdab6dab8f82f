// SPDX-License-Identifier: Apache-2.0

package web

import "strings"

// schemaWords says for people what huma says about a value that does not fit its
// schema; what it does not know it leaves as it is.
func schemaWords(message string) string {
	for _, m := range []struct{ prefix, begin, end string }{
		{"unexpected property", "There is no such field; the API's description names them.", ""},
		{"unknown query parameter", "There is no such parameter; the API's description names them.", ""},
		{"required ", "This is required.", ""},
		{"expected length >= 1", "This is required.", ""},
		{"expected length >= ", "At least ", " characters."},
		{"expected length <= ", "At most ", " characters."},
		{"expected array length >= ", "At least ", " of them."},
		{"expected array length <= ", "At most ", " of them."},
		{"expected number >= ", "At least ", "."},
		{"expected number <= ", "At most ", "."},
		{"expected value to be one of ", "Choose one of: ", "."},
	} {
		rest, found := strings.CutPrefix(message, m.prefix)
		switch {
		case !found:
		case m.end == "":
			if rest == "" || m.prefix == "required " {
				return m.begin
			}
		default:
			return m.begin + strings.Trim(rest, `"`) + m.end
		}
	}
	return message
}

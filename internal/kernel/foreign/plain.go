// SPDX-License-Identifier: Apache-2.0

package foreign

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain returns s as a text that may be stored and shown: valid UTF-8, lines
// ended by newlines, no control characters but newline and tab, and nothing that
// hides or reorders other characters. What has no width is dropped, a separator
// of lines becomes a newline, and each other character that has no place becomes
// U+FFFD, so that it is seen that something stood there. A test holds this
// together with what the pages accept from people (web.PlainText).
func Plain(s string) string {
	if plainASCII(s) {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == 0x2028 || r == 0x2029:
			return '\n'
		case r == 0x200b || r == 0xfeff || r >= 0x2060 && r <= 0x2064:
			return -1
		case unicode.IsControl(r) || r >= 0x202a && r <= 0x202e || r >= 0x2065 && r <= 0x206f ||
			r >= 0xfff9 && r <= 0xfffb || r >= 0xe0000 && r <= 0xe007f:
			return utf8.RuneError
		default:
			return r // strings.Map gives U+FFFD for bytes that are no character
		}
	}, s)
}

// plainASCII reports whether nothing in s has to be looked at twice.
func plainASCII(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || c < ' ' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// Line returns s as one line of plain text, without space around it.
func Line(s string) string {
	s = Plain(s)
	if strings.ContainsAny(s, "\n\t") {
		s = strings.Map(func(r rune) rune {
			if r == '\n' || r == '\t' {
				return ' '
			}
			return r
		}, s)
	}
	return strings.TrimSpace(s)
}

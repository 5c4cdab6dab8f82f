// SPDX-License-Identifier: Apache-2.0

package adf

import "strings"

// escape makes text that Markdown shows as it stands. A newline becomes a break.
func escape(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	if !strings.ContainsAny(text, "\\`*_[]<>~|&!\n:") {
		return text
	}
	var out strings.Builder
	out.Grow(len(text) + 8)
	for i := range len(text) {
		switch c := text[i]; c {
		case '\\', '`', '*', '[', ']', '<', '>', '~', '|':
			out.WriteByte('\\')
		case '_':
			if !within(text, i) {
				out.WriteByte('\\')
			}
		case '&':
			if entity(text[i+1:]) {
				out.WriteByte('\\')
			}
		case '\n':
			out.WriteByte('\\')
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// within reports whether the byte stands between two letters or digits: so an
// underscore means nothing in Markdown, and a name stays readable.
func within(text string, i int) bool {
	return i > 0 && i+1 < len(text) && alphanumeric(text[i-1]) && alphanumeric(text[i+1])
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// entity reports whether what follows an ampersand could be a character's name.
func entity(text string) bool {
	for i := range min(len(text), 40) {
		switch c := text[i]; {
		case c == ';':
			return i > 0
		case c != '#' && !alphanumeric(c):
			return false
		}
	}
	return false
}

// startOfLine escapes what means something at the start of a line alone: a
// heading, an item, the line under a heading or under the head of a table.
func startOfLine(line string) string {
	if line == "" {
		return line
	}
	switch line[0] {
	case '#', '-', '+', '=', ':':
		return `\` + line
	}
	digits := 0
	for digits < len(line) && line[digits] >= '0' && line[digits] <= '9' {
		digits++
	}
	if digits > 0 && digits < len(line) && (line[digits] == '.' || line[digits] == ')') {
		return line[:digits] + `\` + line[digits:]
	}
	return line
}

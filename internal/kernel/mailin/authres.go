// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"regexp"
	"strings"
)

// dmarc is what a mail server says of a mail's sender (RFC 7489).
type dmarc struct {
	result string // "pass", "fail", ...; empty: nothing is said
	domain string // of the From field that was looked at, in lower case
}

// authentication reads what the trusted server says in the Authentication-Results
// fields (RFC 8601), the topmost first. Only the topmost one of that server counts:
// each server puts its own on top, and anybody can write those below. That server
// has to remove what comes from outside in its name (RFC 8601, section 5).
func authentication(fields []string, server string) dmarc {
	if server == "" {
		return dmarc{}
	}
	for _, field := range fields {
		parts, ok := splitResults(field)
		if !ok {
			continue
		}
		if name, _, _ := strings.Cut(strings.TrimSpace(parts[0]), " "); !strings.EqualFold(name, server) {
			continue
		}
		return dmarcOf(parts[1:])
	}
	return dmarc{}
}

// equals is the sign between a name and its value, around which blanks may stand.
var equals = regexp.MustCompile(`\s*=\s*`)

// dmarcOf finds the one result of DMARC. Two of them say nothing.
func dmarcOf(results []string) dmarc {
	var found dmarc
	for _, result := range results {
		words := strings.Fields(equals.ReplaceAllString(result, "="))
		if len(words) == 0 {
			continue
		}
		method, value, ok := strings.Cut(words[0], "=")
		method, _, _ = strings.Cut(method, "/") // "dmarc/1=pass"
		if !ok || !strings.EqualFold(method, "dmarc") {
			continue
		}
		if found.result != "" {
			return dmarc{}
		}
		found.result = strings.ToLower(value)
		for _, property := range words[1:] {
			name, value, _ := strings.Cut(property, "=")
			if strings.EqualFold(name, "header.from") {
				found.domain = strings.ToLower(value[strings.LastIndex(value, "@")+1:])
			}
		}
	}
	return found
}

// splitResults splits a field at its semicolons. Comments go first, and quoted texts
// lose their meaning: both may hold what the sender of the mail chose, such as the
// explanation of an SPF record. It reports false for a field that is not well-formed.
func splitResults(field string) ([]string, bool) {
	var parts []string
	var part strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(field); i++ {
		c := field[i]
		switch {
		case c == '\\' && (depth > 0 || quoted):
			i++ // the next one is meant as it is
		case quoted:
			quoted = c != '"'
			if !quoted {
				part.WriteByte('"')
			}
		case depth == 0 && c == '"':
			quoted = true
			part.WriteByte('"')
		case c == '(':
			depth++
			part.WriteByte(' ')
		case c == ')':
			if depth--; depth < 0 {
				return nil, false
			}
		case depth > 0:
		case c == ';':
			parts = append(parts, part.String())
			part.Reset()
		case c == '\r' || c == '\n' || c == '\t':
			part.WriteByte(' ')
		default:
			part.WriteByte(c)
		}
	}
	return append(parts, part.String()), depth == 0 && !quoted
}

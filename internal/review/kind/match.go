// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"slices"
	"strings"
	"unicode"
)

// clauses cuts an answer into clauses of lower-case words. A clause ends at a line,
// at a sign that is followed by a space, at a bracket and at a dash; signs inside a
// word stay, so that n/a and an address are one word each.
func clauses(text string) [][]string {
	var all [][]string
	var clause []string
	end := func() {
		if len(clause) > 0 {
			all = append(all, clause)
			clause = nil
		}
	}
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		for _, raw := range strings.Fields(line) {
			word := strings.TrimFunc(raw, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
			if word == "" || strings.ContainsRune("([", first(raw)) {
				end()
			}
			if word != "" {
				clause = append(clause, strings.ToLower(strings.ReplaceAll(word, "’", "'")))
			}
			if strings.ContainsAny(raw[len(raw)-1:], ",.;:!?)]") {
				end()
			}
		}
		end()
	}
	return all
}

func first(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

// wordsOf returns the words of a text, without its clauses.
func wordsOf(text string) []string { return slices.Concat(clauses(text)...) }

// in returns the words of w that do not pass in an answer with these clauses.
func (w Weak) in(answer [][]string) (phrase string, found bool) {
	all := slices.Concat(answer...)
	for _, phrase := range w.Words {
		want := wordsOf(phrase)
		if len(want) == 0 {
			continue
		}
		switch w.Where {
		case Edge:
			found = slices.ContainsFunc(answer, func(c []string) bool {
				return len(c) >= len(want) && (slices.Equal(c[:len(want)], want) || slices.Equal(c[len(c)-len(want):], want))
			})
		case Anywhere:
			for i := 0; i+len(want) <= len(all) && !found; i++ {
				found = slices.Equal(all[i:i+len(want)], want)
			}
		default:
			found = slices.Equal(all, want)
		}
		if found {
			return phrase, true
		}
	}
	return "", false
}

// asks reports whether the text ends in a question.
func asks(text string) bool {
	text = strings.TrimRight(text, " \t\n\r)]}\"'”’*_.!")
	return strings.HasSuffix(text, "?")
}

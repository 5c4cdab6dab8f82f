// SPDX-License-Identifier: Apache-2.0

package search

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWord is how many characters of a word count; a SHA-256 in hexadecimal fits.
const maxWord = 64

// word is a word of a text and where it stands there.
type word struct {
	text       string // folded
	start, end int    // bytes
}

// words splits a text. A run of letters and digits is a word; of scripts that do
// not separate words (Han, Hiragana, Katakana) each character is one.
func words(text string) []word {
	var all []word
	start := -1
	flush := func(end int) {
		if start >= 0 {
			if folded := fold(text[start:end]); folded != "" {
				all = append(all, word{folded, start, end})
			}
		}
		start = -1
	}
	for i, r := range text {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana):
			flush(i)
			start = i
			flush(i + utf8.RuneLen(r))
		case unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) && start >= 0:
			if start < 0 {
				start = i
			}
		default:
			flush(i)
		}
	}
	flush(len(text))
	return all
}

// fold gives the form by which words are compared: compatibility decomposition
// (Unicode Standard Annex 15), without marks, in lower case, letters and digits
// only, at most maxWord characters.
func fold(text string) string {
	if plain(text) && len(text) <= maxWord {
		return strings.ToLower(text)
	}
	n := 0
	folded := strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) || n >= maxWord {
			return -1
		}
		n++
		return unicode.ToLower(r)
	}, norm.NFKD.String(text))
	return norm.NFC.String(folded) // puts Hangul together again
}

func plain(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// encode writes a folded word in ASCII letters, digits and underscores, which both
// engines keep as one word. The beginning of a word gives the beginning of the
// encoded one, so that prefixes work.
func encode(folded string) string {
	if plain(folded) {
		return folded
	}
	var b strings.Builder
	for _, r := range folded {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "_%06x", r)
		}
	}
	return b.String()
}

// Limits of what is indexed of a document: beyond 16383 words PostgreSQL counts
// no positions, and it refuses a tsvector of a mebibyte.
const (
	maxWords     = 10_000
	maxWordBytes = 400_000
)

// indexed returns the encoded words of a text, up to the limits.
func indexed(text string, count, bytes *int) []string {
	var all []string
	for _, w := range words(text) {
		encoded := encode(w.text)
		if *count++; *count > maxWords {
			break
		}
		if *bytes += len(encoded); *bytes > maxWordBytes {
			break
		}
		all = append(all, encoded)
	}
	return all
}

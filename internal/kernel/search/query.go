// SPDX-License-Identifier: Apache-2.0

package search

import (
	"slices"
	"strings"
	"unicode"
)

// maxTerms is how many terms of a query count. Each costs a look into the index.
const maxTerms = 8

// maxPhrase is how many words of a phrase count.
const maxPhrase = 16

// maxQuery is how many bytes of a query are read.
const maxQuery = 1000

// minPrefix is how many characters a prefix has; a shorter one would be nearly everything.
const minPrefix = 2

// term is a word, a phrase of several, or either with its last word as a prefix.
type term struct {
	words  []string // folded
	prefix bool
}

// parse reads a query. Every text is one; one without words has no terms.
func parse(query string) []term {
	if len(query) > maxQuery {
		query = strings.ToValidUTF8(query[:maxQuery], "")
	}
	var terms []term
	for query != "" && len(terms) < maxTerms {
		var chunk string
		chunk, query = cutChunk(query)
		t, ok := newTerm(chunk)
		if ok && !slices.ContainsFunc(terms, t.equal) {
			terms = append(terms, t)
		}
	}
	return terms
}

// cutChunk takes the next word or quoted phrase, with the asterisk after it. A
// quotation that is not closed goes to the end.
func cutChunk(query string) (chunk, rest string) {
	query = strings.TrimLeftFunc(query, unicode.IsSpace)
	if !strings.HasPrefix(query, `"`) {
		i := strings.IndexFunc(query, func(r rune) bool { return unicode.IsSpace(r) || r == '"' })
		if i < 0 {
			return query, ""
		}
		return query[:i], query[i:]
	}
	chunk, rest, _ = strings.Cut(query[1:], `"`)
	if strings.HasPrefix(rest, "*") {
		return chunk + "*", rest[1:]
	}
	return strings.TrimRight(chunk, "* "), rest
}

func newTerm(chunk string) (term, bool) {
	var t term
	for _, w := range words(chunk) {
		t.words = append(t.words, w.text)
	}
	if len(t.words) == 0 {
		return term{}, false
	}
	t.words = t.words[:min(len(t.words), maxPhrase)]
	last := []rune(t.words[len(t.words)-1])
	t.prefix = strings.HasSuffix(chunk, "*") && (len(last) >= minPrefix || last[0] > unicode.MaxASCII)
	return t, true
}

func (t term) equal(other term) bool {
	return t.prefix == other.prefix && slices.Equal(t.words, other.words)
}

// covers reports whether a word of a text is one that the term asks for; which
// words of a phrase stand together is not looked at.
func (t term) covers(folded string) bool {
	last := len(t.words) - 1
	for i, w := range t.words {
		if folded == w || i == last && t.prefix && strings.HasPrefix(folded, w) {
			return true
		}
	}
	return false
}

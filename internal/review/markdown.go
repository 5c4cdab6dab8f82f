// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// restrictedMark stands above what only those who take part may read.
const restrictedMark = "**Restricted: only for those who take part.**"

// maxQuote bounds what is quoted of one text, in bytes; the record has the rest.
const maxQuote = 4_000

// written is Markdown on its way. What people wrote goes in by inline and by quote
// alone: their markup closes no block of ours and makes no heading beside ours.
type written struct {
	text   strings.Builder
	prefix string // of each line: "> " within a restricted block
}

// line writes a line of ours. Each argument is escaped by [inline] before.
func (w *written) line(format string, args ...any) {
	line := strings.TrimRight(w.prefix+fmt.Sprintf(format, args...), " ")
	w.text.WriteString(line + "\n")
}

// space writes an empty line, which ends the block before it.
func (w *written) space() { w.line("") }

// heading writes a heading of ours with space around it.
func (w *written) heading(level int, format string, args ...any) {
	w.line("%s %s", strings.Repeat("#", level), fmt.Sprintf(format, args...))
	w.space()
}

// quote writes a text of somebody as a block quote, line by line.
func (w *written) quote(text string) {
	for _, l := range strings.Split(shortened(text), "\n") {
		w.line("> %s", quoted(l))
	}
	w.space()
}

// restricted writes what write does within a block that is marked.
func (w *written) restricted(write func()) {
	before := w.prefix
	w.prefix += "> "
	w.line("%s", restrictedMark)
	w.space()
	write()
	w.prefix = before
	w.space()
}

// part writes what write does, in a marked block if it is restricted.
func (w *written) part(restricted bool, write func()) {
	if restricted {
		w.restricted(write)
		return
	}
	write()
}

// shortened cuts a text that is too long to be quoted as a whole.
func shortened(text string) string {
	text = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(text))
	if len(text) <= maxQuote {
		return text
	}
	cut := maxQuote
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + " [...]"
}

// quoted is a line of somebody's Markdown within a block quote. It keeps its markup
// but for two things that reach beyond the quote: a definition of links counts in
// the whole document, and our mark is ours.
func quoted(line string) string {
	line = strings.ReplaceAll(line, "]:", `]\:`)
	return strings.ReplaceAll(line, "**Restricted:", `\*\*Restricted:`)
}

// syntax are the characters that mean something within a line of Markdown.
const syntax = "\\`*_{}[]()<>#|~!&$^="

// inline is a short text of somebody in a line of ours, at its beginning, too: it is
// shown as it was typed.
func inline(text string) string {
	var b strings.Builder
	digits := true // so far, nothing but digits: with a point they would number a list
	for i, r := range strings.Join(strings.Fields(text), " ") {
		switch {
		case unicode.IsControl(r):
			continue
		case strings.ContainsRune(syntax, r), i == 0 && (r == '-' || r == '+'), i > 0 && digits && r == '.':
			b.WriteByte('\\')
		}
		digits = digits && r >= '0' && r <= '9'
		b.WriteRune(r)
	}
	return b.String()
}

// address is a URL as a link that shows itself; what is none stands as text.
func address(url string) string {
	if !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") || strings.ContainsFunc(url, unicode.IsControl) {
		return inline(url)
	}
	return "<" + strings.NewReplacer("<", "%3C", ">", "%3E", " ", "%20", "`", "%60").Replace(url) + ">"
}

// plainWord is a name of a value as people read it: "approved with conditions".
func plainWord[T ~string](value T) string { return strings.ReplaceAll(string(value), "_", " ") }

// capital returns a word of ours with its first letter in upper case.
func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

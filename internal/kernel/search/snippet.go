// SPDX-License-Identifier: Apache-2.0

package search

import (
	"html/template"
	"slices"
	"strings"
	"unicode/utf8"
)

// Fragment is a piece of a text, marked if it is a word that was asked for. The
// text is plain: a template escapes it, and HTML does.
type Fragment struct {
	Text string `json:"text"`
	Mark bool   `json:"mark,omitempty"`
}

// HTML returns fragments as HTML with <mark> around what was asked for.
func HTML(fragments []Fragment) template.HTML {
	var b strings.Builder
	for _, f := range fragments {
		if f.Mark {
			b.WriteString("<mark>" + template.HTMLEscapeString(f.Text) + "</mark>")
		} else {
			b.WriteString(template.HTMLEscapeString(f.Text))
		}
	}
	return template.HTML(b.String())
}

// Text returns fragments as plain text.
func Text(fragments []Fragment) string {
	var b strings.Builder
	for _, f := range fragments {
		b.WriteString(f.Text)
	}
	return b.String()
}

// A snippet shows this much before the first match and in all, in bytes.
const (
	snippetLead  = 60
	snippetTotal = 240
)

const ellipsis = "…"

// snippet returns the part of a text around the first word that was asked for, or
// its beginning.
func snippet(text string, terms []term) []Fragment {
	text = strings.Join(strings.Fields(text), " ")
	first, all := 0, words(text)
	if i := slices.IndexFunc(all, func(w word) bool { return asked(w, terms) }); i >= 0 {
		first = all[i].start
	}
	start, end := window(text, first)
	fragments := highlight(text[start:end], terms)
	if start > 0 {
		fragments = append([]Fragment{{Text: ellipsis}}, fragments...)
	}
	if end < len(text) {
		fragments = append(fragments, Fragment{Text: ellipsis})
	}
	return fragments
}

// window chooses what to show of a text, so that no word is cut unless it is very long.
func window(text string, first int) (start, end int) {
	start = max(0, first-snippetLead)
	if start > 0 {
		if i := strings.IndexByte(text[start:first], ' '); i >= 0 {
			start += i + 1
		} else {
			start = first
		}
	}
	end = min(len(text), start+snippetTotal)
	if end < len(text) {
		if i := strings.LastIndexByte(text[start:end], ' '); i > snippetTotal/2 {
			end = start + i
		}
		for end > start && !utf8.RuneStart(text[end]) {
			end--
		}
	}
	return start, end
}

// highlight cuts a text into fragments.
func highlight(text string, terms []term) []Fragment {
	var fragments []Fragment
	last := 0
	for _, w := range words(text) {
		if !asked(w, terms) {
			continue
		}
		if w.start > last {
			fragments = append(fragments, Fragment{Text: text[last:w.start]})
		}
		fragments = append(fragments, Fragment{Text: text[w.start:w.end], Mark: true})
		last = w.end
	}
	if last < len(text) {
		fragments = append(fragments, Fragment{Text: text[last:]})
	}
	return fragments
}

func asked(w word, terms []term) bool {
	return slices.ContainsFunc(terms, func(t term) bool { return t.covers(w.text) })
}

// SPDX-License-Identifier: Apache-2.0

package web

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// unseen are the characters that hide or reorder their neighbours: a name with
// one of them can pass for another. The joiners U+200C and U+200D are not among
// them, because names in several scripts need them.
func unseen() *unicode.RangeTable {
	return &unicode.RangeTable{
		R16: []unicode.Range16{
			{Lo: 0x00ad, Hi: 0x00ad, Stride: 1}, {Lo: 0x034f, Hi: 0x034f, Stride: 1}, {Lo: 0x061c, Hi: 0x061c, Stride: 1},
			{Lo: 0x115f, Hi: 0x1160, Stride: 1}, {Lo: 0x17b4, Hi: 0x17b5, Stride: 1}, {Lo: 0x180e, Hi: 0x180e, Stride: 1}, {Lo: 0x200b, Hi: 0x200b, Stride: 1},
			{Lo: 0x200e, Hi: 0x200f, Stride: 1}, {Lo: 0x2028, Hi: 0x202e, Stride: 1}, {Lo: 0x2060, Hi: 0x206f, Stride: 1},
			{Lo: 0x3164, Hi: 0x3164, Stride: 1}, {Lo: 0xfeff, Hi: 0xfeff, Stride: 1}, {Lo: 0xffa0, Hi: 0xffa0, Stride: 1}, {Lo: 0xfff9, Hi: 0xfffb, Stride: 1},
		},
		R32: []unicode.Range32{{Lo: 0xe0000, Hi: 0xe007f, Stride: 1}},
	}
}

// PlainName reports whether s can stand in a page as the name of somebody or
// something: valid UTF-8 of one line without control characters and without
// characters that hide or reorder their neighbours. Length is not looked at.
func PlainName(s string) bool {
	table := unseen()
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(table, r) })
}

// misleading are the characters that have no place in a text of several lines
// either: overrides, embeddings and isolates of the writing direction, with which
// a sentence reads otherwise than it is stored; what has no width, with which words
// are hidden or kept from being found; separators of lines other than the newline;
// and tags, which are read by machines alone. Marks and joiners that scripts need
// (U+061C, U+200C to U+200F) are not among them.
func misleading() *unicode.RangeTable {
	return &unicode.RangeTable{
		R16: []unicode.Range16{
			{Lo: 0x200b, Hi: 0x200b, Stride: 1}, {Lo: 0x2028, Hi: 0x202e, Stride: 1}, {Lo: 0x2060, Hi: 0x206f, Stride: 1},
			{Lo: 0xfeff, Hi: 0xfeff, Stride: 1}, {Lo: 0xfff9, Hi: 0xfffb, Stride: 1},
		},
		R32: []unicode.Range32{{Lo: 0xe0000, Hi: 0xe007f, Stride: 1}},
	}
}

// PlainText reports whether s can stand in a page or a terminal as what somebody
// wrote in several lines: valid UTF-8 without control characters but newline
// (also as CR LF) and tab, and without characters that hide or reorder others.
// Length is not looked at.
func PlainText(s string) bool {
	table := misleading()
	return utf8.ValidString(s) && !strings.ContainsFunc(strings.ReplaceAll(s, "\r\n", "\n"), func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(table, r)
	})
}

// Name is [Form.String] for a name: see [PlainName].
func (f *Form) Name(name string, max int) string {
	v := f.String(name, max)
	if !PlainName(v) {
		f.refuse(name, "unseen_character")
		return ""
	}
	return v
}

// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"io"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"portreeve.org/portreeve/internal/kernel/web"
)

// decoded returns r as UTF-8. A charset that is not known is read as UTF-8; what is
// no UTF-8 then is replaced by [clean].
func decoded(label string, r io.Reader) io.Reader {
	switch strings.ToLower(label) {
	case "", "utf-8", "utf8", "us-ascii":
		return r
	}
	if converted, err := charset.NewReaderLabel(label, r); err == nil {
		return converted
	}
	return r
}

// clean makes text of the network fit to be shown and stored: UTF-8, lines that end
// with "\n", nothing that web.PlainText refuses. What hides or reorders other
// characters goes without a trace: nobody can be asked to type a mail anew.
func clean(text string) string {
	text = strings.ToValidUTF8(text, "\ufffd")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	if web.PlainText(text) {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if !web.PlainText(line) {
			lines[i] = strings.Map(func(r rune) rune {
				if web.PlainText(string(r)) {
					return r
				}
				return -1
			}, line)
		}
	}
	return strings.Join(lines, "\n")
}

// cleanLine makes a header field fit to be shown in one line of at most limit bytes.
func cleanLine(text string, limit int) string {
	text = strings.Join(strings.Fields(clean(text)), " ")
	if !web.PlainName(text) {
		text = strings.Map(func(r rune) rune {
			if web.PlainName(string(r)) {
				return r
			}
			return -1
		}, text)
	}
	if len(text) > limit {
		text = text[:limit]
		for !utf8.ValidString(text) {
			text = text[:len(text)-1]
		}
	}
	return text
}

// words returns a header field with its encoded words (RFC 2047) decoded.
func words(field string) string {
	decoder := mime.WordDecoder{CharsetReader: func(label string, r io.Reader) (io.Reader, error) {
		return decoded(label, r), nil
	}}
	text, err := decoder.DecodeHeader(field)
	if err != nil {
		return field
	}
	return text
}

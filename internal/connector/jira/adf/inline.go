// SPDX-License-Identifier: Apache-2.0

package adf

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// paragraph writes inline nodes as a paragraph.
func (w *writer) paragraph(nodes []node) string {
	lines := strings.Split(w.run(nodes), "\n")
	for i, line := range lines {
		lines[i] = startOfLine(strings.Trim(line, " \t"))
	}
	text := strings.Join(lines, "\n")
	for strings.HasSuffix(text, "\\\n") { // a break before nothing
		text = strings.TrimSuffix(text, "\\\n")
	}
	return text
}

// line writes inline nodes without breaks.
func (w *writer) line(nodes []node) string {
	return strings.Trim(strings.ReplaceAll(w.run(nodes), "\\\n", " "), " \t")
}

// run writes inline nodes one after the other.
func (w *writer) run(nodes []node) string {
	var text strings.Builder
	for _, n := range nodes {
		if w.full() {
			break
		}
		part := w.inline(n)
		w.written += len(part)
		text.WriteString(part)
	}
	// A backslash of the text before the one of a break would be read as one of a pair.
	return strings.ReplaceAll(text.String(), "\\\\\\\n", "&#92;\\\n")
}

// inline writes a node that stands in a line.
func (w *writer) inline(n node) string {
	switch n.Type {
	case "text":
		return w.marked(n)
	case "hardBreak":
		return "\\\n"
	case "mention":
		return escape(at(attr(n.Attrs, "text"), attr(n.Attrs, "id")))
	case "emoji":
		return escape(either(attr(n.Attrs, "text"), attr(n.Attrs, "shortName")))
	case "status":
		return escape(attr(n.Attrs, "text"))
	case "date":
		return escape(date(attr(n.Attrs, "timestamp")))
	case "inlineCard":
		address := attr(n.Attrs, "url")
		return w.link(escape(address), address)
	case "mediaInline":
		w.lost.Files = true
		return ""
	}
	w.lost.Nodes = true
	return escape(words(n))
}

// at is a mention: its text has an "@" already, or there is only an identifier.
func at(text, id string) string {
	if text == "" && id != "" {
		return "@" + id
	}
	return text
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// date is a day, given in milliseconds.
func date(milliseconds string) string {
	ms, err := strconv.ParseInt(milliseconds, 10, 64)
	if err != nil || ms < 0 || ms > 253402300799000 {
		return milliseconds
	}
	return time.UnixMilli(ms).UTC().Format(time.DateOnly)
}

// marked writes a text with its marks. Space at its ends stays outside of them,
// because Markdown does not see marks with space inside.
func (w *writer) marked(n node) string {
	core := strings.Trim(n.Text, " \t\n\r")
	if core == "" || len(n.Marks) == 0 {
		return escape(n.Text)
	}
	before, after, _ := strings.Cut(n.Text, core)
	code, strong, em, strike, href := false, false, false, false, ""
	for _, m := range n.Marks {
		switch m.Type {
		case "code":
			code = true
		case "strong":
			strong = true
		case "em":
			em = true
		case "strike":
			strike = true
		case "link":
			href = attr(m.Attrs, "href")
		case "underline", "textColor", "backgroundColor", "subsup", "annotation", "border", "alignment", "indentation", "breakout", "fragment":
			// Markdown has nothing for these, and the words say the same without.
		default:
			w.lost.Nodes = true
		}
	}
	text := escape(core)
	if code {
		text = span(core)
	}
	for _, m := range []struct {
		set  bool
		sign string
	}{{em, "*"}, {strong, "**"}, {strike, "~~"}} {
		if m.set {
			text = m.sign + text + m.sign
		}
	}
	if href != "" {
		text = w.link(text, href)
	}
	return escape(before) + text + escape(after)
}

// span is code in a line, in as many backticks as it needs.
func span(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	sign := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return sign + text + sign
}

// link writes a link to where a browser may be sent; of any other the text stays.
func (w *writer) link(text, address string) string {
	u, err := url.Parse(address)
	if err != nil {
		w.lost.Nodes = true
		return text
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https", "mailto":
	default:
		w.lost.Nodes = true
		return text
	}
	target := strings.NewReplacer("<", "%3C", ">", "%3E", " ", "%20", "\\", "%5C", "\n", "", "\r", "", "\t", "").Replace(address)
	return "[" + text + "](<" + target + ">)"
}

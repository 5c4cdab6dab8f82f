// SPDX-License-Identifier: Apache-2.0

package adf

import (
	"strconv"
	"strings"
)

// block writes a node that stands alone.
func (w *writer) block(n node, depth int) string {
	if depth > maxDepth {
		w.lost.Nodes = true
		return w.paragraph([]node{{Type: "text", Text: words(n)}})
	}
	switch n.Type {
	case "paragraph":
		return w.paragraph(n.Content)
	case "heading":
		return strings.Repeat("#", number(n.Attrs, "level", 1, 6)) + " " + w.line(n.Content)
	case "bulletList", "orderedList", "taskList", "decisionList":
		return w.list(n, depth)
	case "codeBlock":
		return w.code(n)
	case "blockquote", "panel":
		return prefix(w.blocks(n.Content, depth+1), "> ", "> ")
	case "rule":
		return "---"
	case "expand", "nestedExpand":
		title := node{Type: "text", Text: attr(n.Attrs, "title"), Marks: []mark{{Type: "strong"}}}
		return w.blocks(append([]node{title}, n.Content...), depth+1)
	case "table":
		return w.table(n)
	case "media", "mediaSingle", "mediaGroup":
		w.lost.Files = true
		return ""
	case "blockCard", "embedCard":
		return w.paragraph([]node{{Type: "inlineCard", Attrs: n.Attrs}})
	}
	w.lost.Nodes = true
	if n.Text != "" {
		return w.paragraph([]node{{Type: "text", Text: n.Text}})
	}
	return w.blocks(n.Content, depth+1)
}

// list writes the items of a list of any kind.
func (w *writer) list(n node, depth int) string {
	var items []string
	first := number(n.Attrs, "order", 1, 1_000_000)
	for i, item := range n.Content {
		if w.full() {
			break
		}
		bullet := "- "
		switch {
		case n.Type == "orderedList":
			bullet = strconv.Itoa(first+i) + ". "
		case item.Type == "taskItem" && attr(item.Attrs, "state") == "DONE":
			bullet = "- [x] "
		case item.Type == "taskItem":
			bullet = "- [ ] "
		}
		content := item.Content
		switch item.Type {
		case "listItem", "taskItem", "decisionItem":
		default: // a list in a list of tasks, or what does not belong here
			content = []node{item}
		}
		items = append(items, prefix(w.blocks(content, depth+1), bullet, strings.Repeat(" ", min(len(bullet), 4))))
	}
	return strings.Join(items, "\n")
}

// prefix sets a text in: its first line and the others.
func prefix(text, first, others string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		switch {
		case i == 0:
			lines[i] = first + line
		case line != "" || strings.TrimSpace(others) != "":
			lines[i] = others + line
		}
	}
	return strings.Join(lines, "\n")
}

// code writes a block of code in a fence that the code does not hold.
func (w *writer) code(n node) string {
	text := strings.ReplaceAll(words(n), "\r", "")
	w.written += len(text)
	language := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '+' || r == '-' {
			return r
		}
		return -1
	}, attr(n.Attrs, "language"))
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	return fence + language + "\n" + strings.TrimSuffix(text, "\n") + "\n" + fence
}

func longestRun(text string, of byte) int {
	longest, run := 0, 0
	for i := range len(text) {
		if text[i] != of {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// table writes rows; the first is the head, because Markdown has no table without.
func (w *writer) table(n node) string {
	var rows []string
	width := 0
	for i, row := range n.Content {
		if w.full() {
			break
		}
		var cells []string
		for _, cell := range row.Content {
			cells = append(cells, pipes(w.flat(cell.Content)))
		}
		if i == 0 {
			width = len(cells)
		}
		rows = append(rows, "| "+strings.Join(cells, " | ")+" |")
		if i == 0 {
			rows = append(rows, "|"+strings.Repeat(" --- |", max(1, width)))
		}
	}
	return strings.Join(rows, "\n")
}

// pipes escapes what would end a cell, where it is not escaped yet: in code.
func pipes(cell string) string {
	var out strings.Builder
	for i := range len(cell) {
		if cell[i] == '|' && (i == 0 || cell[i-1] != '\\') {
			out.WriteByte('\\')
		}
		out.WriteByte(cell[i])
	}
	return out.String()
}

// flat writes the blocks of a cell in one line.
func (w *writer) flat(blocks []node) string {
	var parts []string
	for _, b := range blocks {
		switch {
		case inline(b.Type):
			parts = append(parts, w.line([]node{b}))
		case b.Type == "paragraph" || b.Type == "heading":
			parts = append(parts, w.line(b.Content))
		case strings.HasPrefix(b.Type, "media"):
			w.lost.Files = true
		default:
			w.lost.Nodes = true
			parts = append(parts, w.line([]node{{Type: "text", Text: words(b)}}))
		}
	}
	return strings.Join(parts, " ")
}

// words are the words of a node, without anything about how they are set.
func words(n node) string {
	var text strings.Builder
	collect(&text, n, 0)
	return text.String()
}

// collect gathers words. encoding/json has bounded how deep the tree is.
func collect(text *strings.Builder, n node, depth int) {
	if text.Len() > maxBytes {
		return
	}
	if depth > 0 && n.Type == "paragraph" && text.Len() > 0 {
		text.WriteByte(' ')
	}
	text.WriteString(n.Text)
	if n.Type == "hardBreak" {
		text.WriteByte('\n')
	}
	for _, c := range n.Content {
		collect(text, c, depth+1)
	}
}

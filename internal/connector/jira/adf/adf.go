// SPDX-License-Identifier: Apache-2.0

// Package adf turns a text in the Atlassian Document Format, a tree in JSON, into
// Markdown. It knows the nodes that people write with; of any other it keeps the
// words and says that something was lost. What was text stays text: characters
// that mean something in Markdown are escaped.
package adf

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// Lost says what did not come over.
type Lost struct {
	Nodes bool // nodes or marks of an unknown kind, or more than the bounds
	Files bool // pictures and files in the text
}

// Bounds of a text.
const (
	maxDepth = 40      // of blocks in blocks: what is deeper becomes plain words
	maxBytes = 1 << 20 // of Markdown: what comes after is left out
)

// Markdown returns the text of a document. An error says that it is none.
func Markdown(document []byte) (string, Lost, error) {
	var root node
	if err := json.Unmarshal(document, &root); err != nil {
		return "", Lost{}, errors.New("not a document in the Atlassian Document Format")
	}
	if root.Type != "doc" {
		return "", Lost{}, errors.New("a document has the type doc")
	}
	w := &writer{}
	return w.blocks(root.Content, 0), w.lost, nil
}

// node is a node of the tree.
type node struct {
	Type    string                     `json:"type"`
	Text    string                     `json:"text"`
	Content []node                     `json:"content"`
	Marks   []mark                     `json:"marks"`
	Attrs   map[string]json.RawMessage `json:"attrs"`
}

// mark is how a text is set.
type mark struct {
	Type  string                     `json:"type"`
	Attrs map[string]json.RawMessage `json:"attrs"`
}

// attr is an attribute as a text; "" is none.
func attr(attrs map[string]json.RawMessage, name string) string {
	raw := attrs[name]
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String()
	}
	return ""
}

// number is an attribute as a number within its bounds.
func number(attrs map[string]json.RawMessage, name string, low, high int) int {
	n, err := strconv.Atoi(attr(attrs, name))
	if err != nil {
		return low
	}
	return max(low, min(n, high))
}

// writer collects what was lost, and counts what was written.
type writer struct {
	lost    Lost
	written int
}

// full reports whether no more is written.
func (w *writer) full() bool {
	if w.written > maxBytes {
		w.lost.Nodes = true
		return true
	}
	return false
}

// blocks joins blocks by empty lines. Inline nodes among them make a paragraph.
func (w *writer) blocks(nodes []node, depth int) string {
	var parts []string
	for i := 0; i < len(nodes) && !w.full(); {
		text := ""
		if inline(nodes[i].Type) {
			end := i
			for end < len(nodes) && inline(nodes[end].Type) {
				end++
			}
			text = w.paragraph(nodes[i:end])
			i = end
		} else {
			text = w.block(nodes[i], depth)
			i++
		}
		if text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, "\n\n")
}

// inline reports whether a node stands in a line.
func inline(kind string) bool {
	switch kind {
	case "text", "hardBreak", "mention", "emoji", "inlineCard", "date", "status", "mediaInline":
		return true
	default:
		return false
	}
}

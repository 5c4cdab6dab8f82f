// SPDX-License-Identifier: Apache-2.0

package webtest

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Node is an element of a page.
type Node struct{ node *html.Node }

// Attr returns an attribute, or "".
func (n *Node) Attr(name string) string {
	for _, a := range n.node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Has reports whether the attribute is there, even empty.
func (n *Node) Has(name string) bool {
	return slices.ContainsFunc(n.node.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// Text returns the text below n with single spaces, without scripts and styles.
func (n *Node) Text() string {
	var out strings.Builder
	n.walk(func(d *html.Node) {
		if d.Type == html.TextNode && d.Parent.Data != "script" && d.Parent.Data != "style" {
			out.WriteString(d.Data)
			out.WriteByte(' ')
		}
	})
	return strings.Join(strings.Fields(out.String()), " ")
}

// All returns the elements below n that match a selector: descendants separated
// by spaces, each a tag, .class, #id, [attribute] or [attribute="value"] or a
// run of these.
func (n *Node) All(selector string) []*Node {
	found := []*Node{n}
	for _, step := range splitSelector(selector) {
		var next []*Node
		for _, from := range found {
			from.walk(func(d *html.Node) {
				candidate := &Node{node: d}
				if d != from.node && d.Type == html.ElementNode && candidate.matches(step) &&
					!slices.ContainsFunc(next, func(o *Node) bool { return o.node == d }) {
					next = append(next, candidate)
				}
			})
		}
		found = next
	}
	return found
}

func (n *Node) walk(fn func(*html.Node)) {
	fn(n.node)
	for d := range n.node.Descendants() {
		fn(d)
	}
}

// splitSelector splits at spaces that are not inside brackets.
func splitSelector(s string) []string {
	var steps []string
	depth, start := 0, 0
	for i, r := range s + " " {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case r == ' ' && depth == 0:
			if i > start {
				steps = append(steps, s[start:i])
			}
			start = i + 1
		}
	}
	return steps
}

// matches reports whether n matches one step of a selector.
func (n *Node) matches(step string) bool {
	for step != "" {
		end := 1
		if step[0] == '[' {
			end = strings.IndexByte(step, ']') + 1
		} else {
			for end < len(step) && !strings.ContainsRune(".#[", rune(step[end])) {
				end++
			}
		}
		if end == 0 || !n.matchesPart(step[:end]) {
			return false
		}
		step = step[end:]
	}
	return true
}

func (n *Node) matchesPart(part string) bool {
	switch part[0] {
	case '.':
		return slices.Contains(strings.Fields(n.Attr("class")), part[1:])
	case '#':
		return n.Attr("id") == part[1:]
	case '[':
		name, value, exact := strings.Cut(strings.Trim(part, "[]"), "=")
		if !exact {
			return n.Has(name)
		}
		return n.Has(name) && n.Attr(name) == strings.Trim(value, `"'`)
	default:
		return n.node.Data == part
	}
}

// formValues collects the successful controls of a form.
func (n *Node) formValues() url.Values {
	values := url.Values{}
	for _, in := range n.All("[name]") {
		name := in.Attr("name")
		switch in.node.Data {
		case "input":
			kind := in.Attr("type")
			if (kind == "checkbox" || kind == "radio") && !in.Has("checked") || kind == "file" || kind == "submit" {
				continue
			}
			values.Add(name, in.Attr("value"))
		case "textarea":
			values.Add(name, strings.TrimPrefix(in.rawText(), "\n"))
		case "select":
			for _, o := range in.All("option[selected]") {
				values.Add(name, o.Attr("value"))
			}
		}
	}
	return values
}

func (n *Node) rawText() string {
	var out strings.Builder
	n.walk(func(d *html.Node) {
		if d.Type == html.TextNode {
			out.WriteString(d.Data)
		}
	})
	return out.String()
}

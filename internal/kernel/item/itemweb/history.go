// SPDX-License-Identifier: Apache-2.0

package itemweb

import (
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Telling is how a slice tells what happened to an item.
type Telling struct {
	Did     string                                       // beginning of the message keys of kinds of entry, without the slice: "risk.did."
	Changed string                                       // beginning of those of what a step changed: "risk.changed."
	Silent  []string                                     // fields that the name of the step says already
	Icon    func(kind string) string                     // of a step
	Value   func(c *web.Ctx, field, value string) string // a value in words; not called for none
	Part    func(part string) any                        // the link to a part of the item, or nil; nil: it has no parts
}

// Event is a step with the entry that proves it. names are those of the people.
func (t Telling) Event(c *web.Ctx, names map[string]catalog.Named, s item.Step) web.Event {
	_, kind, _ := strings.Cut(s.Kind, ".")
	title := []any{c.Text(t.Did + kind)}
	if text := t.changes(c, s.Changes); text != "" {
		title = append(title, text)
	}
	var body []any
	if link := c.EntryLink(c.Text("web.item.entry", s.Entry), s.Entry); link != nil {
		body = append(body, link)
	}
	if s.Part != "" && t.Part != nil {
		if link := t.Part(s.Part); link != nil {
			if len(body) > 0 {
				body = append(body, "·")
			}
			body = append(body, link)
		}
	}
	return web.Event{At: s.At, Icon: t.Icon(s.Kind), Title: title, By: NameOf(c, names, item.PersonOf(s.Actor)), Body: body}
}

// changes says what a step changed, for values that are no text of people. Where a
// state begins is no change.
func (t Telling) changes(c *web.Ctx, changes []item.Change) string {
	var parts []string
	for _, ch := range changes {
		from, to := t.value(c, ch.Field, ch.From), t.value(c, ch.Field, ch.To)
		what := t.Changed + ch.Field
		switch {
		case slices.Contains(t.Silent, ch.Field) || ch.Field == "state" && from == "":
		case from != "" && to != "" && from != to:
			parts = append(parts, c.Text("web.item.from_to", c.Text(what), from, to))
		case to != "":
			parts = append(parts, c.Text("web.item.to", c.Text(what), to))
		default:
			parts = append(parts, c.Text(what))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, "; ") + ")"
}

func (t Telling) value(c *web.Ctx, field, value string) string {
	if value == "" {
		return ""
	}
	return t.Value(c, field, value)
}

// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/gate"
)

// GateGroups describes a gate policy.
func GateGroups(p *gate.Policy) []Group {
	groups := []Group{{Name: "Answers", Settings: []Setting{
		{Name: "hold at most", Value: p.AnswerValid.String()}, {Name: "take at most", Value: p.TimeLimit.String()},
	}}}
	for _, row := range p.Rows {
		g := Group{Name: row.Kind + ", " + row.Action, Settings: []Setting{{"what it is", row.Title, string(row.Origin), row.Cites, ""}}}
		for _, d := range row.Requires {
			value := string(d.Mode)
			for _, name := range slices.Sorted(maps.Keys(d.With)) {
				value += ", " + name + " " + d.With[name]
			}
			g.Settings = append(g.Settings, Setting{d.Decision, value, string(d.Origin), d.Cites, ""})
		}
		groups = append(groups, g)
	}
	return groups
}

// CatalogGroups describes kinds and relations of subjects.
func CatalogGroups(k *catalog.Kinds) []Group {
	var groups []Group
	for _, kind := range k.Kinds {
		g := Group{Name: "Kind " + kind.Name, Settings: []Setting{{"title", kind.Title, string(kind.Origin), kind.Cites, kind.Description}}}
		for _, a := range kind.Attributes {
			g.Settings = append(g.Settings, Setting{a.Name, attributeWords(a), string(a.Origin), a.Cites, a.Description})
		}
		groups = append(groups, g)
	}
	relations := Group{Name: "Relations", Settings: []Setting{}}
	for _, r := range k.Relations {
		relations.Settings = append(relations.Settings, Setting{r.Name, r.Title + "; " + r.Inverse, string(r.Origin), "", ""})
	}
	return append(groups, relations)
}

func attributeWords(a catalog.Attribute) string {
	words := a.Title
	switch {
	case a.Refers != "":
		words += ": name of a " + a.Refers
	case len(a.Allowed) > 0:
		words += ": " + strings.Join(a.Allowed, ", ")
	}
	if a.Required {
		words += " (required)"
	}
	return words
}

// ContentGroups describes what may be attached and how long things are kept. All
// of it is chosen; its file marks nothing.
func ContentGroups(s *content.Settings) []Group {
	kept := Group{Name: "Retention", Settings: []Setting{{Name: "drafts", Value: "kept for " + s.Drafts.Keep.String(), Origin: "chosen"}}}
	for _, r := range s.Retention {
		kept.Settings = append(kept.Settings, Setting{Name: r.What + "s of " + r.Of, Value: "erased after " + r.Keep.String(), Origin: "chosen"})
	}
	return []Group{{Name: "Attachments", Settings: []Setting{
		{Name: "largest file", Value: s.Attachments.MaxSize.String(), Origin: "chosen"},
		{Name: "of one item at most", Value: fmt.Sprint(s.Attachments.MaxPerItem), Origin: "chosen"},
		{Name: "kinds", Value: strings.Join(s.Attachments.Kinds, ", "), Origin: "chosen"},
	}}, kept}
}

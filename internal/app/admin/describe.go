// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// Words gives the text of a message, as [web.Mux.Text] does. With it policies are
// described.
type Words func(key string, args ...any) string

// GateGroups describes a gate policy.
func (w Words) GateGroups(p *gate.Policy) []Group {
	groups := []Group{{Name: w("admin.policy.answers"), Settings: []Setting{
		{Name: w("admin.policy.answer_valid"), Value: p.AnswerValid.String()}, {Name: w("admin.policy.time_limit"), Value: p.TimeLimit.String()},
	}}}
	for _, row := range p.Rows {
		g := Group{Name: w.comma([]string{row.Kind, row.Action}), Settings: []Setting{{w("admin.policy.what"), row.Title, string(row.Origin), row.Cites, ""}}}
		for _, d := range row.Requires {
			value := []string{w("gate.mode_" + string(d.Mode))}
			for _, name := range slices.Sorted(maps.Keys(d.With)) {
				value = append(value, name+" "+d.With[name])
			}
			g.Settings = append(g.Settings, Setting{d.Decision, w.comma(value), string(d.Origin), d.Cites, ""})
		}
		groups = append(groups, g)
	}
	return groups
}

// CatalogGroups describes kinds and relations of subjects.
func (w Words) CatalogGroups(k *catalog.Kinds) []Group {
	var groups []Group
	for _, kind := range k.Kinds {
		g := Group{Name: w("admin.policy.kind", kind.Name), Settings: []Setting{{w("admin.policy.title"), kind.Title, string(kind.Origin), kind.Cites, kind.Description}}}
		for _, a := range kind.Attributes {
			g.Settings = append(g.Settings, Setting{a.Name, w.attribute(a), string(a.Origin), a.Cites, a.Description})
		}
		groups = append(groups, g)
	}
	relations := Group{Name: w("admin.policy.relations"), Settings: []Setting{}}
	for _, r := range k.Relations {
		relations.Settings = append(relations.Settings, Setting{r.Name, w.semicolon([]string{r.Title, r.Inverse}), string(r.Origin), "", ""})
	}
	return append(groups, relations)
}

func (w Words) attribute(a catalog.Attribute) string {
	words := a.Title
	switch {
	case a.Refers != "":
		words = w("admin.policy.attribute_refers", a.Title, a.Refers)
	case len(a.Allowed) > 0:
		words = w("admin.policy.attribute_allowed", a.Title, w.comma(a.Allowed))
	}
	if a.Required {
		words = w("admin.policy.attribute_required", words)
	}
	return words
}

// RankGroups describes the ranks, the lowest first.
func (w Words) RankGroups(ranks []Setting) []Group {
	return []Group{{Name: w("admin.policy.ranks"), Settings: ranks}}
}

// ContentGroups describes what may be attached and how long things are kept. All
// of it is chosen; its file marks nothing.
func (w Words) ContentGroups(s *content.Settings) []Group {
	chosen := string(matrix.Chosen)
	kept := Group{Name: w("admin.policy.retention"), Settings: []Setting{{Name: w("admin.policy.drafts"), Value: w("admin.policy.kept", w.length(s.Drafts.Keep)), Origin: chosen}}}
	for _, r := range s.Retention {
		kept.Settings = append(kept.Settings, Setting{Name: w("admin.policy.retention_"+r.What, r.Of), Value: w("admin.policy.erased", w.length(r.Keep)), Origin: chosen})
	}
	return []Group{{Name: w("admin.policy.attachments"), Settings: []Setting{
		{Name: w("admin.policy.max_size"), Value: s.Attachments.MaxSize.String(), Origin: chosen},
		{Name: w("admin.policy.max_per_item"), Value: fmt.Sprint(s.Attachments.MaxPerItem), Origin: chosen},
		{Name: w("admin.policy.kinds"), Value: strings.Join(s.Attachments.Kinds, ", "), Origin: chosen},
	}}, kept}
}

// rated is a rating in the words of the register.
func (w Words) rated(r matrix.Rating) string { return w("risk.rated_" + string(r)) }

// length is a duration in days, if it is so many whole ones.
func (w Words) length(d config.Duration) string {
	const day = 24 * time.Hour
	if d.Std()%day == 0 {
		return w("admin.policy.days", int(d.Std()/day))
	}
	return d.String()
}

// comma and semicolon join what stands beside each other without an "and".
func (w Words) comma(words []string) string     { return strings.Join(words, ", ") }
func (w Words) semicolon(words []string) string { return strings.Join(words, "; ") }

// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"fmt"
	"slices"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// FactsRule says which inputs of a risk follow from its subject.
type FactsRule struct {
	Stated        []StatedFact   `yaml:"stated"`
	Compared      []ComparedFact `yaml:"compared"`
	config.Source `yaml:",inline"`
}

// StatedFact takes the value of an attribute as the least that an input may be.
type StatedFact struct {
	Kind      string            `yaml:"kind"` // of subject
	Attribute string            `yaml:"attribute"`
	Input     string            `yaml:"input"`  // data, direction, access or volume
	Values    map[string]string `yaml:"values"` // values of the attribute that are called otherwise as an input
}

// value returns what a value of the attribute is as a value of the input. What is
// not known counts as the worst.
func (f StatedFact) value(attribute string) string {
	if named, ok := f.Values[attribute]; ok {
		return named
	}
	known := matrix.Values(f.Input)
	if !slices.Contains(known, attribute) && len(known) > 0 {
		return known[len(known)-1]
	}
	return attribute
}

// ComparedFact compares two subjects that attributes name.
type ComparedFact struct {
	Kind      string   `yaml:"kind"` // of subject
	From      string   `yaml:"from"` // attributes that name two subjects
	To        string   `yaml:"to"`
	Of        string   `yaml:"of"`         // kind of these two
	Attribute string   `yaml:"attribute"`  // of theirs, by which they are compared
	Order     []string `yaml:"order"`      // its values, the most trusted first
	Differs   string   `yaml:"differs"`    // input that holds if the two differ; empty: none
	Falls     string   `yaml:"falls"`      // input that holds if the second is trusted less; empty: none
	FallsFrom []string `yaml:"falls_from"` // and the first has one of these values; empty: any
}

// compare returns whether the two values differ, and whether the second falls
// below the first. A value that is not known counts as the worst: as a first one
// it is trusted most, as a second one least.
func (f ComparedFact) compare(from, to string) (differs, falls bool) {
	a, b := slices.Index(f.Order, from), slices.Index(f.Order, to)
	known := a >= 0
	if b < 0 {
		b = len(f.Order)
	}
	falls = b > max(a, 0) && (!known || len(f.FallsFrom) == 0 || slices.Contains(f.FallsFrom, from))
	return a != b, falls
}

func (c *policyCheck) facts(r FactsRule) {
	seen := map[[2]string]bool{}
	for i, f := range r.Stated {
		at := fmt.Sprintf("facts.stated[%d]", i)
		values := matrix.Values(f.Input)
		if values == nil {
			c.add(at+".input", "must be data, direction, access or volume")
		}
		if f.Kind == "" || f.Attribute == "" {
			c.add(at, "must name a kind of subject and an attribute of it")
		}
		if seen[[2]string{f.Kind, f.Input}] {
			c.add(at+".input", "follows from another attribute of this kind already")
		}
		seen[[2]string{f.Kind, f.Input}] = true
		for _, word := range f.Values {
			if !slices.Contains(values, word) {
				c.add(at+".values", "must lead to values of the input %s", f.Input)
				break
			}
		}
	}
	for i, f := range r.Compared {
		c.compared(fmt.Sprintf("facts.compared[%d]", i), f)
	}
}

func (c *policyCheck) compared(at string, f ComparedFact) {
	if slices.Contains([]string{f.Kind, f.From, f.To, f.Of, f.Attribute}, "") {
		c.add(at, "must name kind, from, to, of and attribute")
	}
	if len(f.Order) < 2 || len(item.Distinct(f.Order)) != len(f.Order) {
		c.add(at+".order", "must have at least two values, each once, the most trusted first")
	}
	if f.Differs == "" && f.Falls == "" {
		c.add(at, "must say with differs or falls which input follows")
	}
	for field, input := range map[string]string{"differs": f.Differs, "falls": f.Falls} {
		if input != "" && !new(matrix.Facts).Hold(input) {
			c.add(at+"."+field, "must be crosses_boundary or lower_trust")
		}
	}
	for _, value := range f.FallsFrom {
		if !slices.Contains(f.Order, value) {
			c.add(at+".falls_from", "must hold values that stand in order")
			break
		}
	}
}

// Unfit lists where the facts of the policy do not fit the kinds of subject: app
// refuses such a pair, because an attribute that nobody has says nothing.
func (p *RiskPolicy) Unfit(kinds *catalog.Kinds) []fault.Field {
	u := &unfit{kinds: kinds}
	for i, f := range p.Facts.Stated {
		at := fmt.Sprintf("facts.stated[%d]", i)
		if a, ok := u.attribute(at, "kind", f.Kind, "attribute", f.Attribute); ok {
			u.covers(at+".attribute", a, func(v string) bool {
				_, renamed := f.Values[v]
				return renamed || slices.Contains(matrix.Values(f.Input), v)
			}, "input "+f.Input)
		}
	}
	for i, f := range p.Facts.Compared {
		at := fmt.Sprintf("facts.compared[%d]", i)
		for field, name := range map[string]string{"from": f.From, "to": f.To} {
			if a, ok := u.attribute(at, "kind", f.Kind, field, name); ok && a.Refers != f.Of {
				u.add(at+"."+field, "does not refer to a subject of the kind "+f.Of)
			}
		}
		if a, ok := u.attribute(at, "of", f.Of, "attribute", f.Attribute); ok {
			u.covers(at+".attribute", a, func(v string) bool { return slices.Contains(f.Order, v) }, "order")
		}
	}
	return u.fields
}

// unfit collects where policy and kinds differ.
type unfit struct {
	kinds  *catalog.Kinds
	fields []fault.Field
}

func (u *unfit) add(path, message string) {
	u.fields = append(u.fields, fault.Field{Path: path, Code: "risk.unfit", Message: message})
}

// attribute finds an attribute of a kind, by their names in those fields.
func (u *unfit) attribute(at, kindField, kind, field, name string) (catalog.Attribute, bool) {
	k, ok := u.kinds.Kind(kind)
	if !ok {
		var known []string
		for _, k := range u.kinds.Kinds {
			known = append(known, k.Name)
		}
		u.add(at+"."+kindField, "is not a kind of subject; the nearest is "+config.Nearest(kind, known))
		return catalog.Attribute{}, false
	}
	i := slices.IndexFunc(k.Attributes, func(a catalog.Attribute) bool { return a.Name == name })
	if i < 0 {
		var known []string
		for _, a := range k.Attributes {
			known = append(known, a.Name)
		}
		u.add(at+"."+field, "is not an attribute of the kind "+kind+"; the nearest is "+config.Nearest(name, known))
		return catalog.Attribute{}, false
	}
	return k.Attributes[i], true
}

// covers notes an attribute whose values are not all known to where they go.
func (u *unfit) covers(at string, a catalog.Attribute, known func(string) bool, where string) {
	switch {
	case len(a.Allowed) == 0:
		u.add(at, "is free text; a fact needs an attribute with a list of allowed values")
	case slices.ContainsFunc(a.Allowed, func(v string) bool { return !known(v) }):
		u.add(at, "allows values that "+where+" does not have")
	}
}

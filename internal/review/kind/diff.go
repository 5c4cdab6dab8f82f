// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Change is what became of a part of a kind.
type Change string

// The changes.
const (
	Added   Change = "added"
	Removed Change = "removed"
	Changed Change = "changed"
)

// Part says which part of a kind a [Difference] is about.
type Part string

// The parts.
const (
	PartKind    Part = "kind" // the kind itself; Name is empty
	PartSection Part = "section"
	PartField   Part = "field"
	PartOpinion Part = "opinion"
)

// Difference is one thing in which two versions of a kind differ.
type Difference struct {
	Change Change `json:"change" enum:"added,removed,changed"`
	Part   Part   `json:"part" enum:"kind,section,field,opinion"`
	Name   string `json:"name,omitempty" doc:"of the field, its aspect or title"`
	Key    string `json:"key,omitempty" doc:"what changed, as the file calls it"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// String tells the difference in one line: "field target_date: required no -> yes".
func (d Difference) String() string {
	about := string(d.Part)
	if d.Name != "" {
		about += " " + d.Name
	}
	if d.Change != Changed {
		return about + " " + string(d.Change)
	}
	return fmt.Sprintf("%s: %s %s -> %s", about, d.Key, orNothing(d.Before), orNothing(d.After))
}

func orNothing(text string) string {
	if text == "" {
		return "nothing"
	}
	return text
}

// Diff lists in what two versions of a kind differ: the kind itself, then its
// opinions, sections and fields. It is empty if and only if nothing that the files
// say differs. A field is known by its name, a section by its title, an opinion by
// its aspect.
func Diff(old, new *Kind) []Difference {
	all := changes(PartKind, "", old.facts(), new.facts())
	all = append(all, compareLists(PartOpinion, old.Opinions, new.Opinions,
		func(o Opinion) string { return o.Aspect }, Opinion.facts)...)
	all = append(all, compareLists(PartSection, old.Sections, new.Sections,
		func(s Section) string { return s.Title }, Section.facts)...)
	return append(all, compareLists(PartField, old.placed(), new.placed(),
		func(f placed) string { return f.Name }, placed.facts)...)
}

// fact is a key of the file and its value, in one line.
type fact struct{ key, value string }

func (k *Kind) facts() []fact {
	return []fact{
		{"name", k.Name}, {"title", k.Title}, {"summary", k.Summary}, {"force", string(k.Force)},
		{"sketch", yesNo(k.Sketch)}, {"technologies", yesNo(k.Technologies)}, {"scenarios", strconv.Itoa(k.Scenarios)},
		{"second_reader", yesNo(k.SecondReader)}, {"decided_by", k.DecidedBy}, {"lasts", k.Lasts.String()},
		{"effort", strconv.FormatFloat(k.Effort, 'g', -1, 64)}, {"skills", strings.Join(k.Skills, ", ")},
		{"origin", string(k.Origin)}, {"cites", k.Cites}, {"why", k.Why},
	}
}

func (o Opinion) facts() []fact {
	return []fact{{"title", o.Title}, {"guidance", o.Guidance}, {"cites", o.Cites}}
}

func (s Section) facts() []fact { return []fact{{"summary", s.Summary}, {"cites", s.Cites}} }

// placed is a field with the title of its section.
type placed struct {
	Field
	section string
}

func (k *Kind) placed() []placed {
	var all []placed
	for _, s := range k.Sections {
		for _, f := range s.Fields {
			all = append(all, placed{f, s.Title})
		}
	}
	return all
}

func (f placed) facts() []fact {
	choices := make([]string, len(f.Choices))
	for i, c := range f.Choices {
		choices[i] = c.Value + " (" + c.Label + ")"
	}
	return []fact{
		{"section", f.section}, {"label", f.Label}, {"type", string(f.Type)}, {"required", yesNo(f.Required)},
		{"choices", strings.Join(choices, ", ")}, {"when", f.When.String()}, {"guidance", f.Guidance},
		{"example", f.Example}, {"weak", weakText(f.Weak)}, {"cites", f.Cites},
	}
}

// String tells the condition in one line, nothing if there is none.
func (c *Condition) String() string {
	if c == nil {
		return ""
	}
	if len(c.Is) > 0 {
		return c.key() + " is " + strings.Join(c.Is, " or ")
	}
	return c.key() + " is not " + strings.Join(c.Not, " or ")
}

func weakText(all []Weak) string {
	if len(all) == 0 {
		return ""
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err.Error() // texts always marshal
	}
	return string(text)
}

func yesNo(b bool) string {
	if b {
		return Yes
	}
	return No
}

func changes(part Part, name string, old, new []fact) []Difference {
	var all []Difference
	for i, f := range old {
		if f.value != new[i].value {
			all = append(all, Difference{Changed, part, name, f.key, f.value, new[i].value})
		}
	}
	return all
}

// compareLists compares two lists of parts that have names: what is gone, what is
// there anew or otherwise, and whether what is in both stands in another order.
func compareLists[T any](part Part, old, new []T, name func(T) string, facts func(T) []fact) []Difference {
	find := func(list []T, wanted string) int {
		return slices.IndexFunc(list, func(v T) bool { return name(v) == wanted })
	}
	var all []Difference
	var before, after []string
	for _, o := range old {
		if find(new, name(o)) < 0 {
			all = append(all, Difference{Change: Removed, Part: part, Name: name(o)})
			continue
		}
		before = append(before, name(o))
	}
	for _, n := range new {
		i := find(old, name(n))
		if i < 0 {
			all = append(all, Difference{Change: Added, Part: part, Name: name(n)})
			continue
		}
		after = append(after, name(n))
		all = append(all, changes(part, name(n), facts(old[i]), facts(n))...)
	}
	if !slices.Equal(before, after) {
		all = append(all, Difference{Changed, PartKind, "", "order of " + string(part) + "s", strings.Join(before, ", "), strings.Join(after, ", ")})
	}
	return all
}

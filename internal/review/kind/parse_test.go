// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
)

const smallKind = `
name: small
title: Small
summary: As little as a kind can be.
force: advisory
origin: chosen
sections:
  - title: One
    fields:
      - {name: new, label: Is it new?, type: yes_no}
      - name: trust
        label: How far is it trusted?
        type: choice
        choices: [{value: low, label: Low}, {value: high, label: High}]
      - {name: before, label: Before, type: line, when: {field: new, is: ["no"]}}
      - {name: after, label: After, type: line, when: {field: trust, not: [high]}}
`

func TestParse(t *testing.T) {
	k, err := Parse("small.yaml", []byte(smallKind))
	if err != nil {
		t.Fatal(err, fault.From(err).Fields)
	}
	if f, ok := k.Field("before"); !ok || f.When.Is[0] != No {
		t.Errorf("%+v", f)
	}
}

// What cannot work is refused, and named by its line and path.
func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string // replaced in smallKind
		path     string
		line     int
	}{
		"not a slug":               {"name: small", "name: Small kind", "name", 2},
		"no title":                 {"title: Small", "title: ''", "title", 3},
		"force unknown":            {"force: advisory", "force: blocking", "force", 5},
		"no origin":                {"origin: chosen", "why: none", "origin", 2},
		"unknown key":              {"force: advisory", "force: advisory\nforces: many", "forces", 6},
		"negative scenarios":       {"force: advisory", "force: advisory\nscenarios: -1", "scenarios", 6},
		"too much effort":          {"force: advisory", "force: advisory\neffort: 366", "effort", 6},
		"aspect twice":             {"force: advisory", "force: advisory\nopinions: [{aspect: legal, title: A}, {aspect: legal, title: B}]", "opinions[1].aspect", 6},
		"skill twice":              {"force: advisory", "force: advisory\nskills: [a, a]", "skills[1]", 6},
		"a sketch asks for little": {"force: advisory", "force: advisory\nsketch: true", "sketch", 6},
		"field twice":              {"name: before", "name: new", "sections[0].fields[2].name", 15},
		"field named for a list":   {"name: before", "name: scenarios", "sections[0].fields[2].name", 15},
		"no such type":             {"label: Before, type: line", "label: Before, type: essay", "sections[0].fields[2].type", 15},
		"a later field":            {"when: {field: new", "when: {field: after", "sections[0].fields[2].when.field", 15},
		"itself":                   {"when: {field: new", "when: {field: before", "sections[0].fields[2].when.field", 15},
		"words are not compared":   {"when: {field: trust, not: [high]}", "when: {field: before, is: [x]}", "sections[0].fields[3].when.field", 16},
		"an impossible value":      {`is: ["no"]`, "is: [low]", "sections[0].fields[2].when.is[0]", 15},
		"neither is nor not":       {`, is: ["no"]`, "", "sections[0].fields[2].when", 15},
		"is and not":               {`is: ["no"]`, `is: ["no"], not: ["yes"]`, "sections[0].fields[2].when", 15},
		"field and question":       {"{field: new,", "{field: new, question: what,", "sections[0].fields[2].when", 15},
		"one choice":               {", {value: high, label: High}", "", "sections[0].fields[1].choices", 14},
		"choice twice":             {"value: high", "value: low", "sections[0].fields[1].choices[1].value", 14},
		"choices of a line":        {"label: Before,", "label: Before, choices: [{value: a, label: A}],", "sections[0].fields[2].choices", 15},
		"required without help":    {"label: Before,", "label: Before, required: true,", "sections[0].fields[2].guidance", 15},
		"weak without words":       {"label: Before,", "label: Before, weak: [{words: ['?'], because: B}],", "sections[0].fields[2].weak[0].words[0]", 15},
		"no fields":                {"- title: One", "- {title: Zero, fields: []}\n  - title: One", "sections[0].fields", 8},
		"label too long":           {"label: Before", "label: " + strings.Repeat("b", maxLabel+1), "sections[0].fields[2].label", 15},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(smallKind, c.old, c.new, 1)
			if text == smallKind {
				t.Fatal("nothing was replaced")
			}
			_, err := Parse("small.yaml", []byte(text))
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v", err)
			}
			fields := fault.From(err).Fields
			if len(fields) == 0 || fields[0].Path != c.path || !strings.HasPrefix(fields[0].Message, fmt.Sprintf("line %d: ", c.line)) {
				t.Errorf("want %s on line %d, got %+v", c.path, c.line, fields)
			}
		})
	}
}

// A kind has bounds, whatever is written.
func TestParseBounds(t *testing.T) {
	field := func(i int) string { return fmt.Sprintf("      - {name: f%d, label: L, type: line}\n", i) }
	var many, sections strings.Builder
	many.WriteString("  - title: Many\n    fields:\n")
	for i := range MaxFields {
		many.WriteString(field(i))
	}
	for i := range MaxSections {
		fmt.Fprintf(&sections, "  - title: S%d\n    fields:\n%s", i, field(i))
	}
	for name, c := range map[string]struct{ more, path string }{
		"fields":   {many.String(), "sections[1].fields"},
		"sections": {sections.String(), "sections"},
	} {
		_, err := Parse("k.yaml", []byte(smallKind+c.more))
		if fields := fault.From(err).Fields; len(fields) != 1 || fields[0].Path != c.path {
			t.Errorf("%s: %+v", name, fields)
		}
	}
	if _, err := Parse("k.yaml", []byte(smallKind+"#"+strings.Repeat("x", MaxBytes))); !fault.HasCode(err, CodeTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestAgainst(t *testing.T) {
	k, err := Parse("k.yaml", []byte(smallKind+`
      - {name: a, label: A, type: line, when: {question: merged, is: [merged]}}
      - {name: b, label: B, type: line, when: {question: merged, is: [perhaps]}}
      - {name: c, label: C, type: line, when: {question: merge, is: [merged]}}
`))
	if err != nil {
		t.Fatal(err, fault.From(err).Fields)
	}
	var paths []string
	for _, f := range k.Against(shippedPreScreen(t)) {
		paths = append(paths, f.Path)
	}
	if diff := cmp.Diff([]string{"sections[0].fields[5].when.is[0]", "sections[0].fields[6].when.question"}, paths); diff != "" {
		t.Error(diff)
	}
}

// Whatever is written, it is refused with a fault or it is a kind that can be used.
func FuzzParse(f *testing.F) {
	f.Add([]byte(smallKind), "no?")
	f.Add([]byte("name: [x]"), "")
	f.Add([]byte("sections: [{fields: [{when: {}}]}]"), "n/a")
	for _, name := range ShippedNames() {
		data, err := ShippedYAML(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "none, hopefully")
	}
	weak := shippedWeak(f)
	f.Fuzz(func(t *testing.T, data []byte, answer string) {
		k, err := Parse("kind.yaml", data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("not Invalid: %v", err)
			}
			return
		}
		answers := map[string]string{}
		for _, field := range k.Fields() {
			answers[field.Name] = answer
		}
		k.Check(answers)
		k.Shortfalls(answers, []Technology{{Name: answer}}, []Scenario{{Title: answer}}, weak)
		if d := Diff(k, k); len(d) > 0 {
			t.Errorf("differs from itself: %v", d)
		}
		if e := Compare(k, k, answers); len(e.Required)+len(e.Asked) > 0 {
			t.Errorf("moved to itself: %+v", e)
		}
	})
}

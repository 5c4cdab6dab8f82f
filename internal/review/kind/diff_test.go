// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/config"
)

// anyKind draws a kind that Validate finds usable.
func anyKind(t *rapid.T) *Kind {
	k := &Kind{
		Name: "k", Title: rapid.SampledFrom([]string{"A", "B"}).Draw(t, "title"), Summary: "S",
		Force: rapid.SampledFrom(Forces()).Draw(t, "force"), Scenarios: rapid.IntRange(0, 2).Draw(t, "scenarios"),
		Source: config.Source{Origin: config.Chosen},
	}
	for _, aspect := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"legal", "security"}), 0, 2, rapid.ID).Draw(t, "aspects") {
		k.Opinions = append(k.Opinions, Opinion{Aspect: aspect, Title: aspect})
	}
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}), 1, 6, rapid.ID).Draw(t, "names")
	var earlier []string
	for i, name := range names {
		f := Field{Name: name, Label: name, Type: rapid.SampledFrom([]Type{YesNo, Line, Text}).Draw(t, "type"), Guidance: "G", Example: "E"}
		f.Required = rapid.Bool().Draw(t, "required")
		if len(earlier) > 0 && rapid.Bool().Draw(t, "conditional") {
			f.When = &Condition{Field: rapid.SampledFrom(earlier).Draw(t, "on")}
			value := []string{rapid.SampledFrom([]string{Yes, No}).Draw(t, "value")}
			if rapid.Bool().Draw(t, "is") {
				f.When.Is = value
			} else {
				f.When.Not = value
			}
		}
		if f.Type == YesNo {
			earlier = append(earlier, name)
		}
		if i == 0 || rapid.Bool().Draw(t, "new section") {
			k.Sections = append(k.Sections, Section{Title: fmt.Sprintf("S%d", len(k.Sections))})
		}
		last := &k.Sections[len(k.Sections)-1]
		last.Fields = append(last.Fields, f)
	}
	if wrong := k.Validate(); len(wrong) > 0 {
		t.Fatalf("drawn wrongly: %+v", wrong)
	}
	return k
}

func anyAnswers(t *rapid.T) map[string]string {
	return rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}), rapid.SampledFrom([]string{Yes, No, "", " ", "words"})).Draw(t, "answers")
}

// A kind differs from itself in nothing, and two that differ in nothing are equal.
func TestDiffIsEmptyForEqualKinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyKind(t), anyKind(t)
		if d := Diff(a, a); len(d) > 0 {
			t.Fatalf("differs from itself: %v", d)
		}
		if equal, d := cmp.Equal(a, b, cmpopts.EquateEmpty()), Diff(a, b); equal != (len(d) == 0) {
			t.Fatalf("equal %v, differences %v", equal, d)
		}
	})
}

// A field is asked if and only if its condition holds on what is asked itself.
func TestAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, answers := anyKind(t), anyAnswers(t)
		asked := k.Asked(answers)
		isAsked := func(name string) bool {
			return slices.ContainsFunc(asked, func(f Field) bool { return f.Name == name })
		}
		for _, f := range k.Fields() {
			want := f.When == nil
			if !want && isAsked(f.When.Field) {
				answer := answers[f.When.Field]
				said := answer != "" && answer != " "
				want = said && (slices.Contains(f.When.Is, answer) || len(f.When.Not) > 0 && !slices.Contains(f.When.Not, answer))
			}
			if isAsked(f.Name) != want {
				t.Fatalf("%s asked %v, want %v", f.Name, !want, want)
			}
		}
		for _, s := range k.Shortfalls(answers, nil, nil, nil) {
			if s.Field != FieldScenarios && !isAsked(s.Field) {
				t.Fatalf("%+v, and it is not asked", s)
			}
		}
	})
}

// A condition on the pre-screen looks at its answers.
func TestAskedOfThePreScreen(t *testing.T) {
	k := &Kind{Sections: []Section{{Fields: []Field{{Name: "host", When: &Condition{Question: "runs", Is: []string{"third_party"}}}}}}}
	form := map[string]string{"runs": "third_party"} // an answer of the form by that name is another one
	for answer, want := range map[string]int{"third_party": 1, "cloud": 0, "": 0} {
		if got := k.Asked(WithPreScreen(form, map[string]string{"runs": answer})); len(got) != want {
			t.Errorf("%q: %+v", answer, got)
		}
	}
}

func TestDiff(t *testing.T) {
	old := parse(t, smallKind)
	for name, c := range map[string]struct {
		change func(*Kind)
		want   []string
	}{
		"force":   {func(k *Kind) { k.Force = Required }, []string{"kind: force advisory -> required"}},
		"cites":   {func(k *Kind) { k.Cites = "T1" }, []string{"kind: cites nothing -> T1"}},
		"removed": {func(k *Kind) { k.Sections[0].Fields = k.Sections[0].Fields[:3] }, []string{"field after removed"}},
		"added": {func(k *Kind) { k.Sections[0].Fields = append(k.Sections[0].Fields, Field{Name: "more"}) },
			[]string{"field more added"}},
		"required": {func(k *Kind) { k.Sections[0].Fields[3].Required = true }, []string{"field after: required no -> yes"}},
		"choices": {func(k *Kind) { k.Sections[0].Fields[1].Choices = k.Sections[0].Fields[1].Choices[:1] },
			[]string{"field trust: choices low (Low), high (High) -> low (Low)"}},
		"condition": {func(k *Kind) { k.Sections[0].Fields[2].When = nil }, []string{"field before: when new is no -> nothing"}},
		"order": {func(k *Kind) { slices.Reverse(k.Sections[0].Fields) },
			[]string{"kind: order of fields new, trust, before, after -> after, before, trust, new"}},
		"section": {func(k *Kind) { k.Sections[0].Title = "Two" }, []string{
			"section One removed", "section Two added",
			"field new: section One -> Two", "field trust: section One -> Two",
			"field before: section One -> Two", "field after: section One -> Two",
		}},
		"opinion": {func(k *Kind) { k.Opinions = []Opinion{{Aspect: "legal"}} }, []string{"opinion legal added"}},
		"weak": {func(k *Kind) { k.Sections[0].Fields[2].Weak = []Weak{{Words: []string{"x"}, Because: "B"}} },
			[]string{`field before: weak nothing -> [{"words":["x"],"because":"B"}]`}},
	} {
		changed := parse(t, smallKind)
		c.change(changed)
		var got []string
		for _, d := range Diff(old, changed) {
			got = append(got, d.String())
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func parse(t *testing.T, text string) *Kind {
	t.Helper()
	k, err := Parse("k.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// What becomes of a draft when its kind changes under it.
func TestCompare(t *testing.T) {
	old, now := parse(t, smallKind), parse(t, smallKind)
	fields := now.Sections[0].Fields
	fields[0].Label = "Is it brand-new?"
	fields[1].Choices = []Option{{"middle", "Middle"}, {"high", "High"}}
	fields[3].Name, fields[3].When, fields[3].Required = "later", nil, true
	fields[2].Required = true
	answers := map[string]string{"new": "no", "trust": "low", "after": "words"}
	want := Effect{
		Fits: []string{"new"}, Reworded: []string{"new"},
		Lost: []Kept{
			{"trust", "How far is it trusted?", "low", "The answer does not fit any more. Choose one of middle, high."},
			{"after", "After", "words", "The form has no such field any more."},
		},
		Asked: []string{"later"}, Required: []string{"before", "later"},
	}
	if diff := cmp.Diff(want, Compare(old, now, answers)); diff != "" {
		t.Error(diff)
	}
	fields[0].Type = Line // so that nothing hangs on it
	fields[3].When = &Condition{Field: "trust", Is: []string{"middle"}}
	fields[3].Name = "after"
	got := Compare(old, now, map[string]string{"trust": "low", "after": "words"})
	if len(got.Lost) != 2 || got.Lost[1].Why != "This is not asked any more, given the other answers." {
		t.Errorf("%+v", got)
	}
}

// Moving a draft to the version that it has changes nothing.
func TestCompareWithItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, answers := anyKind(t), anyAnswers(t)
		for name := range answers {
			if f, ok := k.Field(name); ok {
				if code, _ := f.check(answers[name]); code != "" {
					delete(answers, name)
				}
			}
		}
		e := Compare(k, k, answers)
		if len(e.Lost)+len(e.Reworded)+len(e.Asked)+len(e.Required) > 0 {
			t.Fatalf("%+v", e)
		}
	})
}

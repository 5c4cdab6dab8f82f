// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
)

func TestCheckOfAnAnswer(t *testing.T) {
	choices := []Option{{"low", "Low"}, {"high", "High"}}
	for _, c := range []struct {
		typ    Type
		answer string
		want   string
	}{
		{Line, "one", ""},
		{Line, "one\ntwo", "one_line"},
		{Line, strings.Repeat("ä", MaxLine), ""},
		{Line, strings.Repeat("a", MaxLine+1), "too_long"},
		{Text, "one\ntwo", ""},
		{Text, strings.Repeat("a", MaxText+1), "too_long"},
		{Person, strings.Repeat("a", MaxPerson+1), "too_long"},
		{Date, "2026-12-23", ""},
		{Date, " 2026-Q4 ", ""},
		{Date, "2026-12", ""},
		{Date, "2026", ""},
		{Date, "2026-02-30", "date"},
		{Date, "2026-13", "date"},
		{Date, "2026-Q5", "date"},
		{Date, "0026", "date"},
		{Date, "soon", "date"},
		{YesNo, "yes", ""},
		{YesNo, "no?", "choice"},
		{YesNo, "Yes", "choice"},
		{Choice, "low", ""},
		{Choice, "Low", "choice"},
		{Number, "12", ""},
		{Number, "2.5", ""},
		{Number, "-1", "number"},
		{Number, "1e3", "number"},
		{Number, "NaN", "number"},
		{Link, "https://example.org/a?b=c#d", ""},
		{Link, "http://example.org", ""},
		{Link, "javascript:alert(1)", "link"},
		{Link, "//example.org", "link"},
		{Link, "https://", "link"},
		{Link, "https://:80", "link"},
		{Link, "https://user:secret@example.org", "link"},
		{Link, "https://example.org two", "link"},
		{Link, "n/a", "link"},
		{Link, "https://example.org/" + strings.Repeat("a", MaxLink), "too_long"},
		{Links, "n/a", ""},
		{Links, strings.Repeat("a\n", MaxLinks+1), "too_many"},
		{List, strings.Repeat("a\n", MaxList+1), "too_many"},
		{List, "a\n" + strings.Repeat("b", MaxLine+1), "too_long"},
		{Choice, "  ", ""},
	} {
		code, message := Field{Type: c.typ, Choices: map[bool][]Option{true: choices}[c.typ == Choice]}.check(c.answer)
		if code != c.want || (code == "") != (message == "") {
			t.Errorf("%s %.40q: %q %q, want %q", c.typ, c.answer, code, message, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	k, err := Parse("small.yaml", []byte(smallKind))
	if err != nil {
		t.Fatal(err)
	}
	got := k.Check(map[string]string{
		"new": "perhaps", "befor": "x", PreScreenKey("what"): "new", "a\x00" + strings.Repeat("ä", 100): "x", "after": "",
	})
	var paths []string
	for _, f := range got {
		paths = append(paths, f.Path+" "+f.Code)
	}
	want := []string{"new choice", "a?" + strings.Repeat("ä", 78) + "... unknown", "befor unknown", "prescreen.what unknown"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Error(diff)
	}
	many := map[string]string{}
	for i := range 1000 {
		many[strings.Repeat("x", i)] = "y"
	}
	if n := len(k.Check(many)); n != fault.MaxFields+1 {
		t.Errorf("%d faults", n)
	}
}

func TestCheckLists(t *testing.T) {
	paths := func(all []fault.Field) []string {
		var paths []string
		for _, f := range all {
			paths = append(paths, f.Path)
		}
		return paths
	}
	technologies := []Technology{
		{Name: "Argo", State: Candidate}, {Name: "argo ", State: Chosen}, {Name: "", State: "perhaps"},
		{Name: "a\nb", Replaces: strings.Repeat("a", maxReplaces+1), State: Dropped},
	}
	want := []string{"[1].name", "[2].name", "[2].state", "[3].name", "[3].replaces"}
	if diff := cmp.Diff(want, paths(CheckTechnologies(technologies))); diff != "" {
		t.Error(diff)
	}
	scenarios := []Scenario{{Title: "A", Steps: "one\ntwo"}, {Who: "a\nb", Trust: strings.Repeat("a", maxTrust+1)}}
	if diff := cmp.Diff([]string{"[1].title", "[1].who", "[1].trust"}, paths(CheckScenarios(scenarios))); diff != "" {
		t.Error(diff)
	}
	if got := paths(CheckTechnologies(make([]Technology, MaxTechnologies+1))); len(got) != 1 {
		t.Error(got)
	}
	if got := paths(CheckScenarios(make([]Scenario, MaxScenarioCount+1))); len(got) != 1 {
		t.Error(got)
	}
}

// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// Whatever the shipped facts raise, the shipped rules never propose less for it.
func TestRaisingNeverLowersTheProposal(t *testing.T) {
	p := shipped(t)
	draw := func(t *rapid.T, name string) matrix.Inputs {
		return matrix.Inputs{
			Data: rapid.SampledFrom(matrix.AllData()).Draw(t, name+" data"), Direction: rapid.SampledFrom(matrix.AllDirections()).Draw(t, name+" direction"),
			Access: rapid.SampledFrom(matrix.AllAccess()).Draw(t, name+" access"), Volume: rapid.SampledFrom(matrix.AllVolumes()).Draw(t, name+" volume"),
			CrossesBoundary: rapid.Bool().Draw(t, name+" boundary"), LowerTrust: rapid.Bool().Draw(t, name+" lower"),
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		in := draw(t, "stated")
		raised := draw(t, "of the subject").Facts().Raise(in)
		before, after := p.Proposal.Propose(&p.Matrix, in).Inherent.Rating, p.Proposal.Propose(&p.Matrix, raised).Inherent.Rating
		if after.Level() < before.Level() {
			t.Fatalf("%+v is %s, raised to %+v it is %s", in, before, raised, after)
		}
	})
}

func TestCompare(t *testing.T) {
	f := ComparedFact{Order: []string{"production", "controlled", "outside"}, FallsFrom: []string{"production"}}
	for _, c := range []struct {
		from, to       string
		differs, falls bool
	}{
		{"production", "production", false, false},
		{"production", "controlled", true, true},
		{"controlled", "production", true, false},
		{"controlled", "outside", true, false}, // not from production
		{"production", "moon", true, true},     // what is not known is the worst
		{"moon", "outside", true, true},
		{"moon", "production", true, false},
	} {
		if differs, falls := f.compare(c.from, c.to); differs != c.differs || falls != c.falls {
			t.Errorf("from %s to %s: differs %v, falls %v", c.from, c.to, differs, falls)
		}
	}
	f.FallsFrom = nil
	if _, falls := f.compare("controlled", "outside"); !falls {
		t.Error("without falls_from, any fall counts")
	}
}

func TestStatedValues(t *testing.T) {
	f := StatedFact{Input: "data", Values: map[string]string{"secret": "sensitive"}}
	for value, want := range map[string]string{"public": "public", "secret": "sensitive", "cosmic": "sensitive"} {
		if got := f.value(value); got != want {
			t.Errorf("%s is %s, want %s", value, got, want)
		}
	}
}

func TestFactsAreStrict(t *testing.T) {
	text, err := os.ReadFile(DefaultPolicyFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown key", "falls_from:", "fals_from:", "falls_from"},
		{"no such input", "attribute: volume, input: volume", "attribute: volume, input: size", "facts.stated[3].input"},
		{"an input twice", "attribute: volume, input: volume", "attribute: volume, input: access", "facts.stated[3].input"},
		{"an input that is no list", "attribute: volume, input: volume", "attribute: volume, input: lower_trust", "facts.stated[3].input"},
		{"translated to nothing", "input: data}", "input: data, values: {secret: cosmic}}", "facts.stated[0].values"},
		{"without a kind", "kind: flow, attribute: volume", "attribute: volume", "facts.stated[3]"},
		{"one value is no order", "[production, controlled, community, outside]", "[production]", "facts.compared[0].order"},
		{"a value twice", "[production, controlled, community, outside]", "[production, production, outside]", "facts.compared[0].order"},
		{"falls to a list", "falls: lower_trust", "falls: data", "facts.compared[0].falls"},
		{"falls from nowhere", "falls_from: [production]", "falls_from: [moon]", "facts.compared[0].falls_from"},
		{"nothing follows", "differs: crosses_boundary\n      falls: lower_trust\n      ", "", "facts.compared[0]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := strings.Replace(string(text), c.old, c.new, 1)
			if changed == string(text) {
				t.Fatalf("%q does not stand in the file", c.old)
			}
			_, err := LoadPolicy("risk.yaml", []byte(changed))
			if !fault.Is(err, fault.Invalid) || !strings.Contains(words(err), c.want) {
				t.Errorf("%q is not in %q", c.want, words(err))
			}
		})
	}
}

func words(err error) string {
	f := fault.From(err)
	text := f.Message
	for _, field := range f.Fields {
		text += " " + field.Path + " " + field.Message
	}
	return text
}

func TestFactsFitTheKinds(t *testing.T) {
	kinds, err := catalog.DefaultKinds()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]fault.Field(nil), shipped(t).Unfit(kinds)); diff != "" {
		t.Errorf("the shipped policy does not fit the shipped kinds:\n%s", diff)
	}
	for name, c := range map[string]struct {
		change func(p *RiskPolicy)
		want   []string
	}{
		"kind":       {func(p *RiskPolicy) { p.Facts.Stated[0].Kind = "flaw" }, []string{"facts.stated[0].kind is not a kind of subject; the nearest is flow"}},
		"attribute":  {func(p *RiskPolicy) { p.Facts.Stated[0].Attribute = "data_clas" }, []string{"facts.stated[0].attribute is not an attribute of the kind flow; the nearest is data_class"}},
		"free text":  {func(p *RiskPolicy) { p.Facts.Stated[0].Attribute = "purpose" }, []string{"facts.stated[0].attribute is free text; a fact needs an attribute with a list of allowed values"}},
		"values":     {func(p *RiskPolicy) { p.Facts.Stated[0].Attribute = "access" }, []string{"facts.stated[0].attribute allows values that input data does not have"}},
		"order":      {func(p *RiskPolicy) { p.Facts.Compared[0].Order = []string{"production", "outside"} }, []string{"facts.compared[0].attribute allows values that order does not have"}},
		"no subject": {func(p *RiskPolicy) { p.Facts.Compared[0].To = "access" }, []string{"facts.compared[0].to does not refer to a subject of the kind realm"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := shipped(t)
			c.change(p)
			var got []string
			for _, f := range p.Unfit(kinds) {
				got = append(got, f.Path+" "+f.Message)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

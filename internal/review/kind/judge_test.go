// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// nothingSpecial are the answers of a new feature that touches nothing.
func nothingSpecial(with ...string) map[string]string {
	answers := map[string]string{
		"what": "new", "runs": "production", "lower_trust": No, "supplier": No,
		"others_code": No, "personal_data": No, "merged": "merged",
	}
	for i := 0; i < len(with); i += 2 {
		answers[with[i]] = with[i+1]
	}
	return answers
}

// What the shipped rules say, with the sources' own examples.
func TestJudgeShipped(t *testing.T) {
	p := shippedPreScreen(t)
	for name, c := range map[string]struct {
		answers map[string]string
		result  Result
		rule    string
		kinds   []string
		also    []string
	}{
		"a new production service":      {nothingSpecial(), Needed, "new-in-production", []string{"readiness"}, nil},
		"a routine change":              {nothingSpecial("what", "routine"), NotNeeded, "routine-change", nil, nil},
		"an app in the cloud realm":     {nothingSpecial("runs", "cloud"), NotNeeded, "cloud-realm", nil, nil},
		"a user script":                 {nothingSpecial("what", "own", "runs", "elsewhere"), NotNeeded, "own-tools", nil, nil},
		"infrastructure":                {nothingSpecial("what", "infrastructure"), NotNeeded, "infrastructure", nil, nil},
		"work in progress":              {nothingSpecial("merged", "unfinished"), Advice, "not-merged", []string{"advice"}, nil},
		"a merge that waits":            {nothingSpecial("merged", "blocked"), Needed, "new-in-production", []string{"readiness"}, nil},
		"production calls the cloud":    {nothingSpecial("runs", "cloud", "lower_trust", Yes), Needed, "production-to-lower-trust", []string{"concept"}, nil},
		"even by a routine change":      {nothingSpecial("what", "routine", "lower_trust", Yes), Needed, "production-to-lower-trust", []string{"concept"}, nil},
		"hosted by others":              {nothingSpecial("runs", "third_party"), Needed, "hosted-by-others", []string{"third-party-hosting"}, nil},
		"hosted by others, with people": {nothingSpecial("runs", "third_party", "personal_data", Yes), Needed, "hosted-by-others", []string{"third-party-hosting"}, []string{"privacy"}},
		"a new supplier":                {nothingSpecial("supplier", Yes), Needed, "new-supplier", []string{"supplier"}, []string{"readiness"}},
		"a new library":                 {nothingSpecial("what", "routine", "others_code", Yes), Needed, "code-of-others", []string{"third-party-code"}, nil},
		"a library of a cloud app":      {nothingSpecial("runs", "cloud", "others_code", Yes), NotNeeded, "cloud-realm", nil, nil},
		"data about people":             {nothingSpecial("runs", "cloud", "personal_data", Yes), Needed, "personal-data", []string{"privacy"}, nil},
		"an idea, whatever else":        {map[string]string{"what": "idea", "lower_trust": Yes}, Advice, "only-an-idea", []string{"advice", "concept"}, nil},
		"what no rule knows":            {nothingSpecial("runs", "elsewhere"), Advice, "nobody-can-say", []string{"advice"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := p.Judge(c.answers)
			if err != nil {
				t.Fatal(err, fault.From(err).Fields)
			}
			var also []string
			for _, a := range v.Also {
				also = append(also, a.Kinds...)
			}
			if v.Result != c.result || v.Name != c.rule || v.Because == "" || (v.Rule < 0) != (c.rule == "nobody-can-say") {
				t.Errorf("%+v", v)
			}
			if diff := cmp.Diff(c.kinds, v.Kinds) + cmp.Diff(c.also, also); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The kinds that the shipped rules suggest exist.
func TestShippedPreScreenKnowsItsKinds(t *testing.T) {
	p := shippedPreScreen(t)
	if wrong := p.Unknown(ShippedNames()); len(wrong) > 0 {
		t.Error(wrong)
	}
	if wrong := p.Unknown([]string{"advice", "concept"}); len(wrong) == 0 {
		t.Error("kinds that are not there are not noticed")
	}
}

func TestJudgeRefuses(t *testing.T) {
	p := shippedPreScreen(t)
	for name, c := range map[string]struct {
		answers map[string]string
		path    string
	}{
		"nothing answered":    {nil, "what"},
		"the next one":        {map[string]string{"what": "new"}, "lower_trust"},
		"an empty answer":     {nothingSpecial("merged", " "), "merged"},
		"not offered":         {nothingSpecial("what", "something"), "what"},
		"not asked":           {nothingSpecial("whatever", "x"), "whatever"},
		"where it runs, next": {map[string]string{"what": "new", "lower_trust": No}, "runs"},
	} {
		_, err := p.Judge(c.answers)
		fields := fault.From(err).Fields
		if !fault.HasCode(err, CodePreScreen) || len(fields) != 1 || fields[0].Path != c.path {
			t.Errorf("%s: %v %+v", name, err, fields)
		}
	}
}

// Whoever answers only what Next asks comes to the same verdict as whoever answers
// everything, besides what other rules add.
func TestNext(t *testing.T) {
	p := shippedPreScreen(t)
	rapid.Check(t, func(t *rapid.T) {
		all := map[string]string{}
		for _, q := range p.Questions {
			all[q.Name] = rapid.SampledFrom(values(q.Type, q.Choices)).Draw(t, q.Name)
		}
		want, err := p.Judge(all)
		if err != nil {
			t.Fatal(err)
		}
		asked := map[string]string{}
		for {
			q, more := p.Next(asked)
			if !more {
				break
			}
			if _, again := asked[q.Name]; again {
				t.Fatalf("%s is asked again", q.Name)
			}
			asked[q.Name] = all[q.Name]
		}
		got, err := p.Judge(asked)
		if err != nil {
			t.Fatal(err)
		}
		if got.Rule != want.Rule || got.Result != want.Result {
			t.Fatalf("%+v, and with everything %+v", got, want)
		}
		if len(asked) < len(p.Questions) && maps.Equal(asked, all) {
			t.Fatal("everything was asked")
		}
	})
}

func TestPreScreenRefuses(t *testing.T) {
	const text = `
questions: [{name: new, label: New?, type: yes_no}]
rules: [{name: r, when: [{question: new, is: ["no"]}], result: not_needed, because: It runs., origin: chosen}]
otherwise: {name: else, result: advice, because: Ask., origin: chosen}
`
	var p PreScreen
	if err := config.Decode("p.yaml", []byte(text), &p); err != nil {
		t.Fatal(err, fault.From(err).Fields)
	}
	for name, c := range map[string]struct{ old, new, path string }{
		"words cannot be judged": {"type: yes_no", "type: text", "questions[0].type"},
		"no such question":       {"question: new", "question: old", "rules[0].when[0].question"},
		"a field of a form":      {"{question: new", "{field: new", "rules[0].when[0]"},
		"an impossible answer":   {`is: ["no"]`, "is: [maybe]", "rules[0].when[0].is[0]"},
		"no condition":           {`when: [{question: new, is: ["no"]}]`, "when: []", "rules[0].when"},
		"needed, but what":       {"result: not_needed", "result: needed", "rules[0].kinds"},
		"not needed, but what":   {"because: It runs.", "because: It runs., kinds: [a]", "rules[0].kinds"},
		"no reason":              {"because: It runs.", "because: ''", "rules[0].because"},
		"a name twice":           {"name: else", "name: r", "otherwise.name"},
		"otherwise, if":          {"name: else", `name: else, when: [{question: new, is: ["no"]}]`, "otherwise.when"},
		"no origin":              {"because: It runs., origin: chosen", "because: It runs.", "rules[0].origin"},
	} {
		var p PreScreen
		err := config.Decode("p.yaml", []byte(strings.Replace(text, c.old, c.new, 1)), &p)
		fields := fault.From(err).Fields
		if !fault.Is(err, fault.Invalid) || len(fields) == 0 || fields[0].Path != c.path {
			t.Errorf("%s: %v %+v", name, err, fields)
		}
	}
}

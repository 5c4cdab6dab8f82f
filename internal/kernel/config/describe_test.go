// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// policy has every shape that policies of the product have.
type policy struct {
	Valid  Duration `yaml:"answer_valid"`
	Scale  []grade  `yaml:"scale"`
	Grants []grant  `yaml:"grants"`
	Bars   bars     `yaml:"bars"`
	Rows   []row    `yaml:"rows"`
	Empty  []row    `yaml:"not_there"`
}

type grade struct {
	Name    string `yaml:"name"`
	Meaning string `yaml:"meaning"`
}

type grant struct {
	Rating  string   `yaml:"rating"`
	Longest Duration `yaml:"longest"`
	AnyOf   []way    `yaml:"any_of"`
	Source  `yaml:",inline"`
}

type way struct {
	Rank         string   `yaml:"rank"`
	Functions    []string `yaml:"functions"`
	OwnerSetsEnd bool     `yaml:"owner_sets_end"`
	Source       `yaml:",inline"`
}

type bars struct {
	People []string   `yaml:"people"`
	Lines  [][]string `yaml:"lines"`
	None   []string   `yaml:"none"`
	Source `yaml:",inline"`
}

type row struct {
	Kind   string            `yaml:"kind"`
	Action string            `yaml:"action"`
	With   map[string]string `yaml:"with"`
	When   *struct {
		Crosses *bool `yaml:"crosses"`
	} `yaml:"when"`
}

// LabelKeys implements Labelled.
func (row) LabelKeys() []string { return []string{"kind", "action"} }

const policyText = `
answer_valid: 5m
scale: [{name: rare, meaning: Hardly ever.}]
grants:
  - rating: high
    longest: 30d
    origin: chosen
    why: No longer.
    any_of:
      - {rank: executive, origin: source, cites: L36}
      - {functions: [security, legal], owner_sets_end: true, origin: chosen}
  - {rating: critical, longest: 7d, origin: chosen}
bars: {people: [asker, owner], lines: [[low, high], [high, high]], origin: chosen, cites: L1}
rows:
  - {kind: flow, action: call, with: {from: high, at: once}, when: {crosses: false}}
`

func TestDescribe(t *testing.T) {
	var p policy
	if err := Decode("policy.yaml", []byte(policyText), &p); err != nil {
		t.Fatal(err)
	}
	want := []Group{
		{Settings: []Setting{{Name: "Answer valid", Value: "5m"}}},
		{Name: "Scale", Settings: []Setting{{Name: "rare", Value: "Hardly ever"}}},
		{Name: "Grants", Settings: []Setting{
			{Name: "Rating high", Value: "longest 30d", Origin: Chosen, Why: "No longer."},
			{Name: "Rating high: Rank executive", Value: "–", Origin: FromSource, Cites: "L36"},
			{Name: "Rating high: Functions security, legal", Value: "owner sets end", Origin: Chosen},
			{Name: "Rating critical", Value: "longest 7d", Origin: Chosen},
			{Name: "Rating critical: any of", Value: "–", Origin: Chosen},
		}},
		{Name: "Bars", Settings: []Setting{
			{Name: "People", Value: "asker, owner", Origin: Chosen, Cites: "L1"},
			{Name: "Lines", Value: "low, high; high, high", Origin: Chosen, Cites: "L1"},
			{Name: "None", Value: "–", Origin: Chosen, Cites: "L1"},
		}},
		{Name: "Rows", Settings: []Setting{{Name: "flow, call", Value: "with at once, from high; when crosses false"}}},
		{Name: "Not there", Settings: []Setting{{Name: "Not there", Value: "–"}}},
	}
	if diff := cmp.Diff(want, Describe(&p)); diff != "" {
		t.Error(diff)
	}
}

// An entry that does not say where it comes from is refused, wherever it stands.
func TestSource(t *testing.T) {
	const entry = "{rank: executive, origin: source, cites: L36}"
	for name, c := range map[string]struct {
		entry, path, code string
	}{
		"no origin":              {"{rank: executive}", "grants[0].any_of[0].origin", "config.origin"},
		"another origin":         {"{rank: executive, origin: guess}", "grants[0].any_of[0].origin", "config.origin"},
		"source without a place": {"{rank: executive, origin: source}", "grants[0].any_of[0].cites", "config.cites"},
	} {
		t.Run(name, func(t *testing.T) {
			var p policy
			err := Decode("policy.yaml", []byte(strings.Replace(policyText, entry, c.entry, 1)), &p)
			fields := fault.From(err).Fields
			if len(fields) != 1 || fields[0].Path != c.path || fields[0].Code != c.code {
				t.Errorf("got %+v", fields)
			}
		})
	}
}

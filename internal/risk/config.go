// SPDX-License-Identifier: Apache-2.0

package risk

import (
	_ "embed"
	"fmt"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/risk/matrix"
)

//go:embed defaults/risk.yaml
var defaultPolicy []byte

// DefaultPolicyFile is the name by which faults speak of the shipped policy.
const DefaultPolicyFile = "defaults/risk.yaml"

// RiskPolicy is how an organisation rates and accepts risks: the file named by
// policy.risk. It does not change after loading and may be used concurrently.
type RiskPolicy struct {
	Matrix       matrix.Matrix     `yaml:"matrix"`
	Proposal     matrix.Rules      `yaml:"proposal"`
	Facts        FactsRule         `yaml:"facts"`
	Authority    []RatingAuthority `yaml:"authority"`
	MayNotAccept Exclusion         `yaml:"may_not_accept"`
	Independence Independence      `yaml:"independence"`
	Parties      []PartyRule       `yaml:"parties"`
	Options      OptionsRule       `yaml:"options"`
	Conditions   ConditionsRule    `yaml:"conditions"`
	Precedents   PrecedentsRule    `yaml:"precedents"`
	Review       ReviewRule        `yaml:"review"`
	Notices      NoticesRule       `yaml:"notices"`
}

// RatingAuthority says who may accept a risk of one rating.
type RatingAuthority struct {
	Rating        matrix.Rating   `yaml:"rating"`
	Longest       config.Duration `yaml:"longest"` // longest acceptance, to the end of its last day
	AnyOf         []Alternative   `yaml:"any_of"`  // empty: nobody may
	config.Source `yaml:",inline"`
}

// Alternative is one way to decide: a rank, a body with a quorum, or all of
// several functions together. Exactly one of Rank, Body and Functions is set.
type Alternative struct {
	Rank          string          `yaml:"rank" json:"rank,omitempty"`
	Body          string          `yaml:"body" json:"body,omitempty"`     // id or name of a body of the organisation; security-council means Security Council
	Quorum        int             `yaml:"quorum" json:"quorum,omitempty"` // at least this many; the body's own quorum may be higher
	Functions     []string        `yaml:"functions" json:"functions,omitempty"`
	OwnerSetsEnd  bool            `yaml:"owner_sets_end" json:"owner_sets_end,omitempty"` // the risk's owner asked for the end date, or agreed to it
	Longest       config.Duration `yaml:"longest" json:"-"`                               // shorter than the rating's; zero: the rating's
	config.Source `yaml:",inline"`
}

// Exclusion names who may not accept, by their part in the matter: "asker"
// (always among them) and "owner".
type Exclusion struct {
	People        []string `yaml:"people"`
	config.Source `yaml:",inline"`
}

// Independence keeps whoever has a part in a risk from closing it, or rating it
// down, from a rating up.
type Independence struct {
	From          matrix.Rating `yaml:"from"`
	config.Source `yaml:",inline"`
}

// PartyRule says what a party that is exposed must get, from a rating up.
type PartyRule struct {
	Kind          PartyKind     `yaml:"kind"`
	From          matrix.Rating `yaml:"from"`
	Requirement   Requirement   `yaml:"requirement"`
	AnyOf         []Alternative `yaml:"any_of"` // for acceptance; empty: as the rating's authority says
	config.Source `yaml:",inline"`
}

// OptionsRule says which options must be compared before asking, from a rating up.
type OptionsRule struct {
	From          matrix.Rating `yaml:"from"`
	Compare       []OptionKind  `yaml:"compare"`
	config.Source `yaml:",inline"`
}

// ConditionsRule says what an overdue condition does: "block" or "advise".
type ConditionsRule struct {
	Overdue       string `yaml:"overdue"`
	config.Source `yaml:",inline"`
}

// The two effects of an overdue condition.
const (
	OverdueBlocks  = "block"
	OverdueAdvises = "advise"
)

// PrecedentsRule names the attributes of a subject that make two exceptions of
// one kind, besides the kind of subject and the act.
type PrecedentsRule struct {
	Attributes    []string `yaml:"attributes"`
	config.Source `yaml:",inline"`
}

// ReviewRule says when a risk is reviewed again and its owner told how it stands.
type ReviewRule struct {
	Preset        string          `yaml:"preset"` // name of one of Presets
	Presets       []ReviewPreset  `yaml:"presets"`
	OwnerNotice   config.Duration `yaml:"owner_notice"`
	config.Source `yaml:",inline"`
}

// ReviewPreset is a set of review intervals by rating.
type ReviewPreset struct {
	Name          string          `yaml:"name"`
	Intervals     ReviewIntervals `yaml:"intervals"`
	config.Source `yaml:",inline"`
}

// ReviewIntervals holds one interval per rating.
type ReviewIntervals struct {
	Low      config.Duration `yaml:"low"`
	Medium   config.Duration `yaml:"medium"`
	High     config.Duration `yaml:"high"`
	Critical config.Duration `yaml:"critical"`
}

// NoticesRule says how long before its end people are told of an acceptance.
type NoticesRule struct {
	BeforeExpiry  []config.Duration `yaml:"before_expiry"` // longest first
	config.Source `yaml:",inline"`
}

// DefaultPolicy returns the shipped policy.
func DefaultPolicy() (*RiskPolicy, error) { return LoadPolicy(DefaultPolicyFile, defaultPolicy) }

// LoadPolicy reads a policy from YAML; file is the name that faults use. All
// that is wrong with it is one Invalid fault with file, field and line; a caller
// with a running policy keeps that one.
func LoadPolicy(file string, data []byte) (*RiskPolicy, error) {
	p := &RiskPolicy{}
	if err := config.Decode(file, data, p); err != nil {
		return nil, err
	}
	return p, nil
}

// For returns the authority for a rating. A rating without an entry can be
// accepted by nobody.
func (p *RiskPolicy) For(r matrix.Rating) RatingAuthority {
	i := slices.IndexFunc(p.Authority, func(a RatingAuthority) bool { return a.Rating == r })
	if i < 0 {
		return RatingAuthority{Rating: r}
	}
	return p.Authority[i]
}

// ReviewInterval returns how long after its rating a risk is reviewed again.
func (p *RiskPolicy) ReviewInterval(r matrix.Rating) time.Duration {
	i := slices.IndexFunc(p.Review.Presets, func(s ReviewPreset) bool { return s.Name == p.Review.Preset })
	if i < 0 {
		return 0
	}
	return p.Review.Presets[i].Intervals.of(r)
}

func (v ReviewIntervals) of(r matrix.Rating) time.Duration {
	switch r {
	case matrix.Low:
		return v.Low.Std()
	case matrix.Medium:
		return v.Medium.Std()
	case matrix.High:
		return v.High.Std()
	case matrix.Critical:
		return v.Critical.Std()
	default:
		return 0
	}
}

// Party returns what policy requires for a party of that kind when the residual
// rating is r, and in which ways it can accept if acceptance is required.
func (p *RiskPolicy) Party(kind PartyKind, r matrix.Rating) (Requirement, []Alternative) {
	requirement, anyOf := RequireNone, []Alternative(nil)
	for _, rule := range p.Parties {
		if rule.Kind == kind && r.AtLeast(rule.From) && rule.Requirement.stricter(requirement) {
			requirement, anyOf = rule.Requirement, rule.AnyOf
		}
	}
	if len(anyOf) == 0 {
		anyOf = p.For(r).AnyOf
	}
	return requirement, anyOf
}

// UnknownRanks lists, as "place: rank", the ranks that the policy names and that
// are not among known; app refuses such a policy, because nobody could decide by
// them.
func (p *RiskPolicy) UnknownRanks(known []string) []string {
	var unknown []string
	check := func(at string, all []Alternative) {
		for i, a := range all {
			if a.Rank != "" && !slices.Contains(known, a.Rank) {
				unknown = append(unknown, fmt.Sprintf("%s.any_of[%d].rank: %s", at, i, a.Rank))
			}
		}
	}
	for i, a := range p.Authority {
		check(fmt.Sprintf("authority[%d]", i), a.AnyOf)
	}
	for i, r := range p.Parties {
		check(fmt.Sprintf("parties[%d]", i), r.AnyOf)
	}
	return unknown
}

// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"fmt"
	"slices"

	"portreeve.org/portreeve/internal/kernel/config"
)

// Condition holds if all of its parts do. A list holds if it contains the
// input's value; a flag holds if it equals the input's; an absent part holds.
type Condition struct {
	Data            []Data      `yaml:"data"`
	Direction       []Direction `yaml:"direction"`
	Access          []Access    `yaml:"access"`
	Volume          []Volume    `yaml:"volume"`
	CrossesBoundary *bool       `yaml:"crosses_boundary"`
	LowerTrust      *bool       `yaml:"lower_trust"`
	Assurances      *bool       `yaml:"assurances"`
	MitigationPlan  *bool       `yaml:"mitigation_plan"`
}

// Effect is how a rule moves the proposal: steps on the two scales, or a floor.
type Effect struct {
	Likelihood int    `yaml:"likelihood"`
	Impact     int    `yaml:"impact"`
	AtLeast    Rating `yaml:"at_least"`
}

// Rule moves the proposal when its condition holds, unless the exception does.
type Rule struct {
	Name          string     `yaml:"name"`   // stable slug
	Factor        string     `yaml:"factor"` // what it looks at, for people
	When          Condition  `yaml:"when"`
	Unless        *Condition `yaml:"unless"` // what stops it
	Effect        Effect     `yaml:"effect"`
	config.Source `yaml:",inline"`
}

// Rules make a proposal. They apply in their order, each to what the one before left.
type Rules struct {
	config.Source `yaml:",inline"`
	Base          Cell   `yaml:"base"` // where a proposal starts
	Rules         []Rule `yaml:"rules"`
}

// Move is what one rule did to a proposal.
type Move struct {
	Rule    string `json:"rule"`
	Factor  string `json:"factor"`
	Effect  string `json:"effect"` // "impact +1", "at least high", "no effect: ..."
	From    Cell   `json:"from"`
	To      Cell   `json:"to"`
	Rating  Rating `json:"rating"`  // rating of To
	Applied bool   `json:"applied"` // false: it would have applied, but its exception held
	config.Source
}

// Assessed is a proposed cell with its rating and how it came about.
type Assessed struct {
	Base   Cell   `json:"base"`
	Cell   Cell   `json:"cell"`
	Rating Rating `json:"rating"`
	Moves  []Move `json:"moves" nullable:"false"`
}

// Proposal is what the rules propose: the inherent rating, as if nothing had
// been done about the risk, and the residual one.
type Proposal struct {
	Inherent Assessed `json:"inherent"`
	Residual Assessed `json:"residual"`
}

// Propose applies the rules to the inputs. It is a function of its arguments alone.
func (r *Rules) Propose(m *Matrix, in Inputs) Proposal {
	return Proposal{Inherent: r.assess(m, in.Bare()), Residual: r.assess(m, in)}
}

func (r *Rules) assess(m *Matrix, in Inputs) Assessed {
	a := Assessed{Base: r.Base, Cell: r.Base, Moves: []Move{}}
	for _, rule := range r.Rules {
		if !rule.When.holds(in) {
			continue
		}
		move := Move{Rule: rule.Name, Factor: rule.Factor, From: a.Cell, To: a.Cell, Source: rule.Source}
		if rule.Unless != nil && rule.Unless.holds(in) {
			move.Effect = "not applied: its exception holds"
		} else {
			move.Applied = true
			move.Effect = rule.Effect.String()
			move.To = rule.Effect.apply(m, a.Cell)
		}
		move.Rating = m.Rate(move.To)
		a.Cell = move.To
		a.Moves = append(a.Moves, move)
	}
	a.Rating = m.Rate(a.Cell)
	return a
}

func (c Condition) holds(in Inputs) bool {
	return oneOf(c.Data, in.Data) && oneOf(c.Direction, in.Direction) &&
		oneOf(c.Access, in.Access) && oneOf(c.Volume, in.Volume) &&
		flag(c.CrossesBoundary, in.CrossesBoundary) && flag(c.LowerTrust, in.LowerTrust) &&
		flag(c.Assurances, in.Assured()) && flag(c.MitigationPlan, in.MitigationPlan)
}

func (c Condition) empty() bool {
	return len(c.Data)+len(c.Direction)+len(c.Access)+len(c.Volume) == 0 &&
		c.CrossesBoundary == nil && c.LowerTrust == nil && c.Assurances == nil && c.MitigationPlan == nil
}

func oneOf[T comparable](allowed []T, v T) bool {
	return len(allowed) == 0 || slices.Contains(allowed, v)
}

func flag(want *bool, have bool) bool { return want == nil || *want == have }

func (e Effect) apply(m *Matrix, c Cell) Cell {
	c = c.moved(e.Likelihood, e.Impact)
	if e.AtLeast != "" {
		c = m.Lift(c, e.AtLeast)
	}
	return c
}

// String describes the effect in a few words.
func (e Effect) String() string {
	var parts []string
	if e.Likelihood != 0 {
		parts = append(parts, fmt.Sprintf("likelihood %+d", e.Likelihood))
	}
	if e.Impact != 0 {
		parts = append(parts, fmt.Sprintf("impact %+d", e.Impact))
	}
	if e.AtLeast != "" {
		parts = append(parts, "at least "+string(e.AtLeast))
	}
	switch len(parts) {
	case 0:
		return "no change"
	case 1:
		return parts[0]
	default:
		text := parts[0]
		for _, p := range parts[1:] {
			text += ", " + p
		}
		return text
	}
}

// Problems lists what makes the rules unusable with this matrix; empty means usable.
func (r *Rules) Problems(m *Matrix) []Problem {
	var p problems
	if !r.Base.Valid() {
		p.add("base", "must have likelihood and impact from 1 to %d", Steps)
	}
	seen := map[string]bool{}
	for i, rule := range r.Rules {
		at := fmt.Sprintf("rules[%d]", i)
		if rule.Name == "" || seen[rule.Name] {
			p.add(at+".name", "must be set, and different from the names before")
		}
		seen[rule.Name] = true
		if rule.Factor == "" || rule.Why == "" {
			p.add(at+".why", "and factor must be set: a proposal shows them")
		}
		p.effect(at+".effect", rule.Effect, m)
		p.condition(at+".when", rule.When)
		if rule.Unless != nil {
			p.condition(at+".unless", *rule.Unless)
			if rule.Unless.empty() {
				p.add(at+".unless", "must name something: as it is, the rule never applies")
			}
		}
	}
	return p
}

func (p *problems) effect(at string, e Effect, m *Matrix) {
	if max(abs(e.Likelihood), abs(e.Impact)) >= Steps {
		p.add(at, "must move by less than %d steps", Steps)
	}
	switch {
	case e.AtLeast == "":
	case !e.AtLeast.Known():
		p.add(at+".at_least", "must be low, medium, high or critical")
	case !m.Rate(Cell{Likelihood: Steps, Impact: Steps}).AtLeast(e.AtLeast):
		p.add(at+".at_least", "is higher than every rating in the matrix")
	}
}

func (p *problems) condition(at string, c Condition) {
	known(p, at+".data", c.Data, AllData())
	known(p, at+".direction", c.Direction, AllDirections())
	known(p, at+".access", c.Access, AllAccess())
	known(p, at+".volume", c.Volume, AllVolumes())
}

func known[T ~string](p *problems, at string, values, all []T) {
	for i, v := range values {
		if !slices.Contains(all, v) {
			p.add(fmt.Sprintf("%s[%d]", at, i), "must be one of %v", all)
		}
	}
}

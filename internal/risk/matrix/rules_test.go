// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/risk/matrix"
)

func yes() *bool { v := true; return &v }
func no() *bool  { v := false; return &v }

func rule(name string, when matrix.Condition, effect matrix.Effect) matrix.Rule {
	return matrix.Rule{Name: name, Factor: name, When: when, Effect: effect, Source: config.Source{Why: "because " + name, Origin: config.Chosen}}
}

func inputs() matrix.Inputs {
	return matrix.Inputs{Data: matrix.DataPublic, Direction: matrix.Outbound, Access: matrix.Read, Volume: matrix.VolumeLow}
}

func TestConditions(t *testing.T) {
	full := inputs()
	full.CrossesBoundary, full.LowerTrust, full.MitigationPlan, full.Assurances = true, true, true, "signed"
	for _, c := range []struct {
		name string
		when matrix.Condition
		in   matrix.Inputs
		want bool
	}{
		{"nothing asked", matrix.Condition{}, inputs(), true},
		{"data in the list", matrix.Condition{Data: []matrix.Data{"none", "public"}}, inputs(), true},
		{"data not in the list", matrix.Condition{Data: []matrix.Data{"none"}}, inputs(), false},
		{"direction", matrix.Condition{Direction: []matrix.Direction{matrix.Inbound}}, inputs(), false},
		{"access", matrix.Condition{Access: []matrix.Access{matrix.Read}}, inputs(), true},
		{"volume", matrix.Condition{Volume: []matrix.Volume{matrix.VolumeHigh}}, inputs(), false},
		{"boundary", matrix.Condition{CrossesBoundary: yes()}, full, true},
		{"no boundary", matrix.Condition{CrossesBoundary: no()}, full, false},
		{"lower trust", matrix.Condition{LowerTrust: yes()}, inputs(), false},
		{"assurances", matrix.Condition{Assurances: yes()}, full, true},
		{"no assurances", matrix.Condition{Assurances: no()}, inputs(), true},
		{"plan", matrix.Condition{MitigationPlan: yes()}, inputs(), false},
		{"all parts must hold", matrix.Condition{MitigationPlan: yes(), Data: []matrix.Data{"none"}}, full, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			rules := matrix.Rules{Base: matrix.Cell{Likelihood: 1, Impact: 1}, Rules: []matrix.Rule{rule("r", c.when, matrix.Effect{Impact: 1})}}
			moves := rules.Propose(square(), c.in).Residual.Moves
			if got := len(moves) == 1; got != c.want {
				t.Errorf("held: %v, want %v", got, c.want)
			}
		})
	}
}

func TestProposalShowsEachStep(t *testing.T) {
	rules := matrix.Rules{
		Base: matrix.Cell{Likelihood: 2, Impact: 2},
		Rules: []matrix.Rule{
			rule("boundary", matrix.Condition{CrossesBoundary: yes()}, matrix.Effect{Likelihood: 1}),
			rule("plan", matrix.Condition{MitigationPlan: yes()}, matrix.Effect{Likelihood: -1, Impact: -1}),
			{Name: "floor", Factor: "realm", When: matrix.Condition{LowerTrust: yes()}, Unless: &matrix.Condition{MitigationPlan: yes(), Assurances: yes()},
				Effect: matrix.Effect{AtLeast: matrix.High}, Source: config.Source{Why: "by default", Origin: config.FromSource, Cites: "T285098 L36-39"}},
		},
	}
	in := inputs()
	in.CrossesBoundary, in.LowerTrust, in.MitigationPlan = true, true, true
	got := rules.Propose(square(), in)
	boundary := matrix.Move{Rule: "boundary", Factor: "boundary", Effect: "likelihood +1", From: matrix.Cell{Likelihood: 2, Impact: 2}, To: matrix.Cell{Likelihood: 3, Impact: 2}, Rating: matrix.Medium, Applied: true, Source: config.Source{Why: "because boundary", Origin: config.Chosen}}
	floor := matrix.Move{Rule: "floor", Factor: "realm", Effect: "at least high", From: matrix.Cell{Likelihood: 3, Impact: 2}, To: matrix.Cell{Likelihood: 3, Impact: 4}, Rating: matrix.High, Applied: true, Source: config.Source{Why: "by default", Origin: config.FromSource, Cites: "T285098 L36-39"}}
	lower := floor
	lower.From = matrix.Cell{Likelihood: 2, Impact: 1}
	lower.To = matrix.Cell{Likelihood: 3, Impact: 4}
	want := matrix.Proposal{
		Inherent: matrix.Assessed{Base: rules.Base, Cell: floor.To, Rating: matrix.High, Moves: []matrix.Move{boundary, floor}},
		Residual: matrix.Assessed{Base: rules.Base, Cell: lower.To, Rating: matrix.High, Moves: []matrix.Move{
			boundary,
			{Rule: "plan", Factor: "plan", Effect: "likelihood -1, impact -1", From: matrix.Cell{Likelihood: 3, Impact: 2}, To: matrix.Cell{Likelihood: 2, Impact: 1}, Rating: matrix.Low, Applied: true, Source: config.Source{Why: "because plan", Origin: config.Chosen}},
			lower,
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	// With assurances as well, the exception holds; the proposal says so.
	in.Assurances = "reviewed by the operator"
	moves := rules.Propose(square(), in).Residual.Moves
	last := moves[len(moves)-1]
	if last.Applied || last.Rule != "floor" || last.From != last.To || last.Effect != "not applied: its exception holds" {
		t.Errorf("the floor moved the proposal, or is not shown: %+v", last)
	}
}

func TestEffectsStayInside(t *testing.T) {
	up := matrix.Rules{Base: matrix.Cell{Likelihood: 4, Impact: 5}, Rules: []matrix.Rule{rule("up", matrix.Condition{}, matrix.Effect{Likelihood: 3, Impact: 2})}}
	if got, want := up.Propose(square(), inputs()).Residual.Cell, (matrix.Cell{Likelihood: 5, Impact: 5}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	down := matrix.Rules{Base: matrix.Cell{Likelihood: 1, Impact: 2}, Rules: []matrix.Rule{rule("down", matrix.Condition{}, matrix.Effect{Likelihood: -3, Impact: -2})}}
	if got, want := down.Propose(square(), inputs()).Residual.Cell, (matrix.Cell{Likelihood: 1, Impact: 1}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Whatever the rules and inputs: each move starts where the one before ended,
// the result is where the last one ended, and nothing leaves the matrix.
func TestProposalIsAChain(t *testing.T) {
	m := square()
	rapid.Check(t, func(t *rapid.T) {
		rules := matrix.Rules{Base: drawCell(t)}
		for i := range rapid.IntRange(0, 8).Draw(t, "rules") {
			r := rule(string(rune('a'+i)), drawCondition(t), matrix.Effect{
				Likelihood: rapid.IntRange(-4, 4).Draw(t, "likelihood"),
				Impact:     rapid.IntRange(-4, 4).Draw(t, "impact"),
				AtLeast:    rapid.SampledFrom([]matrix.Rating{"", "low", "high", "critical"}).Draw(t, "floor"),
			})
			rules.Rules = append(rules.Rules, r)
		}
		in := drawInputs(t)
		proposal := rules.Propose(m, in)
		for _, a := range []matrix.Assessed{proposal.Inherent, proposal.Residual} {
			at := a.Base
			for _, move := range a.Moves {
				if move.From != at || !move.To.Valid() || move.Rating != m.Rate(move.To) {
					t.Fatalf("broken move %+v after %v", move, at)
				}
				at = move.To
			}
			if a.Cell != at || a.Rating != m.Rate(at) {
				t.Fatalf("result %v %s, but the moves end at %v", a.Cell, a.Rating, at)
			}
		}
		if diff := cmp.Diff(proposal.Inherent, rules.Propose(m, in.Bare()).Residual); diff != "" {
			t.Fatalf("the inherent rating depends on assurances or plan: %s", diff)
		}
	})
}

func drawCondition(t *rapid.T) matrix.Condition {
	flag := func(name string) *bool {
		return rapid.SampledFrom([]*bool{nil, yes(), no()}).Draw(t, name)
	}
	return matrix.Condition{
		Data:       rapid.SampledFrom([][]matrix.Data{nil, {"personal", "sensitive"}, {"none"}}).Draw(t, "when data"),
		Access:     rapid.SampledFrom([][]matrix.Access{nil, {"write"}}).Draw(t, "when access"),
		LowerTrust: flag("when lower"), Assurances: flag("when assured"), MitigationPlan: flag("when planned"),
	}
}

func drawInputs(t *rapid.T) matrix.Inputs {
	return matrix.Inputs{
		Data:            rapid.SampledFrom(matrix.AllData()).Draw(t, "data"),
		Direction:       rapid.SampledFrom(matrix.AllDirections()).Draw(t, "direction"),
		Access:          rapid.SampledFrom(matrix.AllAccess()).Draw(t, "access"),
		Volume:          rapid.SampledFrom(matrix.AllVolumes()).Draw(t, "volume"),
		CrossesBoundary: rapid.Bool().Draw(t, "boundary"),
		LowerTrust:      rapid.Bool().Draw(t, "lower trust"),
		Assurances:      rapid.SampledFrom([]string{"", "signed"}).Draw(t, "assurances"),
		MitigationPlan:  rapid.Bool().Draw(t, "plan"),
	}
}

func TestRulesProblems(t *testing.T) {
	usable := func() *matrix.Rules {
		return &matrix.Rules{Base: matrix.Cell{Likelihood: 1, Impact: 1},
			Rules: []matrix.Rule{rule("a", matrix.Condition{}, matrix.Effect{Impact: 1})}}
	}
	for _, c := range []struct {
		name   string
		change func(*matrix.Rules)
		want   []string
	}{
		{"usable", func(*matrix.Rules) {}, nil},
		{"base outside", func(r *matrix.Rules) { r.Base.Impact = 9 }, []string{"base"}},
		{"no name", func(r *matrix.Rules) { r.Rules[0].Name = "" }, []string{"rules[0].name"}},
		{"name twice", func(r *matrix.Rules) { r.Rules = append(r.Rules, r.Rules[0]) }, []string{"rules[1].name"}},
		{"no reason", func(r *matrix.Rules) { r.Rules[0].Why = "" }, []string{"rules[0].why"}},
		{"too far", func(r *matrix.Rules) { r.Rules[0].Effect.Impact = -5 }, []string{"rules[0].effect"}},
		{"unknown floor", func(r *matrix.Rules) { r.Rules[0].Effect.AtLeast = "huge" }, []string{"rules[0].effect.at_least"}},
		{"unknown data", func(r *matrix.Rules) { r.Rules[0].When.Data = []matrix.Data{"secret"} }, []string{"rules[0].when.data[0]"}},
		{"unknown volume in the exception", func(r *matrix.Rules) {
			r.Rules[0].Unless = &matrix.Condition{Volume: []matrix.Volume{"low", "huge"}}
		}, []string{"rules[0].unless.volume[1]"}},
		{"exception that always holds", func(r *matrix.Rules) { r.Rules[0].Unless = &matrix.Condition{} }, []string{"rules[0].unless"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := usable()
			c.change(r)
			var got []string
			for _, p := range r.Problems(square()) {
				got = append(got, p.Path)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInputsProblems(t *testing.T) {
	if got := inputs().Problems(); len(got) != 0 {
		t.Errorf("usable inputs: %v", got)
	}
	var paths []string
	for _, p := range (matrix.Inputs{Data: "secret"}).Problems() {
		paths = append(paths, p.Path)
	}
	if diff := cmp.Diff([]string{"data", "direction", "access", "volume"}, paths); diff != "" {
		t.Error(diff)
	}
}

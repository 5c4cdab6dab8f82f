// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/risk/matrix"
)

// square is a small matrix with the shape of the shipped one.
func square() *matrix.Matrix {
	return &matrix.Matrix{
		Likelihood: steps(), Impact: steps(),
		Ratings: [][]matrix.Rating{
			{"low", "low", "low", "medium", "medium"},
			{"low", "low", "medium", "medium", "high"},
			{"low", "medium", "medium", "high", "high"},
			{"low", "medium", "high", "high", "critical"},
			{"medium", "medium", "high", "critical", "critical"},
		},
	}
}

func steps() []matrix.Step {
	return []matrix.Step{{Name: "1"}, {Name: "2"}, {Name: "3"}, {Name: "4"}, {Name: "5"}}
}

func TestRate(t *testing.T) {
	for _, c := range []struct {
		cell matrix.Cell
		want matrix.Rating
	}{
		{matrix.Cell{Likelihood: 1, Impact: 1}, matrix.Low},
		{matrix.Cell{Likelihood: 1, Impact: 5}, matrix.Medium},
		{matrix.Cell{Likelihood: 5, Impact: 1}, matrix.Medium},
		{matrix.Cell{Likelihood: 3, Impact: 4}, matrix.High},
		{matrix.Cell{Likelihood: 5, Impact: 5}, matrix.Critical},
		{matrix.Cell{}, ""},
		{matrix.Cell{Likelihood: 6, Impact: 1}, ""},
		{matrix.Cell{Likelihood: 1, Impact: 0}, ""},
	} {
		if got := square().Rate(c.cell); got != c.want {
			t.Errorf("Rate(%v) = %q, want %q", c.cell, got, c.want)
		}
	}
}

func TestRatingsAreOrdered(t *testing.T) {
	all := matrix.Ratings()
	for i, a := range all {
		if !a.Known() || a.Level() != i+1 {
			t.Errorf("%s: level %d, want %d", a, a.Level(), i+1)
		}
		for j, b := range all {
			if got, want := a.AtLeast(b), i >= j; got != want {
				t.Errorf("%s.AtLeast(%s) = %v", a, b, got)
			}
		}
		// An unknown rating is neither above nor below anything.
		if a.AtLeast("severe") || matrix.Rating("severe").AtLeast(a) || matrix.Rating("").AtLeast(a) {
			t.Errorf("%s compares with an unknown rating", a)
		}
	}
}

func TestLift(t *testing.T) {
	for _, c := range []struct {
		name  string
		from  matrix.Cell
		floor matrix.Rating
		want  matrix.Cell
	}{
		{"already there", matrix.Cell{Likelihood: 3, Impact: 4}, matrix.High, matrix.Cell{Likelihood: 3, Impact: 4}},
		{"above", matrix.Cell{Likelihood: 5, Impact: 5}, matrix.High, matrix.Cell{Likelihood: 5, Impact: 5}},
		{"three steps, as balanced as possible, impact first", matrix.Cell{Likelihood: 2, Impact: 2}, matrix.High, matrix.Cell{Likelihood: 3, Impact: 4}},
		{"one step", matrix.Cell{Likelihood: 3, Impact: 3}, matrix.High, matrix.Cell{Likelihood: 3, Impact: 4}},
		{"at the edge", matrix.Cell{Likelihood: 1, Impact: 5}, matrix.High, matrix.Cell{Likelihood: 2, Impact: 5}},
		{"to the top", matrix.Cell{Likelihood: 1, Impact: 1}, matrix.Critical, matrix.Cell{Likelihood: 4, Impact: 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := square().Lift(c.from, c.floor); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// A lifted cell reaches the floor, never goes down, and no cell that is nearer does.
func TestLiftIsNearest(t *testing.T) {
	m := square()
	rapid.Check(t, func(t *rapid.T) {
		from := drawCell(t)
		floor := rapid.SampledFrom(matrix.Ratings()).Draw(t, "floor")
		got := m.Lift(from, floor)
		if !m.Rate(got).AtLeast(floor) || got.Likelihood < from.Likelihood || got.Impact < from.Impact {
			t.Fatalf("lifted %v to %v for %s", from, got, floor)
		}
		cost := got.Likelihood + got.Impact
		for l := from.Likelihood; l <= matrix.Steps; l++ {
			for i := from.Impact; i <= matrix.Steps; i++ {
				if l+i < cost && m.Rate(matrix.Cell{Likelihood: l, Impact: i}).AtLeast(floor) {
					t.Fatalf("(%d,%d) is nearer than %v", l, i, got)
				}
			}
		}
	})
}

func drawCell(t *rapid.T) matrix.Cell {
	return matrix.Cell{
		Likelihood: rapid.IntRange(1, matrix.Steps).Draw(t, "likelihood"),
		Impact:     rapid.IntRange(1, matrix.Steps).Draw(t, "impact"),
	}
}

func TestMatrixProblems(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*matrix.Matrix)
		want   []matrix.Problem
	}{
		{"usable", func(*matrix.Matrix) {}, nil},
		{"short scale", func(m *matrix.Matrix) { m.Impact = m.Impact[:4] }, []matrix.Problem{{Path: "impact", Message: "must have 5 steps, the least first"}}},
		{"step without a name", func(m *matrix.Matrix) { m.Likelihood[2].Name = "" }, []matrix.Problem{{Path: "likelihood[2].name", Message: "must not be empty"}}},
		{"missing line", func(m *matrix.Matrix) { m.Ratings = m.Ratings[:4] }, []matrix.Problem{{Path: "ratings", Message: "must have 5 lines, one per likelihood, the least likely first"}}},
		{"short line", func(m *matrix.Matrix) { m.Ratings[1] = m.Ratings[1][:3] }, []matrix.Problem{{Path: "ratings[1]", Message: "must have 5 ratings, one per impact, the least first"}}},
		{"unknown rating", func(m *matrix.Matrix) { m.Ratings[0][0] = "tiny" }, []matrix.Problem{{Path: "ratings[0][0]", Message: "must be low, medium, high or critical"}}},
		{"falls with impact", func(m *matrix.Matrix) { m.Ratings[4][4] = "high" }, []matrix.Problem{
			{Path: "ratings[4][4]", Message: "is lower than the rating of the smaller impact before it"}}},
		{"falls with likelihood", func(m *matrix.Matrix) { m.Ratings[4][0] = "low"; m.Ratings[3][0] = "medium" }, []matrix.Problem{
			{Path: "ratings[4][0]", Message: "is lower than the rating of the smaller likelihood above it"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := square()
			c.change(m)
			if diff := cmp.Diff(c.want, m.Problems()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

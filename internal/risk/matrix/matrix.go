// SPDX-License-Identifier: Apache-2.0

package matrix

import (
	"fmt"
	"slices"

	"portreeve.org/portreeve/internal/kernel/config"
)

// Rating is how bad a risk is. The empty rating means "not rated".
type Rating string

// The ratings, from the lowest to the highest.
const (
	Low      Rating = "low"
	Medium   Rating = "medium"
	High     Rating = "high"
	Critical Rating = "critical"
)

// Ratings returns the ratings from the lowest to the highest. The slice is the
// caller's own.
func Ratings() []Rating { return []Rating{Low, Medium, High, Critical} }

// Level returns 1 for low up to 4 for critical, and 0 for anything else.
func (r Rating) Level() int { return slices.Index(Ratings(), r) + 1 }

// Known reports whether r is one of [Ratings].
func (r Rating) Known() bool { return r.Level() > 0 }

// AtLeast reports whether both are known and r is as high as other or higher.
func (r Rating) AtLeast(other Rating) bool {
	return r.Known() && other.Known() && r.Level() >= other.Level()
}

// Steps is the number of steps of the likelihood and of the impact scale.
const Steps = 5

// Cell is one place in the matrix; both scales run from 1 (least) to [Steps].
type Cell struct {
	Likelihood int `json:"likelihood" yaml:"likelihood" minimum:"1" maximum:"5" doc:"from 1, least likely, to 5"`
	Impact     int `json:"impact" yaml:"impact" minimum:"1" maximum:"5" doc:"from 1, least harm, to 5"`
}

// Valid reports whether c lies in the matrix.
func (c Cell) Valid() bool {
	return c.Likelihood >= 1 && c.Likelihood <= Steps && c.Impact >= 1 && c.Impact <= Steps
}

// moved returns c moved by the given steps, kept inside the matrix.
func (c Cell) moved(likelihood, impact int) Cell {
	return Cell{
		Likelihood: min(max(c.Likelihood+likelihood, 1), Steps),
		Impact:     min(max(c.Impact+impact, 1), Steps),
	}
}

// Step is one step of a scale, for people.
type Step struct {
	Name    string `yaml:"name" json:"name"`
	Meaning string `yaml:"meaning" json:"meaning"`
}

// Matrix maps a cell to a rating. It is data and does not change after loading.
type Matrix struct {
	config.Source `yaml:",inline"`
	Likelihood    []Step     `yaml:"likelihood" json:"likelihood"` // least likely first
	Impact        []Step     `yaml:"impact" json:"impact"`         // least harm first
	Ratings       [][]Rating `yaml:"ratings" json:"ratings"`       // one line per likelihood, in it one rating per impact
}

// Rate returns the rating of a cell, and the empty rating for a cell outside.
func (m *Matrix) Rate(c Cell) Rating {
	if !c.Valid() || len(m.Ratings) != Steps || len(m.Ratings[c.Likelihood-1]) != Steps {
		return ""
	}
	return m.Ratings[c.Likelihood-1][c.Impact-1]
}

// Lift returns c if it is rated at least as high as floor, and otherwise the
// nearest higher cell that is: as few steps up as possible; among those the one
// where likelihood and impact are closest to each other; among those the one
// with the higher impact. A matrix without [Matrix.Problems] always has such a
// cell if (5,5) reaches the floor.
func (m *Matrix) Lift(c Cell, floor Rating) Cell {
	if m.Rate(c).AtLeast(floor) {
		return c
	}
	best, found := c, false
	for l := c.Likelihood; l <= Steps; l++ {
		for i := c.Impact; i <= Steps; i++ {
			candidate := Cell{Likelihood: l, Impact: i}
			if m.Rate(candidate).AtLeast(floor) && (!found || nearer(c, candidate, best)) {
				best, found = candidate, true
			}
		}
	}
	return best
}

// nearer reports whether a is the better choice than b for a cell lifted from c.
func nearer(c, a, b Cell) bool {
	stepsA, stepsB := a.Likelihood+a.Impact, b.Likelihood+b.Impact
	if stepsA != stepsB {
		return stepsA < stepsB
	}
	skewA, skewB := abs(a.Likelihood-a.Impact), abs(b.Likelihood-b.Impact)
	if skewA != skewB {
		return skewA < skewB
	}
	return a.Impact > b.Impact
}

func abs(n int) int { return max(n, -n) }

// Problem is one thing that is wrong with the data.
type Problem struct {
	Path    string // such as "ratings[2][0]"
	Message string // begins lower case and completes the path: "must be ..."
}

// Problems lists what makes the matrix unusable; empty means usable. More
// likelihood or more impact must never give a lower rating.
func (m *Matrix) Problems() []Problem {
	var p problems
	p.scale("likelihood", m.Likelihood)
	p.scale("impact", m.Impact)
	if len(m.Ratings) != Steps {
		p.add("ratings", "must have %d lines, one per likelihood, the least likely first", Steps)
		return p
	}
	for l, line := range m.Ratings {
		if len(line) != Steps {
			p.add(fmt.Sprintf("ratings[%d]", l), "must have %d ratings, one per impact, the least first", Steps)
			return p
		}
		for i, r := range line {
			at := fmt.Sprintf("ratings[%d][%d]", l, i)
			switch {
			case !r.Known():
				p.add(at, "must be low, medium, high or critical")
			case i > 0 && r.Level() < line[i-1].Level():
				p.add(at, "is lower than the rating of the smaller impact before it")
			case l > 0 && r.Level() < m.Ratings[l-1][i].Level():
				p.add(at, "is lower than the rating of the smaller likelihood above it")
			}
		}
	}
	return p
}

// problems collects what is wrong.
type problems []Problem

func (p *problems) add(path, message string, args ...any) {
	*p = append(*p, Problem{Path: path, Message: fmt.Sprintf(message, args...)})
}

func (p *problems) scale(at string, steps []Step) {
	if len(steps) != Steps {
		p.add(at, "must have %d steps, the least first", Steps)
	}
	for i, s := range steps {
		if s.Name == "" {
			p.add(fmt.Sprintf("%s[%d].name", at, i), "must not be empty")
		}
	}
}

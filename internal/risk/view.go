// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// What every page says in the same way.

func ratingBadge(c *web.Ctx, r matrix.Rating) web.Rating {
	if !r.Known() {
		return web.Rating{Steps: len(matrix.Ratings())}
	}
	return web.Rating{Text: c.Text("risk.rating_" + string(r)), Step: r.Level(), Steps: len(matrix.Ratings())}
}

// ratingWord is a rating inside a sentence.
func ratingWord(r matrix.Rating) web.Message { return web.Msg("risk.rated_" + string(r)) }

func stateBadge(c *web.Ctx, state State) web.Badge {
	tone := web.ToneNeutral
	if state == StateTreated {
		tone = web.ToneGood
	}
	return web.Badge{Tone: tone, Text: c.Text("risk.state_" + string(state))}
}

// standingTone is how good or bad it is where an acceptance stands.
func standingTone(code StandingCode) string {
	switch code {
	case InForce:
		return web.ToneGood
	case Awaiting, NotStarted:
		return web.ToneNotice
	case ConditionOverdue, Expired, Void, WasRevoked:
		return web.ToneBad
	case WasRefused, Lapsed:
		return web.ToneWarning
	default:
		return web.ToneNeutral
	}
}

func standingBadge(c *web.Ctx, code StandingCode) web.Badge {
	return web.Badge{Tone: standingTone(code), Text: c.Text("risk.standing_" + string(code))}
}

// cellText says where a cell lies: "likely × major".
func (s *Service) cellText(c *web.Ctx, cell matrix.Cell) string {
	if !cell.Valid() {
		return ""
	}
	m := &s.Policy().Matrix
	return c.Text("risk.cell", m.Likelihood[cell.Likelihood-1].Name, m.Impact[cell.Impact-1].Name)
}

// assessed is a rating with its cell.
func (s *Service) assessed(c *web.Ctx, a Assessment) any {
	return []any{ratingBadge(c, a.Rating), s.cellText(c, a.Cell)}
}

// grid is the empty matrix, with what a risk in each field is rated.
func (s *Service) grid(c *web.Ctx, caption string) web.Matrix {
	m := &s.Policy().Matrix
	g := web.Matrix{Caption: caption, RowAxis: c.Text("risk.likelihood"), ColumnAxis: c.Text("risk.impact"), Noun: c.Text("risk.noun")}
	for l := matrix.Steps; l >= 1; l-- {
		g.Rows = append(g.Rows, m.Likelihood[l-1].Name)
		line := make([]web.Cell, matrix.Steps)
		for i := range line {
			line[i].Level = ratingBadge(c, m.Rate(matrix.Cell{Likelihood: l, Impact: i + 1}))
		}
		g.Cells = append(g.Cells, line)
	}
	for _, step := range m.Impact {
		g.Columns = append(g.Columns, step.Name)
	}
	return g
}

// field returns the field of a grid that stands for a cell.
func field(g *web.Matrix, cell matrix.Cell) *web.Cell {
	return &g.Cells[matrix.Steps-cell.Likelihood][cell.Impact-1]
}

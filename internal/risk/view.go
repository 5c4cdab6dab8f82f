// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"net/url"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// What every page says in the same way.

// nameOf is the name of a person or an organisation; who is unknown or erased
// has none.
func nameOf(c *web.Ctx, names map[string]Named, id string) string {
	if n, ok := names[id]; ok && n.Name != "" {
		return n.Name
	}
	if id == "" {
		return ""
	}
	return c.Text("risk.somebody")
}

// handle is how a person types the name of somebody: the login, or else the id.
func handle(names map[string]Named, id string) string {
	if n := names[id]; n.Handle != "" {
		return n.Handle
	}
	return id
}

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

// daysUntil counts the days from today to the last day of what ends at t, as a
// calendar in the zone counts them.
func daysUntil(c *web.Ctx, t time.Time) int {
	day := func(t time.Time) time.Time {
		local := t.In(c.Location())
		return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	}
	return int(day(web.LastDay(t)).Sub(day(c.Now())).Hours()) / 24
}

// shown is what stands in a cell of a table, which may not be empty.
func shown(c *web.Ctx, v any) any {
	switch v := v.(type) {
	case nil:
		return c.Text("risk.none")
	case string:
		if v == "" {
			return c.Text("risk.none")
		}
	case []any:
		if len(v) == 0 {
			return c.Text("risk.none")
		}
	case time.Time:
		if v.IsZero() {
			return c.Text("risk.none")
		}
	}
	return v
}

func subjectLink(ref, title string) any {
	if ref == "" {
		return nil
	}
	if title == "" {
		title = ref
	}
	return web.Link{Text: title, URL: "/subjects/" + url.PathEscape(ref)}
}

// short is the beginning of a digest, enough to compare by eye.
func short(digest string) string {
	if len(digest) > 12 {
		return digest[:12]
	}
	return digest
}

// sentence joins the parts that are not empty.
func sentence(parts ...string) string {
	var full []string
	for _, p := range parts {
		if p != "" {
			full = append(full, p)
		}
	}
	return strings.Join(full, " ")
}

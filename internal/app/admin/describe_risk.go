// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"fmt"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// RiskGroups describes a risk policy.
func RiskGroups(p *risk.RiskPolicy) []Group {
	return []Group{
		{Name: "Matrix", Settings: append([]Setting{{"ratings by likelihood and impact", matrixLines(&p.Matrix), string(p.Matrix.Origin), p.Matrix.Cites, p.Matrix.Why}},
			append(steps("likelihood", p.Matrix.Likelihood), steps("impact", p.Matrix.Impact)...)...)},
		{Name: "Proposed rating", Settings: proposal(p.Proposal)},
		{Name: "Who may accept", Open: true, Settings: acceptance(p)},
		{Name: "Exposed parties", Settings: parties(p.Parties)},
		{Name: "Before and after a decision", Settings: around(p)},
		{Name: "Review and reminders", Settings: review(p)},
	}
}

// draw draws the rating matrix: likelihood upwards, impact to the right.
func draw(c *web.Ctx, m *matrix.Matrix) *web.Matrix {
	drawn := &web.Matrix{Caption: c.Text("admin.configuration.matrix"), RowAxis: c.Text("admin.configuration.likelihood"), ColumnAxis: c.Text("admin.configuration.impact")}
	for _, step := range m.Impact {
		drawn.Columns = append(drawn.Columns, step.Name)
	}
	for l := len(m.Likelihood); l >= 1; l-- {
		drawn.Rows = append(drawn.Rows, m.Likelihood[l-1].Name)
		var line []web.Cell
		for i := range m.Impact {
			rating := m.Rate(matrix.Cell{Likelihood: l, Impact: i + 1})
			line = append(line, web.Cell{Level: web.Rating{Text: string(rating), Step: rating.Level(), Steps: len(matrix.Ratings())}})
		}
		drawn.Cells = append(drawn.Cells, line)
	}
	return drawn
}

func matrixLines(m *matrix.Matrix) string {
	lines := make([]string, 0, len(m.Ratings))
	for l, line := range slices.Backward(m.Ratings) {
		words := make([]string, len(line))
		for i, r := range line {
			words[i] = string(r)
		}
		lines = append(lines, m.Likelihood[l].Name+": "+strings.Join(words, ", "))
	}
	return strings.Join(lines, "; ")
}

func steps(scale string, all []matrix.Step) []Setting {
	var settings []Setting
	for i, s := range all {
		settings = append(settings, Setting{Name: fmt.Sprintf("%s %d", scale, i+1), Value: s.Name + ": " + s.Meaning})
	}
	return settings
}

func proposal(r matrix.Rules) []Setting {
	settings := []Setting{{"base", fmt.Sprintf("likelihood %d, impact %d", r.Base.Likelihood, r.Base.Impact), string(r.Origin), r.Cites, r.Why}}
	for _, rule := range r.Rules {
		settings = append(settings, Setting{rule.Name, effectWords(rule.Effect) + " (" + rule.Factor + ")", string(rule.Origin), rule.Cites, rule.Why})
	}
	return settings
}

func effectWords(e matrix.Effect) string {
	var words []string
	if e.Likelihood != 0 {
		words = append(words, fmt.Sprintf("likelihood %+d", e.Likelihood))
	}
	if e.Impact != 0 {
		words = append(words, fmt.Sprintf("impact %+d", e.Impact))
	}
	if e.AtLeast != "" {
		words = append(words, "at least "+string(e.AtLeast))
	}
	return strings.Join(words, ", ")
}

func acceptance(p *risk.RiskPolicy) []Setting {
	var settings []Setting
	for _, a := range p.Authority {
		settings = append(settings, Setting{string(a.Rating), "for " + a.Longest.String() + " at most", string(a.Origin), a.Cites, a.Why})
		if len(a.AnyOf) == 0 {
			settings = append(settings, Setting{Name: string(a.Rating), Value: "nobody may"})
		}
		for _, way := range a.AnyOf {
			settings = append(settings, Setting{string(a.Rating), wayWords(way), string(way.Origin), way.Cites, way.Why})
		}
	}
	return append(settings,
		Setting{"may not accept", strings.Join(p.MayNotAccept.People, ", "), string(p.MayNotAccept.Origin), p.MayNotAccept.Cites, p.MayNotAccept.Why},
		Setting{"owner neither closes nor lowers", "from " + string(p.Independence.From), string(p.Independence.Origin), p.Independence.Cites, p.Independence.Why})
}

func wayWords(a risk.Alternative) string {
	words := ""
	switch {
	case a.Rank != "":
		words = "rank " + a.Rank + " or higher"
	case a.Body != "":
		words = fmt.Sprintf("body %s, quorum %d", a.Body, a.Quorum)
	default:
		words = "functions " + strings.Join(a.Functions, " and ")
	}
	if a.OwnerSetsEnd {
		words += "; the owner sets the end"
	}
	if a.Longest > 0 {
		words += "; for " + a.Longest.String() + " at most"
	}
	return words
}

func parties(rules []risk.PartyRule) []Setting {
	var settings []Setting
	for _, r := range rules {
		words := string(r.Requirement) + " from " + string(r.From)
		for _, way := range r.AnyOf {
			words += "; " + wayWords(way)
		}
		settings = append(settings, Setting{string(r.Kind), words, string(r.Origin), r.Cites, r.Why})
	}
	return settings
}

func around(p *risk.RiskPolicy) []Setting {
	var kinds []string
	for _, k := range p.Options.Compare {
		kinds = append(kinds, string(k))
	}
	return []Setting{
		{"options to compare", strings.Join(kinds, ", ") + " from " + string(p.Options.From), string(p.Options.Origin), p.Options.Cites, p.Options.Why},
		{"an overdue condition", p.Conditions.Overdue + "s", string(p.Conditions.Origin), p.Conditions.Cites, p.Conditions.Why},
		{"precedents agree in", strings.Join(p.Precedents.Attributes, ", "), string(p.Precedents.Origin), p.Precedents.Cites, p.Precedents.Why},
	}
}

func review(p *risk.RiskPolicy) []Setting {
	settings := []Setting{
		{"intervals in force", p.Review.Preset, string(p.Review.Origin), p.Review.Cites, p.Review.Why},
		{"owner is told how it stands", "every " + p.Review.OwnerNotice.String(), string(p.Review.Origin), p.Review.Cites, p.Review.Why},
	}
	for _, preset := range p.Review.Presets {
		v := preset.Intervals
		words := fmt.Sprintf("low %s, medium %s, high %s, critical %s", v.Low, v.Medium, v.High, v.Critical)
		settings = append(settings, Setting{"intervals " + preset.Name, words, string(preset.Origin), preset.Cites, preset.Why})
	}
	return append(settings, Setting{"told before an acceptance ends", durations(p.Notices.BeforeExpiry), string(p.Notices.Origin), p.Notices.Cites, p.Notices.Why})
}

func durations(all []config.Duration) string {
	words := make([]string, len(all))
	for i, d := range all {
		words[i] = d.String()
	}
	return strings.Join(words, ", ")
}

// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"slices"

	"portreeve.org/portreeve/internal/risk"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// RiskGroups describes a risk policy.
func (w Words) RiskGroups(p *risk.RiskPolicy) []Group {
	return []Group{
		{Name: w("admin.policy.matrix"), Settings: append([]Setting{{w("admin.policy.ratings"), w.matrixLines(&p.Matrix), string(p.Matrix.Origin), p.Matrix.Cites, p.Matrix.Why}},
			append(w.steps("admin.policy.likelihood", p.Matrix.Likelihood), w.steps("admin.policy.impact", p.Matrix.Impact)...)...)},
		{Name: w("admin.policy.proposal"), Settings: w.proposal(p.Proposal)},
		{Name: w("admin.policy.facts"), Settings: w.facts(p.Facts)},
		{Name: w("admin.policy.authority"), Open: true, Settings: w.acceptance(p)},
		{Name: w("admin.policy.parties"), Settings: w.parties(p.Parties)},
		{Name: w("admin.policy.around"), Settings: w.around(p)},
		{Name: w("admin.policy.review"), Settings: w.review(p)},
	}
}

func (w Words) matrixLines(m *matrix.Matrix) string {
	lines := make([]string, 0, len(m.Ratings))
	for l, line := range slices.Backward(m.Ratings) {
		words := make([]string, len(line))
		for i, r := range line {
			words[i] = w.rated(r)
		}
		lines = append(lines, w("admin.policy.likelihood_row", m.Likelihood[l].Name, w.comma(words)))
	}
	return w.semicolon(lines)
}

func (w Words) steps(scale string, all []matrix.Step) []Setting {
	var settings []Setting
	for i, s := range all {
		settings = append(settings, Setting{Name: w(scale, i+1), Value: w("admin.policy.step", s.Name, s.Meaning)})
	}
	return settings
}

func (w Words) proposal(r matrix.Rules) []Setting {
	settings := []Setting{{w("admin.policy.base"), w("admin.policy.cell", r.Base.Likelihood, r.Base.Impact), string(r.Origin), r.Cites, r.Why}}
	for _, rule := range r.Rules {
		settings = append(settings, Setting{rule.Name, w("admin.policy.effect", w.effect(rule.Effect), rule.Factor), string(rule.Origin), rule.Cites, rule.Why})
	}
	return settings
}

// facts says which inputs of a proposal follow from the subject.
func (w Words) facts(r risk.FactsRule) []Setting {
	var settings []Setting
	add := func(name, value string) {
		settings = append(settings, Setting{name, value, string(r.Origin), r.Cites, r.Why})
	}
	for _, f := range r.Stated {
		add(w("admin.policy.fact", f.Kind, f.Attribute), w("admin.policy.fact_stated", f.Input))
	}
	for _, f := range r.Compared {
		var words []string
		if f.Differs != "" {
			words = append(words, w("admin.policy.fact_differs", f.Differs, f.Attribute))
		}
		if f.Falls != "" {
			words = append(words, w("admin.policy.fact_falls", f.Falls, f.Attribute, w.comma(f.Order)))
		}
		add(w("admin.policy.fact", f.Kind, w.comma([]string{f.From, f.To})), w.semicolon(words))
	}
	return settings
}

func (w Words) effect(e matrix.Effect) string {
	var words []string
	if e.Likelihood != 0 {
		words = append(words, w("admin.policy.likelihood_by", e.Likelihood))
	}
	if e.Impact != 0 {
		words = append(words, w("admin.policy.impact_by", e.Impact))
	}
	if e.AtLeast != "" {
		words = append(words, w("admin.policy.at_least", w.rated(e.AtLeast)))
	}
	return w.comma(words)
}

func (w Words) acceptance(p *risk.RiskPolicy) []Setting {
	var settings []Setting
	for _, a := range p.Authority {
		rating := w.rated(a.Rating)
		settings = append(settings, Setting{rating, w("admin.policy.longest", w.length(a.Longest)), string(a.Origin), a.Cites, a.Why})
		if len(a.AnyOf) == 0 {
			settings = append(settings, Setting{Name: rating, Value: w("admin.policy.nobody")})
		}
		for _, way := range a.AnyOf {
			settings = append(settings, Setting{rating, w.way(way), string(way.Origin), way.Cites, way.Why})
		}
	}
	barred := make([]string, len(p.MayNotAccept.People))
	for i, who := range p.MayNotAccept.People {
		barred[i] = w("admin.policy.part_" + who)
	}
	return append(settings,
		Setting{w("admin.policy.may_not_accept"), w.comma(barred), string(p.MayNotAccept.Origin), p.MayNotAccept.Cites, p.MayNotAccept.Why},
		Setting{w("admin.policy.independence"), w("admin.policy.from", w.rated(p.Independence.From)), string(p.Independence.Origin), p.Independence.Cites, p.Independence.Why})
}

// way says who may accept in one of several ways.
func (w Words) way(a risk.Alternative) string {
	var words []string
	switch {
	case a.Rank != "":
		words = append(words, w("admin.policy.way_rank", a.Rank))
	case a.Body != "":
		words = append(words, w("admin.policy.way_body", a.Body, a.Quorum))
	default:
		words = append(words, w("admin.policy.way_functions", a.Functions))
	}
	if a.OwnerSetsEnd {
		words = append(words, w("admin.policy.owner_sets_end"))
	}
	if a.Longest > 0 {
		words = append(words, w("admin.policy.longest", w.length(a.Longest)))
	}
	return w.semicolon(words)
}

func (w Words) parties(rules []risk.PartyRule) []Setting {
	var settings []Setting
	for _, r := range rules {
		words := []string{w("admin.policy.party_"+string(r.Requirement), w.rated(r.From))}
		for _, way := range r.AnyOf {
			words = append(words, w.way(way))
		}
		settings = append(settings, Setting{w("risk.party_" + string(r.Kind)), w.semicolon(words), string(r.Origin), r.Cites, r.Why})
	}
	return settings
}

func (w Words) around(p *risk.RiskPolicy) []Setting {
	kinds := make([]string, len(p.Options.Compare))
	for i, k := range p.Options.Compare {
		kinds[i] = w("risk.option_" + string(k))
	}
	return []Setting{
		{w("admin.policy.options"), w("admin.policy.options_from", kinds, w.rated(p.Options.From)), string(p.Options.Origin), p.Options.Cites, p.Options.Why},
		{w("admin.policy.overdue"), w("admin.policy.overdue_" + p.Conditions.Overdue), string(p.Conditions.Origin), p.Conditions.Cites, p.Conditions.Why},
		{w("admin.policy.precedents"), w.comma(p.Precedents.Attributes), string(p.Precedents.Origin), p.Precedents.Cites, p.Precedents.Why},
	}
}

func (w Words) review(p *risk.RiskPolicy) []Setting {
	settings := []Setting{
		{w("admin.policy.intervals"), p.Review.Preset, string(p.Review.Origin), p.Review.Cites, p.Review.Why},
		{w("admin.policy.owner_notice"), w("admin.policy.every", w.length(p.Review.OwnerNotice)), string(p.Review.Origin), p.Review.Cites, p.Review.Why},
	}
	for _, preset := range p.Review.Presets {
		v := preset.Intervals
		words := w("admin.policy.by_rating", w.length(v.Low), w.length(v.Medium), w.length(v.High), w.length(v.Critical))
		settings = append(settings, Setting{w("admin.policy.preset", preset.Name), words, string(preset.Origin), preset.Cites, preset.Why})
	}
	steps := make([]string, len(p.Notices.BeforeExpiry))
	for i, d := range p.Notices.BeforeExpiry {
		steps[i] = w.length(d)
	}
	return append(settings, Setting{w("admin.policy.before_expiry"), w.comma(steps), string(p.Notices.Origin), p.Notices.Cites, p.Notices.Why})
}

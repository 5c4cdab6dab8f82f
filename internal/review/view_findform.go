// SPDX-License-Identifier: Apache-2.0

package review

import (
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/web"
)

func askView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	return viewOf(c, d, "review.ask.", func(f *web.Form) []block {
		return fields(
			needed(hinted(f.Area("text", "review.ask.text"), c.Text("review.ask.text_hint"), content.MaxComment)),
			needed(hinted(f.Line("owner", "review.ask.owner"), c.Text("review.ask.owner_hint"), MaxTitle)),
			hintOf(f.Day("due", "review.ask.due"), c.Text("review.ask.due_hint")),
		)
	}), nil
}

func answerView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	q := questionOf(c, d, *d.question(c.Path("question")))
	v := viewOf(c, d, "review.answer.", func(f *web.Form) []block {
		return fields(needed(hinted(f.Area("text", "review.answer.text"), c.Text("review.answer.text_hint"), content.MaxComment)))
	})
	v.Title, v.Intro = c.Text("review.answer.title", q.Label), []any{q.Thread}
	return v, nil
}

func settleView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	q := questionOf(c, d, *d.question(c.Path("question")))
	ways := []string{string(Fully), string(Partly), string(Not)}
	if q.Asked.State == QuestionAnswered {
		ways = append(ways, settleAgain)
	}
	v := viewOf(c, d, "review.settle.", func(f *web.Form) []block {
		return fields(
			needed(f.Radio("settled", "review.settle.how", c.Hinted("review.settle_", append(ways, settleWithdraw)...))),
			tall(hinted(f.Area("note", "review.settle.note"), c.Text("review.settle.note_hint"), MaxReason), 4),
		)
	})
	v.Title, v.Intro = c.Text("review.settle.title", q.Label), []any{q.Thread}
	return v, nil
}

func (s *Service) stateView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	changed := d.statement(c.Path("statement"))
	v := viewOf(c, d, "review.state.", func(f *web.Form) []block {
		what := []any{
			needed(f.Radio("kind", "review.statement.kind", c.Hinted("review.statement_", string(Said), string(Requirement)))),
			needed(tall(hinted(f.Area("text", "review.statement.text"), c.Text("review.statement.text_hint"), MaxText), 4)),
			hinted(f.Line("who", "review.statement.who"), c.Text("review.statement.who_hint"), MaxTitle),
			hintOf(f.Select("origin", "review.statement.origin", c.Choices("review.origin_", requirementOrigins()...)), c.Text("review.statement.origin_hint")),
		}
		if changed == nil {
			what = append(what, hinted(f.Line("label", "review.statement.label"), c.Text("review.label_hint"), 20))
		}
		return []block{
			{Fields: what},
			{Title: c.Text("review.statement.source"), Lead: c.Text("review.statement.source_lead"), Fields: []any{
				needed(f.Select("source.kind", "review.source.kind", c.Choices("review.source_", SourceKinds()...))),
				needed(hinted(f.Line("source.title", "review.source.title"), c.Text("review.source.title_hint"), MaxTitle)),
				hinted(f.Line("source.url", "review.source.url"), "", MaxShort),
				hinted(f.Line("source.version", "review.source.version"), c.Text("review.source.version_hint"), 100),
				hinted(f.Line("source.place", "review.source.place"), c.Text("review.source.place_hint"), 100),
			}},
			{Title: c.Text("review.statement.state"), Fields: []any{
				f.Select("state", "review.statement.state", c.Choices("review.stated_", StatementStates()...)),
				tall(hinted(f.Area("note", "review.statement.note"), c.Text("review.statement.note_hint"), MaxReason), 3),
			}},
			confide(c, d, f),
		}
	})
	if changed != nil {
		v.Title, v.Lead, v.Save = c.Text("review.restate.title", changed.Label), c.Text("review.restate.lead"), c.Text("review.form.save")
	}
	return v, nil
}

// confide is the box that keeps a part to those who take part.
func confide(c *web.Ctx, d Detail, f *web.Form) block {
	return block{Title: c.Text("review.restricted.title"), Lead: c.Text("review.restricted.lead", audience(c, d)), Fields: []any{f.Checkbox("restricted", "review.restricted.only")}}
}

func (s *Service) findView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	changed := d.findingAt(c.Path("finding"))
	v := viewOf(c, d, "review.find.", func(f *web.Form) []block {
		what := []any{
			needed(f.Radio("kind", "review.finding.kind", c.Hinted("review.finding_", web.Strings(FindingKinds())...))),
			needed(hinted(f.Line("title", "review.finding.title"), c.Text("review.finding.title_hint"), MaxTitle)),
			tall(hinted(f.Area("text", "review.finding.text"), c.Text("review.finding.text_hint"), MaxText), 4),
			tall(hinted(f.Area("evidence", "review.finding.evidence"), c.Text("review.finding.evidence_hint"), MaxText), 3),
			f.Select("severity", "review.finding.severity", c.Choices("review.severity_", Severities()...)),
		}
		if changed == nil {
			what = append(what, hinted(f.Line("label", "review.finding.label"), c.Text("review.label_hint"), 20))
		}
		quoted := statementChoices(d)
		return []block{
			{Fields: what},
			{Title: c.Text("review.finding.quotes"), Lead: c.Text("review.finding.quotes_lead"), Fields: []any{
				f.Select("first", "review.finding.first", quoted), f.Select("second", "review.finding.second", quoted),
			}},
			{Title: c.Text("review.finding.became"), Fields: []any{
				f.Select("state", "review.finding.state", c.Choices("review.found_", string(FindingOpen), string(FindingSettled), string(FindingPassedOn), string(FindingDismissed))),
				tall(hinted(f.Area("became", "review.finding.became_text"), c.Text("review.finding.became_hint"), MaxReason), 3),
			}},
			confide(c, d, f),
		}
	})
	if changed != nil {
		v.Title, v.Lead, v.Save = c.Text("review.refind.title", changed.Label), c.Text("review.refind.lead"), c.Text("review.form.save")
	}
	return v, nil
}

// statementChoices offers the statements by their labels and beginnings.
func statementChoices(d Detail) []web.Choice {
	all := make([]web.Choice, len(d.Statements))
	for i, t := range d.Statements {
		all[i] = web.Choice{Value: t.ID, Label: t.Label + ": " + firstOf(t.Text, 90)}
	}
	return all
}

func riskView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	n := d.findingAt(c.Path("finding"))
	v := viewOf(c, d, "review.risk.", func(f *web.Form) []block {
		return []block{
			{Fields: []any{
				needed(hinted(f.Line("title", "review.risk.name"), "", MaxTitle)),
				needed(hinted(f.Area("threat", "review.risk.threat"), "", MaxText)),
				needed(tall(hinted(f.Area("scope", "review.risk.scope"), "", MaxText), 3)),
				needed(hinted(f.Line("owner", "review.field.owner"), c.Text("review.field.owner_hint"), MaxTitle)),
				hinted(f.Line("act", "review.risk.act"), c.Text("review.risk.act_hint"), 60),
			}},
			{Title: c.Text("review.risk.facts"), Lead: c.Text("review.risk.facts_lead"), Fields: []any{
				f.Select("inputs.data", "review.risk.data", c.Choices("review.risk_data_", "none", "public", "internal", "personal", "sensitive")),
				f.Select("inputs.direction", "review.risk.direction", c.Choices("review.risk_direction_", "outbound", "inbound", "both")),
				f.Select("inputs.access", "review.risk.access", c.Choices("review.risk_access_", "read", "write", "read_write")),
				f.Select("inputs.volume", "review.risk.volume", c.Choices("review.risk_volume_", "low", "medium", "high")),
				f.Checkbox("inputs.crosses_boundary", "review.risk.crosses_boundary"),
				f.Checkbox("inputs.lower_trust", "review.risk.lower_trust"),
			}},
		}
	})
	v.Lead = c.Text("review.risk.lead", n.Label)
	return v, nil
}

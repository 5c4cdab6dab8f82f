// SPDX-License-Identifier: Apache-2.0

package review

import (
	"cmp"
	"net/url"
	"slices"

	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review/kind"
)

// editView is the form of a review with what else may be changed.
type editView struct {
	requestView
	Kinds []web.Choice
	Newer bool // there is a newer version of the form
}

func (s *Service) editView(c *web.Ctx, d Detail, f *web.Form) (any, error) {
	k, version, err := s.formOf(c, d, f)
	if err != nil {
		k, version = d.kind, d.KindVersion // what is wrong is said at the field
	}
	v := editView{requestView: s.requestView(c, k, version)}
	v.Review, v.PreScreen = d, d.PreScreen.Answers
	if v.Kinds, err = s.kindChoices(c); err != nil {
		return nil, err
	}
	_, now, err := s.Kind(c.Context(), d.Kind, 0)
	v.Newer = now.Version > d.KindVersion
	return v, err
}

func (s *Service) moveView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	v := viewOf(c, d, "review.move.", func(f *web.Form) []block {
		to := needed(f.Radio("to", "review.move.to", c.Hinted("review.column_", web.Strings(movesHere(d.Column))...)))
		if choice := f.String("choose", 20); choice != "" { // a button of the board
			to.Value, to.Values = choice, []string{choice}
		}
		all := []block{
			{Fields: []any{to, f.Select("priority", "review.field.priority", c.Choices("review.priority_", web.Strings(Priorities())...))}},
			{Title: c.Text("review.move.planned"), Fields: []any{
				f.Titled(withOffers(hinted(f.Line("quarter", "review.field.quarter"), "", 0), offeredQuarters(c)), c.Text("review.field.quarter"), c.Text("review.move.quarter_hint")),
				f.Titled(f.Day("scheduled_for", "review.field.scheduled"), c.Text("review.field.scheduled"), c.Text("review.move.scheduled_hint", d.kind.Scenarios)),
			}},
		}
		wait := []any{tall(hinted(f.Area("reason", "review.move.reason"), c.Text("review.move.reason_hint"), MaxReason), 3)}
		if short := shortChoices(d); len(short) > 0 {
			wait = append(wait, hintOf(f.Checks("not_ready", "review.move.not_ready", short), c.Text("review.move.not_ready_hint")))
		}
		return append(all, block{Title: c.Text("review.move.waiting"), Fields: wait})
	})
	v.Lead = c.Text("review.move.lead", d.Title, columnText(c, d.Column))
	if !slices.Contains(movesHere(d.Column), Planned) {
		return v, nil
	}
	room, err := s.planAlert(c, d)
	v.Intro = append(v.Intro, room)
	return v, err
}

// planAlert says whether the review still fits into the present quarter.
func (s *Service) planAlert(c *web.Ctx, d Detail) (web.Alert, error) {
	quarter, effort := QuarterOf(c.Now(), c.Location()), d.Effort
	if d.Quarter == quarter {
		effort = 0
	}
	text, over, err := s.PlanNotice(c.Context(), quarter, effort)
	tone := web.ToneNeutral
	if over {
		tone = web.ToneWarning
	}
	return web.Alert{Tone: tone, Body: text}, err
}

// movesHere are the columns that the form of a move offers: where the review stands,
// too, for a date that changes.
func movesHere(from Column) []Column {
	all := MovesFrom(from)
	if from == Planned {
		all = append(all, Planned)
	}
	return all
}

func hintOf(f web.Field, hint string) web.Field { f.Hint = hint; return f }

func withOffers(f web.Field, offers []web.Choice) web.Field { f.Suggest = offers; return f }

// offeredQuarters are this one and the next three.
func offeredQuarters(c *web.Ctx) []web.Choice {
	all := make([]web.Choice, 4)
	for n := range all {
		all[n].Value = QuarterAfter(QuarterOf(c.Now(), c.Location()), n)
	}
	return all
}

// shortChoices are the answers that fall short, to be named by whoever holds a
// review not ready.
func shortChoices(d Detail) []web.Choice {
	var all []web.Choice
	for _, short := range d.Shortfalls {
		i := slices.IndexFunc(all, func(o web.Choice) bool { return o.Value == short.Field })
		if i < 0 {
			all = append(all, web.Choice{Value: short.Field, Label: short.Label, Hint: short.Message})
			continue
		}
		all[i].Hint = itemweb.Sentence(all[i].Hint, short.Message)
	}
	return all
}

func resubmitQuestion(c *web.Ctx, d Detail) web.Confirm {
	q := web.Confirm{
		Title: c.Text("review.resubmit.title"), Lead: c.Text("review.resubmit.lead", d.Title),
		Consequences: []any{c.Text("review.resubmit.then")}, Button: c.Text("review.resubmit.save"), Cancel: d.URL(),
	}
	for _, short := range d.Shortfalls {
		q.Consequences = append(q.Consequences, c.Text("review.resubmit.still", short.Label, short.Message))
	}
	return q
}

func estimateView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	v := viewOf(c, d, "review.estimate.", func(f *web.Form) []block {
		effort := needed(f.Line("effort", "review.field.effort"))
		effort.Hint = c.Text("review.estimate.effort_hint", web.Figure(d.kind.Effort))
		return fields(f.Select("priority", "review.field.priority", c.Choices("review.priority_", web.Strings(Priorities())...)), effort)
	})
	return v, nil
}

func (s *Service) assignView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	candidates, err := s.Suggest(c.Context(), d.ID)
	if err != nil {
		return nil, err
	}
	var offers []web.Choice
	who := web.Terms{Compact: true}
	for _, one := range candidates {
		offers = append(offers, web.Choice{Value: cmp.Or(one.Login, one.Person), Label: one.Name})
		who.Items = append(who.Items, web.Term{Name: one.Name, Value: one.Because})
	}
	v := viewOf(c, d, "review.assign.", func(f *web.Form) []block {
		return fields(
			needed(withOffers(hinted(f.Line("person", "review.reviewer.person"), c.Text("review.assign.person_hint"), MaxTitle), offers)),
			needed(f.Radio("part", "review.reviewer.part", c.Hinted("review.part_of_", string(Leads), string(Reviews), string(SecondReader)))),
		)
	})
	if len(d.kind.Skills) > 0 {
		v.Intro = []any{web.Alert{Tone: web.ToneNotice, Title: c.Text("review.assign.skills", d.kind.Skills)}}
	}
	if len(candidates) > 0 {
		v.IntroTitle, v.Intro = c.Text("review.assign.suggested"), append(v.Intro, who)
	}
	return v, nil
}

func declareView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	return viewOf(c, d, "review.declare.", func(f *web.Form) []block {
		return fields(
			needed(f.Radio("conflict", "review.reviewer.conflict", c.Hinted("review.conflict_", string(NoConflict), string(Soft), string(Hard)))),
			tall(hinted(f.Area("words", "review.declare.words"), c.Text("review.declare.words_hint"), MaxReason), 4),
		)
	}), nil
}

func declareValues(c *web.Ctx, d Detail) url.Values {
	i := slices.IndexFunc(d.Reviewers, func(v Reviewer) bool { return v.Person == c.Actor.ID })
	if i < 0 || d.Reviewers[i].Conflict == Undeclared {
		return url.Values{}
	}
	return url.Values{"conflict": {string(d.Reviewers[i].Conflict)}, "words": {d.Reviewers[i].Words}}
}

func readView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	v := viewOf(c, d, "review.read.", func(f *web.Form) []block {
		return fields(needed(tall(hinted(f.Area("concurs", "review.read.concurs"), c.Text("review.read.concurs_hint"), MaxReason), 6)))
	})
	if d.Assessment != nil {
		v.IntroTitle, v.Intro = c.Text("review.assessment.title"), []any{web.Restricted{Text: audience(c, d), Body: prose(d.Assessment.Text)}}
	}
	return v, nil
}

// aspectOf returns the aspect on which the kind wants an opinion, or nil.
func aspectOf(d Detail, aspect string) *kind.Opinion {
	i := slices.IndexFunc(d.kind.Opinions, func(o kind.Opinion) bool { return o.Aspect == aspect })
	if i < 0 {
		return nil
	}
	return &d.kind.Opinions[i]
}

func assessorView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	wanted := aspectOf(d, c.Path("aspect"))
	v := viewOf(c, d, "review.assessor.", func(f *web.Form) []block {
		return fields(needed(hinted(f.Line("assessor", "review.opinion.assessor"), c.Text("review.assessor.hint"), MaxTitle)))
	})
	v.Lead = c.Text("review.assessor.lead", wanted.Title)
	return v, nil
}

func opineView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	wanted := aspectOf(d, c.Path("aspect"))
	v := viewOf(c, d, "review.opine.", func(f *web.Form) []block {
		return fields(
			needed(f.Radio("verdict", "review.opinion.verdict", c.Hinted("review.verdict_", Verdicts()...))),
			needed(hinted(f.Area("text", "review.opinion.text"), c.Text("review.opine.text_hint"), MaxText)),
		)
	})
	v.Lead = c.Text("review.opine.lead", wanted.Title)
	if wanted.Guidance != "" {
		v.Intro = []any{prose(wanted.Guidance)}
	}
	return v, nil
}

func opineValues(c *web.Ctx, d Detail) url.Values {
	given := d.opinion(c.Path("aspect"))
	if given == nil || given.Verdict == "" {
		return url.Values{}
	}
	return url.Values{"verdict": {given.Verdict}, "text": {given.Text}}
}

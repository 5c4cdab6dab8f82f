// SPDX-License-Identifier: Apache-2.0

package review

import (
	"slices"
	"strconv"
	"time"

	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/web"
)

// publicView is what everybody may read of a review.
type publicView struct {
	Title string
	Text  any
	Since time.Time
}

// versionsView is the versions of the assessment.
type versionsView struct {
	Review   Detail
	Audience string
	Versions []versionView
}

type versionView struct {
	Title, By, Anchor string
	Diff              *web.Diff // to the version before; nil for the first
	Text              any
}

func assessView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	v := viewOf(c, d, "review.assess.", func(f *web.Form) []block {
		return fields(needed(tall(hinted(f.Area("text", "review.assess.text"), c.Text("review.assess.text_hint"), MaxAssessment), 28)))
	})
	written := int64(0)
	if d.Assessment != nil {
		written = d.Assessment.Version
		composed := Compose(d, func(id string) string { return d.named(c, id) })
		v.Folded = []folded{{Title: c.Text("review.assess.anew"), Body: web.Code{Label: c.Text("review.assess.anew_label"), Text: composed}}}
	}
	v.Intro = []any{web.Alert{Tone: web.ToneWarning, Title: c.Text("review.assess.who", audience(c, d))}}
	v.Hidden = func(*web.Form) []web.Choice {
		return []web.Choice{{Label: "written", Value: strconv.FormatInt(written, 10)}}
	}
	v.Buttons = func(*web.Form) []formButton { return []formButton{previewButton(c)} }
	v.Preview = func(f *web.Form) any {
		if !f.Bool("preview") {
			return nil
		}
		return web.Restricted{Text: audience(c, d), Body: prose(f.Text("text", MaxAssessment))}
	}
	return v, nil
}

func previewButton(c *web.Ctx) formButton {
	return formButton{Name: "preview", Value: "1", Text: c.Text("review.form.preview"), Icon: "eye"}
}

// abstractForm is the form of the abstract: what leaves is shown exactly as it does,
// and only then there is the button that publishes it.
func abstractForm(c *web.Ctx, d Detail, sent *web.Form) (any, error) {
	v := viewOf(c, d, "review.abstract.", func(f *web.Form) []block {
		return fields(needed(hinted(f.Area("text", "review.abstract.text"), c.Text("review.abstract.text_hint"), MaxText)))
	})
	public := !d.PublishedAt.IsZero()
	if public {
		v.Intro = append(v.Intro, web.Alert{Tone: web.ToneNotice, Title: c.Text("review.abstract.since", c.Day(d.PublishedAt)), Body: c.Text("review.abstract.keep_public")})
		v.Save = c.Text("review.abstract.take_back")
	}
	if !d.Done() {
		v.Intro = append(v.Intro, web.Alert{Tone: web.ToneNotice, Title: c.Text("review.abstract.not_done")})
	}
	text := func(f *web.Form) string {
		if sent == nil && !f.Restored() {
			return d.Abstract
		}
		return f.Text("text", MaxText)
	}
	seen := func(f *web.Form) bool {
		return text(f) != "" && (sent == nil && !f.Restored() || f.Bool("preview") || f.Bool("publish"))
	}
	v.Hidden = func(f *web.Form) []web.Choice {
		if !seen(f) {
			return nil
		}
		return []web.Choice{{Label: "previewed", Value: item.SHA(text(f))}}
	}
	v.Preview = func(f *web.Form) any {
		if !seen(f) {
			return nil
		}
		shown := d.Review
		shown.Abstract = text(f)
		return web.Leaves{Text: c.Text("review.abstract.where"), Body: prose(AbstractOf(shown))}
	}
	v.Buttons = func(f *web.Form) []formButton {
		all := []formButton{previewButton(c)}
		if seen(f) && d.Done() {
			all = append(all, formButton{Name: "publish", Value: "1", Text: c.Text("review.abstract.publish"), Icon: "external-link", Primary: true})
		}
		return all
	}
	return v, nil
}

func (s *Service) decideView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	v := viewOf(c, d, "review.decide.", func(f *web.Form) []block {
		return fields(
			needed(f.Radio("outcome", "review.decide.outcome", c.Hinted("review.outcome_", web.Strings(Outcomes(d.Required))...))),
			needed(hinted(f.Area("reason", "review.decide.reason"), c.Text("review.decide.reason_hint"), MaxReason)),
		)
	})
	v.Lead = c.Text("review.decide.lead", d.Title)
	v.Hidden = func(f *web.Form) []web.Choice { // the meeting in which it is decided, if in one
		return []web.Choice{{Label: "meeting", Value: f.String("meeting", 16)}}
	}
	v.RowsTitle, v.RowsLead, v.More = c.Text("review.conditions.forward"), c.Text("review.decide.forward_lead"), c.Text("review.condition.more")
	if d.Required {
		v.RowsTitle, v.RowsLead = c.Text("review.conditions.asks"), c.Text("review.decide.conditions_lead")
		v.Intro = append(v.Intro, againstApproval(c, d))
	}
	if d.kind.DecidedBy != "" {
		v.Intro = append(v.Intro, web.Alert{Tone: web.ToneNotice, Title: c.Text("review.decide.rank", d.kind.DecidedBy)})
	}
	v.Rows = func(f *web.Form) []fieldRow {
		rows := make([]fieldRow, f.Rows(1, MaxConditions))
		for i := range rows {
			at := func(name string) string { return web.RowField("conditions", i, name) }
			rows[i] = fieldRow{
				Title:  c.Text("review.condition.row", i+1),
				Above:  []web.Field{hinted(f.Line(at("text"), "review.condition.text"), "", MaxShort)},
				Fields: []web.Field{f.Line(at("owner"), "review.condition.owner_login"), f.Day(at("due"), "review.condition.due")},
				Below:  []web.Field{hinted(f.Line(at("proof"), "review.condition.proof"), c.Text("review.condition.proof_hint"), MaxShort)},
			}
		}
		return rows
	}
	return v, nil
}

// againstApproval says in advance what an approval still needs.
func againstApproval(c *web.Ctx, d Detail) web.Alert {
	var open []any
	add := func(key string, args ...any) { open = append(open, web.Verbatim{Text: c.Text(key, args...)}) }
	if d.Subject == "" {
		add("review.against.subject")
	}
	for _, q := range d.Questions {
		if q.State == QuestionOpen {
			add("review.against.question", q.Label, d.named(c, q.Owner))
		}
	}
	for _, n := range d.Findings {
		if n.Kind == Contradiction && n.State == FindingOpen {
			add("review.against.contradiction", n.Label, n.Title)
		}
	}
	for _, wanted := range d.kind.Opinions {
		if given := d.opinion(wanted.Aspect); given == nil || given.Verdict == "" {
			add("review.against.opinion", wanted.Title)
		}
	}
	if d.kind.SecondReader && !d.readBySecond() {
		add("review.against.reader")
	}
	if len(open) == 0 {
		return web.Alert{Tone: web.ToneGood, Title: c.Text("review.against.nothing")}
	}
	return web.Alert{Tone: web.ToneWarning, Title: c.Text("review.against.title"), Body: open}
}

// readBySecond reports whether a second reader has read the latest assessment.
func (d Detail) readBySecond() bool {
	return d.Assessment != nil && slices.ContainsFunc(d.Reviewers, func(v Reviewer) bool {
		return v.Part == SecondReader && v.TakesPart() && !v.ReadAt.IsZero() && !v.ReadAt.Before(d.Assessment.At)
	})
}

// reasonField is the text that a question asks for.
func reasonField(c *web.Ctx, hint string) func(f *web.Form) []web.Field {
	return func(f *web.Form) []web.Field {
		return []web.Field{needed(tall(hinted(f.Area("reason", "review.field.reason"), c.Text(hint), MaxReason), 4))}
	}
}

func withdrawQuestion(c *web.Ctx, d Detail) web.Confirm {
	return web.Confirm{
		Title: c.Text("review.withdraw.title"), Lead: c.Text("review.withdraw.lead", d.Title),
		Consequences: []any{c.Text("review.end.final"), c.Text("review.withdraw.then")},
		Fields:       reasonField(c, "review.end.reason_hint"), Button: c.Text("review.withdraw.save"), Danger: true, Cancel: d.URL(),
	}
}

func dismissQuestion(c *web.Ctx, d Detail) web.Confirm {
	return web.Confirm{
		Title: c.Text("review.dismiss.title"), Lead: c.Text("review.dismiss.lead", d.Title),
		Consequences: []any{c.Text("review.end.final"), c.Text("review.dismiss.then")},
		Fields:       reasonField(c, "review.dismiss.reason_hint"), Button: c.Text("review.dismiss.save"), Cancel: d.URL(),
	}
}

func supersedeQuestion(c *web.Ctx, d Detail) web.Confirm {
	return web.Confirm{
		Title: c.Text("review.supersede.title"), Lead: c.Text("review.supersede.lead", d.Title),
		Consequences: []any{c.Text("review.end.final"), c.Text("review.supersede.then")},
		Fields: func(f *web.Form) []web.Field {
			next := needed(hinted(f.Line("successor", "review.supersede.successor"), c.Text("review.supersede.successor_hint"), 60))
			return append([]web.Field{next}, reasonField(c, "review.end.reason_hint")(f)...)
		},
		Button: c.Text("review.supersede.save"), Cancel: d.URL(),
	}
}

func meetView(c *web.Ctx, d Detail, _ *web.Form) (any, error) {
	one := d.condition(c.Path("condition"))
	v := viewOf(c, d, "review.meet.", func(f *web.Form) []block {
		return fields(needed(hinted(f.Area("shown", "review.meet.shown"), c.Text("review.meet.shown_hint"), MaxText)))
	})
	v.Lead = one.Text
	if one.Proof != "" {
		v.Intro = []any{web.Alert{Tone: web.ToneNotice, Title: c.Text("review.meet.wanted", one.Proof)}}
	}
	return v, nil
}

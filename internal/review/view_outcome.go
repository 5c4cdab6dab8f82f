// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/url"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

// outcomeView is how a review ended, large and plain.
type outcomeView struct {
	Title      string
	Open, Shut bool // it opens the way, or closes it; neither: it is advice, or there is no decision
	Reason     any
	By         string
	Facts      web.Terms
	Conditions web.Table // what it asks for
	Asks       string    // heads them
}

func outcomeOf(c *web.Ctx, d Detail) *outcomeView {
	r := d.Verdict
	v := &outcomeView{
		Title: c.Text("review.outcome_" + string(r.Outcome)), Open: r.Outcome.Approves(), Shut: r.Outcome == NotApproved,
		By: c.Text("review.outcome.by", d.named(c, r.By), c.Day(r.At)), Facts: web.Terms{}, Conditions: conditionTable(c, d), Asks: c.Text("review.conditions.asks"),
	}
	if r.By == "" {
		v.By = c.Text("review.outcome.on", c.Day(r.At))
	}
	if r.Outcome == Advice {
		v.Asks = c.Text("review.conditions.forward")
	}
	if r.Reason != "" {
		v.Reason = prose(r.Reason)
	}
	add := func(label string, value any) {
		v.Facts.Items = append(v.Facts.Items, web.Term{Name: c.Text(label), Value: value})
	}
	if r.Right != "" {
		add("review.outcome.right", r.Right)
	}
	if d.Subject != "" && r.SubjectVersion > 0 {
		add("review.outcome.subject", []any{itemweb.SubjectLink(d.Subject, d.SubjectTitle), c.Text("review.outcome.pin", r.SubjectVersion), web.Mono{Text: itemweb.Short(r.SubjectDigest)}})
	}
	if !r.Until.IsZero() {
		add("review.outcome.until", web.LastDay(r.Until))
	}
	if link := c.EntryLink("#"+strconv.FormatInt(r.Entry, 10), r.Entry); link != nil {
		add("review.outcome.entry", link)
	}
	return v
}

func conditionTable(c *web.Ctx, d Detail) web.Table {
	t := c.Table(c.Text("review.conditions.caption"), "review.condition.text", "review.condition.owner", "review.condition.due", "review.condition.proof", "review.condition.state")
	for _, one := range d.Conditions {
		row := web.Row{}
		state := []any{web.Badge{Tone: web.ToneNotice, Text: c.Text("review.condition.open")}}
		switch {
		case !one.MetAt.IsZero():
			state = []any{web.Badge{Tone: web.ToneGood, Text: c.Text("review.condition.met")}, c.Text("review.condition.met_by", d.named(c, one.MetBy)), one.MetAt, web.Verbatim{Text: one.Shown}}
		case one.Overdue(d.AsOf):
			row.Tone = web.ToneBad
		}
		if d.May("meet") && one.MetAt.IsZero() && (one.Owner == c.Actor.ID || d.standsIn[one.ID] || one.Owner == "" && c.Can(ActionMove)) {
			state = append(state, web.Link{Text: c.Text("review.meet.do"), URL: d.URL() + "/conditions/" + url.PathEscape(one.ID), About: one.Text})
		}
		row.Cells = []any{one.Text, itemweb.Shown(c, d.named(c, one.Owner)), itemweb.Shown(c, dueText(c, one.Due, d.AsOf, one.MetAt.IsZero())), itemweb.Shown(c, one.Proof), state}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// assessmentView is the latest version of the assessment; nil: the reader may not
// read it, or there is none.
type assessmentView struct {
	Text     any
	By       string
	Versions string // page of all versions, or ""
}

func assessmentOf(c *web.Ctx, d Detail) *assessmentView {
	if d.Assessment == nil {
		return nil
	}
	v := &assessmentView{Text: prose(d.Assessment.Text), By: c.Text("review.assessment.by", d.Assessment.Version, d.named(c, d.Assessment.Author), c.Day(d.Assessment.At))}
	if d.Assessment.Version > 1 {
		v.Versions = d.URL() + "/assessment/versions"
	}
	return v
}

// abstractView is what everybody may read of a review.
type abstractView struct {
	Text   any // nil: none is written
	Public bool
	Since  string
	URL    string
}

func abstractOf(c *web.Ctx, d Detail) abstractView {
	v := abstractView{URL: d.URL() + "/abstract", Public: !d.PublishedAt.IsZero()}
	if d.Abstract != "" {
		v.Text = prose(AbstractOf(d.Review))
	}
	if v.Public {
		v.Since = c.Text("review.abstract.since", c.Day(d.PublishedAt))
	}
	return v
}

// pastLine is what happened to an imported review where it comes from.
func pastLine(c *web.Ctx, d Detail) web.Timeline {
	var t web.Timeline
	for _, p := range d.Past {
		e := web.Event{At: p.At, Icon: pastIcon(p.Kind), Title: pastTitle(c, p), By: p.Author}
		if p.Author == "" {
			e.By = c.Text("review.somebody_there")
		}
		if p.Text != "" {
			e.Body = prose(p.Text)
		}
		t.Events = append(t.Events, e)
	}
	return t
}

func pastIcon(kind string) string {
	switch kind {
	case "comment":
		return "message-square"
	case "status", "column":
		return "route"
	case "priority":
		return "flag"
	default:
		return "history"
	}
}

// pastTitle says what happened, in the words of where it comes from.
func pastTitle(c *web.Ctx, p Past) any {
	switch {
	case p.Kind == "comment":
		return c.Text("review.past_comment")
	case p.From != "" && p.To != "":
		return c.Text("review.past_from_to", p.Kind, p.From, p.To)
	case p.To != "":
		return c.Text("review.past_to", p.Kind, p.To)
	case p.From != "":
		return c.Text("review.past_from", p.Kind, p.From)
	}
	return p.Kind
}

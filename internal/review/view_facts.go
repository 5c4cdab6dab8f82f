// SPDX-License-Identifier: Apache-2.0

package review

import (
	"strconv"
	"time"

	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review/kind"
)

// facts are those beside the request.
func facts(c *web.Ctx, d Detail) web.Terms {
	t := web.Terms{Compact: true}
	add := func(label string, v any) { t.Items = append(t.Items, web.Term{Name: c.Text(label), Value: v}) }
	when := func(label string, at time.Time) {
		if !at.IsZero() {
			add(label, at)
		}
	}
	if d.Subject != "" {
		add("review.field.subject", itemweb.SubjectLink(d.Subject, d.SubjectTitle))
	}
	add("review.field.requester", d.named(c, d.Requester))
	add("review.field.owner", d.named(c, d.Owner))
	add("review.field.lead", d.named(c, d.Lead))
	add("review.field.visibility", c.Text("review.visibility_"+string(d.Visibility)+"_hint"))
	add("review.field.participants", audience(c, d))
	when("review.field.received", d.ReceivedAt)
	if d.Quarter != "" {
		add("review.field.accepted", []any{d.Quarter, d.AcceptedAt})
	}
	if d.ScheduledFor != "" {
		add("review.field.scheduled", dayText(c, d.ScheduledFor))
	}
	when("review.field.started", d.StartedAt)
	if d.Effort > 0 {
		add("review.field.effort", c.Text("review.person_days", web.Figure(d.Effort)))
	}
	if d.PreScreen.Because != "" {
		add("review.field.prescreen", d.PreScreen.Because)
	}
	if d.Predecessor != "" {
		add("review.field.predecessor", web.Link{Text: c.Text("review.earlier"), URL: Review{ID: d.Predecessor}.URL()})
	}
	if d.Imported() {
		add("review.field.origin", originFact(c, d))
	}
	add("review.field.form", web.Link{Text: c.Text("review.kind_version", d.KindTitle, d.KindVersion), URL: web.With("/review-kinds/"+d.Kind, "version", strconv.FormatInt(d.KindVersion, 10))})
	add("review.field.version", d.Version)
	if link := c.EntryLink("#"+strconv.FormatInt(d.Entry, 10), d.Entry); link != nil {
		add("review.field.entry", link)
	}
	return t
}

// originFact is where an imported review comes from, with the link there.
func originFact(c *web.Ctx, d Detail) any {
	o := d.Origin
	var what any = o.Number
	if o.URL != "" {
		what = web.Link{Text: o.Number, URL: o.URL, Icon: "external-link"}
	}
	author := o.Author
	if author == "" {
		author = c.Text("review.somebody_there")
	}
	all := []any{what, c.Text("review.origin_filed", author)}
	if !o.At.IsZero() {
		all = append(all, o.At)
	}
	if o.Status != "" {
		all = append(all, c.Text("review.origin_status", o.Status))
	}
	return all
}

func technologyTable(c *web.Ctx, d Detail) web.Table {
	t := c.Table(c.Text("review.technologies.caption"), "review.technology.name", "review.technology.replaces", "review.technology.state", "review.technology.owner")
	t.Empty = &web.Empty{Icon: "layers", Title: c.Text("review.technologies.empty"), Text: c.Text("review.technologies.empty_text")}
	tones := map[kind.State]string{kind.Candidate: web.ToneNotice, kind.Chosen: web.ToneGood, kind.Dropped: web.ToneNeutral}
	for _, one := range d.Technologies {
		t.Add(one.Name, itemweb.Shown(c, one.Replaces), web.Badge{Tone: tones[one.State], Text: c.Text("review.technology_" + string(one.State))}, itemweb.Shown(c, one.Owner))
	}
	return t
}

// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/url"
	"strings"

	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

type planView struct {
	Parts    web.Tabs
	Title    string
	Present  bool
	Previous web.Link
	Next     web.Link
	Alerts   []web.Alert
	Stats    []web.Stat
	Quarters web.Bars
	People   web.Bars
	Skills   web.Table
	Reviews  web.Table
}

func planViewOf(c *web.Ctx, p Plan) planView {
	at := func(quarter string) string { return web.With("/reviews/plan", "quarter", quarter) }
	before, after := QuarterAfter(p.Quarter, -1), QuarterAfter(p.Quarter, 1)
	v := planView{
		Parts: parts(c, "plan"), Title: c.Text("review.plan.title", p.Quarter), Present: p.Quarter == p.Now,
		Previous: web.Link{Text: before, URL: at(before), Icon: "arrow-left"}, Next: web.Link{Text: after, URL: at(after), Icon: "arrow-right"},
	}
	if p.Over > 0 {
		v.Alerts = append(v.Alerts, web.Alert{Tone: web.ToneBad, Title: c.Text("review.plan.over_title", web.Figure(p.Over)),
			Body: c.Text("review.plan.over_text", web.Figure(p.Taken()), web.Figure(p.Capacity))})
	}
	if p.Nobodys > 0 {
		v.Alerts = append(v.Alerts, web.Alert{Tone: web.ToneWarning, Title: c.Text("review.plan.nobodys", web.Figure(p.Nobodys)), Body: c.Text("review.plan.nobodys_text")})
	}
	planned, running, done := p.Count()
	v.Stats = []web.Stat{
		{Value: planned, Text: c.Text("review.plan.count_planned"), Icon: "calendar"},
		{Value: running, Text: c.Text("review.plan.count_running"), Icon: "hourglass"},
		{Value: done, Text: c.Text("review.plan.count_done"), Icon: "check"},
	}
	v.Quarters = web.Bars{Caption: c.Text("review.plan.quarters"), Unit: c.Text("review.plan.unit")}
	v.Quarters.Rows = append(v.Quarters.Rows, web.Bar{Label: p.Quarter, Value: p.Taken(), Limit: p.Capacity, Tone: overTone(p.Over)})
	for _, q := range p.Further {
		v.Quarters.Rows = append(v.Quarters.Rows, web.Bar{Label: q.Quarter, URL: at(q.Quarter), Value: q.Planned, Limit: q.Capacity, Tone: overTone(q.Planned - q.Capacity)})
	}
	v.People = web.Bars{Caption: c.Text("review.plan.people"), Unit: c.Text("review.plan.unit"), Empty: c.Text("review.plan.nobody")}
	v.Skills = c.Table(c.Text("review.plan.skills"), "review.plan.person", "review.plan.days", "review.plan.skills")
	for _, one := range p.People {
		v.People.Rows = append(v.People.Rows, web.Bar{Label: nameHere(c, one), Value: one.Taken(), Limit: one.Days, Tone: overTone(one.Over)})
		said := web.Figure(one.Days)
		if !one.Said {
			said = c.Text("review.plan.default_days", said)
		}
		var name any = nameHere(c, one)
		if c.Can(ActionPlan) {
			name = web.Link{Text: nameHere(c, one), URL: "/reviews/plan/capacity?" + url.Values{"person": {one.Person}, "quarter": {p.Quarter}}.Encode()}
		}
		v.Skills.Add(name, said, itemweb.Shown(c, strings.Join(one.Skills, ", ")))
	}
	v.Reviews = plannedTable(c, p)
	return v
}

func overTone(over float64) string {
	if over > 0 {
		return web.ToneBad
	}
	return ""
}

func nameHere(c *web.Ctx, p PersonPlan) string {
	if p.Name == "" {
		return itemweb.Somebody(c)
	}
	return p.Name
}

// planRows bounds the reviews that the page of a plan lists.
const planRows = 200

func plannedTable(c *web.Ctx, p Plan) web.Table {
	names := map[string]string{}
	for _, one := range p.People {
		names[one.Person] = nameHere(c, one)
	}
	t := c.Table(c.Text("review.plan.reviews"), "review.field.title", "review.field.column", "review.plan.effort", "review.plan.carried", "review.plan.when")
	t.Columns[2].Number = true
	for i, r := range p.Reviews {
		if i == planRows {
			break
		}
		var who []string
		for _, id := range r.CarriedBy {
			who = append(who, names[id])
		}
		when := []any{}
		switch {
		case r.Column == Done:
			when = append(when, outcomeBadge(c, r.Outcome), r.DoneAt)
		case r.ScheduledFor != "":
			when = append(when, dayText(c, r.ScheduledFor))
		}
		row := web.Row{}
		if r.LeftOver {
			when = append(when, web.Badge{Tone: web.ToneWarning, Text: c.Text("review.plan.left_over", r.Quarter)})
			row.Tone = web.ToneWarning
		}
		title := []any{web.Link{Text: r.Title, URL: r.URL()}}
		if b := priorityBadge(c, r.Priority); b != nil {
			title = append(title, b)
		}
		row.Cells = []any{title, columnBadge(c, r.Column), web.Figure(r.Effort), itemweb.Shown(c, strings.Join(who, ", ")), itemweb.Shown(c, when)}
		t.Rows = append(t.Rows, row)
	}
	t.Empty = &web.Empty{Icon: "calendar", Title: c.Text("review.plan.empty"), Text: c.Text("review.plan.empty_text")}
	return t
}

type capacityPage struct {
	Action string
	Plan   Plan
	People []web.Choice
	Offers []web.Choice
	Back   string
}

func capacityView(c *web.Ctx, p Plan, f *web.Form) (any, error) {
	v := capacityPage{Action: "/reviews/plan/capacity", Plan: p, Offers: offeredQuarters(c), Back: web.With("/reviews/plan", "quarter", p.Quarter)}
	for _, one := range p.People {
		v.People = append(v.People, web.Choice{Value: one.Person, Label: nameHere(c, one)})
	}
	missing := func(id string) bool {
		for _, o := range v.People {
			if o.Value == id {
				return false
			}
		}
		return id != ""
	}
	if c.Actor.ID != "" && missing(c.Actor.ID) { // a triager of whom nothing was said yet
		v.People = append(v.People, web.Choice{Value: c.Actor.ID, Label: c.Actor.Name})
	}
	return v, nil
}

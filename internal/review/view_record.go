// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/url"
	"slices"

	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review/kind"
)

// questionView is a question with its thread, and what the reader may do with it.
type questionView struct {
	Asked
	Anchor  string
	State   web.Badge
	Facts   []any
	Thread  web.Comments
	Answer  string // where an answer is sent to, or ""
	More    string // page of the form that adds to an answer, or ""
	Settle  string // page of the form that settles it, or ""
	Settled string // how far, in words
}

// questionAnchor is the id of a question on the page of its review.
func questionAnchor(id string) string { return "question-" + id }

func questionViews(c *web.Ctx, d Detail) []questionView {
	var all []questionView
	for _, q := range d.Questions {
		all = append(all, questionOf(c, d, q))
	}
	return all
}

func questionOf(c *web.Ctx, d Detail, q Asked) questionView {
	v := questionView{Asked: q, Anchor: questionAnchor(q.ID), Thread: thread(c, d, q.Thread)}
	tones := map[QuestionState]string{QuestionOpen: web.ToneWarning, QuestionAnswered: web.ToneNotice, QuestionSettled: web.ToneGood, QuestionWithdrawn: web.ToneNeutral}
	v.State = web.Badge{Tone: tones[q.State], Text: c.Text("review.question_" + string(q.State))}
	v.Facts = []any{c.Text("review.question.asked", d.named(c, q.Asker), c.Day(q.AskedAt))}
	if q.State == QuestionOpen {
		v.Facts = append(v.Facts, c.Text("review.question.owes", d.named(c, q.Owner)))
		if !q.Due.IsZero() {
			v.Facts = append(v.Facts, c.Text("review.question.until"), dueText(c, q.Due, d.AsOf, true))
		}
	}
	if q.Settled != "" {
		v.Settled = c.Text("review.settled_" + string(q.Settled))
	}
	at := d.URL() + "/questions/" + url.PathEscape(q.ID)
	closed := q.Closed()
	if !closed && d.May("answer") && d.owes(c.Actor.ID, q.Question) {
		v.Answer = at + "/answer"
		if q.State == QuestionAnswered {
			v.Answer, v.More = "", v.Answer
		}
	}
	if !closed && d.May("ask") {
		v.Settle = at + "/settle"
	}
	return v
}

// thread makes the component of what was written in a question's thread.
func thread(c *web.Ctx, d Detail, all []content.Comment) web.Comments {
	t := web.Comments{Empty: c.Text("review.question.empty")}
	for i, written := range all {
		one := web.Comment{ID: written.ID, At: written.PostedAt, Edited: written.EditedAt, Erased: written.Erased()}
		if i == 0 && !one.Erased {
			one.Badge = &web.Badge{Tone: web.ToneNeutral, Text: c.Text("review.question.word")}
		}
		if !one.Erased {
			one.Author, one.Body = d.named(c, written.Author), written.HTML()
			one.Actions = commentLinks(c, written)
		}
		t.Items = append(t.Items, one)
	}
	return t
}

// commentLinks lead to what the pages of comments offer about one.
func commentLinks(c *web.Ctx, written content.Comment) []web.Link {
	var all []web.Link
	at := "/comments/" + url.PathEscape(written.ID)
	if written.Author == c.Actor.ID && c.Can(content.ActionComment) {
		all = append(all, web.Link{Text: c.Text("review.comment.edit"), URL: at + "/edit", Icon: "pencil"})
	}
	if written.Version > 1 {
		all = append(all, web.Link{Text: c.Text("review.comment.versions", written.Version), URL: at + "/versions", Icon: "history"})
	}
	return all
}

// statementTables are what was said and required: for everybody who sees the
// review, and what only those who take part see.
func statementTables(c *web.Ctx, d Detail) (open, confided web.Table) {
	head := func(caption string) web.Table {
		return c.Table(c.Text(caption), "review.statement.label", "review.statement.text", "review.statement.who", "review.statement.origin", "review.statement.source", "review.statement.state")
	}
	open, confided = head("review.statements.caption"), head("review.statements.confided")
	open.Empty = &web.Empty{Icon: "scroll-text", Title: c.Text("review.statements.empty"), Text: c.Text("review.statements.empty_text")}
	for _, t := range d.Statements {
		table := &open
		if t.Restricted {
			table = &confided
		}
		table.Rows = append(table.Rows, statementRow(c, d, t))
	}
	return open, confided
}

func statementRow(c *web.Ctx, d Detail, t Statement) web.Row {
	label := any(t.Label)
	if d.May("find") {
		label = web.Link{Text: t.Label, URL: d.URL() + "/statements/" + url.PathEscape(t.ID), About: c.Text("review.change")}
	}
	what := []any{c.Text("review.statement_" + string(t.Kind))}
	if t.Origin != "" {
		what = append(what, web.Badge{Tone: originTone(t.Origin), Text: c.Text("review.origin_" + t.Origin)})
	}
	state := []any{web.Badge{Tone: statementTone(t.State), Text: c.Text("review.stated_" + t.State)}}
	if t.Note != "" {
		state = append(state, web.Verbatim{Text: t.Note})
	}
	return web.Row{Cells: []any{label, web.Verbatim{Text: t.Text}, itemweb.Shown(c, t.Who), what, sourceShown(c, t.Source), state}}
}

// originTone marks a requirement that nobody can account for.
func originTone(origin string) string {
	if origin == "unknown" {
		return web.ToneWarning
	}
	return web.ToneNeutral
}

func statementTone(state string) string {
	switch state {
	case "proposed":
		return web.ToneNotice
	case "agreed", "unchanged":
		return web.ToneGood
	case "revised", "moved":
		return web.ToneWarning
	default:
		return web.ToneNeutral
	}
}

// sourceShown says where a statement stands: "Document: Design, version 2, L134".
func sourceShown(c *web.Ctx, src Source) any {
	var title any = src.Title
	switch {
	case src.URL != "":
		title = web.Link{Text: src.Title, URL: src.URL}
	case src.Kind == "subject":
		title = itemweb.SubjectLink(src.Title, "")
	}
	all := []any{c.Text("review.source_" + src.Kind), title}
	if src.Version != "" {
		all = append(all, c.Text("review.source_at", src.Version))
	}
	if src.Place != "" {
		all = append(all, src.Place)
	}
	return all
}

// findingView is a finding as its page shows it.
type findingView struct {
	Finding
	Anchor   string
	Badges   []any
	By       string
	Quotes   *web.Contradiction // the two statements, of a contradiction
	Cited    []any              // the statements that another finding names
	Text     any
	Evidence any
	Actions  []web.Link
}

// findings sorts what was found into contradictions, open points and the rest.
func (v *reviewView) findings(c *web.Ctx, d Detail) {
	for _, n := range d.Findings {
		one := findingOf(c, d, n)
		switch n.Kind {
		case Contradiction:
			v.Contradictions = append(v.Contradictions, one)
		case NearMiss:
			v.OpenPoints = append(v.OpenPoints, one)
		default:
			v.Findings = append(v.Findings, one)
		}
	}
}

func findingOf(c *web.Ctx, d Detail, n Finding) findingView {
	v := findingView{Finding: n, Anchor: "finding-" + n.ID, By: c.Text("review.finding.by", d.named(c, n.FoundBy), c.Day(n.FoundAt))}
	state := web.Badge{Tone: findingTone(n.State), Text: c.Text("review.found_" + string(n.State))}
	v.Badges = []any{state}
	if n.Kind != Contradiction && n.Kind != NearMiss {
		v.Badges = append(v.Badges, web.Badge{Tone: web.ToneNeutral, Text: c.Text("review.finding_" + string(n.Kind))})
	}
	if n.Severity != "none" {
		v.Badges = append(v.Badges, severityBadge(c, n.Severity))
	}
	if n.Text != "" {
		v.Text = prose(n.Text)
	}
	if n.Evidence != "" {
		v.Evidence = prose(n.Evidence)
	}
	first, second := d.statement(n.First), d.statement(n.Second)
	if n.Kind == Contradiction && first != nil && second != nil {
		v.Quotes = &web.Contradiction{Title: n.Label + " " + n.Title, First: quoteOf(c, *first), Second: quoteOf(c, *second), State: state}
		v.Badges = v.Badges[1:]
	} else {
		for _, t := range []*Statement{first, second} {
			if t != nil {
				v.Cited = append(v.Cited, web.Quote{Text: t.Text, By: t.Who, Source: sourceShown(c, t.Source)})
			}
		}
	}
	v.Actions = findingLinks(c, d, n)
	return v
}

func findingLinks(c *web.Ctx, d Detail, n Finding) []web.Link {
	var all []web.Link
	at := d.URL() + "/findings/" + url.PathEscape(n.ID)
	if n.State == FindingRisk {
		return []web.Link{{Text: c.Text("review.finding.risk"), URL: "/risks/" + url.PathEscape(n.Risk[len("risk:"):]), Icon: "shield-alert"}}
	}
	if d.May("find") {
		all = append(all, web.Link{Text: c.Text("review.finding.became_do"), URL: at, Icon: "pencil", About: n.Label})
	}
	if d.May("risk") && n.State != FindingDismissed {
		all = append(all, web.Link{Text: c.Text("review.risk.title"), URL: at + "/risk", Icon: "shield-alert", About: n.Label})
	}
	return all
}

// statement returns a statement by its id, or nil: it is not there for the reader.
func (d Detail) statement(id string) *Statement {
	i := slices.IndexFunc(d.Statements, func(t Statement) bool { return t.ID == id && id != "" })
	if i < 0 {
		return nil
	}
	return &d.Statements[i]
}

func quoteOf(c *web.Ctx, t Statement) web.Quote {
	by := t.Label
	if t.Who != "" {
		by = c.Text("review.quote_by", t.Label, t.Who)
	}
	return web.Quote{Text: t.Text, By: by, Source: sourceShown(c, t.Source)}
}

func findingTone(state FindingState) string {
	switch state {
	case FindingOpen:
		return web.ToneWarning
	case FindingSettled:
		return web.ToneGood
	case FindingDismissed:
		return web.ToneNeutral
	default:
		return web.ToneNotice
	}
}

// severityBadge draws a severity as risks draw a rating.
func severityBadge(c *web.Ctx, severity string) web.Rating {
	steps := Severities()[1:]
	return web.Rating{Text: c.Text("review.severity_" + severity), Step: slices.Index(steps, severity) + 1, Steps: len(steps)}
}

func reviewerTable(c *web.Ctx, d Detail) web.Table {
	t := c.Table(c.Text("review.reviewers.caption"), "review.reviewer.person", "review.reviewer.part", "review.reviewer.conflict", "review.reviewer.concurs")
	t.Empty = &web.Empty{Icon: "users", Title: c.Text("review.reviewers.empty"), Text: c.Text("review.reviewers.empty_text")}
	tones := map[Conflict]string{Undeclared: web.ToneWarning, NoConflict: web.ToneGood, Soft: web.ToneNotice, Hard: web.ToneBad}
	for _, r := range d.Reviewers {
		who := []any{d.named(c, r.Person)}
		if d.May("assign") {
			who = append(who, web.Link{Text: c.Text("review.release.do"), URL: d.URL() + "/reviewers/" + url.PathEscape(r.Person) + "/release", About: d.named(c, r.Person)})
		}
		conflict := []any{web.Badge{Tone: tones[r.Conflict], Text: c.Text("review.conflict_" + string(r.Conflict))}}
		if r.Words != "" {
			conflict = append(conflict, web.Verbatim{Text: r.Words})
		}
		var read []any
		if !r.ReadAt.IsZero() {
			read = []any{c.Text("review.reviewer.read"), r.ReadAt, web.Verbatim{Text: r.Concurs}}
		}
		t.Add(who, c.Text("review.part_of_"+string(r.Part)), conflict, itemweb.Shown(c, read))
	}
	return t
}

// opinionView is an aspect on which the kind wants an opinion, with what was said.
type opinionView struct {
	kind.Opinion
	Assessor string
	State    web.Badge
	Text     any
	GivenAt  any
	Actions  []web.Link
}

func opinionViews(c *web.Ctx, d Detail) []opinionView {
	var all []opinionView
	tones := map[string]string{"acceptable": web.ToneGood, "concerns": web.ToneWarning, "not_acceptable": web.ToneBad}
	for _, wanted := range d.kind.Opinions {
		v := opinionView{Opinion: wanted, State: web.Badge{Tone: web.ToneNeutral, Text: c.Text("review.opinion.nobody")}}
		given := d.opinion(wanted.Aspect)
		at := d.URL() + "/opinions/" + url.PathEscape(wanted.Aspect)
		if given != nil {
			v.Assessor, v.State = d.named(c, given.Assessor), web.Badge{Tone: web.ToneNotice, Text: c.Text("review.opinion.waits")}
		}
		if given != nil && given.Verdict != "" {
			v.State = web.Badge{Tone: tones[given.Verdict], Text: c.Text("review.verdict_" + given.Verdict)}
			v.Text, v.GivenAt = prose(given.Text), given.GivenAt
		}
		if d.May("opine") && given != nil && given.Assessor == c.Actor.ID {
			v.Actions = append(v.Actions, web.Link{Text: c.Text("review.opine.title"), URL: at, Icon: "pencil", About: wanted.Title})
		}
		if d.May("assign") {
			v.Actions = append(v.Actions, web.Link{Text: c.Text("review.assessor.title"), URL: at + "/assessor", Icon: "user", About: wanted.Title})
		}
		all = append(all, v)
	}
	return all
}

// opinion returns the opinion on an aspect, or nil.
func (d Detail) opinion(aspect string) *Opinion {
	i := slices.IndexFunc(d.Opinions, func(o Opinion) bool { return o.Aspect == aspect })
	if i < 0 {
		return nil
	}
	return &d.Opinions[i]
}

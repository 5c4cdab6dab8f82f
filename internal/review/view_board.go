// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/url"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

// parts are the pages beside the board.
func parts(c *web.Ctx, current string) web.Tabs {
	t := web.Tabs{Label: c.Text("review.parts")}
	for _, p := range []struct {
		name, url string
		action    authz.Action
	}{
		{"board", "/reviews", ActionRead}, {"list", "/reviews/list", ActionRead}, {"plan", "/reviews/plan", ActionInside},
		{"meeting", "/reviews/meeting", ActionInside}, {"metrics", "/reviews/metrics", ActionRead}, {"kinds", "/review-kinds", ActionRead},
	} {
		if c.Can(p.action) {
			t.Items = append(t.Items, web.Tab{Text: c.Text("review.part_" + p.name), URL: p.url, Count: -1, Current: p.name == current})
		}
	}
	return t
}

type boardView struct {
	Parts web.Tabs
	Kinds []web.Choice
	Empty *web.Empty // no review at all, as far as the reader may see
	Board web.Board
}

func (s *Service) boardView(c *web.Ctx, kind string, columns []BoardColumn) (boardView, error) {
	v := boardView{Parts: parts(c, "board"), Board: web.Board{Label: c.Text("review.board.label")}}
	var err error
	if v.Kinds, err = s.kindChoices(c); err != nil {
		return boardView{}, err
	}
	total := int64(0)
	for _, column := range columns {
		total += column.Count
		v.Board.Columns = append(v.Board.Columns, boardColumn(c, kind, column))
	}
	if total == 0 {
		v.Empty = emptyBoard(c, kind)
	}
	return v, nil
}

func emptyBoard(c *web.Ctx, kind string) *web.Empty {
	if kind != "" {
		return &web.Empty{Icon: "filter", Title: c.Text("review.board.no_match"), Text: c.Text("review.board.no_match_text"),
			Action: &web.Link{Text: c.Text("review.board.unfilter"), URL: "/reviews", Icon: "x"}}
	}
	empty := &web.Empty{Icon: "file-check", Title: c.Text("review.board.empty"), Text: c.Text("review.board.empty_text")}
	if c.Can(ActionRequest) {
		empty.Action = &web.Link{Text: c.Text("review.new.title"), URL: "/reviews/new", Icon: "plus"}
	}
	return empty
}

func boardColumn(c *web.Ctx, kind string, column BoardColumn) web.BoardColumn {
	out := web.BoardColumn{Title: columnText(c, column.Column), Count: column.Count}
	if column.Column != Done && column.Count > 0 {
		out.Note = c.Text("review.board.oldest", daysBetween(column.Oldest, c.Now()))
	}
	for _, card := range column.Cards {
		out.Cards = append(out.Cards, boardCard(c, card))
	}
	if column.Count > int64(len(column.Cards)) {
		query := url.Values{"column": {string(column.Column)}}
		if kind != "" {
			query.Set("kind", kind)
		}
		out.More = &web.Link{Text: c.Text("review.board.more", int(column.Count)), URL: "/reviews/list?" + query.Encode(), About: out.Title}
	}
	return out
}

func daysBetween(from, to time.Time) int { return max(0, int(to.Sub(from)/day)) }

func boardCard(c *web.Ctx, r Summary) web.BoardCard {
	card := web.BoardCard{Title: r.Title, URL: r.URL(), Marks: cardMarks(c, r), Lines: []any{r.KindTitle}}
	add := func(line any) { card.Lines = append(card.Lines, line) }
	if r.LeadName != "" {
		add(c.Text("review.card.lead", r.LeadName))
	}
	switch {
	case r.Done():
		add(r.DoneAt)
	case r.Wait.Reason != "":
		add(firstOf(r.Wait.Reason, 120))
	case r.Wait.Cause == NotReady:
		add(c.Text("review.card.short", len(r.Wait.Shortfalls)))
	case r.Column == Planned && r.ScheduledFor != "":
		add(c.Text("review.card.scheduled", r.Quarter, dayText(c, r.ScheduledFor)))
	case r.Column == Planned:
		add(r.Quarter)
	}
	clock := clockText(c, r.Review, r.Clock, nil)
	if !r.Done() && !r.Clock.Start.IsZero() {
		clock = itemweb.Sentence(clock, c.Text("review.card.used", int(r.Clock.Used), r.Clock.Days))
	}
	if clock != "" {
		add(clock)
	}
	card.Actions = cardMoves(c, r)
	return card
}

func cardMarks(c *web.Ctx, r Summary) []web.Badge {
	all := []web.Badge{forceBadge(c, r.Required)}
	if r.Done() {
		all = append(all, outcomeBadge(c, r.Verdict.Outcome))
	}
	if p, ok := priorityBadge(c, r.Priority).(web.Badge); ok && !r.Done() {
		all = append(all, p)
	}
	for _, m := range marks(c, r.Review) {
		all = append(all, m.(web.Badge))
	}
	if r.OpenQuestions > 0 && !r.Done() {
		all = append(all, web.Badge{Tone: web.ToneNotice, Text: c.Text("review.card.questions", r.OpenQuestions)})
	}
	if r.Overdue > 0 {
		all = append(all, web.Badge{Tone: web.ToneBad, Text: c.Text("review.card.overdue", r.Overdue)})
	}
	if r.Clock.Over && !r.Done() {
		all = append(all, web.Badge{Tone: web.ToneBad, Text: c.Text("review.clock_over")})
	}
	return all
}

// cardMoves are the columns to which the reader may move a card. What a column
// wants to know is asked on a page of its own, with the version that was seen.
func cardMoves(c *web.Ctx, r Summary) []web.BoardAction {
	if r.Done() || !c.Can(ActionMove) {
		return nil
	}
	var all []web.BoardAction
	for _, to := range MovesFrom(r.Column) {
		a := web.BoardAction{Text: columnText(c, to), URL: r.URL() + "/move?from=board", Name: "to", Value: string(to), Version: r.Version}
		if to == Planned || to == Waiting {
			a.Name = "choose" // it takes a quarter, or a reason
		}
		all = append(all, a)
	}
	return all
}

type listView struct {
	Parts    web.Tabs
	Columns  []web.Choice
	Kinds    []web.Choice
	Outcomes []web.Choice
	Sorts    []web.Choice
	Subject  string // kept in the filter
	Table    web.Table
	Pager    web.Pager
}

func (s *Service) listView(c *web.Ctx, f Filter, page Page) (listView, error) {
	v := listView{
		Parts: parts(c, "list"), Columns: c.Choices("review.column_", append([]string{FilterOpen}, append(web.Strings(Columns()), FilterAll)...)...),
		Outcomes: c.Choices("review.outcome_", web.Strings(allOutcomes())...), Sorts: c.Choices("review.sort_", SortUrgent, SortRecent),
		Subject: f.Subject, Pager: c.Pager("/reviews/list", filterValues(f), page.Next),
	}
	var err error
	if v.Kinds, err = s.kindChoices(c); err != nil {
		return listView{}, err
	}
	v.Table = c.Table(c.Text("review.list.caption"), "review.field.review", "review.field.kind", "review.field.column", "review.field.lead", "review.field.subject", "review.field.received", "review.field.clock")
	v.Table.Empty = &web.Empty{Icon: "filter", Title: c.Text("review.list.no_match"), Text: c.Text("review.list.no_match_text"),
		Action: &web.Link{Text: c.Text("review.list.unfilter"), URL: "/reviews/list", Icon: "x"}}
	for _, r := range page.Items {
		v.Table.Rows = append(v.Table.Rows, listRow(c, r))
	}
	return v, nil
}

// allOutcomes are those that a review can have, decided or not.
func allOutcomes() []Outcome {
	return []Outcome{Advice, Approved, ApprovedWithConditions, NotApproved, Withdrawn, Superseded, NotNeeded}
}

func listRow(c *web.Ctx, r Summary) web.Row {
	row := web.Row{}
	first := append([]any{web.Link{Text: r.Title, URL: r.URL()}}, marks(c, r.Review)...)
	where := []any{columnBadge(c, r.Column)}
	if r.Done() {
		where = []any{outcomeBadge(c, r.Verdict.Outcome)}
	} else if p := priorityBadge(c, r.Priority); p != nil {
		where = append(where, p)
	}
	if r.Quarter != "" && !r.Done() {
		where = append(where, r.Quarter)
	}
	text := clockText(c, r.Review, r.Clock, nil)
	switch {
	case r.Clock.Start.IsZero():
	case text == "":
		text = c.Text("review.card.took", int(r.Clock.Used), r.Clock.Days)
	default:
		text = itemweb.Sentence(text, c.Text("review.card.used", int(r.Clock.Used), r.Clock.Days))
	}
	var clock []any
	if text != "" {
		clock = append(clock, text)
	}
	if r.OpenQuestions > 0 && !r.Done() {
		clock = append(clock, web.Badge{Tone: web.ToneNotice, Text: c.Text("review.card.questions", r.OpenQuestions)})
	}
	switch {
	case r.Overdue > 0:
		row.Tone = web.ToneBad
		where = append(where, web.Badge{Tone: web.ToneBad, Text: c.Text("review.card.overdue", r.Overdue)})
	case r.Clock.Over && !r.Done():
		row.Tone = web.ToneWarning
	}
	row.Cells = []any{first, []any{r.KindTitle, forceBadge(c, r.Required)}, where, itemweb.Shown(c, r.LeadName),
		itemweb.Shown(c, itemweb.SubjectLink(r.Subject, r.SubjectTitle)), r.ReceivedAt, itemweb.Shown(c, clock)}
	return row
}

// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Filter selects reviews for a list. The zero value selects all that are not done.
type Filter struct {
	Column  string  `query:"column" enum:"open,all,incoming,back_orders,planned,in_progress,waiting,done" default:"open"` // empty is FilterOpen
	Kind    string  `query:"kind" maxLength:"60" doc:"name of a kind"`
	Outcome Outcome `query:"outcome" enum:"advice,approved,approved_with_conditions,not_approved,withdrawn,superseded,not_needed"`
	Quarter string  `query:"quarter" maxLength:"7" doc:"accepted for this quarter, such as 2026-Q4"`
	Person  string  `query:"person" maxLength:"200" doc:"requester, owner, lead or reviewer, by id or login; me for oneself"`
	Subject string  `query:"subject" maxLength:"200" doc:"kind:name"`
	Sort    string  `query:"sort" enum:"urgent,recent" default:"urgent" doc:"by priority and then by how long it waits, or by the latest change"` // empty is SortUrgent
	Cursor  string  `query:"cursor" maxLength:"1000" doc:"the value of next of the page before"`
	Limit   int     `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"the most items to return"` // 0: 50
}

// Values of Filter that are no column.
const (
	FilterOpen = "open"
	FilterAll  = "all"
	SortUrgent = "urgent" // by priority, then by how long it waits
	SortRecent = "recent" // the latest change first
)

// Summary is a review as a list or the board shows it: without its long texts.
type Summary struct {
	Review
	KindTitle     string `json:"kind_title"`
	SubjectTitle  string `json:"subject_title,omitempty"`
	OwnerName     string `json:"owner_name,omitempty"`
	LeadName      string `json:"lead_name,omitempty"`
	Clock         Clock  `json:"clock"`
	OpenQuestions int    `json:"open_questions" doc:"that wait for an answer"`
	Overdue       int    `json:"overdue" doc:"conditions that should have been met"`
}

// Page is one page of a list.
type Page = web.List[Summary]

// listCursor is where a page ends: what the list is sorted by, and the id.
type listCursor struct {
	Weight int64  `json:"w,omitempty"`
	At     int64  `json:"t"`
	ID     string `json:"i"`
}

// List returns the visible reviews of one page.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) {
	if err := s.require(ctx, ActionRead); err != nil {
		return Page{}, err
	}
	after := listCursor{Weight: -1}
	if f.Sort == SortRecent {
		after.At = 1<<63 - 1
	}
	if err := web.DecodeCursor(f.Cursor, &after); err != nil {
		return Page{}, err
	}
	f.Limit = store.Limit(f.Limit)
	page := Page{Items: []Summary{}}
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		a := authz.ActorFrom(ctx)
		var args []any
		where, err := s.where(ctx, r, a, f, &args)
		if err != nil {
			return err
		}
		all, err := reviewRows.All(ctx, r, "WHERE "+where+" AND "+f.after(after, &args), args...)
		if err != nil {
			return err
		}
		if len(all) > f.Limit {
			all = all[:f.Limit]
			if page.Next, err = web.EncodeCursor(f.cursor(all[f.Limit-1])); err != nil {
				return err
			}
		}
		page.Items, err = s.summaries(ctx, r, a, all)
		return err
	})
	return page, err
}

// after is the condition for what stands after a cursor, the order and the limit.
func (f Filter) after(c listCursor, args *[]any) string {
	limit := " LIMIT " + store.Arg(f.Limit+1, args)
	if f.Sort == SortRecent {
		at, id := store.Arg(c.At, args), store.Arg(c.ID, args)
		return "(r.changed_at < " + at + " OR r.changed_at = " + at + " AND r.id > " + id + ") ORDER BY r.changed_at DESC, r.id" + limit
	}
	weight, at, id := store.Arg(c.Weight, args), store.Arg(c.At, args), store.Arg(c.ID, args)
	return "(r.weight > " + weight + " OR r.weight = " + weight + " AND (r.received_at > " + at + " OR r.received_at = " + at + " AND r.id > " + id + "))" +
		" ORDER BY r.weight, r.received_at, r.id" + limit
}

func (f Filter) cursor(r Review) listCursor {
	if f.Sort == SortRecent {
		return listCursor{At: r.ChangedAt.UnixMicro(), ID: r.ID}
	}
	return listCursor{Weight: r.Priority.weight(), At: r.ReceivedAt.UnixMicro(), ID: r.ID}
}

// summaries adds what lists show of reviews, with a few statements for all of them.
func (s *Service) summaries(ctx context.Context, r store.Reader, a authz.Actor, all []Review) ([]Summary, error) {
	ids, people, refs, chain := make([]string, len(all)), []string{}, []string{}, []string{}
	for i, v := range all {
		ids[i] = v.ID
		chain = append(chain, v.Predecessor, v.Successor)
		people = append(people, v.Owner, v.Lead)
		if v.Subject != "" {
			refs = append(refs, v.Subject)
		}
	}
	pauses, err := loadPauses(ctx, r, ids...)
	if err != nil {
		return nil, err
	}
	open, err := countBy(ctx, r, "SELECT review, COUNT(*) FROM review_question WHERE state = 'open' AND review IN ", " GROUP BY review", ids)
	if err != nil {
		return nil, err
	}
	overdue, err := countBy(ctx, r, "SELECT review, COUNT(*) FROM review_condition WHERE met_at IS NULL AND due_at <= $1 AND review IN ", " GROUP BY review", ids, store.At(r.Now()))
	if err != nil {
		return nil, err
	}
	names, err := s.Directory.Names(ctx, r, item.Distinct(people))
	if err != nil {
		return nil, err
	}
	subjects, err := s.Catalog.VisibleSubjects(ctx, r, a, refs)
	if err != nil {
		return nil, err
	}
	titles, err := s.kindTitles(ctx, r)
	if err != nil {
		return nil, err
	}
	seen, err := shown(ctx, r, a, chain...)
	if err != nil {
		return nil, err
	}
	out := make([]Summary, len(all))
	for i, v := range all {
		subject, visible := subjects[v.Subject]
		if !visible {
			v.Subject = ""
		}
		v.Answers, v.Scenarios, v.Technologies = map[string]string{}, nil, nil
		out[i] = Summary{
			Review: v.chained(seen), KindTitle: titles[v.Kind], SubjectTitle: subject.Title, OwnerName: names[v.Owner], LeadName: names[v.Lead],
			Clock: ClockOf(v, pauses[v.ID], r.Now()), OpenQuestions: int(open[v.ID]), Overdue: int(overdue[v.ID]),
		}
	}
	return out, nil
}

// countBy runs a statement that counts something for each review.
func countBy(ctx context.Context, r store.Reader, query, rest string, ids []string, args ...any) (map[string]int64, error) {
	counts := make(map[string]int64, len(ids))
	if len(ids) == 0 {
		return counts, nil
	}
	query += store.In(ids, &args) + rest
	rows, err := r.Query(ctx, query, args...)
	_, err = store.Collect(rows, err, func(row store.Scanner) (struct{}, error) {
		var id string
		var n int64
		err := row.Scan(&id, &n)
		counts[id] = n
		return struct{}{}, err
	})
	return counts, err
}

// BoardColumn is one column of the board, as far as the reader may see it.
type BoardColumn struct {
	Column Column    `json:"column" enum:"incoming,back_orders,planned,in_progress,waiting,done"`
	Count  int64     `json:"count"`
	Oldest time.Time `json:"oldest,omitzero" doc:"since when the longest waiting one was received"`
	Cards  []Summary `json:"cards" nullable:"false" doc:"the most urgent, of Done the latest"`
}

// boardCards is how many cards a column of the board shows.
const boardCards = 25

// Board returns the columns from left to right, with the reviews of one kind, or for
// "" of all. A kind that there is not is an Invalid fault that names those there are.
func (s *Service) Board(ctx context.Context, kind string) ([]BoardColumn, error) {
	if err := s.require(ctx, ActionRead); err != nil {
		return nil, err
	}
	var board []BoardColumn
	err := s.DB.Read(ctx, func(r *store.ReadTx) error {
		a := authz.ActorFrom(ctx)
		if err := s.knownKind(ctx, r, kind); err != nil {
			return err
		}
		counts, err := s.countColumns(ctx, r, a, kind)
		if err != nil {
			return err
		}
		var all []Review
		for _, c := range Columns() {
			cards, err := s.cards(ctx, r, a, c, kind)
			if err != nil {
				return err
			}
			all = append(all, cards...)
		}
		cards, err := s.summaries(ctx, r, a, all)
		if err != nil {
			return err
		}
		for _, c := range Columns() {
			column := BoardColumn{Column: c, Count: counts[c].n, Oldest: counts[c].oldest, Cards: []Summary{}}
			for _, card := range cards {
				if card.Column == c {
					column.Cards = append(column.Cards, card)
				}
			}
			board = append(board, column)
		}
		return nil
	})
	return board, err
}

func (s *Service) cards(ctx context.Context, r store.Reader, a authz.Actor, c Column, kind string) ([]Review, error) {
	args := []any{string(c)}
	where := "WHERE r.board_column = $1"
	if kind != "" {
		where += " AND r.kind = " + store.Arg(kind, &args)
	}
	order := "r.weight, r.received_at, r.id"
	if c == Done {
		order = "r.done_at DESC, r.id"
	}
	where += " AND " + keptReviews.Visible(a, &args)
	return reviewRows.All(ctx, r, where+" ORDER BY "+order+" LIMIT "+store.Arg(boardCards, &args), args...)
}

type columnCount struct {
	n      int64
	oldest time.Time
}

func (s *Service) countColumns(ctx context.Context, r store.Reader, a authz.Actor, kind string) (map[Column]columnCount, error) {
	var args []any
	where := ""
	if kind != "" {
		where = "r.kind = " + store.Arg(kind, &args) + " AND "
	}
	where += keptReviews.Visible(a, &args)
	counts := map[Column]columnCount{}
	rows, err := r.Query(ctx, "SELECT r.board_column, COUNT(*), MIN(r.received_at) FROM review_item r WHERE "+where+" GROUP BY r.board_column", args...)
	_, err = store.Collect(rows, err, func(row store.Scanner) (struct{}, error) {
		var c Column
		var n, oldest int64
		err := row.Scan(&c, &n, &oldest)
		counts[c] = columnCount{n, time.UnixMicro(oldest).UTC()}
		return struct{}{}, err
	})
	return counts, err
}

// kindTitles returns what kinds are called, by name.
func (s *Service) kindTitles(ctx context.Context, r store.Reader) (map[string]string, error) {
	all, err := s.kinds(ctx, r)
	if err != nil {
		return nil, err
	}
	titles := map[string]string{}
	for _, v := range all {
		k, err := s.read(v)
		if err != nil {
			return nil, err
		}
		titles[v.Name] = k.Title
	}
	return titles, nil
}

// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Record is an entry as a reader may see it. An erased field is empty and listed
// in Erased.
type Record struct {
	Seq        int64
	Time       time.Time
	Kind       string
	Actor      string
	Subject    string
	Body       json.RawMessage
	Item       string
	Visibility authz.Visibility
	Erased     []Field

	Leaf     format.Leaf
	Openings [format.Fields]format.Opening // what the reader needs to check the leaf; nil where erased
}

// Filter selects entries; the zero value selects all that the reader may see.
type Filter struct {
	Kinds   []string
	Actor   string
	Subject string
	Item    string
	Since   time.Time // at or after
	Until   time.Time // before
}

// Page is a part of a list of entries.
type Page struct {
	Records []Record
	// Next is the cursor of the following page; zero means that this is the last.
	Next int64
}

// MaxPage is the largest number of entries in a page.
const MaxPage = 200

// Entries returns the entries that the actor may see, the newest first: those
// before the cursor, or from the newest on if it is zero. limit is at most
// [MaxPage]. Only insiders see entries at all, because the number of an entry
// tells how many came before it.
func (l *Log) Entries(ctx context.Context, r store.Reader, actor authz.Actor, f Filter, before int64, limit int) (Page, error) {
	if !actor.Internal() {
		return Page{}, nil
	}
	limit = min(max(limit, 1), MaxPage)
	var args []any
	where, err := f.where(ctx, r, before, &args)
	if err != nil {
		return Page{}, err
	}
	where = append(where, authz.Visible(actor, "o.item", "o.visibility", &args))
	args = append(args, limit+1)
	rows, err := r.Query(ctx, selectRecord+` WHERE `+strings.Join(where, " AND ")+
		` ORDER BY o.seq DESC LIMIT $`+strconv.Itoa(len(args)), args...)
	records, err := store.Collect(rows, err, scanRecord)
	if err != nil {
		return Page{}, fmt.Errorf("list ledger entries: %w", err)
	}
	p := Page{Records: records}
	if len(records) > limit {
		p.Records = records[:limit]
		p.Next = p.Records[limit-1].Seq
	}
	return p, nil
}

// Entry returns one entry. What is absent, padding, or not shown to the actor is
// [fault.ItemNotFound].
func (l *Log) Entry(ctx context.Context, r store.Reader, actor authz.Actor, seq int64) (Record, error) {
	args := []any{seq}
	visible := authz.Visible(actor, "o.item", "o.visibility", &args)
	record, err := scanRecord(r.QueryRow(ctx, selectRecord+` WHERE o.seq = $1 AND `+visible, args...))
	if errors.Is(err, sql.ErrNoRows) || err == nil && !actor.Internal() {
		return Record{}, fault.ItemNotFound()
	}
	if err != nil {
		return Record{}, fmt.Errorf("read ledger entry: %w", err)
	}
	return record, nil
}

const selectRecord = `SELECT o.seq, l.leaf, o.item, o.visibility, o.kind, o.actor, o.subject, o.body, o.salts
	FROM ledger_opening o JOIN ledger_leaf l ON l.seq = o.seq`

// where returns the conditions of the filter, with their arguments appended to args.
func (f Filter) where(ctx context.Context, r store.Reader, before int64, args *[]any) ([]string, error) {
	var where []string
	add := func(cond string, value any) {
		*args = append(*args, value)
		where = append(where, cond+" $"+strconv.Itoa(len(*args)))
	}
	if before > 0 {
		add("o.seq <", before)
	}
	for _, eq := range []struct{ cond, value string }{{"o.actor =", f.Actor}, {"o.subject =", f.Subject}, {"o.item =", f.Item}} {
		if eq.value != "" {
			add(eq.cond, eq.value)
		}
	}
	if len(f.Kinds) > 0 {
		marks := make([]string, len(f.Kinds))
		for i, k := range f.Kinds {
			*args = append(*args, k)
			marks[i] = "$" + strconv.Itoa(len(*args))
		}
		where = append(where, "o.kind IN ("+strings.Join(marks, ", ")+")")
	}
	for _, bound := range []struct {
		cond string
		at   time.Time
	}{{"o.seq >=", f.Since}, {"o.seq <", f.Until}} {
		if bound.at.IsZero() {
			continue
		}
		seq, err := firstAt(ctx, r, bound.at)
		if err != nil {
			return nil, err
		}
		add(bound.cond, seq)
	}
	return where, nil
}

// firstAt returns the first entry at or after t. Times never go back, so it
// searches by halves and needs no index.
func firstAt(ctx context.Context, r store.Reader, t time.Time) (int64, error) {
	h, err := readHead(ctx, r)
	if err != nil {
		return 0, err
	}
	lo, hi := int64(0), h.size
	for lo < hi {
		mid := lo + (hi-lo)/2
		var data []byte
		if err := r.QueryRow(ctx, `SELECT leaf FROM ledger_leaf WHERE seq = $1`, mid).Scan(&data); err != nil {
			return 0, fmt.Errorf("find ledger entries by time: %w", err)
		}
		leaf, err := format.ParseLeaf(data)
		if err != nil {
			return 0, corrupt(fmt.Sprintf("entry %d: %v", mid, err))
		}
		if leaf.Time().Before(t) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, nil
}

func scanRecord(s store.Scanner) (Record, error) {
	var rec Record
	var leaf, salts []byte
	var values [format.Fields]sql.NullString
	err := s.Scan(&rec.Seq, &leaf, &rec.Item, &rec.Visibility, &values[0], &values[1], &values[2], &values[3], &salts)
	if err != nil {
		return rec, err
	}
	if rec.Leaf, err = format.ParseLeaf(leaf); err != nil || len(salts) != format.Fields*format.SaltSize {
		return rec, corrupt(fmt.Sprintf("entry %d is malformed", rec.Seq))
	}
	rec.Time = rec.Leaf.Time()
	rec.Kind, rec.Actor, rec.Subject = values[0].String, values[1].String, values[2].String
	if values[format.Body].Valid {
		rec.Body = json.RawMessage(values[format.Body].String)
	}
	for f := format.Kind; f < format.Fields; f++ {
		if !values[f].Valid {
			rec.Erased = append(rec.Erased, f)
			continue
		}
		text := values[f].String
		if f == format.Subject {
			text = committedSubject(text, rec.Item)
		}
		rec.Openings[f] = format.NewOpening(salts[int(f)*format.SaltSize:int(f+1)*format.SaltSize], text)
	}
	return rec, nil
}

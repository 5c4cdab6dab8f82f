// SPDX-License-Identifier: Apache-2.0

package item

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// Change is one thing that a step changed. From and To are given for short
// values that are no text of people; long texts are only named.
type Change struct {
	Field string `json:"field"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// Changes collects what a step changed. The zero value is ready.
type Changes []Change

// Note names a field if it changed.
func (c *Changes) Note(field string, changed bool) {
	if changed {
		*c = append(*c, Change{Field: field})
	}
}

// Value notes a field with its short values if they differ.
func (c *Changes) Value(field, from, to string) {
	if from != to {
		*c = append(*c, Change{Field: field, From: from, To: to})
	}
}

// Step is one step of an item's history; its entry proves it.
type Step struct {
	Entry   int64     `json:"entry,omitempty"`
	Part    string    `json:"part,omitempty" doc:"part of the item that the step is about, such as an acceptance of a risk"`
	Version int64     `json:"version" doc:"version of the item after the step"`
	Kind    string    `json:"kind" doc:"ledger entry kind"`
	Actor   string    `json:"actor"`
	At      time.Time `json:"at"`
	Changes []Change  `json:"changes" nullable:"false"`
}

// Line is a step with the item that it belongs to; empty: none.
type Line struct {
	Step
	Item string // its id
}

// History is where a slice keeps the steps of its items. It may be used
// concurrently.
type History struct {
	rows       *store.Table[Line]
	itemColumn string
}

// NewHistory returns the history in a table of this form, with an index on the item
// and the entry. itemColumn and partColumn are what the slice calls its items and
// their parts: "risk" and "acceptance".
//
//	entry {int64} NOT NULL PRIMARY KEY, <item> TEXT NOT NULL, <part> TEXT NOT NULL, version {int64} NOT NULL,
//	kind TEXT NOT NULL, actor TEXT NOT NULL, decided_at {int64} NOT NULL, changes TEXT NOT NULL
func NewHistory(table, itemColumn, partColumn string) History {
	rows := store.NewTable(table, "h", nil, func(h *Line) []store.Column {
		return []store.Column{
			store.Int("entry", &h.Entry),
			store.Text(itemColumn, &h.Item),
			store.Text(partColumn, &h.Part),
			store.Int("version", &h.Version),
			store.Text("kind", &h.Kind),
			store.Text("actor", &h.Actor),
			store.Moment("decided_at", &h.At),
			store.JSON("changes", &h.Changes),
		}
	})
	return History{rows: rows, itemColumn: itemColumn}
}

// Add writes steps of the item with that id.
func (h History) Add(ctx context.Context, tx *store.Tx, item string, steps ...Step) error {
	lines := make([]Line, len(steps))
	for i, s := range steps {
		lines[i] = Line{Step: s, Item: item}
	}
	return h.AddAll(ctx, tx, lines)
}

// AddAll writes steps of several items, many with one statement.
func (h History) AddAll(ctx context.Context, tx *store.Tx, lines []Line) error {
	whole := make([]Line, len(lines))
	for i, l := range lines {
		if l.Changes == nil {
			l.Changes = []Change{}
		}
		whole[i] = l
	}
	return h.rows.InsertAll(ctx, tx, whole)
}

// Latest returns the latest steps of an item first, at most limit of them.
func (h History) Latest(ctx context.Context, r store.Reader, item string, limit int) ([]Step, error) {
	lines, err := h.rows.All(ctx, r, "WHERE h."+h.itemColumn+" = $1 ORDER BY h.entry DESC LIMIT $2", item, limit)
	steps := make([]Step, len(lines))
	for i, l := range lines {
		steps[i] = l.Step
	}
	return steps, err
}

// Of returns the steps of those kinds of several items, by item, the earliest
// first, with one statement. Items without such a step are absent.
func (h History) Of(ctx context.Context, r store.Reader, items []string, kinds ...string) (map[string][]Step, error) {
	byItem := make(map[string][]Step, len(items))
	if len(items) == 0 || len(kinds) == 0 {
		return byItem, nil
	}
	var args []any
	where := "WHERE h.kind IN " + store.In(kinds, &args) + " AND h." + h.itemColumn + " IN " + store.In(Distinct(items), &args) + " ORDER BY h.entry"
	lines, err := h.rows.All(ctx, r, where, args...)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		byItem[l.Item] = append(byItem[l.Item], l.Step)
	}
	return byItem, nil
}

// SHA returns the SHA-256 of a text in lower-case hexadecimal: an entry refers to
// long texts, it does not hold them. It is empty for an empty text.
func SHA(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// Table reads and writes the rows of one table as values of T. Its one list of
// columns says where each is kept in a T; the statements follow from it. What does
// not fit stays a statement of its own beside it.
//
//	var notes = store.NewTable("note_note", "n", stale, func(n *Note) []store.Column {
//		return []store.Column{
//			store.Text("id", &n.ID).Key(), store.Int("version", &n.Version).Version(),
//			store.Text("author", &n.Author).Fixed(), store.JSON("tags", &n.Tags),
//		}
//	})
//
//	all, err := notes.All(ctx, r, "WHERE n.author = $1 ORDER BY n.id", author)
//	one, err := store.Found(notes.One(ctx, r, "WHERE n.id = $1", id))
//
// Each method runs one statement, but for InsertAll. Errors name the table and wrap the cause. A Table
// does not change and may be used concurrently.
type Table[T any] struct {
	name, alias string
	columns     string // of SELECT
	bind        func(*T) []Column
	stale       func() error
}

// NewTable returns the table of that name, which statements call alias. columns
// binds the columns to a T; it is called once for each statement, with a zero T
// too. stale makes what Update answers if somebody was faster; it may be nil if no
// column is marked as the version.
func NewTable[T any](name, alias string, stale func() error, columns func(*T) []Column) *Table[T] {
	var zero T
	var names list
	for _, c := range columns(&zero) {
		switch {
		case c.role == computed:
			names.add(c.name)
		case c.cell != nil:
			names.add(alias, ".", c.name)
		}
	}
	return &Table[T]{name: name, alias: alias, columns: names.String(), bind: columns, stale: stale}
}

// Columns returns the columns that are read, "n.id, n.version", for a statement
// that reads more than this table.
func (t *Table[T]) Columns() string { return t.columns }

// Dest returns where [Table.Columns] of one row are scanned to.
func (t *Table[T]) Dest(v *T) []any {
	columns := t.bind(v)
	dest := make([]any, 0, len(columns))
	for _, c := range columns {
		if c.cell != nil {
			dest = append(dest, c.cell.dest())
		}
	}
	return dest
}

// Scan reads [Table.Columns] of one row, for [Collect].
func (t *Table[T]) Scan(row Scanner) (T, error) {
	var v, none T
	if err := row.Scan(t.Dest(&v)...); err != nil {
		return none, fmt.Errorf("read %s: %w", t.name, err)
	}
	return v, nil
}

// One reads one row; rest is what stands after FROM. No row is sql.ErrNoRows, see
// [Found].
func (t *Table[T]) One(ctx context.Context, r Reader, rest string, args ...any) (T, error) {
	return t.Scan(r.QueryRow(ctx, t.selecting("")+rest, args...))
}

// All reads rows; rest is what stands after FROM.
func (t *Table[T]) All(ctx context.Context, r Reader, rest string, args ...any) ([]T, error) {
	var all []T
	var v T
	rows, err := r.Query(ctx, t.selecting("")+rest, args...)
	if err := t.each(rows, err, &v, t.Dest(&v), func() { all = append(all, v) }); err != nil {
		return nil, err
	}
	return all, nil
}

// GroupBy reads the rows whose column by is one of keys, by that column: the parts
// of several wholes with one statement. rest is what stands after the condition.
// It may have args, from $1. A key without rows is absent; without keys nothing is
// asked.
func (t *Table[T]) GroupBy(ctx context.Context, r Reader, by string, keys []string, rest string, args ...any) (map[string][]T, error) {
	groups := make(map[string][]T, len(keys))
	if len(keys) == 0 {
		return groups, nil
	}
	var of string
	var v T
	args = slices.Clip(args) // the caller's array may go on
	by = t.alias + "." + by
	query := t.selecting(by+", ") + "WHERE " + by + " IN " + In(keys, &args) + " " + rest
	rows, err := r.Query(ctx, query, args...)
	if err := t.each(rows, err, &v, append([]any{&of}, t.Dest(&v)...), func() { groups[of] = append(groups[of], v) }); err != nil {
		return nil, err
	}
	return groups, nil
}

func (t *Table[T]) selecting(first string) string {
	return "SELECT " + first + t.columns + " FROM " + t.name + " " + t.alias + " "
}

// each scans row after row into the same dest, which v is part of.
func (t *Table[T]) each(rows *sql.Rows, err error, v *T, dest []any, take func()) error {
	if err != nil {
		return fmt.Errorf("read %s: %w", t.name, err)
	}
	defer rows.Close()
	var zero T
	for rows.Next() {
		*v = zero // so that rows share neither maps nor slices
		if err := rows.Scan(dest...); err != nil {
			return fmt.Errorf("read %s: %w", t.name, err)
		}
		take()
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read %s: %w", t.name, err)
	}
	return nil
}

// Insert writes a new row, with the further columns that a T does not hold.
func (t *Table[T]) Insert(ctx context.Context, tx *Tx, v T, more ...Column) error {
	return t.insert(ctx, tx, "", append(t.bind(&v), more...))
}

// InsertAll writes new rows, many with one statement.
func (t *Table[T]) InsertAll(ctx context.Context, tx *Tx, all []T) error {
	for some := range slices.Chunk(all, insertRows) {
		rows := make([][]Column, len(some))
		for i := range some {
			rows[i] = t.bind(&some[i])
		}
		if err := t.insert(ctx, tx, "", rows...); err != nil {
			return err
		}
	}
	return nil
}

// insertRows is how many rows a statement writes at most.
const insertRows = 100

// Save writes a new row or, where there is one with its key, all columns of it that
// are not fixed, whatever its version.
func (t *Table[T]) Save(ctx context.Context, tx *Tx, v T, more ...Column) error {
	columns := append(t.bind(&v), more...)
	var keys, set list
	for _, c := range columns {
		switch c.role {
		case key:
			keys.add(c.name)
		case plain, version:
			set.add(c.name, " = excluded.", c.name)
		}
	}
	return t.insert(ctx, tx, " ON CONFLICT ("+keys.String()+") DO UPDATE SET "+set.String(), columns)
}

func (t *Table[T]) insert(ctx context.Context, tx *Tx, conflict string, rows ...[]Column) error {
	var names, all list
	args := make([]any, 0, len(rows)*len(rows[0]))
	for i, row := range rows {
		var marks list
		for _, c := range row {
			if c.role == computed {
				continue
			}
			value, err := c.value()
			if err != nil {
				return fmt.Errorf("insert into %s: %w", t.name, err)
			}
			marks.add(Arg(value, &args))
			if i == 0 {
				names.add(c.name)
			}
		}
		all.add("(", marks.String(), ")")
	}
	_, err := tx.Exec(ctx, "INSERT INTO "+t.name+" ("+names.String()+") VALUES "+all.String()+conflict, args...)
	if err != nil {
		return fmt.Errorf("insert into %s: %w", t.name, err)
	}
	return nil
}

// Update writes all columns that are not fixed, and the further ones, to the row
// with v's key if it still has the version before, which v was read with. If it has
// not, somebody was faster: the table's stale fault, and nothing is written.
func (t *Table[T]) Update(ctx context.Context, tx *Tx, v T, before int64, more ...Column) error {
	columns := append(t.bind(&v), more...)
	args := make([]any, 0, len(columns)+1)
	var set list
	var where []string
	for _, c := range columns {
		value, err := c.value()
		switch {
		case err != nil:
			return fmt.Errorf("update %s: %w", t.name, err)
		case c.role == key:
			where = append(where, c.name+" = "+Arg(value, &args))
		case c.role == version:
			where = append(where, c.name+" = "+Arg(before, &args))
			fallthrough
		case c.role == plain:
			set.add(c.name, " = ", Arg(value, &args))
		}
	}
	if len(where) != 2 {
		return fmt.Errorf("update %s: the table needs a key and a version", t.name)
	}
	query := "UPDATE " + t.name + " SET " + set.String() + " WHERE " + strings.Join(where, " AND ")
	n, err := Affected(tx.Exec(ctx, query, args...))
	if err != nil {
		return fmt.Errorf("update %s: %w", t.name, err)
	}
	if n != 1 {
		return t.stale()
	}
	return nil
}

// list is a part of a statement with commas.
type list struct{ strings.Builder }

func (l *list) add(parts ...string) {
	if l.Len() > 0 {
		l.WriteString(", ")
	}
	for _, p := range parts {
		l.WriteString(p)
	}
}

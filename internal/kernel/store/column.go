// SPDX-License-Identifier: Apache-2.0

package store

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
)

// Column is one column of a [Table], bound to where the value of one row is kept.
// Make it with a function of this file. It is a value for one use: it belongs to
// the goroutine that the row belongs to.
type Column struct {
	name string
	cell cell // nil: written, never read
	held any  // what is written if there is no cell
	role role
}

type role int

const (
	plain    role = iota
	fixed         // written by Insert alone
	key           // fixed, and names the row to Update
	version       // the optimistic lock of Update
	computed      // read, never written
)

// cell is where the value of a column is kept in Go. Every cell is one pointer, so
// that binding a row allocates nothing for it.
type cell interface {
	dest() any // for sql.Rows.Scan
	value() (any, error)
}

// Fixed returns the column as one that Insert writes and Update leaves alone.
func (c Column) Fixed() Column { c.role = fixed; return c }

// Key returns the column as the one that names the row to Update; it is fixed. A
// table has one; Save takes several, one of which may be a further column.
func (c Column) Key() Column { c.role = key; return c }

// Version returns the column as the one by which Update notices that somebody was
// faster. A table has at most one.
func (c Column) Version() Column { c.role = version; return c }

// Computed returns the column as one that is read and never written: its name is an
// expression, in which other columns stand with the table's alias.
func (c Column) Computed() Column { c.role = computed; return c }

func (c Column) value() (any, error) {
	if c.cell == nil {
		return c.held, nil
	}
	return c.cell.value()
}

// Value is a column that is written and never read: what a list is sorted by, or
// what the Go type does not hold. v is passed to the driver as it is.
func Value(name string, v any) Column { return Column{name: name, held: v} }

// Text is a column of text.
func Text[S ~string](name string, p *S) Column { return Column{name: name, cell: textCell[S]{p}} }

type textCell[S ~string] struct{ p *S }

func (c textCell[S]) dest() any           { return c.p }
func (c textCell[S]) value() (any, error) { return string(*c.p), nil }

// NullText is a column of text that may be NULL, which is the empty text in Go.
func NullText(name string, p *string) Column { return Column{name: name, cell: nullTextCell{p}} }

type nullTextCell struct{ p *string }

func (c nullTextCell) dest() any { return c }

func (c nullTextCell) value() (any, error) {
	if *c.p == "" {
		return nil, nil
	}
	return *c.p, nil
}

// Scan reads a text or NULL.
func (c nullTextCell) Scan(src any) error {
	var text sql.NullString
	err := text.Scan(src)
	*c.p = text.String
	return err
}

// Int is a column of whole numbers.
func Int[I ~int | ~int64](name string, p *I) Column { return Column{name: name, cell: intCell[I]{p}} }

type intCell[I ~int | ~int64] struct{ p *I }

func (c intCell[I]) dest() any           { return c.p }
func (c intCell[I]) value() (any, error) { return int64(*c.p), nil }

// Flag is a column of truth values, stored as [Bool] says.
func Flag(name string, p *bool) Column { return Column{name: name, cell: flagCell{p}} }

type flagCell struct{ p *bool }

func (c flagCell) dest() any           { return c }
func (c flagCell) value() (any, error) { return Bool(*c.p), nil }

// Scan reads 0 or 1.
func (c flagCell) Scan(src any) error {
	n, ok := src.(int64)
	if !ok || n != 0 && n != 1 {
		return fmt.Errorf("store: cannot scan %T as a truth value", src)
	}
	*c.p = n == 1
	return nil
}

// Moment is a column of instants, stored as [At] says.
func Moment(name string, p *time.Time) Column { return Column{name: name, cell: momentCell{p}} }

type momentCell struct{ p *time.Time }

func (c momentCell) dest() any           { return Time(c.p) }
func (c momentCell) value() (any, error) { return At(*c.p), nil }

// JSON is a column of text that holds a value as JSON. It is read in Go alone: the
// engines differ in what they can ask of it.
func JSON[V any](name string, p *V) Column { return Column{name: name, cell: jsonCell[V]{p}} }

type jsonCell[V any] struct{ p *V }

func (c jsonCell[V]) dest() any { return c }

func (c jsonCell[V]) value() (any, error) {
	data, err := json.Marshal(c.p)
	return string(data), err
}

// Scan reads the text; what it holds replaces what the value held.
func (c jsonCell[V]) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("store: cannot scan %T as JSON", src)
	}
	var v V
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return err
	}
	*c.p = v
	return nil
}

// Own is a column with a form of its own: what p points to scans it and gives the
// value to write.
func Own[P interface {
	sql.Scanner
	driver.Valuer
}](name string, p P) Column {
	return Column{name: name, cell: ownCell[P]{p}}
}

type ownCell[P interface {
	sql.Scanner
	driver.Valuer
}] struct{ p P }

func (c ownCell[P]) dest() any           { return c.p }
func (c ownCell[P]) value() (any, error) { return c.p.Value() }

// Bool returns a truth value as it is stored: 0 or 1.
func Bool(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

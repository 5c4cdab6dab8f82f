// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/store"
)

// Type is the type of a column, the same on both engines.
type Type string

// The three types that a schema of this product uses.
const (
	Int64 Type = "int64"
	Text  Type = "text"
	Bytes Type = "bytes"
)

// Column is one stored column.
type Column struct {
	Name string
	Type Type
	Key  bool // part of the primary key
}

// Table is one table to back up.
type Table struct {
	Name    string
	Columns []Column // in the order of the schema
	parents []string // other tables that its foreign keys refer to
}

// Tables returns the tables that the modules' migrations made, each after the
// tables that its foreign keys refer to. Foreign keys in a circle are an error.
func Tables(ctx context.Context, r store.Reader) ([]Table, error) {
	names, err := store.Tables(ctx, r)
	if err != nil {
		return nil, err
	}
	var all []Table
	for _, name := range names {
		if strings.HasPrefix(name, "store_") || strings.HasSuffix(name, "_migration") {
			continue
		}
		t := Table{Name: name}
		if t.Columns, err = columns(ctx, r, name); err != nil {
			return nil, fmt.Errorf("read the columns of %s: %w", name, err)
		}
		if t.parents, err = parents(ctx, r, name); err != nil {
			return nil, fmt.Errorf("read the foreign keys of %s: %w", name, err)
		}
		all = append(all, t)
	}
	return parentsFirst(all)
}

// Generated columns are hidden in table_info, and "s" or "" in attgenerated.
const (
	sqliteColumns   = `SELECT name, type, CASE WHEN pk > 0 THEN 1 ELSE 0 END FROM pragma_table_info($1) ORDER BY cid`
	postgresColumns = `SELECT a.attname::text, pg_catalog.format_type(a.atttypid, NULL),
	CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)) THEN 1 ELSE 0 END
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY a.attnum`
	sqliteParents   = `SELECT DISTINCT "table" FROM pragma_foreign_key_list($1) WHERE "table" <> $1`
	postgresParents = `SELECT DISTINCT p.relname::text FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class p ON p.oid = c.confrelid
WHERE c.contype = 'f' AND c.conrelid = $1::text::regclass AND c.confrelid <> c.conrelid`
)

func columns(ctx context.Context, r store.Reader, table string) ([]Column, error) {
	query, name := sqliteColumns, table
	if r.Engine() == store.Postgres {
		query, name = postgresColumns, quote(table)
	}
	var declared string
	rows, err := r.Query(ctx, query, name)
	all, err := store.Collect(rows, err, func(s store.Scanner) (Column, error) {
		var c Column
		if err := s.Scan(&c.Name, &declared, &c.Key); err != nil {
			return c, err
		}
		var known bool
		if c.Type, known = typeOf(declared); !known {
			return c, fmt.Errorf("column %s has the type %s, which a backup cannot hold", c.Name, declared)
		}
		return c, nil
	})
	derived := func(c Column) bool { return c.Type == "" }
	return slices.DeleteFunc(all, derived), err
}

// typeOf translates an engine's type; "" is a type whose columns are derived.
func typeOf(declared string) (t Type, known bool) {
	switch strings.ToLower(declared) {
	case "integer", "bigint":
		return Int64, true
	case "text":
		return Text, true
	case "blob", "bytea":
		return Bytes, true
	case "tsvector":
		return "", true
	}
	return "", false
}

func parents(ctx context.Context, r store.Reader, table string) ([]string, error) {
	query, name := sqliteParents, table
	if r.Engine() == store.Postgres {
		query, name = postgresParents, quote(table)
	}
	rows, err := r.Query(ctx, query, name)
	return store.Collect(rows, err, func(s store.Scanner) (string, error) {
		var parent string
		err := s.Scan(&parent)
		return parent, err
	})
}

// parentsFirst orders tables, which come in alphabetical order, so that each
// follows its parents; otherwise the order stays.
func parentsFirst(tables []Table) ([]Table, error) {
	ordered := make([]Table, 0, len(tables))
	waiting := map[string]bool{}
	for _, t := range tables {
		waiting[t.Name] = true
	}
	for len(ordered) < len(tables) {
		before := len(ordered)
		for _, t := range tables {
			if !waiting[t.Name] || slices.ContainsFunc(t.parents, func(p string) bool { return waiting[p] }) {
				continue
			}
			delete(waiting, t.Name)
			ordered = append(ordered, t)
		}
		if len(ordered) == before {
			return nil, errors.New("backup: foreign keys form a circle among the tables")
		}
	}
	return ordered, nil
}

// quote writes a name that comes from the database's own catalogue.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quoteAll(columns []Column) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = quote(c.Name)
	}
	return strings.Join(names, ", ")
}

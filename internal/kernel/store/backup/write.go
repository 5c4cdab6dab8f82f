// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"portreeve.org/portreeve/internal/kernel/store"
)

// Write writes the rows of tables to w, all from one snapshot, while the server
// goes on. Tables are what Tables returned, or some of them in that order; nil
// means all. It holds one row in memory. A backup contains everything that is
// confidential: w must be protected as the database is.
func Write(ctx context.Context, db *store.DB, w io.Writer, tables []Table) error {
	out := newEncoder(w)
	err := db.Read(ctx, func(tx *store.ReadTx) error {
		if tables == nil {
			var err error
			if tables, err = Tables(ctx, tx); err != nil {
				return err
			}
		}
		modules, err := store.Versions(ctx, tx)
		if err != nil {
			return err
		}
		head := header{Format: formatName, Version: formatVersion, CreatedAt: db.Clock().Real(), Modules: modules}
		if err := out.object(head); err != nil {
			return err
		}
		for _, t := range tables {
			if err := out.table(ctx, tx, t); err != nil {
				return fmt.Errorf("back up %s: %w", t.Name, err)
			}
		}
		return out.finish()
	})
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	return nil
}

// encoder writes lines and computes their digest.
type encoder struct {
	out    *bufio.Writer
	digest hash.Hash
	line   bytes.Buffer
	rows   int64
}

func newEncoder(w io.Writer) *encoder {
	digest := sha256.New()
	e := &encoder{digest: digest}
	e.out = bufio.NewWriterSize(io.MultiWriter(digest, w), 1<<16)
	return e
}

// object writes a value of this package's own types as a line.
func (e *encoder) object(v any) error {
	e.line.Reset()
	if err := appendJSON(&e.line, v); err != nil {
		return err
	}
	_, err := e.out.Write(e.line.Bytes())
	return err
}

// appendJSON appends v and a line feed.
func appendJSON(b *bytes.Buffer, v any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func (e *encoder) table(ctx context.Context, tx *store.ReadTx, t Table) error {
	head := tableHeader{Table: t.Name}
	for _, c := range t.Columns {
		head.Columns = append(head.Columns, c.Name)
		head.Types = append(head.Types, c.Type)
	}
	if err := e.object(head); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, "SELECT "+quoteAll(t.Columns)+" FROM "+quote(t.Name)+" ORDER BY "+orderBy(tx.Engine(), t))
	if err != nil {
		return err
	}
	defer rows.Close()
	values := make([]any, len(t.Columns))
	targets := make([]any, len(t.Columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		if err := e.row(t.Columns, values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// orderBy makes the order of rows the same on both engines: by primary key, or
// by all columns where there is none, and text by its bytes.
func orderBy(engine store.Engine, t Table) string {
	var keys, all []string
	for _, c := range t.Columns {
		term := quote(c.Name)
		if engine == store.Postgres {
			if c.Type == Text {
				term += ` COLLATE "C"`
			}
			term += " NULLS FIRST"
		}
		all = append(all, term)
		if c.Key {
			keys = append(keys, term)
		}
	}
	if len(keys) > 0 {
		all = keys
	}
	return strings.Join(all, ", ")
}

func (e *encoder) row(columns []Column, values []any) error {
	e.line.Reset()
	e.line.WriteByte('[')
	for i, c := range columns {
		if i > 0 {
			e.line.WriteByte(',')
		}
		if err := e.value(c.Type, values[i]); err != nil {
			return fmt.Errorf("column %s: %w", c.Name, err)
		}
	}
	e.line.WriteString("]\n")
	e.rows++
	_, err := e.out.Write(e.line.Bytes())
	return err
}

func (e *encoder) value(t Type, value any) error {
	if b, ok := value.([]byte); ok && t == Text {
		value = string(b)
	}
	switch v := value.(type) {
	case nil:
		e.line.WriteString("null")
		return nil
	case int64:
		if t == Int64 {
			e.line.Write(strconv.AppendInt(e.line.AvailableBuffer(), v, 10))
			return nil
		}
	case string:
		if t == Text {
			return e.text(v)
		}
	case []byte:
		if t == Bytes {
			e.line.WriteString(`{"b64":"`)
			e.line.Write(base64.StdEncoding.AppendEncode(e.line.AvailableBuffer(), v))
			e.line.WriteString(`"}`)
			return nil
		}
	}
	return fmt.Errorf("holds a %T, want %s", value, t)
}

// text writes a string. What is not UTF-8 cannot be written as it is, and a
// backup that changes a value would be worse than none.
func (e *encoder) text(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("holds text that is not UTF-8")
	}
	if err := appendJSON(&e.line, s); err != nil {
		return err
	}
	e.line.Truncate(e.line.Len() - 1) // the line feed
	return nil
}

// finish writes the trailer over everything before it.
func (e *encoder) finish() error {
	if err := e.out.Flush(); err != nil {
		return err
	}
	if err := e.object(trailer{Rows: &e.rows, SHA256: hex.EncodeToString(e.digest.Sum(nil))}); err != nil {
		return err
	}
	return e.out.Flush()
}

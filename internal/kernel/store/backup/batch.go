// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"fmt"
	"strings"
)

// Rows are inserted many at a time, because each statement costs a round trip on
// PostgreSQL and a compilation on SQLite.
const (
	batchRows  = 250     // at most
	batchArgs  = 8_000   // at most; SQLite takes 32,766, PostgreSQL 65,535
	batchBytes = 1 << 20 // of the file, after which a batch is inserted
)

// batch collects the rows of one table.
type batch struct {
	table   string
	columns []Column
	args    []any
	bytes   int
	first   int // the line before its first row
}

func newBatch(table string, columns []Column, line int) *batch {
	return &batch{table: table, columns: columns, first: line}
}

// full counts a row of size bytes that was added, and says whether to insert now.
func (b *batch) full(size int) bool {
	b.bytes += size
	rows := len(b.args) / len(b.columns)
	return rows >= batchRows || len(b.args)+len(b.columns) > batchArgs || b.bytes >= batchBytes
}

// statement inserts all rows of the batch.
func (b *batch) statement() string {
	var s strings.Builder
	s.WriteString("INSERT INTO " + quote(b.table) + " (" + quoteAll(b.columns) + ") VALUES ")
	for i := range b.args {
		switch {
		case i == 0:
			s.WriteString("(")
		case i%len(b.columns) == 0:
			s.WriteString("), (")
		default:
			s.WriteString(", ")
		}
		fmt.Fprintf(&s, "$%d", i+1)
	}
	s.WriteString(")")
	return s.String()
}

func (b *batch) clear(line int) {
	clear(b.args) // so that large values can be freed
	b.args, b.bytes, b.first = b.args[:0], 0, line
}

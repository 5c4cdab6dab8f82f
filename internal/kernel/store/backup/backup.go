// SPDX-License-Identifier: Apache-2.0

// Package backup writes all rows of a database to a stream and reads them into
// an empty one, on either engine: a backup taken on SQLite can be restored on
// PostgreSQL and back, and gives the same bytes again.
//
// It knows no module and no meaning: what must happen to restored data (an entry
// in the ledger, erasures to repeat, an index to rebuild) is the caller's hook.
//
// # Format
//
// A backup is UTF-8 text. Every line ends with a line feed and is one JSON value.
//
//   - The first line is an object: "format" is "portreeve-backup", "version" is 1,
//     "created_at" is real time (RFC 3339, UTC), "modules" gives the schema
//     version of each module.
//   - A table begins with an object: "table" is its name, "columns" their names,
//     "types" for each column "int64", "text" or "bytes". A table comes after the
//     tables that its foreign keys refer to.
//   - Each row is an array with one value for each column: null; a decimal
//     integer for int64, of any size up to 64 bits; a string for text; an object
//     {"b64": "..."} in standard base64 with padding for bytes. Rows are ordered
//     by primary key; text is compared by its bytes.
//   - The last line is an object: "rows" is the number of rows in all tables and
//     "sha256" the digest, in hexadecimal, of every byte before this line.
//
// The digest finds damage. It proves no origin: whoever changes a backup can
// compute it. What a restored ledger says is proven by the ledger's own checkpoints.
//
// Left out are the version tables and the store's own, virtual tables of SQLite
// (a full-text index), generated columns, and columns of PostgreSQL's type
// tsvector: they are derived, and the caller's hook builds them again.
package backup

import (
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

const (
	formatName    = "portreeve-backup"
	formatVersion = 1
)

// header is the first line.
type header struct {
	Format    string           `json:"format"`
	Version   int              `json:"version"`
	CreatedAt time.Time        `json:"created_at"`
	Modules   map[string]int64 `json:"modules"`
}

// tableHeader begins a table.
type tableHeader struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
	Types   []Type   `json:"types"`
}

// trailer is the last line.
type trailer struct {
	Rows   *int64 `json:"rows"`
	SHA256 string `json:"sha256"`
}

// encodedBytes is how a value of type Bytes is written.
type encodedBytes struct {
	B64 *[]byte `json:"b64"`
}

// The codes of the faults of this package.
const (
	codeNotEmpty  = "backup.target_not_empty"
	codeVersion   = "backup.version_mismatch"
	codeFormat    = "backup.unknown_format"
	codeMalformed = "backup.malformed"
	codeTruncated = "backup.truncated"
	codeDamaged   = "backup.damaged"
	codeRefused   = "backup.row_refused"
)

// malformed says in which line the file is wrong. It never repeats what is
// there: a backup is confidential.
func malformed(line int, what string) *fault.Error {
	return fault.New(fault.Malformed, codeMalformed, "The backup cannot be read: line %d %s. Nothing was restored; use another copy.", line, what)
}

func truncated() *fault.Error {
	return fault.New(fault.Malformed, codeTruncated, "The backup ends before its last line. Nothing was restored; use a complete copy.")
}

func damaged() *fault.Error {
	return fault.New(fault.Malformed, codeDamaged, "The backup is damaged: its digest does not match its content. Nothing was restored; use another copy.")
}

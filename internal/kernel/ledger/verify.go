// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"runtime"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
)

// VerifyOptions says what to verify a log against.
type VerifyOptions struct {
	Keys    Keys     // the log's verifier keys, current and earlier
	Origin  string   // the log's origin; empty means the name of the first key
	Known   [][]byte // signed checkpoints that the reader kept: an old copy of the database does not agree with them
	Workers int      // zero means one per processor
}

func (o VerifyOptions) workers() int {
	if o.Workers > 0 {
		return o.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// Report says what was verified; Wrong is the first thing found wrong, with the
// number of the entry.
type (
	Report = format.Report
	Wrong  = format.Wrong
)

// VerifyExport verifies an export offline, see [format.VerifyExport].
func VerifyExport(ctx context.Context, r io.Reader, opts VerifyOptions) (Report, error) {
	return format.VerifyExport(ctx, r, opts.Keys, opts.Origin, opts.workers(), opts.Known...)
}

// VerifyDatabase verifies the log of a database: every opening against its
// commitment, every leaf and stored hash, the head, every public checkpoint with
// its signature, and that what is missing was erased or is padding. It works
// while decisions are taken: it verifies up to the head at its start. It changes
// nothing. The error is a [*Wrong] if something is wrong, and another one if the
// database could not be read.
func VerifyDatabase(ctx context.Context, db *store.DB, opts VerifyOptions) (Report, error) {
	s := &dbSource{ctx: ctx, db: db}
	var checkpoints []format.Checkpoint
	for _, signed := range opts.Known {
		c, err := format.OpenCheckpoint(signed, opts.Keys, opts.Origin)
		if err != nil {
			return Report{}, err
		}
		checkpoints = append(checkpoints, c)
	}
	var h head
	err := db.Read(ctx, func(tx *store.ReadTx) error {
		var err error
		if h, err = readHead(ctx, tx); err != nil {
			return err
		}
		if err := refuseStrays(ctx, tx, h.size); err != nil {
			return err
		}
		published, err := s.checkpoints(ctx, tx, opts)
		checkpoints = append(checkpoints, published...)
		return err
	})
	if err != nil {
		return Report{}, err
	}
	report, err := format.Verify(ctx, s, h.size, checkpoints, opts.workers())
	if err != nil {
		return Report{}, err
	}
	if report.Root != h.root {
		return Report{}, &Wrong{Seq: -1, What: fmt.Sprintf("the head says that the root is %s, but the entries give %s", h.root, report.Root)}
	}
	if h.size > 0 && report.Micros != h.time.UnixMicro() {
		return Report{}, &Wrong{Seq: -1, What: "the head has another time than the last entry"}
	}
	return report, nil
}

// refuseStrays looks for rows that stand outside the log.
func refuseStrays(ctx context.Context, tx *store.ReadTx, size int64) error {
	var seq sql.NullInt64
	err := tx.QueryRow(ctx, `SELECT min(seq) FROM (
		SELECT min(seq) AS seq FROM ledger_leaf WHERE seq >= $1 UNION ALL
		SELECT min(seq) AS seq FROM ledger_leaf WHERE seq < 0 UNION ALL
		SELECT min(seq) AS seq FROM ledger_opening WHERE seq >= $1 UNION ALL
		SELECT min(seq) AS seq FROM ledger_opening WHERE seq < 0) AS stray`, size).Scan(&seq)
	if err != nil {
		return fmt.Errorf("look for stray entries: %w", err)
	}
	if seq.Valid {
		return &Wrong{Seq: max(seq.Int64, -1), What: fmt.Sprintf("number %d stands outside the log, whose head says %d entries", seq.Int64, size)}
	}
	return nil
}

// dbSource is a database as a source of entries.
type dbSource struct {
	ctx     context.Context
	db      *store.DB
	padding []span
}

// span is a half-open range of entries.
type span struct{ from, to int64 }

// checkpoints reads and checks the public checkpoints, and learns where the padding is.
func (s *dbSource) checkpoints(ctx context.Context, tx *store.ReadTx, opts VerifyOptions) ([]format.Checkpoint, error) {
	rows, err := readCheckpoints(ctx, tx)
	if err != nil {
		return nil, err
	}
	var found []format.Checkpoint
	var last checkpointRow
	for i, row := range rows {
		c, err := format.OpenCheckpoint([]byte(row.note), opts.Keys, opts.Origin)
		if err == nil && c.Size != row.size {
			err = errors.New("its row has another size than its note")
		}
		if err == nil && (row.padded > row.size || i > 0 && (row.padded < last.size || row.period <= last.period)) {
			err = errors.New("it does not follow the one before it")
		}
		if err != nil {
			return nil, &Wrong{Seq: -1, What: fmt.Sprintf("public checkpoint of %d entries: %v", row.size, err)}
		}
		last = row
		s.padding = append(s.padding, span{row.padded, row.size})
		found = append(found, c)
	}
	return found, nil
}

// padded reports whether an entry is recorded as padding.
func (s *dbSource) padded(seq int64) bool {
	lo, hi := 0, len(s.padding)
	for lo < hi {
		if mid := (lo + hi) / 2; s.padding[mid].to <= seq {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(s.padding) && s.padding[lo].from <= seq
}

// Next returns the function that reads a range in a transaction of its own: the
// log only grows, so every later snapshot holds the same entries. An opening
// may be erased between two snapshots, so the erasures of a range are read in
// the range's own.
func (s *dbSource) Next(start, end int64) (format.Load, error) {
	return func(visit func(int64, *format.Row) error) error {
		return s.db.Read(s.ctx, func(tx *store.ReadTx) error {
			erased, err := readErased(s.ctx, tx, start, end)
			if err != nil {
				return err
			}
			// The range stands in the join as well: PostgreSQL does not conclude it
			// from the equality and would read all openings for each range.
			rows, err := tx.Query(s.ctx, `SELECT l.seq, l.leaf, l.hashes, o.item, o.visibility, o.kind, o.actor, o.subject, o.body, o.salts
				FROM ledger_leaf l LEFT JOIN ledger_opening o ON o.seq = l.seq AND o.seq >= $1 AND o.seq < $2
				WHERE l.seq >= $1 AND l.seq < $2 ORDER BY l.seq`, start, end)
			if err != nil {
				return fmt.Errorf("read entries from %d: %w", start, err)
			}
			defer rows.Close()
			v := rowReader{source: s, erased: erased}
			for rows.Next() {
				if err := v.read(rows, visit); err != nil {
					return err
				}
			}
			if err := rows.Err(); err != nil {
				return fmt.Errorf("read entries from %d: %w", start, err)
			}
			return nil
		})
	}, nil
}

// rowReader turns database rows into rows of the format without copying.
type rowReader struct {
	source  *dbSource
	erased  map[int64]fieldSet
	seq     int64
	leaf    sql.RawBytes
	hashes  sql.RawBytes
	item    sql.RawBytes
	visible sql.RawBytes
	values  [format.Fields]sql.RawBytes
	salts   sql.RawBytes
	subject []byte
	row     format.Row
}

func (v *rowReader) read(rows *sql.Rows, visit func(int64, *format.Row) error) error {
	err := rows.Scan(&v.seq, &v.leaf, &v.hashes, &v.item, &v.visible, &v.values[0], &v.values[1], &v.values[2], &v.values[3], &v.salts)
	if err != nil {
		return fmt.Errorf("read entry %d: %w", v.seq, err)
	}
	v.row = format.Row{Hashes: v.hashes, Leaf: v.leaf}
	if v.row.Leaf == nil {
		return &Wrong{Seq: v.seq, What: "its leaf is missing"}
	}
	if v.salts == nil {
		if v.erased[v.seq] != 0 || !v.source.padded(v.seq) {
			return &Wrong{Seq: v.seq, What: "its opening is missing, and it is not recorded as padding"}
		}
		return visit(v.seq, &v.row)
	}
	if err := v.open(); err != nil {
		return err
	}
	return visit(v.seq, &v.row)
}

// open fills in the fields that are open and checks that the others were erased.
func (v *rowReader) open() error {
	switch {
	case v.source.padded(v.seq):
		return &Wrong{Seq: v.seq, What: "it is recorded as padding, but has an opening"}
	case len(v.salts) != format.Fields*format.SaltSize:
		return &Wrong{Seq: v.seq, What: "its salts have not the right length"}
	case !authz.Visibility(v.visible).Known():
		return &Wrong{Seq: v.seq, What: "its visibility is not one that exists"}
	}
	for f := format.Kind; f < format.Fields; f++ {
		salt := v.salts[int(f)*format.SaltSize : int(f+1)*format.SaltSize]
		gone, recorded := v.values[f] == nil, v.erased[v.seq].has(f)
		switch {
		case gone && !recorded:
			return &Wrong{Seq: v.seq, What: "its " + f.String() + " is missing, but no erasure is recorded"}
		case recorded && (!gone || !isZero(salt)):
			return &Wrong{Seq: v.seq, What: "its " + f.String() + " is recorded as erased, but something of it stands there"}
		case gone:
			continue
		}
		v.row.Salts[f], v.row.Values[f] = salt, v.values[f]
	}
	if v.values[format.Subject] != nil {
		v.subject = append(append(append(v.subject[:0], v.values[format.Subject]...), '\n'), v.item...)
		v.row.Values[format.Subject] = v.subject
	}
	return nil
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

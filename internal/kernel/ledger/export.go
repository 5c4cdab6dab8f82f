// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"io"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Export writes the whole log up to its head, with a checkpoint signed for it,
// and with the leaf and openings of those entries that the actor may see. Of all
// others, padding included, only the hashes are written, which say nothing, not
// even when. [VerifyExport] verifies it. It streams: an error may come after a
// part was written, and a part does not verify. Only insiders may export, since
// size and numbers tell how much is decided.
func (l *Log) Export(ctx context.Context, r store.Reader, actor authz.Actor, w io.Writer) error {
	if !actor.Internal() {
		return fault.ItemNotFound()
	}
	head, err := l.Head(ctx, r)
	if err != nil {
		return err
	}
	out, err := format.NewExportWriter(w, []byte(head.Note))
	if err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	const step = 4096 // bounds what the database sorts at once
	for start := int64(0); start < head.Size; start += step {
		if err := exportRange(ctx, r, actor, out, start, min(start+step, head.Size)); err != nil {
			return fmt.Errorf("export entries from %d: %w", start, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

func exportRange(ctx context.Context, r store.Reader, actor authz.Actor, out *format.ExportWriter, start, end int64) error {
	args := []any{start, end}
	visible := authz.Visible(actor, "o.item", "o.visibility", &args)
	// The range stands in the join as well: see dbSource.Next.
	rows, err := r.Query(ctx, `SELECT l.seq, l.leaf, l.hashes, o.item, o.kind, o.actor, o.subject, o.body, o.salts
		FROM ledger_leaf l LEFT JOIN ledger_opening o ON o.seq = l.seq AND o.seq >= $1 AND o.seq < $2 AND `+visible+`
		WHERE l.seq >= $1 AND l.seq < $2 ORDER BY l.seq`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var e exportRow
	next := start
	for ; rows.Next(); next++ {
		if err := e.write(rows, next, out); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if next != end {
		return corrupt(fmt.Sprintf("entry %d is missing", next))
	}
	return nil
}

// exportRow holds one row while it is written.
type exportRow struct {
	seq          int64
	leaf, hashes sql.RawBytes
	item         sql.RawBytes
	values       [format.Fields]sql.RawBytes
	salts        sql.RawBytes
	buffers      [format.Fields][]byte
}

func (e *exportRow) write(rows *sql.Rows, want int64, out *format.ExportWriter) error {
	err := rows.Scan(&e.seq, &e.leaf, &e.hashes, &e.item, &e.values[0], &e.values[1], &e.values[2], &e.values[3], &e.salts)
	if err != nil {
		return err
	}
	if e.seq != want {
		return corrupt(fmt.Sprintf("entry %d is missing", want))
	}
	if e.salts == nil {
		return out.Entry(e.hashes, nil, nil)
	}
	if len(e.salts) != format.Fields*format.SaltSize {
		return corrupt(fmt.Sprintf("entry %d has malformed salts", want))
	}
	var openings [format.Fields]format.Opening
	for f, value := range e.values {
		if value == nil {
			continue
		}
		b := append(append(e.buffers[f][:0], e.salts[f*format.SaltSize:(f+1)*format.SaltSize]...), value...)
		if format.Field(f) == format.Subject {
			b = append(append(b, '\n'), e.item...)
		}
		e.buffers[f], openings[f] = b, b
	}
	return out.Entry(e.hashes, e.leaf, &openings)
}

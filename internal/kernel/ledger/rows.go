// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
)

// leafRow is a row of ledger_leaf: the leaf and the hashes that it completes.
type leafRow struct {
	seq    int64
	leaf   format.Leaf
	hashes []format.Hash
}

// openingRow is a row of ledger_opening.
type openingRow struct {
	seq   int64
	entry Entry
	body  string
	salts []byte
}

// batch is the number of rows per statement: few enough for the limit of
// parameters of either engine, many enough that a statement's cost is shared.
const batch = 32

func (tx *Tx) flushIfMany(ctx context.Context) error {
	if len(tx.rows) < batch {
		return nil
	}
	return tx.flush(ctx)
}

// flush writes the queued rows. Everything that changes openings calls it first.
func (tx *Tx) flush(ctx context.Context) error {
	if len(tx.rows) > 0 {
		args := make([]any, 0, 3*len(tx.rows))
		for i := range tx.rows {
			r := &tx.rows[i]
			args = append(args, r.seq, r.leaf[:], joinHashes(r.hashes))
		}
		if _, err := tx.Exec(ctx, `INSERT INTO ledger_leaf (seq, leaf, hashes) VALUES `+marks(len(tx.rows), 3), args...); err != nil {
			return fmt.Errorf("append leaves: %w", err)
		}
		tx.rows = tx.rows[:0]
	}
	if len(tx.openings) > 0 {
		args := make([]any, 0, 8*len(tx.openings))
		for _, o := range tx.openings {
			args = append(args, o.seq, o.entry.Item, o.entry.Visibility, o.entry.Kind, o.entry.Actor, o.entry.Subject, o.body, o.salts)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO ledger_opening (seq, item, visibility, kind, actor, subject, body, salts) VALUES `+marks(len(tx.openings), 8), args...); err != nil {
			return fmt.Errorf("append openings: %w", err)
		}
		tx.openings = tx.openings[:0]
	}
	return nil
}

// marks returns "($1, $2), ($3, $4)" for two rows of two columns.
func marks(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	return b.String()
}

func joinHashes(hashes []format.Hash) []byte {
	b := make([]byte, 0, len(hashes)*format.HashSize)
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return b
}

// readHashes reads the roots of complete subtrees, in the order asked for, with
// one statement.
func readHashes(ctx context.Context, r store.Reader, edges []format.Edge) ([]format.Hash, error) {
	if len(edges) == 0 {
		return nil, nil
	}
	args := make([]any, len(edges))
	list := make([]string, len(edges))
	for i, e := range edges {
		args[i], list[i] = e.Seq, "$"+strconv.Itoa(i+1)
	}
	rows, err := r.Query(ctx, `SELECT seq, hashes FROM ledger_leaf WHERE seq IN (`+strings.Join(list, ", ")+`)`, args...)
	if err != nil {
		return nil, fmt.Errorf("read ledger hashes: %w", err)
	}
	defer rows.Close()
	stored := make(map[int64][]byte, len(edges))
	for rows.Next() {
		var seq int64
		var hashes []byte
		if err := rows.Scan(&seq, &hashes); err != nil {
			return nil, fmt.Errorf("read ledger hashes: %w", err)
		}
		stored[seq] = hashes
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read ledger hashes: %w", err)
	}
	found := make([]format.Hash, len(edges))
	for i, e := range edges {
		at := e.Level * format.HashSize
		if len(stored[e.Seq]) < at+format.HashSize {
			return nil, corrupt(fmt.Sprintf("entry %d lacks the hash of level %d", e.Seq, e.Level))
		}
		copy(found[i][:], stored[e.Seq][at:])
	}
	return found, nil
}

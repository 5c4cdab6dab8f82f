// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"fmt"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Cosign stores the signatures by witnesses on a public checkpoint. signed is
// the checkpoint as the witness gives it back: the same text, with its
// signature line below. Signatures by those who are not among the witnesses are
// passed over; the fault is "ledger.cosignature" (Invalid) if none is left, if
// one is wrong, or if the text is not that of a public checkpoint. A witness who
// signs again replaces its signature. The number stored is returned.
func (l *Log) Cosign(ctx context.Context, witnesses Keys, signed []byte) (int, error) {
	refuse := func(err error) error {
		return fault.New(fault.Invalid, "ledger.cosignature",
			"The cosignature was not accepted: it must be by a configured witness, and on the text of a public checkpoint.").Because(err)
	}
	text, _, _ := strings.Cut(string(signed), "\n\n")
	c, err := format.ParseCheckpoint(text + "\n")
	if err != nil {
		return 0, refuse(err)
	}
	n := 0
	err = l.db.Write(ctx, func(tx *store.Tx) error {
		public, err := l.Public(ctx, tx, c.Size)
		if fault.Is(err, fault.NotFound) {
			return refuse(err)
		}
		if err != nil {
			return err
		}
		ours, _, _ := strings.Cut(public.Note, "\n\n")
		lines, err := format.Cosignatures(signed, ours+"\n", witnesses)
		if err != nil {
			return refuse(err)
		}
		n = len(lines)
		for _, s := range lines {
			_, err := tx.Exec(ctx, `INSERT INTO ledger_cosignature (size, witness, signature, received) VALUES ($1, $2, $3, $4)
				ON CONFLICT (size, witness) DO UPDATE SET signature = excluded.signature, received = excluded.received`,
				c.Size, s.Witness, s.Line, store.At(tx.Now()))
			if err != nil {
				return fmt.Errorf("store cosignature: %w", err)
			}
		}
		return nil
	})
	return n, err
}

// withCosignatures puts the witnesses' lines under the note.
func withCosignatures(ctx context.Context, r store.Reader, row checkpointRow) (Checkpoint, error) {
	c, err := row.checkpoint()
	if err != nil {
		return Checkpoint{}, err
	}
	rows, err := r.Query(ctx, `SELECT signature FROM ledger_cosignature WHERE size = $1 ORDER BY witness`, row.size)
	lines, err := store.Collect(rows, err, func(s store.Scanner) (line string, err error) { return line, s.Scan(&line) })
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read cosignatures: %w", err)
	}
	c.Note += strings.Join(lines, "")
	return c, nil
}

// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Field names a committed field of an entry, for erasing.
type Field = format.Field

// The fields of an entry.
const (
	FieldKind    = format.Kind
	FieldActor   = format.Actor
	FieldSubject = format.Subject
	FieldBody    = format.Body
)

// fieldSet is a set of fields.
type fieldSet uint8

func (s fieldSet) has(f Field) bool { return s&(1<<f) != 0 }

// Erasure is one erased field. A copy restored from before the erasure is
// brought to the same state by erasing it again.
type Erasure struct {
	Seq    int64
	Field  Field
	Erased time.Time
	// Leaf is the hash of the entry's leaf. After a restore the number of a lost
	// entry is given to another one; the hash never is.
	Leaf format.Hash
}

// Erase removes what the commitments of these fields hide, and their salts,
// beyond recovery from the log; the leaves stay, so the log still verifies. No
// fields means all four. It records each erasure. What is erased already, or
// is padding, is passed over; the number of fields erased now is returned. An
// entry that does not exist is an error.
//
// Erase appends nothing: the caller appends, in the same transaction, the entry
// that says who erased what and why.
func (l *Log) Erase(ctx context.Context, tx *Tx, seqs []int64, fields ...Field) (int, error) {
	if err := tx.flush(ctx); err != nil {
		return 0, err
	}
	if len(fields) == 0 {
		fields = []Field{FieldKind, FieldActor, FieldSubject, FieldBody}
	}
	n := 0
	for _, seq := range seqs {
		done, err := eraseEntry(ctx, tx, seq, fields)
		if err != nil {
			return n, fmt.Errorf("erase entry %d: %w", seq, err)
		}
		n += done
	}
	return n, nil
}

func eraseEntry(ctx context.Context, tx *Tx, seq int64, fields []Field) (int, error) {
	if seq < 0 || seq >= tx.front.Size() {
		return 0, errors.New("there is no such entry")
	}
	var present [format.Fields]bool
	var salts []byte
	err := tx.QueryRow(ctx, `SELECT kind IS NOT NULL, actor IS NOT NULL, subject IS NOT NULL, body IS NOT NULL, salts FROM ledger_opening WHERE seq = $1`, seq).
		Scan(&present[0], &present[1], &present[2], &present[3], &salts)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if len(salts) != format.Fields*format.SaltSize {
		return 0, corrupt(fmt.Sprintf("entry %d has malformed salts", seq))
	}
	n := 0
	for _, f := range fields {
		if f < 0 || f >= format.Fields || !present[f] {
			continue
		}
		present[f] = false
		clear(salts[int(f)*format.SaltSize : int(f+1)*format.SaltSize])
		// The column has the field's name, which is one of four constants.
		if _, err := tx.Exec(ctx, `UPDATE ledger_opening SET `+f.String()+` = NULL, salts = $1 WHERE seq = $2`, salts, seq); err != nil {
			return n, err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO ledger_erasure (seq, field, erased) VALUES ($1, $2, $3)`, seq, f.String(), store.At(tx.Now())); err != nil {
			return n, err
		}
		tx.erased = true
		n++
	}
	return n, nil
}

// Erasures returns what was erased so far, by entry. A list of them is kept
// beside the backups, so that restoring an older copy can erase again.
func (l *Log) Erasures(ctx context.Context, r store.Reader) ([]Erasure, error) {
	rows, err := r.Query(ctx, `SELECT e.seq, e.field, e.erased, l.hashes FROM ledger_erasure e JOIN ledger_leaf l ON l.seq = e.seq ORDER BY e.seq, e.field`)
	all, err := store.Collect(rows, err, func(s store.Scanner) (Erasure, error) {
		var hashes []byte
		e, err := scanErasure(s, &hashes)
		if err == nil && len(hashes) < format.HashSize {
			err = corrupt(fmt.Sprintf("entry %d has malformed hashes", e.Seq))
		}
		copy(e.Leaf[:], hashes)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("read erasures: %w", err)
	}
	return all, nil
}

// EraseAgain repeats the erasures of a list that was kept beside a backup, on a
// copy restored from it. An entry that the copy does not have, or that has
// another leaf, is passed over: its number stands for something else there. It
// returns the number of fields erased now.
func (l *Log) EraseAgain(ctx context.Context, tx *Tx, list []Erasure) (int, error) {
	if err := tx.flush(ctx); err != nil {
		return 0, err
	}
	n := 0
	for _, e := range list {
		same, err := hasLeaf(ctx, tx, e.Seq, e.Leaf)
		if err != nil {
			return n, err
		}
		if !same {
			continue
		}
		done, err := l.Erase(ctx, tx, []int64{e.Seq}, e.Field)
		if err != nil {
			return n, err
		}
		n += done
	}
	return n, nil
}

// hasLeaf reports whether the entry of that number has that leaf.
func hasLeaf(ctx context.Context, r store.Reader, seq int64, leaf format.Hash) (bool, error) {
	var hashes []byte
	err := r.QueryRow(ctx, `SELECT hashes FROM ledger_leaf WHERE seq = $1`, seq).Scan(&hashes)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the leaf of entry %d: %w", seq, err)
	}
	return bytes.HasPrefix(hashes, leaf[:]), nil
}

// scanErasure scans number, field and time, and what follows them.
func scanErasure(s store.Scanner, more ...any) (Erasure, error) {
	var e Erasure
	var name string
	if err := s.Scan(append([]any{&e.Seq, &name, store.Time(&e.Erased)}, more...)...); err != nil {
		return e, err
	}
	var ok bool
	if e.Field, ok = format.ParseField(name); !ok {
		return e, fmt.Errorf("erasure of an unknown field at entry %d", e.Seq)
	}
	return e, nil
}

// readErased returns the erased fields of a range of entries.
func readErased(ctx context.Context, r store.Reader, start, end int64) (map[int64]fieldSet, error) {
	rows, err := r.Query(ctx, `SELECT seq, field, erased FROM ledger_erasure WHERE seq >= $1 AND seq < $2`, start, end)
	all, err := store.Collect(rows, err, func(s store.Scanner) (Erasure, error) { return scanErasure(s) })
	if err != nil {
		return nil, fmt.Errorf("read erasures: %w", err)
	}
	erased := make(map[int64]fieldSet, len(all))
	for _, e := range all {
		erased[e.Seq] |= 1 << e.Field
	}
	return erased, nil
}

// Reclassify gives all entries of an item its new visibility. The service that
// changes the item's visibility calls it in the same transaction.
func (l *Log) Reclassify(ctx context.Context, tx *Tx, item, visibility string) error {
	if item == "" || !authz.Visibility(visibility).Known() {
		return invalid("reclassify needs an item and a known visibility")
	}
	if err := tx.flush(ctx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE ledger_opening SET visibility = $1 WHERE item = $2`, visibility, item); err != nil {
		return fmt.Errorf("reclassify entries: %w", err)
	}
	return nil
}

// Restrict makes entries restricted whatever their item is: those about a part of it
// that only those who take part see. [Log.Reclassify] gives them the item's
// visibility like all others, so whoever calls that calls this after it, in the same
// transaction.
func (l *Log) Restrict(ctx context.Context, tx *Tx, entries ...int64) error {
	if err := tx.flush(ctx); err != nil {
		return err
	}
	for _, seq := range entries {
		if _, err := tx.Exec(ctx, `UPDATE ledger_opening SET visibility = 'restricted' WHERE seq = $1`, seq); err != nil {
			return fmt.Errorf("restrict entries: %w", err)
		}
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Writer is the right of one module to write. It is safe for concurrent use.
type Writer struct {
	log    *Log
	module string
	kinds  []string
}

// Writer returns the writer of a module. Only these kinds can be appended
// through it; each begins with the module's name and a dot. Anything else is a
// mistake in the program and panics at start-up.
func (l *Log) Writer(module string, kinds []string) *Writer {
	for _, k := range kinds {
		if module == "" || !strings.HasPrefix(k, module+".") || strings.ContainsAny(k, " \t\n") {
			panic(fmt.Sprintf("ledger: entry kind %q does not belong to module %q", k, module))
		}
	}
	return &Writer{log: l, module: module, kinds: slices.Clone(kinds)}
}

// Tx is a transaction that holds the ledger's head. It passes as store.Reader.
// It must not be used after the function it was given to has returned, nor by
// two goroutines at once.
type Tx struct {
	*store.Tx

	log      *Log
	front    format.Frontier
	appended int // entries, padding not counted
	first    int64
	kinds    []string // of the entries
	erased   bool     // something was erased: kept answers must go
	rows     []leafRow
	openings []openingRow
}

// Decide runs fn in a transaction that holds the head of the log, and commits if
// fn returns nil and at least one entry was appended. Otherwise nothing is
// written; without an entry the error is the fault "ledger.silent_write".
//
// The head is locked before fn runs, so what fn reads cannot be changed by
// another decision before this one commits. The transaction's time is never
// earlier than that of the entry before.
//
// If ctx comes from [WithIdempotency], the key is stored in the same
// transaction; when it is there already, fn does not run and the error is the
// fault "idempotency.repeated" (Conflict), or "idempotency.reused" (Invalid) if
// the key was used for a request with another fingerprint.
//
// If fn erases with [Log.Erase] or appends an entry of a kind that [Erases], all
// answers that were kept for repeats are dropped in the same transaction: they
// may hold what was erased.
//
// Decide must not be called inside fn: it would wait for itself.
func (w *Writer) Decide(ctx context.Context, fn func(tx *Tx) error) error {
	claim := claimFrom(ctx)
	var front format.Frontier
	var root format.Hash
	var kinds []string
	err := w.log.db.Write(ctx, func(stx *store.Tx) error {
		tx, err := w.log.begin(ctx, stx)
		if err != nil {
			return err
		}
		if err := claim.refuse(ctx, stx); err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		if withoutEffect(ctx) {
			return triedOnly()
		}
		if tx.appended == 0 {
			return fault.New(fault.Internal, "ledger.silent_write",
				"The change was not recorded in the decision log and so was not made. Give the request id to your administrator.").
				Because(fmt.Errorf("module %s decided without an entry", w.module))
		}
		if err := tx.forget(ctx); err != nil {
			return err
		}
		if err := claim.insert(ctx, stx, w.log.db.Clock().Real(), tx.first); err != nil {
			return err
		}
		root, err = tx.finish(ctx)
		front, kinds = tx.front, tx.kinds
		return err
	})
	if err != nil {
		return err
	}
	claim.done()
	w.log.committed(front, root)
	if w.log.after != nil {
		w.log.after(ctx, kinds)
	}
	return nil
}

type withoutEffectKey struct{}

// WithoutEffect returns a context under which every decision that would succeed, and
// every quiet write, is refused with the fault "ledger.without_effect" (Stale): it
// tells whether somebody would be refused.
func WithoutEffect(ctx context.Context) context.Context {
	return context.WithValue(ctx, withoutEffectKey{}, true)
}

func triedOnly() error {
	return fault.New(fault.Stale, "ledger.without_effect", "This was tried without effect; nothing was changed.")
}

func withoutEffect(ctx context.Context) bool { return ctx.Value(withoutEffectKey{}) != nil }

// Append adds an entry to the log as part of tx and returns its sequence number,
// counted from zero. Modules may append to each other's transactions, each
// through its own writer: a command across modules is one commit.
func (w *Writer) Append(ctx context.Context, tx *Tx, e Entry) (int64, error) {
	if !slices.Contains(w.kinds, e.Kind) {
		return 0, fault.New(fault.Internal, "ledger.kind_foreign",
			"The decision could not be recorded, and nothing was changed. Give the request id to your administrator.").
			Because(fmt.Errorf("module %s may not append kind %q", w.module, e.Kind))
	}
	if tx.log != w.log {
		return 0, invalid("the transaction belongs to another log")
	}
	return tx.append(ctx, e)
}

// Quiet runs fn in a writable transaction that appends nothing. The reason says
// why the write is not a decision ("session touch is not a decision"); it is a
// constant for the reader of the code and must not be empty.
func (w *Writer) Quiet(ctx context.Context, reason string, fn func(tx *store.Tx) error) error {
	if reason == "" {
		return fault.New(fault.Internal, "ledger.silent_write",
			"The change was refused. Give the request id to your administrator.").
			Because(fmt.Errorf("module %s writes quietly without a reason", w.module))
	}
	if withoutEffect(ctx) {
		return triedOnly()
	}
	return w.log.db.Write(ctx, fn)
}

// forget removes the copies of what was erased, if something was.
func (tx *Tx) forget(ctx context.Context) error {
	if !tx.erased {
		return nil
	}
	if err := emptyReplies(ctx, tx.Tx); err != nil || tx.log.erased == nil {
		return err
	}
	return tx.log.erased(ctx, tx.Tx)
}

// begin locks the head and prepares appending.
func (l *Log) begin(ctx context.Context, stx *store.Tx) (*Tx, error) {
	h, err := lockHead(ctx, stx)
	if err != nil {
		return nil, err
	}
	front, err := l.frontier(ctx, stx, h)
	if err != nil {
		return nil, err
	}
	stx.AdvanceNow(h.time)
	return &Tx{Tx: stx, log: l, front: front}, nil
}

// append commits to the entry and queues its rows.
func (tx *Tx) append(ctx context.Context, e Entry) (int64, error) {
	body, err := e.check()
	if err != nil {
		return 0, err
	}
	salts := make([]byte, format.Fields*format.SaltSize)
	if _, err := io.ReadFull(tx.log.db.Rand(), salts); err != nil {
		return 0, fmt.Errorf("draw salts: %w", err)
	}
	values := [format.Fields]string{e.Kind, e.Actor, committedSubject(e.Subject, e.Item), body}
	var c format.Committer
	var commitments [format.Fields][format.HashSize]byte
	for f := format.Kind; f < format.Fields; f++ {
		commitments[f] = c.Commit(f, salts[int(f)*format.SaltSize:int(f+1)*format.SaltSize], values[f])
	}
	seq := tx.push(format.NewLeaf(tx.Now(), commitments))
	if tx.appended == 0 {
		tx.first = seq
	}
	tx.appended++
	tx.kinds = append(tx.kinds, e.Kind)
	tx.erased = tx.erased || Erases(e.Kind)
	tx.openings = append(tx.openings, openingRow{seq, e, body, salts})
	return seq, tx.flushIfMany(ctx)
}

// pad appends n leaves that commit to nothing: random bytes stand where the
// commitments would, so nobody can tell them from entries.
func (tx *Tx) pad(ctx context.Context, n int64) error {
	for ; n > 0; n-- {
		var commitments [format.Fields][format.HashSize]byte
		for f := range commitments {
			if _, err := io.ReadFull(tx.log.db.Rand(), commitments[f][:]); err != nil {
				return fmt.Errorf("draw padding: %w", err)
			}
		}
		tx.push(format.NewLeaf(tx.Now(), commitments))
		if err := tx.flushIfMany(ctx); err != nil {
			return err
		}
	}
	return nil
}

// push adds a leaf to the tree and queues its row.
func (tx *Tx) push(leaf format.Leaf) int64 {
	seq := tx.front.Size()
	stored := tx.front.Append(leaf.Hash(), make([]format.Hash, 0, format.StoredLevels(seq)))
	tx.rows = append(tx.rows, leafRow{seq, leaf, stored})
	return seq
}

// finish writes what is queued and moves the head.
func (tx *Tx) finish(ctx context.Context) (format.Hash, error) {
	if err := tx.flush(ctx); err != nil {
		return format.Hash{}, err
	}
	root := tx.front.Root()
	res, err := tx.Exec(ctx, `UPDATE ledger_head SET size = $1, root = $2, time = $3 WHERE id = 1`,
		tx.front.Size(), root[:], store.At(tx.Now()))
	if err != nil {
		return format.Hash{}, fmt.Errorf("move ledger head: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return format.Hash{}, errors.Join(fmt.Errorf("move ledger head: %d rows", n), err)
	}
	return root, nil
}

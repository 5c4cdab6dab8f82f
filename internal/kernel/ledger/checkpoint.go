// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Checkpoint is a signed statement of how many entries the log has and what
// their root is.
type Checkpoint struct {
	Size   int64
	Root   format.Hash
	Period time.Time // the boundary that a public checkpoint stands for; zero otherwise
	Note   string    // signed note, with the signatures of witnesses
}

// checkpointRow is a row of ledger_checkpoint.
type checkpointRow struct {
	size, period, padded int64
	note                 string
}

func scanCheckpoint(s store.Scanner) (checkpointRow, error) {
	var r checkpointRow
	return r, s.Scan(&r.size, &r.period, &r.padded, &r.note)
}

func readCheckpoints(ctx context.Context, r store.Reader) ([]checkpointRow, error) {
	rows, err := r.Query(ctx, `SELECT size, period, padded, note FROM ledger_checkpoint ORDER BY size`)
	all, err := store.Collect(rows, err, scanCheckpoint)
	if err != nil {
		return nil, fmt.Errorf("read public checkpoints: %w", err)
	}
	return all, nil
}

var errNoSigner = errors.New("ledger: no signing key is configured")

// Head returns a checkpoint of the log as it is now, signed for this answer. Its
// size tells how much is decided, so it is for insiders only.
func (l *Log) Head(ctx context.Context, r store.Reader) (Checkpoint, error) {
	h, err := readHead(ctx, r)
	if err != nil {
		return Checkpoint{}, err
	}
	return l.sign(h.size, h.root)
}

func (l *Log) sign(size int64, root format.Hash) (Checkpoint, error) {
	if l.signer == nil {
		return Checkpoint{}, errNoSigner
	}
	signed, err := l.signer.SignCheckpoint(format.Checkpoint{Origin: l.origin, Size: size, Root: root})
	if err != nil {
		return Checkpoint{}, fmt.Errorf("sign checkpoint: %w", err)
	}
	return Checkpoint{Size: size, Root: root, Note: string(signed)}, nil
}

// Publish makes the public checkpoints that are due: one for each period
// boundary since the last one, in a transaction of its own. It does nothing if
// none is due, so a job may call it as often as it likes. The first call, on a
// log without public checkpoints, makes the one of the current period.
//
// For each boundary the log is filled with padding to the next multiple of
// Config.Leaves, by at least one full multiple since the checkpoint before, also
// when nothing was decided. So size is Config.Leaves times the number of
// boundaries, and says nothing, as long as no period has more entries than
// Config.Leaves; a busier one shows by growing by two multiples or more.
// Boundaries missed while the server was down are made up for, so that being
// down does not show either.
func (l *Log) Publish(ctx context.Context) error {
	if l.signer == nil {
		return errNoSigner
	}
	for {
		more, err := l.publishNext(ctx)
		if err != nil {
			return fmt.Errorf("publish checkpoint: %w", err)
		}
		if !more {
			return nil
		}
	}
}

// publishNext makes the next public checkpoint that is due.
func (l *Log) publishNext(ctx context.Context) (made bool, err error) {
	var front format.Frontier
	var root format.Hash
	err = l.db.Write(ctx, func(stx *store.Tx) error {
		tx, err := l.begin(ctx, stx)
		if err != nil {
			return err
		}
		last, found, err := latestCheckpoint(ctx, tx)
		if err != nil {
			return err
		}
		period := l.period.Microseconds()
		due := tx.Now().UnixMicro() / period * period
		if found && last.period >= due {
			return nil
		}
		boundary := due
		if found {
			boundary = last.period/period*period + period
		}
		padded := tx.front.Size()
		if err := tx.pad(ctx, padding(last.size, padded, l.leaves)); err != nil {
			return err
		}
		if root, err = tx.finish(ctx); err != nil {
			return err
		}
		c, err := l.sign(tx.front.Size(), root)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO ledger_checkpoint (size, period, padded, note) VALUES ($1, $2, $3, $4)`, c.Size, boundary, padded, c.Note)
		made, front = true, tx.front
		return err
	})
	if err == nil && made {
		l.committed(front, root)
	}
	return made, err
}

// padding returns how many leaves fill a log of that size up to the next public
// checkpoint after the one of size last.
func padding(last, size, leaves int64) int64 {
	target := (size + leaves - 1) / leaves * leaves
	if target <= last {
		target = (last/leaves + 1) * leaves
	}
	return target - size
}

func latestCheckpoint(ctx context.Context, r store.Reader) (checkpointRow, bool, error) {
	rows, err := r.Query(ctx, `SELECT size, period, padded, note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1`)
	all, err := store.Collect(rows, err, scanCheckpoint)
	if err != nil {
		return checkpointRow{}, false, fmt.Errorf("read the latest public checkpoint: %w", err)
	}
	if len(all) == 0 {
		return checkpointRow{}, false, nil
	}
	return all[0], true, nil
}

// Latest returns the latest public checkpoint with its cosignatures, or
// [fault.ItemNotFound] before the first.
func (l *Log) Latest(ctx context.Context, r store.Reader) (Checkpoint, error) {
	row, found, err := latestCheckpoint(ctx, r)
	if err != nil {
		return Checkpoint{}, err
	}
	if !found {
		return Checkpoint{}, fault.ItemNotFound()
	}
	return withCosignatures(ctx, r, row)
}

// Public returns the public checkpoint of that size with its cosignatures, or
// [fault.ItemNotFound].
func (l *Log) Public(ctx context.Context, r store.Reader, size int64) (Checkpoint, error) {
	rows, err := r.Query(ctx, `SELECT size, period, padded, note FROM ledger_checkpoint WHERE size = $1`, size)
	all, err := store.Collect(rows, err, scanCheckpoint)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read public checkpoint: %w", err)
	}
	if len(all) == 0 {
		return Checkpoint{}, fault.ItemNotFound()
	}
	return withCosignatures(ctx, r, all[0])
}

// Checkpoints returns public checkpoints, the latest first: those smaller than
// before, or from the latest on if before is zero; at most limit. Their notes
// carry no cosignatures.
func (l *Log) Checkpoints(ctx context.Context, r store.Reader, before int64, limit int) ([]Checkpoint, error) {
	rows, err := r.Query(ctx, `SELECT size, period, padded, note FROM ledger_checkpoint WHERE size < $1 OR $1 = 0 ORDER BY size DESC LIMIT $2`, before, limit)
	all, err := store.Collect(rows, err, scanCheckpoint)
	if err != nil {
		return nil, fmt.Errorf("read public checkpoints: %w", err)
	}
	list := make([]Checkpoint, 0, len(all))
	for _, row := range all {
		c, err := row.checkpoint()
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func (r checkpointRow) checkpoint() (Checkpoint, error) {
	c, err := format.ParseCheckpoint(r.note)
	if err != nil {
		return Checkpoint{}, corrupt("a public checkpoint is malformed")
	}
	return Checkpoint{Size: c.Size, Root: c.Root, Period: time.UnixMicro(r.period).UTC(), Note: r.note}, nil
}

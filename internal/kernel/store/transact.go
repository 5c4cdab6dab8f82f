// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// writeWait is how long a write waits for its turn before it is refused as busy.
const writeWait = 10 * time.Second

// Read runs fn in a read-only transaction on one consistent snapshot. The error
// of fn is returned; failures of the database become fault.Unavailable, and
// sql.ErrNoRows passes unchanged.
func (db *DB) Read(ctx context.Context, fn func(*ReadTx) error) error {
	opts := &sql.TxOptions{ReadOnly: true}
	if db.engine == Postgres {
		// One snapshot for all statements; READ COMMITTED takes one for each.
		opts.Isolation = sql.LevelRepeatableRead
	}
	sqlTx, err := begin(func() (*sql.Tx, error) { return db.read.BeginTx(ctx, opts) })
	if err != nil {
		return db.classify(ctx, fmt.Errorf("begin reading: %w", err))
	}
	// A read-only transaction has nothing to keep: every way out rolls back.
	defer sqlTx.Rollback() //nolint:errcheck // nothing was written
	tx := &ReadTx{sqlTx: sqlTx, engine: db.engine, now: db.clock.Domain(), observe: db.observe}
	if err := fn(tx); err != nil {
		return db.classify(ctx, err)
	}
	return nil
}

// ReadOne runs fn, which runs one query, without a transaction around it: a
// single query is a snapshot of its own. It saves beginning and ending one, which
// on PostgreSQL are two exchanges with the server, and is for what every request
// does first. A second query would see another snapshot: use Read.
func (db *DB) ReadOne(ctx context.Context, fn func(Reader) error) error {
	err := fn(oneRead{db: db, now: db.clock.Domain()})
	if err != nil && connectionLost(err) {
		// A pooled connection that broke while it was idle, see begin.
		return db.Read(ctx, func(tx *ReadTx) error { return fn(tx) })
	}
	return db.classify(ctx, err)
}

// oneRead is a Reader on the reading pool itself.
type oneRead struct {
	db  *DB
	now time.Time
}

func (r oneRead) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	r.db.observe(query)
	return r.db.read.QueryContext(ctx, query, args...)
}

func (r oneRead) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	r.db.observe(query)
	return r.db.read.QueryRowContext(ctx, query, args...)
}

func (r oneRead) Now() time.Time { return r.now }

func (r oneRead) Engine() Engine { return r.db.engine }

// Write runs fn in a writable transaction and commits if fn returns nil; an
// error or a panic rolls back. Writes run one after the other, in this process
// and across processes, on both engines; fn must not call Write itself. A write
// that waits ten seconds for its turn is refused as busy.
//
// Only kernel/ledger and the packages of kernel/store may call it: everybody
// else asks the ledger.
func (db *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	if err := db.enter(ctx); err != nil {
		return err
	}
	defer func() { <-db.gate }()
	sqlTx, err := begin(func() (*sql.Tx, error) { return db.beginWrite(ctx) })
	if err != nil {
		return db.classify(ctx, fmt.Errorf("begin writing: %w", err))
	}
	// After a commit this does nothing; after an error or a panic it undoes all.
	defer sqlTx.Rollback() //nolint:errcheck // the first error is the one to report
	tx := db.newTx(sqlTx)
	if err := fn(tx); err != nil {
		return db.classify(ctx, err)
	}
	if tx.failed != nil {
		return db.classify(ctx, fmt.Errorf("commit after a failed statement: %w", tx.failed))
	}
	if err := sqlTx.Commit(); err != nil {
		return db.classifyCommit(ctx, fmt.Errorf("commit: %w", err))
	}
	return nil
}

// begin calls fn again if it met a pooled connection that broke while it was
// idle: nothing has happened on it, so nothing is repeated. The pool drops the
// broken one, so that after at most all of them a new connection is made.
func begin(fn func() (*sql.Tx, error)) (*sql.Tx, error) {
	for range readers {
		if tx, err := fn(); err == nil || !connectionLost(err) {
			return tx, err
		}
	}
	return fn()
}

// enter takes the one write token of this process.
func (db *DB) enter(ctx context.Context) error {
	timer := time.NewTimer(writeWait)
	defer timer.Stop()
	select {
	case db.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait to write: %w", ctx.Err())
	case <-timer.C:
		return busy(errors.New("another write of this process did not end in time"))
	}
}

func (db *DB) beginWrite(ctx context.Context) (*sql.Tx, error) {
	sqlTx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	if db.engine == Postgres {
		if err := lockWrites(ctx, sqlTx); err != nil {
			return nil, errors.Join(err, sqlTx.Rollback())
		}
	}
	return sqlTx, nil
}

// newTx reads the clock once the transaction has its turn, so that the order of
// times is the order of commits.
func (db *DB) newTx(sqlTx *sql.Tx) *Tx {
	tx := &Tx{ReadTx: ReadTx{sqlTx: sqlTx, engine: db.engine, now: db.clock.Domain(), observe: db.observe}}
	tx.newID = func() string {
		id, err := db.newID()
		if err != nil {
			tx.fail(err)
		}
		return id
	}
	return tx
}

// classifyCommit is classify for a failed commit: when the connection breaks
// while committing, nobody knows whether the commit happened.
func (db *DB) classifyCommit(ctx context.Context, err error) error {
	classified := db.classify(ctx, err)
	var f *fault.Error
	if errors.As(classified, &f) && f.Code == codeUnavailable {
		return unavailable("The database went away while your change was being saved. Look whether it is there before you repeat it.", err)
	}
	return classified
}

// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Engine names the database engine.
type Engine string

// The two engines. Both run the same DML text with $1..$n.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Reader is what a query needs. *ReadTx and *Tx implement it; functions that
// only read take a Reader and so work in both.
type Reader interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
	// Now is the one domain-clock reading of this transaction, UTC, whole microseconds.
	Now() time.Time
	Engine() Engine
}

// ReadTx is a read-only transaction on one consistent snapshot.
type ReadTx struct {
	sqlTx   *sql.Tx
	engine  Engine
	now     time.Time
	observe func(statement string)
}

// Query runs a query that returns rows.
func (tx *ReadTx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	tx.observe(query)
	return tx.sqlTx.QueryContext(ctx, query, args...)
}

// QueryRow runs a query that returns at most one row.
func (tx *ReadTx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	tx.observe(query)
	return tx.sqlTx.QueryRowContext(ctx, query, args...)
}

// Now returns the transaction's domain time.
func (tx *ReadTx) Now() time.Time { return tx.now }

// Engine returns the engine the transaction runs on.
func (tx *ReadTx) Engine() Engine { return tx.engine }

// Tx is a writable transaction. It belongs to one goroutine.
type Tx struct {
	ReadTx
	newID  func() string
	failed error // the first failed statement; the transaction cannot commit any more
}

// Exec runs a statement that returns no rows. After a statement has failed, every
// further one fails and the transaction cannot commit: PostgreSQL works like
// that, and doing the same on SQLite shows it in every test. A text with a NUL or
// with invalid UTF-8 is refused, because PostgreSQL cannot store it.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if tx.failed != nil {
		return nil, fmt.Errorf("a statement of this transaction has failed before: %w", tx.failed)
	}
	for _, arg := range args {
		if s, ok := arg.(string); ok && (!utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0) {
			return nil, tx.fail(invalidText())
		}
	}
	tx.observe(query)
	result, err := tx.sqlTx.ExecContext(ctx, query, args...)
	if err != nil {
		return nil, tx.fail(err)
	}
	return result, nil
}

// Query runs a query that returns rows. A failure counts as in Exec.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := tx.ReadTx.Query(ctx, query, args...)
	if err != nil {
		return nil, tx.fail(err)
	}
	return rows, nil
}

func (tx *Tx) fail(err error) error {
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}

// NewID returns a fresh random id: 80 bits, 16 lower-case base32 characters.
// Ids are random so that no id tells how many items exist.
func (tx *Tx) NewID() string { return tx.newID() }

// AdvanceNow sets the transaction's time to t if t is later: the ledger calls it
// with the time of its head, so that a clock set back never back-dates a decision.
func (tx *Tx) AdvanceNow(t time.Time) {
	if t.After(tx.now) {
		tx.now = t
	}
}

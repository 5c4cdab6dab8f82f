// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// The advisory locks of this product. PostgreSQL keeps them per database, so the
// numbers only have to differ from each other and from those of other programs
// in the same database.
const (
	lockWrite int64 = 0x706f72747265_01 // held by a write transaction
	lockLease int64 = 0x706f72747265_02 // held by the one active server
)

// openPostgres opens the writing and the reading pool. The server's own settings
// may differ, so what the product relies on is asked for on every connection:
// UTC, and a commit that waits for the disk.
func (db *DB) openPostgres(url string) error {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("read the PostgreSQL URL: %w", err)
	}
	db.engine, db.lease = Postgres, &pgLease{}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = 5 * time.Second
	}
	cfg.RuntimeParams["application_name"] = "portreeve"
	cfg.RuntimeParams["timezone"] = "UTC"
	if cfg.RuntimeParams["lock_timeout"] == "" {
		cfg.RuntimeParams["lock_timeout"] = strconv.FormatInt(writeWait.Milliseconds(), 10)
	}
	cfg.RuntimeParams["synchronous_commit"] = "on"
	// Compiling a statement takes longer than any of ours runs.
	if cfg.RuntimeParams["jit"] == "" {
		cfg.RuntimeParams["jit"] = "off"
	}
	reader := cfg.Copy()
	reader.RuntimeParams["default_transaction_read_only"] = "on"
	db.write = stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(db.lease.retake))
	db.read = stdlib.OpenDB(*reader)
	db.write.SetMaxOpenConns(1)
	db.write.SetMaxIdleConns(1)
	db.read.SetMaxOpenConns(readers)
	db.read.SetMaxIdleConns(readers)
	return nil
}

// lockWrites makes write transactions of all processes run one after the other,
// as on SQLite. Each statement after it sees what the one before committed:
// that is why writes run at READ COMMITTED, where a statement has its own
// snapshot. At REPEATABLE READ the wait for this lock would fix the snapshot
// before the other transaction's commit, and every second writer would fail.
func lockWrites(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", lockWrite); err != nil {
		return fmt.Errorf("wait for other writes: %w", err)
	}
	return nil
}

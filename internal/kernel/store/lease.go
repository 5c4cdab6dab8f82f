// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// codeLeased is the fault of a second server on one database.
const codeLeased = "store.leased"

// Lease makes this process the one active server of the database, until release
// is called or the process ends. A second one gets a Conflict `store.leased`.
//
// On SQLite it is a lock on a file beside the database, which the system drops
// when the process dies. On PostgreSQL it is an advisory lock of the connection
// that writes: a connection that replaces a broken one takes the lease again
// before its first write, or refuses. So a server that was cut off from the
// database can never write beside its successor.
func (db *DB) Lease(ctx context.Context) (release func(), err error) {
	if db.engine == SQLite {
		return leaseFile(db.path + ".lock")
	}
	return db.leasePostgres(ctx)
}

func leaseFile(path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(leased(), f.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	// The file stays: removing it would let two processes lock two files of one name.
	return sync.OnceFunc(func() { _ = f.Close() }), nil
}

func leased() *fault.Error {
	return fault.New(fault.Conflict, codeLeased, "Another Portreeve server is using this database. Stop it first: only one may be active.")
}

// pgLease says whether this process has the lease, for the connections to come.
type pgLease struct {
	mu   sync.Mutex
	held bool
}

func (l *pgLease) set(held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = held
}

// leaseWait is how long a new connection waits for the server to notice that
// the old one, with the lease, is gone.
const leaseWait = time.Second

// retake takes the lease on a connection that replaces one that held it.
func (l *pgLease) retake(ctx context.Context, conn *pgx.Conn) error {
	l.mu.Lock()
	held := l.held
	l.mu.Unlock()
	if !held {
		return nil
	}
	deadline := time.Now().Add(leaseWait)
	for {
		var got bool
		err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", lockLease).Scan(&got)
		if err == nil && got {
			return nil
		}
		if err == nil && time.Now().Before(deadline) {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if err == nil {
			err = leased()
		}
		// The pool does not know this connection yet, so nobody else closes it.
		return errors.Join(err, conn.Close(ctx))
	}
}

// leasePostgres waits a moment for a lease that is taken: a server that was
// killed holds it until PostgreSQL has noticed.
func (db *DB) leasePostgres(ctx context.Context) (func(), error) {
	for deadline := time.Now().Add(leaseWait); ; time.Sleep(50 * time.Millisecond) {
		var got bool
		if err := db.onWriter(ctx, func(c *sql.Conn) error {
			return c.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", lockLease).Scan(&got)
		}); err != nil {
			return nil, fmt.Errorf("take the lease: %w", db.classify(ctx, err))
		}
		if got {
			db.lease.set(true)
			return sync.OnceFunc(db.releasePostgres), nil
		}
		if time.Now().After(deadline) {
			return nil, leased()
		}
	}
}

func (db *DB) releasePostgres() {
	db.lease.set(false)
	ctx, cancel := context.WithTimeout(context.Background(), leaseWait)
	defer cancel()
	// If this fails the connection is broken, and the lease ended with it.
	_ = db.onWriter(ctx, func(c *sql.Conn) error {
		_, err := c.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", lockLease)
		return err
	})
}

// onWriter runs fn on the writing connection, outside a transaction.
func (db *DB) onWriter(ctx context.Context, fn func(*sql.Conn) error) error {
	if err := db.enter(ctx); err != nil {
		return err
	}
	defer func() { <-db.gate }()
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return err
	}
	return errors.Join(fn(conn), conn.Close())
}

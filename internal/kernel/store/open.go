// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Config says which database to open. Exactly one of SQLite and Postgres is set.
type Config struct {
	SQLite   string    // path of the database file; its folder must exist
	Postgres string    // connection URL, postgres://user@host/database
	Clock    *Clock    // nil: a running clock
	Rand     io.Reader // source of ids and salts; nil: crypto/rand
	// Observe sees the text of each statement before it runs, concurrently; nil:
	// nobody looks. It is for tests that hold two requests to the same work.
	Observe func(statement string)
}

// DB is an open database. It is safe for concurrent use.
//
// It keeps two pools: one connection that writes and several that read. So
// writers of one process queue in Go on both engines, and what a reader may do
// is fixed when its connection is made.
type DB struct {
	engine Engine
	clock  *Clock
	rand   *lockedReader
	write  *sql.DB       // one connection
	read   *sql.DB       // read only
	gate   chan struct{} // holds one token while a write transaction is open
	path   string        // SQLite: the database file
	lease  *pgLease      // PostgreSQL: what the writing connection must hold

	observe func(statement string)
}

// readers is the number of reading connections.
const readers = 8

// Open opens the database and checks that it answers. It creates an absent
// SQLite file, but no table: see Migrate. The caller closes the DB.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if (cfg.SQLite == "") == (cfg.Postgres == "") {
		return nil, errors.New("store: configure exactly one of SQLite and PostgreSQL")
	}
	db := &DB{clock: cfg.Clock, gate: make(chan struct{}, 1), observe: cfg.Observe}
	if db.observe == nil {
		db.observe = func(string) {}
	}
	if db.clock == nil {
		db.clock = NewClock()
	}
	source := cfg.Rand
	if source == nil {
		source = rand.Reader
	}
	db.rand = &lockedReader{r: source}
	open := db.openSQLite
	target := cfg.SQLite
	if cfg.Postgres != "" {
		open, target = db.openPostgres, cfg.Postgres
	}
	if err := open(target); err != nil {
		return nil, err
	}
	// The writer first: on SQLite it creates the file that the readers open.
	for _, pool := range []*sql.DB{db.write, db.read} {
		if err := pool.PingContext(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("open the %s database: %w", db.engine, db.unopened(ctx, err)), db.Close())
		}
	}
	return db, nil
}

// Close waits for running transactions and closes the database.
func (db *DB) Close() error {
	// Readers first: the last SQLite connection to close folds the write-ahead
	// log into the database file, which a read-only connection cannot do.
	return errors.Join(db.read.Close(), db.write.Close())
}

// Engine returns the engine of the database.
func (db *DB) Engine() Engine { return db.engine }

// Clock returns the clock that transactions read.
func (db *DB) Clock() *Clock { return db.clock }

// Rand returns the source of ids and salts. It is safe for concurrent use.
func (db *DB) Rand() io.Reader { return db.rand }

// lockedReader serialises reads, because a seeded source is not safe for
// concurrent use. A read is always filled or fails.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return io.ReadFull(l.r, p)
}

// idBytes is the length of an id before encoding: 80 bits make a collision
// among a million items about as likely as one in a million million.
const idBytes = 10

// newID returns a random id, or an error if the random source fails.
func (db *DB) newID() (string, error) {
	var b [idBytes]byte
	if _, err := db.rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("read random bytes for an id: %w", err)
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:])), nil
}

// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Config says how a log presents itself to the outside.
type Config struct {
	// Signer signs checkpoints. Nil means that there are none: Head and Publish fail.
	Signer *format.Signer
	// Origin is the first line of every checkpoint. It is the name of the signer's
	// key, as C2SP tlog-checkpoint recommends, and never changes in the life of a
	// log; if it is set to anything else, Open fails with the fault "ledger.origin".
	Origin string
	// Period is the time between public checkpoints; zero means 24 hours. Period
	// boundaries are whole multiples of it since the Unix epoch.
	Period time.Duration
	// Leaves is the number to a multiple of which each public checkpoint is
	// padded; zero means 512. It should exceed what a busy period appends.
	Leaves int
	// After, if set, is called after each commit of [Writer.Decide] and before it
	// returns, with the kinds of the entries that were appended. It cannot undo
	// anything, and is called by several goroutines at once.
	After func(ctx context.Context, kinds []string)
	// Erased, if set, is called once in each transaction of [Writer.Decide] that
	// erased something, before it commits: copies of what was erased must go too.
	Erased func(ctx context.Context, tx *store.Tx) error
}

const (
	defaultPeriod = 24 * time.Hour
	defaultLeaves = 512
)

// Log is the decision log of one database. It is safe for concurrent use.
type Log struct {
	db     *store.DB
	signer *format.Signer
	origin string
	period time.Duration
	leaves int64
	after  func(ctx context.Context, kinds []string)
	erased func(context.Context, *store.Tx) error

	mu    sync.Mutex
	front format.Frontier // of the last commit seen; used only if the head agrees
	root  format.Hash
}

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the ledger's tables for store.DB.Migrate.
func Migrations() store.Migrations {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		panic(err) // the folder is embedded: cannot happen
	}
	return store.Migrations{Module: "ledger", FS: sub}
}

// Open returns the log of db, whose ledger migrations must have run. It reads the
// head and the hashes at the tree's right edge and refuses with the fault
// "ledger.corrupt" if they do not agree: nothing may be appended to a broken log.
func Open(ctx context.Context, db *store.DB, cfg Config) (*Log, error) {
	if cfg.Period < 0 || cfg.Leaves < 0 {
		return nil, errors.New("ledger: period and leaves must not be negative")
	}
	l := &Log{db: db, signer: cfg.Signer, period: cfg.Period, leaves: int64(cfg.Leaves), after: cfg.After, erased: cfg.Erased}
	if l.period == 0 {
		l.period = defaultPeriod
	}
	if l.leaves == 0 {
		l.leaves = defaultLeaves
	}
	if l.signer != nil {
		l.origin = l.signer.Name()
	}
	if cfg.Origin != "" && cfg.Origin != l.origin {
		return nil, fault.New(fault.Invalid, "ledger.origin",
			"The ledger's key is named %q, and the origin of a ledger never changes. Configure this name as its origin.", l.origin)
	}
	err := db.Write(ctx, func(tx *store.Tx) error {
		root := format.EmptyRoot()
		if _, err := tx.Exec(ctx, `INSERT INTO ledger_head (id, size, root, time) VALUES (1, 0, $1, 0) ON CONFLICT (id) DO NOTHING`, root[:]); err != nil {
			return err
		}
		h, err := readHead(ctx, tx)
		if err != nil {
			return err
		}
		front, err := readFrontier(ctx, tx, h)
		if err != nil {
			return err
		}
		l.front, l.root = front, h.root
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return l, nil
}

// head is the one row that says where the log ends.
type head struct {
	size int64
	root format.Hash
	time time.Time
}

func readHead(ctx context.Context, r store.Reader) (head, error) {
	return scanHead(r.QueryRow(ctx, `SELECT size, root, time FROM ledger_head WHERE id = 1`))
}

// lockHead reads the head so that no other decision can until this transaction
// ends. The UPDATE takes the row lock on PostgreSQL; on SQLite the transaction
// is exclusive among writers anyway.
func lockHead(ctx context.Context, tx *store.Tx) (head, error) {
	return scanHead(tx.QueryRow(ctx, `UPDATE ledger_head SET size = size WHERE id = 1 RETURNING size, root, time`))
}

func scanHead(row *sql.Row) (head, error) {
	var h head
	var root []byte
	if err := row.Scan(&h.size, &root, store.Time(&h.time)); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return head{}, corrupt("the head row is missing")
		}
		return head{}, fmt.Errorf("read ledger head: %w", err)
	}
	if len(root) != format.HashSize || h.size < 0 {
		return head{}, corrupt("the head row is malformed")
	}
	copy(h.root[:], root)
	return h, nil
}

// readFrontier reads the tree's right edge and checks it against the head.
func readFrontier(ctx context.Context, r store.Reader, h head) (format.Frontier, error) {
	edges := format.Edges(h.size)
	hashes, err := readHashes(ctx, r, edges)
	if err != nil {
		return format.Frontier{}, err
	}
	front, ok := format.NewFrontier(h.size, hashes)
	if !ok || front.Root() != h.root {
		return format.Frontier{}, corrupt("the stored hashes do not give the root of the head row")
	}
	return front, nil
}

// corrupt is the answer to a ledger that contradicts itself. Nothing is repaired.
func corrupt(what string) error {
	return fault.New(fault.Internal, "ledger.corrupt",
		"The decision log does not agree with itself, so nothing can be recorded. An administrator must run: portreeve ledger verify").
		Because(errors.New(what))
}

// frontier returns the right edge for a head, from memory if it is the one last
// committed here.
func (l *Log) frontier(ctx context.Context, r store.Reader, h head) (format.Frontier, error) {
	l.mu.Lock()
	if l.front.Size() == h.size && l.root == h.root {
		defer l.mu.Unlock()
		return l.front.Clone(), nil
	}
	l.mu.Unlock()
	return readFrontier(ctx, r, h)
}

// committed remembers the right edge after a commit.
func (l *Log) committed(front format.Frontier, root format.Hash) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if front.Size() > l.front.Size() {
		l.front, l.root = front, root
	}
}

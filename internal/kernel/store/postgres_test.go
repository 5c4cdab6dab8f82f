// SPDX-License-Identifier: Apache-2.0

//go:build integration

package store_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func TestLeasePostgres(t *testing.T) {
	testLease(t, store.Config{Postgres: storetest.PostgresURL(t)})
}

// wire is a cable to the server that can be pulled: it forwards connections, and
// cut ends them and refuses new ones until mend.
type wire struct {
	address, server string
	mu              sync.Mutex
	listener        net.Listener
	open            []net.Conn
}

// through returns a wire to the database of target, and the URL that uses it.
func through(t *testing.T, target string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{address: "127.0.0.1:0", server: u.Host}
	w.mend(t)
	t.Cleanup(w.cut)
	u.Host = w.address
	return w, u.String()
}

func (w *wire) mend(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	w.address, w.listener = l.Addr().String(), l
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			w.forward(in)
		}
	}()
}

func (w *wire) forward(in net.Conn) {
	out, err := net.Dial("tcp", w.server)
	if err != nil {
		_ = in.Close()
		return
	}
	w.mu.Lock()
	w.open = append(w.open, in, out)
	w.mu.Unlock()
	pipe := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_, _ = to.Close(), from.Close()
	}
	go pipe(in, out)
	go pipe(out, in)
}

func (w *wire) cut() {
	_ = w.listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.open {
		_ = c.Close()
	}
	w.open = nil
}

func TestPostgresBrieflyAway(t *testing.T) {
	ctx := t.Context()
	w, target := through(t, storetest.PostgresURL(t))
	db := mustOpen(t, store.Config{Postgres: target})
	if err := db.Migrate(ctx, sample()); err != nil {
		t.Fatal(err)
	}
	write(t, db, func(tx *store.Tx) error { return insert(ctx, tx, "kept", 1) })
	w.cut()
	one := func() error {
		return db.ReadOne(ctx, func(r store.Reader) error {
			var n int64
			return r.QueryRow(ctx, "SELECT COUNT(*) FROM sample_item").Scan(&n)
		})
	}
	away := map[string]error{
		"read":  db.Read(ctx, func(*store.ReadTx) error { return nil }),
		"one":   one(),
		"write": db.Write(ctx, func(tx *store.Tx) error { return insert(ctx, tx, "lost", 1) }),
		"probe": db.Probe(ctx),
	}
	for name, err := range away {
		if !fault.HasCode(err, "store.unavailable") || !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: got %v, want store.unavailable", name, err)
		}
	}
	w.mend(t)
	if err := one(); err != nil {
		t.Errorf("a single query met a connection that had broken: %v", err)
	}
	write(t, db, func(tx *store.Tx) error { return insert(ctx, tx, "after", 1) })
	if got := count(t, db); got != 2 {
		t.Errorf("%d rows, want 2", got)
	}
	if err := db.Probe(ctx); err != nil {
		t.Error(err)
	}
}

func TestPostgresLostWithinAWrite(t *testing.T) {
	ctx := t.Context()
	w, target := through(t, storetest.PostgresURL(t))
	db := mustOpen(t, store.Config{Postgres: target})
	if err := db.Migrate(ctx, sample()); err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(*store.Tx) error{
		"before a statement": func(tx *store.Tx) error {
			w.cut()
			return insert(ctx, tx, "lost", 1)
		},
		"before the commit": func(tx *store.Tx) error {
			err := insert(ctx, tx, "lost", 1)
			w.cut()
			return err
		},
	}
	for name, fn := range tests {
		t.Run(name, func(t *testing.T) {
			if err := db.Write(ctx, fn); !fault.HasCode(err, "store.unavailable") {
				t.Errorf("got %v, want store.unavailable", err)
			}
			w.mend(t)
			if got := count(t, db); got != 0 {
				t.Errorf("%d rows, want 0", got)
			}
		})
	}
}

func TestPostgresEndsTheSession(t *testing.T) {
	ctx := t.Context()
	target := storetest.PostgresURL(t)
	db, other := mustOpen(t, store.Config{Postgres: target}), mustOpen(t, store.Config{Postgres: target})
	err := db.Write(ctx, func(tx *store.Tx) error {
		var pid int64
		if err := tx.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			return err
		}
		err := other.Read(ctx, func(tx *store.ReadTx) error {
			var done bool
			return tx.QueryRow(ctx, "SELECT pg_terminate_backend($1, 10000)", pid).Scan(&done)
		})
		if err != nil {
			t.Error(err)
		}
		_, err = tx.Exec(ctx, "SELECT 1")
		return err
	})
	if !fault.HasCode(err, "store.unavailable") {
		t.Errorf("got %v, want store.unavailable", err)
	}
	write(t, db, func(*store.Tx) error { return nil })
}

// A server that was cut off must not write once another one has the lease.
func TestLeaseIsTakenAgainOrWritesAreRefused(t *testing.T) {
	ctx := t.Context()
	direct := storetest.PostgresURL(t)
	w, target := through(t, direct)
	db := mustOpen(t, store.Config{Postgres: target})
	if err := db.Migrate(ctx, sample()); err != nil {
		t.Fatal(err)
	}
	release, err := db.Lease(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	cycle := func() {
		w.cut()
		if err := db.Probe(ctx); !fault.HasCode(err, "store.unavailable") {
			t.Errorf("cut off: got %v, want store.unavailable", err)
		}
	}
	other := mustOpen(t, store.Config{Postgres: direct})

	cycle()
	w.mend(t)
	if err := db.Probe(ctx); err != nil {
		t.Fatalf("back again: %v", err)
	}
	if _, err := other.Lease(ctx); !fault.HasCode(err, "store.leased") {
		t.Fatalf("the new connection writes without the lease: got %v, want store.leased", err)
	}

	cycle()
	releaseOther := leaseSoon(t, other)
	w.mend(t)
	err = db.Write(ctx, func(tx *store.Tx) error { return insert(ctx, tx, "stray", 1) })
	if !fault.HasCode(err, "store.leased") {
		t.Errorf("wrote beside the successor: got %v, want store.leased", err)
	}
	releaseOther()
	write(t, db, func(tx *store.Tx) error { return insert(ctx, tx, "again", 1) })
}

// leaseSoon takes the lease as soon as the server has noticed that its holder is gone.
func leaseSoon(t *testing.T, db *store.DB) func() {
	t.Helper()
	for {
		release, err := db.Lease(t.Context())
		if err == nil {
			return release
		}
		if !fault.HasCode(err, "store.leased") {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Another program that holds a lock must make a write fail as busy, not hang.
func TestPostgresBusy(t *testing.T) {
	ctx := t.Context()
	target := storetest.PostgresURL(t)
	one, two := mustOpen(t, store.Config{Postgres: target}), mustOpen(t, store.Config{Postgres: target + "&lock_timeout=50"})
	write(t, one, func(*store.Tx) error {
		err := two.Write(ctx, func(*store.Tx) error { return nil })
		if !fault.HasCode(err, "store.busy") || !fault.Is(err, fault.Unavailable) {
			t.Errorf("got %v, want store.busy", err)
		}
		return nil
	})
	write(t, two, func(*store.Tx) error { return nil })
}

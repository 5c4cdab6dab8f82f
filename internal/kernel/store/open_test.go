// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func openWith(t *testing.T, random io.Reader) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{SQLite: filepath.Join(t.TempDir(), "a b?.db"), Rand: random})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func ids(t *testing.T, db *store.DB, n int) []string {
	t.Helper()
	var all []string
	write(t, db, func(tx *store.Tx) error {
		for range n {
			all = append(all, tx.NewID())
		}
		return nil
	})
	return all
}

func TestOpenWantsExactlyOneDatabase(t *testing.T) {
	for _, cfg := range []store.Config{{}, {SQLite: "a", Postgres: "b"}} {
		if _, err := store.Open(t.Context(), cfg); err == nil {
			t.Errorf("%+v was accepted", cfg)
		}
	}
}

func TestOpenSaysThatTheDatabaseIsAway(t *testing.T) {
	tests := map[string]struct {
		cfg  store.Config
		says []string // the target, and what the driver says
	}{
		"SQLite, folder missing":        {store.Config{SQLite: filepath.Join(t.TempDir(), "missing", "x.db")}, []string{"missing/x.db", "no such file"}},
		"PostgreSQL, nobody listening":  {store.Config{Postgres: "postgres://nobody:hush@127.0.0.1:1/none"}, []string{"user=nobody", "database=none", "127.0.0.1:1", "refused"}},
		"PostgreSQL, no socket of that": {store.Config{Postgres: "postgres:///none?host=/nonexistent"}, []string{"database=none", "/nonexistent", "no such file"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := store.Open(t.Context(), tt.cfg)
			if !fault.HasCode(err, "store.unavailable") {
				t.Fatalf("got %v, want store.unavailable", err)
			}
			message := fault.From(err).Message
			for _, want := range tt.says {
				if !strings.Contains(message, want) {
					t.Errorf("%q does not say %q", message, want)
				}
			}
			if strings.Contains(message, "hush") {
				t.Errorf("%q says the password", message)
			}
		})
	}
}

func TestIDsAreUniqueAndWellFormed(t *testing.T) {
	shape := regexp.MustCompile(`^[a-z2-7]{16}$`)
	seen := map[string]bool{}
	for _, id := range ids(t, openWith(t, nil), 10000) {
		if !shape.MatchString(id) {
			t.Fatalf("id %q has the wrong shape", id)
		}
		if seen[id] {
			t.Fatalf("id %q came twice", id)
		}
		seen[id] = true
	}
}

func TestIDsFollowTheSeed(t *testing.T) {
	seeded := func(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }
	a, b, c := ids(t, openWith(t, seeded(1)), 2), ids(t, openWith(t, seeded(1)), 2), ids(t, openWith(t, seeded(2)), 2)
	if a[0] != b[0] || a[1] != b[1] {
		t.Errorf("one seed gave %v and %v", a, b)
	}
	if a[0] == c[0] {
		t.Error("two seeds gave one id")
	}
}

func TestNoCommitWithoutRandomness(t *testing.T) {
	broken := errors.New("no entropy")
	tests := map[string]io.Reader{"failing": iotest.ErrReader(broken), "short": bytes.NewReader([]byte{1, 2, 3})}
	for name, random := range tests {
		t.Run(name, func(t *testing.T) {
			err := openWith(t, random).Write(t.Context(), func(tx *store.Tx) error {
				tx.NewID()
				return nil
			})
			if err == nil {
				t.Error("committed with an id that is not random")
			}
		})
	}
}

func TestProbe(t *testing.T) {
	storetest.Each(t, nil, func(t *testing.T, db *store.DB) {
		if err := db.Probe(t.Context()); err != nil {
			t.Error(err)
		}
	})
	if err := openWith(t, nil).Probe(t.Context()); err == nil {
		t.Error("a database without tables is ready")
	}
}

func TestSQLiteFilesAreTheOwners(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db := mustOpen(t, store.Config{SQLite: path})
	if err := db.Migrate(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the permissions %v, want 0600", filepath.Base(name), info.Mode().Perm())
		}
	}
}

// PostgreSQL cannot store these, so SQLite must not.
func TestTextThatOneEngineCannotStore(t *testing.T) {
	storetest.Each(t, sample(), func(t *testing.T, db *store.DB) {
		for _, text := range []string{"a\x00b", "a\xffb"} {
			err := db.Write(t.Context(), func(tx *store.Tx) error { return insert(t.Context(), tx, text, 1) })
			if !fault.HasCode(err, "store.invalid_text") || !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: got %v, want store.invalid_text", text, err)
			}
		}
	})
}

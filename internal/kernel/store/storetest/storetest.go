// SPDX-License-Identifier: Apache-2.0

// Package storetest gives tests a real, migrated, empty database.
package storetest

import (
	"path/filepath"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// Start is where the clock of a test database stands; move it with db.Clock().Set.
func Start() time.Time { return time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC) }

// Each runs fn as a subtest on SQLite and, when the tests are built with the tag
// integration, as another one on PostgreSQL. Every fn gets a database of its own
// with the migrations applied; it is closed and removed at the end. With the tag
// and without PostgreSQL the test fails.
func Each(t *testing.T, migrations []store.Migrations, fn func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t, migrations)) })
	postgres(t, migrations, fn)
}

// SQLite returns a database in a temporary folder, with the migrations applied.
func SQLite(t testing.TB, migrations []store.Migrations) *store.DB {
	t.Helper()
	return open(t, store.Config{SQLite: filepath.Join(t.TempDir(), "test.db")}, migrations)
}

// open opens and migrates a database that is closed when the test ends.
func open(t testing.TB, cfg store.Config, migrations []store.Migrations) *store.DB {
	t.Helper()
	if cfg.Clock == nil {
		cfg.Clock = store.FixedClock(Start())
	}
	cfg.Observe = portable(t)
	db, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("open the test database: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the test database: %v", err)
		}
	})
	if err := db.Migrate(t.Context(), migrations); err != nil {
		t.Fatalf("migrate the test database: %v", err)
	}
	return db
}

// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"path/filepath"
	"testing"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

func TestLeaseSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	testLease(t, store.Config{SQLite: path})
}

// testLease opens one database twice, as two servers would.
func testLease(t *testing.T, cfg store.Config) {
	t.Helper()
	one, two := mustOpen(t, cfg), mustOpen(t, cfg)
	release, err := one.Lease(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.Lease(t.Context()); !fault.HasCode(err, "store.leased") || !fault.Is(err, fault.Conflict) {
		t.Fatalf("second holder: got %v, want store.leased", err)
	}
	if err := two.Read(t.Context(), func(*store.ReadTx) error { return nil }); err != nil {
		t.Errorf("the lease keeps readers out: %v", err)
	}
	release()
	release() // a second call does nothing
	release, err = two.Lease(t.Context())
	if err != nil {
		t.Fatalf("after release: %v", err)
	}
	if _, err := one.Lease(t.Context()); !fault.HasCode(err, "store.leased") {
		t.Errorf("the first holder again: got %v, want store.leased", err)
	}
	release()
}

func mustOpen(t *testing.T, cfg store.Config) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"testing"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// max_page_count makes SQLite report a full disk exactly where a real one would.
func TestFullDisk(t *testing.T) {
	ctx := t.Context()
	db := storetest.SQLite(t, sample())
	limit := func(pages int) {
		write(t, db, func(tx *store.Tx) error {
			var got int // a PRAGMA takes no parameters
			return tx.QueryRow(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Scan(&got)
		})
	}
	write(t, db, func(tx *store.Tx) error { return insert(ctx, tx, "kept", 1) })
	limit(20)
	kept := int64(1)
	var err error
	for err == nil && kept < 1000 {
		err = db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO sample_item (id, n, data) VALUES ($1, 1, $2)", tx.NewID(), make([]byte, 10_000))
			return err
		})
		if err == nil {
			kept++
		}
	}
	if !fault.HasCode(err, "store.full") || !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v, want store.full", err)
	}
	if got := count(t, db); got != kept {
		t.Errorf("%d rows, %d were acknowledged", got, kept)
	}
	limit(100_000)
	write(t, db, func(tx *store.Tx) error { return insert(ctx, tx, "after", 1) })
	if got := count(t, db); got != kept+1 {
		t.Errorf("%d rows after space was made, want %d", got, kept+1)
	}
	var verdict string
	err = db.Read(ctx, func(tx *store.ReadTx) error {
		return tx.QueryRow(ctx, "PRAGMA integrity_check").Scan(&verdict)
	})
	if err != nil || verdict != "ok" {
		t.Errorf("integrity check: %q, %v", verdict, err)
	}
}

// SPDX-License-Identifier: Apache-2.0

package search

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// The words of what was erased are not in the database file any more.
func TestForgottenWordsLeaveTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db, err := store.Open(t.Context(), store.Config{SQLite: path, Clock: store.FixedClock(storetest.Start())})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context(), []store.Migrations{authz.Migrations(), Migrations()}); err != nil {
		t.Fatal(err)
	}
	l := &library{t, db}
	l.index(doc("risk:a", "Haddock", "plaice"))
	gone := doc("risk:a", "", "zanzibarine "+strings.Repeat("quuxations unpronounceable ", 300))
	gone.Part = "comment:1"
	l.index(gone)
	rewritten := doc("risk:b", "mispronounced", "turbot")
	l.index(rewritten)
	rewritten.Title = "Sole"
	l.index(rewritten)
	l.write(func(ctx context.Context, tx *store.Tx) error {
		if err := RemovePart(ctx, tx, gone.Item, gone.Part); err != nil {
			return err
		}
		return Forget(ctx, tx)
	})
	l.want("what is left", l.find(olive, "haddock"), "risk:a")
	if err := db.Close(); err != nil { // folds in the write-ahead log
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.ToLower(data)
	if !bytes.Contains(data, []byte("haddock")) {
		t.Fatal("the file does not hold what is not erased: the test looks at the wrong one")
	}
	// Neighbours in the index share their beginnings, so the ends are looked for.
	for _, word := range []string{"anzibarine", "uxations", "pronounc", "unpronounceable"} {
		if bytes.Contains(data, []byte(word)) {
			t.Errorf("the file still holds %q", word)
		}
	}
}

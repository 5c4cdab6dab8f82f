// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// openFile opens a database file whose tests look at its bytes.
func openFile(t *testing.T, path string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{SQLite: path, Clock: store.FixedClock(storetest.Start())})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context(), migrations()); err != nil {
		t.Fatal(err)
	}
	return db
}

func closeDB(t *testing.T, db *store.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// What was erased is not in the database file any more, neither in its tables
// nor in space that is free now.
func TestErasedTextLeavesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db := openFile(t, path)
	l, w := open(t, db)
	e := entry("flow:subject-to-be-erased")
	e.Actor = "person:actor-to-be-erased"
	e.Body = map[string]string{"text": "body-to-be-erased" + strings.Repeat(" and more", 2000)} // more than a page
	if err := decide(t, w, entry("flow:x"), e, e, entry("flow:y")); err != nil {
		t.Fatal(err)
	}
	answered, late, own := answerWith(t, l, w, "answered"), answerWith(t, l, w, "late"), ledger.Key{Actor: "person:a", Key: "own"}
	answered(ledger.Reply{Status: 201, Header: map[string]string{"Location": "/x/1?q=query-to-be-erased"}, Body: []byte(`"answer-to-be-erased"`)})
	ctx := ledger.WithIdempotency(t.Context(), own)
	err := w.Decide(ctx, func(tx *ledger.Tx) error {
		if _, err := w.Append(t.Context(), tx, entry("flow:x")); err != nil {
			return err
		}
		_, err := l.Erase(t.Context(), tx, []int64{1, 2})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	late(ledger.Reply{Status: 201, Body: []byte(`"late-answer-to-be-erased"`)})
	if err := l.Remember(t.Context(), own, ledger.Reply{Status: 204}); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]struct {
		status   int
		location string
	}{"answered": {0, "/x/1"}, "late": {0, ""}, "own": {204, ""}} {
		_, got, err := l.Recall(t.Context(), ledger.Key{Actor: "person:a", Key: key})
		if err != nil || got == nil || got.Status != want.status || got.Header["Location"] != want.location || len(got.Body) > 0 {
			t.Errorf("the answer to %s: %+v, %v", key, got, err)
		}
	}
	verify(t, db)
	closeDB(t, db)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte("flow:y")) {
		t.Fatal("the file does not hold what is not erased: the test looks at the wrong one")
	}
	for _, text := range []string{"to-be-erased", " and more and more"} {
		if bytes.Contains(data, []byte(text)) {
			t.Errorf("the file still holds %q", text)
		}
	}
}

// answerWith decides under a key and returns what remembers the answer.
func answerWith(t *testing.T, l *ledger.Log, w *ledger.Writer, key string) func(ledger.Reply) {
	t.Helper()
	k := ledger.Key{Actor: "person:a", Key: key}
	ctx := ledger.WithIdempotency(t.Context(), k)
	err := w.Decide(ctx, func(tx *ledger.Tx) error {
		_, err := w.Append(ctx, tx, entry("flow:x"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(r ledger.Reply) {
		t.Helper()
		if err := l.Remember(t.Context(), k, r); err != nil {
			t.Fatal(err)
		}
	}
}

// The file is damaged below the database: whatever that breaks, verification
// does not crash and does not find another log than the one that was written;
// and a leaf that is damaged is named.
func TestDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	db := openFile(t, path)
	fill(t, db)
	want := verify(t, db)
	closeDB(t, db)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 1))
	damaged := filepath.Join(t.TempDir(), "damaged.db")
	check := func(at int) error {
		changed := bytes.Clone(whole)
		changed[at] ^= 1 << random.IntN(8)
		if err := os.WriteFile(damaged, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := store.Open(t.Context(), store.Config{SQLite: damaged})
		if err != nil {
			return err
		}
		defer db.Close() //nolint:errcheck // the file is broken
		got, err := ledger.VerifyDatabase(t.Context(), db, options(t))
		if err == nil && got != want {
			t.Errorf("byte %d: verified as %+v", at, got)
		}
		return err
	}
	for range 100 {
		_ = check(random.IntN(len(whole))) // most bytes are free space and other tables
	}
	found := 0
	for at := 0; ; found++ {
		next := bytes.Index(whole[at:], []byte("prtrvlf1"))
		if next < 0 {
			break
		}
		at += next + 1
		var wrong *ledger.Wrong
		if err := check(at + random.IntN(140)); !errors.As(err, &wrong) || wrong.Seq < 0 {
			t.Errorf("leaf at byte %d: %v", at, err)
		}
	}
	if found < 18 {
		t.Errorf("%d leaves found in the file, want 18", found)
	}
}

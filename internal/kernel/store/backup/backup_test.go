// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/backup"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// schema has what makes a restore hard: a child that comes before its parent in
// the alphabet, rows that refer to their own table, all types, a table without a
// key, append-only rows, a word that SQL reserves, and derived data.
func schema() []store.Migrations {
	return []store.Migrations{{Module: "sample", FS: fstest.MapFS{"0001_sample.sql": {Data: []byte(`-- +goose Up
CREATE TABLE sample_parent (
	id TEXT PRIMARY KEY,
	"order" {int64} NOT NULL
) {STRICT};
CREATE TABLE sample_child (
	id {int64} PRIMARY KEY,
	parent TEXT NOT NULL REFERENCES sample_parent (id),
	text TEXT,
	data {bytes},
	reply_to {int64} REFERENCES sample_child (id) DEFERRABLE
) {STRICT};
CREATE TABLE sample_bare (a TEXT, b {int64}) {STRICT};
-- +engine sqlite
CREATE TRIGGER sample_keep BEFORE UPDATE ON sample_parent BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER sample_gone BEFORE DELETE ON sample_parent BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE VIRTUAL TABLE sample_words USING fts5(text);
-- +engine end
-- +engine postgres
ALTER TABLE sample_child ADD COLUMN words tsvector GENERATED ALWAYS AS (to_tsvector('simple', coalesce(text, ''))) STORED;
ALTER TABLE sample_child ADD COLUMN other tsvector;
-- +engine end
`)}}}}
}

// fill writes rows with every kind of value.
func fill(t *testing.T, db *store.DB) {
	t.Helper()
	ctx := t.Context()
	statements := []struct {
		query string
		args  []any
	}{
		{`INSERT INTO sample_parent (id, "order") VALUES ($1, $2), ($3, $4), ($5, $6)`, []any{"b", int64(math.MaxInt64), "a", int64(math.MinInt64), "Z", int64(0)}},
		{`INSERT INTO sample_child (id, parent, text, data, reply_to) VALUES ($1, $2, $3, $4, $5)`, []any{int64(2), "b", "", []byte{}, nil}},
		{`INSERT INTO sample_child (id, parent, text, data, reply_to) VALUES ($1, $2, $3, $4, $5)`, []any{int64(1), "a", "<é\u2028\"\\\n" + strings.Repeat("x", 70_000), []byte{0, 255, '\n'}, int64(2)}},
		{`INSERT INTO sample_child (id, parent, text, data, reply_to) VALUES ($1, $2, $3, $4, $5)`, []any{int64(3), "a", nil, nil, int64(1)}},
		{`INSERT INTO sample_bare (a, b) VALUES ($1, $2), ($3, $4), ($5, $6)`, []any{"é", int64(1), nil, int64(2), "Z", nil}},
	}
	err := db.Write(ctx, func(tx *store.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s.query, s.args...); err != nil {
				return fmt.Errorf("%s: %w", s.query, err)
			}
		}
		for i := range 600 { // more than one batch
			if _, err := tx.Exec(ctx, `INSERT INTO sample_parent (id, "order") VALUES ($1, $2)`, fmt.Sprintf("p%04d", i), int64(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func dump(t *testing.T, db *store.DB) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := backup.Write(t.Context(), db, &out, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// empty fails the test if db holds a row.
func empty(t *testing.T, db *store.DB) {
	t.Helper()
	for _, line := range strings.Split(string(dump(t, db)), "\n") {
		if strings.HasPrefix(line, "[") {
			t.Fatalf("the database is not empty: %s", line)
		}
	}
}

// Each engine to itself and, with the tag integration, to the other.
func TestRoundTrip(t *testing.T) {
	storetest.Each(t, schema(), func(t *testing.T, source *store.DB) {
		fill(t, source)
		want := dump(t, source)
		storetest.Each(t, schema(), func(t *testing.T, target *store.DB) {
			var seen int64
			err := backup.Read(t.Context(), target, bytes.NewReader(want), func(tx *store.Tx) error {
				return tx.QueryRow(t.Context(), "SELECT COUNT(*) FROM sample_parent").Scan(&seen)
			})
			if err != nil {
				t.Fatal(err)
			}
			if seen != 603 {
				t.Errorf("the hook saw %d rows, want 603", seen)
			}
			if diff := cmp.Diff(string(want), string(dump(t, target))); diff != "" {
				t.Errorf("a dump of the copy differs (-want +got):\n%s", diff)
			}
		})
	})
}

// The format is for other programs too: this is what they read.
func TestFormat(t *testing.T) {
	storetest.Each(t, schema(), func(t *testing.T, db *store.DB) {
		err := db.Write(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO sample_parent (id, \"order\") VALUES ('p', 7)")
			if err == nil {
				_, err = tx.Exec(t.Context(), "INSERT INTO sample_child (id, parent, text, data) VALUES (1, 'p', 'a<b', $1)", []byte{1, 2})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		body := `{"format":"portreeve-backup","version":1,"created_at":"2026-11-23T12:00:00Z","modules":{"sample":1,"store":1}}
{"table":"sample_bare","columns":["a","b"],"types":["text","int64"]}
{"table":"sample_parent","columns":["id","order"],"types":["text","int64"]}
["p",7]
{"table":"sample_child","columns":["id","parent","text","data","reply_to"],"types":["int64","text","text","bytes","int64"]}
[1,"p","a<b",{"b64":"AQI="},null]
`
		if diff := cmp.Diff(seal(body, 2), string(dump(t, db))); diff != "" {
			t.Errorf("dump (-want +got):\n%s", diff)
		}
	})
}

// seal appends the last line to body.
func seal(body string, rows int) string {
	sum := sha256.Sum256([]byte(body))
	return body + fmt.Sprintf(`{"rows":%d,"sha256":"%s"}`, rows, hex.EncodeToString(sum[:])) + "\n"
}

func TestWriteOfSomeTables(t *testing.T) {
	db := storetest.SQLite(t, schema())
	fill(t, db)
	var tables []backup.Table
	err := db.Read(t.Context(), func(tx *store.ReadTx) (err error) {
		tables, err = backup.Tables(t.Context(), tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := backup.Write(t.Context(), db, &out, tables[:1]); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "sample_child") || !strings.Contains(out.String(), "sample_bare") {
		t.Error("wrote other tables than asked for")
	}
	if err := backup.Read(t.Context(), storetest.SQLite(t, schema()), &out, nil); err != nil {
		t.Errorf("restore: %v", err)
	}
}

// A backup taken while somebody writes is one moment.
func TestWriteIsOneSnapshot(t *testing.T) {
	storetest.Each(t, schema(), func(t *testing.T, db *store.DB) {
		fill(t, db)
		want := dump(t, db)
		var got bytes.Buffer
		wrote := false
		err := backup.Write(t.Context(), db, writerFunc(func(p []byte) (int, error) {
			if !wrote { // the first bytes come out while most tables are still to be read
				wrote = true
				insertParent(t, db, "late")
			}
			return got.Write(p)
		}), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, got.Bytes()) {
			t.Error("the backup shows what was written while it ran")
		}
		if bytes.Equal(want, dump(t, db)) {
			t.Error("the test wrote nothing")
		}
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func insertParent(t *testing.T, db *store.DB, id string) {
	t.Helper()
	err := db.Write(context.WithoutCancel(t.Context()), func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO sample_parent (id, "order") VALUES ($1, 1)`, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWriteReportsFullTarget(t *testing.T) {
	db := storetest.SQLite(t, schema())
	fill(t, db)
	errFull := errors.New("no space")
	err := backup.Write(t.Context(), db, writerFunc(func([]byte) (int, error) { return 0, errFull }), nil)
	if !errors.Is(err, errFull) {
		t.Errorf("got %v, want the writer's error", err)
	}
}

// Values that would change on the way are refused, not altered.
func TestWriteRefusesTextThatIsNotUTF8(t *testing.T) {
	db := storetest.SQLite(t, schema())
	err := db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO sample_bare (a) VALUES (CAST(x'ff' AS TEXT))")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := backup.Write(t.Context(), db, &bytes.Buffer{}, nil); err == nil || !strings.Contains(err.Error(), "sample_bare") {
		t.Errorf("got %v, want an error that names the table", err)
	}
}

func TestReadWantsEmptyTarget(t *testing.T) {
	storetest.Each(t, schema(), func(t *testing.T, db *store.DB) {
		file := dump(t, db)
		insertParent(t, db, "mine")
		before := dump(t, db)
		err := backup.Read(t.Context(), db, bytes.NewReader(file), nil)
		if !fault.HasCode(err, "backup.target_not_empty") || !fault.Is(err, fault.Conflict) {
			t.Errorf("got %v, want backup.target_not_empty", err)
		}
		if !bytes.Equal(before, dump(t, db)) {
			t.Error("the refusal changed the database")
		}
	})
}

func TestFailingHookLeavesTargetEmpty(t *testing.T) {
	errStop := errors.New("stop")
	storetest.Each(t, schema(), func(t *testing.T, source *store.DB) {
		fill(t, source)
		file := dump(t, source)
		target := storetest.SQLite(t, schema())
		err := backup.Read(t.Context(), target, bytes.NewReader(file), func(*store.Tx) error { return errStop })
		if !errors.Is(err, errStop) {
			t.Errorf("got %v, want the hook's error", err)
		}
		empty(t, target)
	})
}

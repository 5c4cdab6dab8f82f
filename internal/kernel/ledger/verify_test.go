// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func TestVerifyDatabase(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		fill(t, db)
		got := verify(t, db)
		if got.Size != 18 || got.Opened != 8 || got.Checkpoints != 2 {
			t.Errorf("got %+v", got)
		}
		if n := count(t, db, `SELECT count(seq) FROM ledger_opening`); n != 9 {
			t.Errorf("%d openings, want 9", n)
		}
	})
}

func TestVerifyEmptyDatabase(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		open(t, db)
		if got := verify(t, db); got.Size != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

// unguarded runs a statement with the append-only triggers out of the way, as
// somebody who owns the database file can.
func unguarded(t *testing.T, db *store.DB, query string, args ...any) {
	t.Helper()
	ctx := t.Context()
	err := db.Write(ctx, func(tx *store.Tx) error {
		if db.Engine() == store.Postgres {
			for _, table := range []string{"leaf", "opening", "head", "checkpoint", "erasure"} {
				if _, err := tx.Exec(ctx, `ALTER TABLE ledger_`+table+` DISABLE TRIGGER USER`); err != nil {
					return err
				}
			}
		} else {
			rows, err := tx.Query(ctx, `SELECT name FROM sqlite_master WHERE type = 'trigger'`)
			names, err := store.Collect(rows, err, func(s store.Scanner) (name string, err error) { return name, s.Scan(&name) })
			if err != nil {
				return err
			}
			for _, name := range names {
				if _, err := tx.Exec(ctx, `DROP TRIGGER `+name); err != nil {
					return err
				}
			}
		}
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// cell is one value of the log's tables.
type cell struct {
	table, column, where string
}

// cells are the values that verification covers. What is left out: salts and
// values that are erased, the item of an entry whose subject is erased, and a
// visibility changed into another one that exists; none of them is committed to.
func cells(t *testing.T, db *store.DB) []cell {
	t.Helper()
	all := []cell{{"ledger_head", "root", "id = 1"}}
	for seq := range count(t, db, `SELECT size FROM ledger_head`) {
		where := fmt.Sprintf("seq = %d", seq)
		all = append(all, cell{"ledger_leaf", "leaf", where}, cell{"ledger_leaf", "hashes", where})
	}
	for _, seq := range []int64{1, 2, 4, 5, 8, 16, 17} {
		for _, column := range []string{"item", "visibility", "kind", "actor", "subject", "body", "salts"} {
			all = append(all, cell{"ledger_opening", column, fmt.Sprintf("seq = %d", seq)})
		}
	}
	for _, size := range []int64{8, 16} {
		all = append(all, cell{"ledger_checkpoint", "note", fmt.Sprintf("size = %d", size)})
	}
	return all
}

// Whichever byte of the log is changed in the database, it is found, the entry
// is named, and nothing is repaired.
func TestEveryChangedByteOfADatabaseIsFound(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		fill(t, db)
		opts := options(t)
		all := cells(t, db)
		rapid.Check(t, func(rt *rapid.T) {
			c := rapid.SampledFrom(all).Draw(rt, "cell")
			var value []byte
			read(t, db, func(r store.Reader) error {
				return r.QueryRow(t.Context(), `SELECT `+c.column+` FROM `+c.table+` WHERE `+c.where).Scan(&value)
			})
			changed := slices.Clone(value)
			at := rapid.IntRange(0, len(value)-1).Draw(rt, "byte")
			changed[at] ^= 1 << rapid.IntRange(0, 6).Draw(rt, "bit")
			text := c.table != "ledger_leaf" && c.column != "root" && c.column != "salts"
			if text && (!utf8.Valid(changed) || bytes.IndexByte(changed, 0) >= 0 || c.column == "visibility") {
				return // PostgreSQL and the CHECK refuse to store it
			}
			set := func(v []byte) {
				var arg any = v
				if text {
					arg = string(v)
				}
				unguarded(t, db, `UPDATE `+c.table+` SET `+c.column+` = $1 WHERE `+c.where, arg)
			}
			set(changed)
			_, err := ledger.VerifyDatabase(t.Context(), db, opts)
			var wrong *ledger.Wrong
			if !errors.As(err, &wrong) {
				rt.Fatalf("%v: %v", c, err)
			}
			if c.table == "ledger_leaf" || c.table == "ledger_opening" {
				if want := "entry " + strings.TrimPrefix(c.where, "seq = ") + ": "; !strings.HasPrefix(wrong.Error(), want) {
					rt.Fatalf("%v: %v, want %s", c, wrong, want)
				}
			}
			read(t, db, func(r store.Reader) error {
				var now []byte
				if err := r.QueryRow(t.Context(), `SELECT `+c.column+` FROM `+c.table+` WHERE `+c.where).Scan(&now); err != nil {
					return err
				}
				if !bytes.Equal(now, changed) {
					rt.Fatalf("%v was repaired", c)
				}
				return nil
			})
			set(value)
		})
		verify(t, db)
	})
}

// Damage that is more than a byte.
func TestDamageIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		damage string
		want   string
	}{
		"leaf deleted":             {`DELETE FROM ledger_leaf WHERE seq = 4`, "entry 4: the entry is missing"},
		"last leaf deleted":        {`DELETE FROM ledger_leaf WHERE seq = 17`, "entry 17: the entry is missing"},
		"leaf behind the head":     {`INSERT INTO ledger_leaf (seq, leaf, hashes) SELECT 40, leaf, hashes FROM ledger_leaf WHERE seq = 0`, "entry 40: number 40 stands outside"},
		"leaf before the first":    {`INSERT INTO ledger_leaf (seq, leaf, hashes) SELECT -1, leaf, hashes FROM ledger_leaf WHERE seq = 0`, "number -1 stands outside"},
		"opening deleted":          {`DELETE FROM ledger_opening WHERE seq = 5`, "entry 5: its opening is missing"},
		"opening of an entry":      {`UPDATE ledger_opening SET seq = 7 WHERE seq = 5`, "entry 5: its opening is missing"},
		"opening for padding":      {`UPDATE ledger_opening SET seq = 6 WHERE seq = 17`, "entry 6: it is recorded as padding"},
		"opening outside":          {`UPDATE ledger_opening SET seq = 60 WHERE seq = 17`, "entry 60: number 60 stands outside"},
		"field removed":            {`UPDATE ledger_opening SET body = NULL WHERE seq = 4`, "entry 4: its body is missing"},
		"erasure forgotten":        {`DELETE FROM ledger_erasure WHERE seq = 0 AND field = 'body'`, "entry 0: its body is missing"},
		"erasure invented":         {`INSERT INTO ledger_erasure (seq, field, erased) VALUES (5, 'kind', 0)`, "entry 5: its kind is recorded as erased"},
		"erased value is back":     {`UPDATE ledger_opening SET body = '{}' WHERE seq = 0`, "entry 0: its body is recorded as erased"},
		"item exchanged":           {`UPDATE ledger_opening SET item = 'risk:open' WHERE seq = 1`, "entry 1: its subject does not match"},
		"entries exchanged":        {`UPDATE ledger_leaf SET leaf = (SELECT leaf FROM ledger_leaf WHERE seq = 4) WHERE seq = 5`, "entry 5: its kind does not match"},
		"head size":                {`UPDATE ledger_head SET size = 17`, "entry 17: number 17 stands outside"},
		"head size above":          {`UPDATE ledger_head SET size = 19`, "entry 18: the entry is missing"},
		"head time":                {`UPDATE ledger_head SET time = time + 1`, "the head has another time"},
		"head gone":                {`DELETE FROM ledger_head`, "the head row is missing"},
		"checkpoint size":          {`UPDATE ledger_checkpoint SET size = 9 WHERE size = 8`, "another size than its note"},
		"checkpoint order":         {`UPDATE ledger_checkpoint SET period = 0 WHERE size = 16`, "does not follow"},
		"padding range widened":    {`UPDATE ledger_checkpoint SET padded = 5 WHERE size = 8`, "entry 5: it is recorded as padding"},
		"padding range narrowed":   {`UPDATE ledger_checkpoint SET padded = 7 WHERE size = 8`, "entry 6: its opening is missing"},
		"hashes too long":          {`UPDATE ledger_leaf SET hashes = (SELECT hashes FROM ledger_leaf WHERE seq = 7) WHERE seq = 2`, "entry 2: its stored hashes"},
		"several: the first named": {`DELETE FROM ledger_opening WHERE seq IN (17, 2, 5)`, "entry 2: its opening is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *store.DB) {
				fill(t, db)
				unguarded(t, db, c.damage)
				_, err := ledger.VerifyDatabase(t.Context(), db, options(t))
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
}

// Whoever puts an old copy of the database in place, or cuts its end off with
// the head to match, is found by a checkpoint that somebody kept.
func TestRollbackIsFoundByAKeptCheckpoint(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, _ := fill(t, db)
		var kept ledger.Checkpoint
		read(t, db, func(r store.Reader) (err error) {
			kept, err = l.Head(t.Context(), r)
			return err
		})
		opts := options(t)
		opts.Known = [][]byte{[]byte(kept.Note)}
		if _, err := ledger.VerifyDatabase(t.Context(), db, opts); err != nil {
			t.Fatal(err)
		}
		var old ledger.Consistency
		read(t, db, func(r store.Reader) (err error) {
			old, err = l.ProveConsistency(t.Context(), r, insider(), 17, 18)
			return err
		})
		unguarded(t, db, `DELETE FROM ledger_leaf WHERE seq = 17`)
		unguarded(t, db, `DELETE FROM ledger_opening WHERE seq = 17`)
		unguarded(t, db, `UPDATE ledger_head SET size = 17, root = $1`, old.From.Root[:])
		if _, err := ledger.VerifyDatabase(t.Context(), db, options(t)); err != nil {
			t.Fatalf("the shortened log is whole in itself: %v", err)
		}
		var wrong *ledger.Wrong
		if _, err := ledger.VerifyDatabase(t.Context(), db, opts); !errors.As(err, &wrong) || wrong.Seq != 17 {
			t.Errorf("got %v", err)
		}
	})
}

// A broken log takes no further entries.
func TestBrokenHeadTakesNoEntry(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		_, w := fill(t, db)
		root := bytes.Repeat([]byte{1}, 32)
		unguarded(t, db, `UPDATE ledger_head SET root = $1`, root)
		if err := decide(t, w, entry("flow:x")); err == nil || !strings.Contains(err.Error(), "ledger.corrupt") {
			t.Errorf("got %v", err)
		}
		if _, err := ledger.Open(t.Context(), db, ledger.Config{}); err == nil || !strings.Contains(err.Error(), "ledger.corrupt") {
			t.Errorf("open: %v", err)
		}
	})
}

// The triggers stop mistakes of our own.
func TestTablesAreAppendOnly(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		fill(t, db)
		for _, statement := range []string{
			`UPDATE ledger_leaf SET leaf = leaf WHERE seq = 0`,
			`DELETE FROM ledger_leaf WHERE seq = 17`,
			`DELETE FROM ledger_opening WHERE seq = 17`,
			`UPDATE ledger_opening SET body = '{}' WHERE seq = 5`,
			`UPDATE ledger_opening SET item = 'risk:other' WHERE seq = 5`,
			`UPDATE ledger_checkpoint SET note = '' WHERE size = 8`,
			`DELETE FROM ledger_checkpoint WHERE size = 8`,
			`DELETE FROM ledger_erasure WHERE seq = 0`,
			`UPDATE ledger_erasure SET erased = 0 WHERE seq = 0`,
			`UPDATE ledger_head SET size = 3`,
			`DELETE FROM ledger_head`,
		} {
			err := db.Write(t.Context(), func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), statement)
				return err
			})
			if err == nil {
				t.Errorf("%s was done", statement)
			}
		}
		verify(t, db)
	})
}

// Verification runs beside a writer, whose entries come and go within it.
func TestVerifyBesideAWriter(t *testing.T) {
	db := storetest.SQLite(t, migrations())
	l, w := fill(t, db)
	stop := make(chan struct{})
	failed := make(chan error, 1)
	go func() {
		defer close(failed)
		for i := int64(0); ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			err := w.Decide(t.Context(), func(tx *ledger.Tx) error {
				seq, err := w.Append(t.Context(), tx, entry("flow:x"))
				if err != nil {
					return err
				}
				_, err = l.Erase(t.Context(), tx, []int64{seq, 4 + i%2}, ledger.FieldBody)
				return err
			})
			if err != nil {
				failed <- err
				return
			}
		}
	}()
	for range 30 {
		verify(t, db)
	}
	close(stop)
	if err := <-failed; err != nil {
		t.Error(err)
	}
}

// A log of several chunks is put together rightly.
func TestVerifyLargeDatabase(t *testing.T) {
	db := storetest.SQLite(t, migrations())
	l, w := open(t, db)
	for range 5 {
		err := w.Decide(t.Context(), func(tx *ledger.Tx) error {
			for range 2500 {
				if _, err := w.Append(t.Context(), tx, entry("flow:x")); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := verify(t, db); got.Size != 12504 || got.Checkpoints != 1 {
		t.Errorf("got %+v", got)
	}
	// The hash that closes the subtree of the first 8192 entries, above the chunks.
	unguarded(t, db, `UPDATE ledger_leaf SET hashes = (SELECT CAST(substr(hashes, 1, 13*32) || zeroblob(32) AS BLOB) FROM ledger_leaf WHERE seq = 8191) WHERE seq = 8191`)
	_, err := ledger.VerifyDatabase(t.Context(), db, options(t))
	if err == nil || !strings.Contains(err.Error(), "entry 8191: ") {
		t.Errorf("got %v", err)
	}
}

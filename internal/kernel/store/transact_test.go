// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"
	"testing/fstest"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// sample is the schema of the tests in this package.
func sample() []store.Migrations {
	return []store.Migrations{{Module: "sample", FS: fstest.MapFS{
		"0001_sample.sql": {Data: []byte(`-- +goose Up
CREATE TABLE sample_item (
	id TEXT PRIMARY KEY,
	n {int64} NOT NULL,
	data {bytes}
) {STRICT};
`)},
	}}}
}

func insert(ctx context.Context, tx *store.Tx, id string, n int64) error {
	_, err := tx.Exec(ctx, "INSERT INTO sample_item (id, n) VALUES ($1, $2)", id, n)
	return err
}

func count(t *testing.T, db *store.DB) (n int64) {
	t.Helper()
	err := db.Read(t.Context(), func(tx *store.ReadTx) error {
		return tx.QueryRow(t.Context(), "SELECT COUNT(*) FROM sample_item").Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func write(t *testing.T, db *store.DB, fn func(*store.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func TestReadOne(t *testing.T) {
	storetest.Each(t, sample(), func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		write(t, db, func(tx *store.Tx) error { return insert(ctx, tx, "a", 7) })
		one := func(query string) (n int64, err error) {
			err = db.ReadOne(ctx, func(r store.Reader) error {
				if !r.Now().Equal(storetest.Start()) || r.Engine() != db.Engine() {
					t.Errorf("the reader is of %v, %s", r.Now(), r.Engine())
				}
				return r.QueryRow(ctx, query).Scan(&n)
			})
			return n, err
		}
		if n, err := one("SELECT n FROM sample_item WHERE id = 'a'"); n != 7 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
		if _, err := one("SELECT n FROM sample_item WHERE id = 'b'"); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("got %v, want sql.ErrNoRows", err)
		}
		if _, err := one("UPDATE sample_item SET n = 8 RETURNING n"); err == nil {
			t.Error("a reader has written")
		}
	})
}

// Two SQLite drivers bind $2 to the second placeholder met, without an error.
func TestParametersBindByNumber(t *testing.T) {
	storetest.Each(t, sample(), func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		write(t, db, func(tx *store.Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO sample_item (n, id) VALUES ($2, $1)", "a", int64(7)); err != nil {
				return err
			}
			var id string
			var n int64
			if err := tx.QueryRow(ctx, "SELECT id, n FROM sample_item WHERE n = $3 AND id = $1 AND n <> $2", "a", int64(1), int64(7)).Scan(&id, &n); err != nil {
				return err
			}
			if id != "a" || n != 7 {
				t.Errorf("got %q, %d; want \"a\", 7", id, n)
			}
			return nil
		})
	})
}

func TestWriteRollsBack(t *testing.T) {
	errStop := errors.New("stop")
	storetest.Each(t, sample(), func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		t.Run("on an error", func(t *testing.T) {
			err := db.Write(ctx, func(tx *store.Tx) error {
				if err := insert(ctx, tx, "a", 1); err != nil {
					return err
				}
				return errStop
			})
			if !errors.Is(err, errStop) || count(t, db) != 0 {
				t.Errorf("err %v, %d rows; want the error of fn and no row", err, count(t, db))
			}
		})
		t.Run("on a panic", func(t *testing.T) {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic did not reach the caller")
					}
				}()
				_ = db.Write(ctx, func(tx *store.Tx) error {
					_ = insert(ctx, tx, "b", 1)
					panic("stop")
				})
			}()
			if count(t, db) != 0 {
				t.Error("a row survived the panic")
			}
		})
		t.Run("on a failed statement that fn ignores", func(t *testing.T) {
			err := db.Write(ctx, func(tx *store.Tx) error {
				_ = insert(ctx, tx, "c", 1)
				_ = insert(ctx, tx, "c", 1)
				return nil
			})
			if err == nil || count(t, db) != 0 {
				t.Errorf("err %v, %d rows; want an error and no row", err, count(t, db))
			}
		})
		write(t, db, func(tx *store.Tx) error { return insert(ctx, tx, "d", 1) })
	})
}

func TestReadIsOneSnapshot(t *testing.T) {
	storetest.Each(t, sample(), func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		err := db.Read(ctx, func(tx *store.ReadTx) error {
			read := func() (n int64, err error) {
				err = tx.QueryRow(ctx, "SELECT COUNT(*) FROM sample_item").Scan(&n)
				return n, err
			}
			before, err := read()
			if err != nil {
				return err
			}
			write(t, db, func(tx *store.Tx) error { return insert(ctx, tx, "a", 1) })
			after, err := read()
			if before != 0 || after != 0 {
				t.Errorf("saw %d rows, then %d; want 0 and 0", before, after)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if count(t, db) != 1 {
			t.Error("the row is not there after the snapshot")
		}
	})
}

func TestReadCannotWrite(t *testing.T) {
	storetest.Each(t, sample(), func(t *testing.T, db *store.DB) {
		err := db.Read(t.Context(), func(tx *store.ReadTx) error {
			rows, err := tx.Query(t.Context(), "INSERT INTO sample_item (id, n) VALUES ('a', 1) RETURNING id")
			_, err = store.Collect(rows, err, func(s store.Scanner) (id string, err error) {
				err = s.Scan(&id)
				return id, err
			})
			return err
		})
		if err == nil || count(t, db) != 0 {
			t.Errorf("err %v, %d rows; want a refusal and no row", err, count(t, db))
		}
	})
}

// Each writer reads the sum and adds to it. Were two to run at once, an addition would be lost.
func TestWritesRunOneAfterTheOther(t *testing.T) {
	storetest.Each(t, sample(), func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		write(t, db, func(tx *store.Tx) error { return insert(ctx, tx, "sum", 0) })
		const writers, rounds = 4, 10
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range rounds {
					err := db.Write(ctx, func(tx *store.Tx) error {
						var n int64
						if err := tx.QueryRow(ctx, "SELECT n FROM sample_item WHERE id = 'sum'").Scan(&n); err != nil {
							return err
						}
						_, err := tx.Exec(ctx, "UPDATE sample_item SET n = $1 WHERE id = 'sum'", n+1)
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		var n int64
		err := db.Read(ctx, func(tx *store.ReadTx) error {
			return tx.QueryRow(ctx, "SELECT n FROM sample_item WHERE id = 'sum'").Scan(&n)
		})
		if err != nil || n != writers*rounds {
			t.Errorf("sum %d (%v), want %d", n, err, writers*rounds)
		}
	})
}

func TestStoppedTransactionIsATimeout(t *testing.T) {
	storetest.Each(t, sample(), func(t *testing.T, db *store.DB) {
		slow := "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT COUNT(*) FROM n"
		tests := map[string]func(context.Context, context.CancelFunc) error{
			"before a statement": func(ctx context.Context, cancel context.CancelFunc) error {
				return db.Write(ctx, func(tx *store.Tx) error {
					cancel()
					return insert(ctx, tx, "a", 1)
				})
			},
			"before the commit": func(ctx context.Context, cancel context.CancelFunc) error {
				return db.Write(ctx, func(tx *store.Tx) error {
					defer cancel()
					return insert(ctx, tx, "b", 1)
				})
			},
			"within a query": func(ctx context.Context, cancel context.CancelFunc) error {
				return db.Read(ctx, func(tx *store.ReadTx) error {
					go cancel()
					var n int64
					return tx.QueryRow(ctx, slow).Scan(&n)
				})
			},
			"before it begins": func(ctx context.Context, cancel context.CancelFunc) error {
				cancel()
				return db.Write(ctx, func(*store.Tx) error { return nil })
			},
		}
		for name, run := range tests {
			t.Run(name, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if err := run(ctx, cancel); fault.From(err) == nil || fault.From(err).Code != "timeout" {
					t.Errorf("got %v, want a timeout", err)
				}
				if got := count(t, db); got != 0 {
					t.Errorf("%d rows, want 0", got)
				}
			})
		}
		write(t, db, func(tx *store.Tx) error { return insert(t.Context(), tx, "after", 1) })
	})
}

package ledger_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

func TestScratchFill(t *testing.T) {
	path := os.Getenv("FILL")
	if path == "" {
		return
	}
	db, err := store.Open(t.Context(), store.Config{SQLite: path})
	if err != nil { t.Fatal(err) }
	defer db.Close()
	if err := db.Migrate(t.Context(), migrations()); err != nil { t.Fatal(err) }
	_, w := open(t, db)
	start := time.Now()
	for i := range 1000 {
		err := w.Decide(t.Context(), func(tx *ledger.Tx) error {
			for j := range 1000 {
				e := entry(fmt.Sprintf("flow:subject-%d", j))
				e.Item = fmt.Sprintf("risk:%08d", (i*1000+j)/20)
				e.Body = map[string]any{"rating": "high", "until": "2026-12-23", "conditions": []string{"only the experiment group is routed", "removed after the test"}, "version": j}
				if _, err := w.Append(t.Context(), tx, e); err != nil { return err }
			}
			return nil
		})
		if err != nil { t.Fatal(err) }
	}
	t.Log("fill", time.Since(start))
}

func scan(t *testing.T, db *store.DB, q string, lo, hi int64, cols int) {
	err := db.Read(context.Background(), func(tx *store.ReadTx) error {
		rows, err := tx.Query(context.Background(), q, lo, hi)
		if err != nil { return err }
		defer rows.Close()
		var seq int64
		dest := []any{&seq}
		raw := make([]sql.RawBytes, cols)
		for i := range raw { dest = append(dest, &raw[i]) }
		n := 0
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil { return err }
			n++
		}
		return rows.Err()
	})
	if err != nil { t.Fatal(err) }
}

func TestScratchScan(t *testing.T) {
	path := os.Getenv("SCAN")
	if path == "" { return }
	db, err := store.Open(t.Context(), store.Config{SQLite: path})
	if err != nil { t.Fatal(err) }
	defer db.Close()
	for _, q := range []struct{ name, sql string; cols int }{
		{"leaf", `SELECT seq, leaf, hashes FROM ledger_leaf WHERE seq >= $1 AND seq < $2 ORDER BY seq`, 2},
		{"opening", `SELECT seq, item, visibility, kind, actor, subject, body, salts FROM ledger_opening WHERE seq >= $1 AND seq < $2 ORDER BY seq`, 7},
		{"join", `SELECT l.seq, l.leaf, l.hashes, o.item, o.visibility, o.kind, o.actor, o.subject, o.body, o.salts FROM ledger_leaf l LEFT JOIN ledger_opening o ON o.seq = l.seq WHERE l.seq >= $1 AND l.seq < $2 ORDER BY l.seq`, 9},
	} {
		start := time.Now()
		scan(t, db, q.sql, 0, 200000, q.cols)
		one := time.Since(start)
		start = time.Now()
		done := make(chan bool)
		for i := range 2 {
			go func() { scan(t, db, q.sql, int64(i)*100000+300000, int64(i+1)*100000+300000, q.cols); done <- true }()
		}
		<-done; <-done
		t.Logf("%s: one %.0f/s two %.0f/s", q.name, 200000/one.Seconds(), 200000/time.Since(start).Seconds())
	}
}

// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// benchEntries is the size of the log that is measured; PORTREEVE_BENCH_ENTRIES
// sets another one, as make bench does.
func benchEntries(b *testing.B) int {
	b.Helper()
	text := os.Getenv("PORTREEVE_BENCH_ENTRIES")
	if text == "" {
		return 100_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// benchDB opens a database on disk with a running clock.
func benchDB(b *testing.B, cfg store.Config) *store.DB {
	b.Helper()
	db, err := store.Open(context.Background(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	if err := db.Migrate(context.Background(), migrations()); err != nil {
		b.Fatal(err)
	}
	return db
}

func benchLog(b *testing.B, db *store.DB) (*ledger.Log, *ledger.Writer) {
	b.Helper()
	l, err := ledger.Open(b.Context(), db, ledger.Config{Signer: signer(b)})
	if err != nil {
		b.Fatal(err)
	}
	return l, l.Writer("risk", []string{"risk.accepted"})
}

// decision is an entry of the size of a real one.
func decision(i int) ledger.Entry {
	return ledger.Entry{
		Kind: "risk.accepted", Actor: fmt.Sprintf("person:%016d", i%200), Subject: fmt.Sprintf("flow:property-suggester-%d", i%5000),
		Item: fmt.Sprintf("risk:%016d", i/20), Visibility: []string{"internal", "internal", "internal", "public", "restricted"}[i%5],
		Body: map[string]any{
			"rating": "high", "until": "2026-12-23", "right": "rank:director", "version": i,
			"conditions": []string{"only the experiment group is routed", "removed after the test"},
		},
	}
}

func appendMany(b *testing.B, w *ledger.Writer, n int) {
	b.Helper()
	const each = 1000
	for done := 0; done < n; done += each {
		err := w.Decide(context.Background(), func(tx *ledger.Tx) error {
			for i := range min(each, n-done) {
				if _, err := w.Append(context.Background(), tx, decision(done+i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// bench measures a log on one engine.
func bench(b *testing.B, cfg store.Config) {
	b.Helper()
	db := benchDB(b, cfg)
	l, w := benchLog(b, db)
	n := benchEntries(b)
	b.Run("fill", func(b *testing.B) {
		for b.Loop() {
			appendMany(b, w, 1000)
		}
		b.ReportMetric(float64(1000*b.N)/b.Elapsed().Seconds(), "entries/s")
	})
	appendMany(b, w, n)
	if err := l.Publish(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.Run("decide", func(b *testing.B) {
		for b.Loop() {
			appendMany(b, w, 1)
		}
	})
	b.Run("verify", func(b *testing.B) {
		opts, entries := options(b), int64(0)
		opts.Workers = 0
		for b.Loop() {
			report, err := ledger.VerifyDatabase(context.Background(), db, opts)
			if err != nil {
				b.Fatal(err)
			}
			entries += report.Size
		}
		b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
	})
	b.Run("proof", func(b *testing.B) {
		random := rand.New(rand.NewPCG(1, 1))
		for b.Loop() {
			err := db.Read(context.Background(), func(tx *store.ReadTx) error {
				_, err := l.ProveInclusion(context.Background(), tx, insider(), random.Int64N(int64(n)), 0)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("page", func(b *testing.B) {
		for b.Loop() {
			err := db.Read(context.Background(), func(tx *store.ReadTx) error {
				_, err := l.Entries(context.Background(), tx, insider(), ledger.Filter{}, 0, 50)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	benchExport(b, db, l, n)
}

func benchExport(b *testing.B, db *store.DB, l *ledger.Log, n int) {
	b.Helper()
	name := filepath.Join(b.TempDir(), "export")
	b.Run("export", func(b *testing.B) {
		for b.Loop() {
			f, err := os.Create(name)
			if err != nil {
				b.Fatal(err)
			}
			err = db.Read(context.Background(), func(tx *store.ReadTx) error { return l.Export(context.Background(), tx, insider(), f) })
			if err != nil {
				b.Fatal(err)
			}
			if err := f.Close(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "entries/s")
	})
	b.Run("verify-export", func(b *testing.B) {
		opts, entries := options(b), int64(0)
		opts.Workers = 0
		for b.Loop() {
			f, err := os.Open(name)
			if err != nil {
				b.Fatal(err)
			}
			report, err := ledger.VerifyExport(context.Background(), f, opts)
			if err != nil {
				b.Fatal(err)
			}
			entries += report.Size
			if err := f.Close(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
	})
}

func BenchmarkSQLite(b *testing.B) {
	bench(b, store.Config{SQLite: filepath.Join(b.TempDir(), "bench.db")})
}

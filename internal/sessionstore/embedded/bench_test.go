// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"portreeve.org/portreeve/internal/sessionstore"
)

const (
	benchRows    = 10_000
	benchValue   = 1 << 10
	benchClients = 50
)

// benchKey spreads as a keyed hash does.
func benchKey(i uint64) (k sessionstore.RowKey) {
	r := rand.NewPCG(i, 1)
	for n := 0; n < len(k); n += 8 {
		binary.LittleEndian.PutUint64(k[n:], r.Uint64())
	}
	return k
}

// put is a write of a row as a Store makes it.
func put(key sessionstore.RowKey, sealed []byte) sessionstore.Change {
	return sessionstore.Change{Keys: []sessionstore.RowKey{key}, Next: func(v sessionstore.View) ([]sessionstore.Row, error) {
		return []sessionstore.Row{{
			Key: key, State: sessionstore.Live, Version: v.Version, Established: v.Now,
			Expires: v.Now.After(time.Hour), TTL: time.Hour, Sealed: sealed,
		}}, nil
	}}
}

func benchSpace(b *testing.B, cache int64) (*Backend, sessionstore.Space) {
	b.Helper()
	backend, err := Open(b.Context(), Config{Dir: b.TempDir(), Clock: time.Now, CacheBytes: cache, Ballast: -1})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = backend.Close() })
	s, err := backend.Space(b.Context(), "bench", sessionstore.Quota{})
	if err != nil {
		b.Fatal(err)
	}
	var all sync.WaitGroup
	for c := range uint64(benchClients) {
		all.Go(func() {
			for i := c; i < benchRows; i += benchClients {
				if err := s.Apply(b.Context(), put(benchKey(i), make([]byte, benchValue))); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := backend.engine.flush(); err != nil {
		b.Fatal(err)
	}
	return backend, s
}

// cpu returns the process's time so far.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkGet(b *testing.B) {
	for _, c := range []struct {
		name  string
		cache int64
	}{{"hot", 64 << 20}, {"cold", 256 << 10}} {
		b.Run(c.name, func(b *testing.B) {
			_, s := benchSpace(b, c.cache)
			keys := make([]sessionstore.RowKey, benchRows)
			for i := range keys {
				keys[i] = benchKey(uint64(i))
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				if _, err := s.Get(b.Context(), keys[i%benchRows]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// mixed has 50 clients do b.N acts of which a quarter write.
func mixed(b *testing.B, get func(sessionstore.RowKey) error, set func(sessionstore.RowKey, []byte) error) {
	keys := make([]sessionstore.RowKey, benchRows)
	for i := range keys {
		keys[i] = benchKey(uint64(i))
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	begun := cpu()
	var all sync.WaitGroup
	for c := range uint64(benchClients) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(c, 2))
			for left.Add(-1) >= 0 {
				key := keys[r.IntN(benchRows)]
				var err error
				if r.IntN(4) == 0 {
					err = set(key, make([]byte, benchValue))
				} else {
					err = get(key)
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(cpu()-begun)/float64(b.N), "cpu-ns/op")
}

// BenchmarkQuarterWrites compares the CPU time of an act, when a quarter of them
// write and each write is synced before its answer, with that of a naive use of
// the same engine.
func BenchmarkQuarterWrites(b *testing.B) {
	b.Run("portreeve", func(b *testing.B) {
		backend, s := benchSpace(b, 64<<20)
		before := backend.Figures().Batches
		mixed(b, func(k sessionstore.RowKey) error {
			_, err := s.Get(b.Context(), k)
			return err
		}, func(k sessionstore.RowKey, v []byte) error {
			return s.Apply(b.Context(), put(k, v))
		})
		b.ReportMetric(float64(b.N)/4/float64(backend.Figures().Batches-before), "writes/sync")
	})
	b.Run("naive", func(b *testing.B) {
		db, err := pebble.Open(b.TempDir(), &pebble.Options{Logger: newEngine(nil, func() {})})
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		for i := range uint64(benchRows) {
			k := benchKey(i)
			if err := db.Set(k[:], make([]byte, benchValue), pebble.NoSync); err != nil {
				b.Fatal(err)
			}
		}
		mixed(b, func(k sessionstore.RowKey) error {
			v, closer, err := db.Get(k[:])
			if err != nil {
				return err
			}
			_ = append([]byte(nil), v...)
			return closer.Close()
		}, func(k sessionstore.RowKey, v []byte) error {
			return db.Set(k[:], v, pebble.Sync)
		})
	})
}

// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
)

// rowsEnv is how many rows BenchmarkManyRows holds; folderEnv where, if not in the
// system's place for what is temporary. Ten million need about 12 GB.
const (
	rowsEnv    = "EMBEDDED_BENCH_ROWS"
	folderEnv  = "EMBEDDED_BENCH_DIR"
	measureEnv = "EMBEDDED_BENCH_MEASURE"
)

// BenchmarkManyRows fills a backend with rows of 1 KiB that have an owner each, and
// has another process open it: how long that lasts, what memory it takes at most
// while it reads and writes all over, and what the disk wrote for each byte of rows.
func BenchmarkManyRows(b *testing.B) {
	rows := 100_000
	if text := os.Getenv(rowsEnv); text != "" {
		var err error
		if rows, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	for range b.N {
		dir, err := os.MkdirTemp(os.Getenv(folderEnv), "sessions")
		if err != nil {
			b.Fatal(err)
		}
		defer os.RemoveAll(dir)
		b.ReportMetric(fill(b, dir, rows), "rows-written/s")
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childEnv+"="+dir, measureEnv+"="+strconv.Itoa(rows))
		child.Stderr = os.Stderr
		out, err := child.Output()
		if err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		var open, get time.Duration
		var peak, held int64
		if _, err := fmt.Sscan(string(out), (*int64)(&open), (*int64)(&get), &peak, &held); err != nil || held != int64(rows) {
			b.Fatalf("%v: %s", err, out)
		}
		b.ReportMetric(open.Seconds(), "s-to-ready")
		b.ReportMetric(float64(get.Nanoseconds()), "ns/get-anywhere")
		b.ReportMetric(float64(peak)/(1<<20), "MiB-resident-peak")
	}
}

// fill writes rows and returns how many in a second.
func fill(b *testing.B, dir string, rows int) float64 {
	backend, err := Open(b.Context(), Config{Dir: dir, Clock: time.Now, NoSync: true, Ballast: -1})
	if err != nil {
		b.Fatal(err)
	}
	s, err := backend.Space(b.Context(), "bench", sessionstore.Quota{})
	if err != nil {
		b.Fatal(err)
	}
	begun := time.Now()
	const clients = 256
	var all sync.WaitGroup
	for c := range clients {
		all.Go(func() {
			value := make([]byte, benchValue)
			for i := c; i < rows; i += clients {
				key := benchKey(uint64(i))
				if err := s.Apply(b.Context(), owned(key, value)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	took := time.Since(begun)
	m := backend.engine.db.Metrics()
	b.ReportMetric(float64(m.DiskSpaceUsage())/float64(rows), "disk-bytes/row")
	total := m.Total()
	b.ReportMetric(float64(total.TableBytesFlushed+total.TableBytesCompacted+m.WAL.BytesWritten)/float64(rows*benchValue), "bytes-written/byte")
	if err := backend.Close(); err != nil {
		b.Fatal(err)
	}
	return float64(rows) / took.Seconds()
}

// owned is put with an owner of the row's own.
func owned(key sessionstore.RowKey, value []byte) sessionstore.Change {
	c := put(key, value)
	next := c.Next
	c.Next = func(v sessionstore.View) ([]sessionstore.Row, error) {
		rows, err := next(v)
		rows[0].Owner = sessionstore.OwnerKey(key[:16])
		return rows, err
	}
	return c
}

// measure opens the folder, reads and writes all over it, and prints how long opening
// and a read took, the most memory that the process had, and how many rows there are.
func measure(dir string, rows int) error {
	ctx := context.Background()
	begun := time.Now()
	b, err := Open(ctx, Config{Dir: dir, Clock: time.Now, Ballast: -1})
	if err != nil {
		return err
	}
	s, err := b.Space(ctx, "bench", sessionstore.Quota{})
	if err != nil {
		return err
	}
	if err := b.Probe(ctx); err != nil {
		return err
	}
	ready := time.Since(begun)
	var all sync.WaitGroup
	failed := make(chan error, benchClients)
	const each = 10_000
	begun = time.Now()
	for c := range uint64(benchClients) {
		all.Go(func() {
			r := rand.New(rand.NewPCG(c, 3))
			for n := range each {
				key := benchKey(r.Uint64N(uint64(rows)))
				_, err := s.Get(ctx, key)
				if n%4 == 0 && err == nil {
					err = s.Apply(ctx, owned(key, make([]byte, benchValue)))
				}
				if err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
	}
	took := time.Since(begun) / (benchClients * each)
	u, _ := s.Usage(ctx)
	fmt.Println(int64(ready), int64(took), peakMemory(), u.Rows)
	return b.Close()
}

// peakMemory returns the most memory that the process had.
func peakMemory() int64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return 0
}

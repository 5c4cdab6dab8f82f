// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"sync/atomic"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
)

type figures struct {
	batches, written, failed, reopened, swept, shed atomic.Int64
}

// Figures is what the backend tells of itself, for metrics. Counts are since it was
// opened.
type Figures struct {
	Batches      int64 // syncs that answered writes
	WrittenBytes int64 // of them, before compaction
	Failed       int64 // batches that did not reach the disk
	Reopened     int64 // openings after a failure of the engine
	Swept        int64 // rows taken away because their time had ended
	Emptied      int64 // namespaces emptied because the disk ran short
	Hits, Misses int64 // of rows in the cache
	CacheBytes   int64
	Revocations  int // owners that were ever revoked
	Away         bool
	Full         bool // the disk had no room: only ends of sessions are taken
	Pressure     sessionstore.Pressure
	DiskFree     uint64
	DiskTotal    uint64
	Resident     int64         // bytes of memory of the process
	Skew         time.Duration // how far the clock lies before the time that was reached
}

// Figures returns the present ones.
func (b *Backend) Figures() Figures {
	f := Figures{
		Batches: b.figures.batches.Load(), WrittenBytes: b.figures.written.Load(), Failed: b.figures.failed.Load(),
		Reopened: b.figures.reopened.Load(), Swept: b.figures.swept.Load(), Emptied: b.figures.shed.Load(),
		Revocations: b.epochs.len(), Away: b.away.Load(), Full: b.disk.full.Load(), Pressure: b.Pressure(),
		DiskFree: b.disk.free.Load(), DiskTotal: b.disk.total.Load(), Resident: b.disk.resident.Load(), Skew: b.clock.skew(),
	}
	f.CacheBytes, f.Hits, f.Misses = b.cache.figures()
	return f
}

// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"sync/atomic"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
)

// clock gives instants that never go back in the life of the process. When what it
// follows is set back, it goes on at its normal pace from where it was.
type clock struct {
	elapsed func() time.Duration
	ahead   atomic.Int64 // the highest distance from elapsed seen, in microseconds
}

// follow lets the clock go on to t.
func (c *clock) follow(t sessionstore.Instant) {
	d := int64(t) - c.elapsed().Microseconds()
	for {
		a := c.ahead.Load()
		if d <= a || c.ahead.CompareAndSwap(a, d) {
			return
		}
	}
}

func (c *clock) now() sessionstore.Instant {
	return sessionstore.Instant(c.ahead.Load() + c.elapsed().Microseconds())
}

// stamper gives timestamps of cells: the time of the cluster, as it was asked last.
// It is no [clock]: an hour by which a node was ahead must not stay.
type stamper struct {
	elapsed func() time.Duration
	ahead   atomic.Int64 // distance of the cluster's time from elapsed, in microseconds
}

func (s *stamper) set(cluster sessionstore.Instant) {
	s.ahead.Store(int64(cluster) - s.elapsed().Microseconds())
}

// after returns a timestamp that is later than the given ones. Two writers may get
// the same one; each of their cells is then wholly of one of them.
func (s *stamper) after(seen ...int64) int64 {
	t := s.ahead.Load() + s.elapsed().Microseconds()
	for _, other := range seen {
		t = max(t, other+1)
	}
	return t
}

// steady returns the machine's monotonic clock. The time of a timer has its
// reading, which a wall clock may lack.
func steady() func() time.Duration {
	start := <-time.After(0)
	return func() time.Duration { return time.Since(start) }
}

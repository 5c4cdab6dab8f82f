// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"sync/atomic"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
)

// clock gives instants that never go back, neither in the life of the process nor
// below the highest one that was stored. When the wall clock is set back, time
// goes on at its normal pace from where it was: nothing that expired comes back,
// and what lives still expires. When the wall clock goes ahead, time follows.
type clock struct {
	wall    func() time.Time
	elapsed func() time.Duration
	ahead   atomic.Int64 // the highest distance of instants from elapsed, in microseconds
}

func newClock(wall func() time.Time, elapsed func() time.Duration, floor sessionstore.Instant) *clock {
	c := &clock{wall: wall, elapsed: elapsed}
	c.ahead.Store(int64(floor) - elapsed().Microseconds())
	return c
}

// now returns the instant.
func (c *clock) now() sessionstore.Instant {
	e := c.elapsed().Microseconds()
	d := int64(sessionstore.InstantOf(c.wall())) - e
	for {
		a := c.ahead.Load()
		if d <= a {
			return sessionstore.Instant(a + e)
		}
		if c.ahead.CompareAndSwap(a, d) {
			return sessionstore.Instant(d + e)
		}
	}
}

// skew returns how far the wall clock lies behind.
func (c *clock) skew() time.Duration {
	return max(0, c.now().Time().Sub(c.wall()))
}

// steady returns the machine's monotonic clock. The time of a timer has its
// reading, which the wall clock of Config may lack.
func steady() func() time.Duration {
	start := <-time.After(0)
	return func() time.Duration { return time.Since(start) }
}

// SPDX-License-Identifier: Apache-2.0

package store

import (
	"sync"
	"time"
)

// Clock gives the two times of the product. Real time is what the machine says:
// cookies, sessions, one-time codes, API tokens, rate limits and TLS use it.
// Domain time is real time plus an offset: acceptances and deadlines use it, so
// that a demonstration can look at the day after an expiry. Both are UTC in
// whole microseconds, the precision the database keeps. A Clock is safe for
// concurrent use.
type Clock struct {
	mu     sync.Mutex
	fixed  time.Time // zero: the clock runs
	offset time.Duration
}

// NewClock returns a running clock with offset 0.
func NewClock() *Clock { return &Clock{} }

// FixedClock returns a clock that stands at t until Set moves it. For tests.
func FixedClock(t time.Time) *Clock {
	c := &Clock{}
	c.Set(t)
	return c
}

// Real returns real time.
func (c *Clock) Real() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.real()
}

// Domain returns domain time: real time plus the offset.
func (c *Clock) Domain() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.real().Add(c.offset)
}

// SetOffset sets the distance of domain time from real time. A part below a
// microsecond is dropped.
func (c *Clock) SetOffset(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = d.Truncate(time.Microsecond)
}

// Offset returns the distance of domain time from real time.
func (c *Clock) Offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset
}

// Set makes the clock stand at t. For tests; a running clock becomes a standing one.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fixed = t.UTC().Truncate(time.Microsecond)
}

func (c *Clock) real() time.Time {
	if !c.fixed.IsZero() {
		return c.fixed
	}
	return time.Now().UTC().Truncate(time.Microsecond)
}

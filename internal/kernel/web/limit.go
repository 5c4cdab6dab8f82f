// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Limiter says whether one more request of a caller is fine now, and if not how
// long to wait.
type Limiter interface {
	Allow(caller string) (wait time.Duration, ok bool)
}

// limit applies the rate limit to the API and to whatever changes something.
func (m *Mux) limit(c *Ctx) error {
	if m.deps.Limit == nil || !c.route.API && (c.R.Method == http.MethodGet || c.R.Method == http.MethodHead) {
		return nil
	}
	caller := "address:" + c.Remote()
	if c.Actor.SignedIn() {
		caller = c.Actor.Ref() // by whatever token or session: one account has many
	}
	wait, ok := m.deps.Limit.Allow(caller)
	if ok {
		return nil
	}
	f := fault.New(fault.Limited, "request.limited", "Too many requests in a short time. Wait a moment and try again.")
	f.RetryAfter = wait
	return f
}

// Remote returns the address of the client, without port. It is the peer of the
// connection: a server behind a proxy replaces it before the mux sees it.
func (c *Ctx) Remote() string {
	host, _, err := net.SplitHostPort(c.R.RemoteAddr)
	if err != nil {
		return c.R.RemoteAddr
	}
	return host
}

// MemoryLimiter is a Limiter for one server: a token bucket per caller. It may
// be used concurrently. Its memory is bounded: when callers become too many, all
// buckets are forgotten, which errs towards letting requests through.
type MemoryLimiter struct {
	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	rate    rate.Limit
	burst   int
	now     func() time.Time
}

const maxBuckets = 50_000

// NewMemoryLimiter allows each caller perSecond requests a second on average and
// burst at once. Now gives real time.
func NewMemoryLimiter(perSecond float64, burst int, now func() time.Time) *MemoryLimiter {
	return &MemoryLimiter{buckets: map[string]*rate.Limiter{}, rate: rate.Limit(perSecond), burst: burst, now: now}
}

// Allow implements Limiter.
func (l *MemoryLimiter) Allow(caller string) (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[caller]
	if b == nil {
		if len(l.buckets) >= maxBuckets {
			l.buckets = map[string]*rate.Limiter{}
		}
		b = rate.NewLimiter(l.rate, l.burst)
		l.buckets[caller] = b
	}
	now := l.now()
	r := b.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
		return wait, false
	}
	return 0, true
}

// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is a token bucket: Burst at once, then one each Every.
type Rate struct {
	Every time.Duration
	Burst int
}

// Limiter limits events per key, in memory. It keeps at most a fixed number of
// keys and forgets the one used longest ago: memory is bounded, and what must
// survive a flood of keys or a restart is counted in the database as well (see
// failure.go). It is safe for concurrent use.
type Limiter struct {
	rate Rate
	keys int
	now  func() time.Time

	mu     sync.Mutex
	byKey  map[string]*list.Element
	recent *list.List // of *bucket, most recent first
}

type bucket struct {
	key string
	*rate.Limiter
}

// NewLimiter returns a limiter for at most keys keys. now is real time; tests
// pass a clock of their own.
func NewLimiter(r Rate, keys int, now func() time.Time) *Limiter {
	return &Limiter{rate: r, keys: max(keys, 1), now: now, byKey: make(map[string]*list.Element), recent: list.New()}
}

// Allow takes one event of key. If there is none left it returns false and how
// long to wait; waiting was not begun, so a refused call costs nothing.
func (l *Limiter) Allow(key string) (wait time.Duration, ok bool) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	reservation := l.bucket(key).ReserveN(now, 1)
	if !reservation.OK() {
		return l.rate.Every, false
	}
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
		return wait, false
	}
	return 0, true
}

// Len returns the number of keys that are kept.
func (l *Limiter) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.recent.Len()
}

func (l *Limiter) bucket(key string) *bucket {
	if e := l.byKey[key]; e != nil {
		l.recent.MoveToFront(e)
		return e.Value.(*bucket)
	}
	for l.recent.Len() >= l.keys {
		oldest := l.recent.Back()
		delete(l.byKey, l.recent.Remove(oldest).(*bucket).key)
	}
	b := &bucket{key: key, Limiter: rate.NewLimiter(rate.Every(l.rate.Every), l.rate.Burst)}
	l.byKey[key] = l.recent.PushFront(b)
	return b
}

// RemoteKey returns the key under which a remote address is limited: the IPv4
// address, or the /64 network of an IPv6 address, because one household has a
// whole /64. remote may carry a port. What is no address is its own key.
func RemoteKey(remote string) string {
	address, err := netip.ParseAddr(remote)
	if err != nil {
		withPort, err := netip.ParseAddrPort(remote)
		if err != nil {
			return remote[:min(len(remote), 64)]
		}
		address = withPort.Addr()
	}
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	network, err := address.Prefix(64)
	if err != nil {
		return address.String()
	}
	return network.String()
}

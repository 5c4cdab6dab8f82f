// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// conn is an admitted connection. It lies below the tls.Conn that the HTTP server
// has, or is what the server has where there is no TLS.
type conn struct {
	net.Conn
	guard  *Guard
	tls    *tls.Conn // nil = in the clear
	remote netip.Addr
	opened time.Time

	// Set before the connection is handed out.
	peer  *Peer               // nil = each request shows a credential
	shown []*x509.Certificate // the client's
	holds time.Time           // when the first certificate of the two ends; zero = never

	auth     atomic.Pointer[authenticated] // the credential seen last
	asked    atomic.Pointer[Peer]          // who showed a credential in the request that is being answered
	doing    atomic.Int32                  // resting, answering or answered
	bodiless atomic.Bool                   // answering, and nothing more of the request is to be read
	ended    atomic.Bool                   // nothing new on this connection
	late     atomic.Bool                   // the request came after the end
	draining atomic.Bool                   // it ends soon: answers say so
	since    atomic.Int64                  // when it ended, or was last seen at work, in Unix nanoseconds
	gone     sync.Once

	reading, writing deadline
}

// What a connection is doing. Looking at the clock for each request would cost more
// than the request's policy: sweep turns answered into resting and notes the time.
const (
	resting int32 = iota
	answering
	answered
)

// authenticated is a credential that a connection showed.
type authenticated struct {
	header     []byte       // as it was sent: the request's own copy of it lies in memory, too
	in         *Credentials // the file that it was found in
	credential *credential
	peer       *Peer
}

// Close closes the connection and forgets it.
func (c *conn) Close() error {
	c.gone.Do(func() { c.guard.conns.remove(c) })
	return c.Conn.Close()
}

// end ends the connection: now if it is idle, else after the answer in flight.
func (c *conn) end(reason string, now time.Time) {
	if c.ended.Swap(true) {
		return
	}
	c.since.Store(now.UnixNano())
	c.guard.metrics.ended.WithLabelValues(reason).Inc()
	if c.doing.Load() != answering {
		go c.shut()
	}
}

// shut closes the connection so that the other side knows that it was meant.
func (c *conn) shut() {
	if c.tls != nil {
		c.tls.Close() //nolint:errcheck // it is over either way
		return
	}
	c.Close() //nolint:errcheck // it is over either way
}

// table is the admitted connections.
type table struct {
	mu    sync.Mutex
	all   map[*conn]struct{}
	count map[string]int // by identity
}

func (t *table) remove(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, found := t.all[c]; !found {
		return
	}
	delete(t.all, c)
	if t.count[c.holder()]--; t.count[c.holder()] == 0 {
		delete(t.count, c.holder())
	}
}

// holder is who the connection is counted for.
func (c *conn) holder() string {
	if c.peer != nil && c.shown != nil {
		return c.peer.Name()
	}
	return c.remote.String() // nobody has said yet who they are
}

// add counts a connection in. Where there are as many as there may be, the one
// with the most gives up an idle one, if that is more than the newcomer has;
// otherwise there is no room.
func (t *table) add(c *conn, most int) (gives *conn, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all, t.count = map[*conn]struct{}{}, map[string]int{}
	}
	if len(t.all) >= most {
		if gives = t.spare(c.holder()); gives == nil {
			return nil, false
		}
	}
	t.all[c] = struct{}{}
	t.count[c.holder()]++
	return gives, true
}

// spare returns the connection that has been idle longest among those of whoever
// has the most, if that is more than the newcomer would have.
func (t *table) spare(newcomer string) *conn {
	most, holder := t.count[newcomer]+1, ""
	for who, n := range t.count {
		if n > most {
			most, holder = n, who
		}
	}
	if holder == "" {
		return nil
	}
	var oldest *conn
	for c := range t.all {
		if c.holder() == holder && c.doing.Load() != answering && !c.ended.Load() && (oldest == nil || c.since.Load() < oldest.since.Load()) {
			oldest = c
		}
	}
	return oldest
}

func (t *table) size() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.all)
}

// list returns the connections of the moment.
func (t *table) list() []*conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]*conn, 0, len(t.all))
	for c := range t.all {
		out = append(out, c)
	}
	return out
}

// review ends the connections that a state does not admit. Each certificate is
// looked at once, however many connections it opened.
func (g *Guard) review(s *state) {
	now := g.cfg.Now()
	seen := map[[sha256.Size]byte]string{}
	for _, c := range g.conns.list() {
		if reason := g.objection(s, c, now, seen); reason != "" {
			c.end(reason, now)
		}
	}
}

// objection returns why a connection may not go on, or "".
func (g *Guard) objection(s *state, c *conn, now time.Time, seen map[[sha256.Size]byte]string) string {
	if r := s.admitAddress(c.remote); r != nil {
		return r.reason
	}
	if c.tls == nil && s.mode.secure {
		return string(ServerTLS)
	}
	switch {
	case c.shown != nil && s.trust != nil:
		sum := sha256.Sum256(c.shown[0].Raw)
		reason, known := seen[sum]
		if !known {
			if _, _, err := s.admitCertificate(c.shown, now); err != nil {
				reason = reasonOfRefusal(err)
			}
			seen[sum] = reason
		}
		return reason
	case s.proof == byCertificate:
		return "no_certificate"
	case s.proof == byCredential && c.peer != nil:
		return "no_credential"
	case s.proof == byNothing && c.peer == nil: // it was to show credentials, and nobody looks at them now
		return "profile"
	case c.peer != nil && s.policy.grantsOf(c.peer).empty():
		return "policy"
	}
	if a := c.auth.Load(); a != nil && a.in != s.credentials && (s.credentials == nil || !s.credentials.has(a.credential)) {
		c.auth.Store(nil)
		return "credential"
	}
	return ""
}

// Times around the end of a connection: how long before it answers ask the client
// to connect anew, at most, and how long an answer in flight may take.
const (
	drainFor = 30 * time.Second
	lastFor  = 15 * time.Second
)

// sweep ends connections whose time is up.
func (g *Guard) sweep(now time.Time) {
	for _, c := range g.conns.list() {
		if c.doing.CompareAndSwap(answered, resting) && !c.ended.Load() {
			c.since.Store(now.UnixNano())
		}
		switch {
		case c.ended.Load():
			if now.UnixNano()-c.since.Load() > int64(lastFor) {
				c.Close() //nolint:errcheck // it is over either way
			}
			continue
		case c.holds.IsZero():
		case !now.Before(c.holds):
			c.end("expired", now)
			continue
		case c.holds.Sub(now) < min(drainFor, c.holds.Sub(c.opened)/10):
			c.draining.Store(true)
		}
		if a := c.auth.Load(); a != nil && !a.credential.validAt(now) {
			c.auth.Store(nil)
			c.end("credential", now)
		}
	}
}

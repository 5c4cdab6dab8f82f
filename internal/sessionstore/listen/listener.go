// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Listener accepts connections, completes their handshakes and hands out those
// that are admitted. Those with TLS have the methods of *tls.Conn.
type Listener struct {
	guard *Guard
	raw   net.Listener
	half  halfOpen
	ready chan net.Conn
	done  chan struct{}
	once  sync.Once
	err   error
}

// Listen begins to accept on a listener, which then belongs to the result.
func (g *Guard) Listen(raw net.Listener) *Listener {
	l := &Listener{guard: g, raw: raw, ready: make(chan net.Conn), done: make(chan struct{})}
	l.half.most = g.cfg.Limits.Handshakes
	g.metrics.watch(&l.half)
	go l.accept()
	return l
}

// Accept returns the next admitted connection.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.done:
		return nil, &net.OpError{Op: "accept", Net: "tcp", Addr: l.Addr(), Err: net.ErrClosed}
	}
}

// Addr returns the address that is listened on.
func (l *Listener) Addr() net.Addr { return l.raw.Addr() }

// Close stops accepting and drops what is half open. Admitted connections are the
// server's.
func (l *Listener) Close() error {
	l.once.Do(func() {
		l.err = l.raw.Close()
		close(l.done)
		l.half.closeAll()
	})
	return l.err
}

// accept takes connections from the kernel until the listener is closed.
func (l *Listener) accept() {
	pause := time.Duration(0)
	for {
		raw, err := l.raw.Accept()
		if errors.Is(err, net.ErrClosed) {
			l.Close() //nolint:errcheck // closed already
			return
		}
		if err != nil { // out of descriptors: wait for some to come free
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			l.guard.cfg.Log.Error("accept", slog.String("listener", l.guard.cfg.Name), slog.Any("error", err))
			select {
			case <-time.After(pause):
			case <-l.done:
				return
			}
			continue
		}
		pause = 0
		l.meet(raw)
	}
}

// meet looks at where a connection comes from, before anything is spent on it.
func (l *Listener) meet(raw net.Conn) {
	g, s := l.guard, l.guard.state.Load()
	c := &conn{Conn: raw, guard: g, remote: addressOf(raw), opened: g.cfg.Now()}
	c.since.Store(c.opened.UnixNano())
	if r := s.admitAddress(c.remote); r != nil {
		g.refuse(r, c.remote)
		raw.Close() //nolint:errcheck // refused
		return
	}
	if s.tls == nil {
		c.peer = &Peer{Identities: []string{networkIdentity}, Remote: c.remote}
		go l.admit(c, s, c)
		return
	}
	h := l.half.add(c)
	go l.handshake(c, s, h)
}

func addressOf(c net.Conn) netip.Addr {
	if tcp, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// handshake completes a handshake within its time.
func (l *Listener) handshake(c *conn, s *state, h *half) {
	g := l.guard
	timer := time.AfterFunc(g.cfg.Limits.HandshakeTimeout, func() { h.giveUp("timeout") })
	c.tls = tls.Server(c, g.meeting(c, s))
	err := c.tls.Handshake()
	timer.Stop()
	if !l.half.done(h) && err == nil {
		err = net.ErrClosed // given up in the last moment
	}
	if err == nil {
		err = c.welcome(s)
	}
	if err == nil {
		g.metrics.handshakes.WithLabelValues("ok").Inc()
		l.admit(c, s, &served{c.tls, c})
		return
	}
	result := h.gaveUp()
	if result == "" {
		result = handshakeResult(err)
	}
	g.metrics.handshakes.WithLabelValues(result).Inc()
	var r *refusal
	if errors.As(err, &r) {
		g.refuse(r, c.remote)
	} else if result == "plain_http" {
		g.refuse(&refusal{result, err}, c.remote)
		io.WriteString(c.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nThis port speaks TLS.\n") //nolint:errcheck // a courtesy
	} else if result == "no_certificate" || result == "version" {
		g.refuse(&refusal{result, err}, c.remote)
	}
	c.Conn.Close() //nolint:errcheck // refused
}

// meeting returns the TLS settings for one handshake. In it a client certificate
// is verified, with its revocation and its rules, and who it names is noted: once,
// for it is the dearest part, and within the handshake, so that the client is told.
func (g *Guard) meeting(c *conn, s *state) *tls.Config {
	if s.proof != byCertificate {
		return s.tls
	}
	config := s.tls.Clone()
	config.VerifyConnection = func(cs tls.ConnectionState) error {
		names, notAfter, err := s.admitCertificate(cs.PeerCertificates, g.cfg.Now())
		if err != nil {
			return err
		}
		c.shown = cs.PeerCertificates
		c.peer = &Peer{Identities: names, Remote: c.remote, NotAfter: notAfter}
		return nil
	}
	return config
}

// welcome notes who a connection is from and how long it holds, once its handshake
// is complete.
func (c *conn) welcome(s *state) error {
	c.holds = s.pair.notAfter
	switch {
	case s.proof == byNothing:
		c.peer = &Peer{Identities: []string{networkIdentity}, Remote: c.remote}
	case s.proof == byCertificate && c.peer == nil:
		return &refusal{"no_certificate", errors.New("the handshake verified nothing")}
	case s.proof == byCertificate && c.peer.NotAfter.Before(c.holds):
		c.holds = c.peer.NotAfter
	}
	return nil
}

// admit counts a connection in, which state s let in, and hands it out.
func (l *Listener) admit(c *conn, s *state, out net.Conn) {
	g := l.guard
	gives, ok := g.conns.add(c, g.cfg.Limits.Connections)
	if !ok {
		g.refuse(&refusal{"connections", errors.New("as many connections as there may be, and none to spare")}, c.remote)
		out.Close() //nolint:errcheck // refused
		return
	}
	now := g.cfg.Now()
	if gives != nil {
		gives.end("displaced", now)
	}
	// What is in force may have changed since the connection came; from here on
	// review sees it.
	if current := g.state.Load(); current != s {
		if reason := g.objection(current, c, now, map[[32]byte]string{}); reason != "" {
			c.end(reason, now)
		}
	}
	select {
	case l.ready <- out:
	case <-l.done:
		out.Close() //nolint:errcheck // nobody takes it
	}
}

// refuse counts and reports a refusal: a few of them in the log that people read,
// for whoever wonders why a client does not get in, and the rest where it is asked for.
func (g *Guard) refuse(r *refusal, from netip.Addr) {
	g.metrics.refused.WithLabelValues(r.reason).Inc()
	level := slog.LevelDebug
	if g.reports.Allow() {
		level = slog.LevelInfo
	}
	g.cfg.Log.Log(context.Background(), level, "refused", slog.String("listener", g.cfg.Name), slog.String("reason", r.reason), slog.String("from", from.String()), slog.Any("error", r.err))
}

// reasonOfRefusal returns the label of a refusal.
func reasonOfRefusal(err error) string {
	var r *refusal
	if errors.As(err, &r) {
		return r.reason
	}
	return "certificate"
}

// handshakeResult names how a handshake failed. crypto/tls has no types for two
// of them; a test holds their texts.
func handshakeResult(err error) string {
	var r *refusal
	var header tls.RecordHeaderError
	var alert tls.AlertError
	switch {
	case errors.As(err, &r):
		return r.reason
	case errors.As(err, &header):
		if looksLikeHTTP(header.RecordHeader) {
			return "plain_http"
		}
		return "not_tls"
	case strings.Contains(err.Error(), "didn't provide a certificate"):
		return "no_certificate"
	case strings.Contains(err.Error(), "unsupported versions"):
		return "version"
	case errors.As(err, &alert) || strings.Contains(err.Error(), "remote error"):
		return "alert" // the client refuses us
	case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrUnexpectedEOF):
		return "gone"
	}
	return "failed"
}

// looksLikeHTTP reports whether a TLS record begins as an HTTP request does.
func looksLikeHTTP(header [5]byte) bool {
	switch string(header[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET", "PATCH":
		return true
	}
	return false
}

// halfOpen is the connections whose handshake is not complete.
type halfOpen struct {
	most   int
	mu     sync.Mutex
	all    map[*half]struct{}
	by     map[netip.Prefix]int
	serial uint64
	closed bool
}

// half is one of them.
type half struct {
	conn   *conn
	from   netip.Prefix
	serial uint64
	why    atomic.Pointer[string]
}

// giveUp drops the connection in the middle of its handshake.
func (h *half) giveUp(why string) {
	h.why.CompareAndSwap(nil, &why)
	h.conn.Conn.Close() //nolint:errcheck // given up
}

func (h *half) gaveUp() string {
	if why := h.why.Load(); why != nil {
		return *why
	}
	return ""
}

// add counts one in. If there are too many, the oldest of the network that has
// the most gives way: who opens thousands displaces its own.
func (t *halfOpen) add(c *conn) *half {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil {
		t.all, t.by = map[*half]struct{}{}, map[netip.Prefix]int{}
	}
	t.serial++
	h := &half{conn: c, from: networkOf(c.remote), serial: t.serial}
	if len(t.all) >= t.most {
		t.drop(t.oldest())
	}
	t.all[h] = struct{}{}
	t.by[h.from]++
	if t.closed {
		h.giveUp("closed")
	}
	return h
}

// oldest returns the oldest of those whose network has the most.
func (t *halfOpen) oldest() *half {
	most := 0
	for _, n := range t.by {
		most = max(most, n)
	}
	var oldest *half
	for h := range t.all {
		if t.by[h.from] == most && (oldest == nil || h.serial < oldest.serial) {
			oldest = h
		}
	}
	return oldest
}

// drop gives one up. t.mu is held.
func (t *halfOpen) drop(h *half) {
	t.forget(h)
	h.giveUp("displaced")
}

func (t *halfOpen) forget(h *half) bool {
	if _, found := t.all[h]; !found {
		return false
	}
	delete(t.all, h)
	if t.by[h.from]--; t.by[h.from] == 0 {
		delete(t.by, h.from)
	}
	return true
}

// done takes one out whose handshake is over, and reports whether it was still in.
func (t *halfOpen) done(h *half) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.forget(h)
}

func (t *halfOpen) size() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.all)
}

func (t *halfOpen) closeAll() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for h := range t.all {
		h.giveUp("closed")
	}
}

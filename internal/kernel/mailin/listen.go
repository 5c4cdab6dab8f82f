// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
)

// stopTimeout is how long a mail in transfer may go on after the signal to stop.
const stopTimeout = 5 * time.Second

// Serve takes mails from the listener until ctx ends, and closes it. With a TLS
// configuration a connection over TCP that does not come from this machine has to
// begin with STARTTLS (RFC 3207); without one, such connections are closed.
func (s *Service) Serve(ctx context.Context, l net.Listener, secure *tls.Config) error {
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		_, encrypted := c.TLSConnectionState()
		return &session{s: s, ctx: ctx, guest: guestOf(c.Conn()), secure: encrypted || local(c.Conn().RemoteAddr())}, nil
	}))
	server.LMTP = s.cfg.LMTP
	server.Domain = s.cfg.Domain
	server.TLSConfig = secure
	server.MaxMessageBytes = s.cfg.MaxSize
	server.MaxRecipients = maxRecipients
	server.ReadTimeout, server.WriteTimeout = readTimeout, writeTimeout
	server.ErrorLog = connectionLog{s.log}
	d := &entrance{Listener: l, s: s, secure: secure != nil, guests: map[*guest]bool{}}
	done := make(chan error, 1)
	go func() { done <- server.Serve(d) }()
	select {
	case err := <-done:
		return fmt.Errorf("take mails on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	d.stop()
	if err := server.Shutdown(stopping); errors.Is(err, context.DeadlineExceeded) {
		d.closeAll()
	}
	return nil
}

// connectionLog passes on what the SMTP library tells, which may name addresses:
// none of it is kept but that there was something.
type connectionLog struct{ log *slog.Logger }

// Printf implements smtp.Logger.
func (c connectionLog) Printf(format string, _ ...any) {
	c.log.Warn("a connection of the mail server failed", "what", format)
}

// Println implements smtp.Logger.
func (c connectionLog) Println(...any) { c.log.Warn("a connection of the mail server failed") }

// local reports whether a peer is on this machine.
func local(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}

// entrance lets in only who may deliver, and not too many at once.
type entrance struct {
	net.Listener
	s      *Service
	secure bool

	mu     sync.Mutex
	guests map[*guest]bool

	stopping atomic.Bool
}

// Accept implements net.Listener.
func (d *entrance) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		switch {
		case !d.allowed(conn.RemoteAddr()):
			d.s.counts.add(outcomeDropped, WhyNetwork)
			conn.Close()
		default:
			if g := d.enter(conn); g != nil {
				return g, nil
			}
			// So little fits into the buffer of a new connection: this waits for nobody.
			conn.Write([]byte("421 4.3.2 Too many connections; try again later\r\n")) //nolint:errcheck // closed next
			conn.Close()
		}
	}
}

func (d *entrance) allowed(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return true // a unix socket: its permissions say who may
	}
	if !d.secure && !local(addr) {
		return false
	}
	ip, ok := netip.AddrFromSlice(tcp.IP)
	if !ok {
		return false
	}
	for _, network := range d.s.cfg.Networks {
		if network.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// enter lets a connection in; nil if there are too many.
func (d *entrance) enter(conn net.Conn) *guest {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.guests) >= maxConnections || d.stopping.Load() {
		return nil
	}
	g := &guest{Conn: conn, of: d}
	d.guests[g] = true
	return g
}

func (d *entrance) leave(g *guest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.guests, g)
}

// stop ends the connections that wait for the next mail: they stay open for long. Those
// in the middle of a mail end after it.
func (d *entrance) stop() {
	d.stopping.Store(true)
	d.mu.Lock()
	defer d.mu.Unlock()
	for g := range d.guests {
		if !g.busy.Load() {
			g.SetReadDeadline(time.Unix(1, 0)) //nolint:errcheck // wakes who waits; a closed one does not
		}
	}
}

// closeAll ends all connections.
func (d *entrance) closeAll() {
	d.mu.Lock()
	all := slices.Collect(maps.Keys(d.guests))
	d.mu.Unlock()
	for _, g := range all {
		g.Close()
	}
}

// guest is a connection that was let in.
type guest struct {
	net.Conn
	of   *entrance
	busy atomic.Bool // a mail is being sent
}

// guestOf returns the connection that was let in.
func guestOf(conn net.Conn) *guest {
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	g, _ := conn.(*guest)
	return g
}

// Read implements net.Conn.
func (g *guest) Read(p []byte) (int, error) {
	if g.of.stopping.Load() && !g.busy.Load() {
		return 0, io.EOF
	}
	return g.Conn.Read(p)
}

// Close implements net.Conn.
func (g *guest) Close() error {
	g.of.leave(g)
	return g.Conn.Close()
}

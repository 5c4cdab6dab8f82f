// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// stopTimeout is how long a mail in transfer may go on after the signal to stop.
const stopTimeout = 15 * time.Second

// Serve takes mails from the listener until ctx ends, and closes it. With a TLS
// configuration a connection over TCP that does not come from this machine has to
// begin with STARTTLS (RFC 3207); without one, such connections are closed.
func (s *Service) Serve(ctx context.Context, l net.Listener, secure *tls.Config) error {
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{s: s, ctx: ctx, secure: func() bool {
			_, encrypted := c.TLSConnectionState()
			return encrypted || local(c.Conn().RemoteAddr())
		}}, nil
	}))
	server.LMTP = s.cfg.LMTP
	server.Domain = s.cfg.Domain
	server.TLSConfig = secure
	server.MaxMessageBytes = s.cfg.MaxSize
	server.MaxRecipients = maxRecipients
	server.ReadTimeout, server.WriteTimeout = readTimeout, writeTimeout
	server.ErrorLog = connectionLog{s.log}
	done := make(chan error, 1)
	go func() { done <- server.Serve(&door{Listener: l, s: s, secure: secure != nil}) }()
	select {
	case err := <-done:
		return fmt.Errorf("take mails on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil && !errors.Is(err, net.ErrClosed) {
		l.Close()
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

// door lets in only who may deliver, and not too many at once.
type door struct {
	net.Listener
	s      *Service
	secure bool

	mu   sync.Mutex
	open int
}

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		switch {
		case !d.allowed(conn.RemoteAddr()):
			d.s.counts.add(outcomeDropped, WhyNetwork)
			conn.Close()
		case !d.enter():
			d.turnAway(conn)
		default:
			return &guest{Conn: conn, leave: sync.OnceFunc(d.leave)}, nil
		}
	}
}

// turnAway says that there are too many connections, and waits for nobody.
func (d *door) turnAway(conn net.Conn) {
	conn.SetWriteDeadline(d.s.cfg.DB.Clock().Real().Add(time.Second)) //nolint:errcheck // closed next
	conn.Write([]byte("421 4.3.2 Too many connections; try again later\r\n"))
	conn.Close()
}

func (d *door) allowed(addr net.Addr) bool {
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

func (d *door) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open >= maxConnections {
		return false
	}
	d.open++
	return true
}

func (d *door) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
}

// guest is a connection that was let in.
type guest struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (g *guest) Close() error {
	g.leave()
	return g.Conn.Close()
}

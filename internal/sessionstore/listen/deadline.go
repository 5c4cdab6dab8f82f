// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"crypto/tls"
	"errors"
	"os"
	"sync"
	"time"
)

// deadline is a time limit on one direction of a connection. An HTTP server moves
// its limits some six times for each request, nearly always to later, and each time
// the runtime's timers are put in order. So a limit that lies later than the timer
// does not move it: when the timer ends what was under way, it is set to what is
// wanted by then, and the work goes on.
type deadline struct {
	mu    sync.Mutex
	want  time.Time // zero = none
	timer time.Time // never later than want, unless zero
}

// set moves the limit; arm sets the timer.
func (d *deadline) set(t time.Time, arm func(time.Time) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.want = t
	if t.IsZero() || !d.timer.IsZero() && !d.timer.After(t) {
		return nil
	}
	d.timer = t
	return arm(t)
}

// goesOn is asked when something ended with an error. It reports whether only the
// timer ended it and not the limit, and sets the timer then.
func (d *deadline) goesOn(err error, arm func(time.Time) error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.want.IsZero() && !d.want.After(d.timer) {
		return false
	}
	d.timer = d.want
	return arm(d.want) == nil
}

// Read reads within the limit.
func (c *conn) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err == nil || n > 0 || !c.reading.goesOn(err, c.Conn.SetReadDeadline) {
			return n, err
		}
	}
}

// Write writes all of b within the limit.
func (c *conn) Write(b []byte) (int, error) {
	done := 0
	for {
		n, err := c.Conn.Write(b[done:])
		if done += n; err == nil || !c.writing.goesOn(err, c.Conn.SetWriteDeadline) {
			return done, err
		}
	}
}

// SetReadDeadline limits reading.
func (c *conn) SetReadDeadline(t time.Time) error { return c.reading.set(t, c.Conn.SetReadDeadline) }

// SetWriteDeadline limits writing.
func (c *conn) SetWriteDeadline(t time.Time) error { return c.writing.set(t, c.Conn.SetWriteDeadline) }

// SetDeadline limits both.
func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// served is an admitted connection as the HTTP server has it.
//
// While a request without a body is answered, that server reads one byte beside it
// to learn whether the client has left, and takes the attempt back afterwards: two
// changes of goroutine, a system call and two of its timer for each request. Answers
// here take no longer than their backend's time limits, and no act depends on the
// client's presence, so that read finds nothing. A client that left is found out when
// the answer is written.
type served struct {
	*tls.Conn
	conn *conn
}

// Read reads, but for that one byte.
func (s *served) Read(b []byte) (int, error) {
	if len(b) == 1 && s.conn.bodiless.Load() {
		return 0, nil
	}
	return s.Conn.Read(b)
}

// SetReadDeadline limits reading. A limit in the distant past is how the server
// takes the attempt back, which there was none of.
func (s *served) SetReadDeadline(t time.Time) error {
	if s.conn.bodiless.Load() && !t.IsZero() && t.Before(s.conn.opened) {
		return nil
	}
	return s.Conn.SetReadDeadline(t)
}

// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"time"
)

// timedConn is a connection whose timer ends when the test says so.
type timedConn struct {
	net.Conn
	timer  time.Time
	set    int  // how often the timer was set
	expire bool // what waits ends with the timer, once
	chunk  int  // bytes that a write takes before the timer ends it
	wrote  []byte
}

func (c *timedConn) SetReadDeadline(t time.Time) error {
	c.timer, c.set = t, c.set+1
	return nil
}

func (c *timedConn) SetWriteDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// Read ends with the timer once, and then finds the end.
func (c *timedConn) Read([]byte) (int, error) {
	if c.expire && !c.timer.IsZero() {
		c.expire = false
		return 0, &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}
	}
	return 0, io.EOF
}

func (c *timedConn) Write(b []byte) (int, error) {
	n := min(c.chunk, len(b))
	c.wrote = append(c.wrote, b[:n]...)
	if n < len(b) {
		return n, os.ErrDeadlineExceeded
	}
	return n, nil
}

func limits(t time.Time, offsets ...time.Duration) (all []time.Time) {
	for _, d := range offsets {
		if d == 0 {
			all = append(all, time.Time{})
		} else {
			all = append(all, t.Add(d))
		}
	}
	return all
}

// TestLimitsThatMove: a later limit leaves the timer where it is, an earlier one
// moves it at once, and what the timer ends too early goes on.
func TestLimitsThatMove(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	const s = time.Second
	for name, c := range map[string]struct {
		limits []time.Time
		expire bool
		timers int       // how often the timer was set in the end
		timer  time.Time // where it stands then
		want   error
	}{
		"one limit":                     {limits(now, 5*s), true, 1, now.Add(5 * s), os.ErrDeadlineExceeded},
		"none":                          {limits(now, 0), true, 0, time.Time{}, io.EOF},
		"later ones":                    {limits(now, 5*s, 6*s, 120*s), false, 1, now.Add(5 * s), io.EOF},
		"a later one, after the timer":  {limits(now, 5*s, 6*s), true, 2, now.Add(6 * s), io.EOF},
		"none any more":                 {limits(now, 5*s, 0), false, 1, now.Add(5 * s), io.EOF},
		"none any more, after it":       {limits(now, 5*s, 0), true, 2, time.Time{}, io.EOF},
		"an earlier one":                {limits(now, 120*s, 5*s), false, 2, now.Add(5 * s), io.EOF},
		"ended, as the server does":     {limits(now, 5*s, -24*time.Hour), false, 2, now.Add(-24 * time.Hour), io.EOF},
		"ended, and the next request":   {limits(now, 5*s, -24*time.Hour, 0, 9*s), false, 2, now.Add(-24 * time.Hour), io.EOF},
		"the same after none":           {limits(now, 5*s, 0, 5*s), true, 1, now.Add(5 * s), os.ErrDeadlineExceeded},
		"an earlier one after none too": {limits(now, 5*s, 0, 4*s), false, 2, now.Add(4 * s), io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			inner := &timedConn{expire: c.expire}
			outer := &conn{Conn: inner}
			for _, at := range c.limits {
				if err := outer.SetReadDeadline(at); err != nil {
					t.Fatal(err)
				}
			}
			_, err := outer.Read(make([]byte, 8))
			if !errors.Is(err, c.want) {
				t.Errorf("read: %v, want %v", err, c.want)
			}
			if inner.set != c.timers || !inner.timer.Equal(c.timer) {
				t.Errorf("the timer was set %d times and stands at %v, want %d times, %v", inner.set, inner.timer, c.timers, c.timer)
			}
		})
	}
}

// TestWriteGoesOnAfterItsTimer: what the timer cut in two arrives whole and once.
func TestWriteGoesOnAfterItsTimer(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	inner := &timedConn{chunk: 3}
	outer := &conn{Conn: inner}
	if err := errors.Join(outer.SetWriteDeadline(now), outer.SetWriteDeadline(now.Add(time.Second))); err != nil {
		t.Fatal(err)
	}
	n, err := outer.Write([]byte("abcdefgh"))
	if n != 6 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("wrote %d, %v; want 6 bytes in two goes and then the limit", n, err)
	}
	if err := outer.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	inner.chunk = 2
	if n, err = outer.Write([]byte("gh")); n != 2 || err != nil {
		t.Errorf("wrote %d, %v", n, err)
	}
	if !slices.Equal(inner.wrote, []byte("abcdefgh")) {
		t.Errorf("arrived: %q", inner.wrote)
	}
}

// TestOneByteReadIsLeftOut: while a request without a body is answered, the HTTP
// server's look for the client finds nothing and takes nothing; bodies in any
// pieces, and requests that come at once, arrive as they were sent.
func TestOneByteReadIsLeftOut(t *testing.T) {
	s := serve(t, nil)
	c := s.idle(s.ca.issue(wiki, nil))
	value := bytes.Repeat([]byte("x"), 9000)
	var all bytes.Buffer
	all.WriteString("GET /default/read HTTP/1.1\r\nHost: localhost\r\n\r\nGET /default/write HTTP/1.1\r\nHost: localhost\r\n\r\n")
	all.WriteString("POST /default/read HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
	for piece := range slices.Chunk(value, 1000) {
		fmt.Fprintf(&all, "%x\r\n%s\r\n", len(piece), piece)
	}
	all.WriteString("0\r\n\r\nGET /default/read HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	go func() {
		for b := all.Bytes(); len(b) > 0; b = b[1:] { // byte for byte
			if _, err := c.Write(b[:1]); err != nil {
				return
			}
		}
	}()
	answers, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(answers, []byte("HTTP/1.1 200 OK")); n != 4 {
		t.Errorf("%d answers, want 4:\n%s", n, answers)
	}
}

// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// TestHalfOpenFlood: 5,000 connections that never complete their handshake, half of
// them with the beginning of one; no more than the cap are held, and others are
// served all the while.
func TestHalfOpenFlood(t *testing.T) {
	const flood, most = 5000, 512
	s := serve(t, func(_ *service, c *Config) { c.Limits.Handshakes, c.Limits.HandshakeTimeout = most, time.Hour })
	good := s.ca.issue(wiki, nil)
	kept := s.client(good, nil)
	once := s.client(good, nil)
	once.Transport.(*http.Transport).DisableKeepAlives = true //nolint:forcetypeassert // made above
	for i := range flood {
		c, err := net.Dial("tcp", s.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() }) //nolint:errcheck // the test is over
		if i%2 == 0 {
			// The server may have given the connection up already.
			io.WriteString(c, "\x16\x03\x01\x02\x00\x01\x00") //nolint:errcheck // see above
		}
		if i%250 != 249 {
			continue
		}
		if status, text := s.get(kept, "default/read"); status != 200 {
			t.Errorf("after %d, an open connection: %d %s", i+1, status, text)
		}
		if status, text := s.get(once, "default/read"); status != 200 {
			t.Errorf("after %d, a new connection: %d %s", i+1, status, text)
		}
		if n := s.figure("sessiond_half_open_handshakes", ""); n > most {
			t.Errorf("after %d: %v half open", i+1, n)
		}
	}
	eventually(t, "those too many gave way", func() bool {
		return s.figure("sessiond_handshakes_total", "displaced") >= flood-most
	})
	if n := s.figure("sessiond_half_open_handshakes", ""); n > most || n < most-1 { // the last one that was served displaced one
		t.Errorf("%v half open, want %d", n, most)
	}
}

// TestHandshakeTimeout: a handshake that stalls is given up.
func TestHandshakeTimeout(t *testing.T) {
	s := serve(t, func(_ *service, c *Config) { c.Limits.HandshakeTimeout = 20 * time.Millisecond })
	c, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the test is over
	if _, err := io.WriteString(c, "\x16\x03\x01"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(c); err != nil && !errors.Is(err, io.EOF) {
		t.Logf("closed with %v", err)
	}
	eventually(t, "it is counted", func() bool { return s.figure("sessiond_handshakes_total", "timeout") == 1 })
}

// TestOldestOfTheCrowd: who has the most half open gives way first; among equals
// the oldest.
func TestOldestOfTheCrowd(t *testing.T) {
	h := halfOpen{most: 4}
	open := func(address string) *half {
		a, _ := net.Pipe()
		return h.add(&conn{Conn: a, remote: netip.MustParseAddr(address)})
	}
	lone := open("10.0.0.1")
	crowd := []*half{open("10.0.0.2"), open("10.0.0.2"), open("::ffff:10.0.0.2")}
	six := open("2620::1") // the first of the crowd gives way
	open("2620::2")        // of one /64 with the last: the second of the crowd, which is the oldest of two and two
	for name, c := range map[string]struct {
		half *half
		gone bool
	}{"lone": {lone, false}, "first": {crowd[0], true}, "second": {crowd[1], true}, "third": {crowd[2], false}, "six": {six, false}} {
		if gone := c.half.gaveUp() == "displaced"; gone != c.gone {
			t.Errorf("%s gave way: %v, want %v", name, gone, c.gone)
		}
	}
	if h.size() != 4 {
		t.Errorf("%d half open", h.size())
	}
}

// TestConnectionCap: at the cap who has the most gives up an idle connection; busy
// ones are never taken, and who has the most gets no more.
func TestConnectionCap(t *testing.T) {
	s := serve(t, func(_ *service, c *Config) {
		c.Limits.Connections = 3
		c.Policy = append(c.Policy, Rule{Identity: "uri:spiffe://wiki/other", Namespaces: []string{"default"}, Verbs: []Verb{Read}})
	})
	greedy, modest := s.ca.issue(wiki, nil), s.ca.issue("spiffe://wiki/other", nil)
	var conns []*tls.Conn
	for i := range 3 {
		s.clock.Set(start.Add(time.Duration(i) * time.Minute)) // so that one is idle longest
		conns = append(conns, s.idle(greedy))
		eventually(t, "it rests", func() bool {
			return !slices.ContainsFunc(s.guard.conns.list(), func(c *conn) bool { return c.doing.Load() != resting })
		})
	}
	if status, _ := s.get(s.client(greedy, nil), "default/read"); status != 0 {
		t.Errorf("a fourth of the same: %d", status)
	}
	if status, text := s.get(s.client(modest, nil), "default/read"); status != 200 {
		t.Errorf("somebody else: %d %s", status, text)
	}
	closed(t, "the one idle longest", conns[0])
	if ask(t, conns[1]) != 200 || ask(t, conns[2]) != 200 {
		t.Error("the others are gone, too")
	}
	if s.figure("sessiond_refused_total", "connections") != 1 || s.figure("sessiond_connections_ended_total", "displaced") != 1 {
		t.Error("not counted")
	}
}

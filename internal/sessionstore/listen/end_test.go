// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// idle opens a connection with one answered request on it.
func (s *service) idle(with issued) *tls.Conn {
	s.t.Helper()
	pair := with.tls(s.t)
	c, err := tls.Dial("tcp", s.address, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{pair}}) //nolint:gosec // a test's client
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() }) //nolint:errcheck // the test is over
	if status := ask(s.t, c); status != 200 {
		s.t.Fatalf("the first request: %d", status)
	}
	return c
}

// ask sends a request on a connection and returns the status, or 0.
func ask(t *testing.T, c net.Conn) int {
	t.Helper()
	if _, err := io.WriteString(c, "GET /default/read HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		return 0
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// closed waits until the other side has closed an idle connection.
func closed(t *testing.T, what string, c net.Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("%s: %v, want the connection closed in order", what, err)
	}
}

// TestConnectionsEnd: whatever admitted a connection is taken away, and it is
// closed while idle; one that is still admitted goes on.
func TestConnectionsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*testing.T, *service, issued)
		reason string
		stays  bool // the other client, of another name and authority
	}{
		"its certificate ends": {func(_ *testing.T, s *service, _ issued) { s.clock.Set(start.Add(2 * time.Hour)) }, "expired", true},
		"the server's ends":    {func(_ *testing.T, s *service, _ issued) { s.clock.Set(start.Add(24 * time.Hour)) }, "expired", false},
		"it is revoked":        {func(t *testing.T, s *service, i issued) { put(t, s.file("ca.crl"), s.ca.crl(i)) }, "revoked", true},
		"its authority goes": {func(t *testing.T, s *service, _ issued) {
			put(t, s.file("ca.pem"), s.other.pem())
		}, "unknown_authority", true},
		"its rule goes": {func(t *testing.T, s *service, _ issued) {
			if err := s.guard.SetPolicy([]Rule{{Identity: "dns:other.wiki", Namespaces: []string{"default"}, Verbs: []Verb{Read}}}); err != nil {
				t.Fatal(err)
			}
		}, "policy", true},
		"its network goes": {func(t *testing.T, s *service, _ issued) { put(t, s.file("networks"), []byte("10.0.0.0/22\n")) }, "network", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(s *service, c *Config) {
				s.other = newCA(t, "Other")
				put(t, s.file("ca.pem"), s.ca.pem(), s.other.pem())
				c.Networks = s.file("networks")
				put(t, c.Networks, []byte("127.0.0.0/24\n"))
				c.Policy = append(c.Policy, Rule{Identity: "dns:other.wiki", Namespaces: []string{"default"}, Verbs: []Verb{Read}})
			})
			with := s.ca.issue(wiki, func(c *x509.Certificate) { c.NotAfter = start.Add(time.Hour) })
			one := s.idle(with)
			other := s.idle(s.other.issue("", func(c *x509.Certificate) { c.DNSNames = []string{"other.wiki"} }))
			c.change(t, s, with)
			closed(t, name, one)
			want := 1.0
			if !c.stays {
				closed(t, "the other one", other)
				want++
			} else if status := ask(t, other); status != 200 {
				t.Errorf("the other one: %d", status)
			}
			if n := s.figure("sessiond_connections_ended_total", c.reason); n != want {
				t.Errorf("ended for %s: %v, want %v", c.reason, n, want)
			}
			eventually(t, "it is forgotten", func() bool { return s.figure("sessiond_connections", "") == 2-want })
		})
	}
}

// TestAnswerInFlight: a request that is being answered when its certificate is
// revoked gets its answer, which says that the connection ends; the next request
// is refused.
func TestAnswerInFlight(t *testing.T) {
	s := serve(t, func(s *service, _ *Config) { s.hold = make(chan struct{}) })
	with := s.ca.issue(wiki, nil)
	c := s.client(with, nil)
	answer := make(chan int)
	go func() {
		status, _ := s.get(c, "default/read")
		answer <- status
	}()
	<-s.held
	put(t, s.file("ca.crl"), s.ca.crl(with))
	eventually(t, "the connection has ended", func() bool { return s.figure("sessiond_connections_ended_total", "revoked") == 1 })
	s.hold <- struct{}{}
	if status := <-answer; status != http.StatusOK {
		t.Errorf("in flight: %d", status)
	}
	if status, _ := s.get(c, "default/read"); status != 0 {
		t.Errorf("the next one: %d", status)
	}
	eventually(t, "it is forgotten", func() bool { return s.figure("sessiond_connections", "") == 0 })
}

// TestPipelined: a request that lies in the buffer already when the connection
// ends is not served.
func TestPipelined(t *testing.T) {
	s := serve(t, func(s *service, _ *Config) { s.hold = make(chan struct{}) })
	with := s.ca.issue(wiki, nil)
	pair := with.tls(t)
	c, err := tls.Dial("tcp", s.address, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{pair}}) //nolint:gosec // a test's client
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the test is over
	const request = "GET /default/read HTTP/1.1\r\nHost: a\r\n\r\n"
	if _, err := io.WriteString(c, request+request); err != nil {
		t.Fatal(err)
	}
	<-s.held
	put(t, s.file("ca.crl"), s.ca.crl(with))
	eventually(t, "the connection has ended", func() bool { return s.figure("sessiond_connections_ended_total", "revoked") == 1 })
	close(s.hold)
	rest, err := io.ReadAll(c)
	if err != nil {
		t.Logf("read: %v", err)
	}
	eventually(t, "the server is done with it", func() bool { return s.over.Load() == 1 })
	if len(s.held) != 0 || strings.Count(string(rest), "200 OK") != 1 {
		t.Errorf("the second request was served: %q", rest)
	}
}

// TestDraining: shortly before the end, answers ask the client to connect anew, so
// that a client with a newer certificate loses no request.
func TestDraining(t *testing.T) {
	s := serve(t, nil)
	old := s.ca.issue(wiki, func(c *x509.Certificate) { c.NotAfter = start.Add(time.Hour) })
	c := s.client(old, nil)
	get := func() bool {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "https://"+s.address+"/default/read", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close() //nolint:errcheck // only read
		if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
			t.Fatalf("%d %v", resp.StatusCode, err)
		}
		return resp.Close
	}
	if get() {
		t.Error("it asks for a new connection at once")
	}
	s.clock.Set(start.Add(time.Hour - 10*time.Second))
	eventually(t, "it asks for a new connection", get)
}

// TestSlowAnswerIsCut: an answer that never ends does not keep an ended connection.
func TestSlowAnswerIsCut(t *testing.T) {
	s := serve(t, func(s *service, _ *Config) { s.hold = make(chan struct{}) })
	defer close(s.hold)
	with := s.ca.issue(wiki, nil)
	c := s.client(with, nil)
	answer := make(chan int)
	go func() {
		status, _ := s.get(c, "default/read")
		answer <- status
	}()
	<-s.held
	put(t, s.file("ca.crl"), s.ca.crl(with))
	eventually(t, "the connection has ended", func() bool { return s.figure("sessiond_connections_ended_total", "revoked") == 1 })
	s.clock.Set(start.Add(lastFor + time.Second))
	if status := <-answer; status != 0 {
		t.Errorf("%d", status)
	}
}

// stalling is a client's connection whose writes wait from the second on.
type stalling struct {
	net.Conn
	writes int
	ready  chan struct{} // closed once a write waits
	let    chan struct{}
}

func (c *stalling) Write(b []byte) (int, error) {
	if c.writes++; c.writes == 2 {
		close(c.ready)
		<-c.let
	}
	return c.Conn.Write(b)
}

// TestRevokedInTheHandshake: what changes between the beginning of a handshake and
// its end counts.
func TestRevokedInTheHandshake(t *testing.T) {
	s := serve(t, nil)
	with := s.ca.issue(wiki, nil)
	raw, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	slow := &stalling{Conn: raw, ready: make(chan struct{}), let: make(chan struct{})}
	c := tls.Client(slow, &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{with.tls(t)}}) //nolint:gosec // a test's client
	defer c.Close()                                                                                            //nolint:errcheck // the test is over
	status := make(chan int)
	go func() { status <- ask(t, c) }()
	<-slow.ready
	put(t, s.file("ca.crl"), s.ca.crl(with))
	eventually(t, "the list is in force", func() bool { return len(s.guard.state.Load().trust.lists[0].revoked) == 1 })
	close(slow.let)
	if got := <-status; got == 200 { // refused by an answer, or by the end of the connection
		t.Error("it is served")
	}
	if n := s.figure("sessiond_connections_ended_total", "revoked"); n != 1 {
		t.Errorf("ended: %v", n)
	}
}

// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// code returns the code of an answer of the server.
func code(t *testing.T, err error) int {
	t.Helper()
	var status *smtp.SMTPError
	var lmtp smtp.LMTPDataError
	switch {
	case err == nil:
		return 250
	case errors.As(err, &lmtp):
		for _, e := range lmtp {
			return e.Code
		}
	case errors.As(err, &status):
		return status.Code
	}
	t.Fatalf("no answer but %v", err)
	return 0
}

// each protocol and engine.
func eachProtocol(t *testing.T, fn func(t *testing.T, h *house)) {
	for name, lmtp := range map[string]bool{"lmtp": true, "smtp": false} {
		t.Run(name, func(t *testing.T) { eachWith(t, func(c *Config) { c.LMTP = lmtp }, fn) })
	}
}

func TestConversation(t *testing.T) {
	eachProtocol(t, func(t *testing.T, h *house) {
		for to, want := range map[string]int{
			"review@" + testDomain: 250, "REVIEW@OFFICE.EXAMPLE.ORG": 250, "reviews@" + testDomain: 550, "review+x@" + testDomain: 550, "postmaster@" + testDomain: 550,
			"review@elsewhere.example": 550, "review@" + testDomain + ".elsewhere.example": 550, "reply@" + testDomain: 550, "reply+short@" + testDomain: 550,
			"reply+" + strings.Repeat("1", 32) + "@" + testDomain: 550, // no letter of base32
			"reply+" + strings.Repeat("B", 32) + "@" + testDomain: 250,
		} {
			c := h.client()
			if err := c.Mail("olive@example.org", nil); err != nil {
				t.Fatal(err)
			}
			if got := code(t, c.Rcpt(to, nil)); got != want {
				t.Errorf("%s: %d, want %d", to, got, want)
			}
		}
		if err := h.send("olive@example.org", []string{"review@" + testDomain}, passed+fromOlive("sketch")); err != nil {
			t.Fatal(err)
		}
		h.want(stateNew, "") // stored when it is acknowledged, delivered later
		h.run()
		h.want(stateDelivered, "")
	})
}

// flood is a mail of that many bytes.
type flood struct{ left int64 }

func (f *flood) Read(p []byte) (int, error) {
	if f.left <= 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), f.left))
	for i := range n {
		p[i] = 'x'
		if i%70 == 68 {
			p[i] = '\r'
		} else if i%70 == 69 {
			p[i] = '\n'
		}
	}
	f.left -= int64(n)
	return n, nil
}

// TestTooLarge: a mail of 30 MB is refused, at once if it says how large it is, and
// is never in memory.
func TestTooLarge(t *testing.T) {
	const size = 30 << 20
	eachProtocol(t, func(t *testing.T, h *house) {
		c := h.client()
		if got := code(t, c.Mail("olive@example.org", &smtp.MailOptions{Size: size})); got != 552 {
			t.Errorf("a declared size: %d", got)
		}
		var before, after runtime.MemStats
		c = h.client()
		if err := c.Mail("olive@example.org", nil); err != nil {
			t.Fatal(err)
		}
		if err := c.Rcpt("review@"+testDomain, nil); err != nil {
			t.Fatal(err)
		}
		w, err := c.Data()
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&before)
		if _, err := io.Copy(w, io.MultiReader(strings.NewReader("Subject: large\r\n\r\n"), &flood{size})); err != nil {
			t.Fatal(err)
		}
		if got := code(t, w.Close()); got != 552 {
			t.Errorf("an undeclared size: %d", got)
		}
		runtime.ReadMemStats(&after)
		// Allocated in all, by client and server: a few times the limit of 1 MiB.
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 10<<20 {
			t.Errorf("%d MiB were allocated", grown>>20)
		}
		if all := h.rows(); len(all) != 0 {
			t.Errorf("it is stored: %v", all)
		}
		h.wantCount(outcomeDropped, WhyTooLarge, 1)
		// The connection goes on.
		if err := c.Mail("olive@example.org", nil); err != nil {
			t.Error(err)
		}
	})
}

// TestChunks: what comes by BDAT has the same limit.
func TestChunks(t *testing.T) {
	eachProtocol(t, func(t *testing.T, h *house) {
		say := func(conn net.Conn, r *bufio.Reader, line, want string) {
			t.Helper()
			fmt.Fprintf(conn, "%s", line)
			for {
				answer, err := r.ReadString('\n')
				if err != nil {
					t.Fatalf("%q: %v", line[:min(len(line), 40)], err)
				}
				if len(answer) > 3 && answer[3] == '-' {
					continue
				}
				if !strings.HasPrefix(answer, want) {
					t.Fatalf("%q is answered by %q, want %s", line[:min(len(line), 40)], answer, want)
				}
				return
			}
		}
		open := func() (net.Conn, *bufio.Reader) {
			conn, err := net.Dial("tcp", h.addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
			r := bufio.NewReader(conn)
			hello := "EHLO mx\r\n"
			if h.cfg.LMTP {
				hello = "LHLO mx\r\n"
			}
			say(conn, r, "", "220")
			say(conn, r, hello, "250")
			say(conn, r, "MAIL FROM:<olive@example.org>\r\n", "250")
			say(conn, r, "RCPT TO:<review@"+testDomain+">\r\n", "250")
			return conn, r
		}
		conn, r := open()
		half := strings.Repeat(strings.Repeat("x", 70)+"\r\n", 8<<10)
		say(conn, r, fmt.Sprintf("BDAT %d\r\n%s", len(half), half), "250")
		say(conn, r, fmt.Sprintf("BDAT %d LAST\r\n%s", len(half), half), "552")
		conn, r = open()
		small := strings.ReplaceAll(passed+fromOlive("sketch"), "\n", "\r\n")
		say(conn, r, fmt.Sprintf("BDAT %d LAST\r\n%s", len(small), small), "250")
		h.run()
		h.want(stateDelivered, "")
	})
}

// TestBroken: a mail that was not sent whole is not taken.
func TestBroken(t *testing.T) {
	eachProtocol(t, func(t *testing.T, h *house) {
		conn, err := net.Dial("tcp", h.addr)
		if err != nil {
			t.Fatal(err)
		}
		hello := "EHLO mx"
		if h.cfg.LMTP {
			hello = "LHLO mx"
		}
		fmt.Fprintf(conn, "%s\r\nMAIL FROM:<olive@example.org>\r\nRCPT TO:<review@%s>\r\nDATA\r\nFrom: olive@example.org\r\n\r\nhalf of i", hello, testDomain)
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn) // until the server closes
		conn.Close()
		if all := h.rows(); len(all) != 0 {
			t.Errorf("stored: %v", all)
		}
	})
}

// addrConn is a connection from somewhere.
type addrConn struct {
	net.Conn
	from net.Addr
}

func (c addrConn) RemoteAddr() net.Addr { return c.from }

// TestNetworks: who may deliver over TCP.
func TestNetworks(t *testing.T) {
	cases := []struct {
		from     string
		networks string
		secure   bool
		want     bool
	}{
		{"127.0.0.1", "", false, true},
		{"::1", "", false, true},
		{"10.1.2.3", "", true, false},
		{"10.1.2.3", "10.1.2.0/24", true, true},
		{"::ffff:10.1.2.3", "10.1.2.0/24", true, true},
		{"10.1.3.3", "10.1.2.0/24", true, false},
		{"10.1.2.3", "10.1.2.0/24", false, false}, // no way to encrypt
		{"127.0.0.1", "10.1.2.0/24", true, false},
	}
	for _, c := range cases {
		h := newHouse(t, storetest.SQLite(t, tables()), func(cfg *Config) {
			if c.networks != "" {
				cfg.Networks = []netip.Prefix{netip.MustParsePrefix(c.networks)}
			}
		})
		d := entrance{s: h.Service, secure: c.secure}
		if got := d.allowed(&net.TCPAddr{IP: net.ParseIP(c.from)}); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
	h := newHouse(t, storetest.SQLite(t, tables()), nil)
	if !(&entrance{s: h.Service}).allowed(&net.UnixAddr{Name: "@", Net: "unix"}) {
		t.Error("a unix socket is for whoever can open it")
	}
	if local(addrConn{from: &net.TCPAddr{IP: net.ParseIP("10.1.2.3")}}.RemoteAddr()) {
		t.Error("another machine is this one")
	}
}

// TestPlainFromElsewhere: over a network no mail is taken before STARTTLS.
func TestPlainFromElsewhere(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t, tables()), nil)
	s := session{s: h.Service, ctx: context.Background(), secure: false}
	if got := code(t, s.Mail("olive@example.org", nil)); got != 530 {
		t.Errorf("%d", got)
	}
}

// TestTooManyConnections are turned away, and let in again when others have gone.
func TestTooManyConnections(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t, tables()), nil)
	greeting := func() (net.Conn, string) {
		conn, err := net.Dial("tcp", h.addr)
		if err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return conn, line
	}
	var open []net.Conn
	for range maxConnections {
		conn, line := greeting()
		if !strings.HasPrefix(line, "220 ") {
			t.Fatalf("greeted by %q", line)
		}
		open = append(open, conn)
	}
	last, line := greeting()
	last.Close()
	if !strings.HasPrefix(line, "421 ") {
		t.Errorf("one too many is greeted by %q", line)
	}
	for _, conn := range open {
		fmt.Fprint(conn, "QUIT\r\n")
		io.Copy(io.Discard, conn) // until the server has closed
		conn.Close()
	}
	conn, line := greeting()
	conn.Close()
	if !strings.HasPrefix(line, "220 ") {
		t.Errorf("greeted by %q", line)
	}
}

// TestStartTLS: a mail may come encrypted, and the server says that it can.
func TestStartTLS(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t, tables()), func(c *Config) { c.LMTP = false })
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- h.Serve(ctx, l, &tls.Config{MinVersion: tls.VersionTLS12, Certificates: web.TLS.Certificates})
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	trusted := web.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	trusted.ServerName = "example.com" // the name of the test's certificate
	c, err := smtp.NewClientStartTLS(conn, trusted)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SendMail("olive@example.org", []string{"review@" + testDomain}, strings.NewReader(string(wire(passed+fromOlive("sketch"))))); err != nil {
		t.Fatal(err)
	}
	h.run()
	h.want(stateDelivered, "")
	// The connection is still open, and does not keep the server from stopping.
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := c.Noop(); err == nil {
		t.Error("the connection goes on")
	}
}

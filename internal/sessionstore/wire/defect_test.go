// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// errAway is a backend that is not there.
var errAway = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

// TestDefect2FailedDeleteCountsAsFailed: Kask answers 500 to a delete that failed
// and counts it as 204, so that a log-out that did not happen alarms nobody.
func TestDefect2FailedDeleteCountsAsFailed(t *testing.T) {
	b := start(t)
	b.set("k", "v")
	b.backend.Break(errAway)
	b.ask("DELETE", base+"k", "").want(t, 500)
	b.backend.Break(nil)
	for line, want := range map[string]string{
		`http_requests_total{code="500",method="DELETE"}`:                                                                                   "1",
		`http_requests_total{code="204",method="DELETE"}`:                                                                                   "0",
		`http_request_duration_seconds_count{code="500",method="DELETE"}`:                                                                   "1",
		`sessiond_acts_total{act="delete",namespace="default",outcome="failed"}`:                                                            "1",
		`sessiond_acts_total{act="delete",namespace="default",outcome="done"}`:                                                              "0",
		`http_requests_total{code="201",method="POST"}`:                                                                                     "1",
		`sessiond_acts_total{act="write",namespace="default",outcome="done"}`:                                                               "1",
		`http_request_duration_seconds_bucket{code="500",method="DELETE",le="+Inf"}`:                                                        "1",
		`kask_build_info{build_date="unknown",build_host="unknown",git="unknown",go_version="` + runtime.Version() + `",version="unknown"}`: "1",
	} {
		if got := b.figure(line); got != want {
			t.Errorf("%s is %s, want %s", line, got, want)
		}
	}
	if !strings.Contains(b.log.String(), `"level":"ERROR"`) {
		t.Errorf("not logged: %s", b.log)
	}
	b.ask("GET", base+"k", "").want(t, 200) // nobody was told that it is gone
}

// TestDefect3HealthAsksTheBackend: Kask's /healthz is 200 while its backend is away.
func TestDefect3HealthAsksTheBackend(t *testing.T) {
	b := start(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		for _, away := range []error{nil, errAway, nil} {
			b.backend.Break(away)
			b.backend.Advance(2 * time.Second) // an answer counts for one
			code := 200
			if away != nil {
				code = 503
			}
			r := b.ask("GET", path, "").want(t, code)
			for _, field := range []string{`"version":`, `"build_date":`, `"build_host":`, `"go_version":"go1`, fmt.Sprintf(`"ready":%v`, away == nil)} {
				if !strings.Contains(r.body, field) {
					t.Errorf("%s: %s has no %s", path, r.body, field)
				}
			}
		}
	}
}

// TestHealthAsksOnce: however many ask, the backend is asked once a second, and one
// that hangs is not asked again meanwhile.
func TestHealthAsksOnce(t *testing.T) {
	asked, release := make(chan struct{}, 100), make(chan struct{})
	b := start(t, func(m *made) {
		m.config.Health = func(context.Context) error {
			asked <- struct{}{}
			<-release
			return nil
		}
	})
	codes := make(chan int)
	for range 8 {
		go func() { codes <- b.ask("GET", "/healthz", "").StatusCode }()
	}
	for range 8 {
		if code := <-codes; code != 503 {
			t.Errorf("a backend that hangs: %d", code)
		}
	}
	close(release)
	if n := len(asked); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestDefect4LargeBodyIsRefusedUnread: Kask took 50 MB and grew to 130 MB.
func TestDefect4LargeBodyIsRefusedUnread(t *testing.T) {
	const size = 50 << 20
	b := start(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, head := range []string{fmt.Sprintf("Content-Length: %d", size), "Transfer-Encoding: chunked"} {
		c, err := net.Dial("tcp", b.addr)
		if err != nil {
			t.Fatal(err)
		}
		sent := make(chan int64, 1)
		go func() {
			n, _ := fmt.Fprintf(c, "POST %sk HTTP/1.1\r\nHost: h\r\n%s\r\n\r\n", base, head)
			if strings.HasPrefix(head, "Transfer") {
				fmt.Fprintf(c, "%x\r\n", size)
			}
			m, _ := io.Copy(c, io.LimitReader(zeros{}, size))
			sent <- int64(n) + m
		}()
		r := readReply(t, "POST", bufio.NewReader(c)).want(t, 413)
		checkProblem(t, r)
		if r.Header.Get("Connection") != "close" && !r.Close {
			t.Error("the connection stays, with the rest of the body on it")
		}
		c.Close()
		if n := <-sent; n >= size {
			t.Errorf("all %d bytes were taken from the client", n)
		}
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("%d bytes were allocated for two refusals", grown)
	}
	b.ask("GET", base+"k", "").want(t, 404)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestExpectationIsNotMet: who asks before sending (RFC 9110, 10.1.1) is not told to
// go on with what is too large.
func TestExpectationIsNotMet(t *testing.T) {
	b := start(t)
	head := "POST " + base + "k HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
	b.raw("POST", fmt.Sprintf(head, 2<<20)).want(t, 413)
	b.raw("POST", fmt.Sprintf(head, 3)+"abc").want(t, 100)
}

// TestDefect5NothingIsHeldForNothing: Kask sets no time limits, so that a connection
// that says nothing stays for ever. The listener bounds handshakes; here are a
// header, a body, a pause and an answer that nobody takes.
func TestDefect5NothingIsHeldForNothing(t *testing.T) {
	limit := func(m *made) {
		m.limits.HeaderTime, m.limits.BodyTime = time.Second, 2*time.Second
		m.limits.IdleTime, m.limits.AnswerTime = time.Second, 10*time.Second
	}
	for name, c := range map[string]struct {
		text string
		code int // 0 = the connection ends without an answer
	}{
		"silence":          {"", 0},
		"half a header":    {"GET " + base + "k HTTP/1.1\r\nHost: h\r\nX-Slow: ", 0},
		"no body":          {"POST " + base + "k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n", 408},
		"half a body":      {"POST " + base + "k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab", 408},
		"half a large one": {"POST " + base + "k HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nab", 408},
		"half a chunk":     {"POST " + base + "k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", 408},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t, limit)
			conn, err := net.Dial("tcp", b.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, c.text); err != nil {
				t.Fatal(err)
			}
			from := bufio.NewReader(conn)
			if c.code != 0 {
				checkProblem(t, readReply(t, "POST", from).want(t, c.code))
			}
			if rest, err := io.ReadAll(from); err != nil || len(rest) != 0 { // returns only once the server has ended it
				t.Errorf("then came %q, %v", rest, err)
			}
			b.ask("GET", base+"k", "").want(t, 404)
		})
	}
	t.Run("a pause", func(t *testing.T) {
		t.Parallel()
		b := start(t, limit)
		conn, err := net.Dial("tcp", b.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET %sk HTTP/1.1\r\nHost: h\r\n\r\n", base)
		from := bufio.NewReader(conn)
		readReply(t, "GET", from).want(t, 404)
		if rest, err := io.ReadAll(from); err != nil || len(rest) != 0 {
			t.Errorf("then came %q, %v", rest, err)
		}
	})
}

// TestBodyBreaksOff: a client that leaves in the middle wrote nothing.
func TestBodyBreaksOff(t *testing.T) {
	b := start(t)
	c, err := net.Dial("tcp", b.addr)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "POST %sk HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab", base)
	_ = c.(*net.TCPConn).CloseWrite()
	readReply(t, "POST", bufio.NewReader(c)).want(t, 400)
	c.Close()
	b.ask("GET", base+"k", "").want(t, 404)
}

// TestMemoryIsBounded: large values on their way have a common bound, small ones go on.
func TestMemoryIsBounded(t *testing.T) {
	b := start(t, func(m *made) { m.config.Memory = 600 << 10 })
	large := strings.Repeat("v", 128<<10)
	b.set("large", large)
	r := b.ask("POST", base+"larger", strings.Repeat("v", 601<<10)).want(t, 503)
	if r.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After: %q", r.Header.Get("Retry-After"))
	}
	b.set("small", "v")
	for range 5 { // what was taken was given back
		b.set("large", large)
		b.ask("GET", base+"large", "").want(t, 200)
	}
}

// TestHeaderIsBounded: RFC 6585, 5.
func TestHeaderIsBounded(t *testing.T) {
	b := start(t)
	b.ask("GET", base+"k", "", "X-Large: "+strings.Repeat("x", 30<<10)).want(t, http.StatusRequestHeaderFieldsTooLarge)
}

// TestAnswerNobodyTakes: a client that asks and never reads is let go.
func TestAnswerNobodyTakes(t *testing.T) {
	b := start(t, func(m *made) { m.limits.AnswerTime = time.Second })
	b.set("large", strings.Repeat("v", 1<<20))
	conn, err := net.Dial("tcp", b.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ask := strings.Repeat(fmt.Sprintf("GET %slarge HTTP/1.1\r\nHost: h\r\n\r\n", base), 64)
	for err == nil { // ends once the server has closed its side
		_, err = io.WriteString(conn, ask)
	}
	if got := b.figure(`http_requests_total{code="200",method="GET"}`); got == "0" {
		t.Error("no answer was begun")
	}
}

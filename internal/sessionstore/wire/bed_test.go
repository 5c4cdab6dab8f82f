// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
	"portreeve.org/portreeve/internal/sessionstore/wire"
)

const base = "/sessions/v1/"

// bed is a running server over plain TCP with a backend in memory.
type bed struct {
	t       *testing.T
	backend *storetest.Memory
	store   *sessionstore.Store // of namespace "default"
	other   *sessionstore.Store // of namespace "anonymous"
	handler *wire.Handler
	server  *http.Server
	addr    string
	log     *sink
	deny    func(namespace, verb string) error
}

// sink collects what is written.
type sink struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// made is what a test may set before the server starts.
type made struct {
	config *wire.Config
	limits *wire.Limits
	ns     *sessionstore.Namespace
	ring   func(sessionstore.Ring) sessionstore.Ring
}

func start(t *testing.T, prepare ...func(*made)) *bed {
	t.Helper()
	b := &bed{t: t, backend: storetest.NewMemory(), log: &sink{}}
	ns := storetest.Namespace("default")
	reg := prometheus.NewRegistry()
	c := wire.Config{
		Service: "kask",
		Authorize: func(_ *http.Request, namespace, verb string) error {
			if b.deny != nil {
				return b.deny(namespace, verb)
			}
			return nil
		},
		Health: b.backend.Probe, Registerer: reg, Gatherer: reg,
		Log: slog.New(wire.NewLogHandler(b.log, "kask", slog.LevelDebug)),
		Now: func() time.Time { return b.backend.Now().Time() },
	}
	l := wire.Limits{}
	m := &made{config: &c, limits: &l, ns: &ns}
	for _, p := range prepare {
		p(m)
	}
	b.store = b.storeOf(ns, m.ring)
	b.other = storetest.Store(t, b.backend, storetest.Namespace("anonymous"))
	c.Spaces = []wire.Mount{{Base: base, Store: b.store}, {Base: "/anonymous/v1/", Store: b.other}}
	c.BodyTime = l.Defaults().BodyTime
	var err error
	if b.handler, err = wire.New(c); err != nil {
		t.Fatal(err)
	}
	b.serve(wire.Server(b.handler, l, c.Log))
	return b
}

func (b *bed) storeOf(ns sessionstore.Namespace, wrap func(sessionstore.Ring) sessionstore.Ring) *sessionstore.Store {
	space, err := b.backend.Space(context.Background(), ns.Name, ns.Quota)
	if err != nil {
		b.t.Fatal(err)
	}
	keys, err := storetest.Keyring(b.t).Ring(ns.Name)
	if err != nil {
		b.t.Fatal(err)
	}
	var ring sessionstore.Ring = keys
	if wrap != nil {
		ring = wrap(ring)
	}
	return sessionstore.NewStore(ns, space, ring, nil, nil)
}

func (b *bed) serve(s *http.Server) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	b.server, b.addr = s, l.Addr().String()
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	b.t.Cleanup(func() {
		_ = s.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			b.t.Errorf("serve: %v", err)
		}
	})
}

// reply is what came back.
type reply struct {
	*http.Response
	body string
}

// ask sends a request whose target stands on the wire as it is given here: an
// ordinary client would clean it. Headers are "Name: value".
func (b *bed) ask(method, target, body string, headers ...string) reply {
	b.t.Helper()
	text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: store.example\r\nConnection: close\r\n", method, target)
	for _, h := range headers {
		text += h + "\r\n"
	}
	if body != "" {
		text += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	return b.raw(method, text+"\r\n"+body)
}

func (b *bed) raw(method, text string) reply {
	b.t.Helper()
	c, err := net.Dial("tcp", b.addr)
	if err != nil {
		b.t.Fatal(err)
	}
	defer c.Close()
	go func() { _, _ = io.WriteString(c, text) }()
	return readReply(b.t, method, bufio.NewReader(c))
}

func readReply(t *testing.T, method string, from *bufio.Reader) reply {
	t.Helper()
	resp, err := http.ReadResponse(from, &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: body: %v", method, err)
	}
	return reply{resp, string(text)}
}

// want ends the test unless the reply has the status.
func (r reply) want(t *testing.T, code int) reply {
	t.Helper()
	if r.StatusCode != code {
		t.Fatalf("status %d, want %d; body %s", r.StatusCode, code, r.body)
	}
	return r
}

// set writes a session and returns its entity tag.
func (b *bed) set(key, value string, headers ...string) string {
	b.t.Helper()
	return b.ask("POST", base+key, value, headers...).want(b.t, 201).Header.Get("Etag")
}

// figure returns the value of a line of /metrics, "0" if it is not there.
func (b *bed) figure(line string) string {
	b.t.Helper()
	for _, l := range strings.Split(b.ask("GET", "/metrics", "").want(b.t, 200).body, "\n") {
		if rest, ok := strings.CutPrefix(l, line+" "); ok {
			return rest
		}
	}
	return "0"
}

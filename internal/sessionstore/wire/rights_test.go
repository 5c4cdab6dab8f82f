// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
	"portreeve.org/portreeve/internal/sessionstore/wire"
)

// TestRights: each method asks for its verb on its namespace, before anything of
// the request is looked at or read.
func TestRights(t *testing.T) {
	verbs := map[string]string{"GET": "read", "HEAD": "read", "POST": "write", "PUT": "write", "DELETE": "delete"}
	for method, verb := range verbs {
		for bases, namespace := range map[string]string{base: "default", "/anonymous/v1/": "anonymous"} {
			t.Run(method+" "+namespace, func(t *testing.T) {
				b := start(t)
				asked := ""
				b.deny = func(n, v string) error {
					asked += n + " " + v + ";"
					return forbidden()
				}
				r := b.ask(method, bases+"k", "").want(t, 403)
				if asked != namespace+" "+verb+";" {
					t.Errorf("asked for %q", asked)
				}
				if method != "HEAD" && !strings.Contains(r.body, `"reason": "policy.forbidden"`) {
					t.Errorf("problem %s", r.body)
				}
				for _, bad := range []string{"k?q=1", "", strings.Repeat("k", 2000)} { // nothing is to be learnt from what is wrong with it
					b.ask(method, bases+bad, "").want(t, 403)
				}
				if method == "POST" || method == "PUT" {
					b.raw(method, fmt.Sprintf("%s %sk HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", method, bases)).want(t, 403)
				}
			})
		}
	}
}

// TestUnauthenticated: RFC 9110, 11.6.1 requires a challenge.
func TestUnauthenticated(t *testing.T) {
	b := start(t, func(m *made) { m.config.Challenges = []string{`Basic realm="sessions"`, "Bearer"} })
	b.deny = func(string, string) error {
		return fault.New(fault.Unauthenticated, "credential.missing", "Send a credential.")
	}
	r := b.ask("GET", base+"k", "").want(t, 401)
	checkProblem(t, r)
	if got := strings.Join(r.Header["Www-Authenticate"], "; "); got != `Basic realm="sessions"; Bearer` {
		t.Errorf("WWW-Authenticate: %s", got)
	}
	if got := b.figure(`http_requests_total{code="401",method="GET"}`); got != "1" {
		t.Errorf("counted %s", got)
	}
}

// TestWatch: figures and description may be for some, health is for all.
func TestWatch(t *testing.T) {
	b := start(t, func(m *made) { m.config.Watch = func(*http.Request) error { return forbidden() } })
	for path, code := range map[string]int{"/metrics": 403, "/openapi": 403, "/healthz": 200, "/readyz": 200} {
		b.ask("GET", path, "").want(t, code)
	}
}

// TestRefusalsOfTheStore: what the store says becomes its status, and says when to
// come back.
func TestRefusalsOfTheStore(t *testing.T) {
	b := start(t, func(m *made) { m.ns.Rate, m.ns.Burst, m.ns.MaxValue = 0.001, 1, 100 })
	b.ask("POST", base+"k", strings.Repeat("v", 101)).want(t, 413)
	b.set("k", "v")
	r := b.ask("POST", base+"k", "v").want(t, 429)
	checkProblem(t, r)
	if r.Header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
	b.backend.Break(fault.New(fault.Unavailable, "store.away", "The store is away."))
	for _, method := range []string{"GET", "DELETE"} {
		r := b.ask(method, base+"k", "").want(t, 503)
		checkProblem(t, r)
		if r.Header.Get("Retry-After") != "1" || !strings.Contains(r.body, "The store is away.") {
			t.Errorf("%v %s", r.Header, r.body)
		}
	}
}

// TestFullNamespace: a quota is this side's, and passes.
func TestFullNamespace(t *testing.T) {
	b := start(t, func(m *made) { m.ns.Quota = sessionstore.Quota{Rows: 1} })
	b.set("k", "v")
	r := b.ask("POST", base+"l", "v").want(t, 503)
	if r.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	b.ask("DELETE", base+"k", "").want(t, 204)
	b.set("l", "v")
}

// hanging is a namespace whose reads wait until their client has gone.
type hanging struct {
	sessionstore.Space
	begun, gone chan struct{}
}

func (h *hanging) Get(ctx context.Context, _ sessionstore.RowKey) (sessionstore.Row, error) {
	h.begun <- struct{}{}
	<-ctx.Done()
	h.gone <- struct{}{}
	return sessionstore.Row{}, ctx.Err()
}

// Apply ends like Get, but only once it was not cancelled.
func (h *hanging) Apply(ctx context.Context, _ sessionstore.Change) error {
	h.begun <- struct{}{}
	<-h.gone
	return ctx.Err()
}

// TestClientLeaves: a read is given up and counted as what it is, no failure; a
// write or an end that was asked for is carried out.
func TestClientLeaves(t *testing.T) {
	backend := storetest.NewMemory()
	space, err := backend.Space(t.Context(), "default", sessionstore.Quota{})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := storetest.Keyring(t).Ring("default")
	if err != nil {
		t.Fatal(err)
	}
	slow := &hanging{space, make(chan struct{}), make(chan struct{})}
	reg := prometheus.NewRegistry()
	h, err := wire.New(wire.Config{
		Spaces:    []wire.Mount{{Base: base, Store: sessionstore.NewStore(storetest.Namespace("default"), slow, keys, nil, nil)}},
		Authorize: func(*http.Request, string, string) error { return nil }, Health: backend.Probe, Registerer: reg, Gatherer: reg,
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{t: t, log: &sink{}}
	answered := make(chan struct{}, 16) // the figures are asked for, too
	b.serve(wire.Server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		answered <- struct{}{}
	}), wire.Limits{}, slog.New(slog.DiscardHandler)))
	for _, method := range []string{"GET", "POST", "DELETE"} {
		c, err := net.Dial("tcp", b.addr)
		if err != nil {
			t.Fatal(err)
		}
		body := "\r\n"
		if method == "POST" {
			body = "Content-Length: 1\r\n\r\nv"
		}
		fmt.Fprintf(c, "%s %sk HTTP/1.1\r\nHost: h\r\n%s", method, base, body)
		<-slow.begun
		c.Close()
		if method == "GET" {
			<-slow.gone
		} else {
			slow.gone <- struct{}{}
		}
		<-answered
	}
	for line, want := range map[string]string{
		`http_requests_total{code="499",method="GET"}`: "1", `http_requests_total{code="503",method="GET"}`: "0",
		`http_requests_total{code="201",method="POST"}`: "1", `http_requests_total{code="204",method="DELETE"}`: "1",
	} {
		if got := b.figure(line); got != want {
			t.Errorf("%s is %s, want %s", line, got, want)
		}
	}
}

// TestConfig: a handler that lacks something is not made.
func TestConfig(t *testing.T) {
	store := storetest.Store(t, storetest.NewMemory(), storetest.Namespace("default"))
	for name, c := range map[string]struct {
		spoil func(*wire.Config)
		want  string
	}{
		"complete":          {func(*wire.Config) {}, ""},
		"no namespace":      {func(c *wire.Config) { c.Spaces = nil }, "no namespace"},
		"no policy":         {func(c *wire.Config) { c.Authorize = nil }, "who may do what"},
		"no health":         {func(c *wire.Config) { c.Health = nil }, "health"},
		"no clock":          {func(c *wire.Config) { c.Now = nil }, "clock"},
		"no store":          {func(c *wire.Config) { c.Spaces[0].Store = nil }, "no store"},
		"base without end":  {func(c *wire.Config) { c.Spaces[0].Base = "/v1" }, "slash"},
		"base without head": {func(c *wire.Config) { c.Spaces[0].Base = "v1/" }, "slash"},
		"base with two":     {func(c *wire.Config) { c.Spaces[0].Base = "/v1//" }, "slash"},
		"two at one base":   {func(c *wire.Config) { c.Spaces = append(c.Spaces, c.Spaces[0]) }, "two namespaces"},
		"bad template":      {func(c *wire.Config) { c.OpenAPI = "{{" }, "description"},
		"metrics taken": {func(c *wire.Config) {
			c.Registerer.MustRegister(prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total"}, []string{"x"}))
		}, "metrics"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := prometheus.NewRegistry()
			config := wire.Config{
				Spaces: []wire.Mount{{Base: base, Store: store}}, Authorize: func(*http.Request, string, string) error { return nil },
				Health: func(context.Context) error { return nil }, Registerer: reg, Gatherer: reg, Log: slog.New(slog.DiscardHandler), Now: time.Now,
			}
			c.spoil(&config)
			_, err := wire.New(config)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestRootMount: a namespace at "/" leaves the service's own paths alone.
func TestRootMount(t *testing.T) {
	store := storetest.Store(t, storetest.NewMemory(), storetest.Namespace("default"))
	reg := prometheus.NewRegistry()
	h, err := wire.New(wire.Config{
		Spaces: []wire.Mount{{Base: "/", Store: store}}, Authorize: func(*http.Request, string, string) error { return nil },
		Health: func(context.Context) error { return nil }, Registerer: reg, Gatherer: reg, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{t: t, log: &sink{}}
	b.serve(wire.Server(h, wire.Limits{}, slog.New(slog.DiscardHandler)))
	b.ask("PUT", "/healthz", "v").want(t, 405)
	b.ask("GET", "/healthz", "").want(t, 200)
	b.ask("PUT", "/k", "v").want(t, 201)
	b.ask("GET", "/k", "").want(t, 200)
	b.ask("GET", "/a/k", "").want(t, 404)
}

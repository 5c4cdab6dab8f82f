// SPDX-License-Identifier: Apache-2.0

package remote_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/admin"
	"portreeve.org/portreeve/internal/sessionstore/audit"
	"portreeve.org/portreeve/internal/sessionstore/authority"
	"portreeve.org/portreeve/internal/sessionstore/listen"
	"portreeve.org/portreeve/internal/sessionstore/remote"
	"portreeve.org/portreeve/internal/sessionstore/seal"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
	"portreeve.org/portreeve/internal/sessionstore/wire"
)

// base is where the namespace lies on the data listener.
const base = "/portreeve/v1/"

// office is the identity by which Portreeve is known.
const office = "spiffe://example.org/portreeve"

// pki is an authority with a server's certificate and some clients'.
type pki struct {
	t         *testing.T
	authority *authority.Authority
	server    authority.Record
	office    authority.Record
	expired   authority.Record // the office's, of the day before yesterday
}

func newPKI(t *testing.T) *pki {
	t.Helper()
	p := &pki{t: t}
	dir := filepath.Join(t.TempDir(), "authority")
	var err error
	p.authority, err = authority.Create(dir, authority.Options{
		Domains: []string{"localhost"}, TrustDomains: []string{"example.org"}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}, func() time.Time { return time.Now().Add(-48 * time.Hour) })
	if err != nil {
		t.Fatal(err)
	}
	p.expired = p.issue(authority.Request{Name: "expired", Role: authority.Client, URIs: []string{office}, Life: time.Hour})
	if p.authority, err = authority.Open(dir, time.Now); err != nil {
		t.Fatal(err)
	}
	p.server = p.issue(authority.Request{Name: "store", Role: authority.Server, IPs: []string{"127.0.0.1"}})
	p.office = p.issue(authority.Request{Name: "office", Role: authority.Client, URIs: []string{office}})
	return p
}

func (p *pki) issue(r authority.Request) authority.Record {
	p.t.Helper()
	record, err := p.authority.Issue(r)
	if err != nil {
		p.t.Fatal(err)
	}
	return record
}

// bed is a session store put together of its parts as package sessiond does it: both
// listeners over mutual TLS, with the policy of the guide.
type bed struct {
	*pki
	memory *storetest.Memory
	space  *sessionstore.Store
	public format.Keys // of its audit log
	said   *sink
	serial func() string // of the client certificate that came last
	data   *listener
	admin  *listener
}

// sink collects a log.
type sink struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sink) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// ringKeys are not changed by these tests.
type ringKeys struct{ *seal.Keyring }

func (ringKeys) Rotate(string, bool) error           { return errors.New("not here") }
func (ringKeys) State(namespace string) (any, error) { return nil, nil }

func newBed(t *testing.T) *bed {
	t.Helper()
	b := &bed{pki: newPKI(t), memory: storetest.NewMemory(), said: &sink{}}
	keys := storetest.Keyring(t)
	b.space = storetest.StoreWith(t, b.memory, storetest.Namespace("portreeve"), keys)
	log := slog.New(slog.NewJSONHandler(b.said, nil))
	registry := prometheus.NewRegistry()
	guards := map[string]*listen.Guard{}
	for _, name := range []string{"data", "admin"} {
		g, err := listen.New(listen.Config{
			Name: name, Profile: listen.Mutual, Cert: b.server.Cert, Key: b.server.Key, ClientCA: b.authority.CertFile(), Now: time.Now, Log: log,
			Policy: []listen.Rule{
				{Identity: "uri:" + office, Namespaces: []string{"portreeve"}, Verbs: []listen.Verb{listen.Read, listen.Write, listen.Delete, listen.Revoke, listen.Administer}},
				{Identity: "uri:spiffe://example.org/wiki", Namespaces: []string{"wiki"}, Verbs: []listen.Verb{listen.Read, listen.Write, listen.Delete}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		guards[name] = g
	}
	data, err := wire.New(wire.Config{
		Service: "sessions", Spaces: []wire.Mount{{Base: base, Store: b.space}}, Authorize: guards["data"].Authorize, Health: b.memory.Probe,
		Registerer: registry, Gatherer: registry, Log: log, Now: func() time.Time { return b.memory.Now().Time() }, BodyTime: 10 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.data = b.listen(guards["data"], b.note(data))
	b.admin = b.listen(guards["admin"], b.note(b.administration(guards["admin"], keys, log)))
	return b
}

// note keeps the serial number of the certificate of the last request.
func (b *bed) note(h http.Handler) http.Handler {
	var mu sync.Mutex
	last := ""
	before := b.serial
	b.serial = func() string {
		mu.Lock()
		defer mu.Unlock()
		if before != nil {
			return before() + " " + last
		}
		return last
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		last = r.TLS.PeerCertificates[0].SerialNumber.Text(16)
		mu.Unlock()
		h.ServeHTTP(w, r)
	})
}

func (b *bed) administration(g *listen.Guard, keys *seal.Keyring, log *slog.Logger) http.Handler {
	b.t.Helper()
	text, err := format.GenerateKey(rand.Reader, "sessions/audit")
	if err != nil {
		b.t.Fatal(err)
	}
	signer, err := format.ParseSigner(text)
	if err != nil {
		b.t.Fatal(err)
	}
	if b.public, err = signer.Keys(); err != nil {
		b.t.Fatal(err)
	}
	recorder, err := audit.Open(filepath.Join(b.t.TempDir(), "audit.log"), signer, time.Now)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = recorder.Close() })
	return admin.New(admin.Config{
		Service: "sessions", Spaces: []admin.Space{{Base: base, Store: b.space}}, Keys: ringKeys{keys}, Audit: recorder,
		Authorize: func(r *http.Request, namespace, verb string) (string, error) {
			peer, err := g.Identify(r)
			if err != nil {
				return "", err
			}
			return peer.Name(), g.Check(peer, namespace, listen.Verb(verb))
		},
		Describe: func(context.Context) admin.Status { return admin.Status{} }, Stale: func(string) {}, Now: time.Now, Log: log,
	})
}

// listener is a server that can be stopped and started again at the same address.
type listener struct {
	t       *testing.T
	address string
	guard   *listen.Guard // nil = the handler's server brings its own TLS
	handler http.Handler
	stop    func()
}

func (b *bed) listen(g *listen.Guard, h http.Handler) *listener {
	l := &listener{t: b.t, address: "127.0.0.1:0", guard: g, handler: h}
	l.start()
	b.t.Cleanup(func() { l.stop() })
	return l
}

func (l *listener) start() {
	l.t.Helper()
	raw, err := net.Listen("tcp", l.address)
	if err != nil {
		l.t.Fatal(err)
	}
	l.address = raw.Addr().String()
	srv := wire.Server(l.handler, wire.Limits{}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	l.guard.Attach(srv)
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l.guard.Listen(raw)) }()
	l.stop = sync.OnceFunc(func() { _ = srv.Close(); <-done })
}

// config is how Portreeve reaches the store.
func (b *bed) config() remote.Config {
	return remote.Config{
		URL: "https://" + b.data.address + base, AdminURL: "https://" + b.admin.address, Namespace: "portreeve",
		CA: b.authority.CertFile(), Cert: b.office.Cert, Key: b.office.Key, Now: time.Now,
	}
}

func open(t *testing.T, c remote.Config) *remote.Store {
	t.Helper()
	s, err := remote.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

const wiki = "spiffe://wiki/mediawiki"

// service is a running listener of one test. GET /{namespace}/{verb} answers
// whether the caller may do that.
type service struct {
	t        *testing.T
	dir      string
	ca       *ca
	server   issued
	other    *ca // another authority, where a test has one
	guard    *Guard
	clock    *store.Clock
	registry *prometheus.Registry
	address  string
	// hold, if set, is waited for by each request after it was authorized.
	hold chan struct{}
	// held is told when a request waits.
	held chan struct{}
	// over counts the connections that the server is done with.
	over atomic.Int64
}

func (s *service) file(name string) string { return filepath.Join(s.dir, name) }

// serve starts a listener in profile mutual that change may alter first.
func serve(t *testing.T, change func(*service, *Config)) *service {
	t.Helper()
	s := &service{t: t, dir: t.TempDir(), ca: newCA(t, "Sessions"), clock: store.FixedClock(start), registry: prometheus.NewRegistry(), held: make(chan struct{}, 100)}
	s.server = s.ca.server()
	put(t, s.file("server.pem"), s.server.cert)
	put(t, s.file("server.key"), s.server.key)
	put(t, s.file("ca.pem"), s.ca.pem())
	put(t, s.file("ca.crl"), s.ca.crl())
	c := Config{
		Name: "data", Profile: Mutual, Cert: s.file("server.pem"), Key: s.file("server.key"), ClientCA: s.file("ca.pem"), ClientCRL: s.file("ca.crl"),
		Policy: []Rule{{Identity: "uri:" + wiki, Namespaces: []string{"default"}, Verbs: []Verb{Read, Write}}},
		Poll:   10 * time.Millisecond, Now: s.clock.Real, Registry: s.registry,
	}
	if change != nil {
		change(s, &c)
	}
	var err error
	if s.guard, err = New(c); err != nil {
		t.Fatal(err)
	}
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = raw.Addr().String()
	l := s.guard.Listen(raw)
	srv := &http.Server{Handler: http.HandlerFunc(s.answer), ConnState: func(_ net.Conn, now http.ConnState) {
		if now == http.StateClosed {
			s.over.Add(1)
		}
	}}
	s.guard.Attach(srv)
	ctx, cancel := context.WithCancel(context.Background())
	go s.guard.Run(ctx)
	go srv.Serve(l) //nolint:errcheck // ends with the test
	t.Cleanup(func() {
		cancel()
		srv.Close() //nolint:errcheck // the test is over
	})
	return s
}

// answer says 200 if the caller may use the verb in the namespace of the path.
func (s *service) answer(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) //nolint:errcheck // a test's body
	namespace, verb, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if err := s.guard.Authorize(r, namespace, verb); err != nil {
		w.WriteHeader(fault.From(err).Kind.HTTPStatus())
		return
	}
	if s.hold != nil {
		s.held <- struct{}{}
		<-s.hold
	}
	p, err := s.guard.Identify(r)
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	io.WriteString(w, p.Name()) //nolint:errcheck // a test's answer
}

// client returns an HTTP client with a certificate (none if it has no PEM).
func (s *service) client(with issued, change func(*tls.Config)) *http.Client {
	s.t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(s.ca.cert)
	c := &tls.Config{RootCAs: pool, Time: func() time.Time { return start }}
	if with.cert != nil {
		pair := with.tls(s.t)
		// Whatever the server says that it knows: an attacker does not care.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	if change != nil {
		change(c)
	}
	transport := &http.Transport{TLSClientConfig: c, MaxIdleConnsPerHost: 100}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

// get asks whether the client may use a verb in a namespace: the status, or 0 if
// the connection was refused, and who it is.
func (s *service) get(c *http.Client, path string, authorization ...string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodGet, "https://"+s.address+"/"+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, a := range authorization {
		req.Header.Add("Authorization", a)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(body)
}

// figure returns a metric of the listener by name and one label's value; all its
// series together if that is "".
func (s *service) figure(name, label string) float64 {
	s.t.Helper()
	families, err := s.registry.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() != "listener" && l.GetValue() == label || label == "" && l.GetName() == "listener" {
					sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
				}
			}
		}
	}
	return sum
}

// eventually waits until something is so; a test that waits for ever fails by the
// test binary's own limit.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for i := 0; !is(); i++ {
		if i == 3000 {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func nowStart() time.Time { return start }

// fakeTLS stands for a connection that nothing is sent on.
func fakeTLS() *tls.Conn { return tls.Server(nil, &tls.Config{}) }

// withConn is the context of a request on a connection.
func withConn(ctx context.Context, c *conn) context.Context {
	return context.WithValue(context.WithValue(ctx, peerKey{}, c), http.LocalAddrContextKey, "as the server does")
}

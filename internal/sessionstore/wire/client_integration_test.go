// SPDX-License-Identifier: Apache-2.0

//go:build integration

package wire_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/sessionstore/wire"
)

// authority is a certificate authority of a test.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.sign(name, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// sign makes a certificate and its files name.crt and name.key.
func (a *authority) sign(name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".crt": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(a.file(file), pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return made, key
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) server(names ...string) {
	c := &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, DNSNames: names}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		}
	}
	a.sign("server", c)
}

func (a *authority) client() {
	a.sign("client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
}

// secured serves a bed over TLS with a client certificate required, and counts what
// came through.
type secured struct {
	*bed
	url                   string
	connections, requests atomic.Int64
}

func secure(t *testing.T, server, clients *authority) *secured {
	t.Helper()
	s := &secured{bed: start(t)}
	pair, err := tls.LoadX509KeyPair(server.file("server.crt"), server.file("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(clients.cert)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted, SessionTicketsDisabled: true})
	if err != nil {
		t.Fatal(err)
	}
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		s.handler.ServeHTTP(w, r)
	})
	srv := wire.Server(counted, wire.Limits{}, s.handler.Log)
	srv.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		_ = srv.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	s.url = "https://" + l.Addr().String() + base
	return s
}

// told is what the PHP client says of a step.
type told struct {
	Act      string
	Code     int
	Result   any
	Error    string
	Connects int
}

type step [3]any // act, key, value

// php runs the client. An empty cert sends none.
func (s *secured) php(ca, cert, key string, steps ...step) []told {
	s.t.Helper()
	ask := map[string]any{"url": s.url, "ca": ca, "steps": steps}
	if cert != "" {
		ask["cert"], ask["key"] = cert, key
	}
	arg, err := json.Marshal(ask)
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command("php", "-d", "error_reporting=E_ALL & ~E_DEPRECATED", "-d", "display_errors=stderr", "testdata/client.php")
	cmd.Stdin = bytes.NewReader(arg)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("php: %v\n%s", err, out)
	}
	var all []told
	if err := json.Unmarshal(out, &all); err != nil {
		s.t.Fatalf("php: %v\n%s", err, out)
	}
	return all
}

// TestMediaWikiNeedsNoChange: a session's day as RESTBagOStuff has it, with POST as
// Wikimedia sets it and with PUT as is its default, over one connection. (A PUT that
// is refused would end it: curl asks with Expect: 100-continue before it sends.)
func TestMediaWikiNeedsNoChange(t *testing.T) {
	ca := newAuthority(t, "ca")
	ca.server("127.0.0.1")
	ca.client()
	s := secure(t, ca, ca)
	const key = "global:MWSession:0123456789abcdef0123456789abcdef"
	value := map[string]any{"data": map[string]any{"wsUserName": "Zoë", "wsToken": "+\\/."}, "metadata": map[string]any{"persisted": true}}
	large := strings.Repeat("x", 500_000)
	got := s.php(ca.file("ca.crt"), ca.file("client.crt"), ca.file("client.key"),
		step{"get", key, nil},
		step{"POST", key, value}, step{"get", key, nil}, step{"POST", key, "second"}, step{"get", key, nil},
		step{"PUT", key, value}, step{"get", key, nil},
		step{"delete", key, nil}, step{"get", key, nil}, step{"delete", key, nil},
		step{"PUT", "k?a=b&c#d;e+f %2F Ω", "odd"}, step{"get", "k?a=b&c#d;e+f %2F Ω", nil},
		step{"POST", "with/slash", "x"}, step{"get", "with/slash", nil}, step{"get", "..", nil},
		step{"POST", "large", large}, step{"get", "large", nil}, step{"PUT", "large", large},
	)
	want := []told{
		{"get", 404, false, "", 1},
		{"POST", 201, true, "", 0}, {"get", 200, value, "", 0}, {"POST", 201, true, "", 0}, {"get", 200, "second", "", 0},
		{"PUT", 201, true, "", 0}, {"get", 200, value, "", 0},
		{"delete", 204, true, "", 0}, {"get", 404, false, "", 0}, {"delete", 204, true, "", 0},
		{"PUT", 201, true, "", 0}, {"get", 200, "odd", "", 0},
		{"POST", 404, false, "", 0}, {"get", 404, false, "", 0}, {"get", 404, false, "", 0},
		{"POST", 201, true, "", 0}, {"get", 200, large, "", 0}, {"PUT", 201, true, "", 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := s.connections.Load(); n != 1 {
		t.Errorf("%d connections for one client", n)
	}
}

// TestMediaWikiIsNotDeceived: with a foreign certificate on either side nothing is
// sent, and nothing is believed.
func TestMediaWikiIsNotDeceived(t *testing.T) {
	ca, foreign := newAuthority(t, "ca"), newAuthority(t, "ca")
	ca.server("127.0.0.1")
	ca.client()
	foreign.server("127.0.0.1")
	foreign.client()
	misnamed := newAuthority(t, "ca")
	misnamed.server("other.example")
	day := []step{{"get", "k", nil}, {"POST", "k", "v"}, {"PUT", "k", "v"}, {"delete", "k", nil}}
	for name, c := range map[string]struct {
		server, clients *authority
		ca, cert, key   string
		curl            string // the beginning of the error
	}{
		"foreign server":     {foreign, ca, ca.file("ca.crt"), ca.file("client.crt"), ca.file("client.key"), "60 "},
		"misnamed server":    {misnamed, ca, misnamed.file("ca.crt"), ca.file("client.crt"), ca.file("client.key"), "60 "},
		"foreign client":     {ca, ca, ca.file("ca.crt"), foreign.file("client.crt"), foreign.file("client.key"), "56 "},
		"no client":          {ca, ca, ca.file("ca.crt"), "", "", "56 "},
		"server's as client": {ca, ca, ca.file("ca.crt"), ca.file("server.crt"), ca.file("server.key"), "56 "},
	} {
		t.Run(name, func(t *testing.T) {
			s := secure(t, c.server, c.clients)
			for _, step := range s.php(c.ca, c.cert, c.key, day...) {
				if step.Code != 0 || step.Result != false || !strings.HasPrefix(step.Error, c.curl) {
					t.Errorf("%+v", step)
				}
			}
			if n := s.requests.Load(); n != 0 {
				t.Errorf("%d requests came through", n)
			}
		})
	}
}

// TestCurl: the command line tool, as a runbook has it.
func TestCurl(t *testing.T) {
	ca, foreign := newAuthority(t, "ca"), newAuthority(t, "ca")
	ca.server("127.0.0.1")
	ca.client()
	s := secure(t, ca, ca)
	run := func(authority *authority, args ...string) (string, int) {
		t.Helper()
		all := append([]string{"--silent", "--connect-timeout", "1.2", "--max-time", "3", "--cacert", authority.file("ca.crt"), "--cert", ca.file("client.crt"), "--key", ca.file("client.key"),
			"--path-as-is", "--write-out", " %{http_code} %{num_connects}"}, args...)
		cmd := exec.Command("curl", all...)
		out, err := cmd.Output()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	at := s.url + "global%3AMWSession%3Aabc"
	for _, c := range []struct {
		args []string
		out  string
	}{
		{[]string{"--data-binary", "value", at}, " 201 1"},
		{[]string{at, at}, "value 200 1value 200 0"},
		{[]string{"--head", "--output", "/dev/null", at}, " 200 1"},
		{[]string{"--upload-file", "testdata/client.php", at}, " 201 1"},
		{[]string{"--request", "DELETE", at}, " 204 1"},
		{[]string{"--output", "/dev/null", at}, " 404 1"},
		{[]string{"--output", "/dev/null", s.url + ".."}, " 404 1"},
	} {
		if out, code := run(ca, c.args...); out != c.out || code != 0 {
			t.Errorf("%v: %q, exit %d; want %q", c.args, out, code, c.out)
		}
	}
	before := s.requests.Load()
	if out, code := run(foreign, at); code != 60 || s.requests.Load() != before {
		t.Errorf("another authority: %q, exit %d", out, code)
	}
}

// SPDX-License-Identifier: Apache-2.0

package selfcheck

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

func TestJudge(t *testing.T) {
	yes, no, not, maybe := refused(""), open(""), notApplicable(""), untried("")
	for _, tt := range []struct {
		all  []Result
		want Verdict
	}{
		{nil, Unchecked},
		{[]Result{not, not}, Unchecked},
		{[]Result{yes, not}, Refused},
		{[]Result{yes, maybe}, Untried},
		{[]Result{yes, maybe, no, yes}, Open},
		{[]Result{maybe}, Untried},
	} {
		if got := Judge(tt.all); got != tt.want {
			t.Errorf("%v: %d, want %d", tt.all, got, tt.want)
		}
	}
}

func dialled(ctx context.Context, host string, port int, config *tls.Config, say string) error {
	d := tls.Dialer{Config: config}
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	defer conn.Close()
	if say == "" {
		return errors.New("gave up after the handshake")
	}
	if _, err := conn.Write([]byte(say)); err != nil {
		return err
	}
	_, _ = conn.Read(make([]byte, 1)) // until the impostor has read
	return errors.New("no answer")
}

// TestCassandraImpostor: a backend that verifies is refused for the right reason, and
// one that does not, as Kask's, is found out, even if it gives up in the end.
func TestCassandraImpostor(t *testing.T) {
	foreign, err := newIssuer(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	careful := func(ctx context.Context, host string, port int, ca []byte) error {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(ca)
		return dialled(ctx, host, port, &tls.Config{RootCAs: pool}, "OPTIONS")
	}
	nameless := func(ctx context.Context, host string, port int, ca []byte) error {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(ca)
		config := &tls.Config{InsecureSkipVerify: true}
		config.VerifyConnection = func(s tls.ConnectionState) error {
			_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: pool})
			return err
		}
		return dialled(ctx, host, port, config, "OPTIONS")
	}
	careless := func(ctx context.Context, host string, port int, _ []byte) error {
		return dialled(ctx, host, port, &tls.Config{InsecureSkipVerify: true}, "OPTIONS")
	}
	plain := func(ctx context.Context, host string, port int, _ []byte) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("\x04\x00\x00\x00\x05\x00\x00\x00\x00")); err != nil { // OPTIONS of CQL v4
			return err
		}
		_, _ = conn.Read(make([]byte, 1))
		return errors.New("no answer")
	}
	absent := func(context.Context, string, int, []byte) error {
		return errors.New("there is nothing to connect with")
	}
	for _, tt := range []struct {
		name           string
		open           func(ctx context.Context, host string, port int, ca []byte) error
		foreign, name2 string
	}{
		{"verifies", careful, "yes", "yes"},
		{"verifies no name", nameless, "yes", "NO"},
		{"verifies nothing", careless, "NO", "NO"},
		{"speaks without TLS", plain, "NO", "NO"},
		{"does not connect", absent, "NOT TRIED", "NOT TRIED"},
	} {
		c := &check{Target: &Target{Cassandra: &Cassandra{Open: tt.open}, Now: time.Now}, foreign: foreign}
		if r := c.cassandraForeign(t.Context()); r.Word() != tt.foreign {
			t.Errorf("%s: foreign certificate: %s %s", tt.name, r.Word(), r.Detail)
		}
		if r := c.cassandraWrongName(t.Context()); r.Word() != tt.name2 {
			t.Errorf("%s: wrong name: %s %s", tt.name, r.Word(), r.Detail)
		}
	}
}

// TestOnlyTheServiceRefuses: what fails for another reason is no refusal.
func TestOnlyTheServiceRefuses(t *testing.T) {
	hang := make(chan struct{})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/forbidden":
			w.WriteHeader(http.StatusForbidden)
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
		case "/hang":
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		case "/close":
			panic(http.ErrAbortHandler)
		}
	}))
	defer server.Close()
	defer close(hang)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "https://" + gone.Addr().String()
	gone.Close()
	for _, tt := range []struct {
		name, url string
		ca        *x509.CertPool
		want      bool
	}{
		{"answers 403", server.URL + "/forbidden", pool, true},
		{"closes", server.URL + "/close", pool, true},
		{"answers 404", server.URL + "/missing", pool, false},
		{"answers 200", server.URL + "/", pool, false},
		{"nobody listens", nobody + "/", pool, false},
		{"is not trusted by us", server.URL + "/forbidden", x509.NewCertPool(), false},
	} {
		target := &Target{ServerCA: tt.ca}
		o := target.try(t.Context(), attempt{url: tt.url})
		if how, ok := o.turnedAway(); ok != tt.want {
			t.Errorf("%s: %v (%s), %s", tt.name, ok, how, o)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	target := &Target{ServerCA: pool}
	if o := target.try(ctx, attempt{url: server.URL + "/hang"}); !strings.Contains(o.String(), "no answer") {
		t.Errorf("hangs: %s", o)
	} else if _, ok := o.turnedAway(); ok {
		t.Error("a service that does not answer has refused")
	}
}

// TestAServiceThatForgets is none that may be checked: its client's session must be
// read before and after.
func TestAServiceThatForgets(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusCreated)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	target := &Target{URL: server.URL, ServerCA: pool, Spaces: []Space{{"default", "/v1/"}}, Profile: "mutual", Now: time.Now}
	if all, err := target.Run(t.Context()); !fault.HasCode(err, "selfcheck.not_served") || all != nil {
		t.Errorf("%v, %v", all, err)
	}
}

// TestImpostorTakesTheName: a foreign authority has the name and the key id of the
// right one, so that who compares those alone is found out.
func TestImpostorTakesTheName(t *testing.T) {
	now := time.Now()
	right, err := newIssuer(nil, now)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := newIssuer(right.Cert, now)
	if err != nil {
		t.Fatal(err)
	}
	if foreign.Cert.Subject.String() != right.Cert.Subject.String() || !foreign.signs() || foreign.Cert.Equal(right.Cert) {
		t.Errorf("%s, %s", foreign.Cert.Subject, right.Cert.Subject)
	}
	cert, err := foreign.issue(wish{identity: "uri:spiffe://wiki/mediawiki", usage: x509.ExtKeyUsageClientAuth, begins: now.Add(-time.Hour), expires: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(right.Cert)
	if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err == nil {
		t.Error("the right authority vouches for it")
	}
	if names := identities(cert); len(names) != 1 || names[0] != "uri:spiffe://wiki/mediawiki" {
		t.Errorf("%v", names)
	}
}

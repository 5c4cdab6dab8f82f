// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// TestMutualAdmits: who has the right certificate may do what the rules grant,
// there and nowhere else.
func TestMutualAdmits(t *testing.T) {
	s := serve(t, nil)
	c := s.client(s.ca.issue(wiki, nil), nil)
	for path, want := range map[string]int{
		"default/read": 200, "default/write": 200, "default/delete": 403, "default/administer": 403,
		"anonymous/read": 403, "*/read": 403, "default/": 403, "default/READ": 403,
	} {
		if got, who := s.get(c, path); got != want || want == 200 && who != "uri:"+wiki {
			t.Errorf("%s: %d %q, want %d", path, got, who, want)
		}
	}
	if s.figure("sessiond_refused_total", "forbidden") == 0 {
		t.Error("what is forbidden is not counted")
	}
}

// TestMutualRefuses tries every certificate that must not do, and none.
func TestMutualRefuses(t *testing.T) {
	foreign := newCA(t, "Elsewhere")
	namesake := newCA(t, "Sessions") // same name, another key
	uris := func(all ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			for _, text := range all {
				u, err := url.Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				c.URIs = append(c.URIs, u)
			}
		}
	}
	var revoked issued
	s := serve(t, func(s *service, c *Config) {
		revoked = s.ca.issue(wiki, nil)
		put(t, s.file("ca.crl"), s.ca.crl(revoked))
		c.Policy = append(c.Policy, Rule{Identity: "uri:spiffe://wiki/jobs/*", Namespaces: []string{"*"}, Verbs: []Verb{Read}})
	})
	for name, c := range map[string]struct {
		with   issued
		reason string
	}{
		"no certificate":       {issued{}, "no_certificate"},
		"foreign authority":    {foreign.issue(wiki, nil), "unknown_authority"},
		"authority's namesake": {namesake.issue(wiki, nil), "unknown_authority"},
		"expired":              {s.ca.issue(wiki, func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Second) }), "expired"},
		"not yet valid":        {s.ca.issue(wiki, func(c *x509.Certificate) { c.NotBefore = start.Add(time.Minute) }), "expired"},
		"revoked":              {revoked, "revoked"},
		"wrong name":           {s.ca.issue("spiffe://wiki/somebody", nil), "policy"},
		"longer name":          {s.ca.issue(wiki+"2", nil), "policy"},
		"other case":           {s.ca.issue("spiffe://wiki/MediaWiki", nil), "policy"},
		"a server's":           {s.server, "usage"},
		"for code":             {s.ca.issue(wiki, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} }), "usage"},
		"an authority's": {s.ca.issue(wiki, func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
		}), "identity"},
		"common name alone": {s.ca.issue("", func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: wiki} }), "identity"},
		"mail alone":        {s.ca.issue("", func(c *x509.Certificate) { c.EmailAddresses = []string{"mediawiki@wiki"} }), "identity"},
		"wildcard":          {s.ca.issue("", func(c *x509.Certificate) { c.DNSNames = []string{"*"} }), "identity"},
		"two URIs":          {s.ca.issue("", uris(wiki, "https://wiki/")), "identity"},
		"out of the prefix": {s.ca.issue("", uris("spiffe://wiki/jobs/../root")), "identity"},
		"escaped":           {s.ca.issue("", uris("spiffe://wiki/jobs/%2e%2e/root")), "identity"},
		"prefix alone":      {s.ca.issue("spiffe://wiki/jobs/", nil), "policy"},
		"prefix elsewhere":  {s.ca.issue("spiffe://wiki/jobsearch/a", nil), "policy"},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			before := s.figure("sessiond_refused_total", c.reason)
			client := s.client(c.with, func(c *tls.Config) { c.MinVersion, c.MaxVersion = version, version })
			if status, text := s.get(client, "default/read"); status != 0 {
				t.Errorf("%s, %s: %d %q, want it refused", name, tls.VersionName(version), status, text)
			}
			eventually(t, name+" is counted as "+c.reason, func() bool { return s.figure("sessiond_refused_total", c.reason) > before })
		}
	}
	if status, _ := s.get(s.client(s.ca.issue("spiffe://wiki/jobs/a", nil), nil), "any/read"); status != 200 {
		t.Errorf("a name of the prefix: %d", status)
	}
}

// TestPlainHTTPOnTheTLSPort gets a hint and nothing else.
func TestPlainHTTPOnTheTLSPort(t *testing.T) {
	s := serve(t, nil)
	raw, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close() //nolint:errcheck // the test is over
	if _, err := io.WriteString(raw, "GET /default/read HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(raw), nil)
	if err != nil || resp.StatusCode != 400 {
		t.Fatalf("%v, %v; want 400", resp, err)
	}
	if s.figure("sessiond_handshakes_total", "plain_http") != 1 {
		t.Error("not counted")
	}
}

// TestOldTLS: 1.0 and 1.1, suites without forward secrecy or authenticated
// encryption, and HTTP/2 are not spoken.
func TestOldTLS(t *testing.T) {
	s := serve(t, nil)
	good := s.ca.issue(wiki, nil)
	for name, change := range map[string]func(*tls.Config){
		"TLS 1.0": func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 },
		"TLS 1.1": func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 },
		"CBC": func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
		},
		"HTTP/2": func(c *tls.Config) { c.NextProtos = []string{"h2"} },
	} {
		if status, text := s.get(s.client(good, change), "default/read"); status != 0 {
			t.Errorf("%s: %d %q", name, status, text)
		}
	}
	eventually(t, "old versions are counted", func() bool { return s.figure("sessiond_refused_total", "version") == 2 })
	if status, _ := s.get(s.client(good, nil), "default/read"); status != 200 {
		t.Errorf("as it should be: %d", status)
	}
}

// TestMinVersion13 refuses 1.2 where the configuration says so.
func TestMinVersion13(t *testing.T) {
	s := serve(t, func(_ *service, c *Config) { c.MinVersion = tls.VersionTLS13 })
	good := s.ca.issue(wiki, nil)
	if status, _ := s.get(s.client(good, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }), "default/read"); status != 0 {
		t.Errorf("TLS 1.2: %d", status)
	}
	if status, _ := s.get(s.client(good, nil), "default/read"); status != 200 {
		t.Errorf("TLS 1.3: %d", status)
	}
}

// TestNoResumption: a session that is taken up again would outlive its certificate,
// the client's or ours.
func TestNoResumption(t *testing.T) {
	token, hash := NewToken()
	mutual, credential := serve(t, nil), byCredentials(t, entry("mediawiki", hash, "[default]", start, start.Add(time.Hour)))
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for name, s := range map[string]*service{"mutual": mutual, "credential": credential} {
			config := &tls.Config{InsecureSkipVerify: true, ClientSessionCache: tls.NewLRUClientSessionCache(10), MaxVersion: version, MinVersion: version, ServerName: "localhost"} //nolint:gosec // a test's client
			if s == mutual {
				config.Certificates = []tls.Certificate{s.ca.issue(wiki, nil).tls(t)}
			}
			for i := range 2 {
				c, err := tls.Dial("tcp", s.address, config)
				if err != nil {
					t.Fatal(err)
				}
				// The ticket of TLS 1.3 comes with the first answer.
				if _, err := io.WriteString(c, "GET /default/read HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "+token+"\r\n\r\n"); err != nil {
					t.Fatal(err)
				}
				if resp, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || resp.StatusCode != 200 {
					t.Fatalf("%v %v", resp, err)
				}
				if c.ConnectionState().DidResume {
					t.Errorf("%s, %s: connection %d resumed a session", name, tls.VersionName(version), i)
				}
				c.Close() //nolint:errcheck // the next one
			}
		}
	}
}

// TestOutsideTheNetworks: in profile mutual a list is one more control.
func TestOutsideTheNetworks(t *testing.T) {
	s := serve(t, func(s *service, c *Config) {
		c.Networks = s.file("networks")
		put(t, c.Networks, []byte("10.64.0.0/22\n"))
	})
	good := s.ca.issue(wiki, nil)
	if status, text := s.get(s.client(good, nil), "default/read"); status != 0 {
		t.Errorf("from outside: %d %q", status, text)
	}
	if s.figure("sessiond_refused_total", "network") == 0 {
		t.Error("not counted")
	}
	put(t, s.file("networks"), []byte("127.0.0.1\n"))
	eventually(t, "the new list is in force", func() bool {
		status, _ := s.get(s.client(good, nil), "default/read")
		return status == 200
	})
	if status, text := s.get(s.client(issued{}, nil), "default/read"); status != 0 {
		t.Errorf("from inside, without a certificate: %d %q", status, text)
	}
}

// TestPastTheListener: a request that did not come through the guard's listener is
// nobody's, whatever its headers say.
func TestPastTheListener(t *testing.T) {
	s := serve(t, nil)
	r := httptest.NewRequest(http.MethodGet, "/default/read", nil)
	r.Header.Set("X-Forwarded-Client-Cert", "URI="+wiki)
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{s.ca.issue(wiki, nil).leaf}}
	w := httptest.NewRecorder()
	s.answer(w, r)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("%d, want 401", w.Code)
	}
	if err := s.guard.Check(nil, "default", Read); err == nil {
		t.Error("nobody may read")
	}
	// Nor is who is known to another listener known to this one.
	r = r.WithContext(withConn(r.Context(), &conn{guard: &Guard{}, peer: &Peer{Identities: []string{"uri:" + wiki}}}))
	if err := s.guard.Authorize(r, "default", "read"); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("by another listener: %v", err)
	}
}

// TestRefusalsAreQuiet: what a client learns from a refusal names no rule,
// namespace or identity.
func TestRefusalsAreQuiet(t *testing.T) {
	s := serve(t, nil)
	c := s.client(s.ca.issue("spiffe://wiki/somebody", nil), nil)
	if _, text := s.get(c, "default/read"); strings.Contains(text, "mediawiki") || strings.Contains(text, "policy") {
		t.Errorf("it says %q", text)
	}
}

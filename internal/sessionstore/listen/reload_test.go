// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// served returns the certificate that the listener shows.
func (s *service) served() *x509.Certificate {
	s.t.Helper()
	var leaf *x509.Certificate
	config := &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(cs tls.ConnectionState) error { //nolint:gosec // a test's client
		leaf = cs.PeerCertificates[0]
		return nil
	}}
	c, err := tls.Dial("tcp", s.address, config)
	if err == nil {
		c.Close() //nolint:errcheck // it was looked at
	}
	if leaf == nil {
		s.t.Fatal(err)
	}
	return leaf
}

// TestReloadUnderLoad: certificate, key, authorities, lists and rules change again
// and again, and not one request fails or loses its connection.
func TestReloadUnderLoad(t *testing.T) {
	s := serve(t, func(s *service, c *Config) {
		c.Networks = s.file("networks")
		put(t, c.Networks, []byte("127.0.0.0/24\n"))
	})
	with := s.ca.issue(wiki, nil)
	other := newCA(t, "Other")
	stop := make(chan struct{})
	var served atomic.Int64
	var wait sync.WaitGroup
	const clients = 8
	for range clients {
		c := s.idle(with)
		wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if status := ask(t, c); status != 200 {
					t.Errorf("%d", status)
					return
				}
				served.Add(1)
			}
		})
	}
	for i := range 20 {
		fresh := s.ca.server()
		put(t, s.file("server.pem"), fresh.cert)
		put(t, s.file("ca.crl"), s.ca.crl())
		put(t, s.file("server.key"), fresh.key)
		if i%2 == 0 {
			put(t, s.file("ca.pem"), s.ca.pem(), other.pem())
		} else {
			put(t, s.file("ca.pem"), s.ca.pem())
		}
		put(t, s.file("networks"), []byte("127.0.0.0/24\n"), []byte(strings.Repeat("10.0.0.0/22\n", i)))
		if err := s.guard.SetPolicy([]Rule{{Identity: "uri:" + wiki, Namespaces: []string{"default"}, Verbs: []Verb{Read}}}); err != nil {
			t.Fatal(err)
		}
		before := served.Load()
		eventually(t, "the new certificate is in force", func() bool { return s.served().Equal(fresh.leaf) })
		eventually(t, "requests go on", func() bool { return served.Load() > before })
	}
	close(stop)
	wait.Wait()
	if n := s.figure("sessiond_connections_ended_total", ""); n != 0 {
		t.Errorf("%v connections were ended", n)
	}
	t.Logf("%d requests", served.Load())
}

// TestBadReload: what cannot be used changes nothing, is counted and reported, and
// is over once the file is mended.
func TestBadReload(t *testing.T) {
	other := newCA(t, "Other")
	for name, c := range map[string]struct {
		file string
		what string
		bad  func(*service) []byte
	}{
		"certificate is gone":        {"server.pem", "certificate", nil},
		"certificate is empty":       {"server.pem", "certificate", func(*service) []byte { return nil }},
		"certificate of another key": {"server.pem", "certificate", func(s *service) []byte { return s.ca.server().cert }},
		"certificate half written":   {"server.pem", "certificate", func(s *service) []byte { return s.server.cert[:200] }},
		"a client's certificate":     {"server.pem", "certificate", func(s *service) []byte { return s.ca.issue(wiki, nil).cert }},
		"key is gone":                {"server.key", "certificate", nil},
		"authorities are gone":       {"ca.pem", "authorities", nil},
		"authorities are empty":      {"ca.pem", "authorities", func(*service) []byte { return []byte("\n") }},
		"a leaf as an authority": {"ca.pem", "authorities", func(s *service) []byte {
			return append(s.ca.pem(), s.ca.issue(wiki, func(c *x509.Certificate) { c.KeyUsage = 0 }).cert...)
		}},
		"a key among authorities":     {"ca.pem", "authorities", func(s *service) []byte { return append(s.ca.pem(), s.server.key...) }},
		"list is gone":                {"ca.crl", "authorities", nil},
		"list is rubbish":             {"ca.crl", "authorities", func(*service) []byte { return []byte("rubbish") }},
		"list by an impostor":         {"ca.crl", "authorities", func(s *service) []byte { return s.impostor().crl() }},
		"list is an older one":        {"ca.crl", "authorities", func(s *service) []byte { s.ca.lists = 0; return s.ca.crl() }},
		"networks are empty":          {"networks", "networks", func(*service) []byte { return []byte("# source: x\n") }},
		"networks are an error page":  {"networks", "networks", func(*service) []byte { return []byte("<html>") }},
		"networks are cut in a line":  {"networks", "networks", func(*service) []byte { return []byte("127.0.0.0/24\n10.64.") }},
		"authorities are other files": {"ca.pem", "authorities", func(*service) []byte { return append([]byte("junk"), other.pem()[:100]...) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(s *service, c *Config) {
				s.ca.crl()
				put(t, s.file("ca.crl"), s.ca.crl())
				c.Networks = s.file("networks")
				put(t, c.Networks, []byte("127.0.0.0/24\n"))
			})
			conn := s.idle(s.ca.issue(wiki, nil))
			good, err := os.ReadFile(s.file(c.file))
			if err != nil {
				t.Fatal(err)
			}
			if c.bad == nil {
				if err := os.Remove(s.file(c.file)); err != nil {
					t.Fatal(err)
				}
			} else {
				put(t, s.file(c.file), c.bad(s))
			}
			eventually(t, "it is counted", func() bool { return s.figure("sessiond_reload_failures_total", c.what) == 1 })
			if s.figure("sessiond_reload_failing", c.what) != 1 || s.figure("sessiond_listener_unsafe", "reload."+c.what) != 1 {
				t.Errorf("not reported: %v %v %v", s.figure("sessiond_reload_failing", c.what), s.figure("sessiond_listener_unsafe", "reload."+c.what), s.guard.Warnings())
			}
			if status := ask(t, conn); status != 200 {
				t.Errorf("the open connection: %d", status)
			}
			if status, text := s.get(s.client(s.ca.issue(wiki, nil), nil), "default/read"); status != 200 {
				t.Errorf("a new connection: %d %s", status, text)
			}
			if status, _ := s.get(s.client(other.issue(wiki, nil), nil), "default/read"); status != 0 {
				t.Errorf("a foreign certificate: %d", status)
			}
			if err := s.guard.Reload(); err == nil {
				t.Error("Reload says that all is well")
			}
			put(t, s.file(c.file), good)
			eventually(t, "it is over", func() bool { return s.figure("sessiond_reload_failing", c.what) == 0 })
		})
	}
}

// impostor is an authority of the same name and key id with another key.
func (s *service) impostor() *ca {
	fake := newCA(s.t, "Sessions")
	key := *s.ca.cert
	key.PublicKey = fake.key.Public()
	fake.cert = &key
	fake.lists = 100
	return fake
}

// TestBadPolicy changes nothing.
func TestBadPolicy(t *testing.T) {
	s := serve(t, nil)
	if err := s.guard.SetPolicy([]Rule{{Identity: "everybody", Namespaces: []string{"*"}, Verbs: []Verb{Read}}}); err == nil {
		t.Error("a rule for nobody knows whom")
	}
	if status, _ := s.get(s.client(s.ca.issue(wiki, nil), nil), "default/read"); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
	if s.figure("sessiond_reload_failures_total", "policy") != 1 {
		t.Error("not counted")
	}
}

// TestStandsStill: files are read once they have stood still for one look, so that
// one in the middle of being written is left alone.
func TestStandsStill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	put(t, path, []byte("1"))
	src := &source{what: "test", paths: []string{path}, read: func([][]byte, *material) error { return nil }}
	if _, _, err := src.load(&material{}); err != nil {
		t.Fatal(err)
	}
	if src.due() {
		t.Error("nothing changed")
	}
	for _, content := range []string{"12", "123"} {
		put(t, path, []byte(content))
		if src.due() {
			t.Errorf("%q has not stood still", content)
		}
	}
	if !src.due() {
		t.Error("it stands still")
	}
}

// TestSwappedLink: Kubernetes updates a secret by swapping a link to a folder; the
// files' own names never change.
func TestSwappedLink(t *testing.T) {
	var dir string
	write := func(version string, i issued) {
		t.Helper()
		if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(dir, version, "tls.crt"), i.cert)
		put(t, filepath.Join(dir, version, "tls.key"), i.key)
		next := filepath.Join(dir, "..data_tmp")
		if err := os.Symlink(version, next); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(next, filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	s := serve(t, func(s *service, c *Config) {
		dir = filepath.Join(s.dir, "secret")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		write("..1", s.server)
		for _, name := range []string{"tls.crt", "tls.key"} {
			if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		c.Cert, c.Key = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	})
	fresh := s.ca.server()
	write("..2", fresh)
	eventually(t, "the new certificate is in force", func() bool { return s.served().Equal(fresh.leaf) })
	if n := s.figure("sessiond_reload_failures_total", "certificate"); n != 0 {
		t.Errorf("%v failures on the way", n)
	}
}

// TestStart: files that cannot be used keep a listener from starting.
func TestStart(t *testing.T) {
	a := newCA(t, "Sessions")
	dir := t.TempDir()
	at := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		put(t, path, data)
		return path
	}
	expired := a.issue("", func(c *x509.Certificate) {
		c.DNSNames, c.ExtKeyUsage, c.NotAfter = []string{"localhost"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, start.Add(-time.Minute)
	})
	nameless := a.issue("", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	server := a.server()
	good := Config{Profile: Mutual, Cert: at("s.pem", server.cert), Key: at("s.key", server.key), ClientCA: at("ca.pem", a.pem()), Now: func() time.Time { return start }}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Config){
		"no profile":             func(c *Config) { c.Profile = "" },
		"optional":               func(c *Config) { c.Profile = "optional" },
		"no authorities":         func(c *Config) { c.ClientCA = "" },
		"no certificate":         func(c *Config) { c.Cert, c.Key = "", "" },
		"no key":                 func(c *Config) { c.Key = "" },
		"expired":                func(c *Config) { c.Cert, c.Key = at("e.pem", expired.cert), at("e.key", expired.key) },
		"nameless":               func(c *Config) { c.Cert, c.Key = at("n.pem", nameless.cert), at("n.key", nameless.key) },
		"TLS 1.1":                func(c *Config) { c.MinVersion = tls.VersionTLS11 },
		"network without list":   func(c *Config) { c.Profile = ByNetwork },
		"credential, no list":    func(c *Config) { c.Profile, c.Credentials = ByCredential, at("c", nil) },
		"list of revocations":    func(c *Config) { c.ClientCRL = filepath.Join(dir, "absent") },
		"a bad rule":             func(c *Config) { c.Policy = []Rule{{Identity: "*"}} },
		"lists but no authority": func(c *Config) { c.Profile, c.ClientCA, c.ClientCRL, c.Networks = ByNetwork, "", "x", "y" },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: it starts", name)
		}
	}
}

// TestListenerCloses: a closed listener accepts no more, and drops what is half open.
func TestListenerCloses(t *testing.T) {
	s := serve(t, nil)
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := s.guard.Listen(raw)
	c, err := net.Dial("tcp", raw.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is half open", func() bool { return l.half.size() == 1 })
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("it accepts")
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the half open one is open")
	}
}

// FuzzParseTrust: whatever the files hold, what is trusted are authorities, and
// lists are theirs.
func FuzzParseTrust(f *testing.F) {
	authorities, err := os.ReadFile(filepath.Join("testdata", "ca.pem"))
	if err != nil {
		f.Fatal(err)
	}
	lists, err := os.ReadFile(filepath.Join("testdata", "ca.crl"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(authorities, lists)
	f.Add(authorities, []byte{0x30, 0x82})
	f.Fuzz(func(t *testing.T, authorities, lists []byte) {
		trusted, err := parseTrust(authorities, lists, start)
		if err != nil {
			return
		}
		if len(trusted.authorities) == 0 {
			t.Error("nobody is trusted, and that is no error")
		}
		for _, a := range trusted.authorities {
			if !a.IsCA {
				t.Errorf("%s is trusted", a.Subject)
			}
		}
		for _, l := range trusted.lists {
			if !l.issuer.IsCA {
				t.Errorf("a list by %s", l.issuer.Subject)
			}
		}
	})
}

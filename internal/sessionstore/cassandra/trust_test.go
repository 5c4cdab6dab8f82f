// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/test/fakes/cql"
)

// authority signs certificates for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{file: filepath.Join(t.TempDir(), "ca.pem")}
	root := a.issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	a.cert = root.Leaf
	must(t, os.WriteFile(a.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate[0]}), 0o600))
	return a
}

func (a *authority) issue(t *testing.T, c *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	if c.NotBefore = time.Now().Add(-2 * time.Hour); c.NotAfter.IsZero() {
		c.NotAfter = time.Now().Add(time.Hour)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer, a.key = c, key, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	must(t, err)
	leaf, err := x509.ParseCertificate(der)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// node issues a certificate for a node's names and addresses.
func (a *authority) node(t *testing.T, names ...string) tls.Certificate {
	t.Helper()
	c := &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, n)
		}
	}
	return a.issue(t, c)
}

// TestForeignNodeIsRefused: Kask sent its password and the session to whoever
// answered (defect 1). Here not a byte goes to a node that does not prove who it is.
func TestForeignNodeIsRefused(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	expired := ours.issue(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(-time.Hour)})
	for name, c := range map[string]struct {
		cert   tls.Certificate
		server string
		host   string
		ok     bool
	}{
		"ours by address":            {ours.node(t, "127.0.0.1"), "", "127.0.0.1", true},
		"ours by the contact's name": {ours.node(t, "localhost"), "", "localhost", true},
		"ours by one name for all":   {ours.node(t, "cassandra.test"), "cassandra.test", "127.0.0.1", true},
		"a foreign authority":        {theirs.node(t, "127.0.0.1", "localhost"), "", "127.0.0.1", false},
		"another node's name":        {ours.node(t, "127.0.0.2", "other.test"), "", "127.0.0.1", false},
		"not the name for all":       {ours.node(t, "127.0.0.1"), "cassandra.test", "127.0.0.1", false},
		"expired":                    {expired, "", "127.0.0.1", false},
		"for clients alone":          {ours.issue(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}), "", "127.0.0.1", false},
	} {
		t.Run(name, func(t *testing.T) {
			node, err := cql.Start(cql.Options{TLS: &tls.Config{Certificates: []tls.Certificate{c.cert}}, Username: "kask", Password: "very secret"})
			must(t, err)
			t.Cleanup(func() { _ = node.Close() })
			b, err := Open(Config{
				Hosts: []string{c.host}, Port: node.Port(), Keyspace: "sessions", TLS: TLS{CA: ours.file, ServerName: c.server},
				Username: "kask", Password: "very secret", Clock: time.Now, Connections: 1,
			})
			if err == nil {
				_ = b.Close()
			}
			if (err == nil) != c.ok {
				t.Fatalf("opened: %v", err)
			}
			if heard := node.Heard([]byte("very secret")); heard != c.ok {
				t.Fatalf("it heard the password: %t", heard)
			}
			if !c.ok && (node.Said() != 0 || node.Opened() == 0) {
				t.Fatalf("%d connections, %d bytes: it was to be tried, and told nothing", node.Opened(), node.Said())
			}
		})
	}
}

// TestTLSIsNotAskedForInVain: a node without TLS gets nothing either.
func TestTLSIsNotAskedForInVain(t *testing.T) {
	node, err := cql.Start(cql.Options{Username: "kask", Password: "very secret"})
	must(t, err)
	t.Cleanup(func() { _ = node.Close() })
	_, err = Open(Config{
		Hosts: []string{"127.0.0.1"}, Port: node.Port(), Keyspace: "sessions", TLS: TLS{CA: newAuthority(t).file}, Username: "kask",
		Password: "very secret", Clock: time.Now, ConnectTimeout: time.Second,
	})
	if err == nil || node.Heard([]byte("very secret")) {
		t.Fatalf("%v; it heard the password: %t", err, node.Heard([]byte("very secret")))
	}
}

// TestPassword: the password is read anew for each connection, from a file.
func TestPassword(t *testing.T) {
	node, err := cql.Start(cql.Options{Username: "kask", Password: "right"})
	must(t, err)
	t.Cleanup(func() { _ = node.Close() })
	file := filepath.Join(t.TempDir(), "password")
	c := Config{Hosts: []string{"127.0.0.1"}, Port: node.Port(), Keyspace: "sessions", Plaintext: true, Username: "kask", PasswordFile: file, Clock: time.Now}
	if _, err := Open(c); err == nil {
		t.Fatal("opened without the password's file")
	}
	must(t, os.WriteFile(file, []byte("wrong\n"), 0o600))
	if _, err := Open(c); err == nil || strings.Contains(err.Error(), "wrong") {
		t.Fatalf("a wrong password: %v", err)
	}
	must(t, os.WriteFile(file, []byte("right\n"), 0o600))
	b, err := Open(c)
	must(t, err)
	must(t, b.Close())
}

// TestCertificatesAreReadAnew: a new authority counts for the next connection, and a
// file that became bad does not end what works.
func TestCertificatesAreReadAnew(t *testing.T) {
	ours, next := newAuthority(t), newAuthority(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	put := func(from string) {
		t.Helper()
		raw, err := os.ReadFile(from)
		must(t, err)
		must(t, os.WriteFile(file, raw, 0o600))
	}
	put(ours.file)
	cert := ours.node(t, "127.0.0.1")
	node, err := cql.Start(cql.Options{TLS: &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &cert, nil }}})
	must(t, err)
	t.Cleanup(func() { _ = node.Close() })
	b, err := Open(Config{Hosts: []string{"127.0.0.1"}, Port: node.Port(), Keyspace: "sessions", TLS: TLS{CA: file}, Clock: time.Now, Connections: 1})
	must(t, err)
	t.Cleanup(func() { _ = b.Close() })
	again := func() error {
		session, err := b.link.open(t.Context())
		if err == nil {
			session.Close()
		}
		return err
	}
	must(t, os.WriteFile(file, []byte("rubbish"), 0o600))
	must(t, again())
	put(next.file)
	if again() == nil {
		t.Fatal("an authority that was taken away counts on")
	}
	put(ours.file)
	must(t, again())
}

// TestConfigIsRefused: what would be unsafe, or cannot be meant.
func TestConfigIsRefused(t *testing.T) {
	good := Config{Hosts: []string{"a"}, Keyspace: "sessions", Clock: time.Now, TLS: TLS{CA: "ca.pem"}}
	if _, err := good.completed(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Config){
		"no hosts":                func(c *Config) { c.Hosts = nil },
		"no clock":                func(c *Config) { c.Clock = nil },
		"a keyspace with CQL":     func(c *Config) { c.Keyspace = "a; DROP KEYSPACE b" },
		"neither TLS nor without": func(c *Config) { c.TLS = TLS{} },
		"both":                    func(c *Config) { c.Plaintext = true },
		"a key alone":             func(c *Config) { c.TLS.Key = "key" },
		"a password alone":        func(c *Config) { c.Password = "x" },
	} {
		c := good
		spoil(&c)
		if _, err := c.completed(); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

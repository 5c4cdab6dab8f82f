// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/sessionstore/authority"
)

// between signs an authority below this one.
func (a *ca) between(name string) *ca {
	a.t.Helper()
	a.serial++
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, NotBefore: start.Add(-time.Hour), NotAfter: start.Add(12 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return &ca{t: a.t, cert: cert, key: key, serial: 1000}
}

// TestSVID: certificates as SPIFFE servers issue them, with an authority between:
// one URI, both usages or none; the connection holds no longer than any of the
// chain, and an authority that is revoked takes its clients with it.
func TestSVID(t *testing.T) {
	s := serve(t, nil)
	below := s.ca.between("Workloads")
	for name, usages := range map[string][]x509.ExtKeyUsage{"both": {x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}, "none": nil} {
		svid := below.issue(wiki, func(c *x509.Certificate) { c.ExtKeyUsage, c.Subject = usages, pkix.Name{} })
		if status, _ := s.get(s.client(svid, nil), "default/read"); status != 0 {
			t.Errorf("%s, without the chain: %d", name, status)
		}
		svid.cert = append(svid.cert, below.pem()...)
		if status, text := s.get(s.client(svid, nil), "default/read"); status != 200 {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	svid := below.issue(wiki, nil)
	svid.cert = append(svid.cert, below.pem()...)
	for what, change := range map[string]func(){
		"the authority's end":        func() { s.clock.Set(start.Add(12 * time.Hour)) },
		"the authority's revocation": func() { put(t, s.file("ca.crl"), s.ca.crl(issued{leaf: below.cert})) },
	} {
		s.clock.Set(start)
		c := s.idle(svid)
		change()
		closed(t, what, c)
		put(t, s.file("ca.crl"), s.ca.crl())
		eventually(t, "it is as it was", func() bool {
			s.clock.Set(start)
			status, _ := s.get(s.client(svid, nil), "default/read")
			return status == 200
		})
	}
}

// TestServerOfAnyKind: RSA keys, keys in the older form, and chains are served.
func TestServerOfAnyKind(t *testing.T) {
	s := serve(t, nil)
	below := s.ca.between("Servers")
	long := below.server()
	long.cert = append(long.cert, below.pem()...)

	ec := s.ca.server()
	block, _ := pem.Decode(ec.key)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(parsed.(*ecdsa.PrivateKey)) //nolint:forcetypeassert // made above
	if err != nil {
		t.Fatal(err)
	}
	older := ec
	older.key = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})

	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := *ec.leaf
	template.SerialNumber, template.SignatureAlgorithm = big.NewInt(77), 0
	der, err := x509.CreateCertificate(rand.Reader, &template, s.ca.cert, rsaKey.Public(), s.ca.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	old := issued{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey)}), leaf}

	for name, one := range map[string]issued{"a chain": long, "the older form": older, "RSA": old} {
		put(t, s.file("server.pem"), one.cert)
		put(t, s.file("server.key"), one.key)
		eventually(t, name+" is in force", func() bool { return bytes.Equal(s.served().Raw, one.leaf.Raw) })
		if status, text := s.get(s.client(s.ca.issue(wiki, nil), nil), "default/read"); status != 200 {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	// The chain's authority ends after 12 h, and so does the certificate for all who look.
	put(t, s.file("server.pem"), long.cert)
	put(t, s.file("server.key"), long.key)
	eventually(t, "the chain is in force", func() bool {
		return s.figure("sessiond_certificate_expires_seconds", "server") == (12 * time.Hour).Seconds()
	})
}

// TestWithOurAuthority: what package authority makes is what the listener takes:
// issue, renew with a new key, revoke.
func TestWithOurAuthority(t *testing.T) {
	var a *authority.Authority
	var client authority.Record
	var fresh *ca
	s := serve(t, func(s *service, c *Config) {
		var err error
		if a, err = authority.Create(filepath.Join(s.dir, "authority"), authority.Options{Domains: []string{"localhost"}, TrustDomains: []string{"wiki"}}, s.clock.Real); err != nil {
			t.Fatal(err)
		}
		server, err := a.Issue(authority.Request{Name: "sessiond", Role: authority.Server, DNS: []string{"localhost"}})
		if err != nil {
			t.Fatal(err)
		}
		if client, err = a.Issue(authority.Request{Name: "mediawiki", Role: authority.Client, URIs: []string{wiki}}); err != nil {
			t.Fatal(err)
		}
		c.Cert, c.Key, c.ClientCA, c.ClientCRL = server.Cert, server.Key, a.CertFile(), a.ListFile()
		fresh = &ca{t: t, cert: a.Certificate()}
	})
	s.ca = fresh
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		t.Fatal(err)
	}
	s.address = "localhost:" + port // it may not sign for addresses
	load := func() issued {
		t.Helper()
		var out issued
		var err error
		if out.cert, err = os.ReadFile(client.Cert); err != nil {
			t.Fatal(err)
		}
		if out.key, err = os.ReadFile(client.Key); err != nil {
			t.Fatal(err)
		}
		return out
	}
	kept := s.idle(load())
	before := s.served()
	if _, err := a.Renew("sessiond", true); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the renewed certificate is in force", func() bool { return !bytes.Equal(s.served().Raw, before.Raw) })
	if status := ask(t, kept); status != 200 {
		t.Errorf("the connection from before: %d", status)
	}
	if status, text := s.get(s.client(load(), nil), "default/read"); status != 200 {
		t.Errorf("a new one: %d %s", status, text)
	}
	if _, err := a.Revoke("mediawiki", "key-compromise"); err != nil {
		t.Fatal(err)
	}
	closed(t, "a revoked client's connection", kept)
	if status, _ := s.get(s.client(load(), nil), "default/read"); status != 0 {
		t.Errorf("a revoked client: %d", status)
	}
	if n := s.figure("sessiond_reload_failures_total", ""); n > 1 { // certificate and key are two files
		t.Errorf("%v failures", n)
	}
}

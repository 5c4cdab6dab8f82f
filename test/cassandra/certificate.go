// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// issuer is an authority for tests.
type issuer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// certify makes two authorities, of which the server knows one, the server's
// certificate and a client's of each.
func (s *Server) certify() error {
	ours, err := newIssuer("Portreeve test authority")
	if err != nil {
		return err
	}
	other, err := newIssuer("Foreign test authority")
	if err != nil {
		return err
	}
	s.Identity = "spiffe://portreeve.test/sessiond"
	cert, key, err := ours.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "node"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.ParseIP(s.Host)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		return err
	}
	if _, err := s.keep("node.bundle", bytes.Join([][]byte{key, cert, ours.pem}, nil)); err != nil {
		return err
	}
	if s.CA, err = s.keep("ca.pem", ours.pem); err != nil {
		return err
	}
	if s.OtherCA, err = s.keep("other-ca.pem", other.pem); err != nil {
		return err
	}
	if s.Cert, s.Key, err = s.client(ours, "client"); err != nil {
		return err
	}
	s.OtherCert, s.OtherKey, err = s.client(other, "other-client")
	return err
}

// client issues a certificate with the server's Identity and returns its files.
func (s *Server) client(by *issuer, name string) (certFile, keyFile string, err error) {
	id, err := url.Parse(s.Identity)
	if err != nil {
		return "", "", err
	}
	cert, key, err := by.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: name}, URIs: []*url.URL{id}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return "", "", err
	}
	if certFile, err = s.keep(name+".pem", cert); err != nil {
		return "", "", err
	}
	keyFile, err = s.keep(name+".key", key)
	return certFile, keyFile, err
}

func (s *Server) keep(name string, data []byte) (string, error) {
	path := filepath.Join(s.Dir, "tls", name)
	return path, os.WriteFile(path, data, 0o600)
}

func newIssuer(name string) (*issuer, error) {
	i := &issuer{}
	cert := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw, _, err := i.issue(cert)
	if err != nil {
		return nil, err
	}
	i.pem = raw
	block, _ := pem.Decode(raw)
	i.cert, err = x509.ParseCertificate(block.Bytes)
	return i, err
}

// issue signs a certificate that holds for a day, with a key of its own; an
// issuer without a certificate signs its own with its own key.
func (i *issuer) issue(c *x509.Certificate) (cert, key []byte, err error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = serial, time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	parent, signer := i.cert, i.key
	if parent == nil {
		parent, signer, i.key = c, own, own
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, own.Public(), signer)
	if err != nil {
		return nil, nil, fmt.Errorf("sign %s: %w", c.Subject.CommonName, err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(own)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), nil
}

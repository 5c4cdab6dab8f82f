// SPDX-License-Identifier: Apache-2.0

package selfcheck

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"strings"
	"time"
)

// Issuer signs certificates: the authority of the service's clients, or one that
// the check makes for itself.
type Issuer struct {
	Cert *x509.Certificate
	Key  crypto.Signer
}

// newIssuer makes an authority that nobody trusts. It carries the name of another,
// so that a service that compares names alone is found out.
func newIssuer(like *x509.Certificate, now time.Time) (*Issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "selfcheck: an authority that nobody trusts"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	if like != nil {
		template.RawSubject, template.SubjectKeyId = like.RawSubject, like.SubjectKeyId
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	return &Issuer{Cert: cert, Key: key}, err
}

// wish is what a certificate shall say.
type wish struct {
	identity        string // uri:..., dns:..., or "" for a common name alone
	usage           x509.ExtKeyUsage
	begins, expires time.Time
	hosts           []string // of a server
}

// issue signs a certificate with a key of its own.
func (i *Issuer) issue(w wish) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "sessiond selfcheck"},
		NotBefore: w.begins, NotAfter: w.expires,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{w.usage}, BasicConstraintsValid: true,
	}
	kind, name, _ := strings.Cut(w.identity, ":")
	switch kind {
	case "uri":
		u, err := url.Parse(name)
		if err != nil {
			return nil, fmt.Errorf("identity %s: %w", w.identity, err)
		}
		template.URIs = []*url.URL{u}
	case "dns":
		template.DNSNames = []string{name}
	}
	for _, h := range w.hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, i.Cert, key.Public(), i.Key)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	return &tls.Certificate{Certificate: [][]byte{der, i.Cert.Raw}, PrivateKey: key, Leaf: leaf}, err
}

// signs reports whether the key belongs to the certificate: a check with the wrong
// key would be refused for a reason that proves nothing.
func (i *Issuer) signs() bool {
	own, ok := i.Cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	return ok && own.Equal(i.Key.Public())
}

func serial() *big.Int {
	b := make([]byte, 16)
	rand.Read(b) // never fails: crypto/rand ends the process instead
	b[0] &= 0x7f
	if bytes.Equal(b, make([]byte, 16)) {
		b[15] = 1
	}
	return new(big.Int).SetBytes(b)
}

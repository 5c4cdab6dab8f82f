// SPDX-License-Identifier: Apache-2.0

package app

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"portreeve.org/portreeve/internal/kernel/durable"
)

// localCertificate holds the paths of a certificate for localhost and of the
// small authority that signed it.
type localCertificate struct {
	Authority, Certificate, Key string
}

// ensureLocalCertificate makes, in dir, an authority for localhost alone and a
// certificate of it, unless a pair that is good for another week is there. The
// authority's key is thrown away after signing, so that it can sign nothing else
// (name constraints limit it besides, RFC 5280 section 4.2.1.10).
func ensureLocalCertificate(dir string, now time.Time) (localCertificate, error) {
	files := localCertificate{
		Authority:   filepath.Join(dir, "ca.pem"),
		Certificate: filepath.Join(dir, "localhost.pem"),
		Key:         filepath.Join(dir, "localhost-key.pem"),
	}
	if files.usable(now) {
		return files, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return files, fmt.Errorf("make the folder for the local certificate: %w", err)
	}
	caTemplate := &x509.Certificate{
		SerialNumber:                big.NewInt(now.UnixNano()),
		Subject:                     pkix.Name{CommonName: "Portreeve local authority"},
		NotBefore:                   now.Add(-time.Hour),
		NotAfter:                    now.AddDate(1, 0, 0),
		IsCA:                        true,
		BasicConstraintsValid:       true,
		MaxPathLenZero:              true,
		KeyUsage:                    x509.KeyUsageCertSign,
		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         []string{"localhost"},
		PermittedIPRanges: []*net.IPNet{
			{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
			{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
		},
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return files, err
	}
	if err := writeCertificate(files.Authority, caTemplate, caTemplate, caKey.Public(), caKey); err != nil {
		return files, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return files, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano() + 1),
		Subject:      pkix.Name{CommonName: "localhost"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(0, 3, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	if err := writeCertificate(files.Certificate, template, caTemplate, key.Public(), caKey); err != nil {
		return files, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return files, err
	}
	return files, writePEM(files.Key, "PRIVATE KEY", der, 0o600)
}

// usable reports whether the files belong together and the certificate is good
// for another week. They are three: a stop while they are written leaves some of
// them old.
func (l localCertificate) usable(now time.Time) bool {
	pair, err := tls.LoadX509KeyPair(l.Certificate, l.Key)
	if err != nil {
		return false
	}
	authority, err := os.ReadFile(l.Authority)
	if err != nil {
		return false
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return false
	}
	for _, at := range []time.Time{now, now.AddDate(0, 0, 7)} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: "localhost", CurrentTime: at}); err != nil {
			return false
		}
	}
	return true
}

func writeCertificate(file string, template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) error {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return fmt.Errorf("sign %s: %w", filepath.Base(file), err)
	}
	return writePEM(file, "CERTIFICATE", der, 0o644)
}

func writePEM(file, kind string, der []byte, mode os.FileMode) error {
	data := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	return durable.Replace(file, data, mode)
}

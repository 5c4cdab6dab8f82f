// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// keyPair is the server's certificate with its key.
type keyPair struct {
	tls tls.Certificate
	// notAfter is when the first of the certificates that are sent ends.
	notAfter time.Time
}

// parseKeyPair reads the server's certificate, its chain and its key. One that
// ended, has not begun, or may not be a server's is refused: who serves it is
// refused by every client.
func parseKeyPair(cert, key []byte, now time.Time) (*keyPair, error) {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("read the server's certificate: %w", err) // crypto/tls quotes no key
	}
	leaf := pair.Leaf
	switch {
	case now.After(leaf.NotAfter):
		return nil, fmt.Errorf("the server's certificate ended at %s", leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return nil, fmt.Errorf("the server's certificate begins at %s only", leaf.NotBefore.UTC().Format(time.RFC3339))
	case !mayBe(leaf, x509.ExtKeyUsageServerAuth):
		return nil, errors.New("the server's certificate may not be used by a server (extended key usage)")
	case len(leaf.DNSNames)+len(leaf.IPAddresses)+len(leaf.URIs) == 0:
		return nil, errors.New("the server's certificate has no name that a client could check (subject alternative name)")
	}
	out := &keyPair{tls: pair, notAfter: leaf.NotAfter}
	for _, der := range pair.Certificate[1:] {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("read the chain of the server's certificate: %w", err)
		}
		if now.After(c.NotAfter) {
			return nil, fmt.Errorf("%s in the chain of the server's certificate ended at %s", c.Subject, c.NotAfter.UTC().Format(time.RFC3339))
		}
		if c.NotAfter.Before(out.notAfter) {
			out.notAfter = c.NotAfter
		}
	}
	return out, nil
}

// mayBe reports whether a certificate allows a usage, or restricts none.
func mayBe(c *x509.Certificate, usage x509.ExtKeyUsage) bool {
	if len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 {
		return true
	}
	for _, u := range c.ExtKeyUsage {
		if u == usage || u == x509.ExtKeyUsageAny {
			return true
		}
	}
	return false
}

// trust is whom client certificates may come from, and which are revoked. It does
// not change.
type trust struct {
	pool        *x509.CertPool
	authorities []*x509.Certificate
	lists       []*revocationList
	notes       []string // what is odd and no error
}

// revocationList is one authority's list.
type revocationList struct {
	issuer     *x509.Certificate
	number     *big.Int
	thisUpdate time.Time
	nextUpdate time.Time // zero = it does not say
	revoked    map[string]bool
}

// parseTrust reads the authorities, and their revocation lists if there are any.
func parseTrust(authorities, lists []byte, now time.Time) (*trust, error) {
	t := &trust{pool: x509.NewCertPool()}
	if err := t.readAuthorities(authorities, now); err != nil {
		return nil, err
	}
	if lists != nil {
		if err := t.readLists(lists); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *trust) readAuthorities(data []byte, now time.Time) error {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return fmt.Errorf("the file of authorities holds a %q; certificates alone belong there", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
			return fmt.Errorf("read an authority: %w", err)
		case !c.BasicConstraintsValid || !c.IsCA:
			// Go trusts whatever stands in the pool, a client's certificate too.
			return fmt.Errorf("certificate %s is not an authority's", c.Subject)
		case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
			return fmt.Errorf("authority %s may not sign certificates", c.Subject)
		case now.After(c.NotAfter):
			t.notes = append(t.notes, fmt.Sprintf("authority %s ended at %s", c.Subject, c.NotAfter.UTC().Format(time.RFC3339)))
			continue
		}
		t.authorities = append(t.authorities, c)
		t.pool.AddCert(c)
	}
	if len(t.authorities) == 0 {
		return errors.New("the file of authorities holds none that is in force")
	}
	return nil
}

func (t *trust) readLists(data []byte) error {
	if !bytes.Contains(data, []byte("-----BEGIN ")) {
		return t.addList(data) // DER
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "X509 CRL" {
			return fmt.Errorf("the file of revocation lists holds a %q", block.Type)
		}
		if err := t.addList(block.Bytes); err != nil {
			return err
		}
	}
	if len(t.lists) == 0 {
		t.notes = append(t.notes, "no revocation list of a trusted authority")
	}
	return nil
}

// addList reads one revocation list. One of an authority that is not trusted is
// noted and left: removing an authority must not fail for its list.
func (t *trust) addList(der []byte) error {
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return fmt.Errorf("read a revocation list: %w", err)
	}
	for _, extension := range list.Extensions {
		if extension.Critical { // a list of changes or of other authorities: RFC 5280 5.2
			return fmt.Errorf("a revocation list has the critical extension %s, which is not understood", extension.Id)
		}
	}
	var named, signed *x509.Certificate
	for _, a := range t.authorities {
		if !bytes.Equal(a.RawSubject, list.RawIssuer) || len(list.AuthorityKeyId) > 0 && len(a.SubjectKeyId) > 0 && !bytes.Equal(list.AuthorityKeyId, a.SubjectKeyId) {
			continue
		}
		named = a
		if list.CheckSignatureFrom(a) == nil {
			signed = a
		}
	}
	if named == nil {
		t.notes = append(t.notes, fmt.Sprintf("a revocation list of %s, which is no trusted authority", list.Issuer))
		return nil
	}
	if signed == nil {
		return fmt.Errorf("the revocation list of %s is not signed by it", list.Issuer)
	}
	out := &revocationList{issuer: signed, number: list.Number, thisUpdate: list.ThisUpdate, nextUpdate: list.NextUpdate, revoked: map[string]bool{}}
	for _, entry := range list.RevokedCertificateEntries {
		out.revoked[entry.SerialNumber.String()] = true
	}
	t.lists = append(t.lists, out)
	return nil
}

// since refuses lists that are older than those in force: with them, what was
// revoked would be valid again.
func (t *trust) since(before *trust) error {
	if before == nil {
		return nil
	}
	for _, was := range before.lists {
		for _, is := range t.lists {
			if is.issuer.Equal(was.issuer) && is.olderThan(was) {
				return fmt.Errorf("the revocation list of %s is older than the one in force", is.issuer.Subject)
			}
		}
	}
	return nil
}

func (l *revocationList) olderThan(other *revocationList) bool {
	if l.number != nil && other.number != nil {
		return l.number.Cmp(other.number) < 0
	}
	return l.thisUpdate.Before(other.thisUpdate)
}

var errRevoked = errors.New("the certificate is revoked")

// verify returns when the certificates that a client showed end, or why they are
// not trusted.
func (t *trust) verify(shown []*x509.Certificate, now time.Time) (notAfter time.Time, err error) {
	between := x509.NewCertPool()
	for _, c := range shown[1:] {
		between.AddCert(c)
	}
	chains, err := shown[0].Verify(x509.VerifyOptions{Roots: t.pool, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return time.Time{}, err
	}
	for _, chain := range chains {
		if t.anyRevoked(chain) {
			continue
		}
		end := chain[0].NotAfter
		for _, c := range chain[1:] {
			if c.NotAfter.Before(end) {
				end = c.NotAfter
			}
		}
		if end.After(notAfter) {
			notAfter = end
		}
	}
	if notAfter.IsZero() {
		return time.Time{}, errRevoked
	}
	return notAfter, nil
}

// anyRevoked reports whether a certificate of the chain is in the list of who
// signed it.
func (t *trust) anyRevoked(chain []*x509.Certificate) bool {
	for i, c := range chain[:max(len(chain)-1, 1)] {
		issuer := chain[min(i+1, len(chain)-1)]
		for _, list := range t.lists {
			if list.issuer.Equal(issuer) && list.revoked[c.SerialNumber.String()] {
				return true
			}
		}
	}
	return false
}

// withoutList lists the authorities that have none.
func (t *trust) withoutList() []*x509.Certificate {
	var out []*x509.Certificate
	for _, a := range t.authorities {
		found := false
		for _, l := range t.lists {
			found = found || l.issuer.Equal(a)
		}
		if !found {
			out = append(out, a)
		}
	}
	return out
}

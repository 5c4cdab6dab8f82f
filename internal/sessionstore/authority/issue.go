// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Request is a certificate that somebody wants.
type Request struct {
	Name string // of its files, and in listings: letters, digits, dots, dashes
	Role Role
	DNS  []string // names of a server, or of a client
	IPs  []string // addresses of a server
	URIs []string // of a client, such as spiffe://wiki/mediawiki
	Life time.Duration
	Dir  string // where its files go; "" = the authority's folder
	// CSR is a signing request in PEM form (PKCS #10) by whoever keeps the key; nil =
	// make a key. Only its public key counts: the names are those above.
	CSR []byte
}

var requestName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// check reports what is wrong with a request.
func (r Request) check() error {
	var wrong []fault.Field
	add := func(path, message string) {
		wrong = append(wrong, fault.Field{Path: path, Code: "authority." + path, Message: message})
	}
	if !requestName.MatchString(r.Name) || r.Name == "authority" {
		add("name", `must be 1 to 64 letters, digits, dots and dashes, and not "authority".`)
	}
	switch r.Role {
	case Server:
		if len(r.DNS)+len(r.IPs) == 0 {
			add("dns", "must name the server, or give its address: clients check it.")
		}
		if len(r.URIs) > 0 {
			add("uri", "is a client's identity and not for a server.")
		}
	case Client:
		if len(r.DNS)+len(r.URIs) == 0 {
			add("uri", "must give the client's identity, such as spiffe://wiki/mediawiki: rules name it.")
		}
		if len(r.IPs) > 0 {
			add("ip", "is no identity of a client.")
		}
	default:
		add("role", "must be server or client.")
	}
	for _, name := range r.DNS {
		if name == "" || strings.ContainsAny(name, "*/: \t") {
			add("dns", "must be whole DNS names, without a wildcard.")
		}
	}
	for _, ip := range r.IPs {
		if net.ParseIP(ip) == nil {
			add("ip", "must be IP addresses.")
		}
	}
	for _, text := range r.URIs {
		if u, err := url.Parse(text); err != nil || u.Scheme == "" || u.Host == "" {
			add("uri", "must be whole URIs, such as spiffe://wiki/mediawiki.")
		}
	}
	if r.Life < 0 || r.Life > MaxLife {
		add("life", "must be at most 90 days.")
	}
	return fault.InvalidFields("authority.request", wrong)
}

// Issue makes a key and a certificate and writes both. Where there is a file
// already it refuses: see Renew.
func (a *Authority) Issue(r Request) (Record, error) {
	if err := r.check(); err != nil {
		return Record{}, err
	}
	if r.Life == 0 {
		r.Life = DefaultLife
	}
	dir, err := filepath.Abs(r.Dir)
	if r.Dir == "" {
		dir = a.dir
	}
	if err != nil {
		return Record{}, fmt.Errorf("find the folder of the certificate: %w", err)
	}
	record := Record{Name: r.Name, Role: r.Role, DNS: r.DNS, IPs: r.IPs, URIs: r.URIs, Cert: filepath.Join(dir, r.Name+".pem"), Key: filepath.Join(dir, r.Name+".key")}
	err = a.change(func(all *register) error {
		if was := all.current(r.Name); was != nil && was.Revoked == nil && a.now().Before(was.NotAfter) {
			return fault.New(fault.Conflict, "authority.exists", "A certificate %s is in force already. Renew it, revoke it, or choose another name.", r.Name)
		}
		for _, path := range []string{record.Key, record.Cert} {
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				return fault.New(fault.Conflict, "authority.exists", "%s exists already, and nothing is overwritten. Move it away, or name another folder.", path)
			}
		}
		var key *ecdsa.PrivateKey
		if r.CSR != nil {
			record.Key = ""
			record.Public, err = publicOf(r.CSR)
		} else {
			key, err = newKey(&record)
		}
		if err != nil {
			return err
		}
		der, err := a.sign(&record, r.Life)
		if err != nil {
			return err
		}
		return a.hand(all, &record, der, key)
	})
	return record, err
}

// newKey makes a key and notes its public part in the record.
func newKey(r *Record) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	if r.Public, err = x509.MarshalPKIXPublicKey(key.Public()); err != nil {
		return nil, fmt.Errorf("encode a public key: %w", err)
	}
	return key, nil
}

// publicOf returns the public key of a signing request, whose sender has shown that
// the private one is theirs.
func publicOf(csr []byte) ([]byte, error) {
	bad := fault.New(fault.Invalid, "authority.csr", "The signing request cannot be used: it must be PKCS #10 in PEM form, signed with its own key, which must be ECDSA, Ed25519, or RSA of 2048 bits or more.")
	block, _ := pem.Decode(csr)
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, bad
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, bad.Because(err)
	}
	if err := request.CheckSignature(); err != nil {
		return nil, bad.Because(err)
	}
	switch key := request.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if key.Params().BitSize < 256 {
			return nil, bad
		}
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return nil, bad
		}
	case ed25519.PublicKey:
	default:
		return nil, bad
	}
	return request.RawSubjectPublicKeyInfo, nil
}

// sign makes the certificate of a record, whose serial and times it sets.
func (a *Authority) sign(r *Record, life time.Duration) ([]byte, error) {
	public, err := x509.ParsePKIXPublicKey(r.Public)
	if err != nil {
		return nil, fmt.Errorf("read the public key of %s: %w", r.Name, err)
	}
	now := a.now()
	serial := newSerial()
	r.Serial, r.NotBefore, r.NotAfter = fmt.Sprintf("%x", serial), now.Add(-backdate).UTC().Truncate(time.Second), now.Add(life).UTC().Truncate(time.Second)
	if r.NotAfter.After(a.cert.NotAfter) {
		r.NotAfter = a.cert.NotAfter.UTC()
	}
	der, err := x509.CreateCertificate(rand.Reader, r.template(serial), a.cert, public, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign a certificate: %w", err)
	}
	// What our own clients and servers would refuse is not handed out.
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read what was signed: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	_, err = leaf.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: now, KeyUsages: leaf.ExtKeyUsage})
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && (invalid.Reason == x509.CANotAuthorizedForThisName || invalid.Reason == x509.UnconstrainedName) {
		return nil, fault.New(fault.Invalid, "authority.constraint", "This authority may not sign all of these names: it stands for %s alone. Make another with portreeve sessiond cert init and --domain, --trust-domain or --network for them.", a.stands()).Because(err)
	}
	if err != nil {
		return nil, fmt.Errorf("verify what was signed: %w", err)
	}
	return der, nil
}

// stands says which names the authority may sign.
func (a *Authority) stands() string {
	all := append(append([]string{}, a.cert.PermittedDNSDomains...), a.cert.PermittedURIDomains...)
	for _, n := range a.cert.PermittedIPRanges {
		all = append(all, n.String())
	}
	return strings.Join(all, ", ")
}

// template returns the certificate of a record before it is signed.
func (r *Record) template(serial *big.Int) *x509.Certificate {
	c := &x509.Certificate{
		// Some verifiers take a common name with dots for a DNS name, which the
		// authority may not sign for.
		SerialNumber: serial, Subject: pkix.Name{CommonName: strings.ReplaceAll(r.Name, ".", "-")}, NotBefore: r.NotBefore, NotAfter: r.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, DNSNames: r.DNS,
	}
	if r.Role == Server {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	for _, ip := range r.IPs {
		c.IPAddresses = append(c.IPAddresses, net.ParseIP(ip))
	}
	for _, text := range r.URIs {
		if u, err := url.Parse(text); err == nil { // checked before
			c.URIs = append(c.URIs, u)
		}
	}
	return c
}

// hand enters a certificate into the register and writes its files. A key of nil
// stays as it is. The register comes first: what is out can always be revoked.
func (a *Authority) hand(all *register, r *Record, der []byte, key *ecdsa.PrivateKey) error {
	for i := range all.Certificates {
		if all.Certificates[i].Name == r.Name {
			all.Certificates[i].Replaced = true
		}
	}
	all.Certificates = append(all.Certificates, *r)
	if err := a.save(all); err != nil {
		return err
	}
	if key != nil {
		if err := writeKey(r.Key, key, true); err != nil {
			return err
		}
	}
	return writePEM(r.Cert, "CERTIFICATE", der, true)
}

// Renew makes a new certificate for a name, with the same names and life, in the
// same files. It keeps the key, so that certificate and key match at any moment,
// unless fresh says otherwise: then readers must bear that for an instant the
// key is the newer (package listen does).
func (a *Authority) Renew(name string, fresh bool) (Record, error) {
	var out Record
	err := a.change(func(all *register) error {
		was := all.current(name)
		if was == nil {
			return unknown(name)
		}
		if was.Revoked != nil && !fresh {
			return fault.New(fault.Conflict, "authority.revoked", "The certificate %s was revoked. Ask for a new key with --new-key if its owner is to have one again.", name)
		}
		out = *was
		out.Revoked, out.Reason, out.Replaced = nil, "", false
		key, err := a.nextKey(&out, fresh)
		if err != nil {
			return err
		}
		der, err := a.sign(&out, min(was.life(), MaxLife))
		if err != nil {
			return err
		}
		return a.hand(all, &out, der, key)
	})
	return out, err
}

// nextKey makes a new key for a record, or checks that the old one is still there;
// then it returns nil.
func (a *Authority) nextKey(r *Record, fresh bool) (*ecdsa.PrivateKey, error) {
	switch {
	case fresh && r.Key == "":
		return nil, fault.New(fault.Conflict, "authority.csr", "The key of %s is kept where it was made. Revoke the certificate, and issue one for a new signing request under another name.", r.Name)
	case fresh:
		return newKey(r)
	case r.Key == "":
		return nil, nil
	}
	if _, err := os.Stat(r.Key); errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "authority.key_absent", "The key %s is not there. Ask for a new one with --new-key.", r.Key)
	}
	return nil, nil
}

func unknown(name string) error {
	return fault.New(fault.NotFound, "authority.unknown", "This authority has issued no certificate %s. See portreeve sessiond cert list.", name)
}

// Revoke takes back all certificates of a name that have not ended, or the one of
// a serial number, and writes the revocation list.
func (a *Authority) Revoke(nameOrSerial, reason string) ([]Record, error) {
	if !slices.Contains(Reasons(), reason) {
		return nil, fault.New(fault.Invalid, "authority.reason", "The reason must be one of %s.", strings.Join(Reasons(), ", "))
	}
	var out []Record
	err := a.change(func(all *register) error {
		now := a.now().UTC().Truncate(time.Second)
		known := false
		for i := range all.Certificates {
			c := &all.Certificates[i]
			if c.Name != nameOrSerial && c.Serial != nameOrSerial {
				continue
			}
			known = true
			if c.Revoked == nil && now.Before(c.NotAfter) {
				c.Revoked, c.Reason = &now, reason
				out = append(out, *c)
			}
		}
		if !known {
			return unknown(nameOrSerial)
		}
		return a.signList(all) // again even if nothing changed: a list that failed to be written is mended so
	})
	return out, err
}

// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Lives. Short lives are what makes a revocation list short and a lost key cheap.
const (
	DefaultLife     = 30 * 24 * time.Hour
	MaxLife         = 90 * 24 * time.Hour
	DefaultLifeSelf = 5 * 365 * 24 * time.Hour // of the authority itself
	listLife        = 30 * 24 * time.Hour      // of a revocation list
	backdate        = 5 * time.Minute          // for clocks that are behind ours
)

// The files of an authority in its folder.
const (
	certFile     = "authority.pem"
	keyFile      = "authority.key"
	listFile     = "authority.crl"
	registerFile = "issued.json"
)

// Authority is a folder with an authority in it. It is safe for use by many
// goroutines, and by several processes at once.
type Authority struct {
	dir  string
	now  func() time.Time
	cert *x509.Certificate
	key  *ecdsa.PrivateKey // nil = it can be read only

	mu sync.Mutex
}

// Options is what an authority may sign. If any of Domains, TrustDomains and
// Networks is given, names of the other kinds are excluded altogether.
type Options struct {
	Name         string         // shown in certificates; default "Session storage"
	Domains      []string       // DNS names below these, and these
	TrustDomains []string       // URIs whose host is one of these
	Networks     []netip.Prefix // IP addresses
	Life         time.Duration  // default DefaultLifeSelf
}

// Create makes an authority in a folder, which it makes if need be. Where there is
// one already it refuses.
func Create(dir string, o Options, now func() time.Time) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.New(fault.Usage, "authority.folder", "The folder %s of the authority cannot be made: name one with --authority that this account may make.", dir).Because(err)
	}
	for _, name := range []string{keyFile, certFile, registerFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return nil, fault.New(fault.Conflict, "authority.exists", "There is an authority in %s already, and nothing is overwritten: name another folder, or move this one away.", dir)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the authority's key: %w", err)
	}
	template := o.template(now())
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fault.New(fault.Invalid, "authority.options", "An authority with these domains and networks cannot be made: write domains such as wiki.example, without a scheme.").Because(err)
	}
	if err := writeKey(filepath.Join(dir, keyFile), key, false); err != nil {
		return nil, err
	}
	if err := writePEM(filepath.Join(dir, certFile), "CERTIFICATE", der, false); err != nil {
		return nil, err
	}
	a, err := Open(dir, now)
	if err != nil {
		return nil, err
	}
	return a, a.change(func(r *register) error { return a.signList(r) })
}

// template returns the authority's own certificate before it is signed.
func (o Options) template(now time.Time) *x509.Certificate {
	if o.Name == "" {
		o.Name = "Session storage"
	}
	if o.Life == 0 {
		o.Life = DefaultLifeSelf
	}
	c := &x509.Certificate{
		SerialNumber: newSerial(), Subject: pkix.Name{CommonName: o.Name, Organization: []string{"Portreeve session storage"}},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(o.Life),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	if len(o.Domains)+len(o.TrustDomains)+len(o.Networks) == 0 {
		return c
	}
	c.PermittedDNSDomainsCritical = true
	c.PermittedDNSDomains, c.PermittedURIDomains = o.Domains, o.TrustDomains
	if len(o.Domains) == 0 {
		c.ExcludedDNSDomains = []string{""} // all of them
	}
	if len(o.TrustDomains) == 0 {
		c.ExcludedURIDomains = []string{""}
	}
	for _, p := range o.Networks {
		c.PermittedIPRanges = append(c.PermittedIPRanges, ipNet(p.Masked()))
	}
	if len(o.Networks) == 0 {
		c.ExcludedIPRanges = []*net.IPNet{ipNet(netip.MustParsePrefix("0.0.0.0/0")), ipNet(netip.MustParsePrefix("::/0"))}
	}
	return c
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

// newSerial returns a number of 127 random bits, which nobody can foresee.
func newSerial() *big.Int {
	var raw [16]byte
	rand.Read(raw[:]) //nolint:errcheck // never fails (crypto/rand)
	raw[0] = raw[0]&0x7f | 0x40
	return new(big.Int).SetBytes(raw[:])
}

// Open opens the authority of a folder. Without its key nothing can be issued,
// renewed or revoked.
func Open(dir string, now func() time.Time) (*Authority, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the folder of the authority: %w", err)
	}
	a := &Authority{dir: dir, now: now}
	cert, err := readCert(a.CertFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "authority.absent", "There is no authority in %s. Make one with: portreeve sessiond cert init.", dir)
	}
	var unread *fs.PathError
	if errors.As(err, &unread) {
		return nil, fault.New(fault.Invalid, "authority.unreadable", "The authority in %s cannot be read. Name the folder that it is in, as an account that may read it.", dir).Because(err)
	}
	if err != nil {
		return nil, err
	}
	a.cert = cert
	data, err := os.ReadFile(filepath.Join(dir, keyFile))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return a, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the authority's key: %w", err)
	}
	if err := private(filepath.Join(dir, keyFile)); err != nil {
		return nil, err
	}
	if a.key, err = parseKey(data); err != nil {
		return nil, err
	}
	if !a.key.PublicKey.Equal(cert.PublicKey) {
		return nil, fault.New(fault.Conflict, "authority.mismatch", "The key in %s is not that of the certificate beside it. Put back the pair that belongs together.", dir)
	}
	return a, nil
}

// private refuses a key that others can read: it is not known any more who has it.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("look at a key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fault.New(fault.Conflict, "authority.mode", "The key %s can be read by others (mode %04o). If nobody did, take that right away with chmod 600; if in doubt, make a new authority.", path, info.Mode().Perm())
	}
	return nil
}

// CertFile returns the path of the authority's certificate.
func (a *Authority) CertFile() string { return filepath.Join(a.dir, certFile) }

// ListFile returns the path of its revocation list.
func (a *Authority) ListFile() string { return filepath.Join(a.dir, listFile) }

// CanSign reports whether the key is here.
func (a *Authority) CanSign() bool { return a.key != nil }

// Certificate returns the authority's certificate.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// signs refuses what needs the key if it is not here, or if the authority ended.
func (a *Authority) signs() error {
	if a.key == nil {
		return fault.New(fault.Conflict, "authority.no_key", "The authority's key is not in %s, or not readable to you. Do this where the key is.", a.dir)
	}
	if !a.now().Before(a.cert.NotAfter) {
		return fault.New(fault.Conflict, "authority.ended", "This authority ended at %s. Make a new one in another folder, and let servers trust both until all certificates are from the new one.", a.cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

func readCert(path string) (*x509.Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read a certificate: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fault.New(fault.Invalid, "authority.certificate", "%s holds no certificate in PEM form.", path)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fault.New(fault.Invalid, "authority.certificate", "The certificate in %s cannot be read.", path).Because(err)
	}
	return c, nil
}

func parseKey(data []byte) (*ecdsa.PrivateKey, error) {
	bad := fault.New(fault.Invalid, "authority.key", "The key cannot be read: it must be an ECDSA key in PEM form (PKCS #8).")
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, bad
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, bad
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, bad
	}
	return ec, nil
}

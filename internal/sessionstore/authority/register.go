// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Role says what a certificate is for.
type Role string

// The roles. A certificate has one: who steals a server's cannot be a client.
const (
	Server Role = "server"
	Client Role = "client"
)

// Record is what is known of one certificate that was issued.
type Record struct {
	Name      string     `json:"name"`
	Role      Role       `json:"role"`
	Serial    string     `json:"serial"` // hexadecimal
	DNS       []string   `json:"dns,omitempty"`
	IPs       []string   `json:"ips,omitempty"`
	URIs      []string   `json:"uris,omitempty"`
	NotBefore time.Time  `json:"not_before"`
	NotAfter  time.Time  `json:"not_after"`
	Cert      string     `json:"cert"`          // files
	Key       string     `json:"key,omitempty"` // "" = it is kept where it was made
	Public    []byte     `json:"public"`        // the public key (PKIX)
	Revoked   *time.Time `json:"revoked,omitempty"`
	Reason    string     `json:"reason,omitempty"`
	// Replaced is set once a newer certificate of the name was issued.
	Replaced bool `json:"replaced,omitempty"`
}

// RenewAt is when two thirds of the certificate's life are over.
func (r Record) RenewAt() time.Time {
	return r.NotBefore.Add(r.NotAfter.Sub(r.NotBefore) / 3 * 2)
}

// life is how long it was issued for.
func (r Record) life() time.Duration { return r.NotAfter.Sub(r.NotBefore) - backdate }

// register is issued.json.
type register struct {
	ListNumber   int64     `json:"list_number"`
	ListUntil    time.Time `json:"list_until"`
	Certificates []Record  `json:"certificates"`
}

// keepRecords is how long a certificate that ended stays in the register.
const keepRecords = 365 * 24 * time.Hour

// current returns the newest certificate of a name.
func (r *register) current(name string) *Record {
	for i := len(r.Certificates) - 1; i >= 0; i-- {
		if r.Certificates[i].Name == name {
			return &r.Certificates[i]
		}
	}
	return nil
}

// read reads the register. One that is absent is empty.
func (a *Authority) read() (*register, error) {
	data, err := os.ReadFile(filepath.Join(a.dir, registerFile))
	if errors.Is(err, fs.ErrNotExist) {
		return &register{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the register of certificates: %w", err)
	}
	r := &register{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fault.New(fault.Conflict, "authority.register", "The register %s cannot be read. Put back a copy of it: without it, certificates cannot be taken back.", filepath.Join(a.dir, registerFile)).Because(err)
	}
	return r, nil
}

// change reads the register, lets fn alter it, and writes it; one process at a
// time. fn writes what it signs: a record without its file is a certificate that
// nobody has, which does no harm; a file without its record could not be revoked.
// So the register is written by fn's call of save, before the files.
func (a *Authority) change(fn func(r *register) error) error {
	if err := a.signs(); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	lock, err := os.Open(a.dir) // a file to lock would belong to whoever came first
	if err != nil {
		return fmt.Errorf("lock the authority: %w", err)
	}
	defer lock.Close() //nolint:errcheck // gives the lock back
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock the authority: %w", err)
	}
	r, err := a.read()
	if err != nil {
		return err
	}
	return fn(r)
}

// save writes the register, without what ended long ago.
func (a *Authority) save(r *register) error {
	var kept []Record
	for _, c := range r.Certificates {
		if a.now().Sub(c.NotAfter) < keepRecords {
			kept = append(kept, c)
		}
	}
	r.Certificates = kept
	return write(filepath.Join(a.dir, registerFile), secret, true, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	})
}

// signList writes a new revocation list, of what was revoked and has not ended.
func (a *Authority) signList(r *register) error {
	now := a.now()
	r.ListNumber++
	r.ListUntil = now.Add(listLife)
	list := &x509.RevocationList{Number: big.NewInt(r.ListNumber), ThisUpdate: now.Add(-backdate), NextUpdate: r.ListUntil}
	for _, c := range r.Certificates {
		if c.Revoked == nil || now.After(c.NotAfter.Add(backdate)) {
			continue
		}
		serial, ok := new(big.Int).SetString(c.Serial, 16)
		if !ok {
			return fmt.Errorf("the register holds a serial number that is none: %s", c.Name)
		}
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: *c.Revoked, ReasonCode: reasonCode(c.Reason)})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.cert, a.key)
	if err != nil {
		return fmt.Errorf("sign the revocation list: %w", err)
	}
	// The number is spent before the list is out: a lower one would be refused.
	if err := a.save(r); err != nil {
		return err
	}
	return writePEM(a.ListFile(), "X509 CRL", der, true)
}

// Reasons are why a certificate is taken back (RFC 5280 section 5.3.1).
func Reasons() []string {
	return []string{"unspecified", "key-compromise", "superseded", "cessation-of-operation"}
}

func reasonCode(reason string) int {
	switch reason {
	case "key-compromise":
		return 1
	case "superseded":
		return 4
	case "cessation-of-operation":
		return 5
	}
	return 0
}

// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"portreeve.org/portreeve/internal/sessionstore"
)

// plainRing stands for a namespace's keys where sealing is not on: in a Kask file,
// which names no keys, and while at_rest is staged. Rows lie under hashes that
// anybody can compute and hold values in the clear. Every process computes the same
// ones, so several can stand before one Cassandra as Kask's do.
type plainRing struct{ namespace string }

var _ sessionstore.Ring = plainRing{}

const plainSum = 16

var errPlain = errors.New("a row is not what was written")

func (p plainRing) hash(use string, parts ...[]byte) []byte {
	h := sha256.New()
	h.Write([]byte("portreeve plain " + use + "\x00" + p.namespace + "\x00"))
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

// RowKey returns where a session lies.
func (p plainRing) RowKey(id []byte) sessionstore.RowKey {
	return sessionstore.RowKey(p.hash("row", id))
}

// OlderRowKeys returns nil: there is nothing to rotate.
func (plainRing) OlderRowKeys([]byte) []sessionstore.RowKey { return nil }

// OwnerKeys returns an owner's key.
func (p plainRing) OwnerKeys(owner string) []sessionstore.OwnerKey {
	return []sessionstore.OwnerKey{sessionstore.OwnerKey(p.hash("owner", []byte(owner))[:16])}
}

// Seal puts content into the row with a checksum of what it belongs to, which
// finds damage and mix-ups and no forgery.
func (p plainRing) Seal(r *sessionstore.Row, content []byte) error {
	r.KeyID = 0
	sum := p.sum(r, content)
	r.Sealed = append(append(make([]byte, 0, plainSum+len(content)), sum...), content...)
	return nil
}

// Open appends the row's content to dst.
func (p plainRing) Open(dst []byte, r *sessionstore.Row) ([]byte, error) {
	if r.KeyID != 0 {
		return nil, errors.New("a row is sealed, and there are no keys: set keys.root and keys.ring")
	}
	if len(r.Sealed) < plainSum || subtle.ConstantTimeCompare(r.Sealed[:plainSum], p.sum(r, r.Sealed[plainSum:])) != 1 {
		return nil, errPlain
	}
	return append(dst, r.Sealed[plainSum:]...), nil
}

func (p plainRing) sum(r *sessionstore.Row, content []byte) []byte {
	return p.hash("sum", r.AppendAAD(nil, p.namespace), content)[:plainSum]
}

// Current reports whether the row is as Seal leaves it.
func (p plainRing) Current(r *sessionstore.Row, id []byte) bool {
	return r.KeyID == 0 && (id == nil || p.RowKey(id) == r.Key)
}

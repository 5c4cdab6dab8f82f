// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
	"sync"

	"portreeve.org/portreeve/internal/sessionstore"
)

// secretSize is the length of every key in a ring, in bytes.
const secretSize = 32

// indexKey is one generation of the keys that say where rows lie and what owners
// are called. The two are derived from one secret and independent of each other:
// an owner's name that is also a session id gives nothing away.
type indexKey struct {
	id     uint32
	rows   *macs
	owners *macs
}

func newIndexKey(id uint32, namespace string, secret []byte) (*indexKey, error) {
	rows, err := derive(secret, "portreeve session row key\x00"+namespace)
	if err != nil {
		return nil, err
	}
	owners, err := derive(secret, "portreeve session owner\x00"+namespace)
	if err != nil {
		return nil, err
	}
	return &indexKey{id: id, rows: newMACs(rows), owners: newMACs(owners)}, nil
}

func (k *indexKey) place(id []byte) sessionstore.RowKey { return k.rows.of(id) }

func (k *indexKey) owner(name string) sessionstore.OwnerKey {
	sum := k.owners.of([]byte(name))
	return sessionstore.OwnerKey(sum[:16])
}

// macs computes HMACs under one key. An hmac.Hash that is used again keeps its
// padded key hashed, which halves the work of a short message, and allocates
// nothing; one for each goroutine at work is needed, hence the pool.
type macs struct{ pool sync.Pool }

type mac struct {
	hash hash.Hash
	sum  [sha256.Size]byte
}

func newMACs(key []byte) *macs {
	m := &macs{}
	m.pool.New = func() any { return &mac{hash: hmac.New(sha256.New, key)} }
	return m
}

func (m *macs) of(text []byte) [sha256.Size]byte {
	h := m.pool.Get().(*mac)
	h.hash.Reset()
	h.hash.Write(text)
	h.hash.Sum(h.sum[:0])
	sum := h.sum
	m.pool.Put(h)
	return sum
}

// derive returns a key of its own for the purpose.
func derive(secret []byte, purpose string) ([]byte, error) {
	key, err := hkdf.Expand(sha256.New, secret, purpose, secretSize)
	if err != nil {
		return nil, fmt.Errorf("derive a key: %w", err)
	}
	return key, nil
}

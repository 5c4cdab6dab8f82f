// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"

	"portreeve.org/portreeve/internal/sessionstore"
)

// ErrDestroyed says that the keys of a namespace were destroyed. What they sealed
// cannot be read again by anybody.
var ErrDestroyed = errors.New("seal: the keys of this namespace were destroyed")

// ErrUnreadable says that a row does not open: it was altered, put elsewhere, or
// sealed by a key that is not in the ring any more.
var ErrUnreadable = errors.New("seal: the row does not open")

// Ring is the keys of one namespace; it is a sessionstore.Ring. All methods may be
// called at once, also while the [Keyring] that it came from changes its keys.
//
// After the namespace was destroyed it fails closed: Seal and Open fail, and the
// places and names that it gives are random, so that nothing lies there.
type Ring struct {
	namespace string
	keys      atomic.Pointer[keys] // nil = destroyed
}

var _ sessionstore.Ring = (*Ring)(nil)

// keys are a namespace's keys at one moment. They never change.
type keys struct {
	index []*indexKey // the current one first
	data  []*dataKey  // the current one first
}

func (k *keys) dataKey(id uint32) *dataKey {
	for _, d := range k.data {
		if d.id == id {
			return d
		}
	}
	return nil
}

// Namespace returns the name of the namespace that the keys are of.
func (r *Ring) Namespace() string { return r.namespace }

// RowKey returns where a session lies. It does not allocate.
func (r *Ring) RowKey(id []byte) sessionstore.RowKey {
	k := r.keys.Load()
	if k == nil {
		return nowhere()
	}
	return k.index[0].place(id)
}

// OlderRowKeys returns where a session may lie beside RowKey; nil when no index key
// is being rotated.
func (r *Ring) OlderRowKeys(id []byte) []sessionstore.RowKey {
	k := r.keys.Load()
	if k == nil || len(k.index) == 1 {
		return nil
	}
	all := make([]sessionstore.RowKey, 0, len(k.index)-1)
	for _, i := range k.index[1:] {
		all = append(all, i.place(id))
	}
	return all
}

// OwnerKeys returns the names of an owner, the current one first.
func (r *Ring) OwnerKeys(owner string) []sessionstore.OwnerKey {
	k := r.keys.Load()
	if k == nil {
		at := nowhere()
		return []sessionstore.OwnerKey{sessionstore.OwnerKey(at[:16])}
	}
	all := make([]sessionstore.OwnerKey, 0, len(k.index))
	for _, i := range k.index {
		all = append(all, i.owner(owner))
	}
	return all
}

// nowhere is a place where no row lies, and none twice.
func nowhere() (k sessionstore.RowKey) {
	rand.Read(k[:]) // never fails: crypto/rand ends the process instead
	return k
}

// Seal encrypts content with the current data key, bound to the row, and sets the
// row's KeyID and Sealed. It is ErrDestroyed after the keys were destroyed.
func (r *Ring) Seal(row *sessionstore.Row, content []byte) error {
	k := r.keys.Load()
	if k == nil {
		return ErrDestroyed
	}
	d := k.data[0]
	sealed, err := d.seal(r.namespace, row, content)
	if err != nil {
		return fmt.Errorf("seal a row: %w", err)
	}
	row.KeyID, row.Sealed = d.id, sealed
	return nil
}

// Open appends the row's content to dst. It is ErrUnreadable if the row is not what
// was sealed, or its key is gone, and ErrDestroyed after the keys were destroyed.
func (r *Ring) Open(dst []byte, row *sessionstore.Row) ([]byte, error) {
	k := r.keys.Load()
	if k == nil {
		return nil, ErrDestroyed
	}
	d := k.dataKey(row.KeyID)
	if d == nil {
		return nil, fmt.Errorf("%w: there is no key %d", ErrUnreadable, row.KeyID)
	}
	return d.open(dst, r.namespace, row)
}

// Current reports whether the row is sealed under the current data key and, unless
// id is nil, lies where the current index key puts it.
func (r *Ring) Current(row *sessionstore.Row, id []byte) bool {
	k := r.keys.Load()
	if k == nil || row.KeyID != k.data[0].id {
		return false
	}
	return id == nil || k.index[0].place(id) == row.Key
}

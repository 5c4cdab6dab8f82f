// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"fmt"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Rotate gives a namespace a new key of the kind: it announces it, unless that was
// done, and promotes it. It returns the new key's id.
//
// A new index key must be announced longer than any request lasts before it is written
// under: a write that looked for its session's places before the announcement would
// otherwise not see what one after it has put in the new place. A data key needs no
// wait in one process; where several processes have a copy of the ring file, use
// [Keyring.Announce] and [Keyring.Promote] and give each of them every copy between.
func (k *Keyring) Rotate(namespace string, kind Kind) (uint32, error) {
	id, err := k.Announce(namespace, kind)
	if err != nil {
		return 0, err
	}
	return id, k.Promote(namespace, id)
}

// Announce makes the namespace's next key of the kind, which reads look at from now
// on, and returns its id. If one is announced already it returns that.
func (k *Keyring) Announce(namespace string, kind Kind) (id uint32, err error) {
	if kind != Index && kind != Data {
		return 0, fault.New(fault.Invalid, "seal.kind", "A key is of kind index or data.")
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	ns, err := k.living(k.held, namespace)
	if err != nil {
		return 0, err
	}
	if there := ns.of(kind, Announced); there != nil {
		return there.ID, nil
	}
	err = k.change(func(c *contents, now time.Time) error {
		ns, err := k.living(c, namespace)
		if err != nil {
			return err
		}
		// Each index key is one more place to look for a session, of which a change
		// of the store takes few.
		if kind == Index && len(slices.DeleteFunc(slices.Clone(ns.Keys), func(k *key) bool { return k.Kind != Index })) >= maxIndexKeys {
			return fault.New(fault.Conflict, "seal.index_keys", "Namespace %s has %d index keys. Reseal its rows and retire the old keys first.", namespace, maxIndexKeys)
		}
		id = ns.add(kind, Announced, now).ID
		return nil
	})
	return id, err
}

// maxIndexKeys is how many index keys a namespace has at most: a change of id looks
// in two places for each, and sessionstore.Change takes eight.
const maxIndexKeys = 3

// Promote makes an announced key the current one; the one before becomes old. For the
// current key it does nothing.
func (k *Keyring) Promote(namespace string, id uint32) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if there := k.held.key(namespace, id); there != nil && there.State == Current {
		return nil
	}
	return k.change(func(c *contents, now time.Time) error {
		ns, err := k.living(c, namespace)
		if err != nil {
			return err
		}
		next := c.key(namespace, id)
		if next == nil || next.State != Announced {
			return fault.New(fault.Conflict, "seal.not_announced", "Key %d of namespace %s is not announced. Rotate again.", id, namespace)
		}
		was := ns.of(next.Kind, Current)
		was.State, was.Since = Old, now
		next.State, next.Since = Current, now
		return nil
	})
}

// Retire removes an old key. The caller answers for it that nothing needs the key any
// more: that a whole pass of sessionstore.Store.Reseal began longer after its successor
// was promoted than any request lasts, or a write that was under way may still come in
// under the old key; and for an index key also that the longest life of a session has
// passed since, because revocations and held deletes lie under it that no pass brings
// over.
func (k *Keyring) Retire(namespace string, id uint32) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.change(func(c *contents, _ time.Time) error {
		ns, err := k.living(c, namespace)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(ns.Keys, func(k *key) bool { return k.ID == id })
		if at < 0 {
			return fault.New(fault.NotFound, "seal.no_key", "Namespace %s has no key %d.", namespace, id)
		}
		if ns.Keys[at].State != Old {
			return fault.New(fault.Conflict, "seal.key_in_use", "Key %d of namespace %s is %s. Only an old key can be retired: rotate first.", id, namespace, ns.Keys[at].State)
		}
		ns.Keys = slices.Delete(ns.Keys, at, at+1)
		return nil
	})
}

// Destroy removes every key of a namespace, and so whatever was sealed for it. Its
// rings fail closed before Destroy returns, also if the file cannot be written: then
// it is an error, the keys are still on disk, and it must be called again. To destroy
// a namespace twice is no error.
func (k *Keyring) Destroy(namespace string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	was := k.held.find(namespace)
	if was == nil {
		return fault.New(fault.NotFound, "seal.no_namespace", "There is no namespace %s.", namespace)
	}
	if k.disk.lock == nil {
		return readOnly()
	}
	next := k.held.clone()
	ns := next.find(namespace)
	ns.Keys = nil
	if ns.Destroyed.IsZero() {
		ns.Destroyed = k.now().UTC()
	}
	k.held = next
	if r := k.rings[namespace]; r != nil {
		r.keys.Store(nil)
	}
	if err := k.change(func(*contents, time.Time) error { return nil }); err != nil {
		return fmt.Errorf("destroy the keys of namespace %s: %w", namespace, err)
	}
	for _, key := range was.Keys {
		clear(key.secret)
	}
	return nil
}

// living returns a namespace that has keys.
func (k *Keyring) living(c *contents, name string) (*namespace, error) {
	ns := c.find(name)
	if ns == nil {
		return nil, fault.New(fault.NotFound, "seal.no_namespace", "There is no namespace %s.", name)
	}
	if !ns.Destroyed.IsZero() {
		return nil, fault.New(fault.Conflict, "seal.destroyed", "The keys of namespace %s were destroyed.", name).Because(ErrDestroyed)
	}
	return ns, nil
}

func (c *contents) key(namespace string, id uint32) *key {
	if ns := c.find(namespace); ns != nil {
		for _, k := range ns.Keys {
			if k.ID == id {
				return k
			}
		}
	}
	return nil
}

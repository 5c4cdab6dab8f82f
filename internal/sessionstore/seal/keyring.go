// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Keyring is the keys of every namespace, in a ring file. It is safe for use by many
// goroutines. A change is on disk, fsynced, before a ring uses it.
type Keyring struct {
	now func() time.Time

	mu    sync.Mutex
	disk  *disk
	root  *Root
	held  *contents
	rings map[string]*Ring
}

// Create makes a new ring file, without a namespace, and opens it. It never overwrites
// one. The folder must be there. now tells the time that keys are dated with.
func Create(path string, root *Root, now func() time.Time) (*Keyring, error) {
	d, err := lockDisk(path)
	if err != nil {
		return nil, err
	}
	k := &Keyring{now: now, disk: d, root: root, held: &contents{Serial: 1, Written: now().UTC()}, rings: map[string]*Ring{}}
	b, err := encode(k.held, root)
	if err == nil {
		err = d.create(b)
	}
	if err != nil {
		return nil, errors.Join(err, d.release())
	}
	return k, nil
}

// Open opens a ring file for this process alone; a second one gets the Conflict
// "seal.ring_in_use". A file that is missing, changed, cut short or wrapped under
// another root key is an Invalid fault.
func Open(path string, root *Root, now func() time.Time) (*Keyring, error) {
	d, err := lockDisk(path)
	if err != nil {
		return nil, err
	}
	k := &Keyring{now: now, disk: d, root: root, rings: map[string]*Ring{}}
	if k.held, err = k.load(); err != nil {
		return nil, errors.Join(err, d.release())
	}
	return k, nil
}

// OpenReadOnly opens a ring file that others may have open, too: of several processes
// before one Cassandra, each has a copy of the file, which one administrator changes.
// Nothing in it can be changed; [Keyring.Reload] takes up what was changed elsewhere.
func OpenReadOnly(path string, root *Root, now func() time.Time) (*Keyring, error) {
	k := &Keyring{now: now, disk: &disk{path: path}, root: root, rings: map[string]*Ring{}}
	var err error
	if k.held, err = k.load(); err != nil {
		return nil, err
	}
	return k, nil
}

// Close gives the file up: nothing can be changed any more. Rings that were handed out
// go on with the keys they have.
func (k *Keyring) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.disk.release()
}

// load returns what the file holds.
func (k *Keyring) load() (*contents, error) {
	b, err := k.disk.read()
	if err != nil {
		return nil, err
	}
	return decode(b, k.root)
}

// use makes contents those that count, and gives their keys to the rings; the caller
// holds mu.
func (k *Keyring) use(c *contents) error {
	k.held = c
	var err error
	for name := range k.rings {
		err = errors.Join(err, k.apply(name))
	}
	return err
}

// Reload reads a file again that was opened for reading alone. The rings take up its
// keys; those of a namespace that is destroyed in it, or not in it any more, fail
// closed. A file that cannot be used, or an older version, changes nothing and is an
// error.
func (k *Keyring) Reload() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.disk.lock != nil {
		return nil // nobody else may have changed it
	}
	// Who replaces the file overwrites what was there, perhaps while it is read here.
	next, err := k.load()
	if err != nil {
		next, err = k.load()
	}
	if err != nil {
		return err
	}
	if next.Serial < k.held.Serial {
		return fault.New(fault.Conflict, "seal.ring_older", "The ring file is an older version than the one in use. Put the newest one there.")
	}
	return k.use(next)
}

// Ring returns the keys of a namespace, and makes them if it is a new one. The same
// name gives the same Ring. A namespace that was destroyed gives ErrDestroyed until
// somebody says [Keyring.Recreate].
func (k *Keyring) Ring(name string) (*Ring, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r := k.rings[name]; r != nil && r.keys.Load() != nil {
		return r, nil
	}
	ns := k.held.find(name)
	if ns == nil {
		if err := k.make(name); err != nil {
			return nil, err
		}
	} else if !ns.Destroyed.IsZero() {
		return nil, fmt.Errorf("namespace %s: %w", name, ErrDestroyed)
	}
	return k.hand(name)
}

// Recreate gives a destroyed namespace fresh keys and returns its new ring. Rings
// from before stay destroyed. A namespace that is not destroyed is a Conflict.
func (k *Keyring) Recreate(name string) (*Ring, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	ns := k.held.find(name)
	if ns == nil || ns.Destroyed.IsZero() {
		return nil, fault.New(fault.Conflict, "seal.not_destroyed", "The keys of namespace %s were not destroyed, or it is not in the ring file, so it cannot begin anew.", name)
	}
	delete(k.rings, name) // the ring that is out stays destroyed
	if err := k.make(name); err != nil {
		return nil, err
	}
	return k.hand(name)
}

// make writes a namespace with fresh keys.
func (k *Keyring) make(name string) error {
	if !isName.MatchString(name) {
		return fault.New(fault.Invalid, "seal.namespace", "The name of a namespace is 1 to 64 of a-z, 0-9 and \"-\".")
	}
	return k.change(func(c *contents, now time.Time) error {
		ns := c.find(name)
		if ns == nil {
			ns = &namespace{Name: name, Made: now}
			c.Namespaces = append(c.Namespaces, ns)
			slices.SortFunc(c.Namespaces, func(a, b *namespace) int { return strings.Compare(a.Name, b.Name) })
		}
		ns.Made, ns.Destroyed = now, time.Time{}
		ns.add(Index, Current, now)
		ns.add(Data, Current, now)
		return nil
	})
}

// hand makes the ring of a namespace that has keys.
func (k *Keyring) hand(name string) (*Ring, error) {
	k.rings[name] = &Ring{namespace: name}
	if err := k.apply(name); err != nil {
		return nil, err
	}
	return k.rings[name], nil
}

// change carries out an act on a copy of the contents, writes it, and lets the rings
// have it. If the file cannot be written nothing has changed.
func (k *Keyring) change(act func(c *contents, now time.Time) error) error {
	if k.disk.lock == nil {
		return readOnly()
	}
	next := k.held.clone()
	now := k.now().UTC()
	if err := act(next, now); err != nil {
		return err
	}
	next.Serial, next.Written = next.Serial+1, now
	b, err := encode(next, k.root)
	if err != nil {
		return err
	}
	if err := k.disk.replace(b); err != nil {
		return err
	}
	return k.use(next)
}

func readOnly() error {
	return fault.New(fault.Conflict, "seal.ring_read_only", "The ring file is open for reading alone, because several processes have copies of it. Change it where it is kept with portreeve sessiond make-keys (--rotate, --destroy, or a namespace that is new in the configuration), and give each process the copy.")
}

// apply gives a namespace's keys to its ring. Keys that the ring has already keep
// their ciphers.
func (k *Keyring) apply(name string) error {
	r := k.rings[name]
	ns := k.held.find(name)
	if ns == nil || len(ns.Keys) == 0 {
		r.keys.Store(nil)
		return nil
	}
	was := r.keys.Load()
	if was == nil {
		was = &keys{}
	}
	next := &keys{}
	for _, key := range ns.inOrder() {
		switch key.Kind {
		case Index:
			at := slices.IndexFunc(was.index, func(i *indexKey) bool { return i.id == key.ID })
			if at >= 0 {
				next.index = append(next.index, was.index[at])
				continue
			}
			i, err := newIndexKey(key.ID, name, key.secret)
			if err != nil {
				return err
			}
			next.index = append(next.index, i)
		case Data:
			d := was.dataKey(key.ID)
			if d == nil {
				d = newDataKey(key.ID, key.secret)
			}
			next.data = append(next.data, d)
		}
	}
	r.keys.Store(next)
	return nil
}

// inOrder returns the keys as a ring has them: the current ones first, the newest
// before the older.
func (ns *namespace) inOrder() []*key {
	return slices.SortedFunc(slices.Values(ns.Keys), func(a, b *key) int {
		if (a.State == Current) != (b.State == Current) {
			if a.State == Current {
				return -1
			}
			return 1
		}
		return int(b.ID) - int(a.ID)
	})
}

func (c *contents) find(name string) *namespace {
	for _, ns := range c.Namespaces {
		if ns.Name == name {
			return ns
		}
	}
	return nil
}

func (c *contents) clone() *contents {
	next := *c
	next.Namespaces = make([]*namespace, len(c.Namespaces))
	for i, ns := range c.Namespaces {
		copied := *ns
		copied.Keys = make([]*key, len(ns.Keys))
		for j, k := range ns.Keys {
			one := *k
			copied.Keys[j] = &one
		}
		next.Namespaces[i] = &copied
	}
	return &next
}

// add makes a new key.
func (ns *namespace) add(kind Kind, state State, now time.Time) *key {
	ns.Last++
	k := &key{ID: ns.Last, Kind: kind, State: state, Made: now, Since: now, secret: make([]byte, secretSize)}
	rand.Read(k.secret) // never fails: crypto/rand ends the process instead
	ns.Keys = append(ns.Keys, k)
	return k
}

func (ns *namespace) of(kind Kind, state State) *key {
	for _, k := range ns.Keys {
		if k.Kind == kind && k.State == state {
			return k
		}
	}
	return nil
}

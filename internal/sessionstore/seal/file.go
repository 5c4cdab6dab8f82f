// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// ringFormat is the first word of a ring file; another one is another format.
const ringFormat = "portreeve-session-ring/1"

// maxRingFile is the largest ring file that is read, in bytes: some ten thousand keys.
const maxRingFile = 8 << 20

// envelope is a ring file as it lies on disk. MAC is over format, root and the bytes
// of Ring, so that nothing in it can be changed, dates and states included. That the
// whole file is an older one it cannot tell.
type envelope struct {
	Format string          `json:"format"`
	Root   string          `json:"root"` // the id of the root key that wrapped the keys
	MAC    []byte          `json:"mac"`
	Ring   json.RawMessage `json:"ring"`
}

// contents are a ring file's: every namespace there is or was.
type contents struct {
	Serial     uint64       `json:"serial"` // counts the writes of the file
	Written    time.Time    `json:"written"`
	Namespaces []*namespace `json:"namespaces"`
}

type namespace struct {
	Name      string    `json:"name"`
	Made      time.Time `json:"made"`
	Last      uint32    `json:"last"` // the highest key id ever given; ids are never used again
	Destroyed time.Time `json:"destroyed,omitzero"`
	Keys      []*key    `json:"keys"`
}

type key struct {
	ID      uint32    `json:"id"`
	Kind    Kind      `json:"kind"`
	State   State     `json:"state"`
	Made    time.Time `json:"made"`
	Since   time.Time `json:"since"` // when it came into its state
	Wrapped []byte    `json:"wrapped"`
	secret  []byte
}

// Kind is what a key is for.
type Kind string

// The kinds.
const (
	Index Kind = "index" // places of rows and names of owners
	Data  Kind = "data"  // values
)

// State is where a key is in its life.
type State string

// The states. Every key of these states is looked at by reads.
const (
	Announced State = "announced" // the next one to write under
	Current   State = "current"
	Old       State = "old"
)

// use is what a wrapped key is bound to.
func (k *key) use(namespace string) string {
	return fmt.Sprintf("%s\x00%s\x00%s\x00%d", ringFormat, namespace, k.Kind, k.ID)
}

func (e *envelope) mac(root *Root) []byte {
	b := append([]byte(e.Format+"\x00"+e.Root+"\x00"), e.Ring...)
	sum := root.mac.of(b)
	return sum[:]
}

// encode returns the file's bytes, with every key wrapped under root.
func encode(c *contents, root *Root) ([]byte, error) {
	for _, ns := range c.Namespaces {
		for _, k := range ns.Keys {
			if k.Wrapped == nil {
				k.Wrapped = root.wrap(k.secret, k.use(ns.Name))
			}
		}
	}
	ring, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("write the ring: %w", err)
	}
	e := &envelope{Format: ringFormat, Root: root.id, Ring: ring}
	e.MAC = e.mac(root)
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("write the ring: %w", err)
	}
	return append(b, '\n'), nil
}

// decode reads a file's bytes. What is not exactly a ring of this root key is an
// Invalid fault: an empty ring in its place would sign everybody out, and the next
// write would destroy the keys for good.
func decode(b []byte, root *Root) (*contents, error) {
	var e envelope
	if err := strictly(b, &e); err != nil {
		return nil, damaged("it is cut short, or no ring file")
	}
	if e.Format != ringFormat {
		return nil, fault.New(fault.Invalid, "seal.ring_format", "The ring file has another format than %s. Use the version of Portreeve that wrote it.", ringFormat)
	}
	if e.Root != root.id {
		return nil, fault.New(fault.Invalid, "seal.ring_root", "The ring file is wrapped under root key %.12q, and the root key given is %s. Give the one that it was wrapped under.", e.Root, root.id)
	}
	if !hmac.Equal(e.MAC, e.mac(root)) {
		return nil, damaged("it was changed")
	}
	// The MAC's own spelling, and what stands around the values, it does not cover.
	if again, err := json.Marshal(&e); err != nil || !bytes.Equal(append(again, '\n'), b) {
		return nil, damaged("it was changed")
	}
	var c contents
	if err := strictly(e.Ring, &c); err != nil {
		return nil, damaged("its contents cannot be read")
	}
	before := ""
	for _, ns := range c.Namespaces {
		if ns == nil || ns.Name <= before {
			return nil, damaged("its namespaces are not in order")
		}
		before = ns.Name
		if err := ns.check(root); err != nil {
			return nil, damaged(err.Error())
		}
	}
	return &c, nil
}

func damaged(what string) error {
	return fault.New(fault.Invalid, "seal.ring_damaged", "The ring file is not as it was written: %s. Put the last good copy back; without it the sessions cannot be read.", what)
}

// check unwraps the namespace's keys and refuses what no ring has.
func (ns *namespace) check(root *Root) error {
	if !isName.MatchString(ns.Name) {
		return errors.New("a namespace has no proper name")
	}
	seen, current := map[uint32]bool{}, map[Kind]int{}
	for _, k := range ns.Keys {
		if k == nil || k.Kind != Index && k.Kind != Data || k.State != Announced && k.State != Current && k.State != Old {
			return errors.New("a key has no proper kind or state")
		}
		if k.ID == 0 || k.ID > ns.Last || seen[k.ID] {
			return errors.New("a key has no proper id")
		}
		seen[k.ID] = true
		if k.State == Current {
			current[k.Kind]++
		}
		var err error
		if k.secret, err = root.unwrap(k.Wrapped, k.use(ns.Name)); err != nil {
			return err
		}
	}
	if gone := !ns.Destroyed.IsZero(); gone && len(ns.Keys) > 0 || !gone && (current[Index] != 1 || current[Data] != 1) {
		return errors.New("a namespace has not the keys that it should have")
	}
	return nil
}

var isName = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// strictly decodes one JSON value with nothing unknown in it and nothing behind it.
func strictly(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows")
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package seal

import "time"

// Status is what the administration shows of a ring file. It holds no key.
type Status struct {
	ReadOnly   bool              `json:"read_only,omitempty"`
	Namespaces []NamespaceStatus `json:"namespaces"`
}

// NamespaceStatus is one namespace's keys; none if they were destroyed.
type NamespaceStatus struct {
	Name      string      `json:"name"`
	Made      time.Time   `json:"made"`
	Destroyed time.Time   `json:"destroyed,omitzero"`
	Keys      []KeyStatus `json:"keys"`
}

// KeyStatus is one key: since when it is in its state tells how long an old one is
// not written under any more.
type KeyStatus struct {
	ID    uint32    `json:"id"`
	Kind  Kind      `json:"kind"`
	State State     `json:"state"`
	Made  time.Time `json:"made"`
	Since time.Time `json:"since"`
}

// Status tells what the ring holds, namespaces in order of their names, the current
// keys first.
func (k *Keyring) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := Status{ReadOnly: k.disk.lock == nil, Namespaces: []NamespaceStatus{}}
	for _, ns := range k.held.Namespaces {
		one := NamespaceStatus{Name: ns.Name, Made: ns.Made, Destroyed: ns.Destroyed, Keys: []KeyStatus{}}
		for _, key := range ns.inOrder() {
			one.Keys = append(one.Keys, KeyStatus{ID: key.ID, Kind: key.Kind, State: key.State, Made: key.Made, Since: key.Since})
		}
		s.Namespaces = append(s.Namespaces, one)
	}
	return s
}

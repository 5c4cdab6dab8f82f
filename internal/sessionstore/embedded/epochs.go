// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"sync"
	"sync/atomic"

	"portreeve.org/portreeve/internal/sessionstore"
)

// ownerID is an owner of a namespace.
type ownerID struct {
	space uint32
	owner sessionstore.OwnerKey
}

// epochs holds the not-before of every owner that was ever revoked, about 60 bytes
// for each. Reads and writes compare it with when a session began, so that a
// revocation takes effect at once however many sessions it ends.
type epochs struct {
	some atomic.Bool
	mu   sync.RWMutex
	of   map[ownerID]epoch
}

func (e *epochs) get(id ownerID) epoch {
	if !e.some.Load() {
		return epoch{}
	}
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.of[id]
}

func (e *epochs) set(id ownerID, at epoch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.of == nil {
		e.of = map[ownerID]epoch{}
	}
	e.of[id] = at
	e.some.Store(true)
}

func (e *epochs) len() int {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return len(e.of)
}

// unswept returns the owners whose ended rows may still lie as they were.
func (e *epochs) unswept() []ownerID {
	e.mu.RLock()
	defer e.mu.RUnlock()
	var all []ownerID
	for id, at := range e.of {
		if !at.swept {
			all = append(all, id)
		}
	}
	return all
}

// ends reports whether the revocation ended the row.
func (e epoch) ends(r *sessionstore.Row) bool {
	return e.notBefore != 0 && r.Established <= e.notBefore && (r.State == sessionstore.Live || r.State == sessionstore.Retired)
}

// SPDX-License-Identifier: Apache-2.0

package admin

import "net/http"

// Rotation says which keys of a namespace become new.
type Rotation struct {
	// Index also makes new keys for the places of sessions and the names of owners.
	Index bool `json:"index,omitempty"`
}

// rotate gives a namespace new keys. Nobody is signed out: what older keys sealed
// is read with them until it is sealed anew.
func (a *API) rotate(w http.ResponseWriter, r request) error {
	if _, err := a.space(r.namespace); err != nil {
		return err
	}
	var in Rotation
	if err := body(r, &in); err != nil {
		return err
	}
	return a.act(w, r, "keys.rotate", "keys.rotated", func() error {
		if err := a.Keys.Rotate(r.namespace, in.Index); err != nil {
			return err
		}
		a.Stale(r.namespace)
		return nil
	})
}

// destroy destroys a namespace's keys, and with them everything they sealed, in
// every copy and backup; then it removes the rows, which nobody can read any more.
func (a *API) destroy(w http.ResponseWriter, r request) error {
	s, err := a.space(r.namespace)
	if err != nil {
		return err
	}
	if err := confirmed(r); err != nil {
		return err
	}
	return a.act(w, r, "keys.destroy", "keys.destroyed", func() error {
		if err := a.Keys.Destroy(r.namespace); err != nil {
			return err
		}
		return s.Store.Drop(r.Context())
	})
}

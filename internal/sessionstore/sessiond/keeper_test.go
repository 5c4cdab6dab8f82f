// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"slices"
	"strconv"
	"testing"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/seal"
)

// states returns the states of a namespace's keys of a kind, the current ones first.
func (b *bed) states(kind seal.Kind) []seal.State {
	b.t.Helper()
	one, ok := b.p.keeper.status("default")
	if !ok {
		b.t.Fatal("there is no namespace default")
	}
	var all []seal.State
	for _, k := range one.Keys {
		if k.Kind == kind {
			all = append(all, k.State)
		}
	}
	return all
}

// TestRotation: keys of both kinds are exchanged while sessions are there; nobody is
// signed out, what is old is brought over, and a data key goes when nothing needs it.
func TestRotation(t *testing.T) {
	b := start(t, t.TempDir(), "  - {name: default", "  - {name: default, base_uri: /sessions/v1/, max_ttl: 30d, max_grace: 1s}",
		"probe:", "limits: {header_timeout: 1s, body_timeout: 1s}")
	client, administrator := b.client("client"), b.client("administrator")
	const sessions = 600 // more than two of the keeper's batches
	for i := range sessions {
		b.want(201, client, "POST", b.ready.URL+strconv.Itoa(i), "hello")
	}
	store := b.p.spaces[0].store
	keys := b.ready.AdminURL + "/admin/v1/namespaces/default/keys"
	b.want(204, administrator, "POST", keys, `{}`)
	b.eventually("the old data key to go", func() bool { return slices.Equal(b.states(seal.Data), []seal.State{seal.Current}) })
	b.want(204, administrator, "POST", keys, `{"index": true}`)
	b.eventually("the new index key", func() bool { return slices.Equal(b.states(seal.Index), []seal.State{seal.Current, seal.Old}) })
	b.eventually("the old data key to go again", func() bool { return slices.Equal(b.states(seal.Data), []seal.State{seal.Current}) })
	b.eventually("every row to be brought over", func() bool {
		_, end, moved, err := store.Reseal(t.Context(), sessionstore.RowKey{}, 2*sessions)
		return err == nil && end && moved == 0
	})
	for i := range sessions {
		b.want(200, client, "GET", b.ready.URL+strconv.Itoa(i), "")
	}
	b.want(204, client, "DELETE", b.ready.URL+"0", "")
	b.want(404, client, "GET", b.ready.URL+"0", "")
	if held := b.metric(`sessiond_held_sessions{namespace="default"}`); held != strconv.Itoa(sessions-1) {
		t.Errorf("%s sessions are held", held)
	}
}

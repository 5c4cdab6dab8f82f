// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"bytes"
	"testing"

	"portreeve.org/portreeve/internal/sessionstore"
)

// TestPlainRing: without keys rows are found again by every process, and damage and
// mix-ups are noticed.
func TestPlainRing(t *testing.T) {
	a, b := plainRing{"default"}, plainRing{"default"}
	r := sessionstore.Row{Key: a.RowKey([]byte("id")), Version: 7}
	if err := a.Seal(&r, []byte("content")); err != nil {
		t.Fatal(err)
	}
	if b.RowKey([]byte("id")) != r.Key || (plainRing{"other"}).RowKey([]byte("id")) == r.Key {
		t.Error("a row's place is not its namespace's and its id's alone")
	}
	got, err := b.Open([]byte("x"), &r)
	if err != nil || string(got) != "xcontent" || !b.Current(&r, []byte("id")) || b.Current(&r, []byte("ib")) {
		t.Errorf("%q, %v", got, err)
	}
	damaged := []func(*sessionstore.Row){
		func(r *sessionstore.Row) { r.Version++ },
		func(r *sessionstore.Row) { r.Key[0] ^= 1 },
		func(r *sessionstore.Row) { r.Sealed[20] ^= 1 },
		func(r *sessionstore.Row) { r.Sealed = r.Sealed[:plainSum-1] },
		func(r *sessionstore.Row) { r.KeyID = 1 },
	}
	for i, damage := range damaged {
		other := r
		other.Sealed = bytes.Clone(r.Sealed)
		damage(&other)
		if got, err := b.Open(nil, &other); err == nil {
			t.Errorf("damage %d: %q", i, got)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

//go:build integration

package cassandra

import (
	"errors"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
)

// TestLife takes one session through everything that can happen to it.
func TestLife(t *testing.T) {
	b := newBed(t)
	ns := storetest.Namespace("life")
	store := storetest.Store(t, b.backend(t), ns)
	ctx := t.Context()
	id, next := []byte("global:MWSession:1"), []byte("global:MWSession:2")
	meta, created, err := store.Set(ctx, id, sessionstore.Write{Value: []byte("one"), Owner: "ada"})
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	if got, err := store.Get(ctx, id); err != nil || string(got.Value) != "one" || got.Owner != "ada" || got.Version != meta.Version {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, _, err := store.Set(ctx, id, sessionstore.Write{Value: []byte("two"), Match: &sessionstore.Match{Version: meta.Version}}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.Set(ctx, id, sessionstore.Write{Value: []byte("three"), Match: &sessionstore.Match{Version: meta.Version}}); err == nil {
		t.Fatal("a write with a stale precondition went through")
	}
	if _, err := store.Touch(ctx, id, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Change(ctx, id, next, sessionstore.Write{}, time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, key := range [][]byte{id, next} {
		if got, err := store.Get(ctx, key); err != nil || string(got.Value) != "two" {
			t.Fatalf("%s after the change: %+v, %v", key, got, err)
		}
	}
	if held, err := store.Owned(ctx, "ada", sessionstore.RowKey{}, 10); err != nil || len(held) != 1 {
		t.Fatalf("owned: %+v, %v", held, err)
	}
	if n, err := store.Revoke(ctx, "ada", sessionstore.InstantOf(time.Now())); err != nil || n != 1 {
		t.Fatalf("revoked %d, %v", n, err)
	}
	for _, key := range [][]byte{id, next} {
		if _, err := store.Get(ctx, key); !errors.Is(err, sessionstore.ErrNotFound) {
			t.Fatalf("%s after the revocation: %v", key, err)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/seal"
)

// Keyring returns a new keyring whose files are in a folder of the test.
func Keyring(t testing.TB) *seal.Keyring {
	t.Helper()
	dir := t.TempDir()
	root, err := seal.CreateRoot(filepath.Join(dir, "root"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := seal.Create(filepath.Join(dir, "ring"), root, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

// Namespace returns a namespace with the defaults of the package and a delete that
// holds nothing, to change as a test needs it.
func Namespace(name string) sessionstore.Namespace {
	return sessionstore.Namespace{
		Name: name, Defaults: sessionstore.Life{TTL: sessionstore.DefaultTTL},
		MaxValue: sessionstore.DefaultMaxValue, MaxGrace: sessionstore.DefaultMaxGrace,
	}
}

// Store returns the store of a namespace in the backend, with keys of its own.
func Store(t testing.TB, b sessionstore.Backend, ns sessionstore.Namespace) *sessionstore.Store {
	t.Helper()
	return StoreWith(t, b, ns, Keyring(t))
}

// StoreWith is Store with keys of the given keyring.
func StoreWith(t testing.TB, b sessionstore.Backend, ns sessionstore.Namespace, k *seal.Keyring) *sessionstore.Store {
	t.Helper()
	ring, err := k.Ring(ns.Name)
	if err != nil {
		t.Fatal(err)
	}
	space, err := b.Space(context.Background(), ns.Name, ns.Quota)
	if err != nil {
		t.Fatal(err)
	}
	return sessionstore.NewStore(ns, space, ring, nil, nil)
}

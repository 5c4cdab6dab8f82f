// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/seal"
)

// keyring returns a new one in a folder of the test, with its paths.
func keyring(t testing.TB) (k *seal.Keyring, ring, root string) {
	t.Helper()
	dir := t.TempDir()
	ring, root = filepath.Join(dir, "ring"), filepath.Join(dir, "root")
	r, err := seal.CreateRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	if k, err = seal.Create(ring, r, time.Now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k, ring, root
}

func ringOf(t testing.TB, k *seal.Keyring, name string) *seal.Ring {
	t.Helper()
	r, err := k.Ring(name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sealed(t testing.TB, r *seal.Ring, id, content string) sessionstore.Row {
	t.Helper()
	row := sessionstore.Row{Key: r.RowKey([]byte(id)), State: sessionstore.Live, Owner: r.OwnerKeys("anna")[0], Version: 7, Established: 1000, Cap: 2000}
	if err := r.Seal(&row, []byte(content)); err != nil {
		t.Fatal(err)
	}
	return row
}

func opens(t testing.TB, r *seal.Ring, row sessionstore.Row, content string) {
	t.Helper()
	got, err := r.Open([]byte("before "), &row)
	if err != nil || string(got) != "before "+content {
		t.Fatalf("Open = %q, %v", got, err)
	}
}

func TestSealAndOpen(t *testing.T) {
	ring, _, _ := keyring(t)
	k := ringOf(t, ring, "default")
	rapid.Check(t, func(rt *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(rt, "content")
		row := sessionstore.Row{Key: k.RowKey(rapid.SliceOf(rapid.Byte()).Draw(rt, "id")), Version: rapid.Uint64().Draw(rt, "version")}
		if err := k.Seal(&row, content); err != nil {
			rt.Fatal(err)
		}
		if len(row.Sealed) != len(content)+seal.Overhead {
			rt.Fatalf("%d bytes sealed into %d", len(content), len(row.Sealed))
		}
		got, err := k.Open(nil, &row)
		if err != nil || !bytes.Equal(got, content) {
			rt.Fatalf("Open: %v", err)
		}
		// Whatever byte is changed, the row does not open.
		row.Sealed[rapid.IntRange(0, len(row.Sealed)-1).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "by"))
		if _, err := k.Open(nil, &row); !errors.Is(err, seal.ErrUnreadable) {
			rt.Fatalf("an altered row: %v", err)
		}
	})
}

func TestARowIsBoundToWhatItIs(t *testing.T) {
	k, _, _ := keyring(t)
	r, other := ringOf(t, k, "default"), ringOf(t, k, "other")
	for name, change := range map[string]func(*sessionstore.Row){
		"place":    func(r *sessionstore.Row) { r.Key[0] ^= 1 },
		"owner":    func(r *sessionstore.Row) { r.Owner = sessionstore.OwnerKey{} },
		"version":  func(r *sessionstore.Row) { r.Version++ },
		"begun":    func(r *sessionstore.Row) { r.Established++ },
		"cap":      func(r *sessionstore.Row) { r.Cap = 0 },
		"key":      func(r *sessionstore.Row) { r.KeyID = 99 },
		"cut":      func(r *sessionstore.Row) { r.Sealed = r.Sealed[:len(r.Sealed)-1] },
		"cut away": func(r *sessionstore.Row) { r.Sealed = r.Sealed[:seal.Overhead-1] },
		"nothing":  func(r *sessionstore.Row) { r.Sealed = nil },
	} {
		t.Run(name, func(t *testing.T) {
			row := sealed(t, r, "id", "content")
			opens(t, r, row, "content")
			change(&row)
			if got, err := r.Open(nil, &row); !errors.Is(err, seal.ErrUnreadable) || got != nil {
				t.Fatalf("Open = %q, %v", got, err)
			}
		})
	}
	row := sealed(t, r, "id", "content")
	if _, err := other.Open(nil, &row); !errors.Is(err, seal.ErrUnreadable) {
		t.Fatalf("a row of another namespace: %v", err)
	}
	if r.RowKey([]byte("x")) == other.RowKey([]byte("x")) || r.OwnerKeys("x")[0] == other.OwnerKeys("x")[0] {
		t.Fatal("two namespaces have one key")
	}
	place, owner := r.RowKey([]byte("x")), r.OwnerKeys("x")[0]
	if bytes.Equal(place[:16], owner[:]) {
		t.Fatal("a session's place is the owner's name of the same text")
	}
}

func TestRotationOfADataKey(t *testing.T) {
	k, path, root := keyring(t)
	r := ringOf(t, k, "default")
	before := sealed(t, r, "id", "content")
	id, err := k.Rotate("default", seal.Data)
	if err != nil {
		t.Fatal(err)
	}
	after := sealed(t, r, "id", "content")
	if before.KeyID == after.KeyID || after.KeyID != id || before.Key != after.Key {
		t.Fatalf("keys %d and %d, new one %d", before.KeyID, after.KeyID, id)
	}
	if r.Current(&before, nil) || !r.Current(&after, nil) || !r.Current(&after, []byte("id")) || r.Current(&after, []byte("other")) {
		t.Fatal("Current")
	}
	opens(t, r, before, "content")
	opens(t, r, after, "content")
	if err := k.Retire("default", id); err == nil {
		t.Fatal("the current key was retired")
	}
	again := reopen(t, k, path, root)
	r = ringOf(t, again, "default")
	opens(t, r, before, "content")
	opens(t, r, after, "content")
	if err := again.Retire("default", before.KeyID); err != nil {
		t.Fatal(err)
	}
	opens(t, r, after, "content")
	if _, err := r.Open(nil, &before); !errors.Is(err, seal.ErrUnreadable) {
		t.Fatalf("under a retired key: %v", err)
	}
}

func reopen(t *testing.T, k *seal.Keyring, path, root string) *seal.Keyring {
	t.Helper()
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	key, err := seal.ReadRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	again, err := seal.Open(path, key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = again.Close() })
	return again
}

// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/seal"
)

func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func rootOf(t *testing.T, path string) *seal.Root {
	t.Helper()
	r, err := seal.ReadRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRootKeyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "root")
	made, err := seal.CreateRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	if read := rootOf(t, path); read.String() != made.String() || strings.HasSuffix(made.String(), " ") {
		t.Fatal("another key was read than was made")
	}
	if _, err := seal.CreateRoot(path); err == nil {
		t.Fatal("a root key was overwritten")
	}
	text := strings.TrimSpace(string(readFile(t, path)))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if shown := fmt.Sprintf(verb, made); !strings.Contains(shown, made.String()) || len(shown) > 40 {
			t.Errorf("%s prints %s", verb, shown)
		}
	}
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		code string
	}{
		"read by the group":   {text, 0o640, "seal.key_exposed"},
		"read by all":         {text, 0o604, "seal.key_exposed"},
		"written by others":   {text, 0o602, "seal.key_exposed"},
		"spaces around":       {"\n " + text + "\n\n", 0o600, ""},
		"read by owner alone": {text, 0o400, ""},
		"empty":               {"", 0o600, "seal.root_form"},
		"short":               {base64.StdEncoding.EncodeToString(make([]byte, 31)), 0o600, "seal.root_form"},
		"long":                {base64.StdEncoding.EncodeToString(make([]byte, 33)), 0o600, "seal.root_form"},
		"zeros":               {base64.StdEncoding.EncodeToString(make([]byte, 32)), 0o600, "seal.root_form"},
		"hexadecimal":         {strings.Repeat("0f", 32), 0o600, "seal.root_form"},
		"another alphabet":    {strings.Repeat("-", 43) + "=", 0o600, "seal.root_form"},
		"stray bits":          {text[:42] + "B=", 0o600, "seal.root_form"},
		"too much":            {text + strings.Repeat(" ", 1000), 0o600, "seal.root_form"},
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := seal.ReadRoot(file)
		if code(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), text[:20]) {
			t.Errorf("%s: the error shows the key", name)
		}
	}
	if _, err := seal.ReadRoot(filepath.Join(dir, "none")); code(err) != "seal.root_missing" {
		t.Errorf("none: %v", err)
	}
	if _, err := seal.ReadRoot(dir); code(err) != "seal.key_exposed" {
		t.Errorf("a folder: %v", err)
	}
}

// TestADamagedRingFile: whatever byte is changed, and wherever it is cut, the file is
// refused and left as it is.
func TestADamagedRingFile(t *testing.T) {
	k, path, root := keyring(t)
	ringOf(t, k, "default")
	if _, err := k.Announce("default", seal.Data); err != nil {
		t.Fatal(err)
	}
	_ = k.Close()
	good, key := readFile(t, path), rootOf(t, root)
	refused := func(what string, b []byte, codes string) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := seal.Open(path, key, time.Now)
		if c := code(err); c == "" || !strings.Contains(codes, c) {
			t.Fatalf("%s: %v", what, err)
		}
		if !bytes.Equal(readFile(t, path), b) {
			t.Fatalf("%s: the file was changed", what)
		}
	}
	for i := range good {
		for _, by := range []byte{1, 0x20} {
			b := bytes.Clone(good)
			b[i] ^= by
			refused(fmt.Sprintf("byte %d changed", i), b, "seal.ring_damaged seal.ring_format seal.ring_root")
		}
		refused(fmt.Sprintf("cut at %d", i), good[:i], "seal.ring_damaged")
	}
	refused("something behind it", append(bytes.Clone(good), "{}"...), "seal.ring_damaged")
	refused("too large", append(bytes.Clone(good), bytes.Repeat([]byte(" "), 9<<20)...), "seal.ring_damaged")
	other, err := seal.CreateRoot(root + "2")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Open(path, other, time.Now); code(err) != "seal.ring_root" {
		t.Fatalf("another root key: %v", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Open(path, key, time.Now); code(err) != "seal.key_exposed" {
		t.Fatalf("read by others: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Open(path, key, time.Now); code(err) != "seal.ring_missing" {
		t.Fatalf("missing: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Fatal("a missing file was made")
	}
}

func TestOneProcessWrites(t *testing.T) {
	k, path, root := keyring(t)
	ringOf(t, k, "default")
	key := rootOf(t, root)
	if _, err := seal.Open(path, key, time.Now); code(err) != "seal.ring_in_use" {
		t.Fatalf("a second one: %v", err)
	}
	if _, err := seal.Create(path, key, time.Now); code(err) != "seal.ring_in_use" {
		t.Fatalf("a second one that creates: %v", err)
	}
	_ = k.Close()
	if _, err := seal.Create(path, key, time.Now); code(err) != "seal.ring_exists" {
		t.Fatalf("creating what is there: %v", err)
	}
	again, err := seal.Open(path, key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	// Somebody puts another file there behind its back: it is not overwritten.
	theirs := append(readFile(t, path), ' ')
	if err := os.WriteFile(path, theirs, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Announce("default", seal.Data); code(err) != "seal.ring_changed" {
		t.Fatalf("after another hand: %v", err)
	}
	if !bytes.Equal(readFile(t, path), theirs) {
		t.Fatal("the other file was overwritten")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
}

func TestDestroy(t *testing.T) {
	k, path, root := keyring(t)
	r, other := ringOf(t, k, "default"), ringOf(t, k, "other")
	row, kept := sealed(t, r, "id", "content"), sealed(t, other, "id", "content")
	was := readFile(t, path)
	old, err := os.Open(path) // the bytes that are replaced, as a disk keeps them
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := k.Destroy("default"); err != nil {
		t.Fatal(err)
	}
	left := make([]byte, len(was))
	if n, err := old.ReadAt(left, 0); err != nil || n != len(was) || bytes.Count(left, []byte{0}) != len(left) {
		t.Errorf("the old file was not overwritten: %.40q, %v", left, err)
	}
	closed := func(r *seal.Ring) {
		t.Helper()
		if _, err := r.Open(nil, &row); !errors.Is(err, seal.ErrDestroyed) {
			t.Errorf("open: %v", err)
		}
		fresh := sessionstore.Row{Key: row.Key}
		if err := r.Seal(&fresh, []byte("x")); !errors.Is(err, seal.ErrDestroyed) || fresh.Sealed != nil {
			t.Errorf("seal: %v", err)
		}
		if a, b := r.RowKey([]byte("id")), r.RowKey([]byte("id")); a == row.Key || a == b || r.OlderRowKeys([]byte("id")) != nil {
			t.Error("it tells where rows lie")
		}
		if o := r.OwnerKeys("anna"); len(o) != 1 || o[0] == row.Owner || o[0] == (sessionstore.OwnerKey{}) {
			t.Error("it tells owners' names")
		}
		if r.Current(&row, nil) {
			t.Error("a row is current")
		}
	}
	closed(r)
	opens(t, other, kept, "content")
	for _, err := range []error{
		second(k.Ring("default")), second(k.Announce("default", seal.Data)),
		second(k.Rotate("default", seal.Index)),
	} {
		if !errors.Is(err, seal.ErrDestroyed) {
			t.Errorf("after it was destroyed: %v", err)
		}
	}
	if err := k.Destroy("default"); err != nil {
		t.Errorf("destroyed twice: %v", err)
	}
	if err := k.Destroy("never"); code(err) != "seal.no_namespace" {
		t.Errorf("destroying none: %v", err)
	}
	k = reopen(t, k, path, root)
	if _, err := k.Ring("default"); !errors.Is(err, seal.ErrDestroyed) {
		t.Errorf("after a restart: %v", err)
	}
	if _, err := k.Recreate("other"); code(err) != "seal.not_destroyed" {
		t.Errorf("recreating what is there: %v", err)
	}
	next, err := k.Recreate("default")
	if err != nil {
		t.Fatal(err)
	}
	closed(r)
	if again := ringOf(t, k, "default"); again != next {
		t.Error("two rings of one namespace")
	}
	if _, err := next.Open(nil, &row); !errors.Is(err, seal.ErrUnreadable) {
		t.Errorf("a row from before: %v", err)
	}
	fresh := sealed(t, next, "id", "new")
	if fresh.Key == row.Key || fresh.KeyID <= row.KeyID || fresh.Owner == row.Owner {
		t.Error("it has keys from before")
	}
	opens(t, next, fresh, "new")
}

// TestRecreateLeavesOldRingsDestroyed: a store that was open does not get fresh keys
// behind its back.
func TestRecreateLeavesOldRingsDestroyed(t *testing.T) {
	k, _, _ := keyring(t)
	old := ringOf(t, k, "default")
	if err := k.Destroy("default"); err != nil {
		t.Fatal(err)
	}
	next, err := k.Recreate("default")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.Rotate("default", seal.Data); err != nil {
		t.Fatal(err)
	}
	if err := old.Seal(&sessionstore.Row{}, nil); !errors.Is(err, seal.ErrDestroyed) {
		t.Fatalf("the old ring: %v", err)
	}
	opens(t, next, sealed(t, next, "id", "content"), "content")
}

func second[T any](_ T, err error) error { return err }

// TestDestroyWithoutADisk: the rings fail closed at once, and what could not be
// written is written by the next attempt.
func TestDestroyWithoutADisk(t *testing.T) {
	k, path, root := keyring(t)
	r := ringOf(t, k, "default")
	row := sealed(t, r, "id", "content")
	good := readFile(t, path)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	if err := k.Destroy("default"); err == nil {
		t.Fatal("destroyed without a disk")
	}
	if _, err := r.Open(nil, &row); !errors.Is(err, seal.ErrDestroyed) {
		t.Fatalf("open: %v", err)
	}
	if _, err := k.Ring("default"); !errors.Is(err, seal.ErrDestroyed) {
		t.Fatalf("a ring of it: %v", err)
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	ringOf(t, k, "other") // whatever is written next does not bring it back
	if _, err := r.Open(nil, &row); !errors.Is(err, seal.ErrDestroyed) {
		t.Fatalf("open: %v", err)
	}
	if err := k.Destroy("default"); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(readFile(t, path), good) {
		t.Fatal("nothing was written")
	}
	if _, err := reopen(t, k, path, root).Ring("default"); !errors.Is(err, seal.ErrDestroyed) {
		t.Fatalf("after a restart: %v", err)
	}
}

func TestRotationOfAnIndexKey(t *testing.T) {
	k, _, _ := keyring(t)
	r := ringOf(t, k, "default")
	id := []byte("id")
	old, owner := r.RowKey(id), r.OwnerKeys("anna")
	if r.OlderRowKeys(id) != nil || len(owner) != 1 {
		t.Fatal("older places without a rotation")
	}
	next, err := k.Announce("default", seal.Index)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := k.Announce("default", seal.Index); err != nil || again != next {
		t.Fatalf("announced twice: %d and %d, %v", next, again, err)
	}
	other := r.OlderRowKeys(id)
	if r.RowKey(id) != old || len(other) != 1 || other[0] == old || len(r.OwnerKeys("anna")) != 2 || r.OwnerKeys("anna")[0] != owner[0] {
		t.Fatal("an announced key is looked at and not written under")
	}
	if err := k.Retire("default", next); code(err) != "seal.key_in_use" {
		t.Fatalf("an announced key was retired: %v", err)
	}
	for range 2 {
		if err := k.Promote("default", next); err != nil {
			t.Fatal(err)
		}
	}
	if now := r.OlderRowKeys(id); r.RowKey(id) != other[0] || len(now) != 1 || now[0] != old || r.OwnerKeys("anna")[1] != owner[0] {
		t.Fatal("the new key is current, and the old one is looked at")
	}
	if _, err := k.Rotate("default", seal.Index); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Announce("default", seal.Index); code(err) != "seal.index_keys" {
		t.Fatalf("a fourth place to look: %v", err)
	}
	if n := len(r.OlderRowKeys(id)); n != 2 {
		t.Fatalf("%d older places", n)
	}
	for _, err := range []error{
		second(k.Announce("none", seal.Index)), second(k.Announce("default", "other")),
		k.Promote("default", 99), k.Promote("none", 1), k.Retire("default", 99), k.Retire("none", 1),
	} {
		if code(err) == "" || fault.From(err).Kind == fault.Internal {
			t.Errorf("%v", err)
		}
	}
}

func TestAnInterruptedRotationGoesOn(t *testing.T) {
	k, path, root := keyring(t)
	ringOf(t, k, "default")
	id, err := k.Announce("default", seal.Index)
	if err != nil {
		t.Fatal(err)
	}
	k = reopen(t, k, path, root)
	again, err := k.Rotate("default", seal.Index)
	if err != nil || again != id {
		t.Fatalf("key %d, then %d, %v", id, again, err)
	}
}

func TestReadOnly(t *testing.T) {
	k, path, root := keyring(t)
	r := ringOf(t, k, "default")
	copied, err := seal.OpenReadOnly(path, rootOf(t, root), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	c := ringOf(t, copied, "default")
	opens(t, c, sealed(t, r, "id", "content"), "content")
	for what, err := range map[string]error{
		"rotate": second(copied.Rotate("default", seal.Data)), "make": second(copied.Ring("new")),
		"destroy": copied.Destroy("default"), "retire": copied.Retire("default", 1),
	} {
		if code(err) != "seal.ring_read_only" {
			t.Errorf("%s: %v", what, err)
		}
	}
	opens(t, c, sealed(t, r, "id", "content"), "content")
	old := readFile(t, path)
	id, err := k.Announce("default", seal.Data)
	if err != nil {
		t.Fatal(err)
	}
	if err := copied.Reload(); err != nil {
		t.Fatal(err)
	}
	if err := k.Promote("default", id); err != nil {
		t.Fatal(err)
	}
	after := sealed(t, r, "id", "content")
	opens(t, c, after, "content") // announced there, and that is enough
	if sealed(t, c, "id", "x").KeyID == id {
		t.Fatal("written under a key that is only announced")
	}
	if err := copied.Reload(); err != nil {
		t.Fatal(err)
	}
	if sealed(t, c, "id", "x").KeyID != id {
		t.Fatal("the new key did not arrive")
	}
	now := readFile(t, path)
	for what, b := range map[string][]byte{"an older file": old, "a torn file": now[:100]} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := copied.Reload(); err == nil {
			t.Fatalf("%s was taken", what)
		}
		opens(t, c, after, "content")
		if sealed(t, c, "id", "x").KeyID != id {
			t.Fatalf("%s changed the keys", what)
		}
	}
	if err := os.WriteFile(path, now, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := k.Destroy("default"); err != nil {
		t.Fatal(err)
	}
	if err := copied.Reload(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Open(nil, &after); !errors.Is(err, seal.ErrDestroyed) {
		t.Fatalf("after the namespace was destroyed elsewhere: %v", err)
	}
}

func TestStatusShowsNoKey(t *testing.T) {
	k, _, _ := keyring(t)
	ringOf(t, k, "b")
	ringOf(t, k, "a")
	ringOf(t, k, "gone")
	if _, err := k.Rotate("a", seal.Data); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Announce("a", seal.Index); err != nil {
		t.Fatal(err)
	}
	if err := k.Destroy("gone"); err != nil {
		t.Fatal(err)
	}
	s := k.Status()
	got := ""
	for _, ns := range s.Namespaces {
		got += ns.Name + ":"
		for _, key := range ns.Keys {
			got += fmt.Sprintf(" %d %s %s", key.ID, key.Kind, key.State)
			if key.Made.IsZero() || key.Since.Before(key.Made) {
				t.Errorf("key %d has no age", key.ID)
			}
		}
		got += "\n"
	}
	want := "a: 3 data current 1 index current 4 index announced 2 data old\nb: 2 data current 1 index current\ngone:\n"
	if got != want || s.Namespaces[2].Destroyed.IsZero() {
		t.Errorf("status\n%s want\n%s", got, want)
	}
	text, err := json.Marshal(s)
	if err != nil || bytes.Contains(text, []byte("wrapped")) || bytes.Contains(text, []byte("secret")) {
		t.Errorf("%s, %v", text, err)
	}
}

// TestKeysChangeUnderWay: rows are sealed and opened while keys rotate.
func TestKeysChangeUnderWay(t *testing.T) {
	k, _, _ := keyring(t)
	r := ringOf(t, k, "default")
	stop := make(chan struct{})
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() {
			id := fmt.Appendf(nil, "id %d", i)
			for {
				select {
				case <-stop:
					return
				default:
				}
				row := sessionstore.Row{Key: r.RowKey(id), Owner: r.OwnerKeys("anna")[0]}
				if err := r.Seal(&row, id); err != nil {
					t.Error(err)
					return
				}
				if got, err := r.Open(nil, &row); err != nil || !bytes.Equal(got, id) {
					t.Errorf("%q, %v", got, err)
					return
				}
			}
		})
	}
	for range 20 {
		if _, err := k.Rotate("default", seal.Data); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	all.Wait()
}

// SPDX-License-Identifier: Apache-2.0

package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io/fs"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
)

func rootKey(t testing.TB) *Root {
	t.Helper()
	secret := make([]byte, secretSize)
	rand.Read(secret)
	r, err := newRoot(secret)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestASaltIsUsedUp: after its budget a writer gives way to one with another salt, and
// rows of both open, also for a process that made neither.
func TestASaltIsUsedUp(t *testing.T) {
	secret := bytes.Repeat([]byte{1, 2}, 16)
	d, reader := newDataKey(1, secret), newDataKey(1, secret)
	salts, nonces := map[string]bool{}, map[string]bool{}
	for i := range 100 {
		if w := d.writer.Load(); w != nil && i%10 == 0 {
			w.left.Store(0)
		}
		row := sessionstore.Row{Version: uint64(i)}
		var err error
		if row.Sealed, err = d.seal("default", &row, []byte("content")); err != nil {
			t.Fatal(err)
		}
		salts[string(row.Sealed[1:1+saltSize])] = true
		nonces[string(row.Sealed[1+saltSize:headSize])] = true
		for _, k := range []*dataKey{d, reader} {
			if got, err := k.open(nil, "default", &row); err != nil || string(got) != "content" {
				t.Fatalf("%q, %v", got, err)
			}
		}
	}
	if len(salts) != 10 || len(nonces) != 100 {
		t.Fatalf("%d salts and %d nonces for 100 values, a tenth of them to a salt", len(salts), len(nonces))
	}
}

// TestCiphersAreBounded: forged rows take no memory, and real ones a bounded one.
func TestCiphersAreBounded(t *testing.T) {
	d := newDataKey(1, bytes.Repeat([]byte{1, 2}, 16))
	row := sessionstore.Row{}
	var err error
	if row.Sealed, err = d.seal("default", &row, nil); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		forged := row
		forged.Sealed = bytes.Clone(row.Sealed)
		rand.Read(forged.Sealed[1 : 1+saltSize])
		if _, err := d.open(nil, "default", &forged); err == nil {
			t.Fatal("a forged row opened")
		}
	}
	if n := len(*d.ciphers.Load()); n != 1 {
		t.Fatalf("%d ciphers are kept", n)
	}
	for i := range uint64(2 * maxSalts) {
		d.keep(i, d.writer.Load().aead)
	}
	if n := len(*d.ciphers.Load()); n > maxSalts {
		t.Fatalf("%d ciphers are kept", n)
	}
	if _, err := d.open(nil, "default", &row); err != nil {
		t.Fatalf("a row whose cipher was forgotten: %v", err)
	}
}

func TestExposed(t *testing.T) {
	for _, c := range []struct {
		mode      fs.FileMode
		owner, me int
		want      bool
	}{
		{0o600, 1000, 1000, false}, {0o400, 1000, 1000, false}, {0o600, 0, 0, false},
		{0o640, 1000, 1000, true}, {0o640, 0, 0, true}, {0o604, 1000, 1000, true}, {0o620, 1000, 1000, true},
		{0o440, 0, 1000, false}, {0o640, 0, 1000, false}, // a secret as Kubernetes mounts it
		{0o460, 0, 1000, true}, {0o444, 0, 1000, true}, {0o450, 0, 1000, true}, {0o440, 2000, 1000, true},
		{0o600 | fs.ModeDir, 0, 0, true}, {0o600 | fs.ModeNamedPipe, 0, 0, true},
	} {
		if got := exposed(c.mode, c.owner, c.me); got != c.want {
			t.Errorf("%v of %d, read by %d: exposed %t", c.mode, c.owner, c.me, got)
		}
	}
}

func FuzzRoot(f *testing.F) {
	f.Add([]byte("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		secret, err := parseRoot(text)
		if (err == nil) != (len(secret) == secretSize) {
			t.Fatalf("%d bytes, %v", len(secret), err)
		}
	})
}

// FuzzRingFile: nothing but what was written is read.
func FuzzRingFile(f *testing.F) {
	root := rootKey(f)
	ns := &namespace{Name: "default"}
	ns.add(Index, Current, time.Unix(1, 0))
	ns.add(Data, Current, time.Unix(1, 0))
	good, err := encode(&contents{Serial: 1, Namespaces: []*namespace{ns}}, root)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := decode(b, root); err == nil && len(c.Namespaces) != 1 {
			t.Fatalf("%d namespaces of a file that nobody wrote", len(c.Namespaces))
		}
	})
}

// FuzzRingContents: contents that somebody with the root key wrote by hand are refused
// or have the keys that a ring needs; they never end the process.
func FuzzRingContents(f *testing.F) {
	root := rootKey(f)
	wrapped, _ := json.Marshal(root.wrap(make([]byte, secretSize), (&key{ID: 1, Kind: Data}).use("default")))
	for _, s := range []string{`{}`, `{"namespaces":[null]}`, `{"namespaces":[{"name":"default","keys":[null]}]}`, `{"namespaces":[{"name":"default"}]}`,
		`{"namespaces":[{"name":"default","last":1,"keys":[{"id":1,"kind":"data","state":"current","wrapped":` + string(wrapped) + `}]}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, ring []byte) {
		if !json.Valid(ring) {
			return
		}
		e := &envelope{Format: ringFormat, Root: root.id}
		var err error
		if e.Ring, err = json.Marshal(json.RawMessage(ring)); err != nil { // without spaces
			return
		}
		e.MAC = e.mac(root)
		b, err := json.Marshal(e)
		if err != nil {
			return
		}
		c, err := decode(append(b, '\n'), root)
		if err != nil {
			return
		}
		k := &Keyring{root: root, rings: map[string]*Ring{}}
		for _, ns := range c.Namespaces {
			k.rings[ns.Name] = &Ring{namespace: ns.Name}
		}
		if err := k.use(c); err != nil {
			t.Fatal(err)
		}
		for _, r := range k.rings {
			if held := r.keys.Load(); held != nil && (len(held.index) == 0 || len(held.data) == 0) {
				t.Fatal("a ring without keys that is not destroyed")
			}
			r.RowKey([]byte("id"))
		}
	})
}

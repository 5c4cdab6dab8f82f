// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"testing"

	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
)

// An export that verifies although it is not the one that was signed would be a forgery.
func FuzzExport(f *testing.F) {
	s := newSigner(f, 1)
	keys := keysOf(f, s)
	export := makeLog(6).export(f, s)
	f.Add(export)
	f.Add(export[:len(export)/2])
	f.Add(bytes.ReplaceAll(export, []byte(" "), []byte("  ")))
	f.Fuzz(func(t *testing.T, data []byte) {
		report, err := verifyExport(t, data, keys)
		if err == nil && report.Root != makeLog(6).roots[6] {
			t.Errorf("a forged export verifies: %v", report)
		}
	})
}

// What is parsed and written again must be the same text up to its extension lines.
func FuzzCheckpoint(f *testing.F) {
	f.Add(makeLog(3).checkpoint(3).Text())
	f.Add("a\n1\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := format.ParseCheckpoint(text)
		if err == nil && text[:len(c.Text())] != c.Text() {
			t.Errorf("%q reads as %q", text, c.Text())
		}
	})
}

func FuzzSigner(f *testing.F) {
	text, err := format.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{1}, 64)), keyName)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("PRIVATE+KEY+a+b+c"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := format.ParseSigner(text)
		if err != nil {
			return
		}
		if _, err := format.ParseKeys([]byte(s.Verifiers())); err != nil {
			t.Errorf("its verifier keys do not parse: %v", err)
		}
	})
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte(newSigner(f, 1).Verifiers()))
	f.Add([]byte(ledgertest.NewWitness("w", bytes.Repeat([]byte{9}, 32)).Verifier()))
	f.Fuzz(func(t *testing.T, text []byte) {
		if k, err := format.ParseKeys(text); err == nil && k.Empty() {
			t.Error("no key and no error")
		}
		if _, err := format.ParseWitnesses(text); err != nil {
			return
		}
	})
}

func FuzzCosignature(f *testing.F) {
	w := ledgertest.NewWitness("w", bytes.Repeat([]byte{9}, 32))
	keys, err := format.ParseWitnesses([]byte(w.Verifier()))
	if err != nil {
		f.Fatal(err)
	}
	text := makeLog(3).checkpoint(3).Text()
	f.Add([]byte(text + "\n" + w.Line(text, 1)))
	f.Fuzz(func(t *testing.T, signed []byte) {
		found, err := format.Cosignatures(signed, text, keys)
		if err == nil && (len(found) == 0 || !bytes.HasPrefix(signed, []byte(text))) {
			t.Errorf("accepted %q", signed)
		}
	})
}

func FuzzLeaf(f *testing.F) {
	leaf := makeLog(1).rows[0].leaf
	f.Add(leaf[:])
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := format.ParseLeaf(data)
		if err == nil && !bytes.Equal(got[:], data) {
			t.Error("a leaf changed by being read")
		}
	})
}

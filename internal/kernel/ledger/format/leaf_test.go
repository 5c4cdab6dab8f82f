// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// The worked example of docs/ledger-format/README.md. It never changes: a change
// would make every log written so far unverifiable.
func TestLeafBytesNeverChange(t *testing.T) {
	var commitments [format.Fields][format.HashSize]byte
	for f, value := range []string{"risk.acceptance.granted", "person:abc", "flow:x\nrisk:y", `{"until":"2026-12-23"}`} {
		salt := bytes.Repeat([]byte{byte(f)}, format.SaltSize)
		commitments[f] = format.Commit(format.Field(f), salt, value)
	}
	kind := sha256.Sum256([]byte("portreeve/commit/v1\x00kind\x00" + string(make([]byte, 32)) + "risk.acceptance.granted"))
	if commitments[format.Kind] != kind {
		t.Errorf("commitment %x, want %x", commitments[format.Kind], kind)
	}
	leaf := format.NewLeaf(time.Date(2026, time.November, 23, 12, 0, 0, 123456789, time.UTC), commitments)
	hash := leaf.Hash()
	const want = "b467ef6fd60bc26eddea58f9fa93d32aef0bf3763c6f0d501c4025a2ecd6e3bc"
	if got := hex.EncodeToString(hash[:]); got != want {
		t.Errorf("leaf hash %s, want %s", got, want)
	}
	if got := hex.EncodeToString(leaf[:16]); got != "70727472766c6631000660f055521240" {
		t.Errorf("leaf begins %s", got)
	}
	if got := leaf.Time(); !got.Equal(time.Date(2026, time.November, 23, 12, 0, 0, 123456000, time.UTC)) {
		t.Errorf("time %v", got)
	}
}

func TestParseLeaf(t *testing.T) {
	leaf := format.NewLeaf(time.Unix(0, 0), [format.Fields][format.HashSize]byte{})
	other := bytes.Clone(leaf[:])
	other[7]++ // a later version
	for name, c := range map[string]struct {
		data []byte
		ok   bool
	}{
		"a leaf":          {leaf[:], true},
		"empty":           {nil, false},
		"too short":       {leaf[:format.LeafSize-1], false},
		"too long":        {append(bytes.Clone(leaf[:]), 0), false},
		"another version": {other, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := format.ParseLeaf(c.data)
			if (err == nil) != c.ok || c.ok && !bytes.Equal(got[:], c.data) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The name of the field is part of a commitment, so an actor cannot be passed
// off as a subject, and neither can a salt that moves bytes into the value.
func TestCommitmentsOfDifferentFieldsDiffer(t *testing.T) {
	salt := bytes.Repeat([]byte{1}, format.SaltSize)
	seen := map[[format.HashSize]byte]format.Field{}
	for f := format.Kind; f < format.Fields; f++ {
		c := format.Commit(f, salt, "same")
		if other, found := seen[c]; found {
			t.Errorf("%s and %s have one commitment", f, other)
		}
		seen[c] = f
		if name, ok := format.ParseField(f.String()); !ok || name != f {
			t.Errorf("ParseField(%q) = %v", f.String(), name)
		}
	}
	if _, ok := format.ParseField("unknown"); ok {
		t.Error("an unknown field was parsed")
	}
}

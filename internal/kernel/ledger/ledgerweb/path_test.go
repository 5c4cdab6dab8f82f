// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/web/webtest"
)

func TestMessages(t *testing.T) { webtest.CheckMessages(t, "ledger") }

// For every entry of every log up to 40 leaves, the climb ends at the root, and
// each sibling is the root of the leaves that it is said to cover.
func TestClimb(t *testing.T) {
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, i := range indexes {
			found = append(found, stored[i])
		}
		return found, nil
	})
	var leaves []format.Hash
	for size := int64(1); size <= 40; size++ {
		leaves = append(leaves, tlog.RecordHash(fmt.Appendf(nil, "leaf %d", size)))
		hashes, err := tlog.StoredHashesForRecordHash(size-1, leaves[size-1], read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
		root, err := tlog.TreeHash(size, read)
		if err != nil {
			t.Fatal(err)
		}
		for seq := range size {
			path, err := tlog.ProveRecord(size, seq, read)
			if err != nil {
				t.Fatal(err)
			}
			rungs := climb(seq, size, leaves[seq], path)
			end, covered := leaves[seq], int64(1)
			for _, r := range rungs {
				end, covered = r.Node, covered+r.To-r.From
				if got := rootOf(leaves[r.From:r.To]); got != r.Sibling {
					t.Errorf("entry %d of %d: the sibling is not the root of %s", seq, size, r.Covers())
				}
				if r.Left != (r.To <= seq) {
					t.Errorf("entry %d of %d: %s stands on the wrong side", seq, size, r.Covers())
				}
			}
			if end != root || covered != size {
				t.Errorf("entry %d of %d: the climb ends elsewhere or covers %d leaves", seq, size, covered)
			}
		}
	}
}

// rootOf computes a root as RFC 9162, section 2.1.1, defines it.
func rootOf(leaves []format.Hash) format.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	left, right := rootOf(leaves[:k]), rootOf(leaves[k:])
	return format.NodeHash(&left, &right)
}

func TestDrawStaysInItsBox(t *testing.T) {
	for n := range 45 {
		rungs := make([]rung, n)
		for i := range rungs {
			rungs[i] = rung{Left: i%2 == 0, From: 1_000_000, To: 2_000_000}
		}
		d := draw(rungs, "Entry 1", "root")
		for _, p := range d.Points {
			if p.Y < 0 || p.Y > d.Height || p.Label != "" && (p.LabelY < 10 || p.LabelY > d.Height) {
				t.Errorf("%d rungs: point %+v is outside", n, p)
			}
		}
		for _, s := range d.Sides {
			if s.Y < 0 || s.JoinY < 0 || s.X < 0 || s.X > d.Width {
				t.Errorf("%d rungs: side %+v is outside", n, s)
			}
		}
		if len(d.Points) != n+1 || d.Points[0].Label != "Entry 1" {
			t.Errorf("%d rungs: %d points", n, len(d.Points))
		}
	}
}

func TestFacts(t *testing.T) {
	for _, tc := range []struct {
		body string
		want []fact
	}{
		{`{}`, nil},
		{``, nil},
		{`{"b":1,"a":{"x":true,"y":[{"z":"q"},2.50]},"n":null,"e":""}`, []fact{{"b", "1"}, {"a.x", "true"}, {"a.y.1.z", "q"}, {"a.y.2", "2.50"}}},
		{`{"big":12345678901234567890}`, []fact{{"big", "12345678901234567890"}}},
		{`{"broken":`, nil},
	} {
		if diff := cmp.Diff(tc.want, facts(json.RawMessage(tc.body))); diff != "" {
			t.Errorf("%s: %s", tc.body, diff)
		}
	}
}

func FuzzFacts(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":null}]}`))
	f.Add([]byte(`[[[[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if found := facts(body); len(found) > 0 && !json.Valid(body) && len(found) > len(body) {
			t.Errorf("%d facts from %d bytes", len(found), len(body))
		}
	})
}

// What a server answers is not trusted: no document makes the check panic, and
// none passes without a signature.
func FuzzDocumentVerify(f *testing.F) {
	f.Add([]byte(`{"seq":0,"leaf":"","openings":{"kind":{"salt":"AA==","value":"x"}},"proof":["AA=="],"checkpoint":"a\n1\nAA==\n\n"}`))
	f.Add([]byte(`{"seq":-1}`))
	text, err := format.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), "log.test")
	if err != nil {
		f.Fatal(err)
	}
	signer, err := format.ParseSigner(text)
	if err != nil {
		f.Fatal(err)
	}
	keys, err := signer.Keys()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d Document
		if json.Unmarshal(data, &d) != nil {
			return
		}
		if _, err := d.Verify(keys, ""); err == nil {
			t.Error("verified without a signature")
		}
	})
}

func FuzzExportedNote(f *testing.F) {
	f.Add("origin\n1\nroot\n\nsig\n\nentry\n")
	f.Fuzz(func(t *testing.T, text string) {
		if note := exportedNote(text); len(note) > len(text)+1 {
			t.Errorf("a note of %d bytes from %d", len(note), len(text))
		}
	})
}

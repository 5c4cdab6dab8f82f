// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"encoding/binary"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

func numbered(i int64) format.Hash {
	return tlog.RecordHash(binary.BigEndian.AppendUint64(nil, uint64(i)))
}

// Frontier must give exactly what tlog gives: the same roots and the same stored
// hashes in the same places.
func TestFrontierAgreesWithTlog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, 300).Draw(t, "size")
		var front format.Frontier
		var stored []tlog.Hash
		read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
			found := make([]tlog.Hash, len(indexes))
			for i, index := range indexes {
				found[i] = stored[index]
			}
			return found, nil
		})
		for i := range n {
			want, err := tlog.StoredHashesForRecordHash(i, numbered(i), read)
			if err != nil {
				t.Fatal(err)
			}
			got := front.Append(numbered(i), nil)
			if len(got) != len(want) || len(got) != format.StoredLevels(i) {
				t.Fatalf("entry %d stores %d hashes, want %d", i, len(got), len(want))
			}
			for level := range got {
				index := int64(len(stored))
				if seq, l := format.Locate(index); got[level] != want[level] || seq != i || l != level {
					t.Fatalf("entry %d, level %d: wrong hash or place (%d, %d)", i, level, seq, l)
				}
				stored = append(stored, got[level])
			}
		}
		root, err := tlog.TreeHash(n, read)
		if n == 0 {
			root = format.EmptyRoot()
		} else if err != nil {
			t.Fatal(err)
		}
		if front.Root() != root {
			t.Fatal("wrong root")
		}
		edges := make([]format.Hash, 0, 64)
		for _, e := range format.Edges(n) {
			edges = append(edges, stored[tlog.StoredHashIndex(e.Level, e.Seq>>e.Level)])
		}
		again, ok := format.NewFrontier(n, edges)
		if !ok || again.Root() != root {
			t.Fatal("the edges do not give the tree back")
		}
	})
}

// Subtrees built apart give the same tree, wherever it is cut.
func TestFrontierOfSubtrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		level := rapid.IntRange(0, 4).Draw(t, "level")
		n := rapid.Int64Range(0, 200).Draw(t, "size")
		var whole, parts format.Frontier
		for i := range n {
			whole.Append(numbered(i), nil)
		}
		for start := int64(0); start < n; start += 1 << level {
			var part format.Frontier
			for i := start; i < min(start+1<<level, n); i++ {
				part.Append(numbered(i), nil)
			}
			var edges []format.Hash
			for at, e := range format.Edges(part.Size()) {
				var sub format.Frontier
				from := start
				for _, before := range format.Edges(part.Size())[:at] {
					from += 1 << before.Level
				}
				for i := from; i < from+1<<e.Level; i++ {
					sub.Append(numbered(i), nil)
				}
				edges = append(edges, sub.Root())
			}
			var until format.Frontier
			for i := range start + part.Size() {
				until.Append(numbered(i), nil)
			}
			if parts.RootWith(edges) != until.Root() {
				t.Fatal("RootWith gives another root")
			}
			for at, e := range format.Edges(part.Size()) {
				parts.AppendSubtree(e.Level, edges[at], nil)
			}
		}
		if whole.Root() != parts.Root() || whole.Size() != parts.Size() {
			t.Fatal("the parts give another tree")
		}
	})
}

func TestNewFrontierRefusesWhatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		size  int64
		edges int
	}{{-1, 64}, {3, 1}, {4, 2}, {0, 1}} {
		if _, ok := format.NewFrontier(c.size, make([]format.Hash, c.edges)); ok {
			t.Errorf("size %d with %d edges was accepted", c.size, c.edges)
		}
	}
}

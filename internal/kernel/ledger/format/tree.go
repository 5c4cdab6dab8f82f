// SPDX-License-Identifier: Apache-2.0

package format

import (
	"crypto/sha256"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a hash of the tree; it prints as base64.
type Hash = tlog.Hash

// NodeHash returns the hash of an interior node: SHA-256 of a one byte, left and right (RFC 6962, 2.1).
func NodeHash(left, right *Hash) Hash {
	var buf [1 + 2*HashSize]byte
	buf[0] = 1
	copy(buf[1:], left[:])
	copy(buf[1+HashSize:], right[:])
	return sha256.Sum256(buf[:])
}

// EmptyRoot is the root of a tree without leaves: the hash of nothing.
func EmptyRoot() Hash { return sha256.Sum256(nil) }

// Frontier is the right edge of a growing tree: the roots of its largest
// complete subtrees, from left to right. It is all that is needed to append and
// to know the root. The zero value is the empty tree. It is not safe for
// concurrent use.
type Frontier struct {
	size  int64
	edges []Hash
}

// NewFrontier continues a tree of the given size whose complete subtrees have
// these roots, largest first, as [Edges] names them. It copies edges and
// reports whether their number fits.
func NewFrontier(size int64, edges []Hash) (Frontier, bool) {
	if size < 0 || bits.OnesCount64(uint64(size)) != len(edges) {
		return Frontier{}, false
	}
	return Frontier{size, append([]Hash(nil), edges...)}, true
}

// Size returns the number of leaves.
func (f *Frontier) Size() int64 { return f.size }

// Clone returns an independent copy.
func (f *Frontier) Clone() Frontier { return Frontier{f.size, append([]Hash(nil), f.edges...)} }

// Append adds a leaf hash and appends to stored the hashes of all nodes that
// this leaf completes, lowest first, beginning with the leaf's own. This is the
// order of tlog's stored hashes (Crosby and Wallach, section 3.3).
func (f *Frontier) Append(leaf Hash, stored []Hash) []Hash {
	h := leaf
	stored = append(stored, h)
	for n := f.size; n&1 == 1; n >>= 1 {
		last := len(f.edges) - 1
		h = NodeHash(&f.edges[last], &h)
		f.edges = f.edges[:last]
		stored = append(stored, h)
	}
	f.edges = append(f.edges, h)
	f.size++
	return stored
}

// AppendSubtree adds a complete subtree of 2^level leaves. The size must be a
// multiple of 2^level. The hashes of the nodes that it completes above its own
// root are appended to stored, lowest first.
func (f *Frontier) AppendSubtree(level int, root Hash, stored []Hash) []Hash {
	h := root
	for n := f.size >> level; n&1 == 1; n >>= 1 {
		last := len(f.edges) - 1
		h = NodeHash(&f.edges[last], &h)
		f.edges = f.edges[:last]
		stored = append(stored, h)
	}
	f.edges = append(f.edges, h)
	f.size += 1 << level
	return stored
}

// Root returns the root hash of the tree.
func (f *Frontier) Root() Hash { return f.RootWith(nil) }

// RootWith returns the root of the tree that has, right of f, the complete
// subtrees with these roots, largest first. They must be smaller than f's last
// one, as those of a chunk that begins at f's size are.
func (f *Frontier) RootWith(right []Hash) Hash {
	n := len(f.edges) + len(right)
	if n == 0 {
		return EmptyRoot()
	}
	at := func(i int) *Hash {
		if i < len(f.edges) {
			return &f.edges[i]
		}
		return &right[i-len(f.edges)]
	}
	root := *at(n - 1)
	for i := n - 2; i >= 0; i-- {
		root = NodeHash(at(i), &root)
	}
	return root
}

// StoredLevels returns how many hashes the entry seq stores: its own, and one
// for each larger subtree that it completes.
func StoredLevels(seq int64) int { return 1 + bits.TrailingZeros64(uint64(seq)+1) }

// Locate returns the entry with which the tlog hash of this index is stored, and
// its level there.
func Locate(index int64) (seq int64, level int) {
	level, n := tlog.SplitStoredHashIndex(index)
	return (n+1)<<level - 1, level
}

// Edge is a complete subtree: the entry that completes it and its level.
type Edge struct {
	Seq   int64
	Level int
}

// Edges returns the complete subtrees of a tree of this size, largest first.
func Edges(size int64) []Edge {
	var edges []Edge
	end := int64(0)
	for level := 62; level >= 0; level-- {
		if size&(1<<level) != 0 {
			end += 1 << level
			edges = append(edges, Edge{end - 1, level})
		}
	}
	return edges
}

// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Inclusion proves that the log of a checkpoint has a leaf at a place: an audit
// path of RFC 6962, section 2.1.1.
type Inclusion struct {
	Seq        int64
	LeafHash   format.Hash
	Path       []format.Hash
	Checkpoint Checkpoint
}

// Check reports whether the proof is right. It does not look at the signature.
func (p Inclusion) Check() error {
	return tlog.CheckRecord(p.Path, p.Checkpoint.Size, p.Checkpoint.Root, p.Seq, p.LeafHash)
}

// Consistency proves that the log of a checkpoint begins with that of an earlier
// one: a consistency proof of RFC 6962, section 2.1.2.
type Consistency struct {
	From, To Checkpoint
	Path     []format.Hash
}

// Check reports whether the proof is right. It does not look at the signatures.
func (p Consistency) Check() error {
	return tlog.CheckTree(p.Path, p.To.Size, p.To.Root, p.From.Size, p.From.Root)
}

// ProveInclusion proves that entry seq is in the log of that size. Zero means
// the latest size the actor may know: the head for insiders, the latest public
// checkpoint for all others, who can ask for public sizes only: any other size
// would tell them how much is decided. What is not there for this actor is
// [fault.ItemNotFound]. Padding is proved like an entry.
func (l *Log) ProveInclusion(ctx context.Context, r store.Reader, actor authz.Actor, seq, size int64) (Inclusion, error) {
	c, err := l.checkpointFor(ctx, r, actor, size)
	if err != nil {
		return Inclusion{}, err
	}
	if seq < 0 || seq >= c.Size {
		return Inclusion{}, fault.ItemNotFound()
	}
	hashes := hashReader(ctx, r)
	leaf, err := hashes([]int64{tlog.StoredHashIndex(0, seq)})
	if err != nil {
		return Inclusion{}, err
	}
	path, err := tlog.ProveRecord(c.Size, seq, hashes)
	if err != nil {
		return Inclusion{}, fmt.Errorf("prove inclusion: %w", err)
	}
	p := Inclusion{Seq: seq, LeafHash: leaf[0], Path: path, Checkpoint: c}
	if err := p.Check(); err != nil {
		return Inclusion{}, corrupt("a proof made from the stored hashes is wrong")
	}
	return p, nil
}

// ProveConsistency proves that the log of size to begins with that of size from,
// which must not be zero. As for sizes, see [Log.ProveInclusion].
func (l *Log) ProveConsistency(ctx context.Context, r store.Reader, actor authz.Actor, from, to int64) (Consistency, error) {
	newer, err := l.checkpointFor(ctx, r, actor, to)
	if err != nil {
		return Consistency{}, err
	}
	if from < 1 || from > newer.Size {
		return Consistency{}, fault.ItemNotFound()
	}
	older, err := l.checkpointFor(ctx, r, actor, from)
	if err != nil {
		return Consistency{}, err
	}
	path, err := tlog.ProveTree(newer.Size, older.Size, hashReader(ctx, r))
	if err != nil {
		return Consistency{}, fmt.Errorf("prove consistency: %w", err)
	}
	p := Consistency{From: older, To: newer, Path: path}
	if err := p.Check(); err != nil {
		return Consistency{}, corrupt("a proof made from the stored hashes is wrong")
	}
	return p, nil
}

// checkpointFor returns the checkpoint of a size that the actor may ask for.
func (l *Log) checkpointFor(ctx context.Context, r store.Reader, actor authz.Actor, size int64) (Checkpoint, error) {
	if !actor.Internal() {
		if size == 0 {
			return l.Latest(ctx, r)
		}
		return l.Public(ctx, r, size)
	}
	h, err := readHead(ctx, r)
	if err != nil {
		return Checkpoint{}, err
	}
	if size == 0 {
		return l.sign(h.size, h.root)
	}
	if size < 0 || size > h.size {
		return Checkpoint{}, fault.ItemNotFound()
	}
	c, err := l.Public(ctx, r, size)
	if err == nil || !fault.Is(err, fault.NotFound) {
		return c, err
	}
	root, err := tlog.TreeHash(size, hashReader(ctx, r))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("compute root: %w", err)
	}
	return l.sign(size, root)
}

// hashReader reads stored hashes by their tlog index.
func hashReader(ctx context.Context, r store.Reader) tlog.HashReaderFunc {
	return func(indexes []int64) ([]tlog.Hash, error) {
		edges := make([]format.Edge, len(indexes))
		for i, index := range indexes {
			edges[i].Seq, edges[i].Level = format.Locate(index)
		}
		return readHashes(ctx, r, edges)
	}
}

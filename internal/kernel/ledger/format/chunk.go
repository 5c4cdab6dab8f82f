// SPDX-License-Identifier: Apache-2.0

package format

import (
	"bytes"
	"context"
	"sync"
)

// chunkLevel is the height of the subtrees that workers verify each on their own.
const chunkLevel = 12

// chunk is an aligned range of entries and what a worker found in it.
type chunk struct {
	start, end int64
	load       Load
	sizes      []int64 // of checkpoints within

	err      error
	front    Frontier // of the range alone
	marks    []mark
	above    []byte // hashes that the last row stores for subtrees larger than a chunk
	opened   int64
	timed    bool // some leaf is shown
	firstSeq int64
	first    int64 // its time
	latest   int64

	done chan struct{}
}

// mark is the right edge of a chunk at the size of a checkpoint.
type mark struct {
	size  int64
	edges []Hash
}

// inOrder cuts the log into chunks, has them verified by workers, and calls take
// for each in order. It returns the first error in the order of entries.
func inOrder(ctx context.Context, src Source, size int64, checkpoints []Checkpoint, workers int, take func(*chunk) error) error {
	ctx, stop := context.WithCancel(ctx)
	workers = max(workers, 1)
	jobs := make(chan *chunk)
	ordered := make(chan *chunk, 2*workers) // bounds what is read ahead
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()
	for range workers {
		group.Go(func() {
			var w worker
			for c := range jobs {
				if c.err == nil {
					c.err = w.run(c)
				}
				close(c.done)
			}
		})
	}
	group.Go(func() {
		defer close(jobs)
		defer close(ordered)
		next := 0
		for start := int64(0); start < size; start += 1 << chunkLevel {
			c := &chunk{start: start, end: min(start+1<<chunkLevel, size), done: make(chan struct{})}
			for ; next < len(checkpoints) && checkpoints[next].Size <= c.end; next++ {
				c.sizes = append(c.sizes, checkpoints[next].Size)
			}
			var err error
			c.load, err = src.Next(c.start, c.end)
			c.err = err
			for _, to := range []chan *chunk{ordered, jobs} {
				select {
				case to <- c:
				case <-ctx.Done():
					return
				}
			}
			if err != nil { // c is the worker's now
				return
			}
		}
	})
	for c := range ordered {
		select {
		case <-c.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := take(c); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// worker verifies chunks; it keeps its buffers between them.
type worker struct {
	commit Committer
	stored []Hash
}

func (w *worker) run(c *chunk) error {
	err := c.load(func(seq int64, row *Row) error { return w.entry(c, seq, row) })
	if err != nil {
		return err
	}
	if got := c.start + c.front.Size(); got != c.end {
		return &Wrong{Seq: got, What: "the entry is missing"}
	}
	return nil
}

// entry verifies one entry and adds it to the chunk's tree.
func (w *worker) entry(c *chunk, seq int64, row *Row) error {
	if want := c.start + c.front.Size(); seq != want || seq >= c.end {
		return &Wrong{Seq: want, What: "the entry is missing"}
	}
	if len(row.Hashes) != StoredLevels(seq)*HashSize {
		return &Wrong{Seq: seq, What: "its stored hashes have not the right length"}
	}
	var h Hash
	copy(h[:], row.Hashes)
	if row.Leaf != nil {
		if err := w.leaf(c, seq, row, &h); err != nil {
			return err
		}
	}
	w.stored = c.front.Append(h, w.stored[:0])
	at := 0
	for level := range w.stored {
		if !bytes.Equal(w.stored[level][:], row.Hashes[at:at+HashSize]) {
			return wrongNode(seq, level)
		}
		at += HashSize
	}
	c.above = append(c.above[:0], row.Hashes[at:]...)
	for ; len(c.sizes) > 0 && c.sizes[0] <= seq+1; c.sizes = c.sizes[1:] {
		c.marks = append(c.marks, mark{seq + 1, append([]Hash(nil), c.front.edges...)})
	}
	return nil
}

// leaf verifies what is shown of an entry.
func (w *worker) leaf(c *chunk, seq int64, row *Row, stored *Hash) error {
	leaf, err := ParseLeaf(row.Leaf)
	if err != nil {
		return &Wrong{Seq: seq, What: err.Error()}
	}
	open := false
	for f := Kind; f < Fields; f++ {
		if row.Salts[f] == nil {
			continue
		}
		open = true
		sum := w.commit.CommitBytes(f, row.Salts[f], row.Values[f])
		if !bytes.Equal(sum[:], leaf.Commitment(f)) {
			return &Wrong{Seq: seq, What: "its " + f.String() + " does not match the commitment in its leaf"}
		}
	}
	if leaf.Hash() != *stored {
		return &Wrong{Seq: seq, What: "its leaf does not match its hash"}
	}
	at := leaf.Micros()
	if c.timed && at < c.latest {
		return &Wrong{Seq: seq, What: "its time is earlier than that of an entry before it"}
	}
	if !c.timed {
		c.timed, c.firstSeq, c.first = true, seq, at
	}
	c.latest = at
	if open {
		c.opened++
	}
	return nil
}

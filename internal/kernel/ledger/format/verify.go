// SPDX-License-Identifier: Apache-2.0

package format

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Wrong is the first thing found wrong in a log. Verification stops there: what
// comes after cannot be judged any more.
type Wrong struct {
	Seq  int64  // the entry, counted from zero; -1 if it is not one entry
	What string // what is wrong with it
}

// Error names the entry and what is wrong.
func (w *Wrong) Error() string {
	if w.Seq < 0 {
		return w.What
	}
	return "entry " + strconv.FormatInt(w.Seq, 10) + ": " + w.What
}

// Row is one entry as a source holds it. A nil slice is what is not shown.
type Row struct {
	Hashes []byte // the leaf's hash and those of the subtrees it completes, lowest first
	Leaf   []byte
	Salts  [Fields][]byte // nil: this field is not open
	Values [Fields][]byte
}

// Load calls visit for the entries of a range in order, and returns its error.
// The row is valid during the call only.
type Load func(visit func(seq int64, row *Row) error) error

// Source hands out the entries of a log. Next is called for adjoining ranges in
// order, by one goroutine; the functions it returns run on several at once.
type Source interface {
	Next(start, end int64) (Load, error)
}

// Report says what was verified.
type Report struct {
	Size        int64 // entries, padding included
	Root        Hash
	Opened      int64 // entries of which at least one field is open
	Micros      int64 // time of the last entry whose leaf is shown, since the Unix epoch
	Checkpoints int   // signed checkpoints that agree
}

// String returns the one line that portreeve ledger verify prints.
func (r Report) String() string {
	return fmt.Sprintf("%d entries, root %s", r.Size, r.Root)
}

// Verify recomputes every commitment that is open, every leaf hash and every
// node of a log of that size, compares them with what the source holds, and then
// the root at the size of each checkpoint. It uses so many workers. The error is
// a [*Wrong] if something is wrong, and another one if reading failed.
func Verify(ctx context.Context, src Source, size int64, checkpoints []Checkpoint, workers int) (Report, error) {
	checkpoints = slices.Clone(checkpoints)
	slices.SortStableFunc(checkpoints, func(a, b Checkpoint) int { return int(min(max(a.Size-b.Size, -1), 1)) })
	if n := len(checkpoints); n > 0 && checkpoints[n-1].Size > size {
		return Report{}, &Wrong{Seq: size, What: fmt.Sprintf("the log ends before this entry, but a signed checkpoint has %d entries: entries were removed, or an old copy was put in place", checkpoints[n-1].Size)}
	}
	f := fold{want: checkpoints}
	if err := f.compareEmpty(); err != nil {
		return Report{}, err
	}
	if err := inOrder(ctx, src, size, checkpoints, workers, f.take); err != nil {
		return Report{}, err
	}
	f.report.Size, f.report.Root, f.report.Micros = size, f.front.Root(), f.last
	return f.report, nil
}

// VerifyExport verifies an export offline: the signature of its checkpoint by
// one of keys, and every entry, see [Verify]. known are further checkpoints of
// the same log that the reader holds, each as a signed note; the export must
// agree with them. An empty origin means the name of the first key.
func VerifyExport(ctx context.Context, r io.Reader, keys Keys, origin string, workers int, known ...[]byte) (Report, error) {
	src, signed, err := openExport(r)
	if err != nil {
		return Report{}, err
	}
	var checkpoints []Checkpoint
	for _, text := range append([][]byte{signed}, known...) {
		c, err := OpenCheckpoint(text, keys, origin)
		if err != nil {
			return Report{}, err
		}
		checkpoints = append(checkpoints, c)
	}
	size := checkpoints[0].Size
	report, err := Verify(ctx, src, size, checkpoints, workers)
	if err != nil {
		return Report{}, err
	}
	return report, src.end(size)
}

// fold puts verified chunks together, in order.
type fold struct {
	front  Frontier
	want   []Checkpoint // not yet compared, by size
	good   int64        // size of the last checkpoint that agreed
	last   int64        // time of the last entry whose leaf is known
	stored []Hash
	report Report
}

func (f *fold) compareEmpty() error {
	for len(f.want) > 0 && f.want[0].Size == 0 {
		if err := f.compare(EmptyRoot()); err != nil {
			return err
		}
	}
	return nil
}

// compare holds a root against the next checkpoint.
func (f *fold) compare(root Hash) error {
	c := f.want[0]
	if root != c.Root {
		return &Wrong{Seq: -1, What: fmt.Sprintf("entries %d to %d: their root is %s, but %s was signed for %d entries: at least one of them was changed together with the stored hashes",
			f.good, c.Size-1, root, c.Root, c.Size)}
	}
	f.good, f.want = c.Size, f.want[1:]
	f.report.Checkpoints++
	return nil
}

// take adds a chunk.
func (f *fold) take(c *chunk) error {
	if c.err != nil {
		return c.err
	}
	if c.timed && c.first < f.last {
		return &Wrong{Seq: c.firstSeq, What: "its time is earlier than that of an entry before it"}
	}
	if c.timed {
		f.last = c.latest
	}
	for _, m := range c.marks {
		for len(f.want) > 0 && f.want[0].Size == m.size {
			if err := f.compare(f.front.RootWith(m.edges)); err != nil {
				return err
			}
		}
	}
	start := f.front.Size()
	for i, e := range Edges(c.front.Size()) {
		f.stored = f.front.AppendSubtree(e.Level, c.front.edges[i], f.stored[:0])
		// Only a full chunk completes larger subtrees, and its last row stores them.
		if len(f.stored) > 0 && !slices.Equal(joined(f.stored), c.above) {
			return wrongNode(start+c.front.Size()-1, e.Level+1)
		}
	}
	f.report.Opened += c.opened
	return nil
}

func joined(hashes []Hash) []byte {
	b := make([]byte, 0, len(hashes)*HashSize)
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return b
}

// wrongNode reports a stored hash that is not that of the entries below it.
func wrongNode(seq int64, level int) *Wrong {
	from := seq + 1 - 1<<level
	return &Wrong{Seq: seq, What: fmt.Sprintf("the stored hash over the entries %d to %d is not theirs: one of them, or it, was changed", from, seq)}
}

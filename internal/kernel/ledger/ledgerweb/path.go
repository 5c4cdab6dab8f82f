// SPDX-License-Identifier: Apache-2.0

package ledgerweb

import (
	"fmt"

	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// rung is one step of an inclusion proof: the node so far is hashed together
// with its sibling.
type rung struct {
	Left    bool // the sibling stands on the left
	Sibling format.Hash
	From    int64 // the sibling covers the leaves from here
	To      int64 // up to and without this one
	Node    format.Hash
}

// Covers says which leaves the sibling stands for: "8–15".
func (r rung) Covers() string {
	if r.To-r.From == 1 {
		return fmt.Sprint(r.From)
	}
	return fmt.Sprintf("%d–%d", r.From, r.To-1)
}

// climb walks an inclusion proof (RFC 9162, section 2.1.3.2) from a leaf to the
// root and says what each sibling covers. The proof must be one that
// ledger.Inclusion.Check accepts.
func climb(seq, size int64, leaf format.Hash, path []format.Hash) []rung {
	rungs := make([]rung, 0, len(path))
	fn, sn, level := seq, size-1, 0
	node := leaf
	for _, sibling := range path {
		for fn == sn && fn&1 == 0 && fn > 0 { // the tree's ragged right edge has no sibling here
			fn, sn, level = fn>>1, sn>>1, level+1
		}
		r := rung{Left: fn&1 == 1, Sibling: sibling}
		if r.Left {
			r.From, r.To = (fn-1)<<level, fn<<level
			node = format.NodeHash(&sibling, &node)
		} else {
			r.From, r.To = (fn+1)<<level, min((fn+2)<<level, size)
			node = format.NodeHash(&node, &sibling)
		}
		r.Node = node
		rungs = append(rungs, r)
		fn, sn, level = fn>>1, sn>>1, level+1
	}
	return rungs
}

// drawing is an inclusion proof as a ladder from the entry at its foot to the
// root at its top. All lengths are in the units of the SVG's view box.
type drawing struct {
	Width, Height int
	Middle        int // where the ladder stands
	Foot, Top     int
	Points        []point
	Sides         []side
}

// point is a node on the way to the root; the first is the entry.
type point struct {
	Y      int
	End    bool
	Label  string // of the ends
	LabelY int
}

// side is a sibling: it joins the ladder at the node above it.
type side struct {
	X, Y, JoinY int
	TextX       int
	Anchor      string // of the text
	Label       string
}

// Geometry of the drawing.
const (
	drawWidth  = 400
	drawMiddle = 200
	drawOut    = 70 // of a sibling from the ladder
	drawMargin = 28
	drawRung   = 36
)

func draw(rungs []rung, entry, root string) drawing {
	d := drawing{Width: drawWidth, Middle: drawMiddle, Height: 2*drawMargin + len(rungs)*drawRung, Top: drawMargin}
	d.Foot = d.Height - drawMargin
	d.Points = append(d.Points, point{Y: d.Foot, End: true, Label: entry, LabelY: d.Foot + 22})
	for i, r := range rungs {
		y := d.Foot - i*drawRung
		s := side{X: drawMiddle + drawOut, Y: y, JoinY: y - drawRung, TextX: drawMiddle + drawOut + 12, Anchor: "start", Label: r.Covers()}
		if r.Left {
			s.X, s.TextX, s.Anchor = drawMiddle-drawOut, drawMiddle-drawOut-12, "end"
		}
		d.Sides = append(d.Sides, s)
		d.Points = append(d.Points, point{Y: s.JoinY})
	}
	if last := len(d.Points) - 1; last > 0 {
		d.Points[last] = point{Y: d.Top, End: true, Label: root, LabelY: d.Top - 14}
	}
	return d
}

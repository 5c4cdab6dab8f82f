// SPDX-License-Identifier: Apache-2.0

package web

import (
	"slices"
	"strings"
)

// Diff shows what changed between two texts, line by line. What was removed and
// added is marked by a sign and by a word for screen readers. Long stretches that
// are the same are left out.
type Diff struct {
	Caption string
	Lines   []DiffLine // as of DiffLines
}

// DiffLine is a line of a [Diff]: Op is '-' if it was removed, '+' if it was added
// and ' ' if it is the same.
type DiffLine struct {
	Op   byte
	Text string
}

// diffContext is how many lines are shown around a change.
const diffContext = 3

// DiffRow is a line as it is shown, or Left lines that are the same and are not.
type DiffRow struct {
	DiffLine
	Left int
}

// Added reports whether the line was added.
func (r DiffRow) Added() bool { return r.Op == '+' }

// Removed reports whether the line was removed.
func (r DiffRow) Removed() bool { return r.Op == '-' }

// Same reports whether nothing changed.
func (d Diff) Same() bool {
	for _, line := range d.Lines {
		if line.Op != ' ' {
			return false
		}
	}
	return true
}

// Rows returns the lines that are shown.
func (d Diff) Rows() []DiffRow {
	near := make([]bool, len(d.Lines))
	for i, line := range d.Lines {
		if line.Op == ' ' {
			continue
		}
		for j := max(0, i-diffContext); j <= min(len(near)-1, i+diffContext); j++ {
			near[j] = true
		}
	}
	var rows []DiffRow
	for i, line := range d.Lines {
		last := len(rows) - 1
		switch {
		case near[i]:
			rows = append(rows, DiffRow{DiffLine: line})
		case last >= 0 && rows[last].Left > 0:
			rows[last].Left++
		default:
			rows = append(rows, DiffRow{Left: 1})
		}
	}
	return rows
}

// maxDiff bounds how many lines may be removed and added together before all that
// stands between the common beginning and end counts as changed: the search takes
// time and memory with the square of this.
const maxDiff = 1000

// DiffLines compares two texts line by line and returns all lines of both, those
// removed before those added. The fewest lines change (E. Myers, "An O(ND)
// Difference Algorithm and Its Variations", 1986), unless more than maxDiff do. The
// ends of lines and of the text are not compared.
func DiffLines(a, b string) []DiffLine {
	old, now := textLines(a), textLines(b)
	begin := 0
	for begin < len(old) && begin < len(now) && old[begin] == now[begin] {
		begin++
	}
	end := 0
	for end < len(old)-begin && end < len(now)-begin && old[len(old)-1-end] == now[len(now)-1-end] {
		end++
	}
	var all []DiffLine
	add := func(op byte, lines ...string) {
		for _, line := range lines {
			all = append(all, DiffLine{Op: op, Text: line})
		}
	}
	add(' ', old[:begin]...)
	from, to := old[begin:len(old)-end], now[begin:len(now)-end]
	i, j := 0, 0
	for _, m := range append(matches(from, to), [2]int{len(from), len(to)}) {
		add('-', from[i:m[0]]...)
		add('+', to[j:m[1]]...)
		if m[0] < len(from) {
			add(' ', from[m[0]])
		}
		i, j = m[0]+1, m[1]+1
	}
	add(' ', old[len(old)-end:]...)
	return all
}

func textLines(s string) []string {
	s = strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// matches returns the positions of a longest common subsequence in both, or none
// if it takes more than maxDiff steps to find.
func matches(a, b []string) [][2]int {
	// reached[d] holds, for each diagonal k = x-y after d changes, the furthest x at
	// k+d.
	var reached [][]int
	for d := 0; d <= min(maxDiff, len(a)+len(b)); d++ {
		reached = append(reached, make([]int, 2*d+1))
		for k := -d; k <= d; k += 2 {
			x, removed := change(reached, d, k)
			if removed {
				x++
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			reached[d][k+d] = x
			if x == len(a) && x-k == len(b) {
				return wayBack(reached, len(a), len(b))
			}
		}
	}
	return nil
}

// change returns where the d-th change to diagonal k begins, and whether it removes
// a line, which comes from the diagonal below, or adds one.
func change(reached [][]int, d, k int) (x int, removed bool) {
	if d == 0 {
		return 0, false
	}
	before := reached[d-1]
	if k == -d || k != d && before[k+d-2] < before[k+d] {
		return before[k+d], false
	}
	return before[k+d-2], true
}

// wayBack follows the way to the end of both texts and returns where it met equal
// lines.
func wayBack(reached [][]int, x, y int) [][2]int {
	var met [][2]int
	for d := len(reached) - 1; d >= 0; d-- {
		k := x - y
		from, removed := change(reached, d, k)
		start := from
		if removed {
			start++
		}
		for ; x > start; x, y = x-1, y-1 {
			met = append(met, [2]int{x - 1, y - 1})
		}
		x, y = from, from-k-1
		if removed {
			y = from - k + 1
		}
	}
	slices.Reverse(met)
	return met
}

// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Nearest returns the candidate with the smallest edit distance to word, the
// first of them on a tie, or "" without candidates. Case does not count.
func Nearest(word string, candidates []string) string {
	best, distance := "", -1
	for _, c := range candidates {
		if d := editDistance(word, c); distance < 0 || d < distance {
			best, distance = c, d
		}
	}
	return best
}

// editDistance counts insertions, deletions, replacements and swaps of
// neighbours that lead from a to b (optimal string alignment). Longer words than
// any key are cut, so that a hostile key costs nothing.
func editDistance(a, b string) int {
	const longest = 64
	x, y := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	x, y = x[:min(len(x), longest)], y[:min(len(y), longest)]
	var before []int // the row before the previous one
	previous := make([]int, len(y)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row := make([]int, len(y)+1)
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(previous[j]+1, row[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, previous = previous, row
	}
	return previous[len(y)]
}

// unknownKey says what to write instead of a key that is not known.
func (b *binder) unknownKey(key string, known []string) string {
	if len(b.problems) >= fault.MaxFields {
		return "is not a known key" // it is counted, not listed: no need to look for its neighbours
	}
	nearest := Nearest(key, known)
	switch {
	case nearest == "":
		return "is not a known key; none is expected here"
	case editDistance(key, nearest) > max(2, len(nearest)/2):
		return fmt.Sprintf("is not a known key; the nearest known one is %q, and all of them are %s", nearest, strings.Join(known, ", "))
	default:
		return fmt.Sprintf("is not a known key; did you mean %q?", nearest)
	}
}

// Resembles reports whether word may well be candidate misspelt: one slip, or two
// in a longer word. Case does not count.
func Resembles(word, candidate string) bool {
	return editDistance(word, candidate) <= max(1, min(2, len(candidate)/3))
}

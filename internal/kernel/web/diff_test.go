// SPDX-License-Identifier: Apache-2.0

package web

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// written is a diff as text, "-removed|+added| same".
func written(all []DiffLine) string {
	words := make([]string, len(all))
	for i, line := range all {
		words[i] = string(line.Op) + line.Text
	}
	return strings.Join(words, "|")
}

func TestDiffLines(t *testing.T) {
	for name, test := range map[string]struct{ a, b, want string }{
		"both empty":             {"", "", ""},
		"all added":              {"", "a\nb", "+a|+b"},
		"all removed":            {"a\nb\n", "", "-a|-b"},
		"same":                   {"a\nb", "a\nb", " a| b"},
		"only the ends of lines": {"a\r\nb\r\n\n", "a\nb", " a| b"},
		"changed in the middle":  {"a\nb\nc", "a\nx\nc", " a|-b|+x| c"},
		"added at the end":       {"a", "a\nb", " a|+b"},
		"moved":                  {"a\nb\nc", "b\nc\na", "-a| b| c|+a"},
		"an empty line":          {"a\n\nb", "a\nb", " a|-| b"},
		"the classic":            {"a\nb\nc\na\nb\nb\na", "c\nb\na\nb\na\nc", "-a|-b| c|+b| a| b|-b| a|+c"},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, written(DiffLines(test.a, test.b))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDiffLinesHoldBothTexts: without what was added it is the one text, without
// what was removed the other, and no shorter list of changes has that.
func TestDiffLinesHoldBothTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 12)
		a, b := lines.Draw(t, "a"), lines.Draw(t, "b")
		var gotA, gotB []string
		same := 0
		for _, line := range DiffLines(strings.Join(a, "\n"), strings.Join(b, "\n")) {
			if line.Op != '+' {
				gotA = append(gotA, line.Text)
			}
			if line.Op != '-' {
				gotB = append(gotB, line.Text)
			}
			if line.Op == ' ' {
				same++
			}
		}
		if strings.Join(gotA, "\n") != strings.Join(a, "\n") || strings.Join(gotB, "\n") != strings.Join(b, "\n") {
			t.Fatalf("%v and %v from %v and %v", gotA, gotB, a, b)
		}
		if want := longestCommon(a, b); same != want {
			t.Fatalf("%d lines are the same, not %d: %v %v", same, want, a, b)
		}
	})
}

// longestCommon is the length of the longest common subsequence, by its definition.
func longestCommon(a, b []string) int {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	best := make([][]int, len(a)+1)
	for i := range best {
		best[i] = make([]int, len(b)+1)
	}
	for i := range a {
		for j := range b {
			best[i+1][j+1] = max(best[i][j+1], best[i+1][j])
			if a[i] == b[j] {
				best[i+1][j+1] = max(best[i+1][j+1], best[i][j]+1)
			}
		}
	}
	return best[len(a)][len(b)]
}

// TestDiffOfVeryDifferentTexts ends, and is still both texts.
func TestDiffOfVeryDifferentTexts(t *testing.T) {
	var a, b []string
	for i := range 5 * maxDiff {
		a, b = append(a, "a"+strconv.Itoa(i), "both"), append(b, "b"+strconv.Itoa(i), "both")
	}
	all := DiffLines("first\n"+strings.Join(a, "\n"), "first\n"+strings.Join(b, "\n"))
	if len(all) != 2+len(a)-1+len(b)-1 || all[0].Op != ' ' || all[1].Op != '-' || all[len(all)-2].Op != '+' {
		t.Errorf("%d lines", len(all))
	}
}

func TestDiffRows(t *testing.T) {
	var lines []string
	for i := range 20 {
		lines = append(lines, strconv.Itoa(i))
	}
	before := strings.Join(lines, "\n")
	lines[10] = "ten"
	rows := Diff{Lines: DiffLines(before, strings.Join(lines, "\n"))}.Rows()
	if len(rows) != 10 || rows[0].Left != 7 || !rows[4].Removed() || !rows[5].Added() || rows[9].Left != 6 {
		t.Errorf("%+v", rows)
	}
	if d := (Diff{Lines: DiffLines(before, before)}); !d.Same() || len(d.Rows()) != 1 {
		t.Errorf("of the same text: %+v", d.Rows())
	}
}

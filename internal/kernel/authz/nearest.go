// SPDX-License-Identifier: Apache-2.0

package authz

// nearest returns the candidate with the smallest edit distance to name.
func nearest(name string, candidates []string) string {
	best, distance := "", -1
	for _, c := range candidates {
		if d := editDistance(name, c); distance < 0 || d < distance {
			best, distance = c, d
		}
	}
	return best
}

// editDistance is the Levenshtein distance in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substitute := diagonal
			if a[i-1] != b[j-1] {
				substitute++
			}
			diagonal = row[j]
			row[j] = min(row[j]+1, row[j-1]+1, substitute)
		}
	}
	return row[len(b)]
}

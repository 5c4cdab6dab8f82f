// SPDX-License-Identifier: Apache-2.0

// Package matrix turns likelihood and impact into a rating, and stored facts
// about a risk into a proposed rating that shows how it came about.
//
// It is pure: no I/O, no clock, no state. The matrix and the rules of the
// proposal are data that the caller loads; [Matrix.Problems] and
// [Rules.Problems] say what is wrong with them. A proposal never decides
// anything: a person rates, and writes down why when the rating differs.
package matrix

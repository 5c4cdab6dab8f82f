// SPDX-License-Identifier: Apache-2.0

package review

import "time"

// What tests of plans and metrics look at from outside.

// FillPlan computes a plan from its people and reviews.
func FillPlan(p *Plan) { p.fill() }

// Percentile is of sorted values.
func Percentile(sorted []time.Duration, p int) time.Duration { return percentile(sorted, p) }

// Union is that of sorted pauses.
func Union(sorted []Pause, start, end time.Time) []Pause { return union(sorted, start, end) }

// PlainCell is a cell as a file has it.
func PlainCell(text string) string { return plainCell(text) }

// SPDX-License-Identifier: Apache-2.0

package review

import (
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// noPart says that a review has no such part, and which ones it has. It is for
// somebody who may see the review, and known are the parts that they may see: to
// others the review itself is not there. what is a noun, such as question.
func noPart(what string, known []string) error {
	code := "review.no_" + strings.ReplaceAll(what, " ", "_")
	if len(known) == 0 {
		return fault.New(fault.NotFound, code, "This review has no %s.", what)
	}
	return fault.New(fault.NotFound, code, "This review has no such %s. It has: %s.", what, strings.Join(known, ", "))
}

// noQuestion, noStatement and noFinding are about the review as somebody sees it.
func (d Detail) noQuestion() error {
	return noPart("question", labelsOf(d.Questions, func(q Asked) string { return q.Label }))
}

func (d Detail) noStatement() error {
	return noPart("statement", labelsOf(d.Statements, func(t Statement) string { return t.Label }))
}

func (d Detail) noFinding() error {
	return noPart("finding", labelsOf(d.Findings, func(n Finding) string { return n.Label }))
}

// noCondition does not name them: a condition has no label, and its place in the list
// is not what the API calls it by.
func noCondition() error {
	return fault.New(fault.NotFound, "review.no_condition", "The outcome of this review has no such condition.")
}

// labelsOf returns what parts are called.
func labelsOf[T any](all []T, label func(T) string) []string {
	labels := make([]string, len(all))
	for i, one := range all {
		labels[i] = label(one)
	}
	return labels
}

// SPDX-License-Identifier: Apache-2.0

package review

import (
	"slices"

	"portreeve.org/portreeve/internal/kernel/item"
)

// Transitions is the table of a review: what moves it from column to column. A
// verb always leads to one column. The slice is the caller's own.
func Transitions() []item.Transition[Column] {
	var all []item.Transition[Column]
	add := func(verb string, to Column, who, evidence string, from ...Column) {
		for _, f := range from {
			all = append(all, item.Transition[Column]{From: f, Verb: verb, To: to, Who: who, Evidence: evidence})
		}
	}
	open := []Column{Incoming, BackOrders, Planned, InProgress, Waiting}
	add("request", Incoming, "anybody with an account", "kind, title, a paragraph or the form", "")
	add("screen", Done, "anybody with an account", "answers to the pre-screen, which says why no review is needed", "")
	add("return", Incoming, "requester, after what fell short was mended; triager", "", BackOrders, Planned, Waiting)
	add("triage", BackOrders, "triager or reviewer", "a priority", Incoming, Planned, InProgress, Waiting)
	add("plan", Planned, "triager or reviewer", "the quarter; a day once it is scheduled, and then a user scenario if the kind wants one", Incoming, BackOrders, Planned, InProgress, Waiting)
	add("start", InProgress, "triager or reviewer", "a lead who declared conflicts of interest", Incoming, BackOrders, Planned, Waiting)
	add("wait", Waiting, "triager or reviewer", "a reason, or what falls short", Incoming, BackOrders, Planned, InProgress)
	add("decide", Done, "a reviewer who takes part, or the rank that the kind names", "outcome, reasons, conditions", InProgress, Waiting)
	add("dismiss", Done, "triager or reviewer", "why no review is needed", Incoming, BackOrders, Waiting)
	add("withdraw", Done, "requester, owner or triager", "a reason", open...)
	add("supersede", Done, "requester, owner, triager or reviewer", "the successor", open...)
	return all
}

// verbTo returns the verb that moves a review to a column by hand, or "".
func verbTo(to Column) string {
	switch to {
	case Incoming:
		return "return"
	case BackOrders:
		return "triage"
	case Planned:
		return "plan"
	case InProgress:
		return "start"
	case Waiting:
		return "wait"
	default:
		return ""
	}
}

// MovesFrom returns the columns to which a review can be moved by hand from there.
func MovesFrom(from Column) []Column {
	var all []Column
	for _, t := range Transitions() {
		if t.From == from && t.To != from && verbTo(t.To) == t.Verb {
			all = append(all, t.To)
		}
	}
	slices.SortFunc(all, func(a, b Column) int {
		return slices.Index(Columns(), a) - slices.Index(Columns(), b)
	})
	return slices.Compact(all)
}

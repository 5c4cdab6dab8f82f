// SPDX-License-Identifier: Apache-2.0

package review

import (
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/item/itemweb"
	"portreeve.org/portreeve/internal/kernel/web"
)

// historyLine is what happened to a review, each step with the entry that proves it.
func historyLine(c *web.Ctx, d Detail) web.Timeline {
	told := itemweb.Telling{
		Did: "review.entry_kind.", Changed: "review.changed.", Icon: historyIcon,
		Value:  func(c *web.Ctx, field, value string) string { return changeValue(c, d, field, value) },
		Silent: []string{"assessment", "read", "undone"}, // the name of the step says these already
		Part: func(part string) any {
			if id, ok := strings.CutPrefix(part, meetingPart("")); ok {
				return web.Link{Text: c.Text("review.history.meeting"), URL: "/review-meetings/" + id}
			}
			return web.Badge{Tone: web.ToneWarning, Text: c.Text("web.visibility_restricted")}
		},
	}
	var t web.Timeline
	for _, h := range d.History {
		t.Events = append(t.Events, told.Event(c, d.Names, h))
	}
	return t
}

func historyIcon(kind string) string {
	switch kind {
	case KindDecided, KindMet:
		return "stamp"
	case KindWithdrawn, KindSuperseded, KindScreened, KindDropped:
		return "circle-x"
	case KindAsked, KindAnswered, KindSettled:
		return "message-square"
	case KindMoved, KindPlanned:
		return "route"
	case KindAssigned, KindReleased, KindDeclared:
		return "user-check"
	case KindStated, KindRestated:
		return "scroll-text"
	case KindFound, KindRefound:
		return "search"
	case KindAssessed, KindAbstract, KindRead, KindGiven, KindOpinion:
		return "file-text"
	default:
		return "history"
	}
}

// changeValue is a value of the history in words.
func changeValue(c *web.Ctx, d Detail, field, value string) string {
	in := func(prefix string, known []string) string {
		if slices.Contains(known, value) {
			return c.Text(prefix + value)
		}
		return value
	}
	switch field {
	case "owner", "reviewer":
		return d.named(c, value)
	case "column":
		return in("review.column_", web.Strings(Columns()))
	case "priority":
		return in("review.priority_", web.Strings(Priorities()))
	case "outcome":
		return in("review.outcome_", web.Strings(allOutcomes()))
	case "part":
		return in("review.part_of_", []string{string(Leads), string(Reviews), string(SecondReader)})
	case "conflict":
		return in("review.conflict_", []string{string(Undeclared), string(NoConflict), string(Soft), string(Hard)})
	case "visibility":
		return in("web.visibility_", web.Visibilities())
	case "state":
		return c.Text(stateKey(value))
	case "predecessor":
		return ""
	}
	return value
}

// stateKey is the message of the state of a question, a statement or a finding,
// whose words differ, or else one that says nothing.
func stateKey(value string) string {
	switch {
	case slices.Contains([]string{string(QuestionAnswered)}, value):
		return "review.question_" + value
	case slices.Contains(StatementStates(), value):
		return "review.stated_" + value
	case slices.Contains(web.Strings(FindingStates()), value):
		return "review.found_" + value
	}
	return "web.terms.none"
}

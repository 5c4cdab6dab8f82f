// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/review/kind"
)

// AskRequest is [AskInput] as the API takes it. A moment is an RFC 3339 time or a
// date; a date means the end of that day in the office's time zone.
type AskRequest struct {
	Text  string `json:"text" maxLength:"32768" doc:"the question, Markdown"`
	Owner string `json:"owner,omitempty" maxLength:"200" doc:"who owes the answer, by id or login; default: the review's owner"`
	Due   string `json:"due,omitempty" maxLength:"40" doc:"until when: a date, or an RFC 3339 time; absent: no day"`
}

func (r AskRequest) input(zone *time.Location) (AskInput, error) {
	var f item.Fields
	in := AskInput{Text: r.Text, Owner: r.Owner, Due: f.Moment("due", r.Due, item.EndIn(zone))}
	return in, f.Err(CodeInvalid)
}

// ConditionRequest is [ConditionInput] as the API takes it.
type ConditionRequest struct {
	Text  string `json:"text" maxLength:"500"`
	Owner string `json:"owner,omitempty" maxLength:"200" doc:"id or login; of an approval: required"`
	Due   string `json:"due,omitempty" maxLength:"40" doc:"a date, or an RFC 3339 time; of an approval: required"`
	Proof string `json:"proof,omitempty" maxLength:"500" doc:"what will show that it is met; of an approval: required"`
}

// DecideRequest is [DecideInput] as the API takes it.
type DecideRequest struct {
	Outcome    Outcome            `json:"outcome" enum:"advice,approved,approved_with_conditions,not_approved"`
	Reason     string             `json:"reason" maxLength:"4000"`
	Conditions []ConditionRequest `json:"conditions,omitempty" maxItems:"30" doc:"of an approval with conditions; of advice: what is needed to move forward"`
	Meeting    string             `json:"meeting,omitempty" maxLength:"16" doc:"the meeting in which it was decided"`
}

func (r DecideRequest) input(zone *time.Location) (DecideInput, error) {
	var f item.Fields
	in := DecideInput{Outcome: r.Outcome, Reason: r.Reason, Meeting: r.Meeting}
	for i, c := range r.Conditions {
		due := f.Moment(fmt.Sprintf("conditions[%d].due", i), c.Due, item.EndIn(zone))
		in.Conditions = append(in.Conditions, ConditionInput{Text: c.Text, Owner: c.Owner, Due: due, Proof: c.Proof})
	}
	return in, f.Err(CodeInvalid)
}

// TextRequest is a use case that takes Markdown and nothing else.
type TextRequest struct {
	Text string `json:"text" maxLength:"32768" doc:"Markdown"`
}

// ReasonRequest is a use case that takes a reason and nothing else.
type ReasonRequest struct {
	Reason string `json:"reason" maxLength:"4000"`
}

// DismissRequest says why no review is needed.
type DismissRequest struct {
	Reason  string `json:"reason" maxLength:"4000"`
	Meeting string `json:"meeting,omitempty" maxLength:"16" doc:"the meeting in which it was decided"`
}

// SupersedeRequest names the review that replaces another one.
type SupersedeRequest struct {
	Successor string `json:"successor" maxLength:"60" doc:"id of the review that replaces this one"`
	Reason    string `json:"reason" maxLength:"4000"`
}

// ReadRequest is what the second reader says.
type ReadRequest struct {
	Concurs string `json:"concurs" maxLength:"4000" doc:"what the second reader says of the assessment"`
}

// AssessorRequest names an assessor.
type AssessorRequest struct {
	Assessor string `json:"assessor" maxLength:"200" doc:"id or login"`
}

// AssessRequest writes a version of the assessment.
type AssessRequest struct {
	Text    string `json:"text" maxLength:"200000" doc:"Markdown"`
	Written int64  `json:"written" minimum:"0" doc:"version of the assessment that it was made from; 0: there was none"`
}

// ProofRequest shows that a condition is met.
type ProofRequest struct {
	Shown string `json:"shown" maxLength:"10000" doc:"what shows that it is met"`
}

// PreScreenRequest answers the questions of the pre-screen.
type PreScreenRequest struct {
	Answers map[string]string `json:"answers" doc:"by question"`
}

// PublishRequest publishes a version of a kind of review.
type PublishRequest struct {
	Text   string `json:"text" maxLength:"65536" doc:"YAML"`
	Note   string `json:"note" maxLength:"4000" doc:"why it is published"`
	Before *int64 `json:"before,omitempty" minimum:"0" doc:"version that it was made from, instead of If-Match; 0: it is a new kind"`
}

// TrialRequest tries the text of a kind on a form, and changes nothing.
type TrialRequest struct {
	Text         string            `json:"text" maxLength:"65536" doc:"YAML"`
	Answers      map[string]string `json:"answers,omitempty" doc:"by field"`
	Technologies []kind.Technology `json:"technologies,omitempty" maxItems:"40"`
	Scenarios    []kind.Scenario   `json:"scenarios,omitempty" maxItems:"20"`
	PreScreen    map[string]string `json:"prescreen,omitempty" doc:"by question of the pre-screen"`
}

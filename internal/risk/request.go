// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// AskRequest is [AskInput] as the API takes it. A moment is an RFC 3339 time or a
// date; a date means the end of that day in the office's time zone, for start its
// beginning.
type AskRequest struct {
	Option     string        `json:"option,omitempty" maxLength:"60" doc:"id of the option that is proposed, or its kind if only one is of that kind"`
	Reason     string        `json:"reason" maxLength:"4000"`
	Start      string        `json:"start,omitempty" maxLength:"40" doc:"earliest beginning; default: when it is granted"`
	Until      string        `json:"until" maxLength:"40" doc:"the end: a date, or an RFC 3339 time"`
	Extends    string        `json:"extends,omitempty" maxLength:"16" doc:"acceptance that this one prolongs"`
	Conditions []TermRequest `json:"conditions,omitempty" maxItems:"20"`
}

// TermRequest is [TermInput] as the API takes it.
type TermRequest struct {
	Text  string `json:"text" maxLength:"500"`
	Owner string `json:"owner" maxLength:"200" doc:"id or login"`
	Due   string `json:"due" maxLength:"40" doc:"a date, or an RFC 3339 time"`
}

// MitigationRequest is [MitigationInput] as the API takes it.
type MitigationRequest struct {
	Title string `json:"title" maxLength:"200"`
	Owner string `json:"owner" maxLength:"200" doc:"id or login"`
	Due   string `json:"due" maxLength:"40" doc:"a date, or an RFC 3339 time"`
}

// HearingRequest is [HearingInput] as the API takes it.
type HearingRequest struct {
	Party  string `json:"party" maxLength:"200" doc:"id or name of the party"`
	Person string `json:"person,omitempty" maxLength:"200" doc:"account of who was heard, by id or login"`
	Heard  string `json:"heard" maxLength:"200" doc:"who was heard, in what capacity"`
	Said   string `json:"said" maxLength:"10000" doc:"what they said"`
	HeldAt string `json:"held_at,omitempty" maxLength:"40" doc:"a date, or an RFC 3339 time; default: now"`
}

// NoteRequest is a use case that takes words and nothing else.
type NoteRequest struct {
	Note string `json:"note" maxLength:"10000"`
}

// ReasonRequest is a use case that takes a reason and nothing else.
type ReasonRequest struct {
	Reason string `json:"reason" maxLength:"4000"`
}

// EvidenceRequest reports a condition as met.
type EvidenceRequest struct {
	Evidence string `json:"evidence" maxLength:"10000"`
}

// OptionsRequest replaces the options that are compared.
type OptionsRequest struct {
	Options []Option `json:"options" maxItems:"10" nullable:"false"`
}

// PartiesRequest replaces the parties that are exposed.
type PartiesRequest struct {
	Parties []PartyInput `json:"parties" maxItems:"20" nullable:"false"`
}

// ProposalRequest asks what the rules propose.
type ProposalRequest = matrix.Inputs

func (r AskRequest) input(zone *time.Location) (AskInput, error) {
	var f item.Fields
	in := AskInput{
		Option: r.Option, Reason: r.Reason, Extends: r.Extends,
		Start: f.Moment("start", r.Start, item.StartIn(zone)), Until: f.Moment("until", r.Until, item.EndIn(zone)),
	}
	for i, c := range r.Conditions {
		due := f.Moment(fmt.Sprintf("conditions[%d].due", i), c.Due, item.EndIn(zone))
		in.Conditions = append(in.Conditions, TermInput{Text: c.Text, Owner: c.Owner, Due: due})
	}
	return in, f.Err(codeInvalid)
}

func (r MitigationRequest) input(zone *time.Location) (MitigationInput, error) {
	var f item.Fields
	in := MitigationInput{Title: r.Title, Owner: r.Owner, Due: f.Moment("due", r.Due, item.EndIn(zone))}
	return in, f.Err(codeInvalid)
}

// input takes a date to mean the end of that day, or now if the day is today.
func (r HearingRequest) input(zone *time.Location, now time.Time) (HearingInput, error) {
	var f item.Fields
	in := HearingInput{Party: r.Party, Person: r.Person, Heard: r.Heard, Said: r.Said}
	in.HeldAt = f.Moment("held_at", r.HeldAt, func(d config.Date) time.Time {
		if end := d.End(zone); d != config.DateOf(now, zone) {
			return end
		}
		return now
	})
	return in, f.Err(codeInvalid)
}

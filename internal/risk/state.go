// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"slices"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// State is where a risk stands.
type State string

// The states of a risk. Closed is final: what comes back is a new risk that
// follows the old one, so that no closed question changes behind a decision.
const (
	StateOpen    State = "open"    // registered; rated or not, treated or not
	StateTreated State = "treated" // its treatment is carried out
	StateClosed  State = "closed"  // no longer a risk; covers nothing
)

// States returns the states of a risk; the slice is the caller's own.
func States() []State { return []State{StateOpen, StateTreated, StateClosed} }

// AcceptanceState is where an acceptance stands. Expired is not among them: it
// is computed, so that nothing has to run for an acceptance to end.
type AcceptanceState string

// The states of an acceptance.
const (
	Asked     AcceptanceState = "asked"
	Granted   AcceptanceState = "granted"
	Refused   AcceptanceState = "refused"
	Withdrawn AcceptanceState = "withdrawn"
	Revoked   AcceptanceState = "revoked"
	Voided    AcceptanceState = "voided" // what it was pinned to has changed
	Closed    AcceptanceState = "closed" // with proof of what was undone and learnt
)

// Transition is one line of the table: who may take it and what it needs.
type Transition[S ~string] struct {
	From     S // "" is before the beginning
	Verb     string
	To       S
	Who      string // in words; the service enforces it
	Evidence string // what must be given
}

// RiskTransitions is the table of a risk. The slice is the caller's own.
func RiskTransitions() []Transition[State] {
	return []Transition[State]{
		{"", "register", StateOpen, "whoever sees the subject", "subject, owner, title, what could happen, scope, inputs"},
		{StateOpen, "edit", StateOpen, "owner, registrant or security team", "the changed texts"},
		{StateTreated, "edit", StateOpen, "owner, registrant or security team", "the changed texts"},
		{StateOpen, "rate", StateOpen, "security team; below the proposal not by who has a part in it", "likelihood and impact, a reason where they differ from the proposal"},
		{StateTreated, "rate", StateOpen, "security team; below the proposal not by who has a part in it", "likelihood and impact, a reason where they differ from the proposal"},
		{StateOpen, "review", StateOpen, "security team", "what was looked at"},
		{StateTreated, "review", StateTreated, "security team", "what was looked at"},
		{StateOpen, "treat", StateOpen, "owner or security team", "mitigate, avoid, transfer or accept"},
		{StateTreated, "treat", StateOpen, "owner or security team", "mitigate, avoid, transfer or accept"},
		{StateOpen, "mitigate", StateOpen, "owner or security team", "a mitigation action with its owner and date"},
		{StateTreated, "mitigate", StateOpen, "owner or security team", "a mitigation action with its owner and date"},
		{StateOpen, "report", StateOpen, "the mitigation action's owner, the risk's owner or the security team", "what shows that it is done, or why it was dropped"},
		{StateTreated, "report", StateTreated, "the mitigation action's owner, the risk's owner or the security team", "what shows that it is done, or why it was dropped"},
		{StateOpen, "compare", StateOpen, "owner, registrant or security team", "options with cost, delay and risk"},
		{StateTreated, "compare", StateTreated, "owner, registrant or security team", "options with cost, delay and risk"},
		{StateOpen, "hear", StateOpen, "security team; not who owns or owned it, or asked to accept it", "a rating; who was heard for which party, what they said"},
		{StateTreated, "hear", StateTreated, "security team; not who owns or owned it, or asked to accept it", "a rating; who was heard for which party, what they said"},
		{StateOpen, "complete", StateTreated, "owner or security team", "a treatment, no open mitigation action; for accept an acceptance in force"},
		{StateOpen, "close", StateClosed, "security team; not who has a part in it from the independence rating up", "why it is no longer a risk; no acceptance asked or unclosed"},
		{StateTreated, "close", StateClosed, "security team; not who has a part in it from the independence rating up", "why it is no longer a risk; no acceptance asked or unclosed"},
	}
}

// AcceptanceTransitions is the table of an acceptance. The slice is the caller's own.
func AcceptanceTransitions() []Transition[AcceptanceState] {
	return []Transition[AcceptanceState]{
		{"", "ask", Asked, "owner, or somebody for them", "options compared, end date, reason, conditions"},
		{Asked, "approve", Asked, "whoever authority names; never the asker", "reason"},
		{Asked, "object", Asked, "a member or function that cannot decide alone", "reason"},
		{Asked, "grant", Granted, "the approval that completes what authority requires", "every party heard or in agreement, basis unchanged"},
		{Asked, "refuse", Refused, "whoever could grant alone, or the objection after which nobody can grant", "reason"},
		{Asked, "withdraw", Withdrawn, "asker or owner", "reason"},
		{Asked, "void", Voided, "whoever changes what it is pinned to", "what changed"},
		{Granted, "revoke", Revoked, "security team, executive or owner; at once", "reason"},
		{Granted, "void", Voided, "whoever changes what it is pinned to", "what changed"},
		{Granted, "close", Closed, "owner, asker or security team", "what was undone and what was learnt"},
		{Revoked, "close", Closed, "owner, asker or security team", "what was undone and what was learnt"},
		{Voided, "close", Closed, "owner, asker or security team; only if it had been granted", "what was undone and what was learnt"},
	}
}

// next returns the state that verb leads to, or a Conflict that names the verbs
// that are possible instead.
func next[S ~string](table []Transition[S], from S, verb string) (S, error) {
	var possible []string
	for _, t := range table {
		if t.From != from {
			continue
		}
		if t.Verb == verb {
			return t.To, nil
		}
		if !slices.Contains(possible, t.Verb) {
			possible = append(possible, t.Verb)
		}
	}
	var none S
	if len(possible) == 0 {
		return none, fault.New(fault.Conflict, "risk.state", "This is %s, which is final: %s is not possible.", from, verb)
	}
	return none, fault.New(fault.Conflict, "risk.state", "This is %s: %s is not possible now. Possible: %s.", from, verb, joined(possible, "or"))
}

// joined lists words: "a", "a or b", "a, b or c".
func joined(words []string, last string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	text := words[0]
	for _, w := range words[1 : len(words)-1] {
		text += ", " + w
	}
	return text + " " + last + " " + words[len(words)-1]
}

// SPDX-License-Identifier: Apache-2.0

package risk

import "portreeve.org/portreeve/internal/kernel/item"

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

// RiskTransitions is the table of a risk. The slice is the caller's own.
func RiskTransitions() []item.Transition[State] {
	return []item.Transition[State]{
		{From: "", Verb: "register", To: StateOpen, Who: "whoever sees the subject", Evidence: "subject, owner, title, what could happen, scope, inputs"},
		{From: StateOpen, Verb: "edit", To: StateOpen, Who: "owner, registrant or security team", Evidence: "the changed texts"},
		{From: StateTreated, Verb: "edit", To: StateOpen, Who: "owner, registrant or security team", Evidence: "the changed texts"},
		{From: StateOpen, Verb: "rate", To: StateOpen, Who: "security team; below the proposal not by who has a part in it", Evidence: "likelihood and impact, a reason where they differ from the proposal"},
		{From: StateTreated, Verb: "rate", To: StateOpen, Who: "security team; below the proposal not by who has a part in it", Evidence: "likelihood and impact, a reason where they differ from the proposal"},
		{From: StateOpen, Verb: "review", To: StateOpen, Who: "security team", Evidence: "what was looked at"},
		{From: StateTreated, Verb: "review", To: StateTreated, Who: "security team", Evidence: "what was looked at"},
		{From: StateOpen, Verb: "treat", To: StateOpen, Who: "owner or security team", Evidence: "mitigate, avoid, transfer or accept"},
		{From: StateTreated, Verb: "treat", To: StateOpen, Who: "owner or security team", Evidence: "mitigate, avoid, transfer or accept"},
		{From: StateOpen, Verb: "mitigate", To: StateOpen, Who: "owner or security team", Evidence: "a mitigation action with its owner and date"},
		{From: StateTreated, Verb: "mitigate", To: StateOpen, Who: "owner or security team", Evidence: "a mitigation action with its owner and date"},
		{From: StateOpen, Verb: "report", To: StateOpen, Who: "the mitigation action's owner, the risk's owner or the security team", Evidence: "what shows that it is done, or why it was dropped"},
		{From: StateTreated, Verb: "report", To: StateTreated, Who: "the mitigation action's owner, the risk's owner or the security team", Evidence: "what shows that it is done, or why it was dropped"},
		{From: StateOpen, Verb: "compare", To: StateOpen, Who: "owner, registrant or security team", Evidence: "options with cost, delay and risk"},
		{From: StateTreated, Verb: "compare", To: StateTreated, Who: "owner, registrant or security team", Evidence: "options with cost, delay and risk"},
		{From: StateOpen, Verb: "hear", To: StateOpen, Who: "security team; not who owns or owned it, or asked to accept it", Evidence: "a rating; who was heard for which party, what they said"},
		{From: StateTreated, Verb: "hear", To: StateTreated, Who: "security team; not who owns or owned it, or asked to accept it", Evidence: "a rating; who was heard for which party, what they said"},
		{From: StateOpen, Verb: "complete", To: StateTreated, Who: "owner or security team", Evidence: "a treatment, no open mitigation action; for accept an acceptance in force"},
		{From: StateOpen, Verb: "close", To: StateClosed, Who: "security team; not who has a part in it from the independence rating up", Evidence: "why it is no longer a risk; no acceptance asked or unclosed"},
		{From: StateTreated, Verb: "close", To: StateClosed, Who: "security team; not who has a part in it from the independence rating up", Evidence: "why it is no longer a risk; no acceptance asked or unclosed"},
	}
}

// AcceptanceTransitions is the table of an acceptance. The slice is the caller's own.
func AcceptanceTransitions() []item.Transition[AcceptanceState] {
	return []item.Transition[AcceptanceState]{
		{From: "", Verb: "ask", To: Asked, Who: "owner, or somebody for them", Evidence: "options compared, end date, reason, conditions"},
		{From: Asked, Verb: "approve", To: Asked, Who: "whoever authority names; never the asker", Evidence: "reason"},
		{From: Asked, Verb: "object", To: Asked, Who: "a member or function that cannot decide alone", Evidence: "reason"},
		{From: Asked, Verb: "grant", To: Granted, Who: "the approval that completes what authority requires", Evidence: "every party heard or in agreement, basis unchanged"},
		{From: Asked, Verb: "refuse", To: Refused, Who: "whoever could grant alone, or the objection after which nobody can grant", Evidence: "reason"},
		{From: Asked, Verb: "withdraw", To: Withdrawn, Who: "asker or owner", Evidence: "reason"},
		{From: Asked, Verb: "void", To: Voided, Who: "whoever changes what it is pinned to", Evidence: "what changed"},
		{From: Granted, Verb: "revoke", To: Revoked, Who: "security team, executive or owner; at once", Evidence: "reason"},
		{From: Granted, Verb: "void", To: Voided, Who: "whoever changes what it is pinned to", Evidence: "what changed"},
		{From: Granted, Verb: "close", To: Closed, Who: "owner, asker or security team", Evidence: "what was undone and what was learnt"},
		{From: Revoked, Verb: "close", To: Closed, Who: "owner, asker or security team", Evidence: "what was undone and what was learnt"},
		{From: Voided, Verb: "close", To: Closed, Who: "owner, asker or security team; only if it had been granted", Evidence: "what was undone and what was learnt"},
	}
}

// Codes of faults: of a field that is wrong, and of a step that is not possible now.
const (
	codeInvalid = "risk.invalid"
	codeState   = "risk.state"
)

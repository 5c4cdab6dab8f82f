// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// BasisParty is a party as an acceptance is pinned to it.
type BasisParty struct {
	Kind         PartyKind   `json:"kind"`
	Name         string      `json:"name"`
	Organisation string      `json:"organisation,omitempty"`
	Require      Requirement `json:"require,omitempty"`
}

// Facts are the inputs of a rating as an acceptance is pinned to them: all but
// whether there is a mitigation plan, which may grow without harm.
type Facts = matrix.Inputs

func factsOf(in matrix.Inputs) Facts {
	in.MitigationPlan = false
	return in
}

// Basis is what an acceptance was decided on. If any of it is different at gate
// time, the acceptance is void.
type Basis struct {
	RatingSeq      int64        `json:"rating_seq"`
	Residual       Assessment   `json:"residual"`
	Facts          Facts        `json:"facts"`
	Threat         string       `json:"threat"`
	Scope          string       `json:"scope"`
	Subject        string       `json:"subject"`
	SubjectVersion int64        `json:"subject_version"`
	SubjectDigest  string       `json:"subject_digest"`
	Organisation   string       `json:"organisation"`
	Parties        []BasisParty `json:"parties"`
}

// BasisOf returns what an acceptance of r would be decided on now.
func BasisOf(r Risk, parties []Party, subject catalog.Subject) Basis {
	return Basis{
		RatingSeq: r.Rating.Seq, Residual: r.Rating.Residual, Facts: factsOf(r.Inputs), Threat: r.Threat, Scope: r.Scope,
		Subject: subject.Ref, SubjectVersion: subject.Version, SubjectDigest: subject.Digest,
		Organisation: subject.Organisation, Parties: basisParties(parties),
	}
}

// basisParties returns the parties as they are pinned: in an order of their own.
func basisParties(parties []Party) []BasisParty {
	all := []BasisParty{}
	for _, p := range parties {
		all = append(all, BasisParty{Kind: p.Kind, Name: p.Name, Organisation: p.Organisation, Require: p.Require})
	}
	slices.SortFunc(all, compareParties)
	return all
}

func compareParties(a, b BasisParty) int {
	for _, c := range []int{
		strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Name, b.Name),
		strings.Compare(a.Organisation, b.Organisation), strings.Compare(string(a.Require), string(b.Require)),
	} {
		if c != 0 {
			return c
		}
	}
	return 0
}

// Changes says in what b, which was decided on, differs from what is now; empty
// means that the pins hold.
func (b Basis) Changes(now Basis) []string {
	var changed []string
	if b.RatingSeq != now.RatingSeq || b.Residual != now.Residual {
		changed = append(changed, "rating")
	}
	if b.Facts != now.Facts {
		changed = append(changed, "facts")
	}
	if b.Threat != now.Threat {
		changed = append(changed, "threat")
	}
	if b.Scope != now.Scope {
		changed = append(changed, "scope")
	}
	if b.Subject != now.Subject || b.SubjectVersion != now.SubjectVersion || b.SubjectDigest != now.SubjectDigest {
		changed = append(changed, "subject")
	}
	if b.Organisation != now.Organisation {
		changed = append(changed, "organisation")
	}
	if !slices.Equal(b.Parties, now.Parties) {
		changed = append(changed, "parties")
	}
	return changed
}

// changeWords says in the words of a fault what is different.
func changeWords(changed []string) string {
	words := map[string]string{
		"rating": "the rating", "facts": "the facts that were rated", "threat": "what could happen", "scope": "the scope", "subject": "the subject",
		"organisation": "the organisation that answers for the subject", "parties": "the parties exposed",
	}
	all := make([]string, len(changed))
	for i, c := range changed {
		all[i] = words[c]
	}
	return item.Joined(all, "and")
}

// Term is one condition of an acceptance.
type Term struct {
	ID       string    `json:"id"`
	Text     string    `json:"text"`
	Owner    string    `json:"owner"`
	Due      time.Time `json:"due"`
	MetAt    time.Time `json:"met_at,omitzero"`
	MetBy    string    `json:"met_by,omitempty"`
	Evidence string    `json:"evidence,omitempty"`
	Entry    int64     `json:"entry,omitempty"`
}

// Overdue reports whether the condition is not met and its date has passed at t.
func (c Term) Overdue(t time.Time) bool { return c.MetAt.IsZero() && !t.Before(c.Due) }

// RightUsed is the right by which somebody decided, as it is recorded.
type RightUsed struct {
	Kind         authz.RightKind `json:"kind"`
	Organisation string          `json:"organisation,omitempty"`
	Rank         string          `json:"rank,omitempty"`
	Function     string          `json:"function,omitempty"`
	Body         string          `json:"body,omitempty"`
	Post         string          `json:"post,omitempty"`
	Holder       string          `json:"holder,omitempty"`
	Vacant       string          `json:"vacant,omitempty"`
	Delegation   string          `json:"delegation,omitempty"`
	Explanation  string          `json:"explanation,omitempty"`
}

func rightUsed(r authz.Right) RightUsed { return RightUsed(r) }

// Vote is what one person said to an acceptance that was asked for.
type Vote struct {
	ID     string      `json:"id"`
	Person string      `json:"person"`
	Agrees bool        `json:"agrees"`
	Reason string      `json:"reason"`
	Rights []RightUsed `json:"rights" nullable:"false" doc:"the rights that the person could exercise in this matter"`
	At     time.Time   `json:"at"`
	Entry  int64       `json:"entry,omitempty"`
}

// Exercised says how one need was met: by whom, by which rights.
type Exercised struct {
	Party        string      `json:"party,omitempty" doc:"party that accepts; empty: the organisation that answers for the subject"`
	Organisation string      `json:"organisation"`
	Way          string      `json:"way" doc:"the way that authority allows, in words"`
	By           []Exerciser `json:"by" nullable:"false"`
}

// Exerciser is a person with the right that they exercised.
type Exerciser struct {
	Person string    `json:"person"`
	Right  RightUsed `json:"right"`
}

// Acceptance is the decision to live with a residual risk until a date. From and
// Until bound it as [From, Until); From is zero until it is granted.
type Acceptance struct {
	ID           string          `json:"id"`
	Risk         string          `json:"risk"`
	Version      int64           `json:"version" doc:"counts its changes of state; the optimistic lock"`
	State        AcceptanceState `json:"state" enum:"asked,granted,refused,withdrawn,revoked,voided,closed"`
	Basis        Basis           `json:"basis" doc:"what it is pinned to"`
	Pattern      string          `json:"pattern" doc:"what makes it one of a kind with others of the same act, or of none"`
	Option       Option          `json:"option" doc:"the option that is proposed, as it stood when asked"`
	Reason       string          `json:"reason"`
	AskedBy      string          `json:"asked_by"`
	AskedAt      time.Time       `json:"asked_at"`
	AskedAsOwner bool            `json:"asked_as_owner"`
	Start        time.Time       `json:"start,omitzero" doc:"earliest beginning; absent: when it is granted"`
	Until        time.Time       `json:"until" doc:"the end, exclusive"`
	Extends      string          `json:"extends,omitempty" doc:"acceptance that this one prolongs"`
	DecidedAt    time.Time       `json:"decided_at,omitzero" doc:"when it was granted, refused or withdrawn"`
	DecidedBy    string          `json:"decided_by,omitempty" doc:"whose word completed the decision"`
	Decision     string          `json:"decision,omitempty" doc:"reason given with that word"`
	From         time.Time       `json:"from,omitzero" doc:"the beginning, once granted"`
	Rights       []Exercised     `json:"rights,omitempty"`
	EndedAt      time.Time       `json:"ended_at,omitzero" doc:"when it was revoked, voided or closed before its end"`
	EndedBy      string          `json:"ended_by,omitempty"`
	EndReason    string          `json:"end_reason,omitempty"`
	ClosedAt     time.Time       `json:"closed_at,omitzero"`
	ClosedBy     string          `json:"closed_by,omitempty"`
	Undone       string          `json:"undone,omitempty" doc:"proof of what was undone"`
	Learnt       string          `json:"learnt,omitempty" doc:"what was learnt"`
	Entry        int64           `json:"entry,omitempty"`
	Conditions   []Term          `json:"conditions" nullable:"false"`
}

// URL is the acceptance's page, relative to the server's root.
func (a Acceptance) URL() string { return "/risks/" + a.Risk + "/acceptances/" + a.ID }

// WasGranted reports whether it was ever granted, whatever became of it.
func (a Acceptance) WasGranted() bool { return !a.From.IsZero() }

// Standing is where an acceptance stands at one moment. Only Code "in_force"
// lets anything happen.
type Standing struct {
	Code       StandingCode `json:"code"`
	Changed    []string     `json:"changed,omitempty" doc:"for void: what is different from what was decided on: rating, facts, threat, scope, subject, organisation, parties"`
	Overdue    []string     `json:"overdue,omitempty" doc:"ids of conditions past their date"`
	ValidUntil time.Time    `json:"valid_until,omitzero" doc:"for in_force: stays so until then unless somebody decides otherwise"`
	ClosureDue time.Time    `json:"closure_due,omitzero" doc:"when proof of what was undone and learnt is due"`
	Unclosed   bool         `json:"unclosed" doc:"that date has passed without proof"`
}

// StandingCode names where an acceptance stands.
type StandingCode string

// The standings of an acceptance.
const (
	InForce          StandingCode = "in_force"
	Awaiting         StandingCode = "awaiting"    // asked, not decided
	Lapsed           StandingCode = "lapsed"      // asked, never decided, and its end date has passed
	NotStarted       StandingCode = "not_started" // granted, begins later
	ConditionOverdue StandingCode = "condition_overdue"
	Expired          StandingCode = "expired"
	WasRevoked       StandingCode = "revoked"
	Void             StandingCode = "void"
	WasRefused       StandingCode = "refused"
	WasWithdrawn     StandingCode = "withdrawn"
	WasClosed        StandingCode = "closed"
)

// Standing tells where the acceptance stands at t, when now is what it would be
// decided on. It needs nothing to have run: expiry, voiding by a changed subject
// and overdue conditions show by themselves.
func (a Acceptance) Standing(p *RiskPolicy, now Basis, t time.Time) Standing {
	s := Standing{Code: a.code(p, now, t), ValidUntil: a.Until}
	if s.Code == Void {
		s.Changed = a.Basis.Changes(now)
	}
	for _, c := range a.Conditions {
		switch {
		case !c.MetAt.IsZero():
		case c.Overdue(t):
			s.Overdue = append(s.Overdue, c.ID)
		case p.Conditions.Overdue == OverdueBlocks && c.Due.Before(s.ValidUntil):
			s.ValidUntil = c.Due
		}
	}
	if s.Code != InForce {
		s.ValidUntil = time.Time{}
	}
	if a.WasGranted() && a.State != Closed {
		s.ClosureDue = a.Until
		if !a.EndedAt.IsZero() && a.EndedAt.Before(a.Until) {
			s.ClosureDue = a.EndedAt
		}
		s.Unclosed = !t.Before(s.ClosureDue)
	}
	return s
}

func (a Acceptance) code(p *RiskPolicy, now Basis, t time.Time) StandingCode {
	switch a.State {
	case Asked:
		return a.asked(now, t)
	case Granted:
	case Revoked:
		return WasRevoked
	case Voided:
		return Void
	case Refused:
		return WasRefused
	case Withdrawn:
		return WasWithdrawn
	default:
		return WasClosed
	}
	switch {
	case !t.Before(a.Until):
		return Expired
	case len(a.Basis.Changes(now)) > 0:
		return Void
	case a.From.IsZero() || t.Before(a.From):
		return NotStarted
	case p.Conditions.Overdue != OverdueAdvises && slices.ContainsFunc(a.Conditions, func(c Term) bool { return c.Overdue(t) }):
		return ConditionOverdue
	}
	return InForce
}

// asked tells where an undecided acceptance stands.
func (a Acceptance) asked(now Basis, t time.Time) StandingCode {
	switch {
	case !t.Before(a.Until):
		return Lapsed
	case len(a.Basis.Changes(now)) > 0:
		return Void
	}
	return Awaiting
}

// Pattern says what makes exceptions one of a kind, besides the act: the kind of
// subject and the values of the attributes that policy names, in its order. A value
// is quoted, so that none can imitate two.
func (p *RiskPolicy) Pattern(subject catalog.Subject) string {
	parts := []string{subject.Kind}
	for _, name := range p.Precedents.Attributes {
		if v := subject.Attributes[name]; v != "" {
			parts = append(parts, name+"="+quoted(v))
		}
	}
	return strings.Join(parts, "|")
}

func quoted(v string) string {
	return strings.NewReplacer(`\`, `\\`, `|`, `\p`).Replace(v)
}

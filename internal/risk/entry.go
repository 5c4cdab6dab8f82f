// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// The ledger entry kinds of this slice.
const (
	KindRegistered = "risk.registered"
	KindEdited     = "risk.edited"
	KindFollowed   = "risk.followed"
	KindRated      = "risk.rated"
	KindReviewed   = "risk.reviewed"
	KindTreated    = "risk.treatment.chosen"
	KindCompleted  = "risk.treatment.completed"
	KindMitigation = "risk.mitigation.changed"
	KindParties    = "risk.parties.changed"
	KindOptions    = "risk.options.changed"
	KindHeard      = "risk.party.heard"
	KindClosed     = "risk.closed"
	KindAsked      = "risk.acceptance.asked"
	KindApproved   = "risk.acceptance.approved"
	KindObjected   = "risk.acceptance.objected"
	KindGranted    = "risk.acceptance.granted"
	KindRefused    = "risk.acceptance.refused"
	KindWithdrawn  = "risk.acceptance.withdrawn"
	KindRevoked    = "risk.acceptance.revoked"
	KindVoided     = "risk.acceptance.voided"
	KindSettled    = "risk.acceptance.closed"
	KindMet        = "risk.condition.met"
	KindErased     = "risk.person.erased"
)

// EntryKinds returns the kinds that this slice alone appends.
func EntryKinds() []string {
	return []string{
		KindRegistered, KindEdited, KindFollowed, KindRated, KindReviewed, KindTreated, KindCompleted, KindMitigation,
		KindParties, KindOptions, KindHeard, KindClosed,
		KindAsked, KindApproved, KindObjected, KindGranted, KindRefused, KindWithdrawn,
		KindRevoked, KindVoided, KindSettled, KindMet, KindErased,
	}
}

// riskBody is the state of a risk in an entry.
type riskBody struct {
	Risk         string           `json:"risk"`
	Version      int64            `json:"version"`
	Subject      string           `json:"subject"`
	Act          string           `json:"act,omitempty"`
	Title        string           `json:"title"`
	Threat       string           `json:"threat_sha256"`
	Scope        string           `json:"scope_sha256"`
	Owner        string           `json:"owner"`
	Visibility   authz.Visibility `json:"visibility"`
	Participants []string         `json:"participants"`
	State        State            `json:"state"`
	Inputs       inputsBody       `json:"inputs"`
	Proposed     Assessment       `json:"proposed"`
	Parties      []BasisParty     `json:"parties"`
	Follows      string           `json:"follows,omitempty"`
	Outdated     bool             `json:"rating_outdated,omitempty"`
}

// followedBody is the state of a risk that followed a change of its subject.
type followedBody struct {
	riskBody
	Cause          string `json:"cause"` // reference of the subject
	SubjectVersion int64  `json:"subject_version"`
}

type inputsBody struct {
	Data            matrix.Data      `json:"data"`
	Direction       matrix.Direction `json:"direction"`
	Access          matrix.Access    `json:"access"`
	Volume          matrix.Volume    `json:"volume"`
	CrossesBoundary bool             `json:"crosses_boundary"`
	LowerTrust      bool             `json:"lower_trust"`
	Assurances      string           `json:"assurances_sha256,omitempty"`
	MitigationPlan  bool             `json:"mitigation_plan"`
}

func inputsOf(in matrix.Inputs) inputsBody {
	return inputsBody{
		Data: in.Data, Direction: in.Direction, Access: in.Access, Volume: in.Volume,
		CrossesBoundary: in.CrossesBoundary, LowerTrust: in.LowerTrust,
		Assurances: item.SHA(in.Assurances), MitigationPlan: in.MitigationPlan,
	}
}

func riskState(r Risk, participants []string, parties []Party) riskBody {
	return riskBody{
		Risk: r.ID, Version: r.Version, Subject: r.Subject, Act: r.Act, Title: r.Title,
		Threat: item.SHA(r.Threat), Scope: item.SHA(r.Scope), Owner: r.Owner, Visibility: r.Visibility, Participants: participants,
		State: r.State, Inputs: inputsOf(r.Inputs), Proposed: r.Proposed, Parties: basisParties(parties), Follows: r.Follows,
		Outdated: r.Rating.Outdated,
	}
}

type ratedBody struct {
	Risk     string        `json:"risk"`
	Version  int64         `json:"version"`
	Seq      int64         `json:"seq"`
	Inherent Assessment    `json:"inherent"`
	Residual Assessment    `json:"residual"`
	Proposed matrix.Rating `json:"proposed"`
	Inputs   inputsBody    `json:"inputs"`
	Reason   string        `json:"reason,omitempty"`
}

// stepBody is a plain step of a risk with the words that belong to it.
type stepBody struct {
	Risk      string    `json:"risk"`
	Version   int64     `json:"version"`
	State     State     `json:"state,omitempty"`
	Treatment Treatment `json:"treatment,omitempty"`
	Note      string    `json:"note_sha256,omitempty"`
	ReviewDue time.Time `json:"review_due,omitzero"`
}

type mitigationBody struct {
	Risk       string          `json:"risk"`
	Version    int64           `json:"version"`
	Mitigation string          `json:"mitigation"`
	Title      string          `json:"title"`
	Owner      string          `json:"owner"`
	Due        time.Time       `json:"due"`
	State      MitigationState `json:"state"`
	Evidence   string          `json:"evidence_sha256,omitempty"`
}

type partiesBody struct {
	Risk     string       `json:"risk"`
	Version  int64        `json:"version"`
	Parties  []BasisParty `json:"parties"`
	Outdated bool         `json:"rating_outdated,omitempty"`
}

type optionsBody struct {
	Risk    string   `json:"risk"`
	Version int64    `json:"version"`
	Options []Option `json:"options"`
}

// heardBody names nobody by name: who was heard and what they said stand by
// their digests, so that they can be erased.
type heardBody struct {
	Risk      string    `json:"risk"`
	Version   int64     `json:"version"`
	Hearing   string    `json:"hearing"`
	Party     string    `json:"party"`
	RatingSeq int64     `json:"rating_seq"`
	Heard     string    `json:"heard_sha256"`
	Said      string    `json:"said_sha256"`
	HeldAt    time.Time `json:"held_at"`
}

// basisBody is a Basis with its long texts by their digests.
type basisBody struct {
	RatingSeq      int64        `json:"rating_seq"`
	Residual       Assessment   `json:"residual"`
	Facts          inputsBody   `json:"facts"`
	Threat         string       `json:"threat_sha256"`
	Scope          string       `json:"scope_sha256"`
	Subject        string       `json:"subject"`
	SubjectVersion int64        `json:"subject_version"`
	SubjectDigest  string       `json:"subject_digest"`
	Organisation   string       `json:"organisation"`
	Parties        []BasisParty `json:"parties"`
}

func basisState(b Basis) basisBody {
	return basisBody{
		RatingSeq: b.RatingSeq, Residual: b.Residual, Facts: inputsOf(b.Facts), Threat: item.SHA(b.Threat), Scope: item.SHA(b.Scope),
		Subject: b.Subject, SubjectVersion: b.SubjectVersion, SubjectDigest: b.SubjectDigest,
		Organisation: b.Organisation, Parties: b.Parties,
	}
}

type termBody struct {
	Condition string    `json:"condition"`
	Text      string    `json:"text"`
	Owner     string    `json:"owner"`
	Due       time.Time `json:"due"`
}

type askedBody struct {
	Risk       string     `json:"risk"`
	Acceptance string     `json:"acceptance"`
	Basis      basisBody  `json:"basis"`
	Option     Option     `json:"option"`
	Reason     string     `json:"reason"`
	AsOwner    bool       `json:"as_owner"`
	Start      time.Time  `json:"start,omitzero"`
	Until      time.Time  `json:"until"`
	Extends    string     `json:"extends,omitempty"`
	Conditions []termBody `json:"conditions"`
}

type votedBody struct {
	Risk       string      `json:"risk"`
	Acceptance string      `json:"acceptance"`
	Vote       string      `json:"vote"`
	Reason     string      `json:"reason"`
	Rights     []RightUsed `json:"rights"`
}

type grantedBody struct {
	Risk       string      `json:"risk"`
	Acceptance string      `json:"acceptance"`
	Version    int64       `json:"version"`
	Basis      basisBody   `json:"basis"`
	From       time.Time   `json:"from"`
	Until      time.Time   `json:"until"`
	Rights     []Exercised `json:"rights"`
}

// endedBody is how an acceptance came to another end than its date.
type endedBody struct {
	Risk       string          `json:"risk"`
	Acceptance string          `json:"acceptance"`
	Version    int64           `json:"version"`
	State      AcceptanceState `json:"state"`
	Reason     string          `json:"reason,omitempty"`
	Changed    []string        `json:"changed,omitempty"`
	Undone     string          `json:"undone_sha256,omitempty"`
	Learnt     string          `json:"learnt_sha256,omitempty"`
}

type metBody struct {
	Risk       string `json:"risk"`
	Acceptance string `json:"acceptance"`
	Condition  string `json:"condition"`
	Evidence   string `json:"evidence_sha256"`
}

type erasedBody struct {
	Hearings int64 `json:"hearings"`
}

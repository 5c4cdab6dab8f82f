// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// Limits, in bytes for texts. They bound row, form and ledger entry.
const (
	MaxTitle       = 200
	MaxShort       = 500    // a line or two
	MaxReason      = 4_000  // stands in the ledger entry
	MaxText        = 10_000 // stands in the ledger entry by its SHA-256
	MaxParties     = 20
	MaxOptions     = 10
	MaxMitigations = 100
	MaxTerms       = 20 // conditions of one acceptance
	MaxHeard       = 200
)

// ItemType is the type in the item reference of a risk, "risk:<id>", by which
// visibility, participants and ledger openings are recorded.
const ItemType = "risk"

// Treatment is what is done about a risk.
type Treatment string

// The treatments of ISO 31000; empty means undecided.
const (
	Mitigate Treatment = "mitigate"
	Avoid    Treatment = "avoid"
	Transfer Treatment = "transfer"
	Accept   Treatment = "accept"
)

// Treatments returns the treatments; the slice is the caller's own.
func Treatments() []Treatment { return []Treatment{Mitigate, Avoid, Transfer, Accept} }

// Assessment is a cell of the matrix and the rating it had when it was chosen.
type Assessment struct {
	matrix.Cell
	Rating matrix.Rating `json:"rating"`
}

// Rating is what a person rated a risk as. Seq counts the ratings of a risk from
// 1; 0 means that nobody has rated it yet.
type Rating struct {
	Seq      int64      `json:"seq"`
	Inherent Assessment `json:"inherent"` // as if nothing had been done about it
	Residual Assessment `json:"residual"` // with what has been done
	Reason   string     `json:"reason,omitempty"`
	By       string     `json:"by,omitempty"`
	At       time.Time  `json:"at,omitzero"`
	// SubjectVersion is the version of the subject that was rated.
	SubjectVersion int64 `json:"subject_version,omitempty" doc:"version of the subject that was rated"`
	// Outdated says that what was rated has changed since ([decision.outdate]). Such
	// a rating stands no more: the risk counts as not rated, and never as less than
	// it was rated.
	Outdated bool `json:"outdated,omitempty" doc:"what was rated has changed since, so the risk waits for another rating"`
}

// Risk is one entry of the register. Times are UTC in whole microseconds.
type Risk struct {
	ID            string           `json:"id"`
	Version       int64            `json:"version" doc:"counts every change; the optimistic lock"`
	Subject       string           `json:"subject" doc:"reference of the subject, kind:name"`
	Act           string           `json:"act,omitempty" doc:"the act that it is about, such as call"`
	Title         string           `json:"title"`
	Threat        string           `json:"threat" doc:"what could happen"`
	Scope         string           `json:"scope" doc:"what exactly is covered: systems, data, people, time"`
	Owner         string           `json:"owner" doc:"person who answers for the risk"`
	Registrant    string           `json:"registrant"`
	Visibility    authz.Visibility `json:"visibility" enum:"public,internal,restricted"`
	State         State            `json:"state" enum:"open,treated,closed"`
	Treatment     Treatment        `json:"treatment,omitempty"`
	TreatmentNote string           `json:"treatment_note,omitempty"`
	Inputs        matrix.Inputs    `json:"inputs"`
	Proposed      Assessment       `json:"proposed" doc:"proposed inherent rating, which counts while nobody has rated it"`
	Rating        Rating           `json:"rating"`
	ReviewDue     time.Time        `json:"review_due,omitzero"`
	NoticeDue     time.Time        `json:"-"`
	Follows       string           `json:"follows,omitempty" doc:"closed risk that this one continues"`
	RegisteredAt  time.Time        `json:"registered_at"`
	ChangedAt     time.Time        `json:"changed_at"`
	ClosedAt      time.Time        `json:"closed_at,omitzero"`
	ClosingNote   string           `json:"closing_note,omitempty"`
	Entry         int64            `json:"entry,omitempty" doc:"ledger sequence of the latest change; absent if you may not read the ledger"`
}

// Item returns the reference by which visibility and ledger entries name the risk.
func (r Risk) Item() string { return ItemType + ":" + r.ID }

// URL is the risk's page, relative to the server's root.
func (r Risk) URL() string { return "/risks/" + r.ID }

// Rated reports whether a person has rated the risk as it is now.
func (r Risk) Rated() bool { return r.Rating.Seq > 0 && !r.Rating.Outdated }

// Closed reports whether the risk is closed.
func (r Risk) Closed() bool { return r.State == StateClosed }

// Effective is the assessment that counts: the residual one that a person chose
// and, while nobody has, the one proposed as if nothing had been done about the
// risk ("high by default": T285098 L36-39). Of an outdated rating and the proposal
// the worse one counts.
func (r Risk) Effective() Assessment { return r.counts(r.Rating.Residual) }

// Inherent is the assessment as if nothing had been done about the risk: the one
// that a person chose and, while nobody has, the proposed one.
func (r Risk) Inherent() Assessment { return r.counts(r.Rating.Inherent) }

func (r Risk) counts(chosen Assessment) Assessment {
	if r.Rated() || r.Rating.Outdated && chosen.Weight() > r.Proposed.Weight() {
		return chosen
	}
	return r.Proposed
}

// Weight orders risks, the worst highest: by rating, then by likelihood times impact.
func (a Assessment) Weight() int64 {
	return int64(a.Rating.Level())*100 + int64(a.Likelihood)*int64(a.Impact)
}

// PartyKind says what kind of party is exposed.
type PartyKind string

// The kinds of party.
const (
	PartyOrganisation PartyKind = "organisation"
	PartyCommunity    PartyKind = "community" // speaks through a body of an organisation record
)

// Requirement is what a party must get before the risk is accepted.
type Requirement string

// The requirements, from the mildest.
const (
	RequireNone       Requirement = "none"
	RequireHearing    Requirement = "hearing"
	RequireAcceptance Requirement = "acceptance"
)

// Requirements returns the requirements from the mildest; the slice is the caller's own.
func Requirements() []Requirement {
	return []Requirement{RequireNone, RequireHearing, RequireAcceptance}
}

func (q Requirement) level() int {
	for i, known := range Requirements() {
		if q == known {
			return i
		}
	}
	return -1
}

func (q Requirement) stricter(than Requirement) bool { return q.level() > than.level() }

// Party is an organisation or a community that the risk exposes.
type Party struct {
	ID           string      `json:"id"`
	Kind         PartyKind   `json:"kind" enum:"organisation,community"`
	Name         string      `json:"name"`
	Organisation string      `json:"organisation,omitempty" doc:"organisation whose ranks or bodies speak for the party"`
	Exposure     string      `json:"exposure,omitempty" doc:"what it is exposed to"`
	Require      Requirement `json:"require,omitempty" enum:"none,hearing,acceptance" doc:"required beyond policy; never less than policy"`
	Entry        int64       `json:"entry,omitempty"`
}

// Hearing records that a party was heard on a rating, and what it said.
type Hearing struct {
	ID         string    `json:"id"`
	Party      string    `json:"party"`
	RatingSeq  int64     `json:"rating_seq" doc:"the rating that it was heard on"`
	Person     string    `json:"person,omitempty" doc:"account of who was heard, if there is one"`
	Heard      string    `json:"heard" doc:"who was heard, in what capacity"`
	Said       string    `json:"said"`
	HeldAt     time.Time `json:"held_at"`
	RecordedBy string    `json:"recorded_by"`
	RecordedAt time.Time `json:"recorded_at"`
	Entry      int64     `json:"entry,omitempty"`
}

// Mitigation is one mitigation action of a risk's plan.
type Mitigation struct {
	ID        string          `json:"id"`
	Risk      string          `json:"risk"`
	Title     string          `json:"title"`
	Owner     string          `json:"owner"`
	Due       time.Time       `json:"due"`
	State     MitigationState `json:"state" enum:"open,done,dropped"`
	Evidence  string          `json:"evidence,omitempty" doc:"what shows that it is done, or why it was dropped"`
	ChangedAt time.Time       `json:"changed_at"`
	Entry     int64           `json:"entry,omitempty"`
}

// MitigationState is how far a mitigation action is.
type MitigationState string

// The states of a mitigation action.
const (
	MitigationOpen    MitigationState = "open"
	MitigationDone    MitigationState = "done"
	MitigationDropped MitigationState = "dropped"
)

// OptionKind is the kind of an option that is compared.
type OptionKind string

// The kinds of option. Own is any other idea.
const (
	OptionTemporary  OptionKind = "temporary"
	OptionProduction OptionKind = "production" // a proper production service
	OptionNone       OptionKind = "none"       // not at all
	OptionOwn        OptionKind = "own"
)

// OptionKinds returns the kinds of option; the slice is the caller's own.
func OptionKinds() []OptionKind {
	return []OptionKind{OptionTemporary, OptionProduction, OptionNone, OptionOwn}
}

// Option is one way out, compared with the others before somebody asks.
type Option struct {
	ID     string        `json:"id,omitempty"`
	Kind   OptionKind    `json:"kind" enum:"temporary,production,none,own" row:"preset"`
	Title  string        `json:"title"`
	Cost   string        `json:"cost"`
	Delay  string        `json:"delay"`
	Risk   string        `json:"risk" doc:"what remains as a risk"`
	Rating matrix.Rating `json:"rating,omitempty" enum:"low,medium,high,critical"`
	Notes  string        `json:"notes,omitempty"`
	Entry  int64         `json:"entry,omitempty"`
}

// planned reports whether there is a mitigation plan: at least one mitigation
// action that is open or done. Dropped ones mitigate nothing.
func planned(mitigations []Mitigation) bool {
	for _, m := range mitigations {
		if m.State == MitigationOpen || m.State == MitigationDone {
			return true
		}
	}
	return false
}

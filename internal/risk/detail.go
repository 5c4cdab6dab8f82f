// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"time"

	"portreeve.org/portreeve/internal/kernel/catalog"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// Rated is one rating of a risk with what it was proposed from.
type Rated struct {
	Rating
	Inputs   matrix.Inputs   `json:"inputs"`
	Proposal matrix.Proposal `json:"proposal"`
	Entry    int64           `json:"entry,omitempty"`
}

// Step is one step of a risk's history; its entry proves it. It is an [item.Step],
// in the words of the register.
type Step struct {
	Entry   int64         `json:"entry,omitempty"`
	Part    string        `json:"acceptance,omitempty"`
	Version int64         `json:"version" doc:"version of the risk after the step"`
	Kind    string        `json:"kind" doc:"ledger entry kind"`
	Actor   string        `json:"actor"`
	At      time.Time     `json:"at"`
	Changes []item.Change `json:"changes" nullable:"false"`
}

// Exposed is a party with what policy requires for it at the present rating.
type Exposed struct {
	Party
	Requirement Requirement `json:"requirement" enum:"none,hearing,acceptance"`
	Heard       bool        `json:"heard" doc:"heard on the present rating"`
	Answers     bool        `json:"answers" doc:"it is the organisation that answers for the subject"`
}

// Detail is a risk with everything that belongs to it, as far as the reader may
// see it.
type Detail struct {
	Risk
	SubjectTitle string           `json:"subject_title,omitempty" doc:"empty if the subject is not shown to the reader"`
	Organisation string           `json:"organisation,omitempty" doc:"organisation that answers for the subject"`
	Proposal     matrix.Proposal  `json:"proposal" doc:"proposed from the inputs as they are now"`
	Participants []string         `json:"participants" nullable:"false" doc:"principals, of a restricted risk"`
	Ratings      []Rated          `json:"ratings" nullable:"false" doc:"latest first"`
	Parties      []Exposed        `json:"parties" nullable:"false"`
	Hearings     []Hearing        `json:"hearings" nullable:"false"`
	Mitigations  []Mitigation     `json:"mitigations" nullable:"false"`
	Options      []Option         `json:"options" nullable:"false"`
	Acceptances  []Placed         `json:"acceptances" nullable:"false" doc:"latest first"`
	Needs        []NeedText       `json:"needs" nullable:"false" doc:"who would have to accept the present rating"`
	History      []Step           `json:"history" nullable:"false" doc:"latest first"`
	Verbs        []string         `json:"may" nullable:"false" doc:"what the reader may do now: edit, rate, treat, ask, close, ..."`
	Names        map[string]Named `json:"names" doc:"people and organisations by id"`
	AsOf         time.Time        `json:"as_of"`
}

// Named is a person or an organisation for display.
type Named = catalog.Named

// Placed is an acceptance with where it stands.
type Placed struct {
	Acceptance
	Standing Standing `json:"standing"`
}

// NeedText says in words who has to decide.
type NeedText struct {
	Party        string        `json:"party,omitempty"`
	Organisation string        `json:"organisation"`
	Rating       matrix.Rating `json:"rating"`
	Ways         []WayText     `json:"ways" nullable:"false" doc:"one is enough; none: nobody may"`
	Met          bool          `json:"met" doc:"by those who have agreed so far"`
}

// WayText is one way to decide.
type WayText struct {
	Way       string    `json:"way" doc:"in words"`
	Rank      string    `json:"rank,omitempty" doc:"this rank or a higher one"`
	Body      string    `json:"body,omitempty"`
	Quorum    int       `json:"quorum,omitempty" doc:"of the body, at least"`
	Functions []string  `json:"functions,omitempty" doc:"all of them together"`
	OwnerEnds bool      `json:"owner_sets_end,omitempty" doc:"the risk's owner sets the end date"`
	LatestEnd time.Time `json:"latest_end" doc:"the latest end that it allows if it were granted now"`
	Longest   string    `json:"longest" doc:"such as 30d"`
	config.Source
}

// Precedent is an earlier exception of the same pattern.
type Precedent struct {
	Acceptance string       `json:"acceptance"`
	Risk       string       `json:"risk"`
	Title      string       `json:"title"`
	Subject    string       `json:"subject"`
	Outcome    StandingCode `json:"outcome"`
	AskedAt    time.Time    `json:"asked_at"`
	From       time.Time    `json:"from,omitzero"`
	Until      time.Time    `json:"until"`
	Learnt     string       `json:"learnt,omitempty"`
}

// AcceptanceDetail is an acceptance as its decision dialogue shows it: what, on
// which version, by which right, until when, what it opens.
type AcceptanceDetail struct {
	Placed
	RiskTitle  string           `json:"risk_title"`
	Now        Basis            `json:"now" doc:"what it would be decided on now"`
	Votes      []Vote           `json:"votes" nullable:"false"`
	Needs      []NeedText       `json:"needs" nullable:"false"`
	Unheard    []string         `json:"unheard" nullable:"false" doc:"parties that must be heard first"`
	YourRights []RightUsed      `json:"your_rights" nullable:"false" doc:"by which the reader may decide"`
	MayGrant   bool             `json:"may_grant"`
	WhyNot     string           `json:"why_not,omitempty" doc:"why the reader may not grant"`
	Verbs      []string         `json:"may" nullable:"false" doc:"what else the reader may do now: refuse, withdraw, revoke, close, meet"`
	Opens      []string         `json:"opens" nullable:"false" doc:"acts that the gate makes depend on it: flow call"`
	Precedents []Precedent      `json:"precedents" nullable:"false" doc:"latest first, as far as the reader may see them"`
	Ordinal    int              `json:"ordinal" doc:"this would be (or is) the n-th of this kind that was granted"`
	Names      map[string]Named `json:"names"`
	AsOf       time.Time        `json:"as_of"`
}

// Summary is a risk as a list shows it: without its long texts.
type Summary struct {
	Risk
	Effective     Assessment   `json:"effective" doc:"the residual rating, or the proposed one while nobody has rated it"`
	Inherent      Assessment   `json:"inherent" doc:"as if nothing had been done about it, or the proposed rating"`
	SubjectTitle  string       `json:"subject_title,omitempty"`
	OwnerName     string       `json:"owner_name,omitempty"`
	Acceptance    StandingCode `json:"acceptance,omitempty" doc:"where its acceptance stands; empty: none"`
	AcceptedUntil time.Time    `json:"accepted_until,omitzero"`
}

// Page is one page of the register.
type Page = web.List[Summary]

// CellCount is how many risks lie in one cell of the matrix.
type CellCount struct {
	matrix.Cell
	Rating matrix.Rating `json:"rating"`
	Count  int64         `json:"count"`
}

// Counts is the matrix with the number of visible risks in each cell, the
// likeliest row last and all 25 cells present.
type Counts struct {
	Cells      []CellCount   `json:"cells" nullable:"false"`
	Total      int64         `json:"total"`
	Likelihood []matrix.Step `json:"likelihood" nullable:"false" doc:"names of the steps, least likely first"`
	Impact     []matrix.Step `json:"impact" nullable:"false" doc:"names of the steps, least harm first"`
}

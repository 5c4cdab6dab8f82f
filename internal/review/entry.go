// SPDX-License-Identifier: Apache-2.0

package review

import (
	"maps"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/review/kind"
)

// The ledger entry kinds of this slice.
const (
	KindRequested  = "review.requested"
	KindScreened   = "review.screened" // not needed, and why
	KindEdited     = "review.edited"
	KindMoved      = "review.moved"
	KindPlanned    = "review.planned" // priority, effort, quarter, day
	KindAssigned   = "review.reviewer.assigned"
	KindReleased   = "review.reviewer.released"
	KindDeclared   = "review.reviewer.declared"
	KindRead       = "review.reviewer.read"
	KindAsked      = "review.question.asked"
	KindAnswered   = "review.question.answered"
	KindSettled    = "review.question.settled"
	KindDropped    = "review.question.withdrawn"
	KindStated     = "review.statement.recorded"
	KindRestated   = "review.statement.changed"
	KindFound      = "review.finding.recorded"
	KindRefound    = "review.finding.changed"
	KindOpinion    = "review.opinion.asked"
	KindGiven      = "review.opinion.given"
	KindAssessed   = "review.assessed"
	KindAbstract   = "review.abstract.changed"
	KindDecided    = "review.decided"
	KindWithdrawn  = "review.withdrawn"
	KindSuperseded = "review.superseded"
	KindMet        = "review.condition.met"
	KindFollowed   = "review.followed"
	KindImported   = "review.imported"
	KindCapacity   = "review.capacity.set"
	KindOpened     = "review.meeting.opened"
	KindMinuted    = "review.meeting.minuted"
	KindClosed     = "review.meeting.closed"
	KindPublished  = "review.kind.published"
	KindErased     = "review.person.erased"
)

// EntryKinds returns the kinds that this slice alone appends.
func EntryKinds() []string {
	return []string{
		KindRequested, KindScreened, KindEdited, KindMoved, KindPlanned,
		KindAssigned, KindReleased, KindDeclared, KindRead,
		KindAsked, KindAnswered, KindSettled, KindDropped,
		KindStated, KindRestated, KindFound, KindRefound, KindOpinion, KindGiven,
		KindAssessed, KindAbstract, KindDecided, KindWithdrawn, KindSuperseded, KindMet, KindFollowed, KindImported,
		KindCapacity, KindOpened, KindMinuted, KindClosed, KindPublished, KindErased,
	}
}

// reviewBody is the state of a review in an entry.
type reviewBody struct {
	Review       string            `json:"review"`
	Version      int64             `json:"version"`
	Kind         string            `json:"kind"`
	KindVersion  int64             `json:"kind_version"`
	Required     bool              `json:"required"`
	Title        string            `json:"title"`
	Sketch       string            `json:"sketch_sha256,omitempty"`
	Subject      string            `json:"subject,omitempty"`
	Owner        string            `json:"owner"`
	Visibility   authz.Visibility  `json:"visibility"`
	Participants []string          `json:"participants"`
	Column       Column            `json:"column"`
	Answers      map[string]string `json:"answers_sha256"` // digest by field
	Technologies []kind.Technology `json:"technologies,omitempty"`
	Scenarios    []string          `json:"scenarios,omitempty"`          // titles
	Predecessor  string            `json:"predecessor_sha256,omitempty"` // of its id: it may be hidden from who reads this
	Because      string            `json:"because,omitempty"`            // what the pre-screen said
	Origin       *originBody       `json:"origin,omitempty"`
}

// originBody says where an imported review comes from.
type originBody struct {
	System string    `json:"system"`
	Source string    `json:"source"`
	Number string    `json:"number"`
	Status string    `json:"status,omitempty"`
	At     time.Time `json:"at,omitzero"`
	Events int       `json:"events"`
	Past   string    `json:"past_sha256"` // of the lines of the past as JSON, in order
}

func stateOf(r Review, participants []string) reviewBody {
	b := reviewBody{
		Review: r.ID, Version: r.Version, Kind: r.Kind, KindVersion: r.KindVersion, Required: r.Required, Title: r.Title,
		Sketch: item.SHA(r.Sketch), Subject: r.Subject, Owner: r.Owner, Visibility: r.Visibility, Participants: participants,
		Column: r.Column, Answers: map[string]string{}, Technologies: r.Technologies, Predecessor: item.SHA(r.Predecessor), Because: r.PreScreen.Because,
	}
	for _, name := range slices.Sorted(maps.Keys(r.Answers)) {
		b.Answers[name] = item.SHA(r.Answers[name])
	}
	for _, s := range r.Scenarios {
		b.Scenarios = append(b.Scenarios, s.Title)
	}
	return b
}

// movedBody is a move on the board.
type movedBody struct {
	Review     string           `json:"review"`
	Version    int64            `json:"version"`
	From       Column           `json:"from"`
	To         Column           `json:"to"`
	Reason     string           `json:"reason,omitempty"`
	Cause      WaitCause        `json:"cause,omitempty"`
	Shortfalls []kind.Shortfall `json:"shortfalls,omitempty"`
	Meeting    string           `json:"meeting,omitempty"`
	Undoes     bool             `json:"undoes,omitempty"` // the move before, in the same meeting
}

// plannedBody is what planning says about a review.
type plannedBody struct {
	Review       string   `json:"review"`
	Version      int64    `json:"version"`
	Priority     Priority `json:"priority,omitempty"`
	Effort       float64  `json:"effort"`
	Quarter      string   `json:"quarter,omitempty"`
	ScheduledFor string   `json:"scheduled_for,omitempty"`
	Meeting      string   `json:"meeting,omitempty"`
}

type reviewerBody struct {
	Review   string   `json:"review"`
	Version  int64    `json:"version"`
	Person   string   `json:"person"`
	Part     Part     `json:"part"`
	Conflict Conflict `json:"conflict,omitempty"`
	Words    string   `json:"words_sha256,omitempty"` // personal: they can be erased
	Concurs  string   `json:"concurs_sha256,omitempty"`
}

// questionBody names a question; what is asked and answered is in the comments.
type questionBody struct {
	Review   string        `json:"review"`
	Version  int64         `json:"version"`
	Question string        `json:"question"`
	Label    string        `json:"label"`
	Owner    string        `json:"owner"`
	Due      time.Time     `json:"due,omitzero"`
	State    QuestionState `json:"state"`
	Settled  Settled       `json:"settled,omitempty"`
	Note     string        `json:"note,omitempty"`
	Comment  string        `json:"comment,omitempty"`
}

type statementBody struct {
	Review    string        `json:"review"`
	Version   int64         `json:"version"`
	Statement string        `json:"statement"`
	Label     string        `json:"label"`
	Kind      StatementKind `json:"kind"`
	Text      string        `json:"text_sha256"`
	Origin    string        `json:"origin,omitempty"`
	Source    Source        `json:"source"`
	State     string        `json:"state"`
	Note      string        `json:"note_sha256,omitempty"`
}

type findingBody struct {
	Review   string       `json:"review"`
	Version  int64        `json:"version"`
	Finding  string       `json:"finding"`
	Label    string       `json:"label"`
	Kind     FindingKind  `json:"kind"`
	Severity string       `json:"severity"`
	Title    string       `json:"title"`
	Text     string       `json:"text_sha256,omitempty"`
	Evidence string       `json:"evidence_sha256,omitempty"`
	First    string       `json:"first,omitempty"`
	Second   string       `json:"second,omitempty"`
	State    FindingState `json:"state"`
	Became   string       `json:"became_sha256,omitempty"`
	Risk     string       `json:"risk,omitempty"`
}

type opinionBody struct {
	Review   string `json:"review"`
	Version  int64  `json:"version"`
	Aspect   string `json:"aspect"`
	Assessor string `json:"assessor"`
	Verdict  string `json:"verdict,omitempty"`
	Text     string `json:"text_sha256,omitempty"`
}

type writtenBody struct {
	Review    string `json:"review"`
	Version   int64  `json:"version"`
	Written   int64  `json:"written,omitempty"` // version of the assessment
	Text      string `json:"text_sha256,omitempty"`
	Published bool   `json:"published,omitempty"`
}

type conditionBody struct {
	Condition string    `json:"condition"`
	Text      string    `json:"text"`
	Owner     string    `json:"owner,omitempty"`
	Due       time.Time `json:"due,omitzero"`
	Proof     string    `json:"proof,omitempty"`
}

// decidedBody is the outcome, with what it rests on.
type decidedBody struct {
	Review         string          `json:"review"`
	Version        int64           `json:"version"`
	Kind           string          `json:"kind"`
	Required       bool            `json:"required"`
	Outcome        Outcome         `json:"outcome"`
	Reason         string          `json:"reason"`
	Right          string          `json:"right,omitempty"`
	Subject        string          `json:"subject,omitempty"`
	SubjectVersion int64           `json:"subject_version,omitempty"`
	SubjectDigest  string          `json:"subject_digest,omitempty"`
	Until          time.Time       `json:"until,omitzero"`
	Assessment     int64           `json:"assessment,omitempty"` // version
	Assessed       string          `json:"assessment_sha256,omitempty"`
	Conditions     []conditionBody `json:"conditions,omitempty"`
	Successor      string          `json:"successor_sha256,omitempty"` // of its id: it may be hidden from who reads this
	Meeting        string          `json:"meeting,omitempty"`
}

type metBody struct {
	Review    string `json:"review"`
	Version   int64  `json:"version"`
	Condition string `json:"condition"`
	Shown     string `json:"shown_sha256"`
}

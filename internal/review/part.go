// SPDX-License-Identifier: Apache-2.0

package review

import (
	"time"
)

// Conflict says whether a reviewer has an interest in the matter.
type Conflict string

// The conflicts of interest. Nobody takes part who has not declared, or who has a
// hard one (practice of the CNCF's security assessments).
const (
	Undeclared Conflict = "undeclared"
	NoConflict Conflict = "none"
	Soft       Conflict = "soft" // declared, and no obstacle
	Hard       Conflict = "hard"
)

// Part is what a reviewer does in a review.
type Part string

// The parts.
const (
	Leads        Part = "lead"
	Reviews      Part = "reviewer"
	SecondReader Part = "second_reader"
)

// Reviewer is somebody who was assigned.
type Reviewer struct {
	Person     string    `json:"person"`
	Part       Part      `json:"part" enum:"lead,reviewer,second_reader"`
	Conflict   Conflict  `json:"conflict" enum:"undeclared,none,soft,hard"`
	Words      string    `json:"words,omitempty" doc:"what the interest is"`
	AssignedAt time.Time `json:"assigned_at"`
	DeclaredAt time.Time `json:"declared_at,omitzero"`
	Concurs    string    `json:"concurs,omitempty" doc:"what the second reader says of the assessment"`
	ReadAt     time.Time `json:"read_at,omitzero" doc:"when the second reader read it"`
	Entry      int64     `json:"entry,omitempty"`
}

// TakesPart reports whether the reviewer declared, and may take part.
func (v Reviewer) TakesPart() bool { return v.Conflict == NoConflict || v.Conflict == Soft }

// QuestionState is where a scoping question stands.
type QuestionState string

// The states of a question.
const (
	QuestionOpen      QuestionState = "open"
	QuestionAnswered  QuestionState = "answered"  // the asker has not said whether that settles it
	QuestionSettled   QuestionState = "settled"   // with how far
	QuestionWithdrawn QuestionState = "withdrawn" // answers are no longer taken
)

// Settled says how far an answer settles a question.
type Settled string

// How far a question is settled.
const (
	Fully  Settled = "fully"
	Partly Settled = "partly"
	Not    Settled = "not"
)

// Question is a scoping question: a thread of the review's discussion with somebody
// who owes an answer until a day. What is asked and answered, in all versions, are
// comments in the thread that its id names.
type Question struct {
	ID         string        `json:"id"`
	Label      string        `json:"label" doc:"such as Q1"`
	Asker      string        `json:"asker"`
	Owner      string        `json:"owner" doc:"who owes the answer"`
	Requesting bool          `json:"requesting" doc:"the owner is on the requesting side: the clock is paused while it is open"`
	Due        time.Time     `json:"due,omitzero"`
	State      QuestionState `json:"state" enum:"open,answered,settled,withdrawn"`
	Settled    Settled       `json:"settled,omitempty" enum:"fully,partly,not"`
	Note       string        `json:"note,omitempty" doc:"what is still open, or why it was withdrawn"`
	AskedAt    time.Time     `json:"asked_at"`
	AnsweredAt time.Time     `json:"answered_at,omitzero"`
	ClosedAt   time.Time     `json:"closed_at,omitzero"`
	Entry      int64         `json:"entry,omitempty"`
}

// Closed reports whether the question takes no answer any more.
func (q Question) Closed() bool { return q.State == QuestionSettled || q.State == QuestionWithdrawn }

// Source says where a statement stands.
type Source struct {
	Kind    string `json:"kind" enum:"document,answer,requirement,form,comment,meeting,subject"`
	Title   string `json:"title" maxLength:"200" doc:"name of the document, label of the question, name of the field, reference of a subject of the catalogue"`
	URL     string `json:"url,omitempty" maxLength:"500"`
	Version string `json:"version,omitempty" maxLength:"100" doc:"version or date of the document"`
	Place   string `json:"place,omitempty" maxLength:"100" doc:"such as L134 or section 3"`
}

// SourceKinds returns what a statement can stand in; the slice is the caller's own.
func SourceKinds() []string {
	return []string{"document", "answer", "requirement", "form", "comment", "meeting", "subject"}
}

// StatementKind tells a requirement from what is merely said.
type StatementKind string

// The kinds of statement.
const (
	Said        StatementKind = "statement"
	Requirement StatementKind = "requirement"
)

// Origins of a requirement: T240943 L113 could not tell which of them a "very hard
// requirement" was.
func requirementOrigins() []string {
	return []string{"security", "operational", "administrative", "unknown"}
}

// StatementStates returns where a statement can stand; the slice is the caller's own.
func StatementStates() []string {
	return []string{"proposed", "agreed", "unchanged", "revised", "moved", "removed", "withdrawn"}
}

// Statement is something that somebody said or requires, with where it stands.
type Statement struct {
	ID         string        `json:"id"`
	Label      string        `json:"label" doc:"such as S3 or R1"`
	Kind       StatementKind `json:"kind" enum:"statement,requirement"`
	Text       string        `json:"text"`
	Who        string        `json:"who,omitempty" doc:"who says so, or who proposed the requirement"`
	Origin     string        `json:"origin,omitempty" enum:"security,operational,administrative,unknown" doc:"of a requirement"`
	Source     Source        `json:"source"`
	State      string        `json:"state" enum:"proposed,agreed,unchanged,revised,moved,removed,withdrawn"`
	Note       string        `json:"note,omitempty" doc:"what became of it"`
	Restricted bool          `json:"restricted" doc:"only those who take part in the review see it"`
	RecordedBy string        `json:"recorded_by"`
	RecordedAt time.Time     `json:"recorded_at"`
	ChangedAt  time.Time     `json:"changed_at"`
	Entry      int64         `json:"entry,omitempty"`
}

// FindingKind is what was found.
type FindingKind string

// The kinds of finding. A near miss is weaker than a contradiction and kept as an
// open point.
const (
	Contradiction FindingKind = "contradiction"
	Weakness      FindingKind = "weakness"
	Gap           FindingKind = "gap"
	NearMiss      FindingKind = "near_miss"
)

// FindingKinds returns the kinds of finding; the slice is the caller's own.
func FindingKinds() []FindingKind {
	return []FindingKind{Contradiction, Weakness, Gap, NearMiss}
}

// FindingState is what became of a finding.
type FindingState string

// The states of a finding.
const (
	FindingOpen      FindingState = "open"
	FindingSettled   FindingState = "settled"
	FindingPassedOn  FindingState = "passed_on" // to whoever must decide it elsewhere
	FindingDismissed FindingState = "dismissed"
	FindingRisk      FindingState = "risk" // the register has it
)

// FindingStates returns the states of a finding; the slice is the caller's own.
func FindingStates() []FindingState {
	return []FindingState{FindingOpen, FindingSettled, FindingPassedOn, FindingDismissed, FindingRisk}
}

// Severities returns how bad a finding can be, the mildest first; the slice is the
// caller's own.
func Severities() []string { return []string{"none", "low", "medium", "high", "critical"} }

// Finding is what the review found.
type Finding struct {
	ID         string       `json:"id"`
	Label      string       `json:"label" doc:"such as F2 or, of a contradiction, C1"`
	Kind       FindingKind  `json:"kind" enum:"contradiction,weakness,gap,near_miss"`
	Severity   string       `json:"severity" enum:"none,low,medium,high,critical"`
	Title      string       `json:"title"`
	Text       string       `json:"text,omitempty"`
	Evidence   string       `json:"evidence,omitempty"`
	First      string       `json:"first,omitempty" doc:"id of a statement; of a contradiction, the two cannot both hold"`
	Second     string       `json:"second,omitempty" doc:"id of the other statement"`
	State      FindingState `json:"state" enum:"open,settled,passed_on,dismissed,risk"`
	Became     string       `json:"became,omitempty" doc:"what became of it"`
	Risk       string       `json:"risk,omitempty" doc:"item of the risk that it became, risk:<id>"`
	Restricted bool         `json:"restricted" doc:"only those who take part in the review see it"`
	FoundBy    string       `json:"found_by"`
	FoundAt    time.Time    `json:"found_at"`
	ChangedAt  time.Time    `json:"changed_at"`
	Entry      int64        `json:"entry,omitempty"`
}

// Condition is something that the outcome asks for. Of an approval it has an owner
// and a date; of advice it is what is needed to move forward.
type Condition struct {
	ID    string    `json:"id"`
	Text  string    `json:"text"`
	Owner string    `json:"owner,omitempty"`
	Due   time.Time `json:"due,omitzero"`
	Proof string    `json:"proof,omitempty" doc:"what will show that it is met"`
	MetAt time.Time `json:"met_at,omitzero"`
	MetBy string    `json:"met_by,omitempty"`
	Shown string    `json:"shown,omitempty" doc:"what shows that it is met"`
	Entry int64     `json:"entry,omitempty"`
}

// Overdue reports whether the condition should have been met by then.
func (c Condition) Overdue(now time.Time) bool {
	return c.MetAt.IsZero() && !c.Due.IsZero() && !now.Before(c.Due)
}

// Opinion is what one named assessor says about one aspect.
type Opinion struct {
	Aspect   string    `json:"aspect" doc:"one of the kind's opinions, such as legal"`
	Assessor string    `json:"assessor"`
	Verdict  string    `json:"verdict,omitempty" enum:"acceptable,concerns,not_acceptable" doc:"absent: not given yet"`
	Text     string    `json:"text,omitempty"`
	GivenAt  time.Time `json:"given_at,omitzero"`
	Entry    int64     `json:"entry,omitempty"`
}

// Verdicts returns what an assessor can say; the slice is the caller's own.
func Verdicts() []string { return []string{"acceptable", "concerns", "not_acceptable"} }

// Assessment is one version of the written assessment.
type Assessment struct {
	Version int64     `json:"version"`
	Text    string    `json:"text" doc:"Markdown"`
	Author  string    `json:"author"`
	At      time.Time `json:"at"`
	Entry   int64     `json:"entry,omitempty"`
}

// Past is one thing that happened to an imported review where it comes from. It is
// history, never a decision made here.
type Past struct {
	ID     string    `json:"id" doc:"as it is known there"`
	At     time.Time `json:"at"`
	Author string    `json:"author,omitempty" doc:"name; absent: could not be resolved"`
	Kind   string    `json:"kind" doc:"comment, status, priority, column, title, text, ..."`
	From   string    `json:"from,omitempty"`
	To     string    `json:"to,omitempty"`
	Text   string    `json:"text,omitempty"`
}

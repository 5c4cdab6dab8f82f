// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/url"
	"regexp"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/review/kind"
)

// Limits, in bytes for texts. They bound row, form and ledger entry.
const (
	MaxTitle      = 200
	MaxShort      = 500
	MaxReason     = 4_000  // stands in the ledger entry
	MaxText       = 10_000 // stands in the ledger entry by its SHA-256
	MaxAssessment = 200_000
	MaxQuestions  = 100
	MaxStatements = 200
	MaxFindings   = 200
	MaxReviewers  = 20
	MaxConditions = 30
	MaxEffort     = 200 // person-days
)

// ItemType is the type in the item reference of a review, "review:<id>", by which
// visibility, participants and ledger openings are recorded.
const ItemType = "review"

// The catalogue's relations that this slice uses.
const (
	RelationToSubject = "concerns"  // from a review to its subject
	RelationToReview  = "caused_by" // from a risk to the review whose finding it was
	RelationToOlder   = "replaces"  // from a review to the one that it supersedes
)

// Column is where a review stands on the board.
type Column string

// The columns, from left to right. Done is final: what comes back is a successor.
const (
	Incoming   Column = "incoming"    // received; nobody has looked at it
	BackOrders Column = "back_orders" // triaged: it will be done, not yet when
	Planned    Column = "planned"     // accepted for a quarter, perhaps with a date
	InProgress Column = "in_progress" // reviewers work on it
	Waiting    Column = "waiting"     // stalled or not ready, with the reason
	Done       Column = "done"        // decided, withdrawn, superseded or not needed
)

// Columns returns the columns from left to right; the slice is the caller's own.
func Columns() []Column {
	return []Column{Incoming, BackOrders, Planned, InProgress, Waiting, Done}
}

// Priority stands beside the column. Empty means that nobody has set it.
type Priority string

// The priorities, the most urgent first.
const (
	Urgent Priority = "urgent"
	High   Priority = "high"
	Medium Priority = "medium"
	Low    Priority = "low"
)

// Priorities returns the priorities, the most urgent first; the slice is the
// caller's own.
func Priorities() []Priority { return []Priority{Urgent, High, Medium, Low} }

// weight orders reviews within a column, the most urgent first; those without a
// priority come after the high ones, because somebody has to look.
func (p Priority) weight() int64 {
	switch p {
	case Urgent:
		return 0
	case High:
		return 1
	case Medium:
		return 3
	case Low:
		return 4
	default:
		return 2
	}
}

// Outcome is how a review ended.
type Outcome string

// The outcomes. Only the first four are decisions about what was reviewed.
const (
	Advice                 Outcome = "advice"
	Approved               Outcome = "approved"
	ApprovedWithConditions Outcome = "approved_with_conditions"
	NotApproved            Outcome = "not_approved"
	Withdrawn              Outcome = "withdrawn"
	Superseded             Outcome = "superseded"
	NotNeeded              Outcome = "not_needed" // the pre-screen or the triage says why
)

// Approves reports whether the outcome opens a gate that requires the review.
func (o Outcome) Approves() bool { return o == Approved || o == ApprovedWithConditions }

// Outcomes returns what a decision about a review of that force can be: a review
// that is advisory gives advice, and blocks nothing.
func Outcomes(required bool) []Outcome {
	if !required {
		return []Outcome{Advice}
	}
	return []Outcome{Approved, ApprovedWithConditions, NotApproved, Advice}
}

// WaitCause says why a review waits.
type WaitCause string

// The causes.
const (
	Stalled  WaitCause = "stalled"
	NotReady WaitCause = "not_ready" // triage found what falls short
)

// Wait is why a review waits, and since when. The zero value: it does not.
type Wait struct {
	Cause      WaitCause        `json:"cause,omitempty" enum:"stalled,not_ready"`
	Reason     string           `json:"reason,omitempty"`
	Shortfalls []kind.Shortfall `json:"shortfalls,omitempty" doc:"what falls short, of a review that is not ready"`
	By         string           `json:"by,omitempty"`
	Since      time.Time        `json:"since,omitzero"`
}

// PreScreen is what the pre-screen was told, and what it said.
type PreScreen struct {
	Answers map[string]string `json:"answers,omitempty"`
	Result  kind.Result       `json:"result,omitempty" enum:"needed,not_needed,advice"`
	Because string            `json:"because,omitempty"`
}

// Origin is where an imported review comes from. The zero value: it was made here.
type Origin struct {
	System   string    `json:"system" doc:"phabricator or jira"`
	Source   string    `json:"source" doc:"the server"`
	Number   string    `json:"number" doc:"such as T240943"`
	URL      string    `json:"url,omitempty"`
	Status   string    `json:"status,omitempty" doc:"as it stood there"`
	Priority string    `json:"priority,omitempty" doc:"as it stood there"`
	Column   string    `json:"column,omitempty" doc:"as it stood there"`
	Author   string    `json:"author,omitempty" doc:"name of who filed it there; empty: could not be resolved"`
	At       time.Time `json:"at,omitzero" doc:"when it was filed there"`
	ClosedAt time.Time `json:"closed_at,omitzero" doc:"when it was closed there"`
	Losses   []string  `json:"losses,omitempty" doc:"what could not be taken over"`
}

// Verdict is the outcome of a review, with what it rests on. It is pinned to the
// subject as it was.
type Verdict struct {
	Outcome        Outcome   `json:"outcome,omitempty" enum:"advice,approved,approved_with_conditions,not_approved,withdrawn,superseded,not_needed"`
	Reason         string    `json:"reason,omitempty"`
	By             string    `json:"by,omitempty"`
	At             time.Time `json:"at,omitzero"`
	Right          string    `json:"right,omitempty" doc:"by which rank or part it was decided, in a sentence"`
	SubjectVersion int64     `json:"subject_version,omitempty" doc:"version of the subject that was reviewed"`
	SubjectDigest  string    `json:"subject_digest,omitempty"`
	Until          time.Time `json:"until,omitzero" doc:"how long an approval counts; absent: no end"`
	Entry          int64     `json:"entry,omitempty"`
}

// Review is one request for a review and what became of it. Times are UTC in
// whole microseconds.
type Review struct {
	ID          string           `json:"id"`
	Version     int64            `json:"version" doc:"counts every change; the optimistic lock"`
	Kind        string           `json:"kind" doc:"name of the kind"`
	KindVersion int64            `json:"kind_version" doc:"version of the kind whose form it has"`
	Required    bool             `json:"required" doc:"false: advisory, never a blocker"`
	Title       string           `json:"title"`
	Sketch      string           `json:"sketch,omitempty" doc:"what it is about, in a paragraph"`
	Subject     string           `json:"subject,omitempty" doc:"reference of the subject, kind:name; absent: there is nothing to name yet"`
	Requester   string           `json:"requester"`
	Owner       string           `json:"owner" doc:"who answers for the project: the primary contact"`
	Visibility  authz.Visibility `json:"visibility" enum:"public,internal,restricted"`

	Column   Column   `json:"column" enum:"incoming,back_orders,planned,in_progress,waiting,done"`
	Priority Priority `json:"priority,omitempty" enum:"urgent,high,medium,low"`
	Wait     Wait     `json:"wait,omitzero"`
	Lead     string   `json:"lead,omitempty" doc:"reviewer who leads it"`
	Effort   float64  `json:"effort" doc:"person-days that it is planned with"`

	ReceivedAt   time.Time `json:"received_at"`
	TriagedAt    time.Time `json:"triaged_at,omitzero"`
	Quarter      string    `json:"quarter,omitempty" doc:"quarter that it is accepted for, such as 2026-Q4"`
	AcceptedAt   time.Time `json:"accepted_at,omitzero" doc:"when it was accepted for the quarter"`
	ScheduledFor string    `json:"scheduled_for,omitempty" doc:"day on which it begins, such as 2026-12-01"`
	StartedAt    time.Time `json:"started_at,omitzero" doc:"when work on it began"`
	DoneAt       time.Time `json:"done_at,omitzero"`
	ClockStart   time.Time `json:"clock_start,omitzero" doc:"from when its days are counted"`
	ClockDays    int       `json:"clock_days" doc:"how many days it may take, without pauses"`

	Answers      map[string]string `json:"answers" nullable:"false" doc:"by field of the kind's form"`
	Technologies []kind.Technology `json:"technologies,omitempty"`
	Scenarios    []kind.Scenario   `json:"scenarios,omitempty"`
	PreScreen    PreScreen         `json:"prescreen,omitzero"`

	Verdict     Verdict `json:"verdict,omitzero"`
	Successor   string  `json:"successor,omitempty" doc:"id of the review that replaces it"`
	Predecessor string  `json:"predecessor,omitempty" doc:"id of the review that it replaces"`

	Abstract    string    `json:"abstract,omitempty" doc:"what everybody may read of it, Markdown"`
	PublishedAt time.Time `json:"published_at,omitzero" doc:"since when the abstract is public; absent: it is not"`

	Origin    Origin    `json:"origin,omitzero" doc:"of an imported review"`
	ChangedAt time.Time `json:"changed_at"`
	Entry     int64     `json:"entry,omitempty" doc:"ledger sequence of the latest change; absent if you may not read the ledger"`
}

// Item returns the reference by which visibility and ledger entries name the review.
func (r Review) Item() string { return ItemType + ":" + r.ID }

// URL is the review's page, relative to the server's root.
func (r Review) URL() string { return "/reviews/" + url.PathEscape(r.ID) }

// Done reports whether the review has an outcome.
func (r Review) Done() bool { return r.Column == Done }

// Imported reports whether the review was taken over from elsewhere. Nothing that
// was decided there counts as a decision made here.
func (r Review) Imported() bool { return r.Origin.System != "" }

// namePattern is what a name that stands for the id may be: what a person types
// on a command line.
var namePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{2,59}$`)

// quarterPattern is a quarter of a year.
var quarterPattern = regexp.MustCompile(`^20[0-9]{2}-Q[1-4]$`)

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

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

// owes reports whether the person may answer the question, for whoever owes the
// answer: one of the requesting side need not repeat what another of it said.
func (r Review) owes(person string, q Question) bool {
	return person == q.Owner || q.Requesting && (person == r.Requester || person == r.Owner)
}

// namePattern is what a name that stands for the id may be: what a person types
// on a command line.
var namePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{2,59}$`)

// quarterPattern is a quarter of a year.
var quarterPattern = regexp.MustCompile(`^20[0-9]{2}-Q[1-4]$`)

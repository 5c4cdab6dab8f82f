// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/http"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// MoveCmd moves a review on the board.
type MoveCmd struct {
	target
	To       string   `help:"incoming, back_orders, planned, in_progress or waiting. Done follows from an outcome." required:"" enum:"incoming,back_orders,planned,in_progress,waiting" placeholder:"COLUMN"`
	Priority string   `help:"urgent, high, medium or low; default is as it is." default:"" enum:",urgent,high,medium,low" placeholder:"PRIORITY"`
	Quarter  string   `help:"Of planned: the quarter that it is accepted for, such as 2026-Q4." placeholder:"QUARTER"`
	On       string   `help:"Of planned: the day on which it begins." placeholder:"DATE" api:"scheduled_for"`
	Reason   string   `help:"Of waiting: what it waits for." placeholder:"TEXT"`
	NotReady []string `help:"Of waiting: a field of the form, title, sketch, technologies or scenarios that falls short, so that the review is not ready; repeat for more, or all." placeholder:"FIELD" sep:"none"`
	Meeting  string   `help:"Id of the meeting in which it was decided." placeholder:"ID"`
	Undo     bool     `help:"It takes back the move before."`
}

// Run moves the review and shows what changed.
func (c *MoveCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/moves", MoveInput{
		To: Column(c.To), Priority: Priority(c.Priority), Quarter: c.Quarter, ScheduledFor: c.On, Reason: c.Reason, NotReady: c.NotReady,
		Meeting: c.Meeting, Undo: c.Undo,
	})
}

// ResubmitCmd sends a review back that was not ready.
type ResubmitCmd struct{ target }

// Run sends it back and shows what changed.
func (c *ResubmitCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/resubmission", nil)
}

// EstimateCmd sets what a review is planned with.
type EstimateCmd struct {
	target
	Priority string   `help:"urgent, high, medium or low." default:"" enum:",urgent,high,medium,low" placeholder:"PRIORITY"`
	Effort   *float64 `help:"Person-days." placeholder:"DAYS"`
	Meeting  string   `help:"Id of the meeting in which it was decided." placeholder:"ID"`
}

// Run sets it and shows what changed.
func (c *EstimateCmd) Run(s *client.Session) error {
	if c.Priority == "" && c.Effort == nil {
		return fault.New(fault.Usage, "review.nothing", "Say what to set: --priority, --effort or both.")
	}
	in := EstimateInput{Effort: c.Effort, Meeting: c.Meeting}
	if priority := Priority(c.Priority); priority != "" {
		in.Priority = &priority
	}
	return c.send(s, http.MethodPatch, "/estimate", in)
}

// AssignCmd gives somebody a part in a review.
type AssignCmd struct {
	target
	Person string `arg:"" help:"Login or id."`
	As     string `help:"lead, reviewer or second_reader." default:"reviewer" enum:"lead,reviewer,second_reader" placeholder:"PART" api:"part"`
}

// Run assigns the person and shows what changed.
func (c *AssignCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/reviewers", AssignInput{Person: c.Person, Part: Part(c.As)})
}

// ReleaseCmd takes somebody's part away.
type ReleaseCmd struct {
	target
	Person string `arg:"" help:"Login or id."`
}

// Run releases the person and shows what changed.
func (c *ReleaseCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, client.Path("reviewers", c.Person, "release"), nil)
}

// DeclareCmd declares a conflict of interest.
type DeclareCmd struct {
	target
	Conflict string `help:"none, soft (no obstacle) or hard (you take no part)." required:"" enum:"none,soft,hard" placeholder:"CONFLICT"`
	Words    string `help:"What the interest is, of a soft or hard one." placeholder:"TEXT"`
}

// Run declares it and shows what changed.
func (c *DeclareCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/declarations", DeclareInput{Conflict: Conflict(c.Conflict), Words: c.Words})
}

// ReadCmd says that the second reader read the assessment.
type ReadCmd struct {
	target
	Concurs string `help:"What you say of the assessment." required:"" placeholder:"TEXT"`
}

// Run records it and shows what changed.
func (c *ReadCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/readings", ReadRequest{c.Concurs})
}

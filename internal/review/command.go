// SPDX-License-Identifier: Apache-2.0

package review

import (
	"io"
	"os"
	"strings"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// command puts the slice's commands under its noun.
type command struct {
	Review Commands `cmd:"" help:"Security reviews: request, triage, ask, find, decide."`
}

// Commands are the verbs of `portreeve review`.
type Commands struct {
	Request   RequestCmd   `cmd:"" help:"Request a review; a sketch of one paragraph asks for early advice."`
	Prescreen PrescreenCmd `cmd:"" help:"Say whether a review is needed, and why; without answers, show the questions."`
	List      ListCmd      `cmd:"" help:"List reviews, the most urgent first."`
	Board     BoardCmd     `cmd:"" help:"Show the board, column by column."`
	Show      ShowCmd      `cmd:"" help:"Show a review with everything that belongs to it."`
	Edit      EditCmd      `cmd:"" help:"Change what a review is about."`

	Move     MoveCmd     `cmd:"" help:"Move a review to another column of the board."`
	Resubmit ResubmitCmd `cmd:"" help:"Send back a review that was not ready, once what fell short is mended."`
	Estimate EstimateCmd `cmd:"" help:"Set priority and effort."`
	Assign   AssignCmd   `cmd:"" help:"Give somebody a part in a review."`
	Release  ReleaseCmd  `cmd:"" help:"Take somebody's part in a review away."`
	Declare  DeclareCmd  `cmd:"" help:"Declare your conflict of interest, or its absence."`
	Read     ReadCmd     `cmd:"" help:"Say as the second reader that you have read the assessment."`

	Ask     AskCmd     `cmd:"" help:"Ask a scoping question; the clock is paused while one to the requesting side is open."`
	Answer  AnswerCmd  `cmd:"" help:"Answer a scoping question."`
	Settle  SettleCmd  `cmd:"" help:"Say how far an answer settles a question, withdraw the question, or ask again."`
	State   StateCmd   `cmd:"" help:"Record a statement or a requirement with its source."`
	Restate RestateCmd `cmd:"" help:"Change a statement, and say what became of it."`
	Find    FindCmd    `cmd:"" help:"Record a finding; a contradiction quotes two statements."`
	Refind  RefindCmd  `cmd:"" help:"Change a finding, and say what became of it."`
	Risk    RiskCmd    `cmd:"" help:"Put a finding into the register of risks."`
	Opinion OpinionCmd `cmd:"" help:"Name who assesses an aspect, or give the opinion for which you were named."`

	Assess    AssessCmd    `cmd:"" help:"Write the next version of the assessment, or print one composed from the record."`
	Abstract  AbstractCmd  `cmd:"" help:"Write the abstract, publish it or take it back, or show what leaves."`
	Decide    DecideCmd    `cmd:"" help:"Give a review its outcome, with the reasons."`
	Withdraw  WithdrawCmd  `cmd:"" help:"Take a review back."`
	Dismiss   DismissCmd   `cmd:"" help:"Say why no review is needed."`
	Supersede SupersedeCmd `cmd:"" help:"Say which review replaces this one."`
	Meet      MeetCmd      `cmd:"" help:"Show that a condition is met."`

	Plan     PlanCmd     `cmd:"" help:"Show a quarter: who has how much time, what was accepted, and whether that is too much."`
	Capacity CapacityCmd `cmd:"" help:"Say how much time and which skills a reviewer has."`
	Suggest  SuggestCmd  `cmd:"" help:"Suggest reviewers by load and skill."`
	Meeting  MeetingCmd  `cmd:"" help:"The review meeting: agenda, minutes, undo."`
	Metrics  MetricsCmd  `cmd:"" help:"Show how the service does: waiting times, days to decision, planned against done."`

	Import ImportCmd `cmd:"" help:"Import tasks from Phabricator or Jira; run again, it goes on and takes nothing twice."`

	Kind KindCmd `cmd:"" help:"The kinds of review: show, try and publish them."`
}

// named is the review that a command is about.
type named struct {
	Review string `arg:"" help:"Id of the review, also as review:ID, or the number that an imported one had."`
}

// AfterApply lets the review be named as the rest of the program names it, too.
func (n *named) AfterApply() error {
	n.Review = idOf(n.Review)
	return nil
}

// idOf is the id of a review that was typed as such, or as review:ID.
func idOf(typed string) string { return strings.TrimPrefix(typed, ItemType+":") }

// target is the review that a command changes.
type target struct {
	named
	Version int64 `help:"The version that you saw; default is the current one." placeholder:"N"`
	client.JSONFlag
}

// send changes the review by a step below its path, and shows what that changed.
func (t *target) send(s *client.Session, method, step string, body any) error {
	d, err := client.Change[Detail](s, method, client.Path("reviews", t.Review), step, t.Version, body)
	return client.Show(s, d, err, t.JSON, printChanged)
}

// load returns the review as it is now; what is sent afterwards rests on that.
func (t *target) load(s *client.Session) (Detail, error) {
	d, err := client.Get[Detail](s, client.Path("reviews", t.Review), nil)
	if err == nil && t.Version == 0 {
		t.Version = d.Version
	}
	return d, err
}

// typedText is a text that is typed, or stands in a file.
type typedText struct {
	Text string `help:"The text, Markdown." placeholder:"TEXT" xor:"text"`
	File string `help:"File with the text; - reads standard input." placeholder:"FILE" xor:"text" api:"text"`
}

func (w typedText) read(s *client.Session) (string, error) {
	if w.File == "" {
		if strings.TrimSpace(w.Text) == "" {
			return "", fault.New(fault.Usage, "review.text", "Give the text with --text, or with --file, where - stands for standard input.")
		}
		return w.Text, nil
	}
	data, err := readFile(s, w.File)
	return string(data), err
}

// readFile reads a file, or standard input for "-", up to 1 MiB.
func readFile(s *client.Session, file string) ([]byte, error) {
	var data []byte
	var err error
	if file == "-" {
		data, err = io.ReadAll(io.LimitReader(s.Stdin, 1<<20))
	} else {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, fault.New(fault.Usage, "client.file", "The file %s cannot be read.", file).Because(err)
	}
	return data, nil
}

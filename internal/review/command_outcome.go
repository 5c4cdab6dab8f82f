// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/http"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// AssessCmd writes the assessment.
type AssessCmd struct {
	target
	File  string `help:"Markdown file with the assessment; - reads standard input." placeholder:"FILE" api:"text"`
	Draft bool   `help:"Print an assessment that is composed from the record, and write nothing."`
}

// Run writes the assessment and shows what changed, or prints a draft.
func (c *AssessCmd) Run(s *client.Session) error {
	if c.Draft == (c.File != "") {
		return fault.New(fault.Usage, "review.assess", "Name the assessment with --file, where - stands for standard input, or have one composed with --draft.")
	}
	if c.Draft {
		draft, err := client.Get[Draft](s, client.Path("reviews", c.Review, "assessment", "draft"), nil)
		return client.Show(s, draft, err, c.JSON, func(s *client.Session, d Draft) error {
			s.Printf("%s", d.Text)
			return nil
		})
	}
	text, err := readFile(s, c.File)
	if err != nil {
		return err
	}
	d, err := c.load(s)
	if err != nil {
		return err
	}
	in := AssessRequest{Text: string(text)}
	if d.Assessment != nil {
		in.Written = d.Assessment.Version
	}
	return c.send(s, http.MethodPost, "/assessments", in)
}

// AbstractCmd writes the abstract.
type AbstractCmd struct {
	target
	typedText
	Publish  bool `help:"Everybody may read it from now on; a text that comes without it is kept, and public no longer."`
	TakeBack bool `help:"It is public no longer; the text is kept." api:"publish"`
	Preview  bool `help:"Show exactly what leaves, and change nothing."`
}

// Run writes the abstract and shows what changed, or shows what leaves.
func (c *AbstractCmd) Run(s *client.Session) error {
	if c.Preview {
		p, err := client.Get[AbstractPreview](s, client.Path("reviews", c.Review, "abstract"), nil)
		return client.Show(s, p, err, c.JSON, func(s *client.Session, p AbstractPreview) error {
			s.Printf("%s", p.Text)
			return nil
		})
	}
	typed := c.Text != "" || c.File != ""
	if c.Publish && c.TakeBack || !typed && !c.Publish && !c.TakeBack {
		return fault.New(fault.Usage, "review.abstract", "Say what to do: give the text with --text or --file, --publish it, --take-back what is public, or see what leaves with --preview.")
	}
	d, err := c.load(s)
	if err != nil {
		return err
	}
	in := AbstractInput{Text: d.Abstract, Publish: c.Publish}
	if typed {
		if in.Text, err = c.read(s); err != nil {
			return err
		}
	}
	if in.Publish && in.Text == "" {
		return fault.New(fault.Usage, "review.abstract", "There is no abstract yet. Give its text with --text or --file.")
	}
	return c.send(s, http.MethodPut, "/abstract", in)
}

// DecideCmd gives a review its outcome.
type DecideCmd struct {
	target
	Outcome   string   `help:"advice, approved, approved_with_conditions or not_approved." required:"" enum:"advice,approved,approved_with_conditions,not_approved" placeholder:"OUTCOME"`
	Reason    string   `help:"Why." required:"" placeholder:"TEXT"`
	Condition []string `help:"A condition or, of advice, something needed to move forward, where date and login may be empty; repeat for more." placeholder:"DATE:LOGIN:TEXT" sep:"none"`
	Proof     []string `help:"What will show that a condition is met; the first one for the first condition, and so on." placeholder:"TEXT" sep:"none"`
	Meeting   string   `help:"Id of the meeting in which it was decided." placeholder:"ID"`
}

// Run decides and shows what changed.
func (c *DecideCmd) Run(s *client.Session) error {
	in := DecideRequest{Outcome: Outcome(c.Outcome), Reason: c.Reason, Meeting: c.Meeting}
	if len(c.Proof) > len(c.Condition) {
		return fault.New(fault.Usage, "review.proof", "Each --proof belongs to a --condition; there are more proofs than conditions.")
	}
	for i, text := range c.Condition {
		parts := strings.SplitN(text, ":", 3)
		if len(parts) != 3 {
			return fault.New(fault.Usage, "review.condition", "A condition is written date:login:text, such as 2026-12-01:olga:Name the components; of advice ::Name the components.")
		}
		condition := ConditionRequest{Due: parts[0], Owner: parts[1], Text: parts[2]}
		if i < len(c.Proof) {
			condition.Proof = c.Proof[i]
		}
		in.Conditions = append(in.Conditions, condition)
	}
	return c.send(s, http.MethodPost, "/outcome", in)
}

// reasoned is a command that takes a reason.
type reasoned struct {
	target
	Reason string `help:"Why." required:"" placeholder:"TEXT"`
}

// WithdrawCmd takes a review back.
type WithdrawCmd struct{ reasoned }

// Run withdraws the review and shows what changed.
func (c *WithdrawCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/withdrawal", ReasonRequest{c.Reason})
}

// DismissCmd says why no review is needed.
type DismissCmd struct {
	reasoned
	Meeting string `help:"Id of the meeting in which it was decided." placeholder:"ID"`
}

// Run dismisses the review and shows what changed.
func (c *DismissCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/dismissal", DismissRequest{Reason: c.Reason, Meeting: c.Meeting})
}

// SupersedeCmd says which review replaces another one.
type SupersedeCmd struct {
	reasoned
	By string `help:"Id of the review that replaces it." required:"" placeholder:"ID" api:"successor"`
}

// Run supersedes the review and shows what changed.
func (c *SupersedeCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/supersession", SupersedeRequest{Successor: idOf(c.By), Reason: c.Reason})
}

// MeetCmd shows that a condition is met.
type MeetCmd struct {
	target
	Condition string `help:"Number or id of the condition; needed only if several are open." placeholder:"CONDITION"`
	Shown     string `help:"What shows that it is met." required:"" placeholder:"TEXT"`
}

// Run shows it, and what changed.
func (c *MeetCmd) Run(s *client.Session) error {
	d, err := c.load(s)
	if err != nil {
		return err
	}
	id, known := c.Condition, false
	var open []string
	for i, condition := range d.Conditions {
		if strconv.Itoa(i+1) == c.Condition || condition.ID == c.Condition {
			id, known = condition.ID, true
		}
		if condition.MetAt.IsZero() {
			open = append(open, strconv.Itoa(i+1))
			if c.Condition == "" {
				id = condition.ID
			}
		}
	}
	switch {
	case len(open) == 0:
		return fault.New(fault.Usage, "review.no_condition", "No condition of this review is open.")
	case c.Condition == "" && len(open) > 1, c.Condition != "" && !known:
		return fault.New(fault.Usage, "review.which_condition", "Name the condition with --condition; open: %s.", strings.Join(open, ", "))
	}
	return c.send(s, http.MethodPost, client.Path("conditions", id, "proof"), ProofRequest{c.Shown})
}

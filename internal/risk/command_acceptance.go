// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"net/http"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// AskCmd asks for an acceptance.
type AskCmd struct {
	target
	Until     string   `help:"The last day; or the end as an RFC 3339 time." required:"" placeholder:"DATE"`
	Reason    string   `help:"Why it should be accepted." required:"" placeholder:"TEXT"`
	Option    string   `help:"The option that you propose: its id, or its kind if only one is of that kind." placeholder:"OPTION"`
	Start     string   `help:"First day; default is when it is granted." placeholder:"DATE"`
	Extends   string   `help:"Id of the acceptance that this one prolongs." placeholder:"ID"`
	Condition []string `help:"A condition; repeat for more." placeholder:"DATE:LOGIN:TEXT" sep:"none"`
}

// Run asks and shows the acceptance.
func (c *AskCmd) Run(s *client.Session) error {
	in := AskRequest{Option: c.Option, Reason: c.Reason, Start: c.Start, Until: c.Until, Extends: c.Extends}
	for _, text := range c.Condition {
		parts := strings.SplitN(text, ":", 3)
		if len(parts) != 3 {
			return fault.New(fault.Usage, "risk.condition", "A condition is written date:login:text, such as 2026-12-01:olga:Log every call.")
		}
		in.Conditions = append(in.Conditions, TermRequest{Due: parts[0], Owner: parts[1], Text: parts[2]})
	}
	d, err := client.Change[AcceptanceDetail](s, http.MethodPost, client.Path("risks", c.Risk), "/acceptances", c.Version, in)
	return client.Show(s, d, err, c.JSON, printAcceptance)
}

// choice is the acceptance that a command is about.
type choice struct {
	about
	Acceptance string `help:"Id of the acceptance; needed only where several could be meant." placeholder:"ID"`
	Version    int64  `help:"The version of the acceptance that you saw; default is the current one." placeholder:"N"`
	client.JSONFlag
}

// path leads to the acceptance that is meant: the one named, or the only one in
// one of the states.
func (c *choice) path(s *client.Session, states ...AcceptanceState) (string, error) {
	if c.Acceptance == "" {
		d, err := client.Get[Detail](s, client.Path("risks", c.Risk), nil)
		if err != nil {
			return "", err
		}
		var fit []string
		for _, a := range d.Acceptances {
			if len(states) == 0 || slices.Contains(states, a.State) {
				fit = append(fit, a.ID)
			}
		}
		if len(fit) == 0 {
			return "", fault.New(fault.Conflict, "risk.no_acceptance", "This risk has no acceptance in the state that this needs.")
		}
		if len(fit) > 1 && len(states) > 0 {
			return "", fault.New(fault.Usage, "risk.which_acceptance", "Several acceptances could be meant; name one with --acceptance: %s.", strings.Join(fit, ", "))
		}
		c.Acceptance = fit[0]
	}
	return client.Path("risks", c.Risk, "acceptances", c.Acceptance), nil
}

// send changes the acceptance that is meant by a step below its path and shows it.
func (c *choice) send(s *client.Session, step string, body any, states ...AcceptanceState) error {
	path, err := c.path(s, states...)
	if err != nil {
		return err
	}
	d, err := client.Change[AcceptanceDetail](s, http.MethodPost, path, step, c.Version, body)
	return client.Show(s, d, err, c.JSON, printAcceptance)
}

// AcceptanceCmd shows an acceptance; of several the latest.
type AcceptanceCmd struct{ choice }

// Run shows the acceptance.
func (c *AcceptanceCmd) Run(s *client.Session) error {
	path, err := c.path(s)
	if err != nil {
		return err
	}
	d, err := client.Get[AcceptanceDetail](s, path, nil)
	return client.Show(s, d, err, c.JSON, printAcceptance)
}

// AcceptCmd agrees to an acceptance.
type AcceptCmd struct {
	choice
	Reason string `help:"Why you accept it." required:"" placeholder:"TEXT"`
}

// Run agrees and shows the acceptance.
func (c *AcceptCmd) Run(s *client.Session) error {
	return c.send(s, "/approvals", ReasonRequest{c.Reason}, Asked)
}

// RefuseCmd refuses an acceptance.
type RefuseCmd struct {
	choice
	Reason string `help:"Why not." required:"" placeholder:"TEXT"`
}

// Run refuses and shows the acceptance.
func (c *RefuseCmd) Run(s *client.Session) error {
	return c.send(s, "/objections", ReasonRequest{c.Reason}, Asked)
}

// WithdrawCmd takes back a request.
type WithdrawCmd struct {
	choice
	Reason string `help:"Why." required:"" placeholder:"TEXT"`
}

// Run withdraws and shows the acceptance.
func (c *WithdrawCmd) Run(s *client.Session) error {
	return c.send(s, "/withdrawal", ReasonRequest{c.Reason}, Asked)
}

// RevokeCmd ends an acceptance.
type RevokeCmd struct {
	choice
	Reason string `help:"Why." required:"" placeholder:"TEXT"`
}

// Run revokes and shows the acceptance.
func (c *RevokeCmd) Run(s *client.Session) error {
	return c.send(s, "/revocation", ReasonRequest{c.Reason}, Granted)
}

// MeetCmd reports a condition as met.
type MeetCmd struct {
	choice
	Condition string `help:"Id of the condition; needed only if several are open." placeholder:"ID"`
	Evidence  string `help:"What shows that it is met." required:"" placeholder:"TEXT"`
}

// Run reports the condition and shows the acceptance.
func (c *MeetCmd) Run(s *client.Session) error {
	path, err := c.path(s, Asked, Granted)
	if err != nil {
		return err
	}
	if c.Condition == "" {
		if c.Condition, err = openCondition(s, path); err != nil {
			return err
		}
	}
	return c.send(s, client.Path("conditions", c.Condition, "evidence"), EvidenceRequest{c.Evidence})
}

// openCondition returns the only condition of an acceptance that is not met yet.
func openCondition(s *client.Session, acceptance string) (string, error) {
	d, err := client.Get[AcceptanceDetail](s, acceptance, nil)
	if err != nil {
		return "", err
	}
	var open []string
	for _, term := range d.Conditions {
		if term.MetAt.IsZero() {
			open = append(open, term.ID)
		}
	}
	if len(open) != 1 {
		return "", fault.New(fault.Usage, "risk.which_condition", "Name the condition with --condition; open: %s.", strings.Join(open, ", "))
	}
	return open[0], nil
}

// SettleCmd closes an acceptance.
type SettleCmd struct {
	choice
	Undone string `help:"What was undone, and what proves it." required:"" placeholder:"TEXT"`
	Learnt string `help:"What was learnt." required:"" placeholder:"TEXT"`
}

// Run closes the acceptance and shows it.
func (c *SettleCmd) Run(s *client.Session) error {
	return c.send(s, "/closure", SettleInput{Undone: c.Undone, Learnt: c.Learnt}, Granted, Revoked, Voided)
}

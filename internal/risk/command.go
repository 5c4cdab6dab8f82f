// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"net/http"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// Commands are the verbs of `portreeve risk`.
type Commands struct {
	List     ListCmd     `cmd:"" help:"List risks, the worst first."`
	Matrix   MatrixCmd   `cmd:"" help:"Count risks in each cell of the matrix."`
	Show     ShowCmd     `cmd:"" help:"Show a risk with everything that belongs to it."`
	Propose  ProposeCmd  `cmd:"" help:"Show what rating the rules propose for some facts, and why."`
	Register RegisterCmd `cmd:"" help:"Register a risk."`
	Edit     EditCmd     `cmd:"" help:"Change a risk. Another threat or scope voids its acceptances."`
	Rate     RateCmd     `cmd:"" help:"Rate a risk."`
	Review   ReviewCmd   `cmd:"" help:"Record a regular review that found nothing to change."`
	Parties  PartiesCmd  `cmd:"" help:"Say which parties a risk exposes; they replace those before."`
	Hear     HearCmd     `cmd:"" help:"Record that a party was heard."`
	Options  OptionsCmd  `cmd:"" help:"Say which options are compared; they replace those before."`
	Treat    TreatCmd    `cmd:"" help:"Choose the treatment: mitigate, avoid, transfer or accept."`
	Mitigate MitigateCmd `cmd:"" help:"Add a mitigation action."`
	Report   ReportCmd   `cmd:"" help:"Report a mitigation action as done, dropped or open."`
	Complete CompleteCmd `cmd:"" help:"Say that the treatment is carried out."`
	Close    CloseCmd    `cmd:"" help:"Close a risk for good."`

	Ask        AskCmd        `cmd:"" help:"Ask to accept the residual risk until a date."`
	Acceptance AcceptanceCmd `cmd:"" help:"Show an acceptance: on what, by which right, until when, what it opens."`
	Accept     AcceptCmd     `cmd:"" help:"Agree to an acceptance by your rank, function or seat."`
	Refuse     RefuseCmd     `cmd:"" help:"Refuse an acceptance, or object to it."`
	Withdraw   WithdrawCmd   `cmd:"" help:"Withdraw a request for an acceptance."`
	Revoke     RevokeCmd     `cmd:"" help:"Revoke an acceptance; it ends at once."`
	Meet       MeetCmd       `cmd:"" help:"Report a condition of an acceptance as met."`
	Settle     SettleCmd     `cmd:"" help:"Close an acceptance with proof of what was undone and what was learnt."`
}

// about is the risk that a command is about.
type about struct {
	Risk string `arg:"" help:"Id of the risk, also as risk:ID."`
}

// AfterApply lets the risk be named as the rest of the program names it, too.
func (a *about) AfterApply() error {
	a.Risk = strings.TrimPrefix(a.Risk, ItemType+":")
	return nil
}

// target is the risk that a command changes.
type target struct {
	about
	Version int64 `help:"The version that you saw; default is the current one." placeholder:"N"`
	client.JSONFlag
}

// send changes the risk by a step below its path and shows it.
func (t *target) send(s *client.Session, method, step string, body any) error {
	d, err := client.Change[Detail](s, method, client.Path("risks", t.Risk), step, t.Version, body)
	return client.Show(s, d, err, t.JSON, printRisk)
}

// facts are the inputs of a proposed rating.
type facts struct {
	Data            string `help:"Most sensitive class of data: none, public, internal, personal or sensitive." required:"" enum:"none,public,internal,personal,sensitive" placeholder:"CLASS"`
	Direction       string `help:"Where data goes, seen from the trusted side: outbound, inbound or both." default:"both" enum:"outbound,inbound,both" placeholder:"WAY"`
	Access          string `help:"read, write or read_write." default:"read" enum:"read,write,read_write" placeholder:"ACCESS"`
	Volume          string `help:"low, medium or high." default:"medium" enum:"low,medium,high" placeholder:"VOLUME"`
	CrossesBoundary bool   `help:"A trust boundary is crossed."`
	LowerTrust      bool   `help:"Production reaches into a realm that is trusted less."`
	Assurances      string `help:"What assures that it is safer than it looks." placeholder:"TEXT"`
}

func (f facts) inputs() matrix.Inputs {
	return matrix.Inputs{
		Data: matrix.Data(f.Data), Direction: matrix.Direction(f.Direction), Access: matrix.Access(f.Access), Volume: matrix.Volume(f.Volume),
		CrossesBoundary: f.CrossesBoundary, LowerTrust: f.LowerTrust, Assurances: f.Assurances,
	}
}

// stated are the facts of a risk that somebody states; the subject says the rest.
type stated struct {
	Data            string `help:"Most sensitive class of data: none, public, internal, personal or sensitive; default is what the subject states." default:"" enum:",none,public,internal,personal,sensitive" placeholder:"CLASS"`
	Direction       string `help:"Where data goes, seen from the trusted side: outbound, inbound or both; default is what the subject states." default:"" enum:",outbound,inbound,both" placeholder:"WAY"`
	Access          string `help:"read, write or read_write; default is what the subject states." default:"" enum:",read,write,read_write" placeholder:"ACCESS"`
	Volume          string `help:"low, medium or high; default is what the subject states." default:"" enum:",low,medium,high" placeholder:"VOLUME"`
	CrossesBoundary *bool  `help:"A trust boundary is crossed; default is what follows from the subject." negatable:""`
	LowerTrust      *bool  `help:"Production reaches into a realm that is trusted less; default is what follows from the subject." negatable:""`
	Assurances      string `help:"What assures that it is safer than it looks." placeholder:"TEXT"`
}

func (f stated) inputs() matrix.Stated {
	return matrix.Stated{
		Data: matrix.Data(f.Data), Direction: matrix.Direction(f.Direction), Access: matrix.Access(f.Access), Volume: matrix.Volume(f.Volume),
		CrossesBoundary: f.CrossesBoundary, LowerTrust: f.LowerTrust, Assurances: f.Assurances,
	}
}

// changed are the facts of a risk that somebody corrects; the others stay.
type changed struct {
	Data            string  `help:"Most sensitive class of data: none, public, internal, personal or sensitive." default:"" enum:",none,public,internal,personal,sensitive" placeholder:"CLASS"`
	Direction       string  `help:"Where data goes, seen from the trusted side: outbound, inbound or both." default:"" enum:",outbound,inbound,both" placeholder:"WAY"`
	Access          string  `help:"read, write or read_write." default:"" enum:",read,write,read_write" placeholder:"ACCESS"`
	Volume          string  `help:"low, medium or high." default:"" enum:",low,medium,high" placeholder:"VOLUME"`
	CrossesBoundary *bool   `help:"A trust boundary is crossed." negatable:""`
	LowerTrust      *bool   `help:"Production reaches into a realm that is trusted less." negatable:""`
	Assurances      *string `help:"What assures that it is safer than it looks." placeholder:"TEXT"`
}

// ProposeCmd shows a proposal.
type ProposeCmd struct {
	facts
	MitigationPlan bool `help:"A mitigation plan with owners and dates exists."`
	client.JSONFlag
}

// Run asks for the proposal and shows each step.
func (c *ProposeCmd) Run(s *client.Session) error {
	in := c.inputs()
	in.MitigationPlan = c.MitigationPlan
	p, err := client.Send[matrix.Proposal](s, http.MethodPost, "/risks/proposal", 0, in)
	return client.Show(s, p, err, c.JSON, printProposal)
}

// RegisterCmd registers a risk.
type RegisterCmd struct {
	stated
	Subject     string   `help:"What it is about, kind:name." required:"" placeholder:"SUBJECT"`
	Act         string   `help:"The act that it is about, such as call." placeholder:"ACT"`
	Title       string   `help:"One line." required:"" placeholder:"TEXT"`
	Threat      string   `help:"What could happen." required:"" placeholder:"TEXT"`
	Scope       string   `help:"What exactly is covered." required:"" placeholder:"TEXT"`
	Owner       string   `help:"Login or id of who answers for it; default is you." placeholder:"LOGIN"`
	Visibility  string   `help:"public, internal or restricted; default is that of the subject." default:"" enum:",public,internal,restricted" placeholder:"VISIBILITY"`
	Participant []string `help:"Who may see a restricted risk; repeat for more." placeholder:"person:LOGIN|group:NAME" sep:"none"`
	Party       []string `help:"A party exposed; repeat for more. ORGANISATION is an id or a name of portreeve organisation list." placeholder:"organisation|community:ORGANISATION:NAME" sep:"none" api:"parties"`
	Follows     string   `help:"Id of a closed risk that this one continues." placeholder:"ID"`
	client.JSONFlag
}

// Run registers the risk and shows it.
func (c *RegisterCmd) Run(s *client.Session) error {
	parties, err := parseParties(c.Party)
	if err != nil {
		return err
	}
	d, err := client.Send[Detail](s, http.MethodPost, "/risks", 0, RegisterInput{
		Subject: c.Subject, Act: c.Act, Title: c.Title, Threat: c.Threat, Scope: c.Scope, Owner: c.Owner,
		Visibility: authz.Visibility(c.Visibility), Participants: c.Participant, Inputs: c.inputs(), Parties: parties, Follows: c.Follows,
	})
	return client.Show(s, d, err, c.JSON, printRisk)
}

// parseParties reads "kind:organisation:name"; the organisation may be empty.
func parseParties(all []string) ([]PartyInput, error) {
	parties := []PartyInput{}
	for _, text := range all {
		parts := strings.SplitN(text, ":", 3)
		if len(parts) != 3 {
			return nil, fault.New(fault.Usage, "risk.party", "A party is written kind:organisation:name, such as organisation:abc...:The chapter, or community::The community.")
		}
		parties = append(parties, PartyInput{Kind: PartyKind(parts[0]), Organisation: parts[1], Name: parts[2]})
	}
	return parties, nil
}

// EditCmd changes a risk.
type EditCmd struct {
	target
	changed
	Title       *string  `help:"A new title." placeholder:"TEXT"`
	Threat      *string  `help:"What could happen." placeholder:"TEXT"`
	Scope       *string  `help:"What exactly is covered." placeholder:"TEXT"`
	Owner       *string  `help:"Login or id of a new owner." placeholder:"LOGIN"`
	Visibility  *string  `help:"public, internal or restricted." placeholder:"VISIBILITY"`
	Participant []string `help:"All who may see a restricted risk beside owner and registrant; repeat for more." placeholder:"person:LOGIN|group:NAME" sep:"none"`
}

// Run changes the risk and shows it.
func (c *EditCmd) Run(s *client.Session) error {
	if c.changed == (changed{}) && c.Title == nil && c.Threat == nil && c.Scope == nil && c.Owner == nil && c.Visibility == nil && c.Participant == nil {
		return fault.New(fault.Usage, "risk.nothing", "Say what to change: --title, --threat, --scope, --owner and others; see --help.")
	}
	in := EditInput{Title: c.Title, Threat: c.Threat, Scope: c.Scope, Owner: c.Owner}
	if c.Visibility != nil {
		visibility := authz.Visibility(*c.Visibility)
		in.Visibility = &visibility
	}
	if c.Participant != nil {
		in.Participants = &c.Participant
	}
	if c.changed != (changed{}) {
		if err := c.restate(s, &in); err != nil {
			return err
		}
	}
	return c.send(s, http.MethodPatch, "", in)
}

// restate changes the facts that were typed. The assurances go with every change of
// facts: those that were not typed are sent as they are.
func (c *EditCmd) restate(s *client.Session, in *EditInput) error {
	d, err := client.Get[Detail](s, client.Path("risks", c.Risk), nil)
	if err != nil {
		return err
	}
	if c.Version == 0 {
		c.Version = d.Version
	}
	in.Inputs = &matrix.Stated{
		Data: matrix.Data(c.Data), Direction: matrix.Direction(c.Direction), Access: matrix.Access(c.Access), Volume: matrix.Volume(c.Volume),
		CrossesBoundary: c.CrossesBoundary, LowerTrust: c.LowerTrust, Assurances: d.Inputs.Assurances,
	}
	if c.Assurances != nil {
		in.Inputs.Assurances = *c.Assurances
	}
	return nil
}

// OptionsCmd sets the options that are compared.
type OptionsCmd struct {
	target
	File string `arg:"" help:"JSON file with a list of objects {kind, title, cost, delay, risk, rating, notes}; - reads standard input."`
}

// Run reads the options, sends them and shows the risk.
func (c *OptionsCmd) Run(s *client.Session) error {
	var options []Option
	if err := client.ReadJSON(s, c.File, &options); err != nil {
		return err
	}
	return c.send(s, http.MethodPut, "/options", OptionsRequest{options})
}

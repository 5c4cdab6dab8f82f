// SPDX-License-Identifier: Apache-2.0

package risk

import (
	"fmt"
	"net/http"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/risk/matrix"
)

// step is a step of one of the scales of the matrix.
type step int

// Validate refuses what is on no scale; kong calls it for a flag that was typed,
// so that the one that was left out is not blamed for it.
func (s step) Validate() error {
	if s < 1 || s > matrix.Steps {
		return fmt.Errorf("must be from 1 to %d", matrix.Steps)
	}
	return nil
}

// ListCmd lists risks.
type ListCmd struct {
	State      string `help:"active, all, open, treated or closed." default:"active" enum:"active,all,open,treated,closed" placeholder:"STATE" query:"state"`
	Rating     string `help:"Only with this rating." default:"" enum:",low,medium,high,critical" placeholder:"RATING" query:"rating"`
	By         string `help:"Which rating these and the order are about: residual or inherent." default:"residual" enum:"residual,inherent" placeholder:"RATING" query:"by"`
	Likelihood step   `help:"Only in this row of the matrix, 1 to 5." placeholder:"N" query:"likelihood"`
	Impact     step   `help:"Only in this column of the matrix, 1 to 5." placeholder:"N" query:"impact"`
	Subject    string `help:"Only about this subject, kind:name." placeholder:"SUBJECT" query:"subject"`
	Owner      string `help:"Only of this owner; me for your own." placeholder:"LOGIN" query:"owner"`
	Sort       string `help:"worst or recent." default:"worst" enum:"worst,recent" placeholder:"ORDER" query:"sort"`
	client.Paging
	client.JSONFlag
}

// Run lists one page.
func (c *ListCmd) Run(s *client.Session) error {
	return client.List(s, "/risks", c, c.JSON, []string{"ID", "RATING", "STATE", "ACCEPTANCE", "SUBJECT", "TITLE"}, riskRow)
}

// MatrixCmd counts risks.
type MatrixCmd struct {
	State   string `help:"active, all, open, treated or closed." default:"active" enum:"active,all,open,treated,closed" placeholder:"STATE" query:"state"`
	By      string `help:"Which rating is counted: residual or inherent." default:"residual" enum:"residual,inherent" placeholder:"RATING" query:"by"`
	Subject string `help:"Only about this subject, kind:name." placeholder:"SUBJECT" query:"subject"`
	Owner   string `help:"Only of this owner; me for your own." placeholder:"LOGIN" query:"owner"`
	client.JSONFlag
}

// Run shows the matrix.
func (c *MatrixCmd) Run(s *client.Session) error {
	counts, err := client.Get[Counts](s, "/risks/matrix", c)
	return client.Show(s, counts, err, c.JSON, printMatrix)
}

// ShowCmd shows one risk.
type ShowCmd struct {
	about
	client.JSONFlag
}

// Run shows the risk.
func (c *ShowCmd) Run(s *client.Session) error {
	d, err := client.Get[Detail](s, client.Path("risks", c.Risk), nil)
	return client.Show(s, d, err, c.JSON, printRisk)
}

// RateCmd rates a risk.
type RateCmd struct {
	target
	Likelihood         step   `help:"Residual likelihood, 1 to 5." required:"" placeholder:"N"`
	Impact             step   `help:"Residual impact, 1 to 5." required:"" placeholder:"N"`
	InherentLikelihood step   `help:"Likelihood as if nothing had been done; default is the residual one." placeholder:"N"`
	InherentImpact     step   `help:"Impact as if nothing had been done; default is the residual one." placeholder:"N"`
	Reason             string `help:"Needed where the rating differs from the proposed one." placeholder:"TEXT"`
}

// Run rates the risk and shows it.
func (c *RateCmd) Run(s *client.Session) error {
	in := RateInput{
		Residual: matrix.Cell{Likelihood: int(c.Likelihood), Impact: int(c.Impact)},
		Inherent: matrix.Cell{Likelihood: int(c.InherentLikelihood), Impact: int(c.InherentImpact)},
		Reason:   c.Reason,
	}
	if in.Inherent.Likelihood == 0 {
		in.Inherent.Likelihood = int(c.Likelihood)
	}
	if in.Inherent.Impact == 0 {
		in.Inherent.Impact = int(c.Impact)
	}
	return c.send(s, http.MethodPost, "/ratings", in)
}

// ReviewCmd records a regular review.
type ReviewCmd struct {
	target
	Note string `help:"What was looked at." required:"" placeholder:"TEXT"`
}

// Run records the review and shows the risk.
func (c *ReviewCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/reviews", NoteRequest{c.Note})
}

// PartiesCmd sets the parties exposed.
type PartiesCmd struct {
	target
	Party []string `help:"A party exposed; repeat for more. ORGANISATION is an id or a name of portreeve organisation list." placeholder:"organisation|community:ORGANISATION:NAME" sep:"none" api:"parties"`
	File  string   `help:"JSON file with a list of objects {kind, name, organisation, exposure, require}, instead of --party; - reads standard input." placeholder:"FILE"`
	None  bool     `help:"It exposes no party."`
}

// Run sets the parties and shows the risk. No party at all must be said: it voids
// acceptances as any other change of the parties does.
func (c *PartiesCmd) Run(s *client.Session) error {
	ways := 0
	for _, way := range []bool{len(c.Party) > 0, c.File != "", c.None} {
		if way {
			ways++
		}
	}
	if ways != 1 {
		return fault.New(fault.Usage, "risk.parties", "Name all parties that the risk exposes with --party or with --file, or say --none.")
	}
	if c.File != "" {
		parties := []PartyInput{}
		if err := client.ReadJSON(s, c.File, &parties); err != nil {
			return err
		}
		return c.send(s, http.MethodPut, "/parties", PartiesRequest{parties})
	}
	parties, err := parseParties(c.Party)
	if err != nil {
		return err
	}
	return c.send(s, http.MethodPut, "/parties", PartiesRequest{parties})
}

// HearCmd records that a party was heard.
type HearCmd struct {
	target
	Party  string `help:"Name or id of the party." required:"" placeholder:"PARTY"`
	Heard  string `help:"Who was heard, in what capacity." required:"" placeholder:"TEXT"`
	Said   string `help:"What they said." required:"" placeholder:"TEXT"`
	Person string `help:"Login or id of who was heard, if they have an account." placeholder:"LOGIN"`
	Held   string `help:"When; default is now." placeholder:"DATE"`
}

// Run records the hearing and shows the risk.
func (c *HearCmd) Run(s *client.Session) error {
	in := HearingRequest{Party: c.Party, Heard: c.Heard, Said: c.Said, Person: c.Person, HeldAt: c.Held}
	return c.send(s, http.MethodPost, "/hearings", in)
}

// TreatCmd chooses the treatment.
type TreatCmd struct {
	target
	Treatment string `arg:"" help:"mitigate, avoid, transfer or accept." enum:"mitigate,avoid,transfer,accept"`
	Note      string `help:"How, and why this way." placeholder:"TEXT"`
}

// Run chooses the treatment and shows the risk.
func (c *TreatCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/treatment", TreatInput{Treatment: Treatment(c.Treatment), Note: c.Note})
}

// MitigateCmd adds a mitigation action.
type MitigateCmd struct {
	target
	Title string `help:"What is to be done." required:"" placeholder:"TEXT"`
	Owner string `help:"Login or id of who does it." required:"" placeholder:"LOGIN"`
	Due   string `help:"Until when." required:"" placeholder:"DATE"`
}

// Run adds the mitigation action and shows the risk.
func (c *MitigateCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/mitigations", MitigationRequest{Title: c.Title, Owner: c.Owner, Due: c.Due})
}

// ReportCmd reports how far a mitigation action is.
type ReportCmd struct {
	target
	Mitigation string `arg:"" help:"Id of the mitigation action."`
	State      string `help:"done, dropped or open." default:"done" enum:"done,dropped,open" placeholder:"STATE"`
	Evidence   string `help:"What shows that it is done, or why it was dropped." placeholder:"TEXT"`
}

// Run reports the state and shows the risk.
func (c *ReportCmd) Run(s *client.Session) error {
	step := client.Path("mitigations", c.Mitigation)
	return c.send(s, http.MethodPatch, step, MitigationChange{State: MitigationState(c.State), Evidence: c.Evidence})
}

// CompleteCmd says that the treatment is carried out.
type CompleteCmd struct{ target }

// Run completes the treatment and shows the risk.
func (c *CompleteCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/completion", nil)
}

// CloseCmd closes a risk.
type CloseCmd struct {
	target
	Note string `help:"Why it is no longer a risk." required:"" placeholder:"TEXT"`
}

// Run closes the risk and shows it.
func (c *CloseCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/closure", NoteRequest{c.Note})
}

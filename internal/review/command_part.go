// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/http"
	"slices"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/module"
)

// AskCmd asks a scoping question.
type AskCmd struct {
	target
	typedText
	Owner string `help:"Login or id of who owes the answer; default is the review's owner." placeholder:"LOGIN"`
	Due   string `help:"The last day for the answer." placeholder:"DATE"`
}

// Run asks and shows what changed.
func (c *AskCmd) Run(s *client.Session) error {
	text, err := c.read(s)
	if err != nil {
		return err
	}
	return c.send(s, http.MethodPost, "/questions", AskRequest{Text: text, Owner: c.Owner, Due: c.Due})
}

// AnswerCmd answers a question.
type AnswerCmd struct {
	target
	Question string `arg:"" help:"Id or label of the question, such as Q1."`
	typedText
}

// Run answers and shows what changed.
func (c *AnswerCmd) Run(s *client.Session) error {
	text, err := c.read(s)
	if err != nil {
		return err
	}
	return c.send(s, http.MethodPost, client.Path("questions", c.Question, "answers"), TextRequest{text})
}

// SettleCmd says how far a question is settled.
type SettleCmd struct {
	target
	Question string `arg:"" help:"Id or label of the question, such as Q1."`
	Settled  string `help:"fully, partly or not." default:"" enum:",fully,partly,not" placeholder:"HOW"`
	Withdraw bool   `help:"Take the question back."`
	Again    bool   `help:"The answer does not do: the question is open again."`
	Note     string `help:"What is still open, or why the question is withdrawn." placeholder:"TEXT"`
}

// Run settles the question and shows what changed.
func (c *SettleCmd) Run(s *client.Session) error {
	ways := 0
	for _, way := range []bool{c.Settled != "", c.Withdraw, c.Again} {
		if way {
			ways++
		}
	}
	if ways != 1 {
		return fault.New(fault.Usage, "review.settle", "Say one of --settled fully, partly or not, --withdraw and --again.")
	}
	return c.send(s, http.MethodPost, client.Path("questions", c.Question, "settlement"),
		SettleInput{Settled: Settled(c.Settled), Withdraw: c.Withdraw, Again: c.Again, Note: c.Note})
}

// source is where a statement stands, as flags.
type source struct {
	SourceKind    *string `help:"document, answer, requirement, form, comment, meeting or subject." placeholder:"KIND"`
	SourceTitle   *string `help:"Name of the document, label of the question, name of the field, reference of a subject." placeholder:"TEXT"`
	SourceURL     *string `help:"Its address." placeholder:"URL"`
	SourceVersion *string `help:"Version or date of the document." placeholder:"TEXT"`
	SourcePlace   *string `help:"Such as L134 or section 3." placeholder:"TEXT"`
}

// set puts what was typed into the place of what is there.
func set[T ~string](into *T, typed *string) {
	if typed != nil {
		*into = T(*typed)
	}
}

func (c source) apply(s *Source) {
	set(&s.Kind, c.SourceKind)
	set(&s.Title, c.SourceTitle)
	set(&s.URL, c.SourceURL)
	set(&s.Version, c.SourceVersion)
	set(&s.Place, c.SourcePlace)
}

// StateCmd records a statement or a requirement.
type StateCmd struct {
	target
	typedText
	source
	Kind       string `help:"statement or requirement." default:"statement" enum:"statement,requirement" placeholder:"KIND"`
	Label      string `help:"Such as B09; default is the next of its kind." placeholder:"LABEL"`
	Who        string `help:"Who says so, or who proposed the requirement." placeholder:"TEXT"`
	Origin     string `help:"Of a requirement: security, operational, administrative or unknown." default:"" enum:",security,operational,administrative,unknown" placeholder:"ORIGIN"`
	State      string `help:"proposed, agreed, unchanged, revised, moved, removed or withdrawn; default is proposed." default:"" enum:",proposed,agreed,unchanged,revised,moved,removed,withdrawn" placeholder:"STATE"`
	Note       string `help:"What became of it." placeholder:"TEXT"`
	Restricted bool   `help:"Only those who take part in the review see it."`
}

// Run records the statement and shows what changed.
func (c *StateCmd) Run(s *client.Session) error {
	text, err := c.read(s)
	if err != nil {
		return err
	}
	in := StatementInput{Kind: StatementKind(c.Kind), Label: c.Label, Text: text, Who: c.Who, Origin: c.Origin, State: c.State, Note: c.Note, Restricted: c.Restricted}
	c.apply(&in.Source)
	return c.send(s, http.MethodPost, "/statements", in)
}

// RestateCmd changes a statement; what is not typed stays.
type RestateCmd struct {
	target
	source
	Statement  string  `arg:"" help:"Id or label of the statement, such as S1."`
	Text       *string `help:"In their words." placeholder:"TEXT"`
	Who        *string `help:"Who says so, or who proposed the requirement." placeholder:"TEXT"`
	Origin     *string `help:"Of a requirement: security, operational, administrative or unknown." placeholder:"ORIGIN"`
	State      *string `help:"proposed, agreed, unchanged, revised, moved, removed or withdrawn." placeholder:"STATE"`
	Note       *string `help:"What became of it." placeholder:"TEXT"`
	Restricted bool    `help:"Only those who take part in the review see it from now on."`
}

// Run changes the statement and shows what changed.
func (c *RestateCmd) Run(s *client.Session) error {
	d, err := c.load(s)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(d.Statements, func(t Statement) bool { return t.ID == c.Statement || t.Label == c.Statement })
	if i < 0 {
		return d.noStatement()
	}
	t := d.Statements[i]
	in := StatementInput{Kind: t.Kind, Text: t.Text, Who: t.Who, Origin: t.Origin, Source: t.Source, State: t.State, Note: t.Note, Restricted: t.Restricted || c.Restricted}
	set(&in.Text, c.Text)
	set(&in.Who, c.Who)
	set(&in.Origin, c.Origin)
	set(&in.State, c.State)
	set(&in.Note, c.Note)
	c.apply(&in.Source)
	return c.send(s, http.MethodPut, client.Path("statements", t.ID), in)
}

// FindCmd records a finding.
type FindCmd struct {
	target
	Kind       string `help:"contradiction, weakness, gap or near_miss." required:"" enum:"contradiction,weakness,gap,near_miss" placeholder:"KIND"`
	Title      string `help:"One line." required:"" placeholder:"TEXT"`
	Label      string `help:"Default is the next of its kind." placeholder:"LABEL"`
	Severity   string `help:"none, low, medium, high or critical; default is none." default:"" enum:",none,low,medium,high,critical" placeholder:"SEVERITY"`
	Text       string `help:"What was found." placeholder:"TEXT"`
	Evidence   string `help:"What shows it." placeholder:"TEXT"`
	First      string `help:"Id or label of a statement; a contradiction quotes two that cannot both hold." placeholder:"STATEMENT"`
	Second     string `help:"Id or label of the other statement." placeholder:"STATEMENT"`
	State      string `help:"open, settled, passed_on or dismissed; default is open." default:"" enum:",open,settled,passed_on,dismissed" placeholder:"STATE"`
	Became     string `help:"What became of it, of one that is not open." placeholder:"TEXT"`
	Restricted bool   `help:"Only those who take part in the review see it."`
}

// Run records the finding and shows what changed.
func (c *FindCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, "/findings", FindInput{
		Kind: FindingKind(c.Kind), Title: c.Title, Label: c.Label, Severity: c.Severity, Text: c.Text, Evidence: c.Evidence,
		First: c.First, Second: c.Second, State: FindingState(c.State), Became: c.Became, Restricted: c.Restricted,
	})
}

// RefindCmd changes a finding; what is not typed stays.
type RefindCmd struct {
	target
	Finding    string  `arg:"" help:"Id or label of the finding, such as C1."`
	Title      *string `help:"One line." placeholder:"TEXT"`
	Severity   *string `help:"none, low, medium, high or critical." placeholder:"SEVERITY"`
	Text       *string `help:"What was found." placeholder:"TEXT"`
	Evidence   *string `help:"What shows it." placeholder:"TEXT"`
	First      *string `help:"Id or label of a statement." placeholder:"STATEMENT"`
	Second     *string `help:"Id or label of the other statement." placeholder:"STATEMENT"`
	State      *string `help:"open, settled, passed_on or dismissed." placeholder:"STATE"`
	Became     *string `help:"What became of it, of one that is not open." placeholder:"TEXT"`
	Restricted bool    `help:"Only those who take part in the review see it from now on."`
}

// Run changes the finding and shows what changed.
func (c *RefindCmd) Run(s *client.Session) error {
	d, err := c.load(s)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(d.Findings, func(n Finding) bool { return n.ID == c.Finding || n.Label == c.Finding })
	if i < 0 {
		return d.noFinding()
	}
	n := d.Findings[i]
	in := FindInput{
		Kind: n.Kind, Severity: n.Severity, Title: n.Title, Text: n.Text, Evidence: n.Evidence, First: n.First, Second: n.Second,
		State: n.State, Became: n.Became, Restricted: n.Restricted || c.Restricted,
	}
	if in.State == FindingRisk {
		in.State = "" // the server says that it is in the register
	}
	set(&in.Title, c.Title)
	set(&in.Severity, c.Severity)
	set(&in.Text, c.Text)
	set(&in.Evidence, c.Evidence)
	set(&in.First, c.First)
	set(&in.Second, c.Second)
	set(&in.State, c.State)
	set(&in.Became, c.Became)
	return c.send(s, http.MethodPut, client.Path("findings", n.ID), in)
}

// RiskCmd puts a finding into the register of risks.
type RiskCmd struct {
	target
	Finding string `arg:"" help:"Id or label of the finding, such as C1."`
	Title   string `help:"One line; default is the finding's." placeholder:"TEXT"`
	Threat  string `help:"What could happen; default is the finding's text." placeholder:"TEXT"`
	Scope   string `help:"What exactly is covered; default is the review." placeholder:"TEXT"`
	Owner   string `help:"Login or id of who answers for it; default is the review's owner." placeholder:"LOGIN"`
	Act     string `help:"The act that it is about, such as call." placeholder:"ACT"`
	riskFacts
}

// riskFacts are what the rating of a risk is proposed from.
type riskFacts struct {
	Data            string `help:"Most sensitive class of data: none, public, internal, personal or sensitive; default is what the subject states." default:"" enum:",none,public,internal,personal,sensitive" placeholder:"CLASS"`
	Direction       string `help:"Where data goes, seen from the trusted side: outbound, inbound or both; default is what the subject states." default:"" enum:",outbound,inbound,both" placeholder:"WAY"`
	Access          string `help:"read, write or read_write; default is what the subject states." default:"" enum:",read,write,read_write" placeholder:"ACCESS"`
	Volume          string `help:"low, medium or high; default is what the subject states." default:"" enum:",low,medium,high" placeholder:"VOLUME"`
	CrossesBoundary *bool  `help:"A trust boundary is crossed; default is what follows from the subject." negatable:""`
	LowerTrust      *bool  `help:"Production reaches into a realm that is trusted less; default is what follows from the subject." negatable:""`
}

// Run registers the risk and shows what changed.
func (c *RiskCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPost, client.Path("findings", c.Finding, "risk"), RiskInput{
		Title: c.Title, Threat: c.Threat, Scope: c.Scope, Owner: c.Owner, Act: c.Act, Inputs: module.RiskFacts(c.riskFacts),
	})
}

// OpinionCmd is what can be done with opinions.
type OpinionCmd struct {
	Ask  AskOpinionCmd  `cmd:"" help:"Name who assesses an aspect."`
	Give GiveOpinionCmd `cmd:"" help:"Give the opinion for which you were named."`
}

// AskOpinionCmd names an assessor.
type AskOpinionCmd struct {
	target
	Aspect   string `arg:"" help:"One of the aspects on which the kind wants an opinion, such as legal."`
	Assessor string `help:"Login or id." required:"" placeholder:"LOGIN"`
}

// Run names the assessor and shows what changed.
func (c *AskOpinionCmd) Run(s *client.Session) error {
	return c.send(s, http.MethodPut, client.Path("opinions", c.Aspect), AssessorRequest{c.Assessor})
}

// GiveOpinionCmd gives an opinion.
type GiveOpinionCmd struct {
	target
	typedText
	Aspect  string `arg:"" help:"The aspect for which you were named."`
	Verdict string `help:"acceptable, concerns or not_acceptable." required:"" enum:"acceptable,concerns,not_acceptable" placeholder:"VERDICT"`
}

// Run gives the opinion and shows what changed.
func (c *GiveOpinionCmd) Run(s *client.Session) error {
	text, err := c.read(s)
	if err != nil {
		return err
	}
	return c.send(s, http.MethodPost, client.Path("opinions", c.Aspect, "opinion"), OpineInput{Verdict: c.Verdict, Text: text})
}

// SPDX-License-Identifier: Apache-2.0

package review

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/review/kind"
)

// form is a request in a file, YAML or JSON.
type form struct {
	Name         string            `yaml:"name"`
	Kind         string            `yaml:"kind"`
	KindVersion  int64             `yaml:"kind_version"`
	Title        string            `yaml:"title"`
	Sketch       string            `yaml:"sketch"`
	Subject      string            `yaml:"subject"`
	Owner        string            `yaml:"owner"`
	Visibility   string            `yaml:"visibility"`
	Participants []string          `yaml:"participants"`
	Answers      map[string]string `yaml:"answers"`
	Technologies []formTechnology  `yaml:"technologies"`
	Scenarios    []formScenario    `yaml:"scenarios"`
	PreScreen    map[string]string `yaml:"prescreen"`
	Anyway       bool              `yaml:"anyway"`
	Follows      string            `yaml:"follows"`
}

type formTechnology struct {
	Name     string `yaml:"name"`
	Replaces string `yaml:"replaces"`
	State    string `yaml:"state"`
	Owner    string `yaml:"owner"`
}

type formScenario struct {
	Title string `yaml:"title"`
	Who   string `yaml:"who"`
	Steps string `yaml:"steps"`
	Trust string `yaml:"trust"`
}

// readForm reads a request from a file; none is named: an empty one.
func readForm(s *client.Session, file string) (form, error) {
	var f form
	if file == "" {
		return f, nil
	}
	data, err := readFile(s, file)
	if err != nil {
		return f, err
	}
	return f, config.Decode(file, data, &f)
}

func (f form) technologies() []kind.Technology {
	var all []kind.Technology
	for _, t := range f.Technologies {
		all = append(all, kind.Technology{Name: t.Name, Replaces: t.Replaces, State: kind.State(t.State), Owner: t.Owner})
	}
	return all
}

func (f form) scenarios() []kind.Scenario {
	var all []kind.Scenario
	for _, s := range f.Scenarios {
		all = append(all, kind.Scenario(s))
	}
	return all
}

// RequestCmd requests a review.
type RequestCmd struct {
	Name        string            `help:"A name that stands for the id, such as new-ci; not of a restricted review." placeholder:"NAME"`
	Kind        string            `help:"Name of the kind, see portreeve review kind list; default is early advice." placeholder:"KIND"`
	Title       string            `help:"One line." placeholder:"TEXT"`
	Sketch      string            `help:"What you have in mind, in a paragraph." placeholder:"TEXT"`
	Subject     string            `help:"What it is about, kind:name." placeholder:"SUBJECT"`
	Owner       string            `help:"Login or id of the primary contact; default is you." placeholder:"LOGIN"`
	Visibility  string            `help:"public, internal or restricted; default is that of the subject." default:"" enum:",public,internal,restricted" placeholder:"VISIBILITY"`
	Participant []string          `help:"Who may see a restricted review; repeat for more." placeholder:"person:LOGIN|group:NAME" sep:"none"`
	Answer      map[string]string `help:"An answer to a field of the form; repeat for more." placeholder:"FIELD=VALUE" mapsep:"none"`
	Prescreen   map[string]string `help:"An answer to the pre-screen; repeat for more." placeholder:"QUESTION=VALUE" mapsep:"none"`
	Anyway      bool              `help:"Request it though the pre-screen says that none is needed."`
	Follows     string            `help:"Id of a review that is done and that this one follows." placeholder:"ID"`
	File        string            `help:"YAML or JSON file with the form: title, kind, sketch, subject, answers, technologies, scenarios, prescreen and others; what is typed counts before it. - reads standard input." placeholder:"FILE" api:"technologies,scenarios,kind_version"`
	client.JSONFlag
}

// Run requests the review, and shows where it stands and what falls short in it.
func (c *RequestCmd) Run(s *client.Session) error {
	f, err := readForm(s, c.File)
	if err != nil {
		return err
	}
	in := RequestInput{
		Name: or(c.Name, f.Name), Kind: or(c.Kind, f.Kind), KindVersion: f.KindVersion, Title: or(c.Title, f.Title), Sketch: or(c.Sketch, f.Sketch),
		Subject: or(c.Subject, f.Subject), Owner: or(c.Owner, f.Owner), Visibility: authz.Visibility(or(c.Visibility, f.Visibility)),
		Participants: append(slices.Clone(f.Participants), c.Participant...), Answers: over(f.Answers, c.Answer), PreScreen: over(f.PreScreen, c.Prescreen),
		Technologies: f.technologies(), Scenarios: f.scenarios(), Anyway: c.Anyway || f.Anyway, Follows: idOf(or(c.Follows, f.Follows)),
	}
	if in.Title == "" {
		return fault.New(fault.Usage, "review.title", "Give a title with --title, or in the form with --file.")
	}
	d, err := client.Send[Detail](s, http.MethodPost, "/reviews", 0, in)
	return client.Show(s, d, err, c.JSON, printChanged)
}

// or returns the first of two texts that is not empty.
func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// over returns what is in base, and what is typed in its place or beside it.
func over(base, typed map[string]string) map[string]string {
	all := maps.Clone(base)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, typed)
	return all
}

// PrescreenCmd answers the pre-screen.
type PrescreenCmd struct {
	Answer map[string]string `help:"An answer; repeat for more." placeholder:"QUESTION=VALUE" mapsep:"none" api:"answers"`
	client.JSONFlag
}

// Run shows the questions or, with answers, the verdict.
func (c *PrescreenCmd) Run(s *client.Session) error {
	if len(c.Answer) == 0 {
		p, err := client.Get[kind.PreScreen](s, "/reviews/prescreen", nil)
		return client.Show(s, p, err, c.JSON, printPreScreen)
	}
	v, err := client.Send[kind.Verdict](s, http.MethodPost, "/reviews/prescreen", 0, PreScreenRequest{c.Answer})
	return client.Show(s, v, err, c.JSON, printVerdict)
}

// ListCmd lists reviews.
type ListCmd struct {
	Column  string `help:"A column of the board, open for all that are not done, or all." default:"open" enum:"open,all,incoming,back_orders,planned,in_progress,waiting,done" placeholder:"COLUMN" query:"column"`
	Kind    string `help:"Only of this kind." placeholder:"KIND" query:"kind"`
	Outcome string `help:"Only with this outcome." default:"" enum:",advice,approved,approved_with_conditions,not_approved,withdrawn,superseded,not_needed" placeholder:"OUTCOME" query:"outcome"`
	Quarter string `help:"Only those accepted for this quarter, such as 2026-Q4." placeholder:"QUARTER" query:"quarter"`
	Person  string `help:"Only those of this requester, owner, lead or reviewer; me for your own." placeholder:"LOGIN" query:"person"`
	Subject string `help:"Only about this subject, kind:name." placeholder:"SUBJECT" query:"subject"`
	Sort    string `help:"urgent or recent." default:"urgent" enum:"urgent,recent" placeholder:"ORDER" query:"sort"`
	client.Paging
	client.JSONFlag
}

// Run lists one page.
func (c *ListCmd) Run(s *client.Session) error {
	return client.List(s, "/reviews", c, c.JSON, []string{"ID", "COLUMN", "PRIORITY", "KIND", "CLOCK", "LEAD", "TITLE"}, reviewRow)
}

// BoardCmd shows the board.
type BoardCmd struct {
	Kind string `help:"Only of this kind." placeholder:"KIND" query:"kind"`
	client.JSONFlag
}

// Run shows the board.
func (c *BoardCmd) Run(s *client.Session) error {
	b, err := client.Get[Board](s, "/reviews/board", c)
	return client.Show(s, b, err, c.JSON, printBoard)
}

// ShowCmd shows one review.
type ShowCmd struct {
	named
	Assessment bool `help:"Print the written assessment alone, as Markdown; it is for those who take part."`
	client.JSONFlag
}

// Run shows the review, or its assessment.
func (c *ShowCmd) Run(s *client.Session) error {
	d, err := client.Get[Detail](s, client.Path("reviews", c.Review), nil)
	if err != nil || !c.Assessment {
		return client.Show(s, d, err, c.JSON, printReview)
	}
	if d.Assessment == nil {
		return fault.New(fault.NotFound, "review.no_assessment", "This review has no assessment, or you do not take part in it.")
	}
	return client.Show(s, *d.Assessment, nil, c.JSON, func(s *client.Session, a Assessment) error {
		s.Printf("%s\n", strings.TrimSpace(a.Text))
		return nil
	})
}

// EditCmd changes what a review is about.
type EditCmd struct {
	target
	Title       *string           `help:"A new title." placeholder:"TEXT"`
	Sketch      *string           `help:"What it is about, in a paragraph." placeholder:"TEXT"`
	Kind        *string           `help:"Another kind, or the present version of the same; answers that it does not ask for are dropped." placeholder:"KIND"`
	Owner       *string           `help:"Login or id of a new primary contact." placeholder:"LOGIN"`
	Visibility  *string           `help:"public, internal or restricted." placeholder:"VISIBILITY"`
	Participant []string          `help:"All who take part beside requester, owner and reviewers; repeat for more." placeholder:"person:LOGIN|group:NAME" sep:"none"`
	Answer      map[string]string `help:"An answer to a field of the form, empty to take it back; repeat for more. The others stay." placeholder:"FIELD=VALUE" mapsep:"none"`
	File        string            `help:"YAML or JSON file with what changes of the form: answers, technologies, scenarios. Lists replace those before. - reads standard input." placeholder:"FILE" api:"technologies,scenarios"`
}

// Run changes the review and shows what changed.
func (c *EditCmd) Run(s *client.Session) error {
	f, err := readForm(s, c.File)
	if err != nil {
		return err
	}
	if c.Title == nil && c.Sketch == nil && c.Kind == nil && c.Owner == nil && c.Visibility == nil && c.Participant == nil && len(c.Answer) == 0 && c.File == "" {
		return fault.New(fault.Usage, "review.nothing", "Say what to change: --title, --sketch, --answer, --file and others; see --help.")
	}
	in := EditInput{Title: c.Title, Sketch: c.Sketch, Kind: c.Kind, Owner: c.Owner, Answers: over(f.Answers, c.Answer)}
	for _, text := range []struct {
		into **string
		from string
	}{{&in.Title, f.Title}, {&in.Sketch, f.Sketch}, {&in.Kind, f.Kind}, {&in.Owner, f.Owner}} {
		if *text.into == nil && text.from != "" {
			*text.into = &text.from
		}
	}
	if v := f.Visibility; c.Visibility != nil || v != "" {
		if c.Visibility != nil {
			v = *c.Visibility
		}
		visibility := authz.Visibility(v)
		in.Visibility = &visibility
	}
	if c.Participant != nil || f.Participants != nil {
		all := append(slices.Clone(f.Participants), c.Participant...)
		in.Participants = &all
	}
	if all := f.technologies(); all != nil {
		in.Technologies = &all
	}
	if all := f.scenarios(); all != nil {
		in.Scenarios = &all
	}
	return c.send(s, http.MethodPatch, "", in)
}

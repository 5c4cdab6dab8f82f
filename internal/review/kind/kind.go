// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"portreeve.org/portreeve/internal/kernel/config"
)

// Force says what a review of a kind can stop.
type Force string

// The forces.
const (
	Advisory Force = "advisory" // never blocks anything: T240943 L82
	Required Force = "required" // the gate asks for its approval
)

// Forces returns every force. The slice is the caller's own.
func Forces() []Force { return []Force{Advisory, Required} }

// Type is what a field holds.
type Type string

// The types of fields. Answers are always text; the type says how it reads.
const (
	Line   Type = "line"   // one line
	Text   Type = "text"   // Markdown, several lines
	Date   Type = "date"   // YYYY-MM-DD; a month, quarter or year is taken and remarked
	YesNo  Type = "yes_no" // yes or no
	Choice Type = "choice" // one of the choices, by its value
	Link   Type = "link"   // one absolute http or https address
	Links  Type = "links"  // one a line: an address, and words about it
	Number Type = "number" // decimal digits, with a point if need be
	Person Type = "person" // a login, or a name
	List   Type = "list"   // one entry a line
)

// Types returns every type. The slice is the caller's own.
func Types() []Type {
	return []Type{Line, Text, Date, YesNo, Choice, Link, Links, Number, Person, List}
}

// Answers of the type YesNo.
const (
	Yes = "yes"
	No  = "no"
)

// Kind is one kind of review as an organisation defines it: what its form asks,
// how much its outcome weighs and who decides. It does not change after loading
// and may be used concurrently.
type Kind struct {
	Name          string          `yaml:"name" json:"name"` // slug, such as third-party-code
	Title         string          `yaml:"title" json:"title"`
	Summary       string          `yaml:"summary" json:"summary"`
	Force         Force           `yaml:"force" json:"force" enum:"advisory,required"`
	Sketch        bool            `yaml:"sketch" json:"sketch"`               // opens from one paragraph
	Technologies  bool            `yaml:"technologies" json:"technologies"`   // the form lists each new technology
	Scenarios     int             `yaml:"scenarios" json:"scenarios"`         // at least so many before it is scheduled
	SecondReader  bool            `yaml:"second_reader" json:"second_reader"` // somebody else reads the assessment too
	Opinions      []Opinion       `yaml:"opinions" json:"opinions,omitempty"` // collected from named assessors
	DecidedBy     string          `yaml:"decided_by" json:"decided_by,omitempty"`
	Lasts         config.Duration `yaml:"lasts" json:"lasts" doc:"how long an approval counts; 0: no end"`
	Effort        float64         `yaml:"effort" json:"effort"` // person-days planned by default
	Skills        []string        `yaml:"skills" json:"skills,omitempty"`
	Sections      []Section       `yaml:"sections" json:"sections" nullable:"false"`
	config.Source `yaml:",inline"`
}

// Opinion is an aspect that a named assessor gives a verdict on.
type Opinion struct {
	Aspect   string `yaml:"aspect" json:"aspect"` // slug, such as legal
	Title    string `yaml:"title" json:"title"`
	Guidance string `yaml:"guidance" json:"guidance,omitempty"` // Markdown
	Cites    string `yaml:"cites" json:"cites,omitempty"`
}

// Section is a part of a form.
type Section struct {
	Title   string  `yaml:"title" json:"title"`
	Summary string  `yaml:"summary" json:"summary,omitempty"`
	Cites   string  `yaml:"cites" json:"cites,omitempty"`
	Fields  []Field `yaml:"fields" json:"fields" nullable:"false"`
}

// Field is one question of a form.
type Field struct {
	Name     string     `yaml:"name" json:"name"` // slug with underscores, such as target_date
	Label    string     `yaml:"label" json:"label"`
	Type     Type       `yaml:"type" json:"type" enum:"line,text,date,yes_no,choice,link,links,number,person,list"`
	Required bool       `yaml:"required" json:"required"` // its absence falls short, if it is asked
	Choices  []Option   `yaml:"choices" json:"choices,omitempty"`
	When     *Condition `yaml:"when" json:"when,omitempty"`         // asked only if it holds; nil: always
	Guidance string     `yaml:"guidance" json:"guidance,omitempty"` // what is wanted, and why
	Example  string     `yaml:"example" json:"example,omitempty"`   // a good answer
	Weak     []Weak     `yaml:"weak" json:"weak,omitempty"`         // remarked here, beyond the general ones
	Cites    string     `yaml:"cites" json:"cites,omitempty"`       // where it comes from, if not from what the kind cites
}

// Option is one of the values of a choice.
type Option struct {
	Value string `yaml:"value" json:"value"` // slug
	Label string `yaml:"label" json:"label"`
}

// Condition is about one earlier field of the form, or one question of the
// pre-screen, of type yes_no or choice: exactly one of Field and Question is set.
// It holds if that was asked and answered, with a value of Is or with none of Not;
// exactly one of Is and Not is given. Without an answer it does not hold.
type Condition struct {
	Field    string   `yaml:"field" json:"field,omitempty"`
	Question string   `yaml:"question" json:"question,omitempty"`
	Is       []string `yaml:"is" json:"is,omitempty"`
	Not      []string `yaml:"not" json:"not,omitempty"`
}

// State is how far the choice of a technology has come.
type State string

// The states of a technology.
const (
	Candidate State = "candidate"
	Chosen    State = "chosen"
	Dropped   State = "dropped"
)

// States returns every state. The slice is the caller's own.
func States() []State { return []State{Candidate, Chosen, Dropped} }

// Technology is one that a project brings in.
type Technology struct {
	Name     string `json:"name" maxLength:"200"`
	Replaces string `json:"replaces,omitempty" maxLength:"300" doc:"what it takes the place of; nothing, if it is an addition"`
	State    State  `json:"state" enum:"candidate,chosen,dropped"`
	Owner    string `json:"owner,omitempty" maxLength:"200" doc:"who runs and updates it"`
}

// Scenario is one way in which somebody uses the project.
type Scenario struct {
	Title string `json:"title" maxLength:"200"`
	Who   string `json:"who,omitempty" maxLength:"300" doc:"who does it, and what they may do already"`
	Steps string `json:"steps,omitempty" maxLength:"10000" doc:"what happens, one step a line"`
	Trust string `json:"trust,omitempty" maxLength:"4000" doc:"where data or control passes to what is trusted more or less, and why that is safe"`
}

// PreScreenKey is the key under which the answer to a question of the pre-screen
// stands among the answers that [Kind.Asked] and [Kind.Shortfalls] take. No field
// has such a name.
func PreScreenKey(question string) string { return "prescreen." + question }

// WithPreScreen returns the answers of a form together with those of the
// pre-screen, which a condition may look at. Neither map is changed.
func WithPreScreen(answers, preScreen map[string]string) map[string]string {
	all := make(map[string]string, len(answers)+len(preScreen))
	for name, text := range answers {
		all[name] = text
	}
	for name, text := range preScreen {
		all[PreScreenKey(name)] = text
	}
	return all
}

// Fields returns the fields of all sections in their order.
func (k *Kind) Fields() []Field {
	var all []Field
	for _, s := range k.Sections {
		all = append(all, s.Fields...)
	}
	return all
}

// Field returns the field of that name.
func (k *Kind) Field(name string) (Field, bool) {
	for _, s := range k.Sections {
		for _, f := range s.Fields {
			if f.Name == name {
				return f, true
			}
		}
	}
	return Field{}, false
}

// ChoiceLabel returns what a value of the field is called, and the value itself if
// the field does not offer it.
func (f Field) ChoiceLabel(value string) string {
	for _, c := range f.Choices {
		if c.Value == value {
			return c.Label
		}
	}
	return value
}

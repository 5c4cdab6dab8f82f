// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"slices"

	"portreeve.org/portreeve/internal/kernel/config"
)

// Result is what the pre-screen says.
type Result string

// The results.
const (
	Needed    Result = "needed"     // a review is needed, of the kinds that the rule names
	NotNeeded Result = "not_needed" // none is, and the record says why
	Advice    Result = "advice"     // not yet, or nobody can say: early advice is offered
)

// Results returns every result. The slice is the caller's own.
func Results() []Result { return []Result{Needed, NotNeeded, Advice} }

// PreScreen is a few questions, and the rules that say from the answers whether a
// review is needed. It does not change after loading and may be used concurrently.
type PreScreen struct {
	Questions []Question `yaml:"questions" json:"questions" nullable:"false"`
	Rules     []Rule     `yaml:"rules" json:"rules" nullable:"false"`
	Otherwise Rule       `yaml:"otherwise" json:"otherwise"` // if no rule holds; it has no condition
}

// Question is one of the pre-screen.
type Question struct {
	Name    string   `yaml:"name" json:"name"`
	Label   string   `yaml:"label" json:"label"`
	Help    string   `yaml:"help" json:"help,omitempty"`
	Type    Type     `yaml:"type" json:"type" enum:"yes_no,choice"`
	Choices []Option `yaml:"choices" json:"choices,omitempty"`
}

// Rule says what follows when all of its conditions hold, which are about questions.
type Rule struct {
	Name          string      `yaml:"name" json:"name"` // slug
	When          []Condition `yaml:"when" json:"when,omitempty"`
	Result        Result      `yaml:"result" json:"result" enum:"needed,not_needed,advice"`
	Kinds         []string    `yaml:"kinds" json:"kinds,omitempty"` // suggested, by name
	Because       string      `yaml:"because" json:"because"`       // sentences for the requester
	config.Source `yaml:",inline"`
}

// Verdict is what the first rule that holds says, and what others add.
type Verdict struct {
	Result  Result     `json:"result" enum:"needed,not_needed,advice"`
	Kinds   []string   `json:"kinds,omitempty"`
	Because string     `json:"because"`
	Rule    int        `json:"rule" doc:"its place among the rules, from 0; -1: none held"`
	Name    string     `json:"name" doc:"name of the rule"`
	From    []Said     `json:"from,omitempty" doc:"the answers that the rule looked at"`
	Also    []Addition `json:"also,omitempty" doc:"what later rules of the same result add"`
}

// Said is an answer to a question of the pre-screen, with what both are called.
type Said struct {
	Question string `json:"question"`
	Label    string `json:"label" doc:"the question as it is asked"`
	Answer   string `json:"answer"`
	Text     string `json:"text" doc:"the answer as it is offered"`
}

// For returns why the verdict names a kind: the reason, and the answers that it
// follows from. It is false for a kind that the verdict does not name.
func (v Verdict) For(name string) (because string, from []Said, named bool) {
	if slices.Contains(v.Kinds, name) {
		return v.Because, v.From, true
	}
	for _, also := range v.Also {
		if slices.Contains(also.Kinds, name) {
			return also.Because, also.From, true
		}
	}
	return "", nil, false
}

// Named returns all kinds that the verdict names, those of the first rule first.
func (v Verdict) Named() []string {
	all := slices.Clone(v.Kinds)
	for _, also := range v.Also {
		all = append(all, also.Kinds...)
	}
	return all
}

// Addition is what a later rule with the same result adds to a verdict: a new
// service that somebody else hosts needs two reviews.
type Addition struct {
	Rule    int      `json:"rule"`
	Name    string   `json:"name"`
	Kinds   []string `json:"kinds"`
	Because string   `json:"because"`
	From    []Said   `json:"from,omitempty" doc:"the answers that the rule looked at"`
}

// SPDX-License-Identifier: Apache-2.0

package kind

import "portreeve.org/portreeve/internal/kernel/config"

// Where says at which places of an answer the words of a [Weak] count. Case and
// spaces never count, and words are whole words.
type Where string

// The places. The empty one is Whole.
const (
	Whole    Where = "whole"    // they are all of the answer
	Edge     Where = "edge"     // a clause begins or ends with them
	Anywhere Where = "anywhere" // they stand in it
)

// Places returns every place. The slice is the caller's own.
func Places() []Where { return []Where{Whole, Edge, Anywhere} }

// Weak are words that do not pass unremarked in an answer, and why: "None,
// hopefully" says that somebody hopes, not what is so.
type Weak struct {
	Words   []string `yaml:"words" json:"words" nullable:"false"`
	Where   Where    `yaml:"where" json:"where,omitempty" enum:"whole,edge,anywhere"`
	Because string   `yaml:"because" json:"because"` // a sentence for the requester
}

// WeakAnswers are those that count in every form.
type WeakAnswers struct {
	Answers       []Weak `yaml:"answers" json:"answers" nullable:"false"`
	config.Source `yaml:",inline"`
}

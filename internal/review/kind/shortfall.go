// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"fmt"
	"slices"
	"strings"
)

// The codes of a [Shortfall].
const (
	ShortMissing    = "missing"             // a field that must be answered is not
	ShortWeak       = "weak"                // words that do not pass unremarked
	ShortQuestion   = "question_mark"       // the answer is a question
	ShortDate       = "vague_date"          // a period instead of a day
	ShortLink       = "no_link"             // words instead of an address
	ShortTechnology = "no_technology"       // none is listed
	ShortReplaces   = "technology_replaces" // it is not said what one replaces
	ShortOwner      = "technology_owner"    // it is not said who runs one
	ShortScenario   = "no_scenario"         // fewer whole scenarios than the kind wants
	ShortIncomplete = "scenario_incomplete" // one does not say who, which steps or which trust changes
)

// The fields that a shortfall about a list names. A form may have no field of these
// names.
const (
	FieldTechnologies = "technologies"
	FieldScenarios    = "scenarios"
)

const (
	labelTechnologies = "New technologies"
	labelScenarios    = "User scenarios"
)

// Shortfall is what an answer lacks. It refuses nothing: it is shown to the
// requester while writing, and to the triager who may hold the review not ready.
type Shortfall struct {
	Field   string `json:"field" doc:"name of the field; technologies or scenarios for those lists"`
	Label   string `json:"label"`
	Code    string `json:"code"`
	Message string `json:"message"` // sentences
}

// Shortfalls lists what falls short in a request of the kind: the fields in their
// order, then technologies, then scenarios. Only what is asked given the answers
// counts; weak are the words that count in every form. Nobody is refused for it.
func (k *Kind) Shortfalls(answers map[string]string, technologies []Technology, scenarios []Scenario, weak []Weak) []Shortfall {
	var all []Shortfall
	for _, f := range k.Asked(answers) {
		all = append(all, f.shortfalls(answers[f.Name], weak)...)
	}
	if k.Technologies {
		all = append(all, lackOfTechnologies(technologies, weak)...)
	}
	return append(all, k.lackOfScenarios(scenarios, weak)...)
}

func (f Field) short(code, message string, args ...any) Shortfall {
	return Shortfall{Field: f.Name, Label: f.Label, Code: code, Message: fmt.Sprintf(message, args...)}
}

// shortfalls says what one answer lacks.
func (f Field) shortfalls(answer string, weak []Weak) []Shortfall {
	said := clauses(answer)
	switch {
	case len(said) == 0 && f.Required: // signs alone say nothing either
		return []Shortfall{f.short(ShortMissing, "This is not answered.")}
	case len(said) == 0:
		return nil
	case f.Type == Date && isPeriod(strings.TrimSpace(answer)):
		return []Shortfall{f.short(ShortDate, "This is a period, not a day; nobody can plan for it. Name the day, or the earliest one.")}
	case !slices.Contains([]Type{Line, Text, Links, List, Person}, f.Type):
		return nil
	}
	var all []Shortfall
	if s, found := f.remark(said, slices.Concat(f.Weak, weak)); found {
		all = append(all, s)
	}
	if f.leavesOpen(answer) {
		all = append(all, f.short(ShortQuestion, "This is a question, not an answer. Say what is known, and who decides the rest."))
	}
	if f.Type == Links && !slices.ContainsFunc(strings.Fields(answer), pointsSomewhere) {
		all = append(all, f.short(ShortLink, "No address is given. Name the page, so that others can read it."))
	}
	return all
}

// remark returns the first remark on words that do not pass.
func (f Field) remark(said [][]string, weak []Weak) (Shortfall, bool) {
	for _, w := range weak {
		if phrase, found := w.in(said); found {
			return f.short(ShortWeak, "This says “%s”. %s", phrase, w.Because), true
		}
	}
	return Shortfall{}, false
}

// leavesOpen reports whether the answer, or a line of a list, ends in a question.
func (f Field) leavesOpen(answer string) bool {
	if f.Type == List || f.Type == Links {
		return slices.ContainsFunc(strings.Split(answer, "\n"), asks)
	}
	return asks(answer)
}

// pointsSomewhere reports whether a word is an address, in brackets or not.
func pointsSomewhere(word string) bool {
	if i := strings.Index(word, "http"); i > 0 {
		word = word[i:]
	}
	return isLink(strings.TrimRight(word, ",.;:!?)>]\"'"))
}

// lackOfTechnologies says what is not known of the technologies that come in. One
// that was dropped needs neither.
func lackOfTechnologies(all []Technology, weak []Weak) []Shortfall {
	list := Field{Name: FieldTechnologies, Label: labelTechnologies, Type: Line}
	var short []Shortfall
	left := 0
	for _, t := range all {
		if t.State == Dropped {
			continue
		}
		left++
		for _, part := range []struct{ code, text, missing string }{
			{ShortReplaces, t.Replaces, "does not say what it replaces; if it is an addition, say so"},
			{ShortOwner, t.Owner, "does not say who runs and updates it"},
		} {
			if why := part.missing; len(clauses(part.text)) == 0 {
				short = append(short, list.short(part.code, "%s %s.", t.Name, why))
			} else if lacking := list.shortfalls(part.text, weak); len(lacking) > 0 {
				short = append(short, list.short(part.code, "%s: %s", t.Name, lacking[0].Message))
			}
		}
	}
	if left == 0 {
		return []Shortfall{list.short(ShortTechnology, "No technology is listed. Name each that comes in, what it replaces, how far its choice is and who runs it.")}
	}
	return short
}

// lackOfScenarios says what is missing until there are as many whole scenarios as
// the kind wants. One that is not whole is remarked even beyond them.
func (k *Kind) lackOfScenarios(all []Scenario, weak []Weak) []Shortfall {
	list := Field{Name: FieldScenarios, Label: labelScenarios, Type: Text}
	var short []Shortfall
	whole := 0
	for _, s := range all {
		var lacking []string
		for _, part := range []struct{ text, name string }{{s.Who, "who does it"}, {s.Steps, "the steps"}, {s.Trust, "which trust changes"}} {
			if len(clauses(part.text)) == 0 || len(list.shortfalls(part.text, weak)) > 0 {
				lacking = append(lacking, part.name)
			}
		}
		if len(lacking) == 0 {
			whole++
			continue
		}
		short = append(short, list.short(ShortIncomplete, "“%s” does not say for certain: %s.", s.Title, strings.Join(lacking, ", ")))
	}
	if whole < k.Scenarios {
		short = append(short, list.short(ShortScenario, "%d of %d scenarios are whole. Write who does what step by step, and where data or control passes to what is trusted less.", whole, k.Scenarios))
	}
	return short
}

// Parts returns what a person may find to fall short in a request of the kind, by
// name, each with what it is called: the fields of the form, asked or not, and what
// every request has. The map is the caller's own.
func (k *Kind) Parts() map[string]string {
	all := map[string]string{"title": "Title", "sketch": "Sketch", FieldTechnologies: labelTechnologies, FieldScenarios: labelScenarios}
	for _, f := range k.Fields() {
		all[f.Name] = f.Label
	}
	return all
}

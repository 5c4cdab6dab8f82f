// SPDX-License-Identifier: Apache-2.0

package kind

import (
	"slices"
	"strings"
)

// key is where the answer stands that the condition looks at.
func (c Condition) key() string {
	if c.Question != "" {
		return PreScreenKey(c.Question)
	}
	return c.Field
}

// holds reports whether the condition holds for an answer; the empty one is none.
func (c Condition) holds(answer string) bool {
	answer = strings.TrimSpace(answer)
	switch {
	case answer == "":
		return false
	case len(c.Is) > 0:
		return slices.Contains(c.Is, answer)
	}
	return !slices.Contains(c.Not, answer)
}

// Asked returns the fields that are asked given the answers, in their order. An
// answer to a field that is not asked counts as none.
func (k *Kind) Asked(answers map[string]string) []Field {
	var all []Field
	for _, s := range k.Form(answers) {
		all = append(all, s.Fields...)
	}
	return all
}

// Form returns the sections with the fields that are asked given the answers,
// without sections that ask nothing.
func (k *Kind) Form(answers map[string]string) []Section {
	asked := map[string]bool{}
	var form []Section
	for _, s := range k.Sections {
		var fields []Field
		for _, f := range s.Fields {
			if f.When != nil && !(f.When.Question != "" || asked[f.When.Field]) {
				continue
			}
			if f.When == nil || f.When.holds(answers[f.When.key()]) {
				asked[f.Name] = true
				fields = append(fields, f)
			}
		}
		if len(fields) > 0 {
			s.Fields = fields
			form = append(form, s)
		}
	}
	return form
}

// values returns what an answer of the type may be, nil if that is no list.
func values(t Type, choices []Option) []string {
	switch t {
	case YesNo:
		return []string{Yes, No}
	case Choice:
		all := make([]string, len(choices))
		for i, c := range choices {
			all[i] = c.Value
		}
		return all
	default:
		return nil
	}
}

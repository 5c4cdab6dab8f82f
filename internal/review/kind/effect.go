// SPDX-License-Identifier: Apache-2.0

package kind

import "strings"

// Kept is an answer of a draft that a newer version of its kind has no place for.
// Its text is not lost: whoever moves the draft shows it, to be copied.
type Kept struct {
	Field string `json:"field"`
	Label string `json:"label"` // as the old version called it
	Text  string `json:"text"`
	Why   string `json:"why"` // a sentence
}

// Effect is what moving a draft to another version of its kind does to it.
type Effect struct {
	Fits     []string `json:"fits,omitempty" doc:"fields whose answer stands as it is"`
	Reworded []string `json:"reworded,omitempty" doc:"those of them that ask in other words now"`
	Lost     []Kept   `json:"lost,omitempty" doc:"answers without a place in the new form"`
	Asked    []string `json:"asked,omitempty" doc:"fields that are asked now, were not before, and have no answer"`
	Required []string `json:"required,omitempty" doc:"those without an answer that must be answered now and did not have to be before"`
}

// Compare says what becomes of a draft's answers, given under old, under new. The
// answers are of the form and of the pre-screen, as [Kind.Asked] takes them.
func Compare(old, new *Kind, answers map[string]string) Effect {
	before, now := byName(old.Asked(answers)), byName(new.Asked(answers))
	var e Effect
	for _, f := range old.Fields() {
		_, shown := before[f.Name]
		if text := strings.TrimSpace(answers[f.Name]); text != "" {
			e.place(f, shown, new, now, text)
		}
	}
	for _, f := range new.Asked(answers) {
		if strings.TrimSpace(answers[f.Name]) != "" {
			continue
		}
		was, asked := before[f.Name]
		if !asked {
			e.Asked = append(e.Asked, f.Name)
		}
		if f.Required && !(asked && was.Required) {
			e.Required = append(e.Required, f.Name)
		}
	}
	return e
}

func byName(fields []Field) map[string]Field {
	all := map[string]Field{}
	for _, f := range fields {
		all[f.Name] = f
	}
	return all
}

// place says what becomes of the answer to a field of the old version, which showed
// it or not.
func (e *Effect) place(was Field, shown bool, new *Kind, asked map[string]Field, text string) {
	lost := func(why string) { e.Lost = append(e.Lost, Kept{was.Name, was.Label, text, why}) }
	is, known := new.Field(was.Name)
	if !known {
		lost("The form has no such field any more.")
		return
	}
	if _, message := is.check(text); message != "" {
		lost("The answer does not fit any more. " + message)
		return
	}
	switch _, shows := asked[was.Name]; {
	case shown && !shows:
		lost("This is not asked any more, given the other answers.")
		return
	case !shows:
		return // it did not count before either
	}
	e.Fits = append(e.Fits, was.Name)
	if was.Label != is.Label || was.Guidance != is.Guidance {
		e.Reworded = append(e.Reworded, was.Name)
	}
}

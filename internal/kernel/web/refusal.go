// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"html/template"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// refusal is the box above a form that was sent and refused.
type refusal struct {
	Fault   *fault.Error
	Fields  []fieldError
	Blocked Blocked
}

type fieldError struct{ ID, Label, Message string }

// label is a field as it was rendered.
type label struct{ name, text string }

// Placeholder stands where the box will be: it names the wrong fields by their
// labels and links to them, and these are known only after the form's fields
// have been rendered.
func (f *Form) Placeholder() template.HTML {
	if f.refusal == nil {
		return ""
	}
	return template.HTML("<!--refusal " + f.prefix + "-->")
}

// wrong lists the wrong fields in the order of the page, and after them those
// that the page does not show.
func (f *Form) wrong() []fieldError {
	var lines []fieldError
	for _, l := range f.labels {
		if e, ok := f.errs[l.name]; ok {
			lines = append(lines, fieldError{ID: f.prefix + l.name, Label: l.text, Message: e.Message})
		}
	}
	for _, name := range f.order {
		if !slices.ContainsFunc(f.labels, func(l label) bool { return l.name == name }) {
			lines = append(lines, fieldError{Message: f.errs[name].Message})
		}
	}
	return lines
}

// fillRefusals puts the boxes into a finished page.
func (r *renderer) fillRefusals(page *bytes.Buffer, view *View) error {
	for _, f := range view.given {
		if f.refusal == nil {
			continue
		}
		box := refusal{Fault: f.refusal, Blocked: Blocked{Items: f.refusal.Blockers}}
		box.Fields = f.wrong()
		var out strings.Builder
		if err := r.components.ExecuteTemplate(&out, "refusal", box); err != nil {
			return err
		}
		filled := bytes.Replace(page.Bytes(), []byte(f.Placeholder()), []byte(out.String()), 1)
		page.Reset()
		page.Write(filled)
	}
	return nil
}

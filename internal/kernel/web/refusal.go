// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"html/template"
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

// Placeholder stands where the box will be: it names the wrong fields by their
// labels and links to them, and these are known only after the form's fields
// have been rendered.
func (f *Form) Placeholder() template.HTML {
	if f.refusal == nil {
		return ""
	}
	return template.HTML("<!--refusal " + f.prefix + "-->")
}

// fillRefusals puts the boxes into a finished page.
func (r *renderer) fillRefusals(page *bytes.Buffer, view *View) error {
	for _, f := range view.given {
		if f.refusal == nil {
			continue
		}
		box := refusal{Fault: f.refusal, Blocked: Blocked{Items: f.refusal.Blockers}}
		for _, name := range f.order {
			line := fieldError{Message: f.errs[name].Message}
			if label, rendered := f.labels[name]; rendered {
				line.ID, line.Label = f.prefix+name, label
			}
			box.Fields = append(box.Fields, line)
		}
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

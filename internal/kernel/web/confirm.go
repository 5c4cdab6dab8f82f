// SPDX-License-Identifier: Apache-2.0

package web

import "net/http"

// Confirm asks before an act, on a page of its own, so that it works without
// JavaScript. The form is sent to Action.
type Confirm struct {
	Title        string
	Lead         string
	Consequences []any                 // what will happen, one line each
	Fields       func(f *Form) []Field // above the buttons; may be nil
	Action       string
	Button       string
	Danger       bool
	Cancel       string // where to go instead
}

// Inputs returns the fields for a form; it is for the template.
func (q Confirm) Inputs(f *Form) []Field {
	if q.Fields == nil {
		return nil
	}
	return q.Fields(f)
}

// Confirm answers with the question. If the act is refused, the handler of
// Action shows it again: c.Again(err, web.ConfirmPage, question).
func (c *Ctx) Confirm(q Confirm) error { return c.Render(http.StatusOK, ConfirmPage, q) }

// ConfirmPage is the page that Confirm renders.
const ConfirmPage = "web/confirm"

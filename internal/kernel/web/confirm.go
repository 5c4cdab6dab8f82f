// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"

	"portreeve.org/portreeve/internal/kernel/authz"
)

// Confirm asks before an act, on a page of its own, so that it works without
// JavaScript. The form is sent to Action.
type Confirm struct {
	Title        string
	Lead         string
	Consequences []any                 // what will happen, one line each
	Fields       func(f *Form) []Field // above the buttons; may be nil
	Action       string                // a [ConfirmPage] knows it
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

// Confirm answers with the question, of an act that is not a [ConfirmPage].
func (c *Ctx) Confirm(q Confirm) error { return c.Render(http.StatusOK, confirmTemplate, q) }

const confirmTemplate = "web/confirm"

// ConfirmPage is the page that asks before an act on a D: a [FormPage] that shows
// a question. In is what the question asks for besides yes; [None] if nothing.
type ConfirmPage[D, In any] struct {
	Path     string       // pattern of the page, and of the address that it is sent to
	Action   authz.Action // of both
	Load     func(c *Ctx) (D, error)
	Open     func(c *Ctx, d D) error // why there is nothing to ask now; nil: there always is
	Version  func(d D) int64
	Question func(c *Ctx, d D) Confirm
	Read     func(c *Ctx, d D, f *Form) In // nil: [Bind]
	Do       func(c *Ctx, d D, version int64, in In) (Next, error)
}

// None is what is read from a form without fields.
type None struct{}

// Register adds the page's routes.
func (p ConfirmPage[D, In]) Register(m *Mux) {
	FormPage[D, In]{
		Path: p.Path, Action: p.Action, Page: confirmTemplate, Load: p.Load, Open: p.Open, Version: p.Version, Read: p.Read, Do: p.Do,
		View: func(c *Ctx, d D, _ *Form) (any, error) {
			q := p.Question(c, d)
			q.Action = addressOf(c, p.Path)
			return q, nil
		},
	}.Register(m)
}

// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// FormPage is a page with one form: what it is about (a D), what it shows and is
// filled with, what is read from it (an In), what that does, and where it leads.
// Only an action, Page and Do are always needed.
//
// The order is the same for each form, and is kept here alone: what the form is
// about is loaded, which answers ItemNotFound to whoever may not see it and
// Forbidden to whoever may not change it; then the version that the form was
// filled from and its fields are read; and only if nothing is wrong with them
// Do is called. Whatever fails after Load shows the form again, with all that was
// typed, the reasons at their fields and, after a stale edit, what is saved now.
type FormPage[D, In any] struct {
	Path   string       // pattern of the form's page, as "/notes/{id}/edit"; "": another page shows the form
	Sends  string       // pattern of the address that it is sent to; "": Path
	Action authz.Action // of both
	Public string       // why anyone may, instead of Action
	Page   string       // the template

	Load    func(c *Ctx) (D, error)                 // nil: it is about nothing
	Open    func(c *Ctx, d D) error                 // why the page cannot be opened now; nil: it always can
	Version func(d D) int64                         // what a change is based on; nil: nothing is overwritten
	Values  func(c *Ctx, d D) url.Values            // what is saved now, without the version; nil: nothing
	View    func(c *Ctx, d D, f *Form) (any, error) // the template's data, f nil before anything was sent; nil: d

	Redraw []string // names of buttons that only show the form again, with one more row or a preview
	Part   string   // block of the template that htmx gets for that; "": the page

	Read func(c *Ctx, d D, f *Form) In // what is wrong stays in f; nil: [Bind]
	Do   func(c *Ctx, d D, version int64, in In) (Next, error)
}

// Next is the answer to a form that was carried out. Where it leads nowhere, as
// with a secret that is shown once, it renders a page.
type Next func(c *Ctx) error

// To goes on to a page of this server and shows a message there; see [Ctx.Flash].
func To(path, key string, args ...any) Next {
	return func(c *Ctx) error {
		c.Flash(key, args...)
		return c.SeeOther(path)
	}
}

// ToPart is [To] for one part of a page, the element with that id.
func ToPart(path, id, key string, args ...any) Next {
	return func(c *Ctx) error {
		c.Flash(key, args...)
		return c.seeOther(path, id)
	}
}

// Register adds the form's routes.
func (p FormPage[D, In]) Register(m *Mux) {
	if p.Sends == "" {
		p.Sends = p.Path
	}
	if p.Path != "" {
		p.route(m, "GET "+p.Path, p.show)
	}
	p.route(m, "POST "+p.Sends, p.post)
}

func (p FormPage[D, In]) route(m *Mux, pattern string, h func(*Ctx) error) {
	if p.Public != "" {
		m.Public(pattern, p.Public, h)
		return
	}
	m.Page(pattern, p.Action, h)
}

// Prefill fills in the form on the page of another handler.
func (p FormPage[D, In]) Prefill(c *Ctx, d D) { c.Prefill(addressOf(c, p.Sends), p.values(c, d)) }

func (p FormPage[D, In]) load(c *Ctx) (d D, err error) {
	if p.Load == nil {
		return d, nil
	}
	return p.Load(c)
}

func (p FormPage[D, In]) view(c *Ctx, d D, f *Form) (any, error) {
	if p.View == nil {
		return d, nil
	}
	return p.View(c, d, f)
}

// values is what the form starts from: what is saved, and its version.
func (p FormPage[D, In]) values(c *Ctx, d D) url.Values {
	values := url.Values{}
	if p.Values != nil {
		values = p.Values(c, d)
	}
	if p.Version != nil {
		values.Set(fieldVersion, strconv.FormatInt(p.Version(d), 10))
	}
	return values
}

func (p FormPage[D, In]) show(c *Ctx) error {
	d, err := p.load(c)
	if err != nil {
		return err
	}
	if p.Open != nil {
		if err := p.Open(c, d); err != nil {
			return err
		}
	}
	v, err := p.view(c, d, nil)
	if err != nil {
		return err
	}
	p.Prefill(c, d)
	return c.Render(http.StatusOK, p.Page, v)
}

func (p FormPage[D, In]) post(c *Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	d, err := p.load(c)
	if err != nil {
		return err
	}
	for _, button := range p.Redraw {
		if f.Bool(button) {
			return p.redraw(c, d, f)
		}
	}
	next, err := p.act(c, d, f)
	if err != nil {
		return p.again(c, d, f, err)
	}
	return next(c)
}

// act reads the form and carries it out.
func (p FormPage[D, In]) act(c *Ctx, d D, f *Form) (Next, error) {
	var version int64
	if p.Version != nil {
		version = f.Version()
	}
	var in In
	if p.Read != nil {
		in = p.Read(c, d, f)
	} else {
		Bind(f, &in)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return p.Do(c, d, version, in)
}

// again shows a form that was refused. After a stale edit it is about what is
// saved now, not about what was when the request came.
func (p FormPage[D, In]) again(c *Ctx, d D, f *Form, err error) error {
	if fault.Is(err, fault.Stale) {
		now, missing := p.load(c)
		if missing != nil {
			return missing
		}
		d = now
		f.SetCurrent(p.values(c, d))
	}
	v, missing := p.view(c, d, f)
	if missing != nil {
		return missing
	}
	return c.Again(f.placed(err), p.Page, v)
}

// redraw shows the form with what was typed and changes nothing.
func (p FormPage[D, In]) redraw(c *Ctx, d D, f *Form) error {
	v, err := p.view(c, d, f)
	if err != nil {
		return err
	}
	if c.Partial() && p.Part != "" {
		return c.Fragment(http.StatusOK, p.Page, p.Part, v)
	}
	return c.Render(http.StatusOK, p.Page, v)
}

// addressOf fills the {names} of a pattern from the request's path.
func addressOf(c *Ctx, pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			parts[i] = url.PathEscape(c.Path(strings.TrimSuffix(name, "}")))
		}
	}
	return strings.Join(parts, "/")
}

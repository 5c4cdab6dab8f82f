// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

// Ctx is one request to a page and its answer. It belongs to one goroutine.
type Ctx struct {
	W     http.ResponseWriter
	R     *http.Request
	Actor authz.Actor

	mux   *Mux
	route *route
	body  io.Reader        // the request's body without the limit, for draining
	form  *Form            // the parsed body
	forms map[string]*Form // by action, for rendering
	flash []Message
	alert *fault.Error
	back  string      // see BackTo
	key   *ledger.Key // of the form's submission
}

// Context returns the request's context; it carries the actor and, once Form was
// called, the submission.
func (c *Ctx) Context() context.Context { return c.R.Context() }

// Path returns the value of a {name} in the pattern.
func (c *Ctx) Path(name string) string { return c.R.PathValue(name) }

// Query returns a query parameter, or "" if it is absent or absurdly long.
func (c *Ctx) Query(name string) string {
	v := c.R.URL.Query().Get(name)
	if len(v) > 1000 {
		return ""
	}
	return v
}

// Can reports whether the actor may do action at all; for showing a button.
// The action's own handler checks again.
func (c *Ctx) Can(action authz.Action) bool { return c.mux.deps.Policy.Allowed(c.Actor, action) }

// Now returns domain time, for what a page says about "in three days".
func (c *Ctx) Now() time.Time { return c.mux.deps.Clock.Domain() }

// Location is the zone of the dates that people read and enter.
func (c *Ctx) Location() *time.Location { return c.mux.deps.Location }

// Text returns a message of the catalogue.
func (c *Ctx) Text(key string, args ...any) string {
	return c.mux.render.messages.text(Msg(key, args...))
}

// Partial reports whether htmx asks for a part of a page rather than a page.
func (c *Ctx) Partial() bool {
	return c.R.Header.Get("HX-Request") == "true" && c.R.Header.Get("HX-Request-Type") != "full" && c.R.Header.Get("HX-Boosted") != "true"
}

// Render answers with a page: "risk/register" is templates/register.html of the
// package registered as "risk". Data is .Data in the template.
func (c *Ctx) Render(status int, page string, data any) error {
	return c.execute(status, page, "layout", data)
}

// Fragment answers with one block of a page's template, for htmx.
func (c *Ctx) Fragment(status int, page, block string, data any) error {
	return c.execute(status, page, block, data)
}

func (c *Ctx) execute(status int, page, block string, data any) error {
	if c.R.Method == http.MethodGet && block == "layout" {
		if err := c.Draft(); err != nil {
			return err
		}
	}
	view := c.view(data)
	var out bytes.Buffer
	if err := c.mux.render.execute(&out, page, block, view); err != nil {
		return err
	}
	if err := c.mux.render.fillRefusals(&out, view); err != nil {
		return err
	}
	if len(view.Flash) > 0 {
		http.SetCookie(c.W, goneCookie(flashCookie))
	}
	varyByHTMX(c.W.Header())
	c.W.Header().Set("Content-Type", "text/html; charset=utf-8")
	c.W.WriteHeader(status)
	if _, err := out.WriteTo(c.W); err != nil {
		c.log().Info("response not delivered", "error", err)
	}
	return nil
}

// SeeOther answers a successful POST: the browser goes on to path, so that a
// reload does not send the form again. Path must be on this server.
func (c *Ctx) SeeOther(path string) error { return c.seeOther(path, "") }

// seeOther goes on to the element with that id on the page, or to all of it.
func (c *Ctx) seeOther(path, id string) error {
	path = LocalPath(path)
	if len(c.flash) > 0 {
		http.SetCookie(c.W, hostCookie(flashCookie, encodeFlash(c.flash), time.Time{}))
	}
	c.settle(http.StatusSeeOther, path)
	if id != "" {
		path += "#" + url.PathEscape(id)
	}
	c.redirect(http.StatusSeeOther, path)
	return nil
}

func (c *Ctx) redirect(status int, path string) {
	c.W.Header().Set("Location", path)
	c.W.WriteHeader(status)
}

// Flash shows a message on the next page; the key is one of the catalogue.
func (c *Ctx) Flash(key string, args ...any) {
	c.flash = append(c.flash, Msg(key, args...))
}

// Again answers a form that could not be saved: the page is shown once more with
// everything that was entered, the reasons, and err's status. Nothing that a
// person typed is lost, whatever went wrong. Data is made as for Render. Errors
// that leave no page to show, NotFound and Unauthenticated, are passed on.
func (c *Ctx) Again(err error, page string, data any) error {
	if c.repeated(err) {
		return nil
	}
	f := fault.From(err)
	if f == nil || f.Kind == fault.NotFound || f.Kind == fault.Unauthenticated || c.form == nil {
		return err
	}
	if f.Code == codeReused {
		f = fault.New(fault.Conflict, codeReused, "%s", c.Text("web.form.sent_before"))
	}
	c.mux.logFault(c.Context(), f)
	c.form.take(f)
	c.alert = f
	c.retryAfter(f)
	return c.Render(Status(f), page, data)
}

// Prefill fills the form of action on the page that is about to be rendered,
// for editing. Put the item's version in under "_version".
func (c *Ctx) Prefill(action string, values url.Values) {
	if c.forms == nil {
		c.forms = map[string]*Form{}
	}
	if c.forms[action] == nil {
		c.forms[action] = c.newForm(action, values)
	}
}

// pageAddress is the address of a page as drafts know it: without the mark that
// asks for the draft.
func pageAddress(u *url.URL) string {
	q := u.Query()
	q.Del(queryDraft)
	page := url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: q.Encode()}
	return page.String()
}

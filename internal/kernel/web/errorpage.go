// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// errorView is the data of the error page.
type errorView struct {
	Status  int
	Title   string
	Message string // of the fault: what happened
	Next    string // what to do, by status
	Retry   string // where to try again; "" if that is no use
	Back    string // the page of what it was about; "" if there is none
	Fields  []fault.Field
	Blocked Blocked
}

// errorPage answers with a page that says what happened and what to do.
func (c *Ctx) errorPage(f *fault.Error) error {
	status := Status(f)
	v := errorView{
		Status: status, Title: c.statusMessage("title", status, http.StatusText(status)),
		Message: f.Message, Next: c.statusMessage("next", status, ""),
		Fields: fault.Bounded(f.Fields), Blocked: Blocked{Items: f.Blockers}, Back: c.back,
	}
	get := c.R.Method == http.MethodGet
	if get && status < 500 {
		v.Next = "" // nothing was entered
	}
	if get && (status == http.StatusTooManyRequests || status >= 500) {
		v.Retry = c.R.URL.RequestURI()
	}
	if c.Partial() {
		return c.Fragment(status, "web/error", "error-part", v)
	}
	return c.Render(status, "web/error", v)
}

// BackTo names the page of what a request is about, to which the page of an error
// leads back.
func (c *Ctx) BackTo(path string) { c.back = path }

// statusMessage returns the kernel's text for a status, or the fallback.
func (c *Ctx) statusMessage(part string, status int, fallback string) string {
	key := "web.error." + part + "_" + strconv.Itoa(status)
	if !c.mux.render.messages.has(key) {
		return fallback
	}
	return c.Text(key)
}

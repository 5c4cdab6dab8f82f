// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// errorView is the data of the error page.
type errorView struct {
	Status   int
	Title    string
	Message  string
	Blockers []fault.Blocker
	Fields   []fault.Field
}

// errorPage answers with a page that says what happened and what to do.
func (c *Ctx) errorPage(f *fault.Error) error {
	return c.Render(Status(f), "web/error", errorView{
		Status: Status(f), Title: http.StatusText(Status(f)), Message: f.Message, Blockers: f.Blockers, Fields: f.Fields,
	})
}

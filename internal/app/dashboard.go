// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net/http"
	"slices"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/module"
)

// dashboard is the page at / of somebody who is signed in: what waits for them
// and what runs out soon, from every part.
type dashboard struct {
	Inbox     []module.InboxItem
	Deadlines []module.Deadline
	Now       time.Time
}

// LastDay is an instant of the last day before a deadline: what ends at midnight
// is said to end on the day before.
func (d dashboard) LastDay(deadline time.Time) time.Time { return deadline.Add(-time.Microsecond) }

func (o *office) dashboard(c *web.Ctx) error {
	page := dashboard{Now: c.Now()}
	err := o.db.Read(c.Context(), func(r *store.ReadTx) error {
		for _, m := range o.modules {
			if m.Inbox != nil {
				items, err := m.Inbox(c.Context(), r, c.Actor)
				if err != nil {
					return err
				}
				page.Inbox = append(page.Inbox, items...)
			}
			if m.Deadlines != nil {
				deadlines, err := m.Deadlines(c.Context(), r, c.Actor)
				if err != nil {
					return err
				}
				page.Deadlines = append(page.Deadlines, deadlines...)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(page.Inbox, func(a, b module.InboxItem) int { return a.Since.Compare(b.Since) })
	slices.SortStableFunc(page.Deadlines, func(a, b module.Deadline) int { return a.At.Compare(b.At) })
	return c.Render(http.StatusOK, "office/dashboard", page)
}

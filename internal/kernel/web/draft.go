// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"net/url"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// ActionDraft is the action of keeping a draft: everybody who is signed in.
const ActionDraft authz.Action = "web:draft:keep"

// Actions returns the actions of this package's own routes.
func Actions() []authz.ActionDef {
	return []authz.ActionDef{{Name: ActionDraft, Summary: "Keep what one is writing.", Roles: authz.Roles()}}
}

// draftsPath is where app.js sends a form to be kept.
const draftsPath = "/drafts"

// postDraft keeps a form while it is written; app.js sends it now and then.
func (m *Mux) postDraft(c *Ctx) error {
	f, err := parseForm(c.R)
	if err != nil {
		return err
	}
	f.Action = LocalPath(f.values.Get(fieldAction))
	page := LocalPath(f.values.Get(fieldPage))
	if page == "/" || f.Action == "/" {
		return fault.New(fault.Malformed, "request.draft", "The draft does not say which form it belongs to.")
	}
	if err := m.deps.Drafts.Keep(c.Context(), c.Actor.ID, page, f.draft()); err != nil {
		return err
	}
	c.W.WriteHeader(http.StatusNoContent)
	return nil
}

// askDiscard asks before a draft is dropped. It is a page of its own, and not a
// button in the form, because Enter in a form presses its first button.
func (m *Mux) askDiscard(c *Ctx) error {
	page := LocalPath(c.Query("page"))
	return c.Confirm(Confirm{
		Title: c.Text("web.draft.discard_title"), Lead: c.Text("web.draft.discard_lead"),
		Action: discardURL(page), Button: c.Text("web.draft.discard"), Danger: true, Cancel: page,
	})
}

func (m *Mux) postDiscard(c *Ctx) error {
	page := LocalPath(c.Query("page"))
	if err := m.deps.Drafts.Discard(c.Context(), c.Actor.ID, page); err != nil {
		return err
	}
	c.Flash("web.draft.discarded")
	return c.SeeOther(page)
}

func discardURL(page string) string { return "/drafts/discard?page=" + url.QueryEscape(page) }

// Draft fills the page's form from what the person had written and not sent, if
// there is any. Render does it for whole pages; handlers call it if what they
// show depends on what is in the form.
func (c *Ctx) Draft() error {
	drafts := c.mux.deps.Drafts
	if drafts == nil || !c.Actor.SignedIn() {
		return nil
	}
	values, err := drafts.Draft(c.Context(), c.Actor.ID, pageAddress(c.R.URL))
	if err != nil || values == nil {
		return err
	}
	action := values.Get(fieldAction)
	f := c.newForm(action, values)
	f.restored = true
	if c.forms == nil {
		c.forms = map[string]*Form{}
	}
	c.forms[action] = f
	return nil
}

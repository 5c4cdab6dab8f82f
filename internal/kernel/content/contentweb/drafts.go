// SPDX-License-Identifier: Apache-2.0

package contentweb

import (
	"net/http"
	"net/url"

	"portreeve.org/portreeve/internal/kernel/web"
)

// draftsView is what templates/drafts.html shows.
type draftsView struct {
	Tabs   web.Tabs
	Drafts web.Table
}

// showDrafts lists what the person has written into forms and not sent.
func (s *Site) showDrafts(c *web.Ctx) error {
	all, err := s.Content.Drafts(c.Context(), c.Actor.ID)
	if err != nil {
		return err
	}
	v := draftsView{
		Tabs:   c.Tabs(c.Text("content.drafts.tabs"), s.Profile),
		Drafts: c.Table(c.Text("content.drafts.title"), "content.drafts.form", "content.drafts.saved", "content.drafts.act"),
	}
	v.Drafts.Empty = &web.Empty{Icon: "pencil", Title: c.Text("content.drafts.empty"), Text: c.Text("content.drafts.empty_text")}
	for _, d := range all {
		v.Drafts.Add(web.Link{Text: d.Form, URL: resumeURL(d.Form)}, d.SavedAt,
			web.Link{URL: web.With("/drafts/discard", "page", d.Form), Text: c.Text("content.drafts.discard"), About: d.Form})
	}
	return c.Render(http.StatusOK, "content/drafts", v)
}

// resumeURL is the address of a form's page with what was written into it.
func resumeURL(form string) string {
	u, err := url.Parse(web.LocalPath(form))
	if err != nil {
		return "/"
	}
	q := u.Query()
	q.Set("draft", "1")
	u.RawQuery = q.Encode()
	return u.String()
}

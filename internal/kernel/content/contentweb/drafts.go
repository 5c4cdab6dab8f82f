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
	v := draftsView{Tabs: c.Tabs(c.Text("content.drafts.tabs"), s.Profile), Drafts: web.Table{
		Caption: c.Text("content.drafts.title"), Hidden: true,
		Columns: []web.Column{{Text: c.Text("content.drafts.form")}, {Text: c.Text("content.drafts.saved")}, {Text: c.Text("content.drafts.act")}},
		Empty:   &web.Empty{Icon: "pencil", Title: c.Text("content.drafts.empty"), Text: c.Text("content.drafts.empty_text")},
	}}
	for _, d := range all {
		v.Drafts.Rows = append(v.Drafts.Rows, web.Row{Cells: []any{
			web.Link{Text: d.Form, URL: resumeURL(d.Form)}, d.SavedAt,
			eraseLink("/drafts/discard?page="+url.QueryEscape(d.Form), c.Text("content.drafts.discard"), d.Form),
		}})
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

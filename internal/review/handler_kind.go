// SPDX-License-Identifier: Apache-2.0

package review

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/item"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review/kind"
)

// kindPages registers the pages of the kinds of review.
func (s *Service) kindPages(m *web.Mux) {
	m.Page("GET /review-kinds", ActionRead, s.showKinds)
	m.Page("GET /review-kinds/new", ActionKind, s.beginKind)
	m.Page("GET /review-kinds/{name}", ActionRead, s.showKind)
	web.FormPage[KindVersion, PublishRequest]{
		Path: "/review-kinds/{name}/edit", Action: ActionKind, Page: "review/kind_edit", Load: s.kindHere,
		Version: func(v KindVersion) int64 { return v.Version },
		Values:  func(_ *web.Ctx, v KindVersion) url.Values { return url.Values{"text": {v.Text}} },
		View:    s.kindEditView, Redraw: []string{"try", "redraw", "check", listTechnologies + moreSuffix, listScenarios + moreSuffix},
		Read: func(_ *web.Ctx, _ KindVersion, f *web.Form) PublishRequest {
			f.Require("note")
			return PublishRequest{Text: f.Text("text", maxKind), Note: f.Text("note", MaxReason)}
		},
		Do: func(c *web.Ctx, v KindVersion, version int64, in PublishRequest) (web.Next, error) {
			after, err := s.PublishKind(c.Context(), v.Name, version, in.Text, in.Note)
			if err == nil && after.Version == version {
				return web.To("/review-kinds/"+url.PathEscape(v.Name), "review.flash.kind_same", v.Name, version), nil
			}
			return web.To("/review-kinds/"+url.PathEscape(v.Name), "review.flash.kind", v.Name, after.Version), s.atText(err)
		},
	}.Register(m)
}

// atText names the field of the form for all that is wrong with the text of a kind.
func (s *Service) atText(err error) error {
	wrong := fault.From(err)
	if wrong == nil || wrong.Kind != fault.Invalid {
		return err
	}
	moved := *wrong
	moved.Fields = nil
	for _, f := range wrong.Fields {
		if f.Path != "note" {
			f.Message = strings.TrimSpace(f.Path + " " + f.Message)
			f.Path = "text"
		}
		moved.Fields = append(moved.Fields, f)
	}
	return &moved
}

func (s *Service) showKinds(c *web.Ctx) error {
	all, err := s.Kinds(c.Context())
	if err != nil {
		return err
	}
	v := kindsView{Parts: parts(c, "kinds")}
	v.Table = c.Table(c.Text("review.kinds.caption"), "review.kinds.kind", "review.kinds.what", "review.kinds.force", "review.kinds.decided_by", "review.kinds.version")
	for _, one := range all {
		k, err := s.read(one)
		if err != nil {
			return err
		}
		v.Table.Add(web.Link{Text: k.Title, URL: "/review-kinds/" + url.PathEscape(k.Name)}, k.Summary, forceBadge(c, k.Force == kind.Required), decidedBy(c, k), one.Version)
	}
	return c.Render(http.StatusOK, "review/kinds", v)
}

// beginKind leads to the form of a new kind by the name that was typed.
func (s *Service) beginKind(c *web.Ctx) error {
	name := strings.TrimSpace(c.Query("name"))
	if name == "" {
		return c.SeeOther("/review-kinds")
	}
	if !kind.ValidName(name) {
		return badKindName(c)
	}
	return c.SeeOther("/review-kinds/" + url.PathEscape(name) + "/edit")
}

// badKindName refuses a name before anybody writes a text under it.
func badKindName(c *web.Ctx) error {
	c.BackTo("/review-kinds")
	var f item.Fields
	f.Add("name", "syntax", "%s", c.Text("review.kinds.bad_name"))
	return f.Err(CodeInvalid)
}

func (s *Service) showKind(c *web.Ctx) error {
	version, _ := strconv.ParseInt(c.Query("version"), 10, 64)
	k, v, err := s.Kind(c.Context(), c.Path("name"), max(0, version))
	if err != nil {
		return err
	}
	view, err := s.kindView(c, k, v)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "review/kind", view)
}

// kindHere loads the present version of the kind of the page. One that is not there
// yet is a new kind, which begins with an example.
func (s *Service) kindHere(c *web.Ctx) (KindVersion, error) {
	name := c.Path("name")
	_, v, err := s.Kind(c.Context(), name, 0)
	if fault.Is(err, fault.NotFound) {
		if !kind.ValidName(name) {
			return KindVersion{}, badKindName(c)
		}
		return KindVersion{Name: name, Text: strings.ReplaceAll(newKind, "NAME", name)}, nil
	}
	return v, err
}

// kindVersions returns the published versions of a kind, the latest first.
func (s *Service) kindVersions(c *web.Ctx, name string) ([]KindVersion, error) {
	var all []KindVersion
	err := s.DB.Read(c.Context(), func(r *store.ReadTx) error {
		var err error
		all, err = published(c.Context(), r, "WHERE k.name = $1 ORDER BY k.version DESC", name)
		return err
	})
	return all, err
}

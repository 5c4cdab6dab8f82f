// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"net/url"

	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

const organisationsPath = "/admin/organisations"

func organisationPath(id string) string { return organisationsPath + "/" + url.PathEscape(id) }

func (s *Site) organisationPages(m *web.Mux) {
	web.FormPage[web.None, string]{
		Path: organisationsPath, Action: identity.ActionOrganisationAdminister, Page: "identity/organisations",
		View: func(c *web.Ctx, _ web.None, _ *web.Form) (any, error) { return s.organisationsView(c) },
		Read: func(_ *web.Ctx, _ web.None, f *web.Form) string { return readName(f) },
		Do: func(c *web.Ctx, _ web.None, _ int64, name string) (web.Next, error) {
			_, err := s.People.CreateOrganisation(c.Context(), name)
			return web.To(organisationsPath, "identity.organisations.created", name), err
		},
	}.Register(m)
	web.FormPage[identity.Organisation, string]{
		Path: "/admin/organisations/{id}", Action: identity.ActionOrganisationAdminister, Page: "identity/organisation",
		Load:    func(c *web.Ctx) (identity.Organisation, error) { return s.organisationByID(c.Context(), c.Path("id")) },
		Version: func(o identity.Organisation) int64 { return o.Version },
		Values:  func(_ *web.Ctx, o identity.Organisation) url.Values { return url.Values{"name": {o.Name}} },
		View: func(_ *web.Ctx, o identity.Organisation, _ *web.Form) (any, error) {
			return organisationView{o, organisationPath(o.ID)}, nil
		},
		Read: func(_ *web.Ctx, _ identity.Organisation, f *web.Form) string { return readName(f) },
		Do: func(c *web.Ctx, o identity.Organisation, version int64, name string) (web.Next, error) {
			_, err := s.People.RenameOrganisation(c.Context(), o.ID, version, name)
			return web.To(organisationsPath, "identity.organisations.saved", name), err
		},
	}.Register(m)
}

func readName(f *web.Form) string {
	f.Require("name")
	return f.Name("name", 200)
}

func (s *Site) organisationsView(c *web.Ctx) (listView, error) {
	all, err := s.People.Organisations(c.Context())
	t := c.Table(c.Text("identity.organisations.title"), "identity.field.organisation", "identity.field.id")
	t.Empty = &web.Empty{Icon: "building-2", Title: c.Text("identity.organisations.empty"), Text: c.Text("identity.organisations.lead")}
	for _, o := range all {
		t.Add(web.Link{Text: o.Name, URL: organisationPath(o.ID)}, web.Mono{Text: o.ID})
	}
	return listView{s.adminTabs(c), t}, err
}

// organisationView is what templates/organisation.html shows.
type organisationView struct {
	Organisation identity.Organisation
	Action       string
}

// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"net/http"
	"net/url"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

const organisationsPath = "/admin/organisations"

func organisationPath(id string) string { return organisationsPath + "/" + url.PathEscape(id) }

func (s *Site) organisationPages(m *web.Mux) {
	const administer = identity.ActionOrganisationAdminister
	m.Page("GET /admin/organisations", administer, s.showOrganisations)
	m.Page("POST /admin/organisations", administer, s.postNewOrganisation)
	m.Page("GET /admin/organisations/{id}", administer, s.showOrganisation)
	m.Page("POST /admin/organisations/{id}", administer, s.postOrganisation)
}

func (s *Site) organisationsView(c *web.Ctx) (listView, error) {
	all, err := s.People.Organisations(c.Context())
	if err != nil {
		return listView{}, err
	}
	t := web.Table{
		Caption: c.Text("identity.organisations.title"), Hidden: true,
		Columns: columns(c, "identity.field.organisation", "identity.field.id"),
		Empty:   &web.Empty{Icon: "building-2", Title: c.Text("identity.organisations.empty"), Text: c.Text("identity.organisations.lead")},
	}
	for _, o := range all {
		t.Rows = append(t.Rows, web.Row{Cells: []any{web.Link{Text: o.Name, URL: organisationPath(o.ID)}, mono(o.ID)}})
	}
	return listView{s.adminTabs(c), t}, nil
}

func (s *Site) showOrganisations(c *web.Ctx) error {
	v, err := s.organisationsView(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "identity/organisations", v)
}

func (s *Site) postNewOrganisation(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("name")
	name := f.Name("name", 200)
	if err = f.Err(); err == nil {
		_, err = s.People.CreateOrganisation(c.Context(), name)
	}
	if err != nil {
		v, missing := s.organisationsView(c)
		if missing != nil {
			return missing
		}
		return c.Again(err, "identity/organisations", v)
	}
	c.Flash("identity.organisations.created", name)
	return c.SeeOther(organisationsPath)
}

// organisationView is what templates/organisation.html shows.
type organisationView struct {
	Organisation identity.Organisation
	Action       string
}

func organisationValues(o identity.Organisation) url.Values {
	return url.Values{"name": {o.Name}, "_version": {version(o.Version)}}
}

func (s *Site) showOrganisation(c *web.Ctx) error {
	o, err := s.organisationByID(c.Context(), c.Path("id"))
	if err != nil {
		return err
	}
	c.Prefill(organisationPath(o.ID), organisationValues(o))
	return c.Render(http.StatusOK, "identity/organisation", organisationView{o, organisationPath(o.ID)})
}

func (s *Site) postOrganisation(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("name")
	based, name := f.Version(), f.Name("name", 200)
	if err = f.Err(); err == nil {
		_, err = s.People.RenameOrganisation(c.Context(), c.Path("id"), based, name)
	}
	if err != nil {
		o, missing := s.organisationByID(c.Context(), c.Path("id"))
		if missing != nil {
			return missing
		}
		if fault.Is(err, fault.Stale) {
			f.SetCurrent(organisationValues(o))
		}
		return c.Again(err, "identity/organisation", organisationView{o, organisationPath(o.ID)})
	}
	c.Flash("identity.organisations.saved", name)
	return c.SeeOther(organisationsPath)
}

// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"net/http"
	"net/url"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

const peoplePath = "/admin/people"

func (s *Site) peoplePages(m *web.Mux) {
	const administer = identity.ActionPersonAdminister
	m.Page("GET /admin/people", administer, s.showPeople)
	s.newPersonPage(m)
	m.Page("GET /admin/people/{id}", administer, s.showPerson)
	s.editForm().Register(m)
	s.rolesForm().Register(m)
	s.joinForm().Register(m)
	m.Page("POST /admin/people/{id}/groups/{group}/leave", identity.ActionGroupAdminister, s.postLeaveGroup)
	s.accountPages(m)
}

// peopleView is what templates/people.html shows.
type peopleView struct {
	Tabs          web.Tabs
	Organisations []web.Choice
	States        []web.Choice
	Offers        []web.Choice
	Table         web.Table
	Pager         web.Pager
}

const stateAll = "all"

func (s *Site) showPeople(c *web.Ctx) error {
	if login := c.Query("login"); login != "" {
		return s.findPerson(c, login)
	}
	f := identity.PeopleFilter{Organisation: c.Query("organisation"), Inactive: c.Query("state") == stateAll}
	page, err := s.People.People(c.Context(), f, c.Query("cursor"), identity.DefaultLimit)
	if err != nil {
		return err
	}
	v := peopleView{Tabs: s.adminTabs(c)}
	var organisations map[string]string
	if v.Organisations, organisations, err = s.organisations(c.Context()); err != nil {
		return err
	}
	if v.Offers, err = s.offers(c.Context()); err != nil {
		return err
	}
	v.States = []web.Choice{{Value: stateAll, Label: c.Text("identity.people.all")}}
	v.Table = peopleTable(c, page.People, organisations)
	query := url.Values{}
	for name, value := range map[string]string{"organisation": f.Organisation, "state": c.Query("state")} {
		if value != "" {
			query.Set(name, value)
		}
	}
	c.Prefill(peoplePath, query)
	v.Pager = c.Pager(peoplePath, query, page.Next)
	return c.Render(http.StatusOK, "identity/people", v)
}

// findPerson leads to the page of a login.
func (s *Site) findPerson(c *web.Ctx, login string) error {
	p, err := s.person(c.Context(), login)
	if fault.Is(err, fault.NotFound) {
		c.Flash("identity.people.unknown")
		return c.SeeOther(peoplePath)
	}
	if err != nil {
		return err
	}
	return c.SeeOther(personPath(p.ID))
}

func peopleTable(c *web.Ctx, people []identity.Person, organisations map[string]string) web.Table {
	t := c.Table(c.Text("identity.people.title"), "identity.field.name", "identity.field.login", "identity.field.organisation", "identity.field.roles",
		"identity.field.state")
	t.Empty = &web.Empty{Icon: "users", Title: c.Text("identity.people.empty")}
	for _, p := range people {
		row := web.Row{Cells: []any{
			web.Link{Text: p.Name, URL: personPath(p.ID)}, p.Login, organisations[p.Organisation], roleBadges(c, p.Roles), standing(c, p),
		}}
		if !p.Active {
			row.Tone = web.ToneNeutral
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// newPersonView is what templates/person-new.html shows.
type newPersonView struct {
	Organisations, Roles, Kinds []web.Choice
}

func (s *Site) newPersonView(c *web.Ctx) (newPersonView, error) {
	v := newPersonView{Roles: roleChoices(c), Kinds: c.Hinted("identity.kind.", kinds()...)}
	var err error
	v.Organisations, _, err = s.organisations(c.Context())
	return v, err
}

// kinds are those of accounts that people make.
func kinds() []string { return []string{string(authz.KindPerson), string(authz.KindService)} }

func (s *Site) newPersonPage(m *web.Mux) {
	web.FormPage[newPersonView, identity.PersonInput]{
		Path: "/admin/people/new", Sends: peoplePath, Action: identity.ActionPersonAdminister, Page: "identity/person-new",
		Load: s.newPersonView,
		Values: func(_ *web.Ctx, v newPersonView) url.Values {
			values := url.Values{"kind": {string(authz.KindPerson)}}
			if len(v.Organisations) == 1 {
				values.Set("organisation", v.Organisations[0].Value)
			}
			return values
		},
		Read: func(_ *web.Ctx, _ newPersonView, f *web.Form) identity.PersonInput {
			f.Require("login", "name", "kind")
			return identity.PersonInput{
				Login: f.Name("login", 40), Name: f.Name("name", 200), Mail: f.String("mail", 254), Organisation: f.String("organisation", 100),
				Kind: authz.ActorKind(f.Choice("kind", kinds()...)), Roles: rolesOf(f.Strings("roles", 40)),
			}
		},
		Do: func(c *web.Ctx, _ newPersonView, _ int64, in identity.PersonInput) (web.Next, error) {
			p, inv, err := s.People.CreatePerson(c.Context(), in)
			if inv.Token == "" {
				return web.To(personPath(p.ID), "identity.person.created", p.Name), err
			}
			return s.linkPage(p, inv), err
		},
	}.Register(m)
}

// linkView is what templates/link.html shows, once.
type linkView struct {
	Tabs   web.Tabs
	Person identity.Person
	Page   string
	Link   web.Code
	Until  any
}

// linkPage shows an invitation to whoever passes it on.
func (s *Site) linkPage(p identity.Person, inv identity.Invitation) web.Next {
	return func(c *web.Ctx) error {
		return c.Render(http.StatusOK, "identity/link", linkView{
			Tabs: s.adminTabs(c), Person: p, Page: personPath(p.ID), Until: web.Moment{At: inv.Until},
			Link: web.Code{Label: c.Text("identity.link.label", p.Login), Text: s.PublicURL + invitationPath(inv.Token)},
		})
	}
}

func personPath(id string) string { return peoplePath + "/" + url.PathEscape(id) }

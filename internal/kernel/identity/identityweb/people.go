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
	m.Page("GET /admin/people/new", administer, s.showNewPerson)
	m.Page("POST /admin/people", administer, s.postNewPerson)
	m.Page("GET /admin/people/{id}", administer, s.showPerson)
	m.Page("POST /admin/people/{id}", administer, s.postPerson)
	m.Page("POST /admin/people/{id}/roles", administer, s.postRoles)
	m.Page("POST /admin/people/{id}/groups", identity.ActionGroupAdminister, s.postJoinGroup)
	m.Page("POST /admin/people/{id}/groups/{group}/leave", identity.ActionGroupAdminister, s.postLeaveGroup)
	m.Page("GET /admin/people/{id}/invitation", administer, s.ask(inviteQuestion))
	m.Page("POST /admin/people/{id}/invitation", administer, s.postInvite)
	m.Page("GET /admin/people/{id}/deactivate", administer, s.ask(deactivateQuestion))
	m.Page("POST /admin/people/{id}/deactivate", administer, s.postDeactivate)
	m.Page("GET /admin/people/{id}/reactivate", administer, s.ask(reactivateQuestion))
	m.Page("POST /admin/people/{id}/reactivate", administer, s.postReactivate)
	m.Page("GET /admin/people/{id}/end-sessions", administer, s.ask(endSessionsQuestion))
	m.Page("POST /admin/people/{id}/end-sessions", administer, s.postEndSessions)
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
	v.Pager = pager(peoplePath, query, c.Query("cursor"), page.Next)
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
	t := web.Table{
		Caption: c.Text("identity.people.title"), Hidden: true,
		Columns: columns(c, "identity.field.name", "identity.field.login", "identity.field.organisation", "identity.field.roles", "identity.field.state"),
		Empty:   &web.Empty{Icon: "users", Title: c.Text("identity.people.empty")},
	}
	for _, p := range people {
		row := web.Row{Cells: []any{
			web.Link{Text: p.Name, URL: personPath(p.ID)}, p.Login, orNil(organisations[p.Organisation]), roleBadges(c, p.Roles), standing(c, p),
		}}
		if !p.Active {
			row.Tone = web.ToneNeutral
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// pager leads to the first and to the next page of a list.
func pager(path string, query url.Values, cursor, next string) web.Pager {
	var p web.Pager
	address := func(values url.Values) string { return (&url.URL{Path: path, RawQuery: values.Encode()}).String() }
	if cursor != "" {
		p.Previous = address(query)
	}
	if next != "" {
		further := url.Values{"cursor": {next}}
		for name, all := range query {
			further[name] = all
		}
		p.Next = address(further)
	}
	return p
}

// newPersonView is what templates/person-new.html shows.
type newPersonView struct {
	Organisations, Roles, Kinds []web.Choice
}

func (s *Site) newPersonView(c *web.Ctx) (newPersonView, error) {
	v := newPersonView{Roles: roleChoices(c), Kinds: []web.Choice{
		{Value: string(authz.KindPerson), Label: c.Text("identity.kind.person"), Hint: c.Text("identity.kind.person_hint")},
		{Value: string(authz.KindService), Label: c.Text("identity.kind.service"), Hint: c.Text("identity.kind.service_hint")},
	}}
	var err error
	v.Organisations, _, err = s.organisations(c.Context())
	return v, err
}

func (s *Site) showNewPerson(c *web.Ctx) error {
	v, err := s.newPersonView(c)
	if err != nil {
		return err
	}
	values := url.Values{"kind": {string(authz.KindPerson)}}
	if len(v.Organisations) == 1 {
		values.Set("organisation", v.Organisations[0].Value)
	}
	c.Prefill(peoplePath, values)
	return c.Render(http.StatusOK, "identity/person-new", v)
}

func (s *Site) postNewPerson(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("login", "name", "kind")
	in := identity.PersonInput{
		Login: f.Name("login", 40), Name: f.Name("name", 200), Mail: f.String("mail", 254), Organisation: f.String("organisation", 100),
		Kind:  authz.ActorKind(f.Choice("kind", string(authz.KindPerson), string(authz.KindService))),
		Roles: rolesOf(f.Strings("roles", 40)),
	}
	var p identity.Person
	var inv identity.Invitation
	if err = f.Err(); err == nil {
		p, inv, err = s.People.CreatePerson(c.Context(), in)
	}
	if err != nil {
		v, missing := s.newPersonView(c)
		if missing != nil {
			return missing
		}
		return c.Again(err, "identity/person-new", v)
	}
	if inv.Token == "" {
		c.Flash("identity.person.created", p.Name)
		return c.SeeOther(personPath(p.ID))
	}
	return s.showLink(c, p, inv)
}

// linkView is what templates/link.html shows, once.
type linkView struct {
	Tabs   web.Tabs
	Person identity.Person
	Page   string
	Link   web.Code
	Until  any
}

// showLink shows an invitation to whoever passes it on.
func (s *Site) showLink(c *web.Ctx, p identity.Person, inv identity.Invitation) error {
	return c.Render(http.StatusOK, "identity/link", linkView{
		Tabs: s.adminTabs(c), Person: p, Page: personPath(p.ID), Until: s.moment(inv.Until),
		Link: web.Code{Label: c.Text("identity.link.label", p.Login), Text: s.PublicURL + invitationPath(inv.Token)},
	})
}

func personPath(id string) string { return peoplePath + "/" + url.PathEscape(id) }

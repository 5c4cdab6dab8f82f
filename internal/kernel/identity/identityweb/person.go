// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

// personView is what templates/person.html shows.
type personView struct {
	Tabs                        web.Tabs
	Person                      identity.Person
	Page                        string
	Badges                      []any
	Facts                       web.Terms
	Organisations, Roles        []web.Choice
	Groups                      web.Table
	Joinable                    []web.Choice
	Self, MayEdit               bool
	IsPerson, MayGroup, MayMake bool // may make tokens of a service account
}

// personView loads the account of the page with all that its page shows, and
// fills those of its forms that were not sent.
func (s *Site) personView(c *web.Ctx) (personView, error) {
	p, err := s.People.Person(c.Context(), c.Path("id"))
	if err != nil {
		return personView{}, err
	}
	v := personView{
		Tabs: s.adminTabs(c), Person: p, Page: personPath(p.ID), Badges: []any{standing(c, p)},
		Roles: roleChoices(c), Self: p.ID == c.Actor.ID, MayEdit: p.ErasedAt.IsZero(), IsPerson: p.Kind == authz.KindPerson,
		MayGroup: c.Can(identity.ActionGroupAdminister), MayMake: p.Kind == authz.KindService && p.Active && c.Can(identity.ActionTokenAdminister),
	}
	var organisations map[string]string
	if v.Organisations, organisations, err = s.organisations(c.Context()); err != nil {
		return personView{}, err
	}
	v.Facts = web.Terms{Items: []web.Term{
		{Name: c.Text("identity.field.login"), Value: p.Login},
		{Name: c.Text("identity.field.mail"), Value: orNil(p.Mail)},
		{Name: c.Text("identity.field.organisation"), Value: orNil(organisations[p.Organisation])},
		{Name: c.Text("identity.field.created"), Value: s.moment(p.CreatedAt)},
		{Name: c.Text("identity.field.id"), Value: mono(p.ID)},
	}}
	if err := s.addGroups(c, &v); err != nil {
		return personView{}, err
	}
	c.Prefill(v.Page, editValues(p))
	c.Prefill(v.Page+"/roles", roleValues(p))
	return v, nil
}

// addGroups lists the groups that the person is in, and offers the others.
func (s *Site) addGroups(c *web.Ctx, v *personView) error {
	groups, err := s.People.Groups(c.Context())
	if err != nil {
		return err
	}
	v.Groups = web.Table{
		Caption: c.Text("identity.field.groups"), Hidden: true,
		Columns: columns(c, "identity.field.group", "identity.person.leave"),
	}
	for _, g := range groups {
		if !slices.Contains(g.Members, v.Person.ID) {
			v.Joinable = append(v.Joinable, web.Choice{Value: g.ID, Label: g.Name})
			continue
		}
		var leave any
		if v.MayGroup {
			leave = postButton(v.Page+"/groups/"+g.ID+"/leave", c.Text("identity.person.leave"), g.Name)
		}
		v.Groups.Rows = append(v.Groups.Rows, web.Row{Cells: []any{web.Link{Text: g.Name, URL: groupPath(g.ID)}, leave}})
	}
	return nil
}

func editValues(p identity.Person) url.Values {
	return url.Values{"name": {p.Name}, "mail": {p.Mail}, "organisation": {p.Organisation}, "_version": {version(p.Version)}}
}

func roleValues(p identity.Person) url.Values {
	return url.Values{"roles": roleNames(p.Roles), "_version": {version(p.Version)}}
}

func version(n int64) string { return strconv.FormatInt(n, 10) }

func (s *Site) showPerson(c *web.Ctx) error {
	v, err := s.personView(c)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "identity/person", v)
}

// personAgain shows the person's page with the form that was refused.
func (s *Site) personAgain(c *web.Ctx, f *web.Form, err error, values func(identity.Person) url.Values) error {
	v, missing := s.personView(c)
	if missing != nil {
		return missing
	}
	if fault.HasCode(err, "identity.self") {
		return err // the page of one's own account has no such form
	}
	if fault.Is(err, fault.Stale) && values != nil {
		f.SetCurrent(values(v.Person))
	}
	return c.Again(err, "identity/person", v)
}

func (s *Site) postPerson(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("name")
	based := f.Version()
	name, mail, organisation := f.Name("name", 200), f.String("mail", 254), f.String("organisation", 100)
	if err = f.Err(); err == nil {
		_, err = s.People.ChangePerson(c.Context(), c.Path("id"), based, identity.PersonChange{Name: &name, Mail: &mail, Organisation: &organisation})
	}
	if err != nil {
		return s.personAgain(c, f, err, editValues)
	}
	c.Flash("identity.person.saved")
	return c.SeeOther(personPath(c.Path("id")))
}

func (s *Site) postRoles(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	based, roles := f.Version(), rolesOf(f.Strings("roles", 40))
	if err = f.Err(); err == nil {
		_, err = s.People.SetRoles(c.Context(), c.Path("id"), based, roles)
	}
	if err != nil {
		return s.personAgain(c, f, err, roleValues)
	}
	c.Flash("identity.person.roles_saved")
	return c.SeeOther(personPath(c.Path("id")))
}

func (s *Site) postJoinGroup(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	f.Require("group")
	group := f.String("group", 100)
	if err = f.Err(); err == nil {
		err = s.changeMembers(c, group, func(members []string) []string { return append(members, c.Path("id")) })
	}
	if err != nil {
		return s.personAgain(c, f, err, nil)
	}
	c.Flash("identity.person.joined")
	return c.SeeOther(personPath(c.Path("id")))
}

func (s *Site) postLeaveGroup(c *web.Ctx) error {
	err := s.changeMembers(c, c.Path("group"), func(members []string) []string {
		return slices.DeleteFunc(members, func(id string) bool { return id == c.Path("id") })
	})
	if err != nil {
		return err
	}
	c.Flash("identity.person.left")
	return c.SeeOther(personPath(c.Path("id")))
}

func (s *Site) changeMembers(c *web.Ctx, group string, change func([]string) []string) error {
	g, err := s.People.Group(c.Context(), group)
	if err != nil {
		return err
	}
	_, err = s.People.ChangeGroup(c.Context(), g.ID, g.Version, identity.GroupInput{Name: g.Name, Members: change(slices.Clone(g.Members))})
	return err
}

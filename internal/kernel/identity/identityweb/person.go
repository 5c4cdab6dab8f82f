// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"net/http"
	"net/url"
	"slices"

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

// personHere loads the account of the page.
func (s *Site) personHere(c *web.Ctx) (identity.Person, error) {
	return s.People.Person(c.Context(), c.Path("id"))
}

func personVersion(p identity.Person) int64 { return p.Version }

// personView loads all that the page of an account shows, and fills those of its
// forms that were not sent.
func (s *Site) personView(c *web.Ctx, p identity.Person, _ *web.Form) (any, error) {
	v := personView{
		Tabs: s.adminTabs(c), Person: p, Page: personPath(p.ID), Badges: []any{standing(c, p)},
		Roles: roleChoices(c), Self: p.ID == c.Actor.ID, MayEdit: p.ErasedAt.IsZero(), IsPerson: p.Kind == authz.KindPerson,
		MayGroup: c.Can(identity.ActionGroupAdminister), MayMake: p.Kind == authz.KindService && p.Active && c.Can(identity.ActionTokenAdminister),
	}
	var organisations map[string]string
	var err error
	if v.Organisations, organisations, err = s.organisations(c.Context()); err != nil {
		return nil, err
	}
	v.Facts = web.Terms{Items: []web.Term{
		{Name: c.Text("identity.field.login"), Value: p.Login},
		{Name: c.Text("identity.field.mail"), Value: p.Mail},
		{Name: c.Text("identity.field.organisation"), Value: organisations[p.Organisation]},
		{Name: c.Text("identity.field.created"), Value: web.Moment{At: p.CreatedAt}},
		{Name: c.Text("identity.field.id"), Value: web.Mono{Text: p.ID}},
	}}
	s.editForm().Prefill(c, p)
	s.rolesForm().Prefill(c, p)
	err = s.addGroups(c, &v)
	return v, err
}

// addGroups lists the groups that the person is in, and offers the others.
func (s *Site) addGroups(c *web.Ctx, v *personView) error {
	groups, err := s.People.Groups(c.Context())
	if err != nil {
		return err
	}
	v.Groups = c.Table(c.Text("identity.field.groups"), "identity.field.group", "identity.person.leave")
	for _, g := range groups {
		if !slices.Contains(g.Members, v.Person.ID) {
			v.Joinable = append(v.Joinable, web.Choice{Value: g.ID, Label: g.Name})
			continue
		}
		var leave any
		if v.MayGroup {
			leave = web.Act{URL: v.Page + "/groups/" + g.ID + "/leave", Text: c.Text("identity.person.leave"), About: g.Name}
		}
		v.Groups.Add(web.Link{Text: g.Name, URL: groupPath(g.ID)}, leave)
	}
	return nil
}

func (s *Site) showPerson(c *web.Ctx) error {
	p, err := s.personHere(c)
	if err != nil {
		return err
	}
	v, err := s.personView(c, p, nil)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "identity/person", v)
}

// editForm is what anybody is called and where they belong.
func (s *Site) editForm() web.FormPage[identity.Person, identity.PersonChange] {
	return web.FormPage[identity.Person, identity.PersonChange]{
		Sends: "/admin/people/{id}", Action: identity.ActionPersonAdminister, Page: "identity/person",
		Load: s.personHere, Version: personVersion, View: s.personView,
		Values: func(_ *web.Ctx, p identity.Person) url.Values {
			return url.Values{"name": {p.Name}, "mail": {p.Mail}, "organisation": {p.Organisation}}
		},
		Read: func(_ *web.Ctx, _ identity.Person, f *web.Form) identity.PersonChange {
			f.Require("name")
			name, mail, organisation := f.Name("name", 200), f.String("mail", 254), f.String("organisation", 100)
			return identity.PersonChange{Name: &name, Mail: &mail, Organisation: &organisation}
		},
		Do: func(c *web.Ctx, p identity.Person, version int64, in identity.PersonChange) (web.Next, error) {
			_, err := s.People.ChangePerson(c.Context(), p.ID, version, in)
			return notOneself(web.To(personPath(p.ID), "identity.person.saved"), err)
		},
	}
}

// rolesForm is what somebody may do.
func (s *Site) rolesForm() web.FormPage[identity.Person, []authz.Role] {
	return web.FormPage[identity.Person, []authz.Role]{
		Sends: "/admin/people/{id}/roles", Action: identity.ActionPersonAdminister, Page: "identity/person",
		Load: s.personHere, Version: personVersion, View: s.personView,
		Values: func(_ *web.Ctx, p identity.Person) url.Values { return url.Values{"roles": roleNames(p.Roles)} },
		Read:   func(_ *web.Ctx, _ identity.Person, f *web.Form) []authz.Role { return rolesOf(f.Strings("roles", 40)) },
		Do: func(c *web.Ctx, p identity.Person, version int64, roles []authz.Role) (web.Next, error) {
			_, err := s.People.SetRoles(c.Context(), p.ID, version, roles)
			return notOneself(web.To(personPath(p.ID), "identity.person.roles_saved"), err)
		},
	}
}

// joinForm puts somebody into a group.
func (s *Site) joinForm() web.FormPage[identity.Person, string] {
	return web.FormPage[identity.Person, string]{
		Sends: "/admin/people/{id}/groups", Action: identity.ActionGroupAdminister, Page: "identity/person",
		Load: s.personHere, View: s.personView,
		Read: func(_ *web.Ctx, _ identity.Person, f *web.Form) string {
			f.Require("group")
			return f.String("group", 100)
		},
		Do: func(c *web.Ctx, p identity.Person, _ int64, group string) (web.Next, error) {
			err := s.changeMembers(c, group, func(members []string) []string { return append(members, p.ID) })
			return notOneself(web.To(personPath(p.ID), "identity.person.joined"), err)
		},
	}
}

// notOneself passes a refusal on that no form can show: the page of one's own
// account has none of them.
func notOneself(next web.Next, err error) (web.Next, error) {
	if fault.HasCode(err, "identity.self") {
		return func(*web.Ctx) error { return err }, nil
	}
	return next, err
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

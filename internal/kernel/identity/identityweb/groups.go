// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"net/http"
	"net/url"
	"strings"

	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

const groupsPath = "/admin/groups"

func groupPath(id string) string { return groupsPath + "/" + url.PathEscape(id) }

func (s *Site) groupPages(m *web.Mux) {
	m.Page("GET /admin/groups", identity.ActionGroupAdminister, s.showGroups)
	form := web.FormPage[groupHere, identity.GroupInput]{
		Path: "/admin/groups/new", Sends: groupsPath, Action: identity.ActionGroupAdminister, Page: "identity/group",
		View: groupViewOf, Read: readGroup, Do: s.createGroup,
	}
	form.Register(m)
	form.Path, form.Sends = "/admin/groups/{id}", ""
	form.Load, form.Version, form.Values, form.Do = s.groupHere, groupHere.version, groupValues, s.changeGroup
	form.Register(m)
	web.ConfirmPage[groupHere, web.None]{
		Path: "/admin/groups/{id}/remove", Action: identity.ActionGroupAdminister,
		Load: s.groupHere, Version: groupHere.version, Question: removeGroupQuestion, Do: s.removeGroup,
	}.Register(m)
}

// listView is what templates/groups.html and organisations.html show.
type listView struct {
	Tabs  web.Tabs
	Table web.Table
}

func (s *Site) showGroups(c *web.Ctx) error {
	groups, err := s.People.Groups(c.Context())
	if err != nil {
		return err
	}
	t := c.Table(c.Text("identity.groups.title"), "identity.field.group", "identity.field.members")
	t.Empty = &web.Empty{Icon: "users", Title: c.Text("identity.groups.empty"), Text: c.Text("identity.groups.lead"),
		Action: &web.Link{Text: c.Text("identity.groups.new"), URL: groupsPath + "/new", Icon: "plus"}}
	t.Columns[1].Number = true
	for _, g := range groups {
		t.Add(web.Link{Text: g.Name, URL: groupPath(g.ID)}, len(g.Members))
	}
	return c.Render(http.StatusOK, "identity/groups", listView{s.adminTabs(c), t})
}

// groupView is what templates/group.html shows: a new group has no ID.
type groupView struct {
	Group  identity.Group
	Action string
}

func groupViewOf(_ *web.Ctx, d groupHere, _ *web.Form) (any, error) {
	if d.ID == "" {
		return groupView{Action: groupsPath}, nil
	}
	return groupView{d.Group, groupPath(d.ID)}, nil
}

// groupHere is the group of a page, with the logins of its members.
type groupHere struct {
	identity.Group
	logins []string
}

func (d groupHere) version() int64 { return d.Version }

func (s *Site) groupHere(c *web.Ctx) (groupHere, error) {
	g, err := s.People.Group(c.Context(), c.Path("id"))
	if err != nil {
		return groupHere{}, err
	}
	logins, err := s.logins(c.Context(), g.Members)
	return groupHere{g, logins}, err
}

func groupValues(_ *web.Ctx, d groupHere) url.Values {
	return url.Values{"name": {d.Name}, "members": {strings.Join(d.logins, "\n")}}
}

// readGroup reads the form of a group; its members are still logins.
func readGroup(_ *web.Ctx, _ groupHere, f *web.Form) identity.GroupInput {
	f.Require("name")
	return identity.GroupInput{Name: f.Name("name", 200), Members: lines(f.Text("members", 50_000))}
}

func (s *Site) createGroup(c *web.Ctx, _ groupHere, _ int64, in identity.GroupInput) (web.Next, error) {
	var err error
	if in.Members, err = s.persons(c.Context(), "members", in.Members); err == nil {
		_, err = s.People.CreateGroup(c.Context(), in)
	}
	return web.To(groupsPath, "identity.groups.created", in.Name), err
}

func (s *Site) changeGroup(c *web.Ctx, d groupHere, version int64, in identity.GroupInput) (web.Next, error) {
	var err error
	if in.Members, err = s.persons(c.Context(), "members", in.Members); err == nil {
		_, err = s.People.ChangeGroup(c.Context(), d.ID, version, in)
	}
	return web.To(groupsPath, "identity.groups.saved", in.Name), err
}

func removeGroupQuestion(c *web.Ctx, d groupHere) web.Confirm {
	return web.Confirm{
		Title: c.Text("identity.groups.remove_title", d.Name), Lead: c.Text("identity.groups.remove_lead"),
		Consequences: []any{c.Text("identity.groups.remove_sharing"), c.Text("identity.groups.remove_people")},
		Button:       c.Text("identity.groups.remove"), Danger: true, Cancel: groupPath(d.ID),
	}
}

func (s *Site) removeGroup(c *web.Ctx, d groupHere, version int64, _ web.None) (web.Next, error) {
	return web.To(groupsPath, "identity.groups.removed", d.Name), s.People.RemoveGroup(c.Context(), d.ID, version)
}

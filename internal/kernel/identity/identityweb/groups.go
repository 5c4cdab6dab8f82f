// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

const groupsPath = "/admin/groups"

func groupPath(id string) string { return groupsPath + "/" + url.PathEscape(id) }

func (s *Site) groupPages(m *web.Mux) {
	const administer = identity.ActionGroupAdminister
	m.Page("GET /admin/groups", administer, s.showGroups)
	m.Page("GET /admin/groups/new", administer, s.showNewGroup)
	m.Page("POST /admin/groups", administer, s.postNewGroup)
	m.Page("GET /admin/groups/{id}", administer, s.showGroup)
	m.Page("POST /admin/groups/{id}", administer, s.postGroup)
	m.Page("GET /admin/groups/{id}/remove", administer, s.showRemoveGroup)
	m.Page("POST /admin/groups/{id}/remove", administer, s.postRemoveGroup)
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
	t := web.Table{
		Caption: c.Text("identity.groups.title"), Hidden: true,
		Columns: columns(c, "identity.field.group", "identity.field.members"),
		Empty: &web.Empty{Icon: "users", Title: c.Text("identity.groups.empty"), Text: c.Text("identity.groups.lead"),
			Action: &web.Link{Text: c.Text("identity.groups.new"), URL: groupsPath + "/new", Icon: "plus"}},
	}
	t.Columns[1].Number = true
	for _, g := range groups {
		t.Rows = append(t.Rows, web.Row{Cells: []any{web.Link{Text: g.Name, URL: groupPath(g.ID)}, len(g.Members)}})
	}
	return c.Render(http.StatusOK, "identity/groups", listView{s.adminTabs(c), t})
}

// groupView is what templates/group.html shows: a new group has no ID.
type groupView struct {
	Group  identity.Group
	Action string
}

func (s *Site) showNewGroup(c *web.Ctx) error {
	return c.Render(http.StatusOK, "identity/group", groupView{Action: groupsPath})
}

// groupInput reads the form of a group; what is wrong with it is in the error.
func (s *Site) groupInput(ctx context.Context, f *web.Form) (identity.GroupInput, error) {
	f.Require("name")
	in := identity.GroupInput{Name: f.Name("name", 200)}
	typed := lines(f.Text("members", 50_000))
	if err := f.Err(); err != nil {
		return in, err
	}
	var err error
	in.Members, err = s.persons(ctx, "members", typed)
	return in, err
}

func (s *Site) postNewGroup(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	in, err := s.groupInput(c.Context(), f)
	var g identity.Group
	if err == nil {
		g, err = s.People.CreateGroup(c.Context(), in)
	}
	if err != nil {
		return c.Again(err, "identity/group", groupView{Action: groupsPath})
	}
	c.Flash("identity.groups.created", g.Name)
	return c.SeeOther(groupsPath)
}

func (s *Site) groupValues(ctx context.Context, g identity.Group) (url.Values, error) {
	logins, err := s.logins(ctx, g.Members)
	return url.Values{"name": {g.Name}, "members": {strings.Join(logins, "\n")}, "_version": {version(g.Version)}}, err
}

func (s *Site) showGroup(c *web.Ctx) error {
	g, err := s.People.Group(c.Context(), c.Path("id"))
	if err != nil {
		return err
	}
	values, err := s.groupValues(c.Context(), g)
	if err != nil {
		return err
	}
	c.Prefill(groupPath(g.ID), values)
	return c.Render(http.StatusOK, "identity/group", groupView{g, groupPath(g.ID)})
}

func (s *Site) postGroup(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	based := f.Version()
	in, err := s.groupInput(c.Context(), f)
	if err == nil {
		_, err = s.People.ChangeGroup(c.Context(), c.Path("id"), based, in)
	}
	if err == nil {
		c.Flash("identity.groups.saved", in.Name)
		return c.SeeOther(groupsPath)
	}
	g, missing := s.People.Group(c.Context(), c.Path("id"))
	if missing != nil {
		return missing
	}
	if fault.Is(err, fault.Stale) {
		values, missing := s.groupValues(c.Context(), g)
		if missing != nil {
			return missing
		}
		f.SetCurrent(values)
	}
	return c.Again(err, "identity/group", groupView{g, groupPath(g.ID)})
}

func removeGroupQuestion(c *web.Ctx, g identity.Group) web.Confirm {
	return web.Confirm{
		Title: c.Text("identity.groups.remove_title", g.Name), Lead: c.Text("identity.groups.remove_lead"),
		Consequences: []any{c.Text("identity.groups.remove_sharing"), c.Text("identity.groups.remove_people")},
		Action:       groupPath(g.ID) + "/remove", Button: c.Text("identity.groups.remove"), Danger: true, Cancel: groupPath(g.ID),
	}
}

func (s *Site) showRemoveGroup(c *web.Ctx) error {
	g, err := s.People.Group(c.Context(), c.Path("id"))
	if err != nil {
		return err
	}
	q := removeGroupQuestion(c, g)
	c.Prefill(q.Action, url.Values{"_version": {version(g.Version)}})
	return c.Confirm(q)
}

func (s *Site) postRemoveGroup(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	g, err := s.People.Group(c.Context(), c.Path("id"))
	if err != nil {
		return err
	}
	based := f.Version()
	if err = f.Err(); err == nil {
		err = s.People.RemoveGroup(c.Context(), g.ID, based)
	}
	if err != nil {
		if fault.Is(err, fault.Stale) {
			f.SetCurrent(url.Values{"_version": {version(g.Version)}})
		}
		return c.Again(err, web.ConfirmTemplate, removeGroupQuestion(c, g))
	}
	c.Flash("identity.groups.removed", g.Name)
	return c.SeeOther(groupsPath)
}

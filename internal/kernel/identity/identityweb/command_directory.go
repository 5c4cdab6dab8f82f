// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// GroupCommands are the verbs of `portreeve group`. Groups are named by id or name.
type GroupCommands struct {
	List   GroupListCmd   `cmd:"" help:"List groups."`
	Create GroupCreateCmd `cmd:"" help:"Create a group."`
	Change GroupChangeCmd `cmd:"" help:"Rename a group, add members, remove members."`
	Remove GroupRemoveCmd `cmd:"" help:"Remove a group; what was shared with it is shared through it no more."`
}

// GroupListCmd lists groups.
type GroupListCmd struct {
	client.JSONFlag
}

// Run lists all groups.
func (c *GroupListCmd) Run(s *client.Session) error {
	return client.List(s, "/groups", nil, c.JSON, []string{"ID", "MEMBERS", "NAME"}, func(g Group) []string {
		return []string{g.ID, strconv.Itoa(len(g.Members)), g.Name}
	})
}

func printGroup(s *client.Session, g Group) error {
	return s.Facts([][2]string{{"id", g.ID}, {"name", g.Name}, {"members", strconv.Itoa(len(g.Members))}, {"version", fmt.Sprint(g.Version)}})
}

// GroupCreateCmd creates a group.
type GroupCreateCmd struct {
	Name   string   `arg:"" help:"The group's name."`
	Member []string `help:"Login or id of a member; repeat for more." placeholder:"LOGIN"`
	client.JSONFlag
}

// Run creates the group.
func (c *GroupCreateCmd) Run(s *client.Session) error {
	g, err := client.Send[Group](s, http.MethodPost, "/groups", 0, GroupEdit{Name: c.Name, Members: filled(c.Member)})
	return client.Show(s, g, err, c.JSON, printGroup)
}

// group finds a group by id or name.
func group(s *client.Session, ref string) (Group, error) {
	all, err := client.Get[web.List[Group]](s, "/groups", nil)
	if err != nil {
		return Group{}, err
	}
	for _, g := range all.Items {
		if g.ID == ref || g.Name == ref {
			return g, nil
		}
	}
	return Group{}, fault.New(fault.NotFound, "identity.group_unknown", "There is no group of that id or name; `portreeve group list` shows them.")
}

// GroupChangeCmd changes a group.
type GroupChangeCmd struct {
	Group  string   `arg:"" help:"Id or name."`
	Name   string   `help:"A new name." placeholder:"NAME"`
	Add    []string `help:"Login or id of a new member; repeat for more." placeholder:"LOGIN"`
	Remove []string `help:"Login or id of a member to remove; repeat for more." placeholder:"LOGIN"`
	client.JSONFlag
}

// Run changes what was named.
func (c *GroupChangeCmd) Run(s *client.Session) error {
	g, err := group(s, c.Group)
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, ref := range c.Remove {
		p, err := client.Get[Account](s, client.Path("people", ref), nil)
		if err != nil {
			return err
		}
		gone[p.ID] = true
	}
	edit := GroupEdit{Name: cmp.Or(c.Name, g.Name), Members: []string{}}
	for _, id := range g.Members {
		if !gone[id] {
			edit.Members = append(edit.Members, id)
		}
	}
	edit.Members = append(edit.Members, c.Add...)
	g, err = client.Send[Group](s, http.MethodPut, client.Path("groups", g.ID), g.Version, edit)
	return client.Show(s, g, err, c.JSON, printGroup)
}

// GroupRemoveCmd removes a group.
type GroupRemoveCmd struct {
	Group string `arg:"" help:"Id or name."`
}

// Run removes the group.
func (c *GroupRemoveCmd) Run(s *client.Session) error {
	g, err := group(s, c.Group)
	if err != nil {
		return err
	}
	_, err = client.Send[struct{}](s, http.MethodDelete, client.Path("groups", g.ID), g.Version, nil)
	return err
}

// OrganisationCommands are the verbs of `portreeve organisation`.
type OrganisationCommands struct {
	List   OrganisationListCmd   `cmd:"" help:"List organisations."`
	Create OrganisationCreateCmd `cmd:"" help:"Create an organisation."`
	Rename OrganisationRenameCmd `cmd:"" help:"Rename an organisation."`
}

// OrganisationListCmd lists organisations.
type OrganisationListCmd struct {
	client.JSONFlag
}

// Run lists all organisations.
func (c *OrganisationListCmd) Run(s *client.Session) error {
	return client.List(s, "/organisations", nil, c.JSON, []string{"ID", "NAME"}, func(o Organisation) []string {
		return []string{o.ID, o.Name}
	})
}

func printOrganisation(s *client.Session, o Organisation) error {
	return s.Facts([][2]string{{"id", o.ID}, {"name", o.Name}, {"version", fmt.Sprint(o.Version)}})
}

// OrganisationCreateCmd creates an organisation.
type OrganisationCreateCmd struct {
	Name string `arg:"" help:"The organisation's name."`
	client.JSONFlag
}

// Run creates the organisation.
func (c *OrganisationCreateCmd) Run(s *client.Session) error {
	o, err := client.Send[Organisation](s, http.MethodPost, "/organisations", 0, OrganisationEdit{Name: c.Name})
	return client.Show(s, o, err, c.JSON, printOrganisation)
}

// OrganisationRenameCmd renames an organisation.
type OrganisationRenameCmd struct {
	ID   string `arg:"" help:"The organisation's id."`
	Name string `arg:"" help:"Its new name."`
	client.JSONFlag
}

// Run renames the organisation.
func (c *OrganisationRenameCmd) Run(s *client.Session) error {
	o, err := client.Change[Organisation](s, http.MethodPut, client.Path("organisations", c.ID), "", 0, OrganisationEdit{Name: c.Name})
	return client.Show(s, o, err, c.JSON, printOrganisation)
}

// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"strconv"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
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
	JSON bool `help:"Print JSON." name:"json"`
}

// Run lists all groups.
func (c *GroupListCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	all, err := api.Groups(s.Context)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(all)
	}
	var rows [][]string
	for _, g := range all.Items {
		rows = append(rows, []string{g.ID, strconv.Itoa(len(g.Members)), g.Name})
	}
	return table(s, []string{"ID", "MEMBERS", "NAME"}, rows)
}

func printGroup(s *client.Session, g Group, asJSON bool) error {
	if asJSON {
		return s.PrintJSON(g)
	}
	return facts(s, [2]string{"id", g.ID}, [2]string{"name", g.Name}, [2]string{"members", strconv.Itoa(len(g.Members))}, [2]string{"version", version(g.Version)})
}

// GroupCreateCmd creates a group.
type GroupCreateCmd struct {
	Name   string   `arg:"" help:"The group's name."`
	Member []string `help:"Login or id of a member; repeat for more." placeholder:"LOGIN"`
	JSON   bool     `help:"Print JSON." name:"json"`
}

// Run creates the group.
func (c *GroupCreateCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	g, err := api.CreateGroup(s.Context, GroupEdit{Name: c.Name, Members: filled(c.Member)})
	if err != nil {
		return err
	}
	return printGroup(s, g, c.JSON)
}

// group finds a group by id or name.
func group(s *client.Session, api Client, ref string) (Group, error) {
	all, err := api.Groups(s.Context)
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
	JSON   bool     `help:"Print JSON." name:"json"`
}

// Run changes what was named.
func (c *GroupChangeCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	g, err := group(s, api, c.Group)
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, ref := range c.Remove {
		p, err := api.Person(s.Context, ref)
		if err != nil {
			return err
		}
		gone[p.ID] = true
	}
	edit := GroupEdit{Name: g.Name, Members: []string{}}
	if c.Name != "" {
		edit.Name = c.Name
	}
	for _, id := range g.Members {
		if !gone[id] {
			edit.Members = append(edit.Members, id)
		}
	}
	edit.Members = append(edit.Members, c.Add...)
	if g, err = api.ChangeGroup(s.Context, g.ID, g.Version, edit); err != nil {
		return err
	}
	return printGroup(s, g, c.JSON)
}

// GroupRemoveCmd removes a group.
type GroupRemoveCmd struct {
	Group string `arg:"" help:"Id or name."`
}

// Run removes the group.
func (c *GroupRemoveCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	g, err := group(s, api, c.Group)
	if err != nil {
		return err
	}
	return api.RemoveGroup(s.Context, g.ID, g.Version)
}

// OrganisationCommands are the verbs of `portreeve organisation`.
type OrganisationCommands struct {
	List   OrganisationListCmd   `cmd:"" help:"List organisations."`
	Create OrganisationCreateCmd `cmd:"" help:"Create an organisation."`
	Rename OrganisationRenameCmd `cmd:"" help:"Rename an organisation."`
}

// OrganisationListCmd lists organisations.
type OrganisationListCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Run lists all organisations.
func (c *OrganisationListCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	all, err := api.Organisations(s.Context)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(all)
	}
	var rows [][]string
	for _, o := range all.Items {
		rows = append(rows, []string{o.ID, o.Name})
	}
	return table(s, []string{"ID", "NAME"}, rows)
}

func printOrganisation(s *client.Session, o Organisation, asJSON bool) error {
	if asJSON {
		return s.PrintJSON(o)
	}
	return facts(s, [2]string{"id", o.ID}, [2]string{"name", o.Name}, [2]string{"version", version(o.Version)})
}

// OrganisationCreateCmd creates an organisation.
type OrganisationCreateCmd struct {
	Name string `arg:"" help:"The organisation's name."`
	JSON bool   `help:"Print JSON." name:"json"`
}

// Run creates the organisation.
func (c *OrganisationCreateCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	o, err := api.CreateOrganisation(s.Context, c.Name)
	if err != nil {
		return err
	}
	return printOrganisation(s, o, c.JSON)
}

// OrganisationRenameCmd renames an organisation.
type OrganisationRenameCmd struct {
	ID   string `arg:"" help:"The organisation's id."`
	Name string `arg:"" help:"Its new name."`
	JSON bool   `help:"Print JSON." name:"json"`
}

// Run renames the organisation.
func (c *OrganisationRenameCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	o, err := api.Organisation(s.Context, c.ID)
	if err != nil {
		return err
	}
	if o, err = api.RenameOrganisation(s.Context, o.ID, o.Version, c.Name); err != nil {
		return err
	}
	return printOrganisation(s, o, c.JSON)
}

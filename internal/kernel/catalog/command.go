// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"fmt"
	"maps"
	"strings"
	"text/tabwriter"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// Commands are the verbs of `portreeve subject`.
type Commands struct {
	List     ListCmd     `cmd:"" help:"List subjects in the order of their names."`
	Show     ShowCmd     `cmd:"" help:"Show a subject with its links."`
	Kinds    KindsCmd    `cmd:"" help:"Show the kinds of subject with their attributes, and the relations."`
	Register RegisterCmd `cmd:"" help:"Register a subject."`
	Change   ChangeCmd   `cmd:"" help:"Change a subject. A new attribute or organisation voids what was decided on the old."`
	Link     LinkCmd     `cmd:"" help:"Link a subject to another."`
	Unlink   UnlinkCmd   `cmd:"" help:"Remove a link."`
	Retire   RetireCmd   `cmd:"" help:"Take a subject out of use for good."`
}

func connect(s *client.Session) (Client, error) {
	api, err := s.Client()
	if err != nil {
		return Client{}, err
	}
	return NewClient(api), nil
}

// ListCmd lists subjects.
type ListCmd struct {
	Kind         string `help:"Only of this kind." placeholder:"KIND"`
	Owner        string `help:"Only owned by the person of this id." placeholder:"ID"`
	Organisation string `help:"Only of this organisation." placeholder:"ID"`
	State        string `help:"active, retired or all." default:"active" enum:"active,retired,all" placeholder:"STATE"`
	Limit        int    `help:"The most to list, up to 200." default:"50" placeholder:"N"`
	Cursor       string `help:"Go on after an earlier list." placeholder:"CURSOR"`
	JSON         bool   `help:"Print JSON." name:"json"`
}

// Run lists one page.
func (c *ListCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	list, err := api.List(s.Context, Filter{Kind: c.Kind, Owner: c.Owner, Organisation: c.Organisation, State: c.State}, c.Cursor, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(list)
	}
	table := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SUBJECT\tVERSION\tVISIBILITY\tTITLE")
	for _, sub := range list.Items {
		title := sub.Title
		if sub.RetiredAt != nil {
			title += " (retired)"
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\n", sub.Ref, sub.Version, sub.Visibility, title)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if list.Next != "" {
		s.Printf("\nmore: --cursor %s\n", list.Next)
	}
	return nil
}

// ShowCmd shows one subject.
type ShowCmd struct {
	Subject string `arg:"" help:"The subject, kind:name."`
	JSON    bool   `help:"Print JSON." name:"json"`
}

// Run shows the subject.
func (c *ShowCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	d, err := api.Show(s.Context, c.Subject)
	if err != nil {
		return err
	}
	return printSubject(s, d, c.JSON)
}

func printSubject(s *client.Session, d Document, asJSON bool) error {
	if asJSON {
		return s.PrintJSON(d)
	}
	table := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(table, "%s\t%s\n", name, value)
		}
	}
	row("subject", d.Ref)
	row("title", d.Title)
	row("owner", named(d.OwnerName, d.Owner))
	row("organisation", named(d.OrganisationName, d.Organisation))
	row("visibility", string(d.Visibility))
	row("participants", strings.Join(d.Participants, ", "))
	for _, name := range sortedKeys(d.Attributes) {
		row(name, d.Attributes[name])
	}
	row("version", fmt.Sprint(d.Version))
	row("digest", d.Digest)
	row("revision", fmt.Sprint(d.Revision))
	row("changed", d.ChangedAt.Format(time.RFC3339))
	if d.RetiredAt != nil {
		row("retired", d.RetiredAt.Format(time.RFC3339))
	}
	for _, l := range d.Links {
		other := l.Ref
		if other == "" {
			other = l.Item
		}
		row(l.Words, strings.TrimSpace(other+"  "+l.Title+"  "+l.State))
	}
	row("named by", strings.Join(d.Referrers, ", "))
	return table.Flush()
}

func named(name, id string) string {
	if name == "" {
		return id
	}
	return name + " (" + id + ")"
}

// KindsCmd shows the kinds.
type KindsCmd struct {
	JSON bool `help:"Print JSON." name:"json"`
}

// Run shows the kinds and relations.
func (c *KindsCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	k, err := api.Kinds(s.Context)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(k)
	}
	for _, kind := range k.Kinds {
		s.Printf("%s  %s\n", kind.Name, kind.Description)
		for _, a := range kind.Attributes {
			s.Printf("  %s%s\n", a.Name, attributeWords(a))
		}
	}
	s.Printf("\nrelations:\n")
	for _, r := range k.Relations {
		s.Printf("  %s  (%s; %s)\n", r.Name, r.Title, r.Inverse)
	}
	return nil
}

func attributeWords(a AttributeDocument) string {
	words := ""
	if a.Required {
		words = " (required)"
	}
	switch {
	case a.Refers != "":
		return words + ": name of a " + a.Refers
	case len(a.Allowed) > 0:
		return words + ": " + strings.Join(a.Allowed, ", ")
	}
	return words
}

// RegisterCmd registers a subject.
type RegisterCmd struct {
	Subject      string            `arg:"" help:"kind:name, or a kind alone for a random name."`
	Title        string            `required:"" help:"What people call it." placeholder:"TEXT"`
	Description  string            `help:"What it is, in Markdown." placeholder:"TEXT"`
	Organisation string            `required:"" help:"The organisation whose ranks decide about it." placeholder:"ID"`
	Owner        string            `help:"Login or id of who answers for it; default is you." placeholder:"LOGIN"`
	Set          map[string]string `help:"An attribute of the kind; repeat for more." placeholder:"NAME=VALUE" mapsep:"none"`
	Visibility   string            `help:"public, internal or restricted." default:"internal" enum:"public,internal,restricted" placeholder:"VISIBILITY"`
	Participant  []string          `help:"Who may see a restricted subject; repeat for more." placeholder:"person:LOGIN|group:NAME"`
	JSON         bool              `help:"Print JSON." name:"json"`
}

// Run registers the subject and shows it.
func (c *RegisterCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	kind, name, _ := strings.Cut(c.Subject, ":")
	d, err := api.Register(s.Context, NewSubject{
		Kind: kind, Name: name, Title: c.Title, Description: c.Description, Owner: c.Owner, Organisation: c.Organisation,
		Attributes: c.Set, Visibility: c.Visibility, Participants: c.Participant,
	})
	if err != nil {
		return err
	}
	return printSubject(s, d, c.JSON)
}

// ChangeCmd changes a subject.
type ChangeCmd struct {
	Subject      string            `arg:"" help:"The subject, kind:name."`
	Revision     int64             `help:"The revision that the change is based on; default is the current one." placeholder:"N"`
	Title        *string           `help:"A new title." placeholder:"TEXT"`
	Description  *string           `help:"A new description, in Markdown." placeholder:"TEXT"`
	Organisation *string           `help:"Another organisation." placeholder:"ID"`
	Owner        *string           `help:"Login or id of a new owner." placeholder:"LOGIN"`
	Set          map[string]string `help:"A new value of an attribute, empty to remove it; repeat for more. The others stay." placeholder:"NAME=VALUE" mapsep:"none"`
	Visibility   *string           `help:"public, internal or restricted." placeholder:"VISIBILITY"`
	Participant  []string          `help:"All who may see a restricted subject beside its owner; repeat for more." placeholder:"person:LOGIN|group:NAME"`
	JSON         bool              `help:"Print JSON." name:"json"`
}

// Run changes the subject and shows it.
func (c *ChangeCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	edit := Edit{Title: c.Title, Description: c.Description, Owner: c.Owner, Organisation: c.Organisation, Visibility: c.Visibility}
	if c.Participant != nil {
		edit.Participants = &c.Participant
	}
	now, err := api.Show(s.Context, c.Subject)
	if err != nil {
		return err
	}
	if c.Revision == 0 {
		c.Revision = now.Revision
	}
	if len(c.Set) > 0 {
		edit.Attributes = maps.Clone(now.Attributes)
		if edit.Attributes == nil {
			edit.Attributes = map[string]string{}
		}
		maps.Copy(edit.Attributes, c.Set)
	}
	if edit.Title == nil && edit.Description == nil && edit.Owner == nil && edit.Organisation == nil && edit.Visibility == nil && edit.Attributes == nil && edit.Participants == nil {
		return fault.New(fault.Usage, "catalog.nothing", "Say what to change: --title, --set NAME=VALUE, --owner and others; see --help.")
	}
	d, err := api.Change(s.Context, c.Subject, c.Revision, edit)
	if err != nil {
		return err
	}
	return printSubject(s, d, c.JSON)
}

// LinkCmd links two subjects.
type LinkCmd struct {
	Subject  string `arg:"" help:"The subject, kind:name."`
	Relation string `arg:"" help:"The relation, such as depends_on; see portreeve subject kinds."`
	To       string `arg:"" help:"The other subject, kind:name."`
	JSON     bool   `help:"Print JSON." name:"json"`
}

// Run adds the link and shows the subject.
func (c *LinkCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	d, err := api.AddLink(s.Context, c.Subject, c.Relation, c.To)
	if err != nil {
		return err
	}
	return printSubject(s, d, c.JSON)
}

// UnlinkCmd removes a link.
type UnlinkCmd struct {
	Subject  string `arg:"" help:"The subject, kind:name."`
	Relation string `arg:"" help:"The relation."`
	To       string `arg:"" help:"The other subject, kind:name."`
}

// Run removes the link.
func (c *UnlinkCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	return api.RemoveLink(s.Context, c.Subject, c.Relation, c.To)
}

// RetireCmd retires a subject.
type RetireCmd struct {
	Subject  string `arg:"" help:"The subject, kind:name."`
	Reason   string `required:"" help:"Why it is no longer in use." placeholder:"TEXT"`
	Revision int64  `help:"The revision that you saw; default is the current one." placeholder:"N"`
	JSON     bool   `help:"Print JSON." name:"json"`
}

// Run retires the subject and shows it.
func (c *RetireCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	if c.Revision == 0 {
		now, err := api.Show(s.Context, c.Subject)
		if err != nil {
			return err
		}
		c.Revision = now.Revision
	}
	d, err := api.Retire(s.Context, c.Subject, c.Revision, c.Reason)
	if err != nil {
		return err
	}
	return printSubject(s, d, c.JSON)
}

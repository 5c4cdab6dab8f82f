// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
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

func subjectPath(ref string) string { return client.Path("subjects", ref) }

// ListCmd lists subjects.
type ListCmd struct {
	Kind         string `help:"Only of this kind." placeholder:"KIND" query:"kind"`
	Owner        string `help:"Only owned by the person of this id." placeholder:"ID" query:"owner"`
	Organisation string `help:"Only of this organisation." placeholder:"ID" query:"organisation"`
	State        string `help:"active, retired or all." default:"active" enum:"active,retired,all" placeholder:"STATE" query:"state"`
	client.Paging
	client.JSONFlag
}

// Run lists one page.
func (c *ListCmd) Run(s *client.Session) error {
	return client.List(s, "/subjects", c, c.JSON, []string{"SUBJECT", "VERSION", "VISIBILITY", "TITLE"}, func(sub Subject) []string {
		title := sub.Title
		if sub.Retired() {
			title += " (retired)"
		}
		return []string{sub.Ref, fmt.Sprint(sub.Version), string(sub.Visibility), title}
	})
}

// ShowCmd shows one subject.
type ShowCmd struct {
	Subject string `arg:"" help:"The subject, kind:name."`
	client.JSONFlag
}

// Run shows the subject.
func (c *ShowCmd) Run(s *client.Session) error {
	d, err := client.Get[Document](s, subjectPath(c.Subject), nil)
	return client.Show(s, d, err, c.JSON, printSubject)
}

func printSubject(s *client.Session, d Document) error {
	facts := [][2]string{
		{"subject", d.Ref}, {"title", d.Title}, {"owner", named(d.OwnerName, d.Owner)}, {"organisation", named(d.OrganisationName, d.Organisation)},
		{"visibility", string(d.Visibility)}, {"participants", strings.Join(d.Participants, ", ")},
	}
	for _, name := range sortedKeys(d.Attributes) {
		facts = append(facts, [2]string{name, d.Attributes[name]})
	}
	facts = append(facts, [][2]string{
		{"version", fmt.Sprint(d.Version)}, {"digest", d.Digest}, {"revision", fmt.Sprint(d.Revision)}, {"changed", d.ChangedAt.Format(time.RFC3339)},
	}...)
	if d.Retired() {
		facts = append(facts, [2]string{"retired", d.RetiredAt.Format(time.RFC3339)})
	}
	for _, l := range d.Links {
		facts = append(facts, [2]string{l.Words, strings.TrimSpace(cmp.Or(l.Ref, l.Item) + "  " + l.Title + "  " + l.State)})
	}
	return s.Facts(append(facts, [2]string{"named by", strings.Join(d.Referrers, ", ")}))
}

func named(name, id string) string {
	if name == "" {
		return id
	}
	return name + " (" + id + ")"
}

// KindsCmd shows the kinds.
type KindsCmd struct {
	client.JSONFlag
}

// Run shows the kinds and relations.
func (c *KindsCmd) Run(s *client.Session) error {
	k, err := client.Get[Kinds](s, "/kinds", nil)
	return client.Show(s, k, err, c.JSON, printKinds)
}

func printKinds(s *client.Session, k Kinds) error {
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

func attributeWords(a Attribute) string {
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
	Subject      string            `arg:"" help:"kind:name, or a kind alone for a random name." api:"kind,name,ref"`
	Title        string            `required:"" help:"What people call it." placeholder:"TEXT"`
	Description  string            `help:"What it is, in Markdown." placeholder:"TEXT"`
	Organisation string            `required:"" help:"The organisation whose ranks decide about it, by id or name." placeholder:"ORGANISATION"`
	Owner        string            `help:"Login or id of who answers for it; default is you." placeholder:"LOGIN"`
	Set          map[string]string `help:"An attribute of the kind; repeat for more." placeholder:"NAME=VALUE" mapsep:"none" api:"attributes"`
	Visibility   string            `help:"public, internal or restricted." default:"internal" enum:"public,internal,restricted" placeholder:"VISIBILITY"`
	Participant  []string          `help:"Who may see a restricted subject; repeat for more." placeholder:"person:LOGIN|group:NAME"`
	client.JSONFlag
}

// Run registers the subject and shows it.
func (c *RegisterCmd) Run(s *client.Session) error {
	kind, name, _ := strings.Cut(c.Subject, ":")
	d, err := client.Send[Document](s, http.MethodPost, "/subjects", 0, Registration{
		Kind: kind, Name: name, Title: c.Title, Description: c.Description, Owner: c.Owner, Organisation: c.Organisation,
		Attributes: c.Set, Visibility: authz.Visibility(c.Visibility), Participants: c.Participant,
	})
	return client.Show(s, d, err, c.JSON, printSubject)
}

// ChangeCmd changes a subject.
type ChangeCmd struct {
	Subject      string            `arg:"" help:"The subject, kind:name."`
	Revision     int64             `help:"The revision that the change is based on; default is the current one." placeholder:"N"`
	Title        *string           `help:"A new title." placeholder:"TEXT"`
	Description  *string           `help:"A new description, in Markdown." placeholder:"TEXT"`
	Organisation *string           `help:"Another organisation, by id or name." placeholder:"ORGANISATION"`
	Owner        *string           `help:"Login or id of a new owner." placeholder:"LOGIN"`
	Set          map[string]string `help:"A new value of an attribute, empty to remove it; repeat for more. The others stay." placeholder:"NAME=VALUE" mapsep:"none" api:"attributes"`
	Visibility   *string           `help:"public, internal or restricted." placeholder:"VISIBILITY"`
	Participant  []string          `help:"All who may see a restricted subject beside its owner; repeat for more." placeholder:"person:LOGIN|group:NAME"`
	client.JSONFlag
}

// Run changes the subject and shows it.
func (c *ChangeCmd) Run(s *client.Session) error {
	edit := Change{Title: c.Title, Description: c.Description, Owner: c.Owner, Organisation: c.Organisation, Visibility: (*authz.Visibility)(c.Visibility)}
	if c.Participant != nil {
		edit.Participants = &c.Participant
	}
	now, err := client.Get[Document](s, subjectPath(c.Subject), nil)
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
	d, err := client.Send[Document](s, http.MethodPatch, subjectPath(c.Subject), c.Revision, edit)
	return client.Show(s, d, err, c.JSON, printSubject)
}

// LinkCmd links two subjects.
type LinkCmd struct {
	Subject  string `arg:"" help:"The subject, kind:name."`
	Relation string `arg:"" help:"The relation, such as depends_on; see portreeve subject kinds."`
	To       string `arg:"" help:"The other subject, kind:name."`
	client.JSONFlag
}

// Run adds the link and shows the subject.
func (c *LinkCmd) Run(s *client.Session) error {
	d, err := client.Send[Document](s, http.MethodPost, subjectPath(c.Subject)+"/links", 0, NewLink{Relation: c.Relation, To: c.To})
	return client.Show(s, d, err, c.JSON, printSubject)
}

// UnlinkCmd removes a link.
type UnlinkCmd struct {
	Subject  string `arg:"" help:"The subject, kind:name."`
	Relation string `arg:"" help:"The relation."`
	To       string `arg:"" help:"The other subject, kind:name."`
}

// Run removes the link.
func (c *UnlinkCmd) Run(s *client.Session) error {
	return s.Do(http.MethodDelete, client.Path("subjects", c.Subject, "links", c.Relation, c.To), nil)
}

// RetireCmd retires a subject.
type RetireCmd struct {
	Subject  string `arg:"" help:"The subject, kind:name."`
	Reason   string `required:"" help:"Why it is no longer in use." placeholder:"TEXT"`
	Revision int64  `help:"The revision that you saw; default is the current one." placeholder:"N"`
	client.JSONFlag
}

// Run retires the subject and shows it.
func (c *RetireCmd) Run(s *client.Session) error {
	d, err := client.Change[Document](s, http.MethodPost, subjectPath(c.Subject), "/retirement", c.Revision, Retirement{Reason: c.Reason})
	return client.Show(s, d, err, c.JSON, printSubject)
}

// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"strings"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// PersonCommands are the verbs of `portreeve person`.
type PersonCommands struct {
	List        PersonListCmd        `cmd:"" help:"List accounts, by login."`
	Show        PersonShowCmd        `cmd:"" help:"Show an account."`
	Invite      PersonInviteCmd      `cmd:"" help:"Create an account, and the link by which its owner enrols."`
	Reinvite    PersonReinviteCmd    `cmd:"" help:"Make a new link, for a lost one or a lost second factor."`
	Change      PersonChangeCmd      `cmd:"" help:"Change name, mail address or organisation of an account."`
	Roles       PersonRolesCmd       `cmd:"" help:"Replace the roles of an account."`
	Deactivate  PersonDeactivateCmd  `cmd:"" help:"Close an account: sessions, tokens and delegations end at once."`
	Reactivate  PersonReactivateCmd  `cmd:"" help:"Open a closed account."`
	EndSessions PersonEndSessionsCmd `cmd:"" name:"end-sessions" help:"End all sessions of an account."`
}

// PersonListCmd lists accounts.
type PersonListCmd struct {
	Organisation string `help:"Only of the organisation of this id." placeholder:"ID"`
	All          bool   `help:"Closed accounts too."`
	Limit        int    `help:"The most to list, up to 200." default:"50" placeholder:"N"`
	Cursor       string `help:"Go on after an earlier list." placeholder:"CURSOR"`
	JSON         bool   `help:"Print JSON." name:"json"`
}

// Run lists one page.
func (c *PersonListCmd) Run(s *client.Session) error {
	if err := checkLimit(c.Limit); err != nil {
		return err
	}
	api, err := connect(s)
	if err != nil {
		return err
	}
	page, err := api.People(s.Context, c.Organisation, c.All, c.Cursor, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(page)
	}
	var rows [][]string
	for _, p := range page.Items {
		rows = append(rows, []string{p.Login, p.Name, strings.Join(p.Roles, ","), accountState(p), p.ID})
	}
	if err := table(s, []string{"LOGIN", "NAME", "ROLES", "STATE", "ID"}, rows); err != nil {
		return err
	}
	more(s, page.Next)
	return nil
}

func accountState(a Account) string {
	switch {
	case a.ErasedAt != nil:
		return "erased"
	case !a.Active:
		return "deactivated"
	case a.Kind == string(authz.KindService):
		return "service"
	case !a.Enrolled:
		return "invited"
	default:
		return "active"
	}
}

func printAccount(s *client.Session, a Account) error {
	return facts(s, [2]string{"login", a.Login}, [2]string{"name", a.Name}, [2]string{"mail", a.Mail}, [2]string{"kind", a.Kind},
		[2]string{"organisation", a.Organisation}, [2]string{"roles", strings.Join(a.Roles, ", ")}, [2]string{"groups", strings.Join(a.Groups, ", ")},
		[2]string{"state", accountState(a)}, [2]string{"created", day(a.CreatedAt)}, [2]string{"id", a.ID}, [2]string{"version", version(a.Version)})
}

// PersonShowCmd shows an account.
type PersonShowCmd struct {
	Person string `arg:"" help:"Login or id."`
	JSON   bool   `help:"Print JSON." name:"json"`
}

// Run shows the account.
func (c *PersonShowCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	a, err := api.Person(s.Context, c.Person)
	if err != nil {
		return err
	}
	return shown(s, a, c.JSON)
}

func shown(s *client.Session, a Account, asJSON bool) error {
	if asJSON {
		return s.PrintJSON(a)
	}
	return printAccount(s, a)
}

// PersonInviteCmd creates an account.
type PersonInviteCmd struct {
	Login        string   `arg:"" help:"2 to 40 letters a to z, digits, and single dots, hyphens or underscores between them."`
	Name         string   `required:"" help:"What people call them." placeholder:"NAME"`
	Mail         string   `help:"For notices." placeholder:"ADDRESS"`
	Organisation string   `help:"Id of their organisation." placeholder:"ID"`
	Role         []string `help:"A role; repeat for more." placeholder:"ROLE"`
	Service      bool     `help:"A service account: it never signs in and needs no link."`
	JSON         bool     `help:"Print JSON." name:"json"`
}

// Run creates the account and prints the link to pass on.
func (c *PersonInviteCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	in := NewAccount{Login: c.Login, Name: c.Name, Mail: c.Mail, Organisation: c.Organisation, Roles: c.Role}
	if c.Service {
		in.Kind = string(authz.KindService)
	}
	made, err := api.CreatePerson(s.Context, in)
	if err != nil {
		return err
	}
	return printInvited(s, made, c.JSON)
}

func printInvited(s *client.Session, made InvitedAccount, asJSON bool) error {
	if asJSON {
		return s.PrintJSON(made)
	}
	if err := printAccount(s, made.Account); err != nil {
		return err
	}
	if made.Invitation != nil {
		printLink(s, *made.Invitation)
	}
	return nil
}

func printLink(s *client.Session, link InvitationLink) {
	s.Printf("\nPass this link on; it works once, until %s, and is shown this once:\n%s\n", day(link.Until), link.URL)
}

// PersonReinviteCmd makes a new link.
type PersonReinviteCmd struct {
	Person string `arg:"" help:"Login or id."`
	JSON   bool   `help:"Print JSON." name:"json"`
}

// Run prints the link to pass on.
func (c *PersonReinviteCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	link, err := api.Invite(s.Context, c.Person)
	if err != nil {
		return err
	}
	if c.JSON {
		return s.PrintJSON(link)
	}
	printLink(s, link)
	return nil
}

// onPresent runs an edit on the present version of an account.
func onPresent(s *client.Session, person string, edit func(api Client, version int64) (Account, error), asJSON bool) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	a, err := api.Person(s.Context, person)
	if err != nil {
		return err
	}
	if a, err = edit(api, a.Version); err != nil {
		return err
	}
	return shown(s, a, asJSON)
}

// PersonChangeCmd changes an account.
type PersonChangeCmd struct {
	Person       string  `arg:"" help:"Login or id."`
	Name         *string `help:"A new name." placeholder:"NAME"`
	Mail         *string `help:"A new mail address; empty for none." placeholder:"ADDRESS"`
	Organisation *string `help:"Id of another organisation; empty for none." placeholder:"ID"`
	JSON         bool    `help:"Print JSON." name:"json"`
}

// Run changes what was named.
func (c *PersonChangeCmd) Run(s *client.Session) error {
	return onPresent(s, c.Person, func(api Client, version int64) (Account, error) {
		return api.ChangePerson(s.Context, c.Person, version, AccountEdit{Name: c.Name, Mail: c.Mail, Organisation: c.Organisation})
	}, c.JSON)
}

// PersonRolesCmd replaces roles.
type PersonRolesCmd struct {
	Person string   `arg:"" help:"Login or id."`
	Roles  []string `arg:"" optional:"" help:"The roles that the account is to have."`
	None   bool     `help:"No role at all."`
	JSON   bool     `help:"Print JSON." name:"json"`
}

// Run replaces the roles.
func (c *PersonRolesCmd) Run(s *client.Session) error {
	if c.None == (len(c.Roles) > 0) {
		return fault.New(fault.Usage, "identity.roles_which", "Name all roles that the account is to have, or say --none.")
	}
	return onPresent(s, c.Person, func(api Client, version int64) (Account, error) {
		return api.SetRoles(s.Context, c.Person, version, c.Roles)
	}, c.JSON)
}

// PersonDeactivateCmd closes an account.
type PersonDeactivateCmd struct {
	Person string `arg:"" help:"Login or id."`
	Reason string `required:"" help:"Why, in one line; it stays in the ledger." placeholder:"TEXT"`
	JSON   bool   `help:"Print JSON." name:"json"`
}

// Run closes the account.
func (c *PersonDeactivateCmd) Run(s *client.Session) error {
	return onPresent(s, c.Person, func(api Client, version int64) (Account, error) {
		return api.Deactivate(s.Context, c.Person, version, c.Reason)
	}, c.JSON)
}

// PersonReactivateCmd opens a closed account.
type PersonReactivateCmd struct {
	Person string `arg:"" help:"Login or id."`
	JSON   bool   `help:"Print JSON." name:"json"`
}

// Run opens the account and prints the link to pass on.
func (c *PersonReactivateCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	a, err := api.Person(s.Context, c.Person)
	if err != nil {
		return err
	}
	made, err := api.Reactivate(s.Context, c.Person, a.Version)
	if err != nil {
		return err
	}
	return printInvited(s, made, c.JSON)
}

// PersonEndSessionsCmd ends sessions.
type PersonEndSessionsCmd struct {
	Person string `arg:"" help:"Login or id."`
}

// Run ends all sessions of the account.
func (c *PersonEndSessionsCmd) Run(s *client.Session) error {
	api, err := connect(s)
	if err != nil {
		return err
	}
	return api.EndSessions(s.Context, c.Person)
}

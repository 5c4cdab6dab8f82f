// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"fmt"
	"net/http"
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
	Organisation string `help:"Only of the organisation of this id." placeholder:"ID" query:"organisation"`
	All          bool   `help:"Closed accounts too." query:"state=all"`
	client.Paging
	client.JSONFlag
}

// Run lists one page.
func (c *PersonListCmd) Run(s *client.Session) error {
	return client.List(s, "/people", c, c.JSON, []string{"LOGIN", "NAME", "ROLES", "STATE", "ID"}, func(a Account) []string {
		return []string{a.Login, a.Name, strings.Join(a.Roles, ","), accountState(a), a.ID}
	})
}

func accountState(a Account) string {
	switch {
	case !a.ErasedAt.IsZero():
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
	return s.Facts([][2]string{
		{"login", a.Login}, {"name", a.Name}, {"mail", a.Mail}, {"kind", a.Kind}, {"organisation", a.Organisation},
		{"roles", strings.Join(a.Roles, ", ")}, {"groups", strings.Join(a.Groups, ", ")}, {"state", accountState(a)},
		{"created", day(a.CreatedAt)}, {"id", a.ID}, {"version", fmt.Sprint(a.Version)},
	})
}

// PersonShowCmd shows an account.
type PersonShowCmd struct {
	Person string `arg:"" help:"Login or id."`
	client.JSONFlag
}

// Run shows the account.
func (c *PersonShowCmd) Run(s *client.Session) error {
	a, err := client.Get[Account](s, client.Path("people", c.Person), nil)
	return client.Show(s, a, err, c.JSON, printAccount)
}

// PersonInviteCmd creates an account.
type PersonInviteCmd struct {
	Login        string   `arg:"" help:"2 to 40 letters a to z, digits, and single dots, hyphens or underscores between them."`
	Name         string   `required:"" help:"What people call them." placeholder:"NAME"`
	Mail         string   `help:"For notices." placeholder:"ADDRESS"`
	Organisation string   `help:"Id of their organisation." placeholder:"ID"`
	Role         []string `help:"A role; repeat for more." placeholder:"ROLE"`
	Service      bool     `help:"A service account: it never signs in and needs no link." api:"kind"`
	client.JSONFlag
}

// Run creates the account and prints the link to pass on.
func (c *PersonInviteCmd) Run(s *client.Session) error {
	in := NewAccount{Login: c.Login, Name: c.Name, Mail: c.Mail, Organisation: c.Organisation, Roles: c.Role}
	if c.Service {
		in.Kind = string(authz.KindService)
	}
	made, err := client.Send[InvitedAccount](s, http.MethodPost, "/people", 0, in)
	return client.Show(s, made, err, c.JSON, printInvited)
}

func printInvited(s *client.Session, made InvitedAccount) error {
	if err := printAccount(s, made.Account); err != nil || made.Invitation == nil {
		return err
	}
	return printLink(s, *made.Invitation)
}

func printLink(s *client.Session, link InvitationLink) error {
	s.Printf("\nPass this link on; it works once, until %s, and is shown this once:\n%s\n", day(link.Until), link.URL)
	return nil
}

// PersonReinviteCmd makes a new link.
type PersonReinviteCmd struct {
	Person string `arg:"" help:"Login or id."`
	client.JSONFlag
}

// Run prints the link to pass on.
func (c *PersonReinviteCmd) Run(s *client.Session) error {
	link, err := client.Send[InvitationLink](s, http.MethodPost, client.Path("people", c.Person, "invitations"), 0, nil)
	return client.Show(s, link, err, c.JSON, printLink)
}

// changePerson changes the present version of an account and shows it.
func changePerson(s *client.Session, method, person, step string, body any, asJSON bool) error {
	a, err := client.Change[Account](s, method, client.Path("people", person), step, 0, body)
	return client.Show(s, a, err, asJSON, printAccount)
}

// PersonChangeCmd changes an account.
type PersonChangeCmd struct {
	Person       string  `arg:"" help:"Login or id."`
	Name         *string `help:"A new name." placeholder:"NAME"`
	Mail         *string `help:"A new mail address; empty for none." placeholder:"ADDRESS"`
	Organisation *string `help:"Id of another organisation; empty for none." placeholder:"ID"`
	client.JSONFlag
}

// Run changes what was named.
func (c *PersonChangeCmd) Run(s *client.Session) error {
	return changePerson(s, http.MethodPatch, c.Person, "", AccountEdit{Name: c.Name, Mail: c.Mail, Organisation: c.Organisation}, c.JSON)
}

// PersonRolesCmd replaces roles.
type PersonRolesCmd struct {
	Person string   `arg:"" help:"Login or id."`
	Roles  []string `arg:"" optional:"" help:"The roles that the account is to have."`
	None   bool     `help:"No role at all."`
	client.JSONFlag
}

// Run replaces the roles.
func (c *PersonRolesCmd) Run(s *client.Session) error {
	if c.None == (len(c.Roles) > 0) {
		return fault.New(fault.Usage, "identity.roles_which", "Name all roles that the account is to have, or say --none.")
	}
	return changePerson(s, http.MethodPut, c.Person, "/roles", Roles{Roles: filled(c.Roles)}, c.JSON)
}

// PersonDeactivateCmd closes an account.
type PersonDeactivateCmd struct {
	Person string `arg:"" help:"Login or id."`
	Reason string `required:"" help:"Why, in one line; it stays in the ledger." placeholder:"TEXT"`
	client.JSONFlag
}

// Run closes the account.
func (c *PersonDeactivateCmd) Run(s *client.Session) error {
	return changePerson(s, http.MethodPost, c.Person, "/deactivation", Reason{Reason: c.Reason}, c.JSON)
}

// PersonReactivateCmd opens a closed account.
type PersonReactivateCmd struct {
	Person string `arg:"" help:"Login or id."`
	client.JSONFlag
}

// Run opens the account and prints the link to pass on.
func (c *PersonReactivateCmd) Run(s *client.Session) error {
	made, err := client.Change[InvitedAccount](s, http.MethodPost, client.Path("people", c.Person), "/reactivation", 0, nil)
	return client.Show(s, made, err, c.JSON, printInvited)
}

// PersonEndSessionsCmd ends sessions.
type PersonEndSessionsCmd struct {
	Person string `arg:"" help:"Login or id."`
}

// Run ends all sessions of the account.
func (c *PersonEndSessionsCmd) Run(s *client.Session) error {
	return s.Do(http.MethodDelete, client.Path("people", c.Person, "sessions"), nil)
}

// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/identity"
)

// Account is a person or a service account as the API gives it.
type Account struct {
	ID           string    `json:"id"`
	Login        string    `json:"login"`
	Name         string    `json:"name"`
	Mail         string    `json:"mail,omitempty" doc:"shown to its owner and to administrators"`
	Kind         string    `json:"kind" enum:"person,service"`
	Organisation string    `json:"organisation,omitempty" doc:"id of an organisation"`
	Roles        []string  `json:"roles" nullable:"false"`
	Groups       []string  `json:"groups" nullable:"false" doc:"ids of groups"`
	Active       bool      `json:"active"`
	Enrolled     bool      `json:"enrolled" doc:"has a password and a second factor; never true for a service"`
	CreatedAt    time.Time `json:"created_at"`
	ErasedAt     time.Time `json:"erased_at,omitzero"`
	Version      int64     `json:"version"`
}

// account returns what a reader may see of an account.
func (s *Site) account(reader authz.Actor, p identity.Person) Account {
	a := Account{
		ID: p.ID, Login: p.Login, Name: p.Name, Kind: string(p.Kind), Organisation: p.Organisation,
		Roles: roleNames(p.Roles), Groups: filled(p.Groups), Active: p.Active, Enrolled: p.Enrolled,
		CreatedAt: p.CreatedAt, ErasedAt: p.ErasedAt, Version: p.Version,
	}
	if reader.ID == p.ID || s.Policy.Allowed(reader, identity.ActionPersonAdminister) {
		a.Mail = p.Mail
	}
	return a
}

// InvitationLink is a one-time link by which a person sets password and second
// factor. It is given out this once.
type InvitationLink struct {
	URL   string    `json:"url"`
	Until time.Time `json:"until"`
}

func (s *Site) link(inv identity.Invitation) *InvitationLink {
	if inv.Token == "" {
		return nil
	}
	return &InvitationLink{URL: s.PublicURL + invitationPath(inv.Token), Until: inv.Until}
}

// InvitedAccount is an account, with the link to it if it is that of a person.
type InvitedAccount struct {
	Account    Account         `json:"account"`
	Invitation *InvitationLink `json:"invitation,omitempty" doc:"shown this once; pass it on by a way that reaches nobody else"`
}

// NewAccount is what an administrator says about a new account.
type NewAccount struct {
	Login        string   `json:"login" maxLength:"40"`
	Name         string   `json:"name" maxLength:"200"`
	Mail         string   `json:"mail,omitempty" maxLength:"254"`
	Kind         string   `json:"kind,omitempty" enum:"person,service" doc:"absent: person"`
	Organisation string   `json:"organisation,omitempty" maxLength:"100" doc:"id of an organisation"`
	Roles        []string `json:"roles,omitempty" maxItems:"20"`
}

// AccountEdit is an edit of an account; an absent member stays as it is.
type AccountEdit struct {
	Name         *string `json:"name,omitempty" maxLength:"200"`
	Mail         *string `json:"mail,omitempty" maxLength:"254"`
	Organisation *string `json:"organisation,omitempty" maxLength:"100" doc:"id of an organisation; empty: none"`
}

// Roles are the roles of an account.
type Roles struct {
	Roles []string `json:"roles" nullable:"false" maxItems:"20"`
}

// Reason says why.
type Reason struct {
	Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"one line; stays in the ledger"`
}

// Group is a named set of people.
type Group struct{ identity.Group }

func groupOf(g identity.Group) Group {
	g.Members = filled(g.Members)
	return Group{g}
}

// GroupEdit is what a group is to be.
type GroupEdit struct {
	Name    string   `json:"name" maxLength:"200"`
	Members []string `json:"members" nullable:"false" maxItems:"2000" doc:"ids or logins of accounts"`
}

// Organisation is a party that people and posts belong to.
type Organisation struct{ identity.Organisation }

func organisationOf(o identity.Organisation) Organisation { return Organisation{o} }

// OrganisationEdit is what an organisation is to be called.
type OrganisationEdit struct {
	Name string `json:"name" maxLength:"200"`
}

// Token is an API token without its secret.
type Token struct {
	identity.Token
	State string `json:"state" enum:"live,expired,revoked"`
}

func (s *Site) token(t identity.Token) Token {
	t.Scopes = filled(t.Scopes)
	state := "expired"
	switch {
	case t.Live(s.realNow()):
		state = "live"
	case !t.RevokedAt.IsZero():
		state = "revoked"
	}
	return Token{Token: t, State: state}
}

// NewToken is what a token is asked to be.
type NewToken struct {
	Name       string     `json:"name" maxLength:"200" doc:"what it is for"`
	Scopes     []string   `json:"scopes,omitempty" maxItems:"200" doc:"actions, such as gate:check"`
	Everything bool       `json:"everything,omitempty" doc:"instead of scopes: whatever the account may do, now and later"`
	Days       int        `json:"days,omitempty" minimum:"1" maximum:"365" doc:"how long it is valid, unless until says"`
	Until      *time.Time `json:"until,omitempty" doc:"at most a year ahead"`
	For        string     `json:"for,omitempty" maxLength:"100" doc:"id or login of a service account; absent: you"`
}

// MadeToken is a token with its secret, which is given out this once.
type MadeToken struct {
	Token
	Secret string `json:"secret" doc:"shown this once; send it as «Authorization: Bearer»"`
}

// Session is a session of the caller.
type Session struct{ identity.SessionInfo }

// Me is who the caller is.
type Me struct {
	ID      string   `json:"id"`
	Login   string   `json:"login"`
	Name    string   `json:"name"`
	Kind    string   `json:"kind" enum:"person,service"`
	Roles   []string `json:"roles" nullable:"false"`
	Groups  []string `json:"groups" nullable:"false" doc:"ids of groups"`
	Token   string   `json:"token,omitempty" doc:"id of the token that asks"`
	Session string   `json:"session,omitempty" doc:"id of the session that asks"`
	Scopes  []string `json:"scopes,omitempty" doc:"what the token is limited to; absent: to nothing"`
}

func filled[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

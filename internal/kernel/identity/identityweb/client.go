// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/web"
)

const apiPath = "/api/v1"

// Client is this part of the API as methods. People are named by id or login;
// versions are those of If-Match. It is safe for concurrent use.
type Client struct{ api *client.Client }

// NewClient returns the client on a connection.
func NewClient(api *client.Client) Client { return Client{api} }

func call[T any](ctx context.Context, c Client, method, path string, version int64, body any) (T, error) {
	var out T
	err := c.api.Call(ctx, client.Request{Method: method, Path: apiPath + path, Body: body, Version: version}, &out)
	return out, err
}

func (c Client) do(ctx context.Context, method, path string, version int64) error {
	return c.api.Call(ctx, client.Request{Method: method, Path: apiPath + path, Version: version}, nil)
}

// list gets a page of a list; empty values of the query are left out.
func list[T any](ctx context.Context, c Client, path string, query map[string]string, cursor string, limit int) (web.List[T], error) {
	values := url.Values{}
	for name, value := range query {
		if value != "" {
			values.Set(name, value)
		}
	}
	if cursor != "" {
		values.Set("cursor", cursor)
	}
	if limit > 0 {
		values.Set("limit", strconv.Itoa(limit))
	}
	var out web.List[T]
	err := c.api.Call(ctx, client.Request{Path: apiPath + path, Query: values}, &out)
	return out, err
}

func at(path, id string) string { return path + "/" + url.PathEscape(id) }

// Me returns who the caller is.
func (c Client) Me(ctx context.Context) (Me, error) {
	return call[Me](ctx, c, http.MethodGet, "/me", 0, nil)
}

// People returns a page of accounts, by login; all includes closed ones.
func (c Client) People(ctx context.Context, organisation string, all bool, cursor string, limit int) (web.List[Account], error) {
	query := map[string]string{"organisation": organisation}
	if all {
		query["state"] = stateAll
	}
	return list[Account](ctx, c, "/people", query, cursor, limit)
}

// Person returns an account.
func (c Client) Person(ctx context.Context, person string) (Account, error) {
	return call[Account](ctx, c, http.MethodGet, at("/people", person), 0, nil)
}

// CreatePerson creates an account and the invitation to it.
func (c Client) CreatePerson(ctx context.Context, in NewAccount) (InvitedAccount, error) {
	return call[InvitedAccount](ctx, c, http.MethodPost, "/people", 0, in)
}

// ChangePerson changes an account.
func (c Client) ChangePerson(ctx context.Context, person string, version int64, in AccountEdit) (Account, error) {
	return call[Account](ctx, c, http.MethodPatch, at("/people", person), version, in)
}

// SetRoles replaces the roles of an account.
func (c Client) SetRoles(ctx context.Context, person string, version int64, roles []string) (Account, error) {
	return call[Account](ctx, c, http.MethodPut, at("/people", person)+"/roles", version, Roles{Roles: filled(roles)})
}

// Invite makes a new invitation to an account.
func (c Client) Invite(ctx context.Context, person string) (InvitationLink, error) {
	return call[InvitationLink](ctx, c, http.MethodPost, at("/people", person)+"/invitations", 0, nil)
}

// Deactivate closes an account.
func (c Client) Deactivate(ctx context.Context, person string, version int64, reason string) (Account, error) {
	return call[Account](ctx, c, http.MethodPost, at("/people", person)+"/deactivation", version, Reason{Reason: reason})
}

// Reactivate opens a closed account.
func (c Client) Reactivate(ctx context.Context, person string, version int64) (InvitedAccount, error) {
	return call[InvitedAccount](ctx, c, http.MethodPost, at("/people", person)+"/reactivation", version, nil)
}

// EndSessions ends all sessions of an account.
func (c Client) EndSessions(ctx context.Context, person string) error {
	return c.do(ctx, http.MethodDelete, at("/people", person)+"/sessions", 0)
}

// Groups returns all groups.
func (c Client) Groups(ctx context.Context) (web.List[Group], error) {
	return list[Group](ctx, c, "/groups", nil, "", 0)
}

// Group returns a group.
func (c Client) Group(ctx context.Context, id string) (Group, error) {
	return call[Group](ctx, c, http.MethodGet, at("/groups", id), 0, nil)
}

// CreateGroup creates a group.
func (c Client) CreateGroup(ctx context.Context, in GroupEdit) (Group, error) {
	return call[Group](ctx, c, http.MethodPost, "/groups", 0, in)
}

// ChangeGroup replaces name and members of a group.
func (c Client) ChangeGroup(ctx context.Context, id string, version int64, in GroupEdit) (Group, error) {
	return call[Group](ctx, c, http.MethodPut, at("/groups", id), version, in)
}

// RemoveGroup removes a group.
func (c Client) RemoveGroup(ctx context.Context, id string, version int64) error {
	return c.do(ctx, http.MethodDelete, at("/groups", id), version)
}

// Organisations returns all organisations.
func (c Client) Organisations(ctx context.Context) (web.List[Organisation], error) {
	return list[Organisation](ctx, c, "/organisations", nil, "", 0)
}

// Organisation returns an organisation.
func (c Client) Organisation(ctx context.Context, id string) (Organisation, error) {
	return call[Organisation](ctx, c, http.MethodGet, at("/organisations", id), 0, nil)
}

// CreateOrganisation creates an organisation.
func (c Client) CreateOrganisation(ctx context.Context, name string) (Organisation, error) {
	return call[Organisation](ctx, c, http.MethodPost, "/organisations", 0, OrganisationEdit{Name: name})
}

// RenameOrganisation renames an organisation.
func (c Client) RenameOrganisation(ctx context.Context, id string, version int64, name string) (Organisation, error) {
	return call[Organisation](ctx, c, http.MethodPut, at("/organisations", id), version, OrganisationEdit{Name: name})
}

// OwnTokens returns the caller's tokens.
func (c Client) OwnTokens(ctx context.Context) (web.List[Token], error) {
	return list[Token](ctx, c, "/me/tokens", nil, "", 0)
}

// Tokens returns a page of the tokens of all accounts, or of one.
func (c Client) Tokens(ctx context.Context, person, cursor string, limit int) (web.List[Token], error) {
	return list[Token](ctx, c, "/tokens", map[string]string{"person": person}, cursor, limit)
}

// CreateToken creates a token of the caller, or of the service account that in names.
func (c Client) CreateToken(ctx context.Context, in NewToken) (MadeToken, error) {
	return call[MadeToken](ctx, c, http.MethodPost, tokensOf(in.For != ""), 0, in)
}

// RevokeToken revokes a token of the caller, or anybody's.
func (c Client) RevokeToken(ctx context.Context, id string, anybody bool) error {
	return c.do(ctx, http.MethodDelete, at(tokensOf(anybody), id), 0)
}

func tokensOf(others bool) string {
	if others {
		return "/tokens"
	}
	return "/me/tokens"
}

// Sessions returns the caller's sessions.
func (c Client) Sessions(ctx context.Context) (web.List[Session], error) {
	return list[Session](ctx, c, "/me/sessions", nil, "", 0)
}

// EndSession ends one of the caller's sessions; an empty id ends all of them.
func (c Client) EndSession(ctx context.Context, id string) error {
	if id == "" {
		return c.do(ctx, http.MethodDelete, "/me/sessions", 0)
	}
	return c.do(ctx, http.MethodDelete, at("/me/sessions", id), 0)
}

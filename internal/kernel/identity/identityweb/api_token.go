// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

func (s *Site) tokenAPI(api *web.API) {
	op := func(method, path, summary string, status int) huma.Operation {
		return operation(method, path, summary, "tokens", status)
	}
	web.Op(api, identity.ActionTokenManage, op(http.MethodGet, "/me/tokens", "List your own API tokens", 0), s.apiOwnTokens)
	web.Op(api, identity.ActionTokenManage, op(http.MethodPost, "/me/tokens", "Create an API token of your own", http.StatusCreated), s.apiCreateToken)
	web.Op(api, identity.ActionTokenManage, op(http.MethodDelete, "/me/tokens/{id}", "Revoke an API token of your own", http.StatusNoContent), s.apiRevokeToken)
	web.Op(api, identity.ActionTokenAdminister, op(http.MethodGet, "/tokens", "List the API tokens of all accounts", 0), s.apiTokens)
	web.Op(api, identity.ActionTokenAdminister, op(http.MethodPost, "/tokens", "Create an API token of a service account", http.StatusCreated), s.apiCreateServiceToken)
	web.Op(api, identity.ActionTokenAdminister, op(http.MethodDelete, "/tokens/{id}", "Revoke an API token", http.StatusNoContent), s.apiRevokeToken)
}

func (s *Site) tokenList(tokens []identity.Token, next string) *web.Listed[Token] {
	return web.ListOf(tokens, next, s.token)
}

func (s *Site) apiOwnTokens(ctx context.Context, _ *struct{}) (*web.Listed[Token], error) {
	tokens, err := s.People.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	return s.tokenList(tokens, ""), nil
}

func (s *Site) tokenInput(n NewToken) (identity.TokenInput, error) {
	in := identity.TokenInput{Name: n.Name, Everything: n.Everything}
	switch {
	case (n.Until == nil) == (n.Days == 0):
		return in, fault.InvalidFields("identity.token_invalid", []fault.Field{{
			Path: "days", Code: "required", Message: "Say how long the token is valid: days, or until."}})
	case n.Until != nil:
		in.Until = *n.Until
	default:
		in.Until = s.realNow().Add(time.Duration(n.Days) * 24 * time.Hour)
	}
	for _, name := range n.Scopes {
		in.Scopes = append(in.Scopes, authz.Action(name))
	}
	return in, nil
}

func (s *Site) made(ctx context.Context, t identity.Token, secret string, err error) (*web.Answer[MadeToken], error) {
	if err != nil {
		return nil, err
	}
	web.ShownOnce(ctx)
	return &web.Answer[MadeToken]{Body: MadeToken{Token: s.token(t), Secret: secret}}, nil
}

func (s *Site) apiCreateToken(ctx context.Context, in *struct{ Body NewToken }) (*web.Answer[MadeToken], error) {
	if in.Body.For != "" {
		return nil, fault.InvalidFields("identity.token_invalid", []fault.Field{{
			Path: "for", Code: "elsewhere", Message: "Tokens of a service account are created under /api/v1/tokens."}})
	}
	input, err := s.tokenInput(in.Body)
	if err != nil {
		return nil, err
	}
	t, secret, err := s.People.CreateToken(ctx, input)
	return s.made(ctx, t, secret, err)
}

func (s *Site) apiCreateServiceToken(ctx context.Context, in *struct{ Body NewToken }) (*web.Answer[MadeToken], error) {
	if in.Body.For == "" {
		return nil, fault.InvalidFields("identity.token_invalid", []fault.Field{{
			Path: "for", Code: "required", Message: "Say which service account the token is for."}})
	}
	input, err := s.tokenInput(in.Body)
	if err != nil {
		return nil, err
	}
	p, err := s.person(ctx, in.Body.For)
	if err != nil {
		return nil, err
	}
	t, secret, err := s.People.CreateServiceToken(ctx, p.ID, input)
	return s.made(ctx, t, secret, err)
}

func (s *Site) apiRevokeToken(ctx context.Context, in *web.ByID) (*struct{}, error) {
	return nil, s.People.RevokeToken(ctx, in.ID)
}

type tokensInput struct {
	web.Paging
	Person string `query:"person" maxLength:"100" doc:"only of this account, by id or login"`
}

func (s *Site) apiTokens(ctx context.Context, in *tokensInput) (*web.Listed[Token], error) {
	person := ""
	if in.Person != "" {
		p, err := s.person(ctx, in.Person)
		if err != nil {
			return nil, err
		}
		person = p.ID
	}
	page, err := s.People.AllTokens(ctx, person, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return s.tokenList(page.Tokens, page.Next), nil
}

func (s *Site) sessionAPI(api *web.API) {
	op := func(method, path, summary string, status int) huma.Operation {
		return operation(method, path, summary, "sessions", status)
	}
	web.PublicOp(api, whyMe, op(http.MethodGet, "/me", "Who the caller is", 0), s.apiMe)
	web.Op(api, identity.ActionProfileManage, op(http.MethodGet, "/me/sessions", "List your own sessions", 0), s.apiSessions)
	web.Op(api, identity.ActionProfileManage, op(http.MethodDelete, "/me/sessions/{id}", "End one of your own sessions", http.StatusNoContent), s.apiEndSession)
	web.Op(api, identity.ActionProfileManage, op(http.MethodDelete, "/me/sessions", "Sign out everywhere", http.StatusNoContent), s.apiSignOutEverywhere)
}

func (s *Site) apiMe(ctx context.Context, _ *struct{}) (*web.Answer[Me], error) {
	a := authz.ActorFrom(ctx)
	if !a.SignedIn() {
		return nil, fault.New(fault.Unauthenticated, "authz.unauthenticated", "Sign in, or send an API token as «Authorization: Bearer».")
	}
	me := Me{
		ID: a.ID, Login: a.Login, Name: a.Name, Kind: string(a.Kind), Roles: roleNames(a.Roles), Groups: filled(a.Groups),
		Token: a.TokenID, Session: a.SessionID,
	}
	for _, action := range a.Scopes {
		me.Scopes = append(me.Scopes, string(action))
	}
	return &web.Answer[Me]{Body: me}, nil
}

func (s *Site) apiSessions(ctx context.Context, _ *struct{}) (*web.Listed[Session], error) {
	all, err := s.People.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	return web.ListOf(all, "", func(one identity.SessionInfo) Session { return Session{one} }), nil
}

func (s *Site) apiEndSession(ctx context.Context, in *web.ByID) (*struct{}, error) {
	return nil, s.People.EndSession(ctx, in.ID)
}

func (s *Site) apiSignOutEverywhere(ctx context.Context, _ *struct{}) (*struct{}, error) {
	return nil, s.People.SignOutEverywhere(ctx)
}

// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

const whyMe = "it tells callers about themselves alone, whatever their token is for"

// PersonInPath is the account that an operation is about.
type PersonInPath struct {
	Person string `path:"person" maxLength:"100" doc:"id or login of an account"`
}

// Item returns the id or login.
func (p PersonInPath) Item() string { return p.Person }

func operation(method, path, summary, tag string, status int) huma.Operation {
	return huma.Operation{Method: method, Path: path, Summary: summary, DefaultStatus: status, Tags: []string{tag}}
}

// API registers the operations on people, groups, organisations, tokens and
// sessions, and /me.
func (s *Site) API(api *web.API) {
	s.peopleAPI(api)
	s.directoryAPI(api)
	s.tokenAPI(api)
	s.sessionAPI(api)
}

func (s *Site) peopleAPI(api *web.API) {
	const administer = identity.ActionPersonAdminister
	op := func(method, path, summary string, status int) huma.Operation {
		return operation(method, "/people"+path, summary, "people", status)
	}
	web.Op(api, identity.ActionDirectoryRead, op(http.MethodGet, "", "List accounts, by login", 0), s.apiPeople)
	web.Op(api, identity.ActionDirectoryRead, op(http.MethodGet, "/{person}", "Show an account", 0), s.apiPerson)
	web.Op(api, administer, op(http.MethodPost, "", "Create an account, and the invitation to it", http.StatusCreated), s.apiCreatePerson)
	web.Op(api, administer, op(http.MethodPatch, "/{person}", "Change an account", 0), onPerson(s, s.apiChangePerson))
	web.Op(api, administer, op(http.MethodPut, "/{person}/roles", "Replace the roles of an account", 0), onPerson(s, s.apiSetRoles))
	web.Op(api, administer, op(http.MethodPost, "/{person}/invitations", "Make a new invitation link; earlier ones stop working", http.StatusCreated), s.apiInvite)
	web.Op(api, administer, op(http.MethodPost, "/{person}/deactivation", "Close an account: sessions, tokens and delegations end at once", 0), onPerson(s, s.apiDeactivate))
	web.Op(api, administer, op(http.MethodPost, "/{person}/reactivation", "Open a closed account; a person gets a new invitation", 0), onPerson(s, s.apiReactivate))
	web.Op(api, administer, op(http.MethodDelete, "/{person}/sessions", "End all sessions of an account", http.StatusNoContent), s.apiEndSessions)
}

type peopleInput struct {
	web.Paging
	Organisation string `query:"organisation" maxLength:"100" doc:"only of this organisation, by id"`
	State        string `query:"state" enum:"active,all" default:"active"`
}

func (s *Site) apiPeople(ctx context.Context, in *peopleInput) (*web.Listed[Account], error) {
	page, err := s.People.People(ctx, identity.PeopleFilter{Organisation: in.Organisation, Inactive: in.State == stateAll}, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return web.ListOf(page.People, page.Next, func(p identity.Person) Account { return s.account(authz.ActorFrom(ctx), p) }), nil
}

func (s *Site) answer(ctx context.Context, p identity.Person, err error) (*web.Answer[Account], error) {
	if err != nil {
		return nil, err
	}
	return web.AnswerAt(p.Version, s.account(authz.ActorFrom(ctx), p)), nil
}

func (s *Site) apiPerson(ctx context.Context, in *PersonInPath) (*web.Answer[Account], error) {
	return s.onePerson(ctx, in.Person)
}

func (s *Site) onePerson(ctx context.Context, ref string) (*web.Answer[Account], error) {
	p, err := s.person(ctx, ref)
	return s.answer(ctx, p, err)
}

// invited answers with an account and the link to it, which is shown this once.
func (s *Site) invited(ctx context.Context, p identity.Person, inv identity.Invitation, err error) (*web.Answer[InvitedAccount], error) {
	if err != nil {
		return nil, err
	}
	if inv.Token != "" {
		web.ShownOnce(ctx)
	}
	body := InvitedAccount{Account: s.account(authz.ActorFrom(ctx), p), Invitation: s.link(inv)}
	return web.AnswerAt(p.Version, body).At("/people/" + p.ID), nil
}

func (s *Site) apiCreatePerson(ctx context.Context, in *struct{ Body NewAccount }) (*web.Answer[InvitedAccount], error) {
	b := in.Body
	p, inv, err := s.People.CreatePerson(ctx, identity.PersonInput{
		Login: b.Login, Name: b.Name, Mail: b.Mail, Kind: authz.ActorKind(b.Kind), Organisation: b.Organisation, Roles: rolesOf(b.Roles),
	})
	return s.invited(ctx, p, inv, err)
}

// onPerson makes the handler of an operation that changes an account, which is
// named by its id or login.
func onPerson[I web.Based[string], T any](s *Site, do func(ctx context.Context, id string, version int64, in *I) (T, error)) func(context.Context, *I) (T, error) {
	return web.Change(web.Seen(s.onePerson), func(ctx context.Context, version int64, in *I) (T, error) {
		p, err := s.person(ctx, (*in).Item())
		if err != nil {
			var none T
			return none, err
		}
		return do(ctx, p.ID, version, in)
	})
}

type changePersonInput struct {
	PersonInPath
	web.IfMatch
	Body AccountEdit
}

func (s *Site) apiChangePerson(ctx context.Context, id string, version int64, in *changePersonInput) (*web.Answer[Account], error) {
	p, err := s.People.ChangePerson(ctx, id, version, identity.PersonChange{Name: in.Body.Name, Mail: in.Body.Mail, Organisation: in.Body.Organisation})
	return s.answer(ctx, p, err)
}

type rolesInput struct {
	PersonInPath
	web.IfMatch
	Body Roles
}

func (s *Site) apiSetRoles(ctx context.Context, id string, version int64, in *rolesInput) (*web.Answer[Account], error) {
	p, err := s.People.SetRoles(ctx, id, version, rolesOf(in.Body.Roles))
	return s.answer(ctx, p, err)
}

func (s *Site) apiInvite(ctx context.Context, in *PersonInPath) (*web.Answer[InvitationLink], error) {
	p, err := s.person(ctx, in.Person)
	if err != nil {
		return nil, err
	}
	inv, err := s.People.Invite(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	web.ShownOnce(ctx)
	return &web.Answer[InvitationLink]{Body: *s.link(inv)}, nil
}

type deactivateInput struct {
	PersonInPath
	web.IfMatch
	Body Reason
}

func (s *Site) apiDeactivate(ctx context.Context, id string, version int64, in *deactivateInput) (*web.Answer[Account], error) {
	p, err := s.People.Deactivate(ctx, id, version, in.Body.Reason)
	return s.answer(ctx, p, err)
}

type reactivateInput struct {
	PersonInPath
	web.IfMatch
}

func (s *Site) apiReactivate(ctx context.Context, id string, version int64, _ *reactivateInput) (*web.Answer[InvitedAccount], error) {
	p, inv, err := s.People.Reactivate(ctx, id, version)
	out, err := s.invited(ctx, p, inv, err)
	if out != nil {
		out.Location = ""
	}
	return out, err
}

func (s *Site) apiEndSessions(ctx context.Context, in *PersonInPath) (*struct{}, error) {
	p, err := s.person(ctx, in.Person)
	if err != nil {
		return nil, err
	}
	return nil, s.People.EndSessions(ctx, p.ID)
}

// organisationByID returns an organisation; the route checked the action.
func (s *Site) organisationByID(ctx context.Context, id string) (identity.Organisation, error) {
	var o identity.Organisation
	err := s.read(ctx, func(r *store.ReadTx) (err error) {
		o, err = s.People.OrganisationByID(ctx, r, id)
		return err
	})
	return o, err
}

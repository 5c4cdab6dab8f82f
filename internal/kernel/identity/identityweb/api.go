// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

const whyMe = "it tells callers about themselves alone, whatever their token is for"

// output is an answer; ETag and Location are left out where they are empty.
type output[T any] struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     T
}

type nothing struct{}

// PersonInPath is the account that an operation is about.
type PersonInPath struct {
	Person string `path:"person" maxLength:"100" doc:"id or login of an account"`
}

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
	web.Op(api, administer, op(http.MethodPatch, "/{person}", "Change an account", 0), s.apiChangePerson)
	web.Op(api, administer, op(http.MethodPut, "/{person}/roles", "Replace the roles of an account", 0), s.apiSetRoles)
	web.Op(api, administer, op(http.MethodPost, "/{person}/invitations", "Make a new invitation link; earlier ones stop working", http.StatusCreated), s.apiInvite)
	web.Op(api, administer, op(http.MethodPost, "/{person}/deactivation", "Close an account: sessions, tokens and delegations end at once", 0), s.apiDeactivate)
	web.Op(api, administer, op(http.MethodPost, "/{person}/reactivation", "Open a closed account; a person gets a new invitation", 0), s.apiReactivate)
	web.Op(api, administer, op(http.MethodDelete, "/{person}/sessions", "End all sessions of an account", http.StatusNoContent), s.apiEndSessions)
}

type peopleInput struct {
	web.Paging
	Organisation string `query:"organisation" maxLength:"100" doc:"only of this organisation, by id"`
	State        string `query:"state" enum:"active,all" default:"active"`
}

func (s *Site) apiPeople(ctx context.Context, in *peopleInput) (*output[web.List[Account]], error) {
	page, err := s.People.People(ctx, identity.PeopleFilter{Organisation: in.Organisation, Inactive: in.State == stateAll}, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	list := web.List[Account]{Items: []Account{}, Next: page.Next}
	for _, p := range page.People {
		list.Items = append(list.Items, s.account(authz.ActorFrom(ctx), p))
	}
	return &output[web.List[Account]]{Body: list}, nil
}

func (s *Site) answer(ctx context.Context, p identity.Person, err error) (*output[Account], error) {
	if err != nil {
		return nil, err
	}
	return &output[Account]{ETag: web.ETag(p.Version), Body: s.account(authz.ActorFrom(ctx), p)}, nil
}

func (s *Site) apiPerson(ctx context.Context, in *PersonInPath) (*output[Account], error) {
	p, err := s.person(ctx, in.Person)
	return s.answer(ctx, p, err)
}

// plain refuses names that hide or reorder characters, by field.
func plain(fields map[string]*string) error {
	var wrong []fault.Field
	for path, text := range fields {
		if text != nil && !web.PlainName(*text) {
			wrong = append(wrong, fault.Field{Path: path, Code: "unseen_character", Message: "This holds characters that are not seen and hide or reorder others."})
		}
	}
	return fault.InvalidFields("identity.name_hidden", wrong)
}

// invited answers with an account and the link to it, which is shown this once.
func (s *Site) invited(ctx context.Context, p identity.Person, inv identity.Invitation, err error) (*output[InvitedAccount], error) {
	if err != nil {
		return nil, err
	}
	if inv.Token != "" {
		web.ShownOnce(ctx)
	}
	body := InvitedAccount{Account: s.account(authz.ActorFrom(ctx), p), Invitation: s.link(inv)}
	return &output[InvitedAccount]{ETag: web.ETag(p.Version), Location: "/api/v1/people/" + p.ID, Body: body}, nil
}

func (s *Site) apiCreatePerson(ctx context.Context, in *struct{ Body NewAccount }) (*output[InvitedAccount], error) {
	b := in.Body
	if err := plain(map[string]*string{"login": &b.Login, "name": &b.Name, "mail": &b.Mail}); err != nil {
		return nil, err
	}
	p, inv, err := s.People.CreatePerson(ctx, identity.PersonInput{
		Login: b.Login, Name: b.Name, Mail: b.Mail, Kind: authz.ActorKind(b.Kind), Organisation: b.Organisation, Roles: rolesOf(b.Roles),
	})
	return s.invited(ctx, p, inv, err)
}

// based finds the account and the version that the change is based on.
func (s *Site) based(ctx context.Context, person string, header web.IfMatch) (id string, version int64, err error) {
	p, err := s.person(ctx, person)
	if err != nil {
		return "", 0, err
	}
	version, err = header.Version()
	return p.ID, version, err
}

func (s *Site) apiChangePerson(ctx context.Context, in *struct {
	PersonInPath
	web.IfMatch
	Body AccountEdit
}) (*output[Account], error) {
	if err := plain(map[string]*string{"name": in.Body.Name, "mail": in.Body.Mail}); err != nil {
		return nil, err
	}
	id, version, err := s.based(ctx, in.Person, in.IfMatch)
	if err != nil {
		return nil, err
	}
	p, err := s.People.ChangePerson(ctx, id, version, identity.PersonChange{Name: in.Body.Name, Mail: in.Body.Mail, Organisation: in.Body.Organisation})
	return s.answer(ctx, p, err)
}

func (s *Site) apiSetRoles(ctx context.Context, in *struct {
	PersonInPath
	web.IfMatch
	Body Roles
}) (*output[Account], error) {
	id, version, err := s.based(ctx, in.Person, in.IfMatch)
	if err != nil {
		return nil, err
	}
	p, err := s.People.SetRoles(ctx, id, version, rolesOf(in.Body.Roles))
	return s.answer(ctx, p, err)
}

func (s *Site) apiInvite(ctx context.Context, in *PersonInPath) (*output[InvitationLink], error) {
	p, err := s.person(ctx, in.Person)
	if err != nil {
		return nil, err
	}
	inv, err := s.People.Invite(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	web.ShownOnce(ctx)
	return &output[InvitationLink]{Body: *s.link(inv)}, nil
}

func (s *Site) apiDeactivate(ctx context.Context, in *struct {
	PersonInPath
	web.IfMatch
	Body Reason
}) (*output[Account], error) {
	if err := plain(map[string]*string{"reason": &in.Body.Reason}); err != nil {
		return nil, err
	}
	id, version, err := s.based(ctx, in.Person, in.IfMatch)
	if err != nil {
		return nil, err
	}
	p, err := s.People.Deactivate(ctx, id, version, in.Body.Reason)
	return s.answer(ctx, p, err)
}

func (s *Site) apiReactivate(ctx context.Context, in *struct {
	PersonInPath
	web.IfMatch
}) (*output[InvitedAccount], error) {
	id, version, err := s.based(ctx, in.Person, in.IfMatch)
	if err != nil {
		return nil, err
	}
	p, inv, err := s.People.Reactivate(ctx, id, version)
	out, err := s.invited(ctx, p, inv, err)
	if out != nil {
		out.Location = ""
	}
	return out, err
}

func (s *Site) apiEndSessions(ctx context.Context, in *PersonInPath) (*nothing, error) {
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

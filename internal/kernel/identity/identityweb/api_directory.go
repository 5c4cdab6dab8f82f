// SPDX-License-Identifier: Apache-2.0

package identityweb

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/kernel/web"
)

func (s *Site) directoryAPI(api *web.API) {
	groups := func(method, path, summary string, status int) huma.Operation {
		return operation(method, "/groups"+path, summary, "groups", status)
	}
	web.Op(api, identity.ActionDirectoryRead, groups(http.MethodGet, "", "List groups, by name", 0), s.apiGroups)
	web.Op(api, identity.ActionDirectoryRead, groups(http.MethodGet, "/{id}", "Show a group", 0), s.apiGroup)
	web.Op(api, identity.ActionGroupAdminister, groups(http.MethodPost, "", "Create a group", http.StatusCreated), s.apiCreateGroup)
	web.Op(api, identity.ActionGroupAdminister, groups(http.MethodPut, "/{id}", "Replace name and members of a group", 0), web.Change(web.Seen(s.oneGroup), s.apiChangeGroup))
	web.Op(api, identity.ActionGroupAdminister, groups(http.MethodDelete, "/{id}", "Remove a group", http.StatusNoContent), web.Change(web.Seen(s.oneGroup), s.apiRemoveGroup))

	organisations := func(method, path, summary string, status int) huma.Operation {
		return operation(method, "/organisations"+path, summary, "organisations", status)
	}
	web.Op(api, identity.ActionDirectoryRead, organisations(http.MethodGet, "", "List organisations, by name", 0), s.apiOrganisations)
	web.Op(api, identity.ActionDirectoryRead, organisations(http.MethodGet, "/{id}", "Show an organisation", 0), s.apiOrganisation)
	web.Op(api, identity.ActionOrganisationAdminister, organisations(http.MethodPost, "", "Create an organisation", http.StatusCreated), s.apiCreateOrganisation)
	web.Op(api, identity.ActionOrganisationAdminister, organisations(http.MethodPut, "/{id}", "Rename an organisation", 0), web.Change(web.Seen(s.oneOrganisation), s.apiRenameOrganisation))
}

func (s *Site) apiGroups(ctx context.Context, _ *struct{}) (*web.Listed[Group], error) {
	all, err := s.People.Groups(ctx)
	return web.ListOf(all, "", groupOf), err
}

func groupAnswer(g identity.Group, err error) (*web.Answer[Group], error) {
	if err != nil {
		return nil, err
	}
	return web.AnswerAt(g.Version, groupOf(g)), nil
}

func (s *Site) oneGroup(ctx context.Context, id string) (*web.Answer[Group], error) {
	return groupAnswer(s.People.Group(ctx, id))
}

func (s *Site) apiGroup(ctx context.Context, in *web.ByID) (*web.Answer[Group], error) {
	return s.oneGroup(ctx, in.ID)
}

func (s *Site) groupEdit(ctx context.Context, in GroupEdit) (identity.GroupInput, error) {
	members, err := s.persons(ctx, "members", in.Members)
	return identity.GroupInput{Name: in.Name, Members: members}, err
}

func (s *Site) apiCreateGroup(ctx context.Context, in *struct{ Body GroupEdit }) (*web.Answer[Group], error) {
	input, err := s.groupEdit(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	out, err := groupAnswer(s.People.CreateGroup(ctx, input))
	if err != nil {
		return nil, err
	}
	return out.At("/groups/" + out.Body.ID), nil
}

func (s *Site) apiChangeGroup(ctx context.Context, version int64, in *web.EditByID[GroupEdit]) (*web.Answer[Group], error) {
	input, err := s.groupEdit(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	return groupAnswer(s.People.ChangeGroup(ctx, in.ID, version, input))
}

func (s *Site) apiRemoveGroup(ctx context.Context, version int64, in *web.BasedByID) (*struct{}, error) {
	return nil, s.People.RemoveGroup(ctx, in.ID, version)
}

func (s *Site) apiOrganisations(ctx context.Context, _ *struct{}) (*web.Listed[Organisation], error) {
	all, err := s.People.Organisations(ctx)
	return web.ListOf(all, "", organisationOf), err
}

func organisationAnswer(o identity.Organisation, err error) (*web.Answer[Organisation], error) {
	if err != nil {
		return nil, err
	}
	return web.AnswerAt(o.Version, organisationOf(o)), nil
}

func (s *Site) oneOrganisation(ctx context.Context, id string) (*web.Answer[Organisation], error) {
	return organisationAnswer(s.organisationByID(ctx, id))
}

func (s *Site) apiOrganisation(ctx context.Context, in *web.ByID) (*web.Answer[Organisation], error) {
	return s.oneOrganisation(ctx, in.ID)
}

func (s *Site) apiCreateOrganisation(ctx context.Context, in *struct{ Body OrganisationEdit }) (*web.Answer[Organisation], error) {
	out, err := organisationAnswer(s.People.CreateOrganisation(ctx, in.Body.Name))
	if err != nil {
		return nil, err
	}
	return out.At("/organisations/" + out.Body.ID), nil
}

func (s *Site) apiRenameOrganisation(ctx context.Context, version int64, in *web.EditByID[OrganisationEdit]) (*web.Answer[Organisation], error) {
	return organisationAnswer(s.People.RenameOrganisation(ctx, in.ID, version, in.Body.Name))
}

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
	web.Op(api, identity.ActionGroupAdminister, groups(http.MethodPut, "/{id}", "Replace name and members of a group", 0), s.apiChangeGroup)
	web.Op(api, identity.ActionGroupAdminister, groups(http.MethodDelete, "/{id}", "Remove a group", http.StatusNoContent), s.apiRemoveGroup)

	organisations := func(method, path, summary string, status int) huma.Operation {
		return operation(method, "/organisations"+path, summary, "organisations", status)
	}
	web.Op(api, identity.ActionDirectoryRead, organisations(http.MethodGet, "", "List organisations, by name", 0), s.apiOrganisations)
	web.Op(api, identity.ActionDirectoryRead, organisations(http.MethodGet, "/{id}", "Show an organisation", 0), s.apiOrganisation)
	web.Op(api, identity.ActionOrganisationAdminister, organisations(http.MethodPost, "", "Create an organisation", http.StatusCreated), s.apiCreateOrganisation)
	web.Op(api, identity.ActionOrganisationAdminister, organisations(http.MethodPut, "/{id}", "Rename an organisation", 0), s.apiRenameOrganisation)
}

// IDInPath is the group, organisation, token or session that an operation is about.
type IDInPath struct {
	ID string `path:"id" maxLength:"100"`
}

func (s *Site) apiGroups(ctx context.Context, _ *struct{}) (*output[web.List[Group]], error) {
	all, err := s.People.Groups(ctx)
	if err != nil {
		return nil, err
	}
	list := web.List[Group]{Items: []Group{}}
	for _, g := range all {
		list.Items = append(list.Items, groupOf(g))
	}
	return &output[web.List[Group]]{Body: list}, nil
}

func groupAnswer(g identity.Group, location string, err error) (*output[Group], error) {
	if err != nil {
		return nil, err
	}
	if location != "" {
		location += g.ID
	}
	return &output[Group]{ETag: web.ETag(g.Version), Location: location, Body: groupOf(g)}, nil
}

func (s *Site) apiGroup(ctx context.Context, in *IDInPath) (*output[Group], error) {
	g, err := s.People.Group(ctx, in.ID)
	return groupAnswer(g, "", err)
}

func (s *Site) groupEdit(ctx context.Context, in GroupEdit) (identity.GroupInput, error) {
	if err := plain(map[string]*string{"name": &in.Name}); err != nil {
		return identity.GroupInput{}, err
	}
	members, err := s.persons(ctx, "members", in.Members)
	return identity.GroupInput{Name: in.Name, Members: members}, err
}

func (s *Site) apiCreateGroup(ctx context.Context, in *struct{ Body GroupEdit }) (*output[Group], error) {
	input, err := s.groupEdit(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	g, err := s.People.CreateGroup(ctx, input)
	return groupAnswer(g, "/api/v1/groups/", err)
}

func (s *Site) apiChangeGroup(ctx context.Context, in *struct {
	IDInPath
	web.IfMatch
	Body GroupEdit
}) (*output[Group], error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	input, err := s.groupEdit(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	g, err := s.People.ChangeGroup(ctx, in.ID, version, input)
	return groupAnswer(g, "", err)
}

func (s *Site) apiRemoveGroup(ctx context.Context, in *struct {
	IDInPath
	web.IfMatch
}) (*nothing, error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	return nil, s.People.RemoveGroup(ctx, in.ID, version)
}

func (s *Site) apiOrganisations(ctx context.Context, _ *struct{}) (*output[web.List[Organisation]], error) {
	all, err := s.People.Organisations(ctx)
	if err != nil {
		return nil, err
	}
	list := web.List[Organisation]{Items: []Organisation{}}
	for _, o := range all {
		list.Items = append(list.Items, organisationOf(o))
	}
	return &output[web.List[Organisation]]{Body: list}, nil
}

func organisationAnswer(o identity.Organisation, location string, err error) (*output[Organisation], error) {
	if err != nil {
		return nil, err
	}
	if location != "" {
		location += o.ID
	}
	return &output[Organisation]{ETag: web.ETag(o.Version), Location: location, Body: organisationOf(o)}, nil
}

func (s *Site) apiOrganisation(ctx context.Context, in *IDInPath) (*output[Organisation], error) {
	o, err := s.organisationByID(ctx, in.ID)
	return organisationAnswer(o, "", err)
}

func (s *Site) apiCreateOrganisation(ctx context.Context, in *struct{ Body OrganisationEdit }) (*output[Organisation], error) {
	if err := plain(map[string]*string{"name": &in.Body.Name}); err != nil {
		return nil, err
	}
	o, err := s.People.CreateOrganisation(ctx, in.Body.Name)
	return organisationAnswer(o, "/api/v1/organisations/", err)
}

func (s *Site) apiRenameOrganisation(ctx context.Context, in *struct {
	IDInPath
	web.IfMatch
	Body OrganisationEdit
}) (*output[Organisation], error) {
	if err := plain(map[string]*string{"name": &in.Body.Name}); err != nil {
		return nil, err
	}
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	o, err := s.People.RenameOrganisation(ctx, in.ID, version, in.Body.Name)
	return organisationAnswer(o, "", err)
}

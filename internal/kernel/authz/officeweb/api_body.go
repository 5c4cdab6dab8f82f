// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

func (s *Site) bodyAPI(api *web.API) {
	op := func(method, path, summary string, status int) huma.Operation {
		return operation(method, "/bodies"+path, summary, "authority", status)
	}
	web.Op(api, office.ActionRead, op(http.MethodGet, "", "List bodies", 0), s.apiBodies)
	web.Op(api, office.ActionRead, op(http.MethodGet, "/{id}", "Show a body", 0), s.apiBody)
	web.Op(api, office.ActionAdminister, op(http.MethodPost, "", "Establish a body", http.StatusCreated), s.apiCreateBody)
	web.Op(api, office.ActionAdminister, op(http.MethodPatch, "/{id}", "Change a body", 0), s.apiChangeBody)
	web.Op(api, office.ActionAdminister, op(http.MethodDelete, "/{id}", "Dissolve a body", http.StatusNoContent), s.apiDissolveBody)
}

type bodiesInput struct {
	Organisation string `query:"organisation" maxLength:"100" doc:"only of this organisation, by id"`
}

func (s *Site) apiBodies(ctx context.Context, in *bodiesInput) (*output[web.List[Body]], error) {
	st, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	var all []Body
	for _, b := range st.Bodies {
		if in.Organisation == "" || b.Organisation == in.Organisation {
			all = append(all, st.body(b))
		}
	}
	return listOf(all), nil
}

func (s *Site) findBody(ctx context.Context, id string) (state, authz.Body, error) {
	st, err := s.load(ctx)
	if err != nil {
		return st, authz.Body{}, err
	}
	i := slices.IndexFunc(st.Bodies, func(b authz.Body) bool { return b.ID == id })
	if i < 0 {
		return st, authz.Body{}, fault.ItemNotFound()
	}
	return st, st.Bodies[i], nil
}

// oneBody answers with a body as it is now.
func (s *Site) oneBody(ctx context.Context, id string) (*output[Body], error) {
	st, b, err := s.findBody(ctx, id)
	if err != nil {
		return nil, err
	}
	return &output[Body]{ETag: web.ETag(b.Version), Body: st.body(b)}, nil
}

func (s *Site) apiBody(ctx context.Context, in *IDInPath) (*output[Body], error) {
	return s.oneBody(ctx, in.ID)
}

func (s *Site) apiCreateBody(ctx context.Context, in *struct{ Body NewBody }) (*output[Body], error) {
	if err := plain(map[string]string{"name": in.Body.Name}); err != nil {
		return nil, err
	}
	members, err := s.persons(ctx, "members", in.Body.Members...)
	if err != nil {
		return nil, err
	}
	b, err := s.Office.CreateBody(ctx, office.BodyInput{
		Organisation: in.Body.Organisation, Name: in.Body.Name, Members: members, Quorum: in.Body.Quorum,
	})
	if err != nil {
		return nil, err
	}
	out, err := s.oneBody(ctx, b.ID)
	if out != nil {
		out.Location = "/api/v1/bodies/" + b.ID
	}
	return out, err
}

func (s *Site) apiChangeBody(ctx context.Context, in *struct {
	IDInPath
	web.IfMatch
	Body BodyEdit
}) (*output[Body], error) {
	_, b, err := s.findBody(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	input := office.BodyInput{Organisation: b.Organisation, Name: b.Name, Members: b.Members, Quorum: b.Quorum}
	if in.Body.Name != nil {
		input.Name = *in.Body.Name
	}
	if in.Body.Quorum != nil {
		input.Quorum = *in.Body.Quorum
	}
	if err := plain(map[string]string{"name": input.Name}); err != nil {
		return nil, err
	}
	if in.Body.Members != nil {
		if input.Members, err = s.persons(ctx, "members", *in.Body.Members...); err != nil {
			return nil, err
		}
	}
	if _, err := s.Office.ChangeBody(ctx, in.ID, version, input); err != nil {
		return nil, err
	}
	return s.oneBody(ctx, in.ID)
}

func (s *Site) apiDissolveBody(ctx context.Context, in *struct {
	IDInPath
	web.IfMatch
}) (*nothing, error) {
	version, err := in.Version()
	if err != nil {
		return nil, err
	}
	return nil, s.Office.DissolveBody(ctx, in.ID, version)
}

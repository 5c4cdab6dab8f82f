// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/web"
)

func (s *Site) bodyAPI(api *web.API) {
	op := func(method, path, summary string, status int) huma.Operation {
		return operation(method, "/bodies"+path, summary, "authority", status)
	}
	web.Op(api, office.ActionRead, op(http.MethodGet, "", "List bodies", 0), s.apiBodies)
	web.Op(api, office.ActionRead, op(http.MethodGet, "/{id}", "Show a body", 0), s.apiBody)
	web.Op(api, office.ActionAdminister, op(http.MethodPost, "", "Establish a body", http.StatusCreated), s.apiCreateBody)
	web.Op(api, office.ActionAdminister, op(http.MethodPatch, "/{id}", "Change a body", 0), web.Change(web.Seen(s.oneBody), s.apiChangeBody))
	web.Op(api, office.ActionAdminister, op(http.MethodDelete, "/{id}", "Dissolve a body", http.StatusNoContent), web.Change(web.Seen(s.oneBody), s.apiDissolveBody))
}

type bodiesInput struct {
	Organisation string `query:"organisation" maxLength:"100" doc:"only of this organisation, by id"`
}

func (s *Site) apiBodies(ctx context.Context, in *bodiesInput) (*web.Listed[Body], error) {
	st, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(slices.Clone(st.Bodies), func(b authz.Body) bool {
		return in.Organisation != "" && b.Organisation != in.Organisation
	})
	return web.ListOf(all, "", st.body), nil
}

// oneBody answers with a body as it is now.
func (s *Site) oneBody(ctx context.Context, id string) (*web.Answer[Body], error) {
	st, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	b, err := st.findBody(id)
	if err != nil {
		return nil, err
	}
	return web.AnswerAt(b.Version, st.body(b)), nil
}

func (s *Site) apiBody(ctx context.Context, in *web.ByID) (*web.Answer[Body], error) {
	return s.oneBody(ctx, in.ID)
}

func (s *Site) apiCreateBody(ctx context.Context, in *struct{ Body NewBody }) (*web.Answer[Body], error) {
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
	return out.At("/bodies/" + b.ID), err
}

func (s *Site) apiChangeBody(ctx context.Context, version int64, in *web.EditByID[BodyEdit]) (*web.Answer[Body], error) {
	st, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	b, err := st.findBody(in.ID)
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

func (s *Site) apiDissolveBody(ctx context.Context, version int64, in *web.BasedByID) (*struct{}, error) {
	return nil, s.Office.DissolveBody(ctx, in.ID, version)
}

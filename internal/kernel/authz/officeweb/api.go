// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/authz/office"
	"portreeve.org/portreeve/internal/kernel/web"
)

func operation(method, path, summary, tag string, status int) huma.Operation {
	return huma.Operation{Method: method, Path: path, Summary: summary, DefaultStatus: status, Tags: []string{tag}}
}

// API registers the operations on ranks, posts, bodies and delegations.
func (s *Site) API(api *web.API) {
	web.Op(api, office.ActionRead, operation(http.MethodGet, "/ranks", "List ranks, low to high, as configured", "authority", 0), s.apiRanks)
	web.Op(api, office.ActionRead, operation(http.MethodGet, "/me/rights", "What the caller may exercise now, and by which right", "authority", 0), s.apiRights)
	s.postAPI(api)
	s.bodyAPI(api)
	s.delegationAPI(api)
}

func (s *Site) apiRanks(ctx context.Context, _ *struct{}) (*web.Listed[Rank], error) {
	st, err := s.load(ctx)
	return web.ListOf(st.Ranks, "", func(r authz.Rank) Rank { return Rank{r} }), err
}

func (s *Site) apiRights(ctx context.Context, _ *struct{}) (*web.Listed[Right], error) {
	st, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	var all []authz.Right
	for _, o := range st.organisations {
		all = append(all, st.Rights(authz.ActorFrom(ctx).ID, o.ID, st.now)...)
	}
	return web.ListOf(all, "", func(r authz.Right) Right { return Right{r} }), nil
}

func (s *Site) postAPI(api *web.API) {
	op := func(method, path, summary string, status int) huma.Operation {
		return operation(method, "/posts"+path, summary, "authority", status)
	}
	web.Op(api, office.ActionRead, op(http.MethodGet, "", "List posts, highest rank first, with vacancies", 0), s.apiPosts)
	web.Op(api, office.ActionRead, op(http.MethodGet, "/{id}", "Show a post", 0), s.apiPost)
	web.Op(api, office.ActionAdminister, op(http.MethodPost, "", "Create a post", http.StatusCreated), s.apiCreatePost)
	web.Op(api, office.ActionAdminister, op(http.MethodPatch, "/{id}", "Change a post: appoint, vacate, rename", 0), web.Change(web.Seen(s.onePost), s.apiChangePost))
	web.Op(api, office.ActionAdminister, op(http.MethodDelete, "/{id}", "Abolish a post", http.StatusNoContent), web.Change(web.Seen(s.onePost), s.apiAbolishPost))
}

type postsInput struct {
	Organisation string `query:"organisation" maxLength:"100" doc:"only of this organisation, by id"`
	Vacant       bool   `query:"vacant" doc:"only vacant ones"`
}

func (s *Site) apiPosts(ctx context.Context, in *postsInput) (*web.Listed[Post], error) {
	st, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(byRank(st.Authority, st.Posts), func(p authz.Post) bool {
		return in.Organisation != "" && p.Organisation != in.Organisation || in.Vacant && st.Filled(p, st.now)
	})
	return web.ListOf(all, "", st.post), nil
}

// onePost answers with a post as it is now.
func (s *Site) onePost(ctx context.Context, id string) (*web.Answer[Post], error) {
	st, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	p, err := st.findPost(id)
	if err != nil {
		return nil, err
	}
	return web.AnswerAt(p.Version, st.post(p)), nil
}

func (s *Site) apiPost(ctx context.Context, in *web.ByID) (*web.Answer[Post], error) {
	return s.onePost(ctx, in.ID)
}

func (s *Site) apiCreatePost(ctx context.Context, in *struct{ Body NewPost }) (*web.Answer[Post], error) {
	b := in.Body
	input := office.PostInput{Organisation: b.Organisation, Rank: b.Rank, Function: b.Function, Title: b.Title}
	var err error
	if input.Since, input.Until, err = span(b.Since, b.Until, [2]string{"since", "until"}, s.Location); err != nil {
		return nil, err
	}
	if input.Holder, err = s.person(ctx, "holder", b.Holder); err != nil {
		return nil, err
	}
	p, err := s.Office.CreatePost(ctx, input)
	if err != nil {
		return nil, err
	}
	out, err := s.onePost(ctx, p.ID)
	return out.At("/posts/" + p.ID), err
}

func (s *Site) apiChangePost(ctx context.Context, version int64, in *web.EditByID[PostEdit]) (*web.Answer[Post], error) {
	st, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	p, err := st.findPost(in.ID)
	if err != nil {
		return nil, err
	}
	input, err := s.edited(ctx, p, in.Body)
	if err != nil {
		return nil, err
	}
	if _, err := s.Office.ChangePost(ctx, in.ID, version, input); err != nil {
		return nil, err
	}
	return s.onePost(ctx, in.ID)
}

// edited is a post with an edit applied. A new holder begins without the dates
// of the former one, unless the edit gives some.
func (s *Site) edited(ctx context.Context, p authz.Post, e PostEdit) (office.PostInput, error) {
	in := office.PostInput{Organisation: p.Organisation, Rank: p.Rank, Function: p.Function, Title: p.Title, Holder: p.Holder, Since: p.Since, Until: p.Until}
	for _, set := range []struct {
		from *string
		to   *string
	}{{e.Rank, &in.Rank}, {e.Function, &in.Function}, {e.Title, &in.Title}} {
		if set.from != nil {
			*set.to = *set.from
		}
	}
	var err error
	if e.Holder != nil {
		if in.Holder, err = s.person(ctx, "holder", *e.Holder); err != nil {
			return in, err
		}
		if in.Holder != p.Holder {
			in.Since, in.Until = time.Time{}, time.Time{}
		}
	}
	since, until, err := span(value(e.Since), value(e.Until), [2]string{"since", "until"}, s.Location)
	if e.Since != nil {
		in.Since = since
	}
	if e.Until != nil {
		in.Until = until
	}
	return in, err
}

func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func (s *Site) apiAbolishPost(ctx context.Context, version int64, in *web.BasedByID) (*struct{}, error) {
	return nil, s.Office.AbolishPost(ctx, in.ID, version)
}

// SPDX-License-Identifier: Apache-2.0

package review

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/web"
	"portreeve.org/portreeve/internal/review/kind"
)

// KindDetail is a version of a kind, as text and as it reads.
type KindDetail struct {
	KindVersion
	Kind *kind.Kind `json:"kind"`
}

// KindPath is the path of an operation on a kind.
type KindPath struct {
	Name string `path:"name" maxLength:"60" doc:"name of the kind, such as concept"`
}

// kindAPI registers the operations on kinds of review.
func (s *Service) kindAPI(api *web.API) {
	op := func(id, method, path, summary string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: "/review-kinds" + path, Summary: summary, DefaultStatus: http.StatusOK, Tags: []string{"reviews"}}
	}
	web.Op(api, ActionRead, op("list-review-kinds", http.MethodGet, "", "List the kinds of review"), s.apiKinds)
	web.Op(api, ActionRead, op("show-review-kind", http.MethodGet, "/{name}", "Show a kind of review, its form and its text"), s.apiKind)
	web.Op(api, ActionKind, op("publish-review-kind", http.MethodPut, "/{name}", "Publish a version of a kind of review"), s.apiPublish)
	web.Op(api, ActionKind, op("try-review-kind", http.MethodPost, "/{name}/trial", "Check the text of a kind, try it on a form, and show what it changes; nothing is written"), s.apiTry)
}

func (s *Service) apiKinds(ctx context.Context, _ *struct{}) (*web.Listed[KindDetail], error) {
	all, err := s.Kinds(ctx)
	if err != nil {
		return nil, err
	}
	details := make([]KindDetail, len(all))
	for i, v := range all {
		k, err := s.read(v)
		if err != nil {
			return nil, err
		}
		details[i] = KindDetail{KindVersion: v, Kind: k}
	}
	return web.ListOf(details, "", web.Itself), nil
}

type kindInput struct {
	KindPath
	Version int64 `query:"version" minimum:"0" doc:"0: the present one"`
}

func (s *Service) apiKind(ctx context.Context, in *kindInput) (*web.Answer[KindDetail], error) {
	k, v, err := s.Kind(ctx, in.Name, in.Version)
	if err != nil {
		return nil, err
	}
	return web.AnswerAt(v.Version, KindDetail{KindVersion: v, Kind: k}), nil
}

type publishInput struct {
	KindPath
	web.IfMatch
	Body PublishRequest
}

func (s *Service) apiPublish(ctx context.Context, in *publishInput) (*web.Answer[KindDetail], error) {
	if err := s.require(ctx, ActionKind); err != nil {
		return nil, err
	}
	var before int64
	if in.Body.Before != nil {
		before = *in.Body.Before
	} else {
		var err error
		if before, err = in.IfMatch.Version(); err != nil {
			return nil, err
		}
	}
	v, err := s.PublishKind(ctx, in.Name, before, in.Body.Text, in.Body.Note)
	if err != nil {
		return nil, err
	}
	k, err := s.read(v)
	if err != nil {
		return nil, err
	}
	return web.AnswerAt(v.Version, KindDetail{KindVersion: v, Kind: k}), nil
}

type trialInput struct {
	KindPath
	Body TrialRequest
}

func (s *Service) apiTry(ctx context.Context, in *trialInput) (*web.JSON[Trial], error) {
	t, err := s.TryKind(ctx, in.Name, in.Body)
	return web.AnswerJSON(t), err
}

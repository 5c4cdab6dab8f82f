// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/web"
)

type refInput struct {
	Ref string `path:"ref" maxLength:"150" doc:"kind:name"`
}

// on is the input of an operation that changes a subject.
type on[B any] struct {
	Ref string `path:"ref" maxLength:"150" doc:"kind:name"`
	web.IfMatch
	Body B
}

// Item returns the subject's ref.
func (o on[B]) Item() string { return o.Ref }

type listInput struct {
	web.Paging
	Kind         string `query:"kind" maxLength:"40"`
	Owner        string `query:"owner" maxLength:"100" doc:"id of a person"`
	Organisation string `query:"organisation" maxLength:"100" doc:"id of an organisation"`
	State        string `query:"state" enum:"active,retired,all" default:"active"`
}

// API registers the operations below /api/v1/subjects, and /api/v1/kinds.
func (s *Service) API(api *web.API) {
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status, Tags: []string{"subjects"}}
	}
	web.Op(api, ActionRead, op("list-kinds", http.MethodGet, "/kinds", "Kinds of subject and relations", 0), s.apiKinds)
	web.Op(api, ActionRead, op("list-subjects", http.MethodGet, "/subjects", "List subjects", 0), s.apiList)
	web.Op(api, ActionRead, op("show-subject", http.MethodGet, "/subjects/{ref}", "Show a subject", 0), s.apiShow)
	web.Op(api, ActionRegister, op("register-subject", http.MethodPost, "/subjects", "Register a subject", http.StatusCreated), s.apiRegister)
	web.Op(api, ActionChange, op("change-subject", http.MethodPatch, "/subjects/{ref}", "Change a subject", 0), web.Change(s.mayEdit(ActionChange), s.apiChange))
	web.Op(api, ActionRetire, op("retire-subject", http.MethodPost, "/subjects/{ref}/retirement", "Take a subject out of use for good", 0), web.Change(s.mayEdit(ActionRetire), s.apiRetire))
	web.Op(api, ActionLink, op("link-subject", http.MethodPost, "/subjects/{ref}/links", "Link a subject to another", http.StatusCreated), s.apiLink)
	web.Op(api, ActionLink, op("unlink-subject", http.MethodDelete, "/subjects/{ref}/links/{relation}/{to}", "Remove a link", http.StatusNoContent), s.apiUnlink)
}

func (s *Service) apiKinds(context.Context, *struct{}) (*web.JSON[*Kinds], error) {
	return web.AnswerJSON(s.Kinds()), nil
}

func (s *Service) apiList(ctx context.Context, in *listInput) (*web.Listed[Subject], error) {
	page, err := s.List(ctx, Filter{Kind: in.Kind, Owner: in.Owner, Organisation: in.Organisation, State: in.State}, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return web.ListOf(page.Subjects, page.Next, web.Itself), nil
}

func (s *Service) apiShow(ctx context.Context, in *refInput) (*web.Answer[Document], error) {
	return s.document(ctx, in.Ref)
}

// document answers with the subject as it is now.
func (s *Service) document(ctx context.Context, ref string) (*web.Answer[Document], error) {
	d, err := s.Show(ctx, ref)
	if err != nil {
		return nil, err
	}
	return web.AnswerAt(d.Subject.Revision, documentOf(d)), nil
}

// after answers an edit with the subject as it now is, or, if the editor may no
// longer see it, with what the edit left.
func (s *Service) after(ctx context.Context, sub Subject) (*web.Answer[Document], error) {
	if out, err := s.document(ctx, sub.Ref); err == nil {
		return out, nil
	}
	return web.AnswerAt(sub.Revision, documentOf(Detail{Subject: sub})), nil
}

func (s *Service) apiRegister(ctx context.Context, in *struct{ Body Registration }) (*web.Answer[Document], error) {
	sub, err := s.Register(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	out, err := s.after(ctx, sub)
	return out.At("/subjects/" + sub.Ref), err
}

// mayEdit tells whether an edit is possible, whatever it is based on.
func (s *Service) mayEdit(action authz.Action) func(context.Context, string) error {
	return func(ctx context.Context, ref string) error { return s.MayEdit(ctx, action, ref) }
}

func (s *Service) apiChange(ctx context.Context, revision int64, in *on[Change]) (*web.Answer[Document], error) {
	sub, err := s.Change(ctx, in.Ref, revision, in.Body)
	if err != nil {
		return nil, err
	}
	return s.after(ctx, sub)
}

func (s *Service) apiRetire(ctx context.Context, revision int64, in *on[Retirement]) (*web.Answer[Document], error) {
	sub, err := s.Retire(ctx, in.Ref, revision, in.Body.Reason)
	if err != nil {
		return nil, err
	}
	return s.after(ctx, sub)
}

type linkInput struct {
	Ref  string `path:"ref" maxLength:"150" doc:"kind:name"`
	Body NewLink
}

func (s *Service) apiLink(ctx context.Context, in *linkInput) (*web.Answer[Document], error) {
	if err := s.AddLink(ctx, in.Ref, in.Body.Relation, in.Body.To); err != nil {
		return nil, err
	}
	return s.document(ctx, in.Ref)
}

type unlinkInput struct {
	Ref      string `path:"ref" maxLength:"150" doc:"kind:name"`
	Relation string `path:"relation" maxLength:"40"`
	To       string `path:"to" maxLength:"150"`
}

func (s *Service) apiUnlink(ctx context.Context, in *unlinkInput) (*struct{}, error) {
	return nil, s.RemoveLink(ctx, in.Ref, in.Relation, in.To)
}

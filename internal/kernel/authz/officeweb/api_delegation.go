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

func (s *Site) delegationAPI(api *web.API) {
	op := func(method, path, summary string, status int) huma.Operation {
		return operation(method, "/delegations"+path, summary, "authority", status)
	}
	web.Op(api, office.ActionRead, op(http.MethodGet, "", "List delegations, the latest first", 0), s.apiDelegations)
	web.Op(api, office.ActionRead, op(http.MethodGet, "/{id}", "Show a delegation", 0), s.apiDelegation)
	web.Op(api, office.ActionDelegate, op(http.MethodPost, "", "Delegate a post: your own, or any as an administrator", http.StatusCreated), s.apiDelegate)
	web.Op(api, office.ActionDelegate, op(http.MethodPost, "/{id}/revocation", "End a delegation at once", 0), web.Change(web.Seen(s.oneDelegation), s.apiRevoke))
}

type delegationsInput struct {
	Post   string `query:"post" maxLength:"100" doc:"only of this post, by id"`
	Person string `query:"person" maxLength:"100" doc:"only from or to this account, by id"`
	State  string `query:"state" enum:"open,all" default:"open" doc:"open: neither revoked nor over"`
}

func (s *Site) apiDelegations(ctx context.Context, in *delegationsInput) (*web.Listed[Delegation], error) {
	st, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	var all []authz.Delegation
	for _, d := range slices.Backward(st.Delegations) {
		if (in.Post == "" || d.Post == in.Post) && (in.Person == "" || d.To == in.Person || d.Holder == in.Person) && (in.State == stateAll || !st.over(d)) {
			all = append(all, d)
		}
	}
	return web.ListOf(all, "", st.delegation), nil
}

// oneDelegation answers with a delegation as it is now.
func (s *Site) oneDelegation(ctx context.Context, id string) (*web.Answer[Delegation], error) {
	st, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	d, err := st.findDelegation(id)
	if err != nil {
		return nil, err
	}
	return web.AnswerAt(d.Version, st.delegation(d)), nil
}

func (s *Site) apiDelegation(ctx context.Context, in *web.ByID) (*web.Answer[Delegation], error) {
	return s.oneDelegation(ctx, in.ID)
}

func (s *Site) apiDelegate(ctx context.Context, in *struct{ Body NewDelegation }) (*web.Answer[Delegation], error) {
	b := in.Body
	input := office.DelegationInput{Post: b.Post, Reason: b.Reason}
	var err error
	if input.From, input.Until, err = span(b.From, b.Until, [2]string{"from", "until"}, s.Location); err != nil {
		return nil, err
	}
	if input.To, err = s.person(ctx, "to", b.To); err != nil {
		return nil, err
	}
	d, err := s.Office.Delegate(ctx, input)
	if err != nil {
		return nil, err
	}
	out, err := s.oneDelegation(ctx, d.ID)
	return out.At("/delegations/" + d.ID), err
}

func (s *Site) apiRevoke(ctx context.Context, version int64, in *web.BasedByID) (*web.Answer[Delegation], error) {
	if err := s.Office.Revoke(ctx, in.ID, version); err != nil {
		return nil, err
	}
	return s.oneDelegation(ctx, in.ID)
}

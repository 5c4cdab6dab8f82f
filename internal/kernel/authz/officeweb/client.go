// SPDX-License-Identifier: Apache-2.0

package officeweb

import (
	"context"
	"net/http"
	"net/url"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/web"
)

const apiPath = "/api/v1"

// Client is this part of the API as methods. Versions are those of If-Match. It
// is safe for concurrent use.
type Client struct{ api *client.Client }

// NewClient returns the client on a connection.
func NewClient(api *client.Client) Client { return Client{api} }

func call[T any](ctx context.Context, c Client, method, path string, version int64, body any) (T, error) {
	var out T
	err := c.api.Call(ctx, client.Request{Method: method, Path: apiPath + path, Body: body, Version: version}, &out)
	return out, err
}

// list gets a list; empty values of the query are left out.
func list[T any](ctx context.Context, c Client, path string, query map[string]string) (web.List[T], error) {
	values := url.Values{}
	for name, value := range query {
		if value != "" {
			values.Set(name, value)
		}
	}
	var out web.List[T]
	err := c.api.Call(ctx, client.Request{Path: apiPath + path, Query: values}, &out)
	return out, err
}

func at(path, id string) string { return path + "/" + url.PathEscape(id) }

// Ranks returns the ranks, low to high.
func (c Client) Ranks(ctx context.Context) (web.List[Rank], error) {
	return list[Rank](ctx, c, "/ranks", nil)
}

// Rights returns what the caller may exercise now.
func (c Client) Rights(ctx context.Context) (web.List[Right], error) {
	return list[Right](ctx, c, "/me/rights", nil)
}

// Posts returns posts, highest rank first.
func (c Client) Posts(ctx context.Context, organisation string, vacant bool) (web.List[Post], error) {
	query := map[string]string{"organisation": organisation}
	if vacant {
		query["vacant"] = "true"
	}
	return list[Post](ctx, c, "/posts", query)
}

// Post returns a post.
func (c Client) Post(ctx context.Context, id string) (Post, error) {
	return call[Post](ctx, c, http.MethodGet, at("/posts", id), 0, nil)
}

// CreatePost creates a post.
func (c Client) CreatePost(ctx context.Context, in NewPost) (Post, error) {
	return call[Post](ctx, c, http.MethodPost, "/posts", 0, in)
}

// ChangePost changes a post.
func (c Client) ChangePost(ctx context.Context, id string, version int64, in PostEdit) (Post, error) {
	return call[Post](ctx, c, http.MethodPatch, at("/posts", id), version, in)
}

// AbolishPost abolishes a post.
func (c Client) AbolishPost(ctx context.Context, id string, version int64) error {
	return c.api.Call(ctx, client.Request{Method: http.MethodDelete, Path: apiPath + at("/posts", id), Version: version}, nil)
}

// Bodies returns bodies.
func (c Client) Bodies(ctx context.Context, organisation string) (web.List[Body], error) {
	return list[Body](ctx, c, "/bodies", map[string]string{"organisation": organisation})
}

// Body returns a body.
func (c Client) Body(ctx context.Context, id string) (Body, error) {
	return call[Body](ctx, c, http.MethodGet, at("/bodies", id), 0, nil)
}

// CreateBody establishes a body.
func (c Client) CreateBody(ctx context.Context, in NewBody) (Body, error) {
	return call[Body](ctx, c, http.MethodPost, "/bodies", 0, in)
}

// ChangeBody changes a body.
func (c Client) ChangeBody(ctx context.Context, id string, version int64, in BodyEdit) (Body, error) {
	return call[Body](ctx, c, http.MethodPatch, at("/bodies", id), version, in)
}

// DissolveBody dissolves a body.
func (c Client) DissolveBody(ctx context.Context, id string, version int64) error {
	return c.api.Call(ctx, client.Request{Method: http.MethodDelete, Path: apiPath + at("/bodies", id), Version: version}, nil)
}

// Delegations returns delegations, the latest first; all includes ended ones.
func (c Client) Delegations(ctx context.Context, post string, all bool) (web.List[Delegation], error) {
	query := map[string]string{"post": post}
	if all {
		query["state"] = stateAll
	}
	return list[Delegation](ctx, c, "/delegations", query)
}

// Delegation returns a delegation.
func (c Client) Delegation(ctx context.Context, id string) (Delegation, error) {
	return call[Delegation](ctx, c, http.MethodGet, at("/delegations", id), 0, nil)
}

// Delegate delegates a post.
func (c Client) Delegate(ctx context.Context, in NewDelegation) (Delegation, error) {
	return call[Delegation](ctx, c, http.MethodPost, "/delegations", 0, in)
}

// Revoke ends a delegation.
func (c Client) Revoke(ctx context.Context, id string, version int64) (Delegation, error) {
	return call[Delegation](ctx, c, http.MethodPost, at("/delegations", id)+"/revocation", version, nil)
}

// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/web"
)

const apiPath = "/api/v1/subjects"

// Client is the catalogue's API as methods. It is safe for concurrent use.
type Client struct{ api *client.Client }

// NewClient returns the catalogue's client on a connection.
func NewClient(api *client.Client) Client { return Client{api} }

// Kinds returns what can be registered and how it can be linked.
func (c Client) Kinds(ctx context.Context) (KindsDocument, error) {
	var out KindsDocument
	err := c.api.Call(ctx, client.Request{Path: "/api/v1/kinds"}, &out)
	return out, err
}

// List returns a page of subjects in the order of their refs.
func (c Client) List(ctx context.Context, f Filter, cursor string, limit int) (web.List[Summary], error) {
	query := url.Values{}
	for name, value := range map[string]string{"kind": f.Kind, "owner": f.Owner, "organisation": f.Organisation, "state": f.State, "cursor": cursor} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	var out web.List[Summary]
	err := c.api.Call(ctx, client.Request{Path: apiPath, Query: query}, &out)
	return out, err
}

// Show returns a subject with what hangs on it.
func (c Client) Show(ctx context.Context, ref string) (Document, error) {
	var out Document
	err := c.api.Call(ctx, client.Request{Path: subjectPath(ref)}, &out)
	return out, err
}

// Register registers a subject.
func (c Client) Register(ctx context.Context, in NewSubject) (Document, error) {
	var out Document
	err := c.api.Call(ctx, client.Request{Method: http.MethodPost, Path: apiPath, Body: in}, &out)
	return out, err
}

// Change changes a subject on top of a revision.
func (c Client) Change(ctx context.Context, ref string, revision int64, in Edit) (Document, error) {
	var out Document
	err := c.api.Call(ctx, client.Request{Method: http.MethodPatch, Path: subjectPath(ref), Body: in, Version: revision}, &out)
	return out, err
}

// Retire takes a subject out of use for good.
func (c Client) Retire(ctx context.Context, ref string, revision int64, reason string) (Document, error) {
	var out Document
	request := client.Request{Method: http.MethodPost, Path: subjectPath(ref) + "/retirement", Body: Retirement{Reason: reason}, Version: revision}
	err := c.api.Call(ctx, request, &out)
	return out, err
}

// AddLink links a subject to another.
func (c Client) AddLink(ctx context.Context, from, relation, to string) (Document, error) {
	var out Document
	err := c.api.Call(ctx, client.Request{Method: http.MethodPost, Path: subjectPath(from) + "/links", Body: NewLink{Relation: relation, To: to}}, &out)
	return out, err
}

// RemoveLink removes a link.
func (c Client) RemoveLink(ctx context.Context, from, relation, to string) error {
	path := subjectPath(from) + "/links/" + url.PathEscape(relation) + "/" + url.PathEscape(to)
	return c.api.Call(ctx, client.Request{Method: http.MethodDelete, Path: path}, nil)
}

func subjectPath(ref string) string { return apiPath + "/" + url.PathEscape(ref) }

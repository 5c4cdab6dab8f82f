// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/client"
)

// Client calls the administration of a running service. Safe for concurrent use.
type Client struct {
	*client.Client
	connect string // the file that said how; "" = no file
}

// NewClient returns a client. Its certificate says who it is.
func NewClient(c client.Config) (Client, error) {
	inner, err := client.New(c)
	return Client{Client: inner}, err
}

// Call is that of the client, with errors that name the file of the connection.
func (c Client) Call(ctx context.Context, r client.Request, out any) error {
	err := c.Client.Call(ctx, r, out)
	if c.connect != "" {
		err = Connection{Connect: c.connect}.typed(err)
	}
	return err
}

// Status tells the state of the whole service.
func (c Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.Call(ctx, client.Request{Path: "/admin/v1/status"}, &s)
}

// Audit copies the audit log to w.
func (c Client) Audit(ctx context.Context, w io.Writer) error {
	err := c.Download(ctx, client.Request{Path: "/admin/v1/audit"}, w)
	if c.connect != "" {
		err = Connection{Connect: c.connect}.typed(err)
	}
	return err
}

// Sessions lists up to limit sessions of an owner after the given handle ("" begins).
func (c Client) Sessions(ctx context.Context, namespace, owner, after string, limit int) (s Sessions, err error) {
	q := url.Values{"after": {after}, "limit": {strconv.Itoa(limit)}}
	return s, c.Call(ctx, client.Request{Path: ownerPath(namespace, owner), Query: q}, &s)
}

// SessionsWithValues is Sessions with their values, for who may read the namespace.
func (c Client) SessionsWithValues(ctx context.Context, namespace, owner, after string, limit int) (s Sessions, err error) {
	q := url.Values{"after": {after}, "limit": {strconv.Itoa(limit)}, "values": {"true"}}
	return s, c.Call(ctx, client.Request{Path: ownerPath(namespace, owner), Query: q}, &s)
}

// End ends the sessions of an owner, in one namespace or, if that is "", in all.
func (c Client) End(ctx context.Context, namespace, owner string, e Ending) (r SignedReceipt, err error) {
	req := client.Request{Method: http.MethodDelete, Path: ownerPath(namespace, owner), Body: e}
	return r, c.Call(ctx, req, &r)
}

// EndOne ends one session of an owner by its handle.
func (c Client) EndOne(ctx context.Context, namespace, owner, handle string) error {
	return c.Call(ctx, client.Request{Method: http.MethodDelete, Path: ownerPath(namespace, owner, segment(handle))}, nil)
}

// Writers tells who wrote most to a namespace.
func (c Client) Writers(ctx context.Context, namespace string) (w Writers, err error) {
	return w, c.Call(ctx, client.Request{Path: spacePath(namespace, "writers")}, &w)
}

// Rotate gives a namespace new keys, with index also those of places and owners.
func (c Client) Rotate(ctx context.Context, namespace string, index bool) error {
	return c.Call(ctx, client.Request{Method: http.MethodPost, Path: spacePath(namespace, "keys"), Body: Rotation{Index: index}}, nil)
}

// Destroy destroys a namespace's keys and so all it holds, in every copy.
func (c Client) Destroy(ctx context.Context, namespace string) error {
	return c.Call(ctx, client.Request{Method: http.MethodDelete, Path: spacePath(namespace, "keys"), Body: confirmation{namespace}}, nil)
}

// Empty removes every session of a namespace.
func (c Client) Empty(ctx context.Context, namespace string) error {
	return c.Call(ctx, client.Request{Method: http.MethodDelete, Path: spacePath(namespace, "sessions"), Body: confirmation{namespace}}, nil)
}

func spacePath(namespace, what string) string {
	return "/admin/v1/namespaces/" + segment(namespace) + "/" + what
}

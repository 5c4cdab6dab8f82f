// SPDX-License-Identifier: Apache-2.0

package contentweb

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// Client is the API of comments and attachments as methods. It is safe for
// concurrent use. Items are references, type:id.
type Client struct{ api *client.Client }

// NewClient returns the client on a connection.
func NewClient(api *client.Client) Client { return Client{api} }

// Comments returns a page of the comments about an item.
func (c Client) Comments(ctx context.Context, item, cursor string, limit int) (web.List[Comment], error) {
	query := url.Values{}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	if limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	var out web.List[Comment]
	err := c.api.Call(ctx, client.Request{Path: "/api/v1" + itemPath(item) + "/comments", Query: query}, &out)
	return out, err
}

// Comment returns one comment.
func (c Client) Comment(ctx context.Context, id string) (Comment, error) {
	var out Comment
	err := c.api.Call(ctx, client.Request{Path: "/api/v1" + CommentPath(id)}, &out)
	return out, err
}

// Versions returns all texts of a comment, the oldest first.
func (c Client) Versions(ctx context.Context, id string) (web.List[Comment], error) {
	var out web.List[Comment]
	err := c.api.Call(ctx, client.Request{Path: "/api/v1" + CommentPath(id) + "/versions"}, &out)
	return out, err
}

// Post comments on an item.
func (c Client) Post(ctx context.Context, item, text string) (Comment, error) {
	var out Comment
	err := c.api.Call(ctx, client.Request{Method: http.MethodPost, Path: "/api/v1" + itemPath(item) + "/comments", Body: Text{text}}, &out)
	return out, err
}

// Edit changes a comment on top of a version.
func (c Client) Edit(ctx context.Context, id string, version int64, text string) (Comment, error) {
	var out Comment
	err := c.api.Call(ctx, client.Request{Method: http.MethodPatch, Path: "/api/v1" + CommentPath(id), Version: version, Body: Text{text}}, &out)
	return out, err
}

// EraseComment erases a comment.
func (c Client) EraseComment(ctx context.Context, id, reason string) error {
	return c.api.Call(ctx, client.Request{Method: http.MethodPost, Path: "/api/v1" + CommentPath(id) + "/erasure", Body: Reason{reason}}, nil)
}

// Attachments returns the attachments of an item.
func (c Client) Attachments(ctx context.Context, item string) (web.List[Attachment], error) {
	var out web.List[Attachment]
	err := c.api.Call(ctx, client.Request{Path: "/api/v1" + attachmentsPath(item)}, &out)
	return out, err
}

// Attach attaches a file to an item.
func (c Client) Attach(ctx context.Context, item, name string, data []byte) (Attachment, error) {
	var out Attachment
	err := c.api.Call(ctx, client.Request{
		Method: http.MethodPost, Path: "/api/v1" + attachmentsPath(item), Query: url.Values{"name": {name}}, Raw: data,
	}, &out)
	return out, err
}

// Attachment returns what is known of an attachment.
func (c Client) Attachment(ctx context.Context, id string) (Attachment, error) {
	var out Attachment
	err := c.api.Call(ctx, client.Request{Path: "/api/v1" + attachmentPath(id)}, &out)
	return out, err
}

// Download copies the bytes of an attachment to w.
func (c Client) Download(ctx context.Context, id string, w io.Writer) error {
	return c.api.Download(ctx, client.Request{Path: "/api/v1" + attachmentPath(id) + "/content"}, w)
}

// EraseAttachment erases an attachment.
func (c Client) EraseAttachment(ctx context.Context, id, reason string) error {
	return c.api.Call(ctx, client.Request{Method: http.MethodPost, Path: "/api/v1" + attachmentPath(id) + "/erasure", Body: Reason{reason}}, nil)
}

// resolve makes an item reference of what people type: type:id as it is, and the
// kind:name of a subject by asking for its id.
func (c Client) resolve(ctx context.Context, typed string) (string, error) {
	kind, rest, found := strings.Cut(typed, ":")
	if !found || rest == "" {
		return "", fault.New(fault.Usage, "content.item", "Say what it is about: risk:ID, or the kind:name of a subject.")
	}
	if kind == "risk" || kind == "subject" {
		return typed, nil
	}
	var subject struct {
		ID string `json:"id"`
	}
	err := c.api.Call(ctx, client.Request{Path: "/api/v1/subjects/" + url.PathEscape(typed)}, &subject)
	return "subject:" + subject.ID, err
}

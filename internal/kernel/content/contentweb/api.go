// SPDX-License-Identifier: Apache-2.0

package contentweb

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// API registers the operations on comments and attachments.
func (s *Site) API(api *web.API) {
	op := func(id, method, path, summary string, status int) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, DefaultStatus: status, Tags: []string{"content"}}
	}
	const item = "/items/{type}/{id}"
	web.Op(api, content.ActionRead, op("list-comments", http.MethodGet, item+"/comments", "Comments of a thread of an item, the oldest first", 0), s.apiComments)
	web.Op(api, content.ActionComment, op("post-comment", http.MethodPost, item+"/comments", "Comment on an item", http.StatusCreated), s.apiPost)
	web.Op(api, content.ActionRead, op("show-comment", http.MethodGet, "/comments/{id}", "Show a comment", 0), s.apiComment)
	web.Op(api, content.ActionRead, op("list-comment-versions", http.MethodGet, "/comments/{id}/versions", "All texts of a comment, the oldest first", 0), s.apiVersions)
	web.Op(api, content.ActionComment, op("edit-comment", http.MethodPatch, "/comments/{id}", "Change one's own comment; the earlier text stays as a version", 0), web.Change(web.Seen(s.oneComment), s.apiEdit))
	web.Op(api, content.ActionComment, op("erase-comment", http.MethodPost, "/comments/{id}/erasure", "Erase a comment with all its versions, for good", http.StatusNoContent), s.apiEraseComment)

	web.Op(api, content.ActionRead, op("list-attachments", http.MethodGet, item+"/attachments", "Attachments of an item, the oldest first", 0), s.apiAttachments)
	web.Op(api, content.ActionAttach, op("attach-file", http.MethodPost, item+"/attachments", "Attach a file: its bytes are the body, its name is in the query", http.StatusCreated), s.apiAttach,
		web.MaxBodyOf(s.uploadLimit), web.Within(longTransfer))
	web.Op(api, content.ActionRead, op("show-attachment", http.MethodGet, "/attachments/{id}", "Show what is known of an attachment", 0), s.apiAttachment)
	web.Op(api, content.ActionRead, op("download-attachment", http.MethodGet, "/attachments/{id}/content", "The bytes of an attachment", 0), s.apiDownload, web.Within(longTransfer))
	web.Op(api, content.ActionComment, op("erase-attachment", http.MethodPost, "/attachments/{id}/erasure", "Erase an attachment with its name, for good", http.StatusNoContent), s.apiEraseAttachment)
}

// ItemPath is the part of an operation's path that names an item. It is exported
// because huma fills only exported fields of an input.
type ItemPath struct {
	Type string `path:"type" maxLength:"40" doc:"type of the item, such as risk or subject"`
	ID   string `path:"id" maxLength:"200" doc:"id of the item"`
}

func (i ItemPath) item() string { return i.Type + ":" + i.ID }

// ThreadQuery names a thread of an item; it is exported as [ItemPath] is.
type ThreadQuery struct {
	Thread string `query:"thread" maxLength:"64" doc:"a thread of the item, such as a question; absent: its general discussion"`
}

// commentOut answers with a comment and its author's name.
func (s *Site) commentOut(ctx context.Context, c content.Comment) (*web.Answer[Comment], error) {
	names, err := s.namesOf(ctx, c.Author)
	return web.AnswerAt(c.Version, Comment{c, names[c.Author], CommentPath(c.ID)}), err
}

func (s *Site) namesOf(ctx context.Context, ids ...string) (names map[string]string, err error) {
	err = s.DB.Read(ctx, func(r *store.ReadTx) error {
		names, err = s.names(ctx, r, ids)
		return err
	})
	return names, err
}

func (s *Site) apiComments(ctx context.Context, in *struct {
	ItemPath
	ThreadQuery
	web.Paging
}) (*web.Listed[Comment], error) {
	page, err := s.Content.Comments(ctx, in.item(), in.Thread, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	return s.commentList(ctx, page.Comments, page.Next)
}

func (s *Site) commentList(ctx context.Context, all []content.Comment, next string) (*web.Listed[Comment], error) {
	ids := make([]string, len(all))
	for i, c := range all {
		ids[i] = c.Author
	}
	names, err := s.namesOf(ctx, ids...)
	if err != nil {
		return nil, err
	}
	return web.ListOf(all, next, func(c content.Comment) Comment { return Comment{c, names[c.Author], CommentPath(c.ID)} }), nil
}

func (s *Site) apiPost(ctx context.Context, in *struct {
	ItemPath
	ThreadQuery
	Body Text
}) (*web.Answer[Comment], error) {
	c, err := s.Content.Post(ctx, in.item(), in.Thread, in.Body.Text)
	if err != nil {
		return nil, err
	}
	out, err := s.commentOut(ctx, c)
	return out.At(CommentPath(c.ID)), err
}

func (s *Site) apiComment(ctx context.Context, in *web.ByID) (*web.Answer[Comment], error) {
	return s.oneComment(ctx, in.ID)
}

func (s *Site) oneComment(ctx context.Context, id string) (*web.Answer[Comment], error) {
	c, err := s.Content.Comment(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.commentOut(ctx, c)
}

func (s *Site) apiVersions(ctx context.Context, in *web.ByID) (*web.Listed[Comment], error) {
	all, err := s.Content.Versions(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.commentList(ctx, all, "")
}

func (s *Site) apiEdit(ctx context.Context, version int64, in *web.EditByID[Text]) (*web.Answer[Comment], error) {
	c, err := s.Content.Edit(ctx, in.ID, version, in.Body.Text)
	if err != nil {
		return nil, err
	}
	return s.commentOut(ctx, c)
}

type eraseInput struct {
	web.ByID
	Body Reason
}

func (s *Site) apiEraseComment(ctx context.Context, in *eraseInput) (*struct{}, error) {
	return nil, s.Content.EraseComment(ctx, in.ID, in.Body.Reason)
}

func (s *Site) apiEraseAttachment(ctx context.Context, in *eraseInput) (*struct{}, error) {
	return nil, s.Content.EraseAttachment(ctx, in.ID, in.Body.Reason)
}

func (s *Site) apiAttachments(ctx context.Context, in *ItemPath) (*web.Listed[Attachment], error) {
	all, err := s.Content.Attachments(ctx, in.item())
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(all))
	for i, a := range all {
		ids[i] = a.Author
	}
	names, err := s.namesOf(ctx, ids...)
	return web.ListOf(all, "", func(a content.Attachment) Attachment { return Attachment{a, names[a.Author]} }), err
}

type attachInput struct {
	ItemPath
	Name    string `query:"name" required:"true" maxLength:"500" doc:"file name; its end says what kind of file it is"`
	RawBody []byte `contentType:"application/octet-stream"`
}

type attachmentOutput struct {
	Location string `header:"Location"`
	Body     Attachment
}

func (s *Site) apiAttach(ctx context.Context, in *attachInput) (*attachmentOutput, error) {
	a, err := s.Content.Attach(ctx, in.item(), in.Name, bytes.NewReader(in.RawBody))
	if err != nil {
		return nil, err
	}
	names, err := s.namesOf(ctx, a.Author)
	return &attachmentOutput{Location: "/api/v1" + attachmentPath(a.ID), Body: Attachment{a, names[a.Author]}}, err
}

func (s *Site) apiAttachment(ctx context.Context, in *web.ByID) (*attachmentOutput, error) {
	a, err := s.Content.Attachment(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	names, err := s.namesOf(ctx, a.Author)
	return &attachmentOutput{Body: Attachment{a, names[a.Author]}}, err
}

// apiDownload streams. If it fails on the way the connection is broken.
func (s *Site) apiDownload(ctx context.Context, in *web.ByID) (*huma.StreamResponse, error) {
	a, data, err := s.Content.Download(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(h huma.Context) {
		headers := http.Header{}
		a.Headers(headers)
		for name := range headers {
			h.SetHeader(name, headers.Get(name))
		}
		if _, err := io.Copy(web.StillWriter(ctx, h.BodyWriter()), data); err != nil {
			panic(http.ErrAbortHandler)
		}
	}}, nil
}

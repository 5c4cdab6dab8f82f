// SPDX-License-Identifier: Apache-2.0

package contentweb

import (
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

// erasePages registers the questions before what was written or attached is erased.
func (s *Site) erasePages(m *web.Mux) {
	web.ConfirmPage[content.Comment, string]{
		Path: "/comments/{id}/erase", Action: content.ActionComment, Load: s.erasableComment, Question: eraseCommentQuestion,
		Read: func(_ *web.Ctx, _ content.Comment, f *web.Form) string { return readReason(f) },
		Do: func(c *web.Ctx, comment content.Comment, _ int64, reason string) (web.Next, error) {
			return web.To(CommentPath(comment.ID), "content.erase.done"), s.Content.EraseComment(c.Context(), comment.ID, reason)
		},
	}.Register(m)
	web.ConfirmPage[content.Attachment, string]{
		Path: "/attachments/{id}/erase", Action: content.ActionComment, Load: s.erasableAttachment, Question: eraseAttachmentQuestion,
		Read: func(_ *web.Ctx, _ content.Attachment, f *web.Form) string { return readReason(f) },
		Do: func(c *web.Ctx, a content.Attachment, _ int64, reason string) (web.Next, error) {
			return web.To(threadPath(a.Item), "content.erase.done"), s.Content.EraseAttachment(c.Context(), a.ID, reason)
		},
	}.Register(m)
}

func readReason(f *web.Form) string {
	f.Require("reason")
	return f.Text("reason", maxReason)
}

// erasableComment returns the comment of the page if the actor may erase it.
func (s *Site) erasableComment(c *web.Ctx) (content.Comment, error) {
	comment, err := s.Content.Comment(c.Context(), c.Path("id"))
	if err != nil {
		return content.Comment{}, err
	}
	return comment, s.mayErase(c, comment.Author, comment.Erased())
}

// erasableAttachment is erasableComment for attachments.
func (s *Site) erasableAttachment(c *web.Ctx) (content.Attachment, error) {
	a, err := s.Content.Attachment(c.Context(), c.Path("id"))
	if err != nil {
		return content.Attachment{}, err
	}
	return a, s.mayErase(c, a.Author, a.Erased())
}

func (s *Site) mayErase(c *web.Ctx, author string, erased bool) error {
	if !s.Content.MayErase(c.Actor, author) {
		return fault.New(fault.Forbidden, "authz.forbidden", "Only its author, or somebody whose role it is, can erase this. Ask the security team if it must go.")
	}
	if erased {
		return fault.New(fault.Conflict, content.CodeErased, "This was erased before.")
	}
	return nil
}

func reasonField(c *web.Ctx) func(f *web.Form) []web.Field {
	return func(f *web.Form) []web.Field {
		reason := f.Area("reason", "content.erase.reason")
		reason.Hint, reason.Required, reason.Rows, reason.Max = c.Text("content.erase.reason_hint"), true, 3, maxReason
		return []web.Field{reason}
	}
}

// maxReason is how long a reason may be, in characters.
const maxReason = 1000

func eraseCommentQuestion(c *web.Ctx, comment content.Comment) web.Confirm {
	return web.Confirm{
		Title: c.Text("content.erase.comment_title"), Lead: c.Text("content.erase.lead"),
		Consequences: []any{c.Text("content.erase.versions"), c.Text("content.erase.found"), c.Text("content.erase.stays")},
		Fields:       reasonField(c), Button: c.Text("content.erase.button"), Danger: true, Cancel: CommentPath(comment.ID),
	}
}

func eraseAttachmentQuestion(c *web.Ctx, a content.Attachment) web.Confirm {
	return web.Confirm{
		Title: c.Text("content.erase.attachment_title", a.Name), Lead: c.Text("content.erase.lead"),
		Consequences: []any{c.Text("content.erase.name"), c.Text("content.erase.stays")},
		Fields:       reasonField(c), Button: c.Text("content.erase.button"), Danger: true, Cancel: threadPath(a.Item),
	}
}

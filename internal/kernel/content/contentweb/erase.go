// SPDX-License-Identifier: Apache-2.0

package contentweb

import (
	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/web"
)

func (s *Site) askEraseComment(c *web.Ctx) error {
	comment, err := s.erasableComment(c)
	if err != nil {
		return err
	}
	return c.Confirm(eraseCommentQuestion(c, comment))
}

// erasableComment returns the comment of the page if the actor may erase it.
func (s *Site) erasableComment(c *web.Ctx) (content.Comment, error) {
	comment, err := s.Content.Comment(c.Context(), c.Path("id"))
	if err != nil {
		return content.Comment{}, err
	}
	return comment, s.mayErase(c, comment.Author, comment.Erased())
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
		Fields:       reasonField(c), Action: CommentPath(comment.ID) + "/erase", Button: c.Text("content.erase.button"), Danger: true, Cancel: CommentPath(comment.ID),
	}
}

func (s *Site) postEraseComment(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	comment, err := s.Content.Comment(c.Context(), c.Path("id"))
	if err != nil {
		return err
	}
	f.Require("reason")
	reason := f.Text("reason", maxReason)
	if err = f.Err(); err == nil {
		err = s.Content.EraseComment(c.Context(), comment.ID, reason)
	}
	if err != nil {
		return c.Again(err, web.ConfirmTemplate, eraseCommentQuestion(c, comment))
	}
	c.Flash("content.erase.done")
	return c.SeeOther(CommentPath(comment.ID))
}

func (s *Site) askEraseAttachment(c *web.Ctx) error {
	a, err := s.Content.Attachment(c.Context(), c.Path("id"))
	if err != nil {
		return err
	}
	if err := s.mayErase(c, a.Author, a.Erased()); err != nil {
		return err
	}
	return c.Confirm(eraseAttachmentQuestion(c, a))
}

func eraseAttachmentQuestion(c *web.Ctx, a content.Attachment) web.Confirm {
	return web.Confirm{
		Title: c.Text("content.erase.attachment_title", a.Name), Lead: c.Text("content.erase.lead"),
		Consequences: []any{c.Text("content.erase.name"), c.Text("content.erase.stays")},
		Fields:       reasonField(c), Action: attachmentPath(a.ID) + "/erase", Button: c.Text("content.erase.button"), Danger: true, Cancel: threadPath(a.Item),
	}
}

func (s *Site) postEraseAttachment(c *web.Ctx) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	a, err := s.Content.Attachment(c.Context(), c.Path("id"))
	if err != nil {
		return err
	}
	f.Require("reason")
	reason := f.Text("reason", maxReason)
	if err = f.Err(); err == nil {
		err = s.Content.EraseAttachment(c.Context(), a.ID, reason)
	}
	if err != nil {
		return c.Again(err, web.ConfirmTemplate, eraseAttachmentQuestion(c, a))
	}
	c.Flash("content.erase.done")
	return c.SeeOther(threadPath(a.Item))
}

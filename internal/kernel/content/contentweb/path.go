// SPDX-License-Identifier: Apache-2.0

package contentweb

import (
	"net/url"
	"strings"

	"portreeve.org/portreeve/internal/kernel/content"
	"portreeve.org/portreeve/internal/kernel/web"
)

// itemHere is the item that the address of a page names.
func itemHere(c *web.Ctx) string { return c.Path("type") + ":" + c.Path("id") }

func itemPath(item string) string {
	kind, id, _ := strings.Cut(item, ":")
	return "/items/" + url.PathEscape(kind) + "/" + url.PathEscape(id)
}

func threadPath(item string) string { return itemPath(item) + "/discussion" }

// inThread is an address with the parameter that names a thread; "" is the general
// discussion, whose address is the bare one.
func inThread(path, thread string) string {
	if thread == "" {
		return path
	}
	return web.With(path, "thread", thread)
}

// threadURL is where a thread is shown.
func (s *Site) threadURL(item, thread string) string {
	if thread != "" && s.ThreadURL != nil {
		if address := s.ThreadURL(item, thread); address != "" {
			return address
		}
	}
	return inThread(threadPath(item), thread)
}

func attachmentsPath(item string) string { return itemPath(item) + "/attachments" }

// AttachmentsPath is the address of the page that lists the attachments of an item.
func AttachmentsPath(item string) string { return attachmentsPath(item) }

// CommentPath is the address that leads to a comment in its thread.
func CommentPath(id string) string { return "/comments/" + url.PathEscape(id) }

func attachmentPath(id string) string { return "/attachments/" + url.PathEscape(id) }

// placeOf is a comment's place: on the page of its thread that the cursor opens, or
// where its module shows the thread as a whole.
func (s *Site) placeOf(comment content.Comment, cursor string) string {
	place, _, _ := strings.Cut(s.threadURL(comment.Item, comment.Thread), "#")
	fragment := "#c-" + url.PathEscape(comment.ID)
	if cursor == "" || place != inThread(threadPath(comment.Item), comment.Thread) {
		return place + fragment
	}
	q := url.Values{"cursor": {cursor}}
	if comment.Thread != "" {
		q.Set("thread", comment.Thread)
	}
	return threadPath(comment.Item) + "?" + q.Encode() + fragment
}

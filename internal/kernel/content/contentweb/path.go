// SPDX-License-Identifier: Apache-2.0

package contentweb

import (
	"net/url"
	"strings"

	"portreeve.org/portreeve/internal/kernel/web"
)

// itemHere is the item that the address of a page names.
func itemHere(c *web.Ctx) string { return c.Path("type") + ":" + c.Path("id") }

func itemPath(item string) string {
	kind, id, _ := strings.Cut(item, ":")
	return "/items/" + url.PathEscape(kind) + "/" + url.PathEscape(id)
}

func threadPath(item string) string { return itemPath(item) + "/discussion" }

func attachmentsPath(item string) string { return itemPath(item) + "/attachments" }

// AttachmentsPath is the address of the page that lists the attachments of an item.
func AttachmentsPath(item string) string { return attachmentsPath(item) }

// CommentPath is the address that leads to a comment in its thread.
func CommentPath(id string) string { return "/comments/" + url.PathEscape(id) }

func attachmentPath(id string) string { return "/attachments/" + url.PathEscape(id) }

// placeOf is a comment's place on a page of its thread.
func placeOf(item, cursor, id string) string {
	address := url.URL{Path: threadPath(item), Fragment: "c-" + id}
	if cursor != "" {
		address.RawQuery = url.Values{"cursor": {cursor}}.Encode()
	}
	return address.String()
}

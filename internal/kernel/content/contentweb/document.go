// SPDX-License-Identifier: Apache-2.0

package contentweb

import (
	"time"

	"portreeve.org/portreeve/internal/kernel/content"
)

// Comment is a comment in the API.
type Comment struct {
	ID         string     `json:"id"`
	Item       string     `json:"item" doc:"what it is about, type:id"`
	Author     string     `json:"author" doc:"id of a person"`
	AuthorName string     `json:"author_name,omitempty"`
	Version    int64      `json:"version" doc:"counts the texts; the ETag"`
	Text       string     `json:"text" doc:"Markdown; empty when erased"`
	PostedAt   time.Time  `json:"posted_at"`
	EditedAt   *time.Time `json:"edited_at,omitempty"`
	ErasedAt   *time.Time `json:"erased_at,omitempty"`
	Entry      int64      `json:"entry,omitempty" doc:"ledger entry of the latest change; absent if you may not read the ledger"`
	URL        string     `json:"url"`
}

// Attachment is an attachment in the API, without its bytes.
type Attachment struct {
	ID         string     `json:"id"`
	Item       string     `json:"item" doc:"what it is attached to, type:id"`
	Author     string     `json:"author" doc:"id of a person"`
	AuthorName string     `json:"author_name,omitempty"`
	Name       string     `json:"name" doc:"file name that every system can save; empty when erased"`
	Media      string     `json:"media" doc:"media type it is sent as"`
	Size       int64      `json:"size" doc:"in bytes"`
	SHA256     string     `json:"sha256,omitempty" doc:"of the bytes, in hexadecimal"`
	AddedAt    time.Time  `json:"added_at"`
	ErasedAt   *time.Time `json:"erased_at,omitempty"`
	Entry      int64      `json:"entry,omitempty" doc:"ledger entry of the latest change; absent if you may not read the ledger"`
}

// Text is the body that posts or edits a comment.
type Text struct {
	Text string `json:"text" doc:"Markdown, at most 32 KiB"`
}

// Reason is the body that erases something.
type Reason struct {
	Reason string `json:"reason" maxLength:"2000" doc:"why it must go; it stays in the ledger"`
}

func commentDocument(c content.Comment, names map[string]string) Comment {
	return Comment{
		ID: c.ID, Item: c.Item, Author: c.Author, AuthorName: names[c.Author], Version: c.Version, Text: c.Text,
		PostedAt: c.PostedAt, EditedAt: optional(c.EditedAt), ErasedAt: optional(c.ErasedAt), Entry: c.Entry, URL: CommentPath(c.ID),
	}
}

func attachmentDocument(a content.Attachment, names map[string]string) Attachment {
	return Attachment{
		ID: a.ID, Item: a.Item, Author: a.Author, AuthorName: names[a.Author], Name: a.Name, Media: a.Media, Size: a.Size, SHA256: a.SHA256,
		AddedAt: a.AddedAt, ErasedAt: optional(a.ErasedAt), Entry: a.Entry,
	}
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// SPDX-License-Identifier: Apache-2.0

package contentweb

import "portreeve.org/portreeve/internal/kernel/content"

// Comment is a comment in the API.
type Comment struct {
	content.Comment
	AuthorName string `json:"author_name,omitempty"`
	URL        string `json:"url"`
}

// Attachment is an attachment in the API, without its bytes.
type Attachment struct {
	content.Attachment
	AuthorName string `json:"author_name,omitempty"`
}

// Text is the body that posts or edits a comment.
type Text struct {
	Text string `json:"text" doc:"Markdown, at most 32 KiB"`
}

// Reason is the body that erases something.
type Reason struct {
	Reason string `json:"reason" maxLength:"2000" doc:"why it must go; it stays in the ledger"`
}

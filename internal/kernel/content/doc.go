// SPDX-License-Identifier: Apache-2.0

// Package content holds what people write about the items of other modules:
// comments, attachments, drafts; and renders Markdown.
//
// An item is named "<type>:<id>". Who may see what is written about it follows
// from the item alone: the module that owns the type answers through
// [Deps.Resources]. What may not be seen answers as if it were absent. A copy of
// the item's visibility stands in content_thread, for lists across items; the
// module that changes an item's visibility calls [SetVisibility] in the same
// transaction.
//
//	          post                edit
//	(none) ---------> posted -------------> edited --+
//	                    |  \                  | ^    | edit
//	                    |   \                 | +----+
//	                    |    \ erase          | erase
//	                    |     +----> erased <-+
//	                    +-- retention --^
//
// # What the ledger keeps
//
// Posting, editing, attaching and erasing are entries. An entry never holds the
// text: it holds SHA-256 of 16 random bytes and the text, and the random bytes
// stand beside the text. While both are there, anybody who may read them can show
// that this is what was written then. Erasing removes both, and what remains in
// the ledger says nothing about the text, not even to somebody who guesses it.
//
// # Drafts
//
// A draft belongs to one person and one page, is nobody else's to read, and is no
// decision. It survives sessions and restarts, and goes when the form is sent or
// when it is old.
//
// Who may do what: actions content:read, content:comment, content:attach,
// content:erase. An author may always erase what they wrote.
//
// The package refuses: programs, HTML and SVG as attachments, whatever they are
// named; sending an attachment in a way that a browser would show it.
package content

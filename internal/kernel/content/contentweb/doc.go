// SPDX-License-Identifier: Apache-2.0

// Package contentweb is how people and programs discuss items: the thread of an
// item with its attachments, the API and the commands of comments and
// attachments, and the list of one's own drafts.
//
// Pages of items belong to their modules, which show [Site.Include]: how much
// there is, with a link to the thread, into whose place htmx loads the latest of
// it. All the rest works without JavaScript on the thread's own pages.
//
// The package decides nothing: kernel/content checks on every call who sees the
// item and who may write or erase.
package contentweb

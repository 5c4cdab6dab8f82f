// SPDX-License-Identifier: Apache-2.0

// Package jira reads issues of a Jira server in the form of kernel/foreign, with
// their comments and their history: from a file with answers of its REST search
// ([Read]), or from the server ([Client.Tasks]). Texts of version 2 of the API
// are kept as they stand; those of version 3, which are trees, become Markdown.
//
// It only reads. An issue that has a security level is restricted, and so is one
// whose export does not say whether it has one, and one with a comment that is
// for some people only: what was said there to a few is not said here to all.
package jira

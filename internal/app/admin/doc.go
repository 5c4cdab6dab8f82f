// SPDX-License-Identifier: Apache-2.0

// Package admin is what administrators see of the installation as a whole: mails
// that could not be sent, the queue of jobs, the configuration that is running,
// and what all parts hold about a person, with the person's erasure. Each has
// pages, operations of the API and commands; accounts, groups, posts and ranks
// have pages of their own (identityweb, officeweb).
//
// To administer is not to read: of what a person did, an administrator sees here
// only what they could see anyway. The person gets theirs under /me/data: of items that
// they may not see any more, that there is something, and their own words.
package admin

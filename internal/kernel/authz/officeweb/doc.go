// SPDX-License-Identifier: Apache-2.0

// Package officeweb is everything through which people use package office: who
// holds which post, who sits in which body, who acts for whom. It has the pages
// under /admin/posts, /admin/bodies, /admin/delegations and /admin/ranks, and
// /me/posts for those who hold a post; the API of the same names under /api/v1;
// and the commands `portreeve post`, body, delegation and rank. It decides
// nothing: the rules are in packages authz and office.
//
// Everybody of the organisation sees who may decide what; administrators change
// it, though not to their own advantage; a holder delegates their own post. A
// vacant post shows where its authority is meanwhile.
//
// Dates that people enter are days in the configured zone: an appointment or
// delegation begins with its first day and ends with its last.
package officeweb

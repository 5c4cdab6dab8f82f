// SPDX-License-Identifier: Apache-2.0

// Package identityweb is everything through which people use package identity:
// sign-in, invitations, one's own profile under /me, the administration of
// people, groups, organisations and tokens under /admin, their API under
// /api/v1, and the commands `portreeve whoami`, person, group, organisation,
// token and session. It decides nothing: every rule is in package identity.
//
// What it takes care of itself:
//
//   - Nobody learns whether a login exists: whatever is wrong with a sign-in, the
//     answer is the same page.
//   - A secret (token, invitation, recovery codes) is shown once, in the answer to
//     the request that made it: never in an address that is redirected to, never
//     in a remembered answer, never in a draft.
//   - Names that hide or reorder characters are refused, see [web.PlainName].
//   - Passwords, second factors and recovery codes are changed on pages alone,
//     after the present ones were given again; a token cannot change them.
//   - Mail addresses are shown to their owner and to administrators.
package identityweb

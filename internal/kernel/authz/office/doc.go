// SPDX-License-Identifier: Apache-2.0

// Package office administers authority: who holds which post, who sits in
// which body, who acts for whom.
//
// It writes the tables of module "authz"; the rules by which those rows give
// somebody a right are pure and stand in package authz. It is a package of its
// own because it writes to the ledger, and the ledger needs authz to say who
// may read an entry.
//
// It refuses to let anybody give authority to themselves: an administrator can
// neither appoint themselves, nor join a body, nor receive a delegation they
// granted. Who holds a post may delegate it, without any role for that.
package office

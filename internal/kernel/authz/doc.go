// SPDX-License-Identifier: Apache-2.0

// Package authz says who may do what.
//
// It owns the actions and roles, the Cedar policy that grants actions to roles
// ([Policy]), the visibility of single items ([CanSee] and its SQL twin
// [Visible]) and the ranks of authority: posts, bodies and delegations
// ([Authority]).
//
// Three questions are kept apart on purpose:
//
//   - May this actor do this kind of thing at all? Cedar: [Policy.Allowed], [Policy.Check].
//   - May this reader know that the item exists? Data: [CanSee], [Visible]. Start-up
//     refuses a policy that makes reading depend on anything but roles, because a
//     list could then no longer be filtered by one SQL predicate.
//   - Is this person entitled to take this decision? Plain rules over data:
//     [Authority]. Rank, quorum and "not the person who asked" are never policy text.
//
// It refuses to know people: accounts belong to kernel/identity, which reports
// to authz only whether an account is active ([SetActive]).
package authz

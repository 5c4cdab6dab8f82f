// SPDX-License-Identifier: Apache-2.0

// Package catalog holds what decisions are about: subjects.
//
// A subject is a project, a component, a flow between realms, an artifact, a
// privileged group, a supplier, a release. It has a kind (data, see [Kinds]), a
// name that never changes, an owner, an organisation, attributes that its kind
// defines, a visibility, and links to other items. A subject is referred to as
// "kind:name", for instance "flow:property-suggester-ab-test".
//
// # Revision, version and digest
//
// Three values say which state of a subject is meant:
//
//   - Revision counts every edit (title, owner, visibility, attributes,
//     retirement). It is the optimistic lock: an edit names the revision that
//     it was made on, and a different current one is a Stale fault. It is the
//     ETag of the API.
//   - Version counts the changes of what decisions are pinned to: organisation
//     and attributes, and the retirement. A new title, a new description, a new owner or another
//     visibility leave it alone: nobody has to accept a risk again because a
//     word was corrected.
//   - Digest is the SHA-256 of the canonical bytes of that pinned content (see
//     [Canonical]).
//
// A decision pins Version and Digest together. The digest says what was decided
// on and can be recomputed by anybody; the version makes sure that a change
// which is later undone does not revive what the change had voided.
//
// An attribute may refer to another subject (a flow to the realms it joins).
// The pinned content then includes version and digest of the target, and a
// change of the target raises the version of every subject that refers to it:
// lowering the trust of a realm, or retiring it, voids what was accepted for calls
// into it.
//
//	          register
//	(none) ---------------> active --- retire ---> retired (final)
//	                        |    ^
//	                        +----+ change, link, unlink
//
// Who may do what: actions catalog:read, catalog:register, catalog:change,
// catalog:link and catalog:retire (policy.go). What a reader may not see answers
// exactly as what does not exist.
//
// Names are unique for ever, so a name that is taken is refused even to those who
// may not see who has it. Therefore a subject that is restricted from the start has
// a name with a random end; one that is hidden later had been seen under its name.
// (docs/decisions/0003-facts-and-visibility.md)
//
// What is about a subject follows its changes in the same transaction
// ([Deps].Follow): what it states, and who may see it. An entry that was written
// while the subject was hidden stays hidden when it is opened again.
//
// The package refuses: a ref that was ever used before, attributes that the kind
// does not define, a change of a retired subject, deletion.
package catalog

// SPDX-License-Identifier: Apache-2.0

// Package sessionstore keeps web sessions for applications: opaque bytes under
// an id that is a secret, with a time to live and, if the application says so,
// an owner whose sessions can be ended all at once.
//
// What it owns: the rules of a session's life ([View], the functions of rule.go),
// namespaces with their limits, and the service that puts names, keys and rules
// together. It refuses to know how a session came over the wire (package wire),
// who may connect (package listen), where rows lie (the backends embedded and
// cassandra) and how they are sealed (package seal).
//
// A session's life:
//
//	absent --write--> live --write, touch--> live
//	live --expires | delete--> absent
//	live --its id is changed--> retired (readable as it was for a short grace, never written) --> absent
//	live, retired --its owner is revoked--> revoked (never read, refuses writes) --its time ends--> absent
//
// Nothing a backend holds gives a session to whoever steals the disk: a row lies
// under a keyed hash of its id, its owner is a keyed hash, and its value, with
// the id and the owner in clear, is sealed.
package sessionstore

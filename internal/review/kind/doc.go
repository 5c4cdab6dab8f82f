// SPDX-License-Identifier: Apache-2.0

// Package kind holds the kinds of security review as data: what a form asks and
// when, what a good answer looks like, which answers fall short, and how two
// versions of a kind differ. It holds the pre-screen too, the rules that say
// whether a review is needed at all.
//
// It is pure: no I/O besides the embedded defaults, no clock, no state. An
// organisation adds a kind by writing YAML: [Parse] refuses what cannot work,
// [Diff] shows what a new version changes, [Compare] what it does to a draft.
//
// Two things are kept apart. [Kind.Check] refuses what no reader could use: a
// field that nobody knows, a choice that is not offered. [Kind.Shortfalls] refuses
// nothing: an answer such as "none, hopefully" is taken, and remarked, because an
// honest gap that is written down is worth more than a form that nobody sends.
package kind

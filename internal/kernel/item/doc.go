// SPDX-License-Identifier: Apache-2.0

// Package item holds what the items of all slices have in common, so that each
// slice says only what is its own:
//
//   - [Fields] collects what is wrong with an input, field by field.
//   - [Transition] is a line of a state machine; [Next] is where a verb leads.
//   - [History] keeps what happened to an item, each [Step] with its ledger entry.
//   - [Directory] tells of people; [Person], [Sighted] and [Principals] find those
//     that an input names.
//   - [Bound] is who may see an item at most: those who may see its subject.
//   - [Kept] is where items are, for conditions in SQL; [Holding] finds what is
//     held about a person.
//
// An item is named by its reference, "<type>:<id>". The package has no tables and
// no actions. Its pages' half is itemweb.
package item

// SPDX-License-Identifier: Apache-2.0

// Package format is the ledger on paper: leaves, commitments, the Merkle tree
// over them, signed checkpoints, and the export that a stranger can verify
// offline. docs/ledger-format describes the same in prose.
//
// It does no I/O beyond the readers and writers handed to it and knows no
// database. Everything in it is deterministic but the salts, whose source of
// randomness is an argument.
package format

// SPDX-License-Identifier: Apache-2.0

// Package ledger is the append-only log of decisions, and the only way to write.
//
// A decision and its entry are one transaction: [Writer.Decide] locks the head
// of the log, runs the use case, and commits only if at least one entry was
// appended. What changes without being a decision (a session that is touched)
// goes through [Writer.Quiet], which wants a reason.
//
// An entry becomes a leaf of fixed shape that holds its time and four salted
// commitments; what they hide, the opening, stands beside it and can be erased
// without breaking the log. The leaves form the Merkle tree of RFC 6962. See
// package [portreeve.org/portreeve/internal/kernel/ledger/format] for the bytes
// and docs/decisions/0002-ledger.md for the reasons.
//
// The package owns the tables with the prefix ledger_. It refuses to repair: a
// row that is wrong is named by [VerifyDatabase] and left as it is.
package ledger

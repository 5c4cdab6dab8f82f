// SPDX-License-Identifier: Apache-2.0

// Package store opens the database and hands out read and write transactions.
//
// It owns the two dialects (SQLite, PostgreSQL), the migrations, the clock
// readings and the ids. It knows no table but its own. Writable transactions
// are for kernel/ledger alone (archtest enforces it): everybody else asks the
// ledger, which refuses to commit in silence.
//
// # One SQL text for both engines
//
// Statements are written once, with $1..$n. Archtest refuses what only one engine
// understands, or both understand differently, and storetest each such statement
// that a test runs:
//
//   - FOR UPDATE: SQLite has none. The ledger's head row is the lock.
//   - LIKE: SQLite ignores the case of ASCII letters, PostgreSQL does not. Package
//     search finds words.
//   - now(): PostgreSQL alone has it, and time is an argument: [ReadTx.Now].
//   - JSON operators: they differ. JSON is stored as text and read in Go.
//   - SELECT *: a column added by a migration would change what is scanned.
//
// After a failed statement nothing more may be asked in that transaction:
// PostgreSQL has aborted it. Use ON CONFLICT, or look first.
//
// Migrations name types that differ by tokens: {int64}, {bytes}, {STRICT}. Times
// are {int64} microseconds ([At], [Time]), truth values {int64} 0 or 1 ([Bool]), ids
// text.
//
// A [Table] has the columns of a table in one list and makes the plain statements of
// it; whatever else is asked is written beside it.
package store

// SPDX-License-Identifier: Apache-2.0

// Package audit keeps the log of administrative acts on session storage, and signs
// receipts of them.
//
// The log is a file of JSON lines that only grows. Each record holds the SHA-256 of
// the line before it and a signature in note format, so that a record that was
// changed, removed, moved or put between others is found by whoever has the file and
// the public key ([Verify]). That the newest records were cut off a file cannot tell:
// a [Receipt] names the log's head as it was ([Anchor]), and so says what must be there.
//
// It refuses to hold what must not be in a log: sessions and owners are in it as keyed
// hashes alone, and a text that is none in their place is an error.
package audit

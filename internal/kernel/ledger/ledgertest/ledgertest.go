// SPDX-License-Identifier: Apache-2.0

// Package ledgertest gives tests a log with a fresh key.
package ledgertest

import (
	"crypto/rand"
	"testing"

	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Open returns the log of a database whose ledger migrations have run.
func Open(t testing.TB, db *store.DB) *ledger.Log {
	t.Helper()
	text, err := format.GenerateKey(rand.Reader, "ledger.test")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := format.ParseSigner(text)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(t.Context(), db, ledger.Config{Signer: signer, Leaves: 8})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Writer returns the writer of a module on a log of its own for db.
func Writer(t testing.TB, db *store.DB, module string, kinds ...string) *ledger.Writer {
	t.Helper()
	return Open(t, db).Writer(module, kinds)
}

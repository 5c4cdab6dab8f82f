// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"bytes"
	"testing"

	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

const keyName = "log.example.org/decisions"

func migrations() []store.Migrations { return []store.Migrations{ledger.Migrations()} }

// signer returns a signer whose key is the same in every run.
func signer(t testing.TB) *format.Signer {
	t.Helper()
	text, err := format.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), keyName)
	if err != nil {
		t.Fatal(err)
	}
	s, err := format.ParseSigner(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sqlite(t *testing.T) (string, *store.DB) {
	t.Helper()
	return "", storetest.SQLite(t, migrations())
}

func count(t *testing.T, db *store.DB, query string) int64 {
	t.Helper()
	var n int64
	err := db.Read(t.Context(), func(tx *store.ReadTx) error { return tx.QueryRow(t.Context(), query).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func verify(t *testing.T, db *store.DB) { t.Helper() }

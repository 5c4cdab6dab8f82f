// SPDX-License-Identifier: Apache-2.0

//go:build integration

package ledger_test

import (
	"testing"

	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func BenchmarkPostgres(b *testing.B) {
	bench(b, store.Config{Postgres: storetest.PostgresURL(b)})
}

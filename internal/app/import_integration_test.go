// SPDX-License-Identifier: Apache-2.0

//go:build integration

package app

import (
	"testing"

	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func TestImportOnPostgres(t *testing.T) {
	onPostgres := func(c *Config) { c.Database.Postgres = storetest.PostgresURL(t) }
	t.Run("recorded", func(t *testing.T) { importRecorded(t, onPostgres) })
	t.Run("goes on", func(t *testing.T) { importGoesOn(t, onPostgres) })
}

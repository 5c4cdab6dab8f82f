// SPDX-License-Identifier: Apache-2.0

//go:build !integration

package storetest

import (
	"testing"

	"portreeve.org/portreeve/internal/kernel/store"
)

// postgres does nothing: without the tag integration the tests need no server.
func postgres(*testing.T, []store.Migrations, func(*testing.T, *store.DB)) {}

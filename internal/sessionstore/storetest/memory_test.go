// SPDX-License-Identifier: Apache-2.0

package storetest_test

import (
	"testing"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
)

func TestMemoryConforms(t *testing.T) {
	storetest.Conform(t, func(*testing.T) sessionstore.Backend { return storetest.NewMemory() })
}

// realClock hides that the backend's clock can be moved.
type realClock struct{ sessionstore.Backend }

func TestMemoryConformsByARealClock(t *testing.T) {
	storetest.Conform(t, func(*testing.T) sessionstore.Backend { return realClock{storetest.NewMemory()} })
}

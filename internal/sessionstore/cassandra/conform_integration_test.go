// SPDX-License-Identifier: Apache-2.0

//go:build integration

package cassandra

import (
	"testing"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
)

func TestConform(t *testing.T) {
	storetest.Conform(t, func(t *testing.T) sessionstore.Backend { return newBed(t).backend(t) })
}

// SPDX-License-Identifier: Apache-2.0

//go:build integration

package e2e

import (
	"testing"

	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// TestSessionsInASessionStoreOnPostgres is the same journey as production has it: the
// office on PostgreSQL, its sessions in a service of their own.
func TestSessionsInASessionStoreOnPostgres(t *testing.T) {
	t.Parallel() // it waits for codes
	accounts, data := seeded(t)
	file := backUp(t, configure(t, data))
	d := newSessionStore(t)
	d.start()
	office := keysOf(t, data)
	config := configure(t, office, onURL(storetest.PostgresURL(t)), d.forPortreeve())
	command(t, nil, "restore", "--config", config, file).must(t, 0)
	sessionsIn(t, d, startServe(t, config, office, accounts))
}

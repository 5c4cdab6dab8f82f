// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"context"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/selfcheck"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

func (p *parts) openCassandra(context.Context) (sessionstore.Backend, error) {
	return nil, fault.New(fault.Unavailable, "sessiond.cassandra", "This build has no Cassandra backend.")
}

func cassandraOf(*settings.Settings) *selfcheck.Cassandra { return nil }

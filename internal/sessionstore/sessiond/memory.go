// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"os"
	"runtime/debug"

	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// The garbage collector's settings. A store with few sessions has little in memory,
// and the default would collect every few thousand requests, which those requests
// pay; one whose cache is full must not grow to a multiple of it. So the target is
// high, and the limit, near which the collector works harder, follows the cache.
const (
	collectAt  = 400       // percent of what is live
	memoryBase = 256 << 20 // bytes for all but the cache
)

// tuneCollector sets them, unless the environment has GOGC or GOMEMLIMIT.
func tuneCollector(s *settings.Settings) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		limit := int64(memoryBase)
		if s.Embedded != nil {
			limit += 2 * s.Embedded.Cache.Bytes()
		}
		debug.SetMemoryLimit(limit)
	}
}

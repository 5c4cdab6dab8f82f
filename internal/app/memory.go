// SPDX-License-Identifier: Apache-2.0

package app

import (
	"os"
	"runtime/debug"
)

// The garbage collector's settings for a server. What lives in memory is about
// ten MiB, so that the default would collect every few hundred requests, and the
// requests that meet a collection are the slowest ones. A higher target trades
// thirty MiB for that; the limit keeps what passwords and uploads take for a
// moment from multiplying likewise.
const (
	collectAt   = 300       // percent of what is live
	memoryLimit = 150 << 20 // bytes that Go manages; the collector works harder near it
)

// tuneCollector sets them, unless the environment has GOGC or GOMEMLIMIT.
func tuneCollector() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

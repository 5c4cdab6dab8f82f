// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"regexp"
	"sync"
	"testing"
)

var banned = regexp.MustCompile(`(?i)\bFOR UPDATE\b|\bLIKE\b|\bnow\(\)|SELECT \*|->>|json_extract`)

// NotPortable returns what a statement, or a part of one, holds that only one engine
// understands, or that both understand differently; empty if there is nothing.
// Package store says why each is banned.
func NotPortable(statement string) string { return banned.FindString(statement) }

// portable looks at each statement that a test runs, so that those put together
// while running are seen too. The same one is looked at once: benchmarks run here.
func portable(t testing.TB) func(statement string) {
	var seen sync.Map
	return func(statement string) {
		if _, known := seen.LoadOrStore(statement, nil); known {
			return
		}
		if bad := NotPortable(statement); bad != "" {
			t.Errorf("SQL with %q: %s", bad, statement)
		}
	}
}

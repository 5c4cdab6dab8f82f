// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets the model of storetest play fewer games than it does in memory: each
// takes seconds on a real Cassandra. Flags of the command line count on.
func TestMain(m *testing.M) {
	flag.Parse()
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, value := range map[string]string{"rapid.checks": "8", "rapid.steps": "20"} {
		if given[name] {
			continue
		}
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

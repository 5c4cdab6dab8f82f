// SPDX-License-Identifier: Apache-2.0

//go:build integration

package cassandra

import (
	"flag"
	"os"
	"testing"
)

// TestMain lets the model of storetest play fewer games than it does in memory: each
// takes seconds here.
func TestMain(m *testing.M) {
	flag.Parse()
	for name, value := range map[string]string{"rapid.checks": "8", "rapid.steps": "20"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

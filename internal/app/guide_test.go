// SPDX-License-Identifier: Apache-2.0

package app

import (
	"path/filepath"
	"testing"
)

// TestGuideConfiguration: the example of the operations guide is one that the
// server takes.
func TestGuideConfiguration(t *testing.T) {
	t.Setenv("PORTREEVE_DATABASE", "postgres://portreeve@localhost/portreeve")
	c, err := ReadConfig(filepath.Join("..", "..", "docs", "guide", "portreeve.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Database.Postgres != "postgres://portreeve@localhost/portreeve" || c.Organisation.Name != "Example Foundation" || c.location.String() != "Europe/Berlin" {
		t.Errorf("the example was not read as it is written: %+v", c)
	}
}

// SPDX-License-Identifier: Apache-2.0

package format_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the example export of docs/ledger-format again")

// The example beside the description of the format is a real one, and stays it.
func TestExampleExport(t *testing.T) {
	s := newSigner(t, 1)
	for name, want := range map[string][]byte{"example.export": makeLog(6).export(t, s), "example.keys": []byte(s.Verifiers())} {
		path := filepath.Join("..", "..", "..", "..", "docs", "ledger-format", name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the writer gives; if the format was changed on purpose, it needs a new version", name)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
)

func TestLoadSigner(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "ledger.key")
	first, err := ledger.LoadSigner(path, keyName)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	again, err := ledger.LoadSigner(path, "another.example.org")
	if err != nil || again.Verifiers() != first.Verifiers() || again.Name() != keyName {
		t.Errorf("the second start has another key: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.LoadSigner(path, keyName); !fault.HasCode(err, "ledger.key_exposed") {
		t.Errorf("a key that others may read: %v", err)
	}
	if _, err := ledger.LoadSigner(filepath.Join(dir, "absent", "ledger.key"), keyName); err == nil {
		t.Error("a folder was made up")
	}
	if _, err := ledger.LoadSigner(filepath.Join(dir, "other.key"), "two words"); err == nil {
		t.Error("a name with a space was accepted")
	}
}

// Two processes that start at once end up with one key.
func TestLoadSignerAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.key")
	keys := make([]string, 8)
	var group sync.WaitGroup
	for i := range keys {
		group.Go(func() {
			s, err := ledger.LoadSigner(path, keyName)
			if err != nil {
				t.Error(err)
				return
			}
			keys[i] = s.Verifiers()
		})
	}
	group.Wait()
	for _, k := range keys {
		if k != keys[0] {
			t.Error("two keys were made")
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The signing key is changed in two steps: the new key signs beside the old one,
// then the old one retires. Old checkpoints stay verifiable throughout.
func TestRotateKey(t *testing.T) {
	accounts, data := seeded(t)
	config := configure(t, data)
	read := func(file string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(data, file))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	oldKey := filepath.Join(t.TempDir(), "old.pub")
	if err := os.WriteFile(oldKey, []byte(read("ledger.pub")), 0o600); err != nil {
		t.Fatal(err)
	}
	alone := command(t, nil, "admin", "rotate-key", "--config", config, "--retire").must(t, 1)
	if !strings.Contains(alone.stderr, "Only one key") {
		t.Errorf("retiring the only key: %s", alone.stderr)
	}
	answer := func(s *serving) string {
		t.Helper()
		var v verdict
		s.cli("reviewer", question...).must(t, 0).decode(t, &v)
		file := filepath.Join(t.TempDir(), "answer")
		if err := os.WriteFile(file, []byte(v.Note), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}

	if added := command(t, nil, "admin", "rotate-key", "--config", config).must(t, 0); !strings.Contains(added.stdout, "A new key signs") || !strings.Contains(added.stdout, "--retire") {
		t.Errorf("it does not say what was done and what is left: %s", added.stdout)
	}
	if n := strings.Count(read("ledger.key"), "PRIVATE+KEY+"); n != 2 {
		t.Fatalf("%d keys sign, want 2", n)
	}
	s := startServe(t, config, data, accounts)
	beside := answer(s)
	// Both the old copy of the key and the new one verify what is signed now.
	for _, key := range []string{oldKey, filepath.Join(data, "ledger.pub")} {
		command(t, nil, "gate", "verify", beside, "--key", key).must(t, 0)
		verified(t, "--data", data, "--key", key)
	}
	command(t, nil, "admin", "rotate-key", "--config", config).must(t, 1) // the server holds the database
	s.stop()

	if retired := command(t, nil, "admin", "rotate-key", "--config", config, "--retire").must(t, 0); !strings.Contains(retired.stdout, "Only the newest key signs") {
		t.Errorf("it does not say what was done: %s", retired.stdout)
	}
	if n := strings.Count(read("ledger.key"), "PRIVATE+KEY+"); n != 1 {
		t.Fatalf("%d keys sign, want 1", n)
	}
	s = startServe(t, config, data, accounts)
	after := answer(s)
	command(t, nil, "gate", "verify", after, "--key", filepath.Join(data, "ledger.pub")).must(t, 0)
	command(t, nil, "gate", "verify", after, "--key", oldKey).must(t, 1)
	verified(t, "--data", data)
	if changes := s.entriesOf("ledger.key.changed"); len(changes) != 2 || !changes[0].says("retired") || !changes[1].says("added") {
		t.Errorf("the ledger does not say how its key changed: %+v", changes)
	}
}

// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// The second verifier reads real exports, of either engine, and finds damage in
// the database that went into one.
func TestSecondVerifierOnRealExports(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, _ := fill(t, db)
		want := verify(t, db).String()
		var public ledger.Checkpoint
		read(t, db, func(r store.Reader) (err error) {
			public, err = l.Latest(t.Context(), r)
			return err
		})
		for _, a := range []authz.Actor{insider(), participant()} {
			if out, err := second(t, export(t, db, l, a), public.Note); err != nil || out != want {
				t.Errorf("%s: %q (%v), want %q", a.ID, out, err, want)
			}
		}
		text := export(t, db, l, participant())
		unguarded(t, db, `UPDATE ledger_opening SET body = '{"rating":"low"}' WHERE seq = 5`)
		out, err := second(t, export(t, db, l, participant()), public.Note)
		if err == nil || !strings.Contains(out, "entry 5: its body") {
			t.Errorf("a changed body: %q (%v)", out, err)
		}
		lines := bytes.SplitAfter(text, []byte("\n"))
		lines[len(lines)-3], lines[len(lines)-4] = lines[len(lines)-4], lines[len(lines)-3]
		if out, err := second(t, bytes.Join(lines, nil), public.Note); err == nil {
			t.Errorf("entries exchanged: %q", out)
		}
	})
}

// second runs docs/ledger-format/verify.py; python3 is a required part of the tests.
func second(t *testing.T, export []byte, kept string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	args := []string{filepath.Join("..", "..", "..", "docs", "ledger-format", "verify.py")}
	for name, text := range map[string]string{"1-export": string(export), "2-keys": signer(t).Verifiers(), "3-kept": kept} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"1-export", "2-keys", "3-kept"} {
		args = append(args, filepath.Join(dir, name))
	}
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Fatalf("python3 is needed to test the second verifier: %v", err)
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

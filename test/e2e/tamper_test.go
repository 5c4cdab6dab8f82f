// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// python runs the second verifier, which shares no code with the product.
func python(t *testing.T, args ...string) result {
	t.Helper()
	cmd := exec.Command("python3", append([]string{filepath.Join("..", "..", "docs", "ledger-format", "verify.py")}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("python3 is needed to run the second verifier: %v", err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

var namesEntry = regexp.MustCompile(`entry \d+`)

// TestFlippedByte changes one bit of an export, in many places one after the
// other, and one of the database under a running server: each is found, and the
// entry is named.
func TestFlippedByte(t *testing.T) {
	s := startDemo(t, t.TempDir(), "")
	export := filepath.Join(t.TempDir(), "export")
	key := filepath.Join(s.data, "ledger.pub")
	s.cli("reviewer", "ledger", "export", "--out", export).must(t, 0)
	sound, err := os.ReadFile(export)
	if err != nil {
		t.Fatal(err)
	}
	entries := bytes.Index(sound, []byte("\n\n")) + 2
	entries += bytes.Index(sound[entries:], []byte("\n\n")) + 2
	for i := range 12 {
		at := i * (len(sound) - 2) / 12
		forged := bytes.Clone(sound)
		forged[at] ^= 1
		file := filepath.Join(t.TempDir(), "forged")
		if err := os.WriteFile(file, forged, 0o600); err != nil {
			t.Fatal(err)
		}
		r := command(t, nil, "ledger", "verify", file, "--key", key).must(t, 1)
		if at >= entries && !namesEntry.MatchString(r.stdout+r.stderr) {
			t.Errorf("byte %d: no entry is named: %s%s", at, r.stdout, r.stderr)
		}
		if second := python(t, file, key); second.code == 0 {
			t.Errorf("byte %d: the second verifier finds nothing: %s", at, second.stdout)
		}
	}
	s.flipInDatabase()
}

// flipInDatabase changes one letter of a decision's opening in the database file
// while the server runs on it.
func (s *server) flipInDatabase() {
	s.t.Helper()
	command(s.t, nil, "ledger", "verify", "--data", s.data).must(s.t, 0)
	said := []byte("Borne for thirty days")
	flipped := 0
	for _, name := range []string{"portreeve.db", "portreeve.db-wal"} {
		file := filepath.Join(s.data, name)
		data, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			s.t.Fatal(err)
		}
		for at := 0; ; at += len(said) {
			next := bytes.Index(data[at:], said)
			if next < 0 {
				break
			}
			at += next
			if _, err := f.WriteAt([]byte("b"), int64(at)); err != nil {
				s.t.Fatal(err)
			}
			flipped++
		}
		if err := f.Close(); err != nil {
			s.t.Fatal(err)
		}
	}
	if flipped == 0 {
		s.t.Fatal("the decision is not in the files of the database")
	}
	r := command(s.t, nil, "ledger", "verify", "--data", s.data).must(s.t, 1)
	if !namesEntry.MatchString(r.stdout+r.stderr) || !strings.Contains(r.stderr+r.stdout, "WRONG") {
		s.t.Errorf("no entry is named: %s%s", r.stdout, r.stderr)
	}
	s.caller("reviewer").get("/api/v1/risks").want(s.t, 200) // the server goes on
}

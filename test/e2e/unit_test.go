// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The systemd units start what they say by command lines that it understands, and
// where systemd is at hand it finds nothing wrong with them.
func TestUnits(t *testing.T) {
	for _, tt := range []struct {
		unit, verb, guide string
		named             []string // of which the guide speaks
	}{
		{"portreeve.service", "serve", "operations.md", []string{"/etc/portreeve/environment", "adduser --system --group"}},
		{"portreeve-sessiond.service", "sessiond", "sessions.md", []string{"dist/portreeve-sessiond.service", "adduser --system --group"}},
	} {
		t.Run(tt.unit, func(t *testing.T) { checkUnit(t, tt.unit, tt.verb, tt.guide, tt.named) })
	}
}

func checkUnit(t *testing.T, name, verb, guideName string, named []string) {
	text, err := os.ReadFile("../../dist/" + name)
	if err != nil {
		t.Fatal(err)
	}
	start := ""
	for line := range strings.Lines(string(text)) {
		if command, ok := strings.CutPrefix(strings.TrimSpace(line), "ExecStart="); ok {
			start = command
		}
	}
	args := strings.Fields(start)
	if len(args) < 3 || args[0] != "/usr/local/bin/portreeve" || args[1] != verb {
		t.Fatalf("ExecStart=%s", start)
	}
	// It gets as far as the file, which is not there.
	r := command(t, nil, args[1:]...).must(t, 1)
	if !strings.Contains(r.stderr, args[len(args)-1]) {
		t.Errorf("the command line of the unit: %s", r.stderr)
	}
	guide, err := os.ReadFile("../../docs/guide/" + guideName)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(named, args[len(args)-1]) {
		if !strings.Contains(string(guide), path) {
			t.Errorf("the guide does not speak of %s", path)
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		return // everything above holds without it
	}
	unit := filepath.Join(t.TempDir(), name)
	local := strings.ReplaceAll(string(text), "/usr/local/bin/portreeve", binary)
	if err := os.WriteFile(unit, []byte(local), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

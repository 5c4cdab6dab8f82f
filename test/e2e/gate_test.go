// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// verdict is the JSON of `portreeve gate check --json`.
type verdict struct {
	Decision    string    `json:"decision"`
	Blockers    []blocker `json:"blockers"`
	EvaluatedAt string    `json:"evaluated_at"`
	ValidUntil  string    `json:"valid_until"`
	Note        string    `json:"note"`
}

type blocker struct {
	Code     string `json:"code"`
	Message  string `json:"message"`
	LiftedBy string `json:"lifted_by"`
	URL      string `json:"url"`
}

var question = []string{"gate", "check", "--subject", "flow:property-suggester-ab-test", "--action", "call", "--json"}

// TestThirtyDays is the product in one test: what was accepted for 30 days is
// allowed on day 1 and denied on day 31, and nothing had to run in between.
func TestThirtyDays(t *testing.T) {
	data := t.TempDir()

	var allowed verdict
	day1 := startDemo(t, data, "+1d")
	day1.cli("reviewer", question...).must(t, 0).decode(t, &allowed)
	if allowed.Decision != "allow" || len(allowed.Blockers) != 0 {
		t.Errorf("day 1: %+v", allowed)
	}
	day1.verifyNote(allowed, 0)
	day1.stop()

	var denied verdict
	day31 := startDemo(t, data, "+31d")
	day31.cli("reviewer", question...).must(t, 3).decode(t, &denied)
	if denied.Decision != "deny" || len(denied.Blockers) != 1 || denied.Blockers[0].Code != "risk.acceptance_expired" {
		t.Fatalf("day 31: %+v", denied)
	}
	if denied.Blockers[0].LiftedBy == "" || !strings.HasPrefix(denied.Blockers[0].URL, day31.URL) {
		t.Errorf("the blocker does not say what lifts it: %+v", denied.Blockers[0])
	}
	day31.verifyNote(denied, 3)

	day31.stop()
	back := command(t, nil, "demo", "--listen", "127.0.0.1:0", "--data", data, "--at", "+2d")
	if back.code == 0 || !strings.Contains(back.stderr, "+31d") {
		t.Errorf("a smaller offset on the same data was not refused: exit %d, %s", back.code, back.stderr)
	}
}

// verifyNote checks the signed answer offline, and that a changed byte is found.
func (s *server) verifyNote(v verdict, code int) {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "answer")
	key := filepath.Join(s.data, "ledger.pub")
	if err := os.WriteFile(file, []byte(v.Note), 0o600); err != nil {
		s.t.Fatal(err)
	}
	command(s.t, nil, "gate", "verify", file, "--key", key, "--at", v.EvaluatedAt).must(s.t, code)
	forged := strings.Replace(v.Note, "flow:", "flOw:", 1)
	if err := os.WriteFile(file, []byte(forged), 0o600); err != nil {
		s.t.Fatal(err)
	}
	command(s.t, nil, "gate", "verify", file, "--key", key, "--at", v.EvaluatedAt).must(s.t, 1)
}

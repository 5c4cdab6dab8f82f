// SPDX-License-Identifier: Apache-2.0

package review_test

import (
	"strings"
	"testing"
)

// A command that changes a review says in one line where it stands, and then what it
// changed; the rest is for show.
func TestCommandsSayWhatChanged(t *testing.T) {
	o := serve(t)
	o.project("new-ci")
	for _, c := range []struct {
		person, line string
		args, says   []string
	}{
		{"requester", "new-ci: incoming; version 1", []string{"request", "--file", o.file("form.yaml", formB), "--subject", "project:new-ci"}, []string{"falls short  target_date: "}},
		{"triager", "new-ci: waiting (not ready); version 2", []string{"move", "new-ci", "--to", "waiting", "--not-ready", "sensitive_data"},
			[]string{"column", "incoming to waiting", "falls short  sensitive_data: ", "changed", "not ready"}},
		{"requester", "new-ci: waiting (not ready); version 3", []string{"edit", "new-ci", "--answer", "sensitive_data=Addresses in its log, for 30 days.", "--title", "The new CI"}, []string{"changed  title, "}},
		{"requester", "new-ci: incoming; version 4", []string{"resubmit", "new-ci"}, []string{"waiting to incoming"}},
		{"triager", "new-ci: incoming, high; version 5", []string{"estimate", "new-ci", "--priority", "high"}, []string{"priority  high"}},
		{"triager", "new-ci: incoming, high; version 6", []string{"assign", "review:new-ci", "reviewer", "--as", "lead"}, []string{"reviewer  The reviewer", "part      lead"}},
		{"reviewer", "new-ci: incoming, high; version 7", []string{"declare", "new-ci", "--conflict", "none"}, []string{"conflict  none"}},
		{"reviewer", "new-ci: incoming, high; version 8", []string{"ask", "new-ci", "--text", "Who may merge?"}, []string{"question  Q1"}},
		{"reviewer", "new-ci: incoming, high; version 9", []string{"find", "new-ci", "--kind", "weakness", "--title", "No owner", "--text", "Nobody answers for it."}, []string{"finding  F1", "state    open"}},
		{"reviewer", "new-ci: incoming, high; version 10", []string{"risk", "new-ci", "F1", "--data", "internal", "--direction", "both", "--access", "write", "--volume", "low"}, []string{"finding  F1", "risk     risk:"}},
		{"requester", "new-ci: done, withdrawn, high; version 11", []string{"withdraw", "new-ci", "--reason", "Not now."}, []string{"incoming to done", "outcome  withdrawn"}},
	} {
		out, code := o.run(c.person, c.args...)
		first, _, _ := strings.Cut(out, "\n")
		if code != 0 || first != c.line || strings.Contains(out, "Replace the existing CI.") {
			t.Errorf("%v: exit %d, %s", c.args[0], code, out)
		}
		if c.args[0] == "edit" && strings.Contains(out, "falls short") {
			t.Errorf("what triage named was mended: %s", out)
		}
		for _, want := range c.says {
			if !strings.Contains(out, want) {
				t.Errorf("%v: no %q in %s", c.args[0], want, out)
			}
		}
	}
}

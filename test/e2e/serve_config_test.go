// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A configuration file with an error is refused before anything is opened, and
// the answer names file, line, field and the nearest known key.
func TestConfigurationErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"unknown key":      {"public_url: https://office.example\npublik_url: x\n", []string{":2", "publik_url", "public_url"}},
		"unknown below":    {"public_url: https://office.example\ntls:\n  certificat: x\n", []string{":3", "tls.certificat", "certificate"}},
		"wrong type":       {"public_url: https://office.example\nmail:\n  port: many\n", []string{":3", "mail.port"}},
		"duration":         {"ledger:\n  period: soon\n", []string{":2", "ledger.period"}},
		"not YAML":         {"public_url: [\n", []string{":1"}},
		"address":          {"public_url: http://office.example\ndata_dir: d\ntls: {local: true}\n", []string{"public_url", "https"}},
		"zone":             {"public_url: https://office.example\ndata_dir: d\ntls: {local: true}\ntime_zone: Mars/Base\n", []string{"time_zone", "IANA"}},
		"no TLS":           {"public_url: https://office.example\ndata_dir: d\n", []string{"tls", "behind_proxy"}},
		"half a pair":      {"public_url: https://office.example\ndata_dir: d\ntls: {certificate: c.pem}\n", []string{"tls", "both"}},
		"proxy everywhere": {"public_url: https://office.example\ndata_dir: d\nlisten: :8080\ntls: {behind_proxy: true}\n", []string{"listen", "loopback"}},
		"mail":             {"public_url: https://office.example\ndata_dir: d\ntls: {local: true}\nmail: {host: relay}\n", []string{"mail.from"}},
		"mail security":    {"public_url: https://office.example\ndata_dir: d\ntls: {local: true}\nmail: {host: relay, from: o@office.example, security: maybe}\n", []string{"mail.security"}},
		"environment":      {"public_url: https://office.example\ndata_dir: d\ntls: {local: true}\norganisation: {contact: [\"mailto:o@office.example\"]}\ndatabase: {postgres: \"${PORTREEVE_NOT_SET}\"}\n", []string{"database.postgres", "PORTREEVE_NOT_SET"}},
		"no contact":       {"public_url: https://office.example\ndata_dir: d\ntls: {local: true}\n", []string{"organisation.contact", "mailto:"}},
		"contact":          {"public_url: https://office.example\ndata_dir: d\ntls: {local: true}\norganisation:\n  contact:\n    - security at office\n", []string{":6", "organisation.contact[0]"}},
		"data directory":   {"public_url: https://office.example\ntls: {local: true}\n", []string{"data_dir"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "portreeve.yaml")
			if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"serve", "--config", file}, {"migrate", "--config", file}} {
				r := command(t, nil, args...).must(t, 1)
				for _, want := range append(tt.want, file) {
					if !strings.Contains(r.stderr, want) {
						t.Errorf("%s: %q does not name %q", args[0], r.stderr, want)
					}
				}
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
				t.Errorf("a refused configuration left files behind: %v, %v", left, err)
			}
		})
	}
	command(t, nil, "serve", "--config", filepath.Join(t.TempDir(), "absent.yaml")).must(t, 1)
}

// All that is wrong is said at once, and one mistake is said once.
func TestConfigurationErrorsAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "portreeve.yaml")
	refused := func(text string) string {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return command(t, nil, "migrate", "--config", file).must(t, 1).stderr
	}
	all := refused("public_url: http://office.example/path\ntime_zone: Europe/Berlinn\ndata_dir: d\ntls: {local: true}\norganisation: {contact: [\"mailto:o@office.example\"]}\n" +
		"ledger: {period: 24, leaves: -1}\npolicy: {gate: none.yaml}\n")
	for _, want := range []string{"public_url", "time_zone", "ledger.period", "ledger.leaves", "policy.gate", "none.yaml"} {
		if !strings.Contains(all, want) {
			t.Errorf("%s is not named in:\n%s", want, all)
		}
	}
	one := refused("public_url: https://office.example\ntime_zone: Europe/Berlinn\ndata_dir: d\ntls: {local: true}\norganisation: {contact: [\"mailto:o@office.example\"]}\n")
	if strings.Count(one, "time_zone") != 1 {
		t.Errorf("one mistake is said more than once:\n%s", one)
	}
}

// badPolicies are policy files with one error each, and what the answer names.
func badPolicies() map[string][2]string {
	return map[string][2]string{
		"risk":      {"matrx: {}\n", "matrix"},
		"gate":      {"rows:\n  - kind: flwo\n    action: call\n    title: T\n    origin: chosen\n", "flow"},
		"catalog":   {"kindz: []\n", "kinds"},
		"authority": {"ranks: []\n", "ranks"},
		"content":   {"atachments: {}\n", "attachments"},
	}
}

// A bad policy file is refused at the start.
func TestBadPolicyAtStart(t *testing.T) {
	_, data := seeded(t)
	policies := badPolicies()
	policies["authorization"] = [2]string{"permit (principal, action, resource) wehn { true };\n", "authorization"}
	for name, bad := range policies {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), name+"-policy")
			if err := os.WriteFile(file, []byte(bad[0]), 0o600); err != nil {
				t.Fatal(err)
			}
			r := command(t, nil, "serve", "--config", configure(t, data, "policy: {"+name+": "+file+"}"))
			if r.code != 1 || !strings.Contains(r.stderr, file) || !strings.Contains(r.stderr, bad[1]) {
				t.Errorf("exit %d: %s", r.code, r.stderr)
			}
		})
	}
}

// On SIGHUP a bad policy file is refused and the running policy kept; a good one
// counts at once.
func TestPolicyReload(t *testing.T) {
	accounts, data := seeded(t)
	dir := t.TempDir()
	gate := filepath.Join(dir, "gate.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(gate, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const open = "rows:\n  - {kind: flow, action: call, title: Call, origin: chosen, requires: []}\n"
	write(open)
	s := startServe(t, configure(t, data, "policy: {gate: "+gate+"}"), data, accounts)
	ask := func(code int) { t.Helper(); s.cli("reviewer", question...).must(t, code) }
	hangUp := func(message string, times int) {
		t.Helper()
		if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		eventually(t, message, func() bool {
			n := 0
			for _, l := range s.log.lines(message) {
				if l.Policy == "gate" {
					n++
				}
			}
			return n == times
		})
	}
	ask(0)
	write("rows:\n  - {kind: flow, action: cal, titel: Call}\n")
	hangUp("policy file refused; the running one stays", 1)
	ask(0)
	write("rows: []\n") // nothing is governed: the gate denies
	hangUp("policy file read", 1)
	ask(3)
	write(open)
	hangUp("policy file read", 2)
	ask(0)
	s.caller("").get("/healthz").want(t, http.StatusOK)
}

// A risk policy that asks for a rank which nobody can hold is refused on reload
// as it is at the start; both files may change together, in any order.
func TestPolicyReloadChecksRanks(t *testing.T) {
	accounts, data := seeded(t)
	dir := t.TempDir()
	authority, risk := filepath.Join(dir, "authority.yaml"), filepath.Join(dir, "risk.yaml")
	ranks, err := os.ReadFile("../../internal/app/defaults/authority.yaml")
	if err != nil {
		t.Fatal(err)
	}
	policy, err := os.ReadFile("../../internal/risk/defaults/risk.yaml")
	if err != nil {
		t.Fatal(err)
	}
	put := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(authority, string(ranks))
	put(risk, string(policy))
	s := startServe(t, configure(t, data, "policy: {authority: "+authority+", risk: "+risk+"}"), data, accounts)
	hangUp := func(message, policy string, times int) {
		t.Helper()
		if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		eventually(t, message+" "+policy, func() bool {
			n := 0
			for _, l := range s.log.lines(message) {
				if l.Policy == policy {
					n++
				}
			}
			return n == times
		})
	}
	const refused, read = "policy file refused; the running one stays", "policy file read"
	added := strings.Replace(string(ranks), "  - {name: executive", "  - {name: warden, title: Warden, origin: chosen}\n  - {name: executive", 1)
	asked := strings.Replace(string(policy), "rank: manager", "rank: warden", 1)
	put(risk, asked)
	hangUp(refused, "risk", 1)
	if l := s.log.lines(refused); !strings.Contains(l[0].Error, "warden") {
		t.Errorf("the refusal does not name the rank: %+v", l)
	}
	put(authority, added)
	hangUp(read, "risk", 1)
	// A rank that posts have cannot go, and then the policy without it cannot come.
	renamed := strings.NewReplacer("director", "governor")
	put(authority, renamed.Replace(added))
	put(risk, renamed.Replace(asked))
	hangUp(refused, "risk", 2)
	put(authority, string(ranks))
	put(risk, string(policy))
	hangUp(read, "risk", 2)
}

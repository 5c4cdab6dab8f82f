// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const sessionsGuide = "../../docs/guide/sessions.md"

// blocks returns the commands of a guide's section.
func blocks(t *testing.T, guide, section string) string {
	t.Helper()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n## "+section+"\n")
	if !found {
		t.Fatalf("%s has no section %q", guide, section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	var all strings.Builder
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(rest, -1) {
		all.WriteString(m[1])
	}
	if all.Len() == 0 {
		t.Fatalf("section %q has no commands", section)
	}
	return all.String()
}

// inShell runs commands as a reader of the guide does, in a folder, and waits where
// a service is started; the shell ends with the first command that fails.
func inShell(t *testing.T, folder, script string) string {
	t.Helper()
	waits := regexp.MustCompile(`(?m)^(portreeve sessiond .*) &$`).ReplaceAllString(script,
		"$1 --ready-file ready.json > log 2>&1 & service=$$!\nuntil [ -e ready.json ]; do kill -0 $$service; sleep 0.05; done")
	shell := exec.Command("sh", "-e", "-c", "trap 'kill $service; wait $service || :' EXIT\n"+waits)
	shell.Dir = folder
	shell.Env = append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
	out, err := shell.CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(folder, "log"))
		t.Fatalf("%v\n%s\n%s\n%s", err, waits, out, log)
	}
	return string(out)
}

// TestSessionsGuide: who follows the guide from an authority of their own has a
// service that refuses every bypass, and can administer it.
func TestSessionsGuide(t *testing.T) {
	folder := t.TempDir()
	example, err := os.ReadFile("../../docs/guide/sessiond.yaml")
	if err != nil {
		t.Fatal(err)
	}
	script := blocks(t, sessionsGuide, "Certificates") + blocks(t, sessionsGuide, "A configuration of your own") + blocks(t, sessionsGuide, "Owners")
	text := string(example)
	for _, port := range []string{"8081", "8082", "8083"} {
		_, free, err := net.SplitHostPort(freeAddress(t))
		if err != nil {
			t.Fatal(err)
		}
		text, script = strings.ReplaceAll(text, ": "+port, ": "+free), strings.ReplaceAll(script, ":"+port, ":"+free)
	}
	// The machine of a test may have little room.
	text = strings.Replace(text, "# free_disk: {short: 15%, shed: 10%, critical: 5%}", "free_disk: {short: 3%, shed: 2%, critical: 1%}", 1)
	if err := os.WriteFile(filepath.Join(folder, "sessiond.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out := inShell(t, folder, script)
	for _, want := range []string{"nothing is due", "Every bypass that applies was refused.", "profile mutual, ready", "This owner has no session here.", `"cause": "left"`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

// TestSessionsGuideToTry: the first commands of the guide.
func TestSessionsGuideToTry(t *testing.T) {
	script := strings.ReplaceAll(blocks(t, sessionsGuide, "Try it"), "127.0.0.1:8081", "127.0.0.1:0")
	first, rest, _ := strings.Cut(script, "\n")
	first = strings.Replace(first, " --ready-file ./ready.json", "", 1)
	out := inShell(t, t.TempDir(), first+" &\n"+rest)
	for _, want := range []string{"Every bypass that applies was refused.", "profile mutual, ready"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}

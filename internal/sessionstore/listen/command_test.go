// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
)

// TestCredentialCommands: a token by the command line opens what its entry says,
// twice for a name, and the file never holds it.
func TestCredentialCommands(t *testing.T) {
	at := place{File: filepath.Join(t.TempDir(), "credentials.yaml"), now: nowStart}
	issue := func(name string, life time.Duration) (string, error) {
		t.Helper()
		var out, notes bytes.Buffer
		cmd := IssueCmd{place: at, Name: name, Namespace: []string{"default", "*"}, Life: config.Duration(life)}
		err := cmd.Run(&client.Session{Context: t.Context(), Stdout: &out, Stderr: &notes})
		return strings.TrimSpace(out.String()), err
	}
	var tokens []string
	for _, name := range []string{"mediawiki", "mediawiki", "cron"} {
		token, err := issue(name, 90*24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	data, err := os.ReadFile(at.File)
	if err != nil {
		t.Fatal(err)
	}
	all, err := ParseCredentials(at.File, data)
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier()
	for i, token := range tokens {
		if bytes.Contains(data, []byte(token)) {
			t.Error("the file holds a token")
		}
		one, err := v.verify(t.Context(), all, "Bearer "+token, addrOne, start)
		if err != nil || one.name != []string{"mediawiki", "mediawiki", "cron"}[i] {
			t.Errorf("token %d: %v %v", i, one, err)
		}
	}
	if _, err := issue("mediawiki", time.Hour); !fault.Is(err, fault.Invalid) {
		t.Errorf("a third of the name: %v", err)
	}
	if now, err := os.ReadFile(at.File); err != nil || !bytes.Equal(now, data) {
		t.Errorf("what was refused changed the file (%v)", err)
	}
	var out bytes.Buffer
	list := ListCmd{place: at}
	if err := list.Run(&client.Session{Context: t.Context(), Stdout: &out}); err != nil || strings.Count(out.String(), "in force") != 3 || strings.Contains(out.String(), "sha256") {
		t.Errorf("list: %v\n%s", err, &out)
	}
	list.now = func() time.Time { return start.Add(80 * 24 * time.Hour) }
	if err := list.Run(&client.Session{Context: t.Context(), Stdout: &out}); !errors.Is(err, client.Exit(2)) {
		t.Errorf("ten days before the end: %v", err)
	}
	if err := os.WriteFile(at.File, []byte("credentials: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := issue("cron", time.Hour); err == nil {
		t.Error("a file of another shape was added to")
	}
}

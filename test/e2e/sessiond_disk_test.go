// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestAStolenDiskTellsNothing: whatever lies in the folder of a store, its root key
// aside, holds neither the id, the owner nor the value of a session, in no form
// that a search would find.
func TestAStolenDiskTellsNothing(t *testing.T) {
	data := filepath.Join(t.TempDir(), "store")
	s := startSessiond(t, data)
	const id, owner, value = "wholly-secret-session-id", "system:somebody-distinctive", "a value that nobody else may know"
	req, err := http.NewRequest(http.MethodPost, s.URL+id, strings.NewReader(value))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Session-Owner", owner)
	res, err := s.client().Do(req)
	if err != nil || res.StatusCode != http.StatusCreated {
		t.Fatalf("write: %v %v", res, err)
	}
	_ = res.Body.Close()
	s.want(http.StatusOK, http.MethodGet, id, "")
	_ = s.end(syscall.SIGKILL)

	files := 0
	err = filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		held, err := os.ReadFile(path)
		for _, secret := range []string{id, owner, value} {
			for form, text := range map[string]string{
				"in clear": secret, "in hexadecimal": hex.EncodeToString([]byte(secret)),
				"in base64": strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "=")[:16],
			} {
				if bytes.Contains(held, []byte(text)) {
					t.Errorf("%s holds %q %s", path, secret, form)
				}
			}
		}
		return err
	})
	if err != nil || files < 8 {
		t.Fatalf("%d files searched: %v", files, err)
	}
	if strings.Contains(s.stderr.String(), id) || strings.Contains(s.stderr.String(), value) {
		t.Error("the log holds a session")
	}
}

// TestDestroyedKeysTakeTheirSessionsAlong: without its keys a namespace is lost in
// every copy, and the others are as they were.
func TestDestroyedKeysTakeTheirSessionsAlong(t *testing.T) {
	data := filepath.Join(t.TempDir(), "store")
	s := startSessiond(t, data)
	s.want(http.StatusCreated, http.MethodPost, "one", "of the default namespace")
	_ = s.end(syscall.SIGTERM)
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(filepath.Join(data, "data"))); err != nil {
		t.Fatal(err)
	}

	s = startSessiond(t, data)
	admin := filepath.Join(data, "administrator.json")
	s.commands(64, "confirm", "keys", "destroy", "--connect", admin, "--confirm", "other", "default")
	s.want(http.StatusOK, http.MethodGet, "one", "")
	s.commands(0, "", "keys", "destroy", "--connect", admin, "--confirm", "default", "default")
	s.want(http.StatusNotFound, http.MethodGet, "one", "")
	s.want(http.StatusInternalServerError, http.MethodPost, "two", "nobody could read it")
	_ = s.end(syscall.SIGTERM)

	// The namespace begins anew by an act of its own alone, and an older copy of the
	// rows does not bring the session back.
	s.commands(1, "--again default", "--dev", "--data", data, "--listen", "127.0.0.1:0", "--ready-file", filepath.Join(data, "ready.json"))
	s.commands(0, "", "make-keys", "--config", s.Config, "--again", "default")
	s.commands(1, "not destroyed", "make-keys", "--config", s.Config, "--again", "default")
	if err := os.RemoveAll(filepath.Join(data, "data")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(data, "data"), os.DirFS(copied)); err != nil {
		t.Fatal(err)
	}
	s = startSessiond(t, data)
	s.want(http.StatusNotFound, http.MethodGet, "one", "")
	s.want(http.StatusCreated, http.MethodPost, "one", "anew")
}

// commands runs a command of sessiond, and checks its exit code and that what it
// says holds a text.
func (s *sessiond) commands(code int, says string, args ...string) {
	s.t.Helper()
	cmd := exec.Command(binary, append([]string{"sessiond"}, args...)...)
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code || !strings.Contains(string(out), says) {
		s.t.Fatalf("sessiond %s: exit %d, want %d and %q (%v)\n%s", strings.Join(args, " "), got, code, says, err, out)
	}
}

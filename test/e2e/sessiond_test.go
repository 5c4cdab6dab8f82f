// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sessiond is a session store that runs as a process of its own.
type sessiond struct {
	t      *testing.T
	cmd    *exec.Cmd
	stderr *bytes.Buffer
	exited chan error

	URL      string `json:"url"`
	AdminURL string `json:"admin_url"`
	CA       string `json:"ca"`
	Cert     string `json:"cert"`
	Key      string `json:"key"`
	Config   string `json:"config"`
}

// startSessiond runs a store to try on a folder and waits until it is ready.
func startSessiond(t *testing.T, data string) *sessiond {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready.json")
	s := &sessiond{t: t, stderr: &bytes.Buffer{}}
	s.cmd = exec.Command(binary, "sessiond", "--dev", "--data", data, "--listen", "127.0.0.1:0", "--ready-file", ready)
	s.cmd.Stderr = s.stderr
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	s.exited = exited
	go func() { exited <- s.cmd.Wait() }()
	t.Cleanup(func() {
		if s.exited != nil {
			s.end(syscall.SIGKILL)
		}
	})
	deadline := time.After(30 * time.Second)
	for {
		if data, err := os.ReadFile(ready); err == nil && json.Unmarshal(data, s) == nil {
			return s
		}
		select {
		case err := <-s.exited:
			s.exited = nil
			t.Fatalf("sessiond ended: %v\n%s", err, s.stderr)
		case <-deadline:
			t.Fatalf("sessiond is not ready after 30 s\n%s", s.stderr)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// end sends a signal and returns how the process ended.
func (s *sessiond) end(signal os.Signal) error {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Fatal(err)
	}
	exited := s.exited
	s.exited = nil
	select {
	case err := <-exited:
		return err
	case <-time.After(30 * time.Second):
		_ = s.cmd.Process.Kill()
		s.t.Fatalf("sessiond did not end within 30 s\n%s", s.stderr)
		return nil
	}
}

// client returns an HTTP client with the certificate of the ready file.
func (s *sessiond) client() *http.Client {
	s.t.Helper()
	ca, err := os.ReadFile(s.CA)
	if err != nil {
		s.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		s.t.Fatalf("%s holds no certificate", s.CA)
	}
	pair, err := tls.LoadX509KeyPair(s.Cert, s.Key)
	if err != nil {
		s.t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}}}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// want makes a request on a session and checks its status.
func (s *sessiond) want(status int, method, key, body string) string {
	s.t.Helper()
	req, err := http.NewRequest(method, s.URL+key, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := s.client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		s.t.Errorf("%s %s: %d, want %d (%v)\n%s", method, key, res.StatusCode, status, err, text)
	}
	return string(text)
}

// selfcheck runs the self-check and returns its exit code and what it says.
func (s *sessiond) selfcheck() (int, []byte) {
	s.t.Helper()
	cmd := exec.Command(binary, "sessiond", "selfcheck", "--config", s.Config, "--json")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out
}

// TestSessiond: the session store as whoever tries it meets it: from its ready file
// to its evidence, through the end of the process by its own will and by force.
func TestSessiond(t *testing.T) {
	data := t.TempDir()
	s := startSessiond(t, data)
	s.want(201, "POST", "global:MWSession:a", "hello")
	s.want(201, "PUT", "global%3AMWSession%3Ab", "there")
	if got := s.want(200, "GET", "global:MWSession:b", ""); got != "there" {
		t.Errorf("%q", got)
	}
	s.want(204, "DELETE", "global:MWSession:b", "")

	code, out := s.selfcheck()
	var results []struct {
		Name    string `json:"name"`
		Refused *bool  `json:"refused"`
		Detail  string `json:"detail"`
	}
	if err := json.Unmarshal(out, &results); err != nil || code != 0 || len(results) < 15 {
		t.Errorf("selfcheck: exit %d, %d results, %v", code, len(results), err)
	}
	for _, r := range results {
		if r.Refused == nil || !*r.Refused || r.Name == "" || r.Detail == "" {
			t.Errorf("selfcheck: %+v", r)
		}
	}

	if err := s.end(syscall.SIGKILL); err == nil {
		t.Error("it was killed and ended well")
	}
	if code, _ := s.selfcheck(); code != 69 {
		t.Errorf("selfcheck of a service that is down: exit %d, want 69", code)
	}
	again := startSessiond(t, data)
	if got := again.want(200, "GET", "global:MWSession:a", ""); got != "hello" {
		t.Errorf("after a kill: %q", got)
	}
	again.want(404, "GET", "global:MWSession:b", "")
	if err := again.end(syscall.SIGTERM); err != nil {
		t.Errorf("it did not end well: %v\n%s", err, again.stderr)
	}
}

// TestSessiondNeedsAConfiguration: nothing runs by accident.
func TestSessiondNeedsAConfiguration(t *testing.T) {
	for _, tt := range []struct {
		args []string
		code int
		text string
	}{
		{[]string{"sessiond"}, 64, "--config FILE"},
		{[]string{"sessiond", "--config", "x", "--dev"}, 64, "can't be used together"},
		{[]string{"sessiond", "--config", filepath.Join(t.TempDir(), "absent")}, 1, "absent"},
		{[]string{"sessiond", "--dev", "--listen", "everywhere"}, 64, "127.0.0.1:8081"},
	} {
		cmd := exec.Command(binary, tt.args...)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != tt.code || !strings.Contains(string(out), tt.text) {
			t.Errorf("%v: exit %d, want %d: %s", tt.args, code, tt.code, out)
		}
	}
}

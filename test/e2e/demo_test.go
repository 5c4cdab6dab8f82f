// SPDX-License-Identifier: Apache-2.0

// Package e2e holds journeys of named actors through the built binary: its
// command line, its API and its pages, on a real database.
package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// binary is the path of the built program; TestMain builds it.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "portreeve-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "portreeve")
	build := exec.Command("go", "build", "-o", binary, "portreeve.org/portreeve/cmd/portreeve")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		return 1
	}
	return m.Run()
}

// account is one entry of the ready file.
type account struct {
	Name       string `json:"name"`
	Role       string `json:"role"`
	Login      string `json:"login"`
	Password   string `json:"password"`
	TOTPSecret string `json:"totp_secret"`
	Token      string `json:"token"`
}

// server is a running `portreeve demo`.
type server struct {
	t        *testing.T
	cmd      *exec.Cmd
	stderr   *bytes.Buffer
	exited   chan error
	data     string
	URL      string    `json:"url"`
	CA       string    `json:"ca"`
	Accounts []account `json:"accounts"`
}

// startDemo starts the demo on a free port with the domain clock shifted by at
// ("" for not at all) and stops it when the test ends.
func startDemo(t *testing.T, data, at string) *server {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready.json")
	args := []string{"demo", "--listen", "127.0.0.1:0", "--data", data, "--ready-file", ready}
	if at != "" {
		args = append(args, "--at", at)
	}
	s := &server{t: t, cmd: exec.Command(binary, args...), stderr: &bytes.Buffer{}, data: data}
	s.cmd.Stderr = s.stderr
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	s.exited = exited
	go func() { exited <- s.cmd.Wait() }()
	t.Cleanup(s.stop)

	deadline := time.After(30 * time.Second)
	for {
		if data, err := os.ReadFile(ready); err == nil && json.Unmarshal(data, s) == nil && s.URL != "" {
			return s
		}
		select {
		case err := <-s.exited:
			s.exited = nil
			t.Fatalf("the demo ended: %v\n%s", err, s.stderr)
		case <-deadline:
			t.Fatalf("the demo is not ready after 30 s\n%s", s.stderr)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop ends the server as an operator would and checks that it ends well. A
// second call does nothing.
func (s *server) stop() {
	if s.exited == nil {
		return
	}
	exited := s.exited
	s.exited = nil
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Error(err)
	}
	select {
	case err := <-exited:
		if err != nil {
			s.t.Errorf("the server ended badly: %v\n%s", err, s.stderr)
		}
	case <-time.After(20 * time.Second):
		// The Go runtime then prints what every goroutine waits for.
		_ = s.cmd.Process.Signal(syscall.SIGQUIT)
		<-exited
		s.t.Errorf("the server did not end within 20 s\n%s", s.stderr)
	}
}

// as returns the account with that login; each role has one that is named like it.
func (s *server) as(login string) account {
	s.t.Helper()
	for _, a := range s.Accounts {
		if a.Login == login {
			return a
		}
	}
	s.t.Fatalf("the demo has no account with the login %q", login)
	return account{}
}

// result is what a command printed and returned.
type result struct {
	code           int
	stdout, stderr string
}

// cli runs the command line as somebody.
func (s *server) cli(login string, args ...string) result {
	s.t.Helper()
	return command(s.t, []string{"PORTREEVE_URL=" + s.URL, "PORTREEVE_TOKEN=" + s.as(login).Token, "PORTREEVE_CA=" + s.CA}, args...)
}

// command runs the binary with an environment of its own.
func command(t *testing.T, env []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// must fails the test unless the command returned the code.
func (r result) must(t *testing.T, code int) result {
	t.Helper()
	if r.code != code {
		t.Fatalf("exit %d, want %d\nstdout: %s\nstderr: %s", r.code, code, r.stdout, r.stderr)
	}
	return r
}

// decode parses the JSON that a command printed.
func (r result) decode(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.stdout), into); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, r.stdout)
	}
}

// http returns a client that trusts the demo's authority and follows no redirect.
func (s *server) http() *http.Client {
	s.t.Helper()
	pem, err := os.ReadFile(s.CA)
	if err != nil {
		s.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		s.t.Fatal("no certificate in the ca file")
	}
	return &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

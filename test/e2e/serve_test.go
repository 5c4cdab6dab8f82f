// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait of these tests: a busy machine is slow, but what
// takes this long does not come any more.
const patience = 60 * time.Second

// seed is a data folder in which the demo was loaded once, to be copied.
var seed = sync.OnceValues(func() (*server, error) {
	s := &server{data: filepath.Join(filepath.Dir(binary), "seed"), stderr: &bytes.Buffer{}}
	ready := s.data + ".json"
	s.cmd = exec.Command(binary, "demo", "--listen", "127.0.0.1:0", "--data", s.data, "--ready-file", ready)
	s.cmd.Stderr = s.stderr
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if data, err := os.ReadFile(ready); err == nil {
			if err := json.Unmarshal(data, s); err != nil {
				return nil, err
			}
			break
		}
		if time.Now().After(deadline) || len(ended) > 0 {
			_ = s.cmd.Process.Kill()
			return nil, fmt.Errorf("the demo did not start: %v\n%s", <-ended, s.stderr)
		}
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return nil, err
	}
	if err := <-ended; err != nil {
		return nil, fmt.Errorf("the demo ended badly: %w\n%s", err, s.stderr)
	}
	return s, nil
})

// seeded returns the accounts of the demo and a fresh copy of its data folder.
func seeded(t *testing.T) ([]account, string) {
	t.Helper()
	s, err := seed()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(dir, os.DirFS(s.data)); err != nil {
		t.Fatal(err)
	}
	// The copy is as readable as CopyFS makes it; keys are refused like that.
	for _, file := range []string{"ledger.key", "secret.key", "sessions.key", "sessions/ring.json"} {
		if err := os.Chmod(filepath.Join(dir, file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s.Accounts, dir
}

// keysOf copies the keys of an installation, with the erasure journal, into a
// new data folder, as the guide says.
func keysOf(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(to, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"ledger.key", "secret.key", "erasures.jsonl"} {
		data, err := os.ReadFile(filepath.Join(from, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, file), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// configure writes a configuration file for the data folder and returns its
// path. lines are added at the end; "tls" is local unless they say otherwise.
func configure(t *testing.T, data string, lines ...string) string {
	t.Helper()
	text := "# SPDX-License-Identifier: Apache-2.0\npublic_url: https://localhost:8443\nlisten: 127.0.0.1:0\ndata_dir: " + data + "\n" +
		"organisation: {name: Test office, contact: [\"mailto:security@office.example\"]}\nledger: {origin: demo.portreeve.example}\n"
	text += strings.Join(lines, "\n") + "\n"
	if !strings.Contains(text, "\ntls:") {
		text += "tls: {local: true}\n"
	}
	file := filepath.Join(t.TempDir(), "portreeve.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// logBuffer collects what a server logs; it may be read while the server runs.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// logged is one line of the log.
type logged struct {
	Message string `json:"msg"`
	Listen  string `json:"listen"`
	Policy  string `json:"policy"`
	Error   string `json:"error"`
}

// lines returns the lines with that message.
func (b *logBuffer) lines(message string) []logged {
	var found []logged
	lines := bufio.NewScanner(strings.NewReader(b.String()))
	for lines.Scan() {
		var l logged
		if json.Unmarshal(lines.Bytes(), &l) == nil && l.Message == message {
			found = append(found, l)
		}
	}
	return found
}

// serving is a running `portreeve serve --config`.
type serving struct {
	*server
	config string
	log    *logBuffer
	listen string // host:port of the main listener
}

// startServe starts the server and waits until it is ready. It is stopped when
// the test ends.
func startServe(t *testing.T, config, data string, accounts []account) *serving {
	t.Helper()
	s := &serving{server: &server{t: t, data: data, Accounts: accounts, CA: filepath.Join(data, "tls", "ca.pem"), stderr: &bytes.Buffer{}}, config: config, log: &logBuffer{}}
	s.cmd = exec.Command(binary, "serve", "--config", config)
	s.cmd.Stderr = s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	s.exited = exited
	go func() { exited <- s.cmd.Wait() }()
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Logf("log of the server:\n%s", s.log)
		}
	})
	eventually(t, "the server is ready", func() bool {
		if len(s.exited) > 0 {
			err := <-s.exited
			s.exited = nil // there is nothing left to stop
			t.Fatalf("the server ended: %v\n%s", err, s.log)
		}
		ready := s.log.lines("ready")
		if len(ready) == 0 {
			return false
		}
		s.listen = ready[0].Listen
		return true
	})
	_, port, err := net.SplitHostPort(s.listen)
	if err != nil {
		t.Fatal(err)
	}
	s.URL = "https://localhost:" + port
	return s
}

// kill ends the server as a power cut would.
func (s *server) kill() {
	s.t.Helper()
	exited := s.exited
	s.exited = nil
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Fatal(err)
	}
	<-exited
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not happen within %s: %s", patience, what)
		}
	}
}

// subjectDocument is what these tests read of a subject.
type subjectDocument struct {
	ID           string `json:"id"`
	Ref          string `json:"ref"`
	Title        string `json:"title"`
	Organisation string `json:"organisation"`
	Entry        int64  `json:"entry"`
}

// project is a registration that the API takes.
func project(name, organisation string) map[string]any {
	return map[string]any{"kind": "project", "name": name, "title": "Project " + name, "organisation": organisation}
}

// register registers a subject as its owner.
func (s *server) register(name string) subjectDocument {
	s.t.Helper()
	owner := s.caller("owner")
	var d subjectDocument
	owner.get("/api/v1/subjects/realm:production").want(s.t, http.StatusOK).decode(s.t, &d)
	owner.call(http.MethodPost, "/api/v1/subjects", project(name, d.Organisation)).want(s.t, http.StatusCreated).decode(s.t, &d)
	return d
}

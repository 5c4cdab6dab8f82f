// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// patience is how long a server may take to start or to stop, on a machine that
// is busy with other tests.
const patience = 3 * time.Minute

// Version is the release of Cassandra; pom.xml names the same one.
const Version = "5.0.8"

// Server is a node that Start has started. Its fields are what a client needs;
// the names of files are absolute.
type Server struct {
	Host       string `json:"host"`
	Port       int    `json:"port"`
	CA         string `json:"ca"`          // the authority of both sides
	Cert       string `json:"cert"`        // a client's certificate with the identity Identity
	Key        string `json:"key"`         // its key
	Identity   string `json:"identity"`    // the URI in it
	OtherCA    string `json:"other_ca"`    // an authority that the server does not know
	OtherCert  string `json:"other_cert"`  // a client's certificate of it
	OtherKey   string `json:"other_key"`   // its key
	Superuser  string `json:"superuser"`   // role that may do everything
	Password   string `json:"password"`    // its password
	Datacenter string `json:"data_center"` // the only one

	Dir     string `json:"dir"`
	Storage int    `json:"storage_port"`
	// Certificates tells that a client is who its certificate says, without a
	// password. Roles get their identities by ADD IDENTITY before.
	Certificates bool `json:"certificates"`
}

// Start makes a node in dir that outlives this process, waits until it lets the
// superuser in, and returns it. A node that runs in dir is used as it is.
func Start(ctx context.Context, dir string) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if s, err := Open(dir); err == nil && running(dir) {
		return s, s.await(ctx)
	}
	if err := Stop(dir); err != nil {
		return nil, fmt.Errorf("clear the folder of an earlier server: %w", err)
	}
	s := &Server{Host: "127.0.0.1", Superuser: "office", Password: rand.Text(), Datacenter: "datacenter1", Dir: dir}
	if err := os.MkdirAll(filepath.Join(dir, "tls"), 0o700); err != nil {
		return nil, fmt.Errorf("make the server's folder: %w", err)
	}
	if err := s.certify(); err != nil {
		return nil, fmt.Errorf("make certificates: %w", err)
	}
	var err error
	if s.Port, err = freePort(); err != nil {
		return nil, err
	}
	if s.Storage, err = freePort(); err != nil {
		return nil, err
	}
	if err := s.launch(); err != nil {
		return nil, err
	}
	if err := s.enthrone(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start Cassandra: %w\n%s", err, s.lastWords()), Stop(dir))
	}
	raw, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return nil, err
	}
	return s, os.WriteFile(description(dir), raw, 0o600)
}

// Open returns the node that Start left in dir, running or not.
func Open(dir string) (*Server, error) {
	raw, err := os.ReadFile(description(dir))
	if err != nil {
		return nil, fmt.Errorf("read the server's description: %w", err)
	}
	s := &Server{}
	if err := json.Unmarshal(raw, s); err != nil {
		return nil, fmt.Errorf("read %s: %w", description(dir), err)
	}
	return s, nil
}

// Halt ends the node's process and keeps its files, so that Resume can start it
// again at the same address.
func (s *Server) Halt() error { return halt(s.Dir) }

// Resume starts a halted node again and waits until it answers.
func (s *Server) Resume(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.launch(); err != nil {
		return err
	}
	if err := s.await(ctx); err != nil {
		return fmt.Errorf("start Cassandra again: %w\n%s", err, s.lastWords())
	}
	return nil
}

// Stop ends the node of dir, if there is one, and removes dir.
func Stop(dir string) error {
	if err := halt(dir); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

func description(dir string) string { return filepath.Join(dir, "server.json") }

// launch starts the process, which goes on when this one ends.
func (s *Server) launch() error {
	args, err := s.command()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(s.Dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command("java", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.Dir, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start Cassandra (is a Java 17 runtime installed?): %w", err)
	}
	pid := fmt.Sprint(cmd.Process.Pid)
	// Reaped if it ends before this process, so that nobody takes it for running.
	go func() { _ = cmd.Wait() }()
	return os.WriteFile(filepath.Join(s.Dir, "pid"), []byte(pid), 0o600)
}

// process reads the id of the node's process, and makes sure that it is one: a
// number may have been given to another since.
func process(dir string) (int, bool) {
	raw, err := os.ReadFile(filepath.Join(dir, "pid"))
	if err != nil {
		return 0, false
	}
	var pid int
	if _, err := fmt.Sscan(string(raw), &pid); err != nil || pid <= 1 {
		return 0, false
	}
	cwd, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	return pid, err == nil && cwd == dir
}

func running(dir string) bool {
	_, ok := process(dir)
	return ok
}

// halt kills: a node has nothing to finish, for what it answered is in its commit
// log, and one that is drained says goodbye to clients, which a test of a fault
// does not want.
func halt(dir string) error {
	pid, ok := process(dir)
	if !ok {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end Cassandra (process %d): %w", pid, err)
	}
	for deadline := time.Now().Add(patience); running(dir); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d (Cassandra) did not end", pid)
		}
	}
	if err := os.Remove(filepath.Join(dir, "pid")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// lastWords is the end of the node's log.
func (s *Server) lastWords() string {
	raw, _ := os.ReadFile(filepath.Join(s.Dir, "log"))
	return string(raw[max(0, len(raw)-4000):])
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"portreeve.org/portreeve/internal/sessionstore/authority"
	"portreeve.org/portreeve/internal/sessionstore/seal"
)

// The processors of the measurement: the server has one for itself, whoever asks
// and whoever measures the other.
const (
	clientCore = "0"
	serverCore = "1"
)

// sessionBase is the path of the namespace that is measured.
const sessionBase = "/sessions/v1/"

// bed is a folder on a real disk with an authority, certificates and keys, which
// all the servers of the session section share.
type bed struct {
	binary    string
	dir       string
	authority *authority.Authority
	server    authority.Record
	client    authority.Record
	admin     authority.Record
}

// tmpfsMagic is what statfs(2) says of a file system in memory.
const tmpfsMagic = 0x01021994

// newBed makes the folder. Below a temporary one in memory an fsync would cost
// nothing, so /var/tmp takes its place then.
func newBed(p params) (b *bed, remove func(), err error) {
	var disk syscall.Statfs_t
	under := p.dir
	if err := syscall.Statfs(under, &disk); err == nil && disk.Type == tmpfsMagic {
		under = "/var/tmp"
	}
	dir, err := os.MkdirTemp(under, "sessions-")
	if err != nil {
		return nil, nil, err
	}
	remove = func() { os.RemoveAll(dir) } //nolint:errcheck // the system clears its temporary folder
	b = &bed{binary: p.binary, dir: dir}
	if err := b.certify(); err != nil {
		remove()
		return nil, nil, err
	}
	return b, remove, nil
}

func (b *bed) at(parts ...string) string {
	return filepath.Join(append([]string{b.dir}, parts...)...)
}

func (b *bed) certify() (err error) {
	o := authority.Options{Name: "Measurement", Domains: []string{"localhost"}, TrustDomains: []string{"bench.test"}}
	if b.authority, err = authority.Create(b.at("authority"), o, time.Now); err != nil {
		return err
	}
	issue := func(name string, role authority.Role, dns, uris []string) authority.Record {
		if err != nil {
			return authority.Record{}
		}
		var r authority.Record
		r, err = b.authority.Issue(authority.Request{Name: name, Role: role, DNS: dns, URIs: uris})
		return r
	}
	b.server = issue("server", authority.Server, []string{"localhost"}, nil)
	b.client = issue("client", authority.Client, nil, []string{"spiffe://bench.test/client"})
	b.admin = issue("administrator", authority.Client, nil, []string{"spiffe://bench.test/administrator"})
	return err
}

const sessionConfig = `# Written by test/bench.
service_name: sessiond
listen_address: localhost
listen_port: %[1]s
default_ttl: 86400
log_level: warning
profile: mutual
tls: {cert: %[2]q, key: %[3]q, client_ca: %[4]q, client_crl: %[5]q}
policy:
  - {identity: "uri:spiffe://bench.test/client", namespaces: [default], verbs: [read, write, delete]}
  - {identity: "uri:spiffe://bench.test/administrator", namespaces: ["*"], verbs: [revoke, administer]}
namespaces:
  - {name: default, base_uri: /sessions/v1/, max_ttl: 30d}
embedded: {data: %[6]q, free_disk: {short: 3%%, shed: 2%%, critical: 1%%}}
keys: {root: %[7]q, ring: %[8]q}
admin: {listen_address: localhost, listen_port: %[9]s}
audit: %[10]q
`

// store is a sessiond, or a folder for one.
type store struct {
	bed    *bed
	name   string
	config string
	port   string
	admin  string
	*running
	ready time.Duration // from exec to the ready file
}

// newStore makes what a sessiond needs: configuration, keys and an empty folder.
func (b *bed) newStore(name string) (*store, error) {
	s := &store{bed: b, name: name, config: b.at(name, "sessiond.yaml")}
	for _, sub := range []string{"data", "keys", "audit"} {
		if err := os.MkdirAll(b.at(name, sub), 0o700); err != nil {
			return nil, err
		}
	}
	root, err := seal.CreateRoot(b.at(name, "keys", "root.key"))
	if err != nil {
		return nil, err
	}
	ring, err := seal.Create(b.at(name, "keys", "ring.json"), root, time.Now)
	if err != nil {
		return nil, err
	}
	var err2 error
	s.port, err = freePort()
	s.admin, err2 = freePort()
	if err := errors.Join(err, err2, ring.Close()); err != nil {
		return nil, err
	}
	text := fmt.Sprintf(sessionConfig, s.port, b.server.Cert, b.server.Key, b.authority.CertFile(), b.authority.ListFile(),
		b.at(name, "data"), b.at(name, "keys", "root.key"), b.at(name, "keys", "ring.json"), s.admin, b.at(name, "audit", "audit.log"))
	return s, os.WriteFile(s.config, []byte(text), 0o600)
}

// start runs the store on its processor until it says that it is ready.
func (s *store) start(ctx context.Context) (err error) {
	file := s.bed.at(s.name, "ready.json")
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) { // of one that was killed
		return err
	}
	began := time.Now()
	s.running, err = s.bed.pinned(s.name, s.bed.binary, "sessiond", "--config", s.config, "--ready-file", file)
	if err != nil {
		return err
	}
	for {
		raw, err := os.ReadFile(file)
		if err == nil && json.Valid(raw) {
			s.ready = time.Since(began)
			return nil
		}
		if err := s.alive(ctx, began); err != nil {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// running is a server process of any kind, pinned to the servers' processor.
type running struct {
	cmd *exec.Cmd
	log string
}

// pinned starts a program on the servers' processor.
func (b *bed) pinned(name, program string, args ...string) (*running, error) {
	r := &running{log: b.at(name + ".log")}
	log, err := os.Create(r.log)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the process has its own handle
	r.cmd = exec.Command("taskset", append([]string{"-c", serverCore, program}, args...)...)
	r.cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	r.cmd.Stdout, r.cmd.Stderr = log, log
	if err := r.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return r, nil
}

// pid is that of the server: taskset becomes it.
func (r *running) pid() int { return r.cmd.Process.Pid }

// alive returns an error with the log if the process has ended, or takes too long.
func (r *running) alive(ctx context.Context, began time.Time) error {
	fields, err := procStat(r.pid())
	if ctx.Err() == nil && err == nil && fields[0] != "Z" && time.Since(began) < startPatience {
		return nil
	}
	text, _ := os.ReadFile(r.log)
	return errors.Join(fmt.Errorf("%s is not ready: %s", strings.Join(r.cmd.Args, " "), text), ctx.Err(), r.stop())
}

// answering waits until something accepts connections at a port of this machine.
func (r *running) answering(ctx context.Context, port string) error {
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if c, err := net.Dial("tcp", "localhost:"+port); err == nil {
			return c.Close()
		}
		if err := r.alive(ctx, began); err != nil {
			return err
		}
	}
}

// stop ends the server as an operator would.
func (r *running) stop() error { return r.end(syscall.SIGTERM) }

// kill ends it as a power cut would, but for what the kernel holds.
func (r *running) kill() error { return r.end(syscall.SIGKILL) }

func (r *running) end(signal os.Signal) error {
	if err := r.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	err := r.cmd.Wait()
	var left *exec.ExitError
	if errors.As(err, &left) { // by the signal, as was asked
		return nil
	}
	return err
}

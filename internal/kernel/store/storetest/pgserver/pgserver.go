// SPDX-License-Identifier: Apache-2.0

// Package pgserver runs a throw-away PostgreSQL for tests: on loopback, with a
// random password, without fsync, in one folder that Stop removes.
package pgserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long a server may take to start or to stop.
const patience = 60 * time.Second

// Start makes a cluster in dir, starts a server on it that outlives this
// process, and returns the URL of its superuser. A server that already runs in
// dir is used as it is. Every user on the way to dir must be able to enter its
// parent folders: run by root, the server runs as user postgres (or nobody),
// because PostgreSQL refuses to run as root.
func Start(ctx context.Context, dir string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if raw, err := os.ReadFile(urlFile(dir)); err == nil {
		if answers(ctx, string(raw)) {
			return string(raw), nil
		}
	}
	bin, err := binaries()
	if err != nil {
		return "", err
	}
	if err := Stop(dir); err != nil {
		return "", fmt.Errorf("clear the folder of an earlier server: %w", err)
	}
	cred, err := prepare(dir)
	if err != nil {
		return "", err
	}
	password := rand.Text()
	if err := initdb(ctx, bin, dir, password, cred); err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	if err := launch(bin, dir, port, cred); err != nil {
		return "", err
	}
	target := url.URL{Scheme: "postgres", User: url.UserPassword("postgres", password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/postgres", RawQuery: "sslmode=disable"}
	if err := await(ctx, target.String()); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return "", errors.Join(fmt.Errorf("start PostgreSQL: %w\n%s", err, log), Stop(dir))
	}
	if err := os.WriteFile(urlFile(dir), []byte(target.String()), 0o600); err != nil {
		return "", fmt.Errorf("keep the URL: %w", err)
	}
	return target.String(), nil
}

// Halt stops the server that Start left in dir, if there is one, and keeps its
// files, so that Resume can start it again.
func Halt(dir string) error {
	data := filepath.Join(dir, "data")
	if pid, ok := serverPID(data); ok {
		// SIGINT is PostgreSQL's fast shutdown: sessions are ended, nothing waits for them.
		if err := syscall.Kill(pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop PostgreSQL: %w", err)
		}
		for deadline := time.Now().Add(patience); syscall.Kill(pid, 0) == nil; {
			if _, running := serverPID(data); !running {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("PostgreSQL (process %d) did not stop", pid)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil
}

// Resume starts the server of dir again, at the same URL.
func Resume(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	raw, err := os.ReadFile(urlFile(dir))
	if err != nil {
		return fmt.Errorf("read the URL: %w", err)
	}
	target, err := url.Parse(string(raw))
	if err != nil {
		return fmt.Errorf("read the URL: %w", err)
	}
	port, err := strconv.Atoi(target.Port())
	if err != nil {
		return fmt.Errorf("read the port: %w", err)
	}
	bin, err := binaries()
	if err != nil {
		return err
	}
	cred, err := credential()
	if err != nil {
		return err
	}
	if err := launch(bin, dir, port, cred); err != nil {
		return err
	}
	return await(ctx, string(raw))
}

// Stop stops the server that Start left in dir, if there is one, and removes its
// files. Other files in dir stay.
func Stop(dir string) error {
	if err := Halt(dir); err != nil {
		return err
	}
	data := filepath.Join(dir, "data")
	return errors.Join(os.RemoveAll(data), remove(urlFile(dir)), remove(filepath.Join(dir, "log")), remove(filepath.Join(dir, "password")))
}

func urlFile(dir string) string { return filepath.Join(dir, "url") }

func remove(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// serverPID reads the process id that a running server keeps in its data folder.
func serverPID(data string) (int, bool) {
	raw, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, false
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	return pid, err == nil && pid > 1
}

// binaries returns the folder of the newest installed PostgreSQL server.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is well formed
	if len(found) > 0 {
		newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
		return filepath.Dir(newest), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("no PostgreSQL server is installed; on Debian: apt-get install postgresql")
	}
	return filepath.Dir(path), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 sorts lowest
	return n
}

// prepare makes dir and, for root, says which user the server runs as.
func prepare(dir string) (*syscall.Credential, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the server's folder: %w", err)
	}
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	cred, err := credential()
	if err != nil || cred == nil {
		return nil, err
	}
	if err := os.Chown(data, int(cred.Uid), int(cred.Gid)); err != nil {
		return nil, fmt.Errorf("give the data folder to user %d: %w", cred.Uid, err)
	}
	return cred, nil
}

// credential says, for root, which user the server runs as; nil is this one.
func credential() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		who, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("find a user that is not root: %w", err)
	}
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read the user id of %s: %w", who.Username, err)
	}
	gid, err := strconv.ParseUint(who.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read the group id of %s: %w", who.Username, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func initdb(ctx context.Context, bin, dir, password string, cred *syscall.Credential) error {
	passwordFile := filepath.Join(dir, "password")
	if err := os.WriteFile(passwordFile, []byte(password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the password file: %w", err)
	}
	defer os.Remove(passwordFile) //nolint:errcheck // Stop removes what is left
	if cred != nil {
		if err := os.Chown(passwordFile, int(cred.Uid), int(cred.Gid)); err != nil {
			return fmt.Errorf("give the password file to the server's user: %w", err)
		}
	}
	// The locale C orders text by bytes, as SQLite does.
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "--pgdata="+filepath.Join(dir, "data"),
		"--username=postgres", "--auth=scram-sha-256", "--pwfile="+passwordFile, "--encoding=UTF8", "--locale=C", "--no-sync")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb in %s: %w\n%s", dir, err, out)
	}
	return nil
}

// freePort asks the system for a port that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

func launch(bin, dir string, port int, cred *syscall.Credential) error {
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open the server's log: %w", err)
	}
	defer log.Close() //nolint:errcheck // the server has its own handle
	args := []string{"-D", filepath.Join(dir, "data"), "-p", strconv.Itoa(port)}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=300", "shared_buffers=64MB",
		// The data is thrown away, so nothing has to survive a power cut.
		"fsync=off", "full_page_writes=off",
		// A worker that looks into a template database would make copying it fail.
		"autovacuum=off", "log_checkpoints=off",
	} {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(filepath.Join(bin, "postgres"), args...)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	return cmd.Process.Release()
}

func answers(ctx context.Context, target string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, target)
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

func await(ctx context.Context, target string) error {
	for !answers(ctx, target) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a running `portreeve serve`.
type server struct {
	*installation
	cmd   *exec.Cmd
	log   string        // path of its log
	ready time.Duration // from exec to the first 200 of /readyz
	used  time.Duration // processor time until then
}

// startPatience is how long a server may take before the measurement gives up.
const startPatience = 2 * time.Minute

// start runs the server and waits until it is ready.
func start(ctx context.Context, binary string, in *installation) (*server, error) {
	s := &server{installation: in, log: filepath.Join(in.dir, "serve.log")}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the server has its own handle
	s.cmd = exec.Command(binary, "serve", "--config", in.config)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	client := newClient(in)
	defer client.CloseIdleConnections()
	for {
		res, err := get(ctx, client, in.url+"/readyz", nil)
		if err == nil && res.StatusCode == http.StatusOK {
			s.ready = time.Since(began)
			s.used, err = processorTime(s.cmd.Process.Pid)
			return s, err
		}
		if time.Since(began) > startPatience || s.gone() {
			text, _ := os.ReadFile(s.log)
			return nil, errors.Join(fmt.Errorf("the server is not ready: %w\n%s", err, text), s.stop())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// gone reports whether the process has ended: it is then a zombie until it is
// waited for.
func (s *server) gone() bool {
	fields, err := procStat(s.cmd.Process.Pid)
	return err != nil || fields[0] == "Z"
}

// stop ends the server as an operator would.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return s.cmd.Wait()
}

// procStat returns the fields of /proc/PID/stat after the command's name, which
// may hold spaces: the first is the state (proc(5), field 3).
func procStat(pid int) ([]string, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	_, after, ok := bytes.Cut(raw, []byte(") "))
	fields := strings.Fields(string(after))
	if !ok || len(fields) < 15 {
		return nil, fmt.Errorf("/proc/%d/stat is not as expected", pid)
	}
	return fields, nil
}

// ticksPerSecond is USER_HZ, which is 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// processorTime is what a process has used in user and system mode so far.
func processorTime(pid int) (time.Duration, error) {
	fields, err := procStat(pid)
	if err != nil {
		return 0, err
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * time.Second / ticksPerSecond, errors.Join(err1, err2)
}

// parent is the process that started a process (proc(5), field 4).
func parent(pid int) (int, error) {
	fields, err := procStat(pid)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(fields[1])
}

// familyTime is what a process and those that it has started have used so far,
// with those of them that have ended. It is 0 for process 0, which is none.
func familyTime(pid int) (time.Duration, error) {
	if pid == 0 {
		return 0, nil
	}
	fields, err := procStat(pid)
	if err != nil {
		return 0, err
	}
	var ended int64 // user and system time of children that were waited for, fields 16 and 17
	for _, text := range fields[13:15] {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, err
		}
		ended += n
	}
	sum := time.Duration(ended) * time.Second / ticksPerSecond
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, name := range all {
		child, err := strconv.Atoi(filepath.Base(name))
		if err != nil {
			continue
		}
		if p, err := parent(child); err != nil || p != pid && child != pid {
			continue // somebody else's, or gone in between
		}
		if used, err := processorTime(child); err == nil {
			sum += used
		}
	}
	return sum, nil
}

// memory returns VmRSS and VmHWM of a process in bytes.
func memory(pid int) (resident, peak int64, err error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(raw)) {
		name, value, _ := strings.Cut(line, ":")
		into := map[string]*int64{"VmRSS": &resident, "VmHWM": &peak}[name]
		if into == nil {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return 0, 0, err
		}
		*into = kib << 10
	}
	return resident, peak, nil
}

func loadAverage() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(raw))[:3], " ")
}

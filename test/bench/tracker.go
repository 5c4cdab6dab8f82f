// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"portreeve.org/portreeve/test/fakes/phorge"
)

// trackerCommand is `bench tracker`: a Phabricator server with made-up tasks on
// loopback. It prints its address and serves until it is ended.
func trackerCommand(ctx context.Context, p params, w io.Writer) error {
	world := phorge.Tasks(p.tasks, max(p.transactions/p.tasks, 1))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: phorge.New(world, nil), ReadHeaderTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { server.Close() }) //nolint:errcheck // it ends
	defer stop()
	fmt.Fprintf(w, "http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// startTracker runs the tracker as a process, so that its time is not ours.
func startTracker(ctx context.Context) (url string, stop func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, "tracker")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("start the tracker: %w", err)
	}
	stop = func() error {
		_ = cmd.Process.Kill() // it holds nothing
		_ = cmd.Wait()         // and so it ended by a signal
		return nil
	}
	url, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("the tracker does not say where it is: %w", err), stop())
	}
	return strings.TrimSpace(url), stop, nil
}

// importTasks imports all tasks of a tracker, and then the same ones once more.
func (b *bench) importTasks(ctx context.Context) (all []ran, err error) {
	url, stop, err := startTracker(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for range 2 {
		r, err := b.importOnce(ctx, url)
		if err != nil {
			return nil, err
		}
		b.note("import: %d tasks, most of them %s, %d events in %v; the command %v, the server %v, PostgreSQL %v", r.tasks, r.result, r.events, r.took.Round(time.Millisecond), r.command, r.server, r.database)
		all = append(all, r)
	}
	return all, nil
}

// importOnce runs `review import` as a process.
func (b *bench) importOnce(ctx context.Context, tracker string) (ran, error) {
	cmd := exec.CommandContext(ctx, b.params.binary, "review", "import", "--from", "phabricator", "--server", tracker, "--token-file", "-", "--project", phorge.MadeProject, "--json")
	cmd.Stdin = strings.NewReader(phorge.MadeToken)
	cmd.Env = append(os.Environ(), "PORTREEVE_URL="+b.in.url, "PORTREEVE_TOKEN="+b.access.Token, "PORTREEVE_CA="+filepath.Join(b.in.dir, "data", "tls", "ca.pem"))
	var said strings.Builder
	cmd.Stderr = &said
	server, err1 := processorTime(b.server.cmd.Process.Pid)
	database, err2 := familyTime(b.in.process)
	if err := errors.Join(err1, err2); err != nil {
		return ran{}, err
	}
	began := time.Now()
	out, err := cmd.Output()
	took := time.Since(began)
	if err != nil {
		return ran{}, fmt.Errorf("review import: %w: %s", err, said.String())
	}
	serverNow, err1 := processorTime(b.server.cmd.Process.Pid)
	databaseNow, err2 := familyTime(b.in.process)
	if err := errors.Join(err1, err2); err != nil {
		return ran{}, err
	}
	var report struct {
		Results map[string]int `json:"results"`
		Events  int            `json:"events"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return ran{}, fmt.Errorf("review import printed %.200s: %w", out, err)
	}
	r := ran{
		events: report.Events, took: took, command: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		server: serverNow - server, database: databaseNow - database,
	}
	for result, n := range report.Results {
		if n > r.tasks {
			r.result, r.tasks = result, n
		}
	}
	return r, nil
}

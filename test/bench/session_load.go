// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// plan is what the load generator, a process of its own, is to do. It is given as
// JSON on its standard input.
type plan struct {
	Address     string // host:port
	Name        string // of the server's certificate
	Protocol    string // http or redis
	CA          string
	Cert, Key   string // of the client; "" = none
	Connections int
	Keys        int
	Value       int     // bytes
	Writes      float64 // share of requests that write
	Deletes     float64 // share of requests that end a session
	Fill        bool    // write each key once instead
	Rate        float64 // requests a second, offered whatever happens; 0 = as fast as answers come
	Length      time.Duration
	Renew       int // requests after which a connection is made anew; 0 = never
	Threads     int // GOMAXPROCS of the generator
	Seed        uint64
}

// result is what came of it.
type result struct {
	Requests int
	Failed   int
	Absent   int // reads of what was not there
	Failure  string
	Took     time.Duration
	Reads    summary
	Ends     summary
	Written  summary
	Offered  int // requests that were due
	Late     time.Duration
	Client   time.Duration // processor time of the generator
	TLS      string
}

// summary is the times of one kind of request, from when each was due or sent.
type summary struct {
	Count                        int
	P50, P90, P99, P999, Longest time.Duration
}

func summarise(s sample) summary {
	return summary{len(s), s.quantile(.5), s.quantile(.9), s.quantile(.99), s.quantile(.999), s.quantile(1)}
}

// loading is a load generator that is connected and waits.
type loading struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// loader starts a generator on the client's processor, and returns when it is connected.
func loader(ctx context.Context, p plan) (*loading, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	l := &loading{cmd: exec.CommandContext(ctx, "taskset", "-c", clientCore, self, "load")}
	l.cmd.Env = append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", max(p.Threads, 1)), "GOGC=400")
	l.cmd.Stderr = os.Stderr
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if l.in, err = l.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	l.out = bufio.NewReader(out)
	if err := l.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the load generator: %w", err)
	}
	if err := json.NewEncoder(l.in).Encode(p); err != nil {
		return nil, errors.Join(fmt.Errorf("tell the load generator: %w", err), l.cmd.Wait())
	}
	if _, err := l.out.ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("the load generator is not ready: %w", err), l.cmd.Wait())
	}
	return l, nil
}

// run lets it begin, and returns when all is done.
func (l *loading) run() (r result, err error) {
	if _, err := io.WriteString(l.in, "go\n"); err != nil {
		return r, errors.Join(err, l.cmd.Wait())
	}
	err = json.NewDecoder(l.out).Decode(&r)
	return r, errors.Join(err, l.in.Close(), l.cmd.Wait())
}

// loaded is a result with what it cost the server.
type loaded struct {
	result
	Server time.Duration // processor time of the server's process meanwhile
	Load   string
}

// perRequest is the server's processor time for a request, in microseconds.
func (l loaded) perRequest() float64 {
	return float64(l.Server) / float64(time.Microsecond) / float64(max(l.Requests, 1))
}

// load runs a plan against a server and measures what it costs there. Connecting
// is not part of it.
func load(ctx context.Context, pid int, p plan) (out loaded, err error) {
	l, err := loader(ctx, p)
	if err != nil {
		return out, err
	}
	before, err := processorTime(pid)
	if err != nil {
		return out, errors.Join(err, l.cmd.Process.Kill(), l.cmd.Wait())
	}
	if out.result, err = l.run(); err != nil {
		return out, err
	}
	after, err := processorTime(pid)
	out.Server, out.Load = after-before, loadAverage()
	return out, err
}

// fillKeys writes each key once.
func fillKeys(ctx context.Context, p plan) error {
	p.Fill, p.Rate = true, 0
	l, err := loader(ctx, p)
	if err != nil {
		return err
	}
	r, err := l.run()
	if err == nil && r.Failed > 0 {
		err = fmt.Errorf("%d of %d writes failed while filling: %s", r.Failed, r.Requests, r.Failure)
	}
	return err
}

// loadCommand is the load generator's process.
func loadCommand(in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	first, err := lines.ReadBytes('\n')
	if err != nil {
		return err
	}
	var p plan
	if err := json.Unmarshal(first, &p); err != nil {
		return err
	}
	g, err := newGenerator(p)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, "ready"); err != nil {
		return err
	}
	if _, err := lines.ReadString('\n'); err != nil {
		return err
	}
	before := ownTime()
	r := g.run()
	r.Client = ownTime() - before
	return json.NewEncoder(out).Encode(r)
}

// ownTime is the processor time that this process has used.
func ownTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

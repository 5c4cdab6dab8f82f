// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"portreeve.org/portreeve/internal/app"
)

func main() {
	if ended := helper(os.Args[1:]); ended {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// helper is the processes that the session section starts, which signals end as usual.
func helper(args []string) bool {
	var err error
	switch {
	case len(args) == 0:
		return false
	case args[0] == "load":
		err = loadCommand(os.Stdin, os.Stdout)
	case args[0] == "peer":
		err = peerCommand(args[1:])
	default:
		return false
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench "+args[0]+":", err)
		os.Exit(1)
	}
	return true
}

func run(ctx context.Context, args []string) error {
	p, err := readParams(os.Getenv)
	if err != nil {
		return err
	}
	if len(args) == 3 && args[0] == "fill" && args[1] == "--config" {
		return fillCommand(ctx, p, args[2])
	}
	if len(args) == 1 && args[0] == "tracker" {
		return trackerCommand(ctx, p, os.Stdout)
	}
	switch {
	case len(args) == 0:
		return errors.Join(measureAll(ctx, p, os.Stdout), measureSessions(ctx, p, nil, os.Stdout))
	case args[0] == "server" && len(args) == 1:
		return measureAll(ctx, p, os.Stdout)
	case args[0] == "sessions":
		return measureSessions(ctx, p, args[1:], os.Stdout)
	}
	return errors.New("usage: bench [server | sessions [compare] [mix] [live] [soak]] | bench fill --config FILE | bench tracker")
}

// measureAll measures each engine and prints the table to w.
func measureAll(ctx context.Context, p params, w io.Writer) (err error) {
	if p.dir == "" {
		if p.dir, err = os.MkdirTemp("", "portreeve-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(p.dir) //nolint:errcheck // the system clears its temporary folder
		// PostgreSQL, run as another user, must be able to enter.
		if err := os.Chmod(p.dir, 0o755); err != nil {
			return err
		}
	}
	began := time.Now()
	benches, stop, err := prepare(ctx, p)
	defer func() { err = errors.Join(err, stop()) }()
	if err != nil {
		return err
	}
	all := map[string]figures{}
	for _, b := range benches {
		if err := b.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", b.in.engine, err)
		}
		all[b.in.engine] = b.figures
	}
	report(w, p, all, time.Since(began))
	return nil
}

// prepare installs the engines and fills their databases, all at the same time:
// filling is not what is measured. stop ends what was started.
func prepare(ctx context.Context, p params) (all []*bench, stop func() error, err error) {
	var stops []func() error
	stop = func() error {
		var err error
		for _, s := range stops {
			err = errors.Join(err, s())
		}
		return err
	}
	for _, engine := range p.engines {
		in, stopOne, err := install(ctx, p, engine)
		if err != nil {
			return nil, stop, fmt.Errorf("%s: %w", engine, err)
		}
		stops = append(stops, stopOne)
		all = append(all, &bench{params: p, in: in})
	}
	failures := make([]error, len(all))
	var wait sync.WaitGroup
	for i, b := range all {
		wait.Go(func() {
			b.note("filling: %d risks with %d entries, %d reviews with %d messages", p.risks, p.entries, p.reviews, p.messages)
			b.figures.filled, b.figures.fillTook, failures[i] = fillOnce(ctx, b.in)
		})
	}
	wait.Wait()
	return all, stop, errors.Join(failures...)
}

// bench is the measurement of one engine.
type bench struct {
	params   params
	in       *installation
	server   *server
	figures  figures
	access   app.BenchAccess
	reviewed []listed
}

// note tells the reader what goes on.
func (b *bench) note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s %-8s %s\n", time.Now().Format(time.TimeOnly), b.in.engine, fmt.Sprintf(format, args...))
}

// run measures one engine whose database is filled.
func (b *bench) run(ctx context.Context) (err error) {
	if err := b.in.settle(ctx); err != nil {
		return err
	}
	b.figures.version = b.in.version
	if b.access, err = app.BenchEnter(ctx, b.in.config); err != nil {
		return err
	}
	if err := b.startServer(ctx, &b.figures); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.server.stop()) }()
	return b.measure(ctx, &b.figures)
}

// starts is how often the server is started to measure how long it takes.
const starts = 5

// startServer starts the server several times and leaves the last one running.
func (b *bench) startServer(ctx context.Context, f *figures) error {
	for i := range starts + 1 {
		s, err := start(ctx, b.params.binary, b.in)
		if err != nil {
			return err
		}
		b.server = s
		if i == 0 { // the first start makes the certificate and publishes what is due
			time.Sleep(500 * time.Millisecond)
		} else {
			f.ready, f.readyUsed = append(f.ready, s.ready), append(f.readyUsed, s.used)
		}
		if i < starts {
			if err := s.stop(); err != nil {
				return err
			}
		}
	}
	b.note("ready after %v", f.ready.quantile(0.5))
	return nil
}

func (b *bench) measure(ctx context.Context, f *figures) (err error) {
	running := time.Now()
	if err := b.findRisks(ctx); err != nil {
		return err
	}
	length := b.params.seconds
	if _, err := b.askGate(ctx, b.params.rate, length/5); err != nil { // warm caches and connections
		return err
	}
	if f.steady, err = b.askGate(ctx, b.params.rate, length); err != nil {
		return err
	}
	b.note("gate at %d/s: p99 %v", b.params.rate, f.steady.times.quantile(0.99))
	if f.flood, err = b.askGate(ctx, 0, length); err != nil {
		return err
	}
	b.note("gate flooded: %.0f/s", f.flood.perSecond())
	if f.pages, f.register, err = b.readRegister(ctx, length); err != nil {
		return err
	}
	if f.proofs, err = b.proofs(ctx, length/2); err != nil {
		return err
	}
	b.note("register and proofs done; reviews")
	if err := b.measureReviews(ctx, f, length); err != nil {
		return err
	}
	b.note("verifying")
	for range 2 {
		v, err := b.verify(ctx)
		if err != nil {
			return err
		}
		if f.verify.took == 0 || v.took < f.verify.took {
			f.verify = v
		}
	}
	f.heldAlive = time.Since(running)
	f.resident, f.peak, err = memory(b.server.cmd.Process.Pid)
	return err
}

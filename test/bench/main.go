// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"portreeve.org/portreeve/internal/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	p, err := readParams(os.Getenv)
	if err != nil {
		return err
	}
	if len(args) == 3 && args[0] == "fill" && args[1] == "--config" {
		return fillCommand(ctx, p, args[2])
	}
	if len(args) > 0 {
		return errors.New("usage: bench | bench fill --config FILE")
	}
	return measureAll(ctx, p)
}

// measureAll measures each engine and prints the table.
func measureAll(ctx context.Context, p params) (err error) {
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
	all := map[string]figures{}
	for _, engine := range p.engines {
		f, err := measureEngine(ctx, p, engine)
		if err != nil {
			return fmt.Errorf("%s: %w", engine, err)
		}
		all[engine] = f
	}
	report(os.Stdout, p, all, time.Since(began))
	return nil
}

// bench is the measurement of one engine.
type bench struct {
	params   params
	in       *installation
	server   *server
	filled   filled
	access   app.BenchAccess
	reviewed []listed
}

// note tells the reader what goes on.
func (b *bench) note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s %-8s %s\n", time.Now().Format(time.TimeOnly), b.in.engine, fmt.Sprintf(format, args...))
}

func measureEngine(ctx context.Context, p params, engine string) (f figures, err error) {
	in, stop, err := install(ctx, p, engine)
	if err != nil {
		return figures{}, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	b := &bench{params: p, in: in}
	b.note("filling: %d risks, %d entries", p.risks, p.entries)
	if f.filled, f.fillTook, err = fillOnce(ctx, in); err != nil {
		return figures{}, err
	}
	b.filled = f.filled
	if err := in.settle(ctx); err != nil {
		return figures{}, err
	}
	f.version = in.version
	if b.access, err = app.BenchEnter(ctx, in.config); err != nil {
		return figures{}, err
	}
	if err := b.startServer(ctx, &f); err != nil {
		return figures{}, err
	}
	defer func() { err = errors.Join(err, b.server.stop()) }()
	return f, b.measure(ctx, &f)
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
	b.note("register and proofs done; verifying")
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

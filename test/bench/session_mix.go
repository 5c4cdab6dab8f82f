// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/sessionstore/admin"
)

// Wikimedia's mix (T408935): reads to writes 3 to 1, values of 2 KiB, and a few ends.
const (
	mixWrites  = 0.25
	mixDeletes = 0.01
	mixValue   = 2 << 10
)

// mixPlan offers Wikimedia's mix at the rate of the parameters.
func mixPlan(p params, b *bed, port string) plan {
	m := b.plan(port)
	m.Value, m.Writes, m.Deletes, m.Rate, m.Threads = mixValue, mixWrites, mixDeletes, float64(p.load), 2
	return m
}

// serveMix measures times at the rate, and what of it fails while keys are rotated
// and certificates exchanged.
func serveMix(ctx context.Context, p params, b *bed, f *sessionFigures) (err error) {
	s, err := b.newStore("mix")
	if err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	m := mixPlan(p, b, s.port)
	if err := fillKeys(ctx, m); err != nil {
		return err
	}
	m.Length = 3 * p.seconds
	if f.mix, err = load(ctx, s.pid(), m); err != nil {
		return err
	}
	sessionNote("at %d/s: p99 of GET %v, of SET %v", p.load, f.mix.Reads.P99, f.mix.Written.P99)
	return b.exchangeKeys(ctx, p, s, m, f)
}

// exchanges is how often keys are rotated and certificates exchanged under load.
const exchanges = 4

// exchangeKeys rotates data keys, once index keys too, and renews the certificates
// of the server and of the client while the load goes on. Some connections are made
// anew all the time, so that handshakes meet what changes.
func (b *bed) exchangeKeys(ctx context.Context, p params, s *store, m plan, f *sessionFigures) error {
	m.Renew, m.Length = 400, max(3*p.seconds, exchanges*2*time.Second)
	running, err := loader(ctx, m)
	if err != nil {
		return err
	}
	type outcome struct {
		result
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		r, err := running.run()
		done <- outcome{r, err}
	}()
	changing := b.exchangeAll(ctx, s, m.Length/(exchanges+1), f)
	out := <-done
	f.changed = out.result
	if out.Failed > 0 {
		sessionNote("under changes %d of %d requests failed: %s", out.Failed, out.Requests, out.Failure)
	}
	return errors.Join(changing, out.err)
}

// exchangeAll does it, one after the other, with a pause before each.
func (b *bed) exchangeAll(ctx context.Context, s *store, pause time.Duration, f *sessionFigures) error {
	connect := client.Config{URL: "https://localhost:" + s.admin, CA: b.authority.CertFile(), Cert: b.admin.Cert, Key: b.admin.Key}
	for i := range exchanges {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		api, err := admin.NewClient(connect)
		if err != nil {
			return err
		}
		if err := api.Rotate(ctx, "default", i == 1); err != nil {
			return fmt.Errorf("rotate keys: %w", err)
		}
		f.rotations++
		for _, name := range []string{"server", "client"} {
			if _, err := b.authority.Renew(name, true); err != nil {
				return fmt.Errorf("renew the certificate of the %s: %w", name, err)
			}
		}
		if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			return err
		}
		f.reloads++
	}
	return nil
}

// handles is how many file handles a process has open.
func handles(pid int) (int, error) {
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(all), err
}

// reading is what a process held at one moment of the soak.
type reading struct {
	at       time.Duration
	resident int64
	handles  int
}

// soak lets the mix run for long and looks at memory and file handles. Sessions end,
// and others are made in their places; connections are made anew all the time.
func soak(ctx context.Context, p params, b *bed, f *sessionFigures) (err error) {
	if p.soak == 0 {
		return nil
	}
	s, err := b.newStore("soak")
	if err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	m := mixPlan(p, b, s.port)
	m.Keys, m.Length, m.Renew, m.Deletes = 2*sessionKeys, p.soak, 5000, 0.05
	if err := fillKeys(ctx, m); err != nil {
		return err
	}
	running, err := loader(ctx, m)
	if err != nil {
		return err
	}
	began, stop := time.Now(), make(chan struct{})
	watched := make(chan []reading, 1)
	go func() { watched <- watch(s.pid(), began, p.soak/60, stop) }()
	f.soaked, err = running.run()
	close(stop)
	f.readings = <-watched
	sessionNote("soaked for %s: %d requests, %d failed %s", p.soak, f.soaked.Requests, f.soaked.Failed, f.soaked.Failure)
	return err
}

// watch reads memory and handles until it is told to stop.
func watch(pid int, began time.Time, every time.Duration, stop <-chan struct{}) (all []reading) {
	tick := time.NewTicker(max(every, 100*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return all
		case <-tick.C:
		}
		resident, _, err := memory(pid)
		open, err2 := handles(pid)
		if err == nil && err2 == nil {
			all = append(all, reading{time.Since(began), resident, open})
		}
	}
}

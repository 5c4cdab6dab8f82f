// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// What the comparison is made with, as in the reference that the targets come from.
const (
	sessionConnections = 50
	sessionKeys        = 10_000
	sessionValue       = 1 << 10
)

// sessionNote tells the reader what goes on.
func sessionNote(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s sessions %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

// plan is what every load on a server begins with.
func (b *bed) plan(port string) plan {
	return plan{
		Address: "localhost:" + port, Name: "localhost", Protocol: "http", CA: b.authority.CertFile(), Cert: b.client.Cert, Key: b.client.Key,
		Connections: sessionConnections, Keys: sessionKeys, Value: sessionValue, Threads: 1, Seed: 1,
	}
}

// sessionPart is a part of the section, with the lines of the table that it gives.
type sessionPart struct {
	name    string
	measure func(context.Context, params, *bed, *sessionFigures) error
	rows    func(params, *sessionFigures) []sessionRow
}

// sessionParts returns the named parts, or all.
func sessionParts(names []string) ([]sessionPart, error) {
	all := []sessionPart{{"compare", compare, compareRows}, {"mix", serveMix, mixRows}, {"live", holdLive, liveRows}, {"soak", soak, soakRows}}
	if len(names) == 0 {
		return all, nil
	}
	var some []sessionPart
	for _, name := range names {
		i := slices.IndexFunc(all, func(p sessionPart) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("the session section has no part %q; there are compare, mix, live and soak", name)
		}
		some = append(some, all[i])
	}
	return some, nil
}

// measureSessions measures the parts of the session store and prints its table to w.
func measureSessions(ctx context.Context, p params, parts []string, w io.Writer) (err error) {
	some, err := sessionParts(parts)
	if err != nil {
		return err
	}
	began := time.Now()
	if p.dir == "" {
		p.dir = os.TempDir()
	}
	b, remove, err := newBed(p)
	if err != nil {
		return err
	}
	defer remove()
	s := &sessionFigures{}
	var rows []sessionRow
	for _, part := range some {
		if err := part.measure(ctx, p, b, s); err != nil {
			return fmt.Errorf("session store: %s: %w", part.name, err)
		}
		rows = append(rows, part.rows(p, s)...)
	}
	reportSessions(w, p, s, rows, time.Since(began))
	return nil
}

// contender is a server of the comparison with what it cost in each round, in
// microseconds of the server's processor a request.
type contender struct {
	name   string
	pid    int
	plan   plan
	get    []float64
	mixed  []float64 // a quarter writes
	rate   []float64 // of GET, requests a second
	spoken string
}

// compare runs all servers of the comparison beside each other, in rounds that
// alternate, so that what else the machine does meets all of them.
func compare(ctx context.Context, p params, b *bed, f *sessionFigures) (err error) {
	var stops []func() error
	defer func() {
		for _, stop := range stops {
			err = errors.Join(err, stop())
		}
	}()
	own, err := b.newStore("compared")
	if err != nil {
		return err
	}
	if err := own.start(ctx); err != nil {
		return err
	}
	stops = append(stops, own.stop)
	ours := &contender{name: "sessiond", pid: own.pid(), plan: b.plan(own.port)}
	all := []*contender{ours}
	for _, kind := range []string{"mutual", "bare", "naive"} {
		c, r, err := b.startPeer(ctx, kind)
		if err != nil {
			return err
		}
		stops = append(stops, r.stop)
		all = append(all, c)
	}
	f.ours, f.mutual, f.bare, f.naive = all[0], all[1], all[2], all[3]
	redis, port, err := b.startRedis(ctx)
	if err != nil {
		return err
	}
	stops = append(stops, redis.stop)
	f.redis = &contender{name: "redis", pid: redis.pid(), plan: b.plan(port)}
	f.redis.plan.Protocol = "redis"
	all = append(all, f.redis)
	for _, c := range all {
		if err := fillKeys(ctx, c.plan); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	for round := range p.rounds {
		for _, c := range all {
			if err := c.round(ctx, p.seconds); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			sessionNote("round %d of %d: %-8s GET %.1f us, a quarter writes %.1f us", round+1, p.rounds, c.name, c.get[round], c.mixed[round])
		}
		for test, into := range map[string]*[]float64{"get": &f.redisGet, "set": &f.redisSet} {
			micros, rps, err := b.redisCost(ctx, redis, port, test, p.seconds)
			if err != nil {
				return err
			}
			*into = append(*into, micros)
			sessionNote("round %d of %d: redis-benchmark %s %.1f us, %.0f/s", round+1, p.rounds, test, micros, rps)
		}
	}
	f.compareLoad = loadAverage()
	return nil
}

// round measures one server once.
func (c *contender) round(ctx context.Context, length time.Duration) error {
	p := c.plan
	p.Length, p.Seed = length, uint64(len(c.get)+1)
	got, err := measured(ctx, c.pid, p)
	if err != nil {
		return err
	}
	c.get, c.rate, c.spoken = append(c.get, got.perRequest()), append(c.rate, float64(got.Requests)/got.Took.Seconds()), got.TLS
	p.Writes = 0.25
	if got, err = measured(ctx, c.pid, p); err != nil {
		return err
	}
	c.mixed = append(c.mixed, got.perRequest())
	return nil
}

// measured is load, after a second to warm up, without any failure.
func measured(ctx context.Context, pid int, p plan) (loaded, error) {
	warm := p
	warm.Length = min(p.Length, time.Second)
	if _, err := load(ctx, pid, warm); err != nil {
		return loaded{}, err
	}
	got, err := load(ctx, pid, p)
	if err == nil && got.Failed > 0 {
		err = fmt.Errorf("%d of %d requests failed: %s", got.Failed, got.Requests, got.Failure)
	}
	return got, err
}

// startPeer runs one of the servers in peerCommand.
func (b *bed) startPeer(ctx context.Context, kind string) (*contender, *running, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, nil, err
	}
	r, err := b.pinned(kind, self, "peer", kind, port, b.server.Cert, b.server.Key, b.authority.CertFile(), b.at(kind))
	if err != nil {
		return nil, nil, err
	}
	return &contender{name: kind, pid: r.pid(), plan: b.plan(port)}, r, r.answering(ctx, port)
}

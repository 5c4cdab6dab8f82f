// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// askGate asks about random subjects on so many connections for that long, at
// that rate, or as fast as the answers come if rate is 0.
func (b *bench) askGate(ctx context.Context, rate int, length time.Duration) (asked, error) {
	return b.under(ctx, "/api/v1/gate", true, func(ctx context.Context) (asked, error) {
		var next atomic.Int64
		var mu sync.Mutex
		var all asked
		var failure error
		var wait sync.WaitGroup
		began := time.Now()
		for worker := range b.params.workers {
			wait.Go(func() {
				part, err := b.askOnOne(ctx, worker, rate, began, length, &next)
				mu.Lock()
				defer mu.Unlock()
				all.times = append(all.times, part.times...)
				all.allowed += part.allowed
				all.late += part.late
				failure = errors.Join(failure, err)
			})
		}
		wait.Wait()
		all.took = time.Since(began)
		return all, failure
	})
}

// askOnOne asks on one connection. Questions are numbered across connections, so
// that each has a moment at which it is due.
func (b *bench) askOnOne(ctx context.Context, worker, rate int, began time.Time, length time.Duration, next *atomic.Int64) (asked, error) {
	client := newClient(b.in)
	defer client.CloseIdleConnections()
	dice := rand.New(rand.NewPCG(b.params.seed, uint64(worker)))
	header := map[string]string{"Authorization": "Bearer " + b.access.Token}
	var part asked
	for {
		due := time.Now()
		if rate > 0 {
			due = began.Add(time.Duration(next.Add(1)-1) * time.Second / time.Duration(rate))
			time.Sleep(time.Until(due))
			if time.Since(due) > time.Millisecond {
				part.late++
			}
		}
		if due.Sub(began) >= length || ctx.Err() != nil {
			return part, ctx.Err()
		}
		subject := b.figures.filled.Subjects[dice.IntN(len(b.figures.filled.Subjects))]
		question := b.in.url + "/api/v1/gate?action=call&subject=" + url.QueryEscape(subject)
		res, err := get(ctx, client, question, header)
		if err != nil {
			return part, fmt.Errorf("ask the gate: %w", err)
		}
		// A subject that is not shown to the asker is not there: 404 is an answer.
		if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNotFound {
			return part, fmt.Errorf("the gate answered %d: %s", res.StatusCode, res.Body)
		}
		part.times = append(part.times, time.Since(due))
		if bytes.Contains(res.Body, []byte(`"decision":"allow"`)) {
			part.allowed++
		}
	}
}

// under runs a load on the server, with or without the writer beside it, and
// adds what the server used meanwhile. route is the one that the load asks.
func (b *bench) under(ctx context.Context, route string, writing bool, load func(context.Context) (asked, error)) (asked, error) {
	before, err := b.account(ctx, route)
	if err != nil {
		return asked{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	writes := make(chan written, 1)
	if writing {
		quiet, stop := context.WithCancel(ctx)
		defer stop()
		go func() { writes <- b.write(quiet) }()
		result, err := load(ctx)
		stop()
		result.written = <-writes
		return b.settleAccount(ctx, route, before, result, err)
	}
	result, err := load(ctx)
	return b.settleAccount(ctx, route, before, result, err)
}

// account is what the server has used and answered so far.
type account struct {
	processor time.Duration
	database  time.Duration
	seconds   float64
	count     float64
}

func (b *bench) account(ctx context.Context, route string) (account, error) {
	processor, err := processorTime(b.server.cmd.Process.Pid)
	if err != nil {
		return account{}, err
	}
	database, err := familyTime(b.in.process)
	if err != nil {
		return account{}, err
	}
	seconds, count, err := b.in.requestTimes(ctx, route)
	return account{processor, database, seconds, count}, err
}

func (b *bench) settleAccount(ctx context.Context, route string, before account, result asked, err error) (asked, error) {
	if err != nil {
		return result, err
	}
	after, err := b.account(ctx, route)
	if err != nil {
		return result, err
	}
	result.processor, result.database = after.processor-before.processor, after.database-before.database
	if n := after.count - before.count; n > 0 {
		result.server = time.Duration((after.seconds - before.seconds) / n * float64(time.Second))
	}
	result.load = loadAverage()
	return result, nil
}

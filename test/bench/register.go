// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"time"
)

// routeRegister is how the server's log names the register.
const routeRegister = "/risks"

// filters are the views of the register that are measured.
func (b *bench) filters() []page {
	return []page{
		{name: "all active"},
		{name: "rated high", query: "rating=high"},
		{name: "one cell", query: "likelihood=4&impact=4"},
		{name: "inherent ratings", query: "by=inherent"},
		{name: "one inherent cell", query: "by=inherent&likelihood=4&impact=4"},
		{name: "inherent ratings of one owner", query: "by=inherent&owner=owner-007"},
		{name: "latest change first", query: "sort=recent"},
		{name: "everything, closed too", query: "state=all"},
		{name: "of one owner", query: "owner=owner-007"},
		{name: "on one subject", query: "subject=" + url.QueryEscape(b.figures.filled.Subjects[0])},
	}
}

// readRegister opens the register as a signed-in person, one view after the
// other, for that long.
func (b *bench) readRegister(ctx context.Context, length time.Duration) ([]page, asked, error) {
	pages := b.filters()
	before, err := b.server.loggedTimes(routeRegister)
	if err != nil {
		return nil, asked{}, err
	}
	result, err := b.under(ctx, routeRegister, true, func(ctx context.Context) (asked, error) {
		client := newClient(b.in)
		defer client.CloseIdleConnections()
		header := map[string]string{"Cookie": b.access.Cookie}
		var all asked
		began := time.Now()
		for i := 0; time.Since(began) < length || i < len(pages); i++ {
			at := time.Now()
			res, err := get(ctx, client, b.in.url+routeRegister+"?"+pages[i%len(pages)].query, header)
			if err != nil {
				return all, err
			}
			if res.StatusCode != http.StatusOK {
				return all, fmt.Errorf("the register (%s) answered %d, location %q", pages[i%len(pages)].name, res.StatusCode, res.Header.Get("Location"))
			}
			all.times = append(all.times, time.Since(at))
		}
		all.took = time.Since(began)
		return all, nil
	})
	if err != nil {
		return nil, result, err
	}
	after, err := b.server.loggedTimes(routeRegister)
	if err != nil {
		return nil, result, err
	}
	// One connection asked, so the log has the views in their order.
	for i, took := range after[len(before):] {
		p := &pages[i%len(pages)]
		p.times = append(p.times, took)
	}
	return pages, result, nil
}

// proofs asks for the proofs of random entries, one after the other.
func (b *bench) proofs(ctx context.Context, length time.Duration) (asked, error) {
	return b.under(ctx, "/api/v1/ledger/inclusion", false, func(ctx context.Context) (asked, error) {
		client := newClient(b.in)
		defer client.CloseIdleConnections()
		dice := rand.New(rand.NewPCG(b.params.seed, 7))
		header := map[string]string{"Authorization": "Bearer " + b.access.Token}
		var all asked
		began := time.Now()
		for time.Since(began) < length {
			at := time.Now()
			res, err := get(ctx, client, fmt.Sprintf("%s/api/v1/ledger/inclusion?seq=%d", b.in.url, dice.Int64N(b.figures.filled.Entries)), header)
			if err != nil {
				return all, err
			}
			if res.StatusCode != http.StatusOK {
				return all, fmt.Errorf("the proof was answered by %d %s", res.StatusCode, res.Body)
			}
			all.times = append(all.times, time.Since(at))
		}
		all.took = time.Since(began)
		return all, nil
	})
}

// verify runs `ledger verify` beside the server.
func (b *bench) verify(ctx context.Context) (verified, error) {
	cmd := exec.CommandContext(ctx, b.params.binary, "ledger", "verify", "--json", "--config", b.in.config)
	cmd.Stderr = os.Stderr
	began := time.Now()
	out, err := cmd.Output()
	took := time.Since(began)
	if err != nil {
		return verified{}, fmt.Errorf("ledger verify: %w: %s", err, out)
	}
	var report struct {
		Sound bool  `json:"sound"`
		Size  int64 `json:"size"`
	}
	if err := json.Unmarshal(out, &report); err != nil || !report.Sound {
		return verified{}, fmt.Errorf("ledger verify printed %s", out)
	}
	return verified{report.Size, took, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
}

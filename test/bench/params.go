// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// params is what the environment sets.
type params struct {
	risks, entries int
	reviews        int
	messages       int           // in the discussions of the reviews
	tasks          int           // of the tracker that is imported from
	transactions   int           // of these tasks, all together
	seconds        time.Duration // of each measurement under load
	rate           int           // gate questions a second
	workers        int           // connections that ask the gate
	seed           uint64
	sessions       int           // live ones in the session store
	load           int           // requests a second that are offered to the session store
	rounds         int           // of the session store beside others
	soak           time.Duration // of the session store; 0 = none
	engines        []string
	binary         string
	dir            string // empty: a temporary one
	database       string // its name on PostgreSQL
	postgres       string // URL of a superuser of a running server; empty: one is started and thrown away
}

func readParams(getenv func(string) string) (params, error) {
	var err error
	number := func(name string, fallback int) int {
		text := getenv(name)
		if text == "" {
			return fallback
		}
		n, e := strconv.Atoi(text)
		if e != nil || n < 1 {
			err = fmt.Errorf("%s must be a whole number from 1, not %q", name, text)
		}
		return n
	}
	p := params{
		risks: number("RISKS", 50_000), entries: number("ENTRIES", 1_000_000),
		reviews: number("REVIEWS", 10_000), messages: number("MESSAGES", 200_000),
		tasks: number("TASKS", 5_000), transactions: number("TRANSACTIONS", 100_000),
		seconds: time.Duration(number("SECONDS", 10)) * time.Second,
		rate:    number("RATE", 500), workers: number("WORKERS", 8), seed: uint64(number("SEED", 1)),
		engines: strings.Fields(getenv("ENGINES")), binary: getenv("BINARY"), dir: getenv("DIR"), postgres: getenv("POSTGRES"), database: "bench",
	}
	p.sessions, p.load, p.rounds = number("SESSIONS", 10_000_000), number("LOAD", 2400), number("ROUNDS", 3)
	p.soak = 10 * time.Minute
	if text := getenv("SOAK"); text != "" {
		d, e := time.ParseDuration(text)
		if e != nil || d < 0 {
			err = fmt.Errorf("SOAK must be a time such as 10m or 0s, not %q", text)
		}
		p.soak = d
	}
	if len(p.engines) == 0 {
		p.engines = []string{engineSQLite, enginePostgres}
	}
	for _, e := range p.engines {
		if e != engineSQLite && e != enginePostgres {
			err = fmt.Errorf("ENGINES holds %q; there are %s and %s", e, engineSQLite, enginePostgres)
		}
	}
	if p.binary == "" {
		p.binary = "bin/portreeve"
	}
	if _, e := os.Stat(p.binary); e != nil && err == nil {
		err = fmt.Errorf("BINARY: %w; run make build first", e)
	}
	return p, err
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"time"
)

// sample is the times that something took.
type sample []time.Duration

// quantile returns the smallest time that at least the share q of the sample
// does not exceed (nearest rank); 0 for an empty sample.
func (s sample) quantile(q float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	rank := int(q*float64(len(sorted)) + 0.999999)
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// asked is what a load on the server gave.
type asked struct {
	times     sample
	took      time.Duration // wall clock of the whole load
	processor time.Duration // the server's, in that time
	database  time.Duration // PostgreSQL's, in that time
	server    time.Duration // the server's own time per answer, by its metrics
	allowed   int
	late      int // questions that began more than a millisecond after they were due
	written   written
	load      string // load averages at the end
}

func (a asked) perSecond() float64 { return float64(len(a.times)) / a.took.Seconds() }

func (a asked) processorPer() time.Duration { return a.processor / time.Duration(max(len(a.times), 1)) }

func (a asked) databasePer() time.Duration { return a.database / time.Duration(max(len(a.times), 1)) }

// written is what the writer beside a load did.
type written struct {
	times  sample
	failed int
}

// page is one filter of the register.
type page struct {
	name  string
	query string
	route string // as the server's log names it; empty: the register
	path  string // without the query
	group string // what the table counts it to
	times sample // the server's own
}

// ran is one run of an import.
type ran struct {
	tasks, events int
	result        string // what became of most tasks
	took          time.Duration
	command       time.Duration // processor time of `review import`
	server        time.Duration // processor time of the server, in that time
	database      time.Duration // PostgreSQL's
}

// own is the processor time of all that is ours.
func (r ran) own() time.Duration { return r.command + r.server }

// verified is one run of `ledger verify`.
type verified struct {
	entries   int64
	took      time.Duration
	processor time.Duration
}

// figures are what was measured on one engine.
type figures struct {
	version   string
	filled    filled
	fillTook  time.Duration
	ready     sample
	readyUsed sample // processor time until ready
	steady    asked  // gate, at the offered rate
	flood     asked  // gate, as fast as the connections allow
	pages     []page
	register  asked
	proofs    asked
	reviews   []page // boards, lists, the long review and searches
	imported  []ran  // the first run, and the same tasks once more
	verify    verified
	resident  int64
	peak      int64
	heldAlive time.Duration // how long the server had run when memory was read
}

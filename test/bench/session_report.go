// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// sessionFigures are what was measured of the session store.
type sessionFigures struct {
	ours, mutual, bare, naive, redis *contender
	redisGet, redisSet               []float64 // by redis-benchmark
	compareLoad                      string

	mix     loaded
	changed result // while keys and certificates were exchanged
	rotations,
	reloads int

	live          int
	liveNote      string
	liveTook      time.Duration
	liveBytes     int64
	liveReady     sample
	liveAfterKill time.Duration
	liveFlood     loaded
	liveMix       loaded
	liveResident  int64
	livePeak      int64

	soaked   result
	readings []reading
}

// sessionRow is one line of the table; target as in row.
type sessionRow struct {
	name   string
	unit   string
	target float64
	value  float64
	how    string
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(all))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// cost are the lines of one server: the median of the rounds, and the best of them.
func cost(name string, rounds []float64, how string) []sessionRow {
	return []sessionRow{
		{name, "us", 0, median(rounds), how},
		{"  best round", "us", 0, slices.Min(rounds), ""},
	}
}

// times are the lines of a load at a rate.
func timesRows(name string, l loaded, get, set float64) []sessionRow {
	by := "from when it was due; load average " + l.Load
	return []sessionRow{
		{name + ": p99 of GET", "ms", -get, ms(l.Reads.P99), by},
		{"  median of GET", "ms", 0, ms(l.Reads.P50), ""},
		{"  p99 of SET", "ms", -set, ms(l.Written.P99), "fsync before each answer"},
		{"  median of SET", "ms", 0, ms(l.Written.P50), ""},
		{"  p99 of DELETE", "ms", 0, ms(l.Ends.P99), ""},
		{"  longest of all", "ms", 0, ms(max(l.Reads.Longest, l.Written.Longest, l.Ends.Longest)), fmt.Sprintf("the generator itself was late by %.1f ms at most", ms(l.Late))},
		{"  answered of what was offered", "%", 0, 100 * float64(l.Requests-l.Failed) / float64(max(l.Offered, 1)), fmt.Sprintf("%d requests, %d failed", l.Requests, l.Failed)},
		{"  server's processor time", "us", 0, l.perRequest(), "a request"},
	}
}

func compareRows(_ params, f *sessionFigures) []sessionRow {
	get, mixed := median(f.ours.get), median(f.ours.mixed)
	r := cost("GET: sessiond", f.ours.get, "mutual TLS, policy, sealing, metrics, audit on, embedded backend")
	r = append(r, cost("GET: redis-server, by redis-benchmark", f.redisGet, "mutual TLS; handshakes taken off")...)
	r = append(r, cost("GET: redis-server, by our generator", f.redis.get, "mutual TLS, the same client as sessiond's")...)
	r = append(r, cost("GET: net/http with a map", f.mutual.get, "client certificates required")...)
	r = append(r, cost("GET: the same", f.bare.get, "no client certificates")...)
	r = append(r,
		sessionRow{"GET: sessiond to redis", "x", -1.5, get / median(f.redisGet), "medians, redis-benchmark"},
		sessionRow{"  best rounds", "x", 0, slices.Min(f.ours.get) / slices.Min(f.redisGet), ""},
		sessionRow{"  the same client", "x", 0, get / median(f.redis.get), "medians"},
		sessionRow{"GET: sessiond to net/http with a map", "x", -1.4, get / median(f.mutual.get), "medians, client certificates required"},
		sessionRow{"  best rounds", "x", 0, slices.Min(f.ours.get) / slices.Min(f.mutual.get), ""},
		sessionRow{"  without client certificates", "x", 0, get / median(f.bare.get), "medians"},
	)
	r = append(r, cost("a quarter writes: sessiond", f.ours.mixed, "fsync before each answer")...)
	r = append(r, cost("a quarter writes: pebble alone", f.naive.mixed, "Set with Sync for each write, Get for each read, the same HTTP and TLS")...)
	r = append(r, cost("a quarter writes: redis-server", f.redis.mixed, "in memory, nothing on the disk; our generator")...)
	r = append(r, cost("a quarter writes: net/http with a map", f.mutual.mixed, "in memory")...)
	return append(r,
		sessionRow{"a quarter writes: sessiond to pebble alone", "x", -0.5, mixed / median(f.naive.mixed), "medians"},
		sessionRow{"  best rounds", "x", 0, slices.Min(f.ours.mixed) / slices.Min(f.naive.mixed), ""},
		sessionRow{"GET: pebble alone", "us", 0, median(f.naive.get), ""},
		sessionRow{"SET: redis-server, by redis-benchmark", "us", 0, median(f.redisSet), ""},
		sessionRow{"GET: sessiond", "1/s", 0, median(f.ours.rate), fmt.Sprintf("one processor, %d connections", sessionConnections)},
	)
}

func liveRows(_ params, f *sessionFigures) []sessionRow {
	const mib = 1 << 20
	r := []sessionRow{
		{fmt.Sprintf("%d live sessions: resident memory", f.live), "MiB", -2048, float64(f.liveResident) / mib, "after the loads below"},
		{"  highest", "MiB", 0, float64(f.livePeak) / mib, ""},
		{"  start to ready, median", "ms", -5000, ms(f.liveReady.quantile(0.5)), "from exec to the ready file, one processor"},
		{"  the same after kill -9", "ms", 0, ms(f.liveAfterKill), "the log is read"},
		{"  on the disk", "MiB", 0, float64(f.liveBytes) / mib, fmt.Sprintf("filled in %s", f.liveTook.Round(time.Second))},
		{"  GET of any of them", "us", 0, f.liveFlood.perRequest(), fmt.Sprintf("%.0f/s, p99 %.1f ms; %d were absent", float64(f.liveFlood.Requests)/f.liveFlood.Took.Seconds(), ms(f.liveFlood.Reads.P99), f.liveFlood.Absent)},
	}
	return append(r, timesRows("  mix over all of them", f.liveMix, 0, 0)...)
}

func mixRows(p params, f *sessionFigures) []sessionRow {
	return append(timesRows(fmt.Sprintf("the mix at %d/s", p.load), f.mix, 3, 75),
		sessionRow{"keys and certificates exchanged: requests that failed", "", 0, float64(f.changed.Failed), fmt.Sprintf("of %d; %d rotations of keys, %d of certificates; 0 is wanted", f.changed.Requests, f.rotations, f.reloads)},
		sessionRow{"  p99 of GET meanwhile", "ms", 0, ms(f.changed.Reads.P99), ""},
		sessionRow{"  p99 of SET meanwhile", "ms", 0, ms(f.changed.Written.P99), ""},
	)
}

// soakRows compares the second quarter of the soak, when caches are full, with the last.
func soakRows(_ params, f *sessionFigures) []sessionRow {
	n := len(f.readings)
	if n < 4 {
		return nil
	}
	of := func(from, to int, value func(reading) float64) float64 {
		var all []float64
		for _, r := range f.readings[from:to] {
			all = append(all, value(r))
		}
		return median(all)
	}
	resident := func(r reading) float64 { return float64(r.resident) / (1 << 20) }
	open := func(r reading) float64 { return float64(r.handles) }
	return []sessionRow{
		{"soak: resident memory in the second quarter", "MiB", 0, of(n/4, n/2, resident), fmt.Sprintf("median; %s, %d requests, %d failed", f.soaked.Took.Round(time.Second), f.soaked.Requests, f.soaked.Failed)},
		{"  in the last quarter", "MiB", 0, of(3*n/4, n, resident), "flat is wanted"},
		{"  file handles in the second quarter", "", 0, of(n/4, n/2, open), ""},
		{"  in the last quarter", "", 0, of(3*n/4, n, open), "flat is wanted"},
	}
}

// reportSessions prints machine, method and table.
func reportSessions(w io.Writer, p params, f *sessionFigures, rows []sessionRow, took time.Duration) {
	fmt.Fprintf(w, "\nPortreeve session store: measurement of %s, took %s\n", time.Now().UTC().Format("2006-01-02 15:04 MST"), took.Round(time.Second))
	fmt.Fprintf(w, "machine   %s, %d processors in use, %s memory, %s\n", processor(), runtime.NumCPU(), total(), kernel())
	fmt.Fprintf(w, "built     %s, server %s; %s\n", runtime.Version(), revision(p.binary), redisVersion())
	if f.ours != nil {
		fmt.Fprintf(w, "tls       sessiond and net/http: %s; redis: %s; ECDSA P-256\n", f.ours.spoken, f.redis.spoken)
	}
	fmt.Fprintf(w, "method    Each server in a process of its own, pinned to one processor (taskset, GOMAXPROCS=1), the client on the\n"+
		"          other; loopback, %d connections that are kept, %d keys, values of %d bytes, as fast as answers come. us is\n"+
		"          user and system time of the server's process for a request (/proc/PID/stat), handshakes not counted. All\n"+
		"          servers take turns, %d rounds of %s each; load average at the end %s, now %s. The disk is a real one.\n",
		sessionConnections, sessionKeys, sessionValue, p.rounds, p.seconds, cmp.Or(f.compareLoad, "unknown"), loadAverage())
	fmt.Fprintf(w, "          The mix: %d requests a second offered, whatever the server does, %.0f %% writes, %.0f %% ends, values of %d bytes;\n"+
		"          times count from when a request was due, so that a stall shows in all that waited.\n", p.load, 100*mixWrites, 100*mixDeletes, mixValue)
	if f.liveNote != "" {
		fmt.Fprintf(w, "          Live sessions: %s.\n", f.liveNote)
	}
	fmt.Fprint(w, "          Ratio: 1.00 meets the target, more is better.\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "figure\tunit\ttarget\tmeasured\tratio\tmethod")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", r.name, r.unit, target(r.target), number(r.value), ratio(r.target, r.value), r.how)
	}
	_ = t.Flush() // a table that cannot be printed has no reader
}

func redisVersion() string {
	out, err := exec.Command("redis-server", "--version").Output()
	if err != nil {
		return "no redis-server"
	}
	fields := strings.Fields(string(out))
	return strings.Join(fields[:min(3, len(fields))], " ")
}

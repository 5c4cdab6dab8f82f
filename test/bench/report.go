// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"
	"time"

	"portreeve.org/portreeve/internal/app"
)

// row is one line of the table. target and the values are in the same unit; a
// target of 0 is none, a negative one is the most that is wanted.
type row struct {
	name   string
	unit   string
	target float64
	value  func(f figures) float64
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func rows(p params) []row {
	const mib = 1 << 20
	return []row{
		{"filling, all engines at once", "entries/s", 0, func(f figures) float64 { return float64(f.filled.Entries) / f.fillTook.Seconds() }},
		{"ledger entries", "", 0, func(f figures) float64 { return float64(f.filled.Entries) }},
		{"start to ready, median", "ms", -1000, func(f figures) float64 { return ms(f.ready.quantile(0.5)) }},
		{"  processor time until ready, median", "ms", 0, func(f figures) float64 { return ms(f.readyUsed.quantile(0.5)) }},
		{"  worst", "ms", 0, func(f figures) float64 { return ms(f.ready.quantile(1)) }},
		{fmt.Sprintf("gate, %d connections: answers", p.workers), "1/s", 500, func(f figures) float64 { return f.flood.perSecond() }},
		{"  median", "ms", 0, func(f figures) float64 { return ms(f.flood.times.quantile(0.5)) }},
		{"  p99", "ms", 0, func(f figures) float64 { return ms(f.flood.times.quantile(0.99)) }},
		{"  server's processor time per answer", "ms", 0, func(f figures) float64 { return ms(f.flood.processorPer()) }},
		{fmt.Sprintf("gate at %d questions/s: answers", p.rate), "1/s", 0, func(f figures) float64 { return f.steady.perSecond() }},
		{"  median, from when it was due", "ms", 0, func(f figures) float64 { return ms(f.steady.times.quantile(0.5)) }},
		{"  p99, from when it was due", "ms", -10, func(f figures) float64 { return ms(f.steady.times.quantile(0.99)) }},
		{"  the server's own time, mean", "ms", 0, func(f figures) float64 { return ms(f.steady.server) }},
		{"  server's processor time per answer", "ms", 0, func(f figures) float64 { return ms(f.steady.processorPer()) }},
		{"  PostgreSQL's processor time per answer", "ms", 0, func(f figures) float64 { return ms(f.steady.databasePer()) }},
		{"  answered allow", "%", 0, func(f figures) float64 { return 100 * float64(f.steady.allowed) / float64(len(f.steady.times)) }},
		{"  decisions beside it", "", 0, func(f figures) float64 { return float64(len(f.steady.written.times)) }},
		{"  decisions that failed", "", 0, func(f figures) float64 {
			return float64(f.steady.written.failed + f.flood.written.failed + f.register.written.failed)
		}},
		{"  median of a decision", "ms", 0, func(f figures) float64 { return ms(f.steady.written.times.quantile(0.5)) }},
		{"register, all views: p95, server time", "ms", -100, func(f figures) float64 { return ms(allPages(f).quantile(0.95)) }},
		{"  mean, server time", "ms", 0, func(f figures) float64 { return ms(f.register.server) }},
		{"  server's processor time per page", "ms", 0, func(f figures) float64 { return ms(f.register.processorPer()) }},
		{"  PostgreSQL's processor time per page", "ms", 0, func(f figures) float64 { return ms(f.register.databasePer()) }},
		{"ledger verify, better of two", "entries/s", 200_000, func(f figures) float64 { return float64(f.verify.entries) / f.verify.took.Seconds() }},
		{"  processor time", "s", 0, func(f figures) float64 { return f.verify.processor.Seconds() }},
		{"proof over HTTPS: p99", "ms", -5, func(f figures) float64 { return ms(f.proofs.times.quantile(0.99)) }},
		{"  median", "ms", 0, func(f figures) float64 { return ms(f.proofs.times.quantile(0.5)) }},
		{"  the server's own time, mean", "ms", 0, func(f figures) float64 { return ms(f.proofs.server) }},
		{"reviews, board and lists: p95, server time", "ms", -100, func(f figures) float64 { return ms(grouped(f, groupLists).quantile(0.95)) }},
		{fmt.Sprintf("  a review with %d messages: p95", app.BenchLong), "ms", -60, func(f figures) float64 { return ms(grouped(f, groupLong).quantile(0.95)) }},
		{"  search: p95", "ms", -100, func(f figures) float64 { return ms(grouped(f, groupSearch).quantile(0.95)) }},
		{fmt.Sprintf("import of %d tasks with %d transactions: own processor time", p.tasks, p.transactions), "s", -60, func(f figures) float64 { return f.imported[0].own().Seconds() }},
		{"  of the command", "s", 0, func(f figures) float64 { return f.imported[0].command.Seconds() }},
		{"  of the server", "s", 0, func(f figures) float64 { return f.imported[0].server.Seconds() }},
		{"  PostgreSQL's processor time", "s", 0, func(f figures) float64 { return f.imported[0].database.Seconds() }},
		{"  wall clock", "s", 0, func(f figures) float64 { return f.imported[0].took.Seconds() }},
		{"  tasks taken", "", 0, func(f figures) float64 { return float64(f.imported[0].tasks) }},
		{"  lines of their past", "", 0, func(f figures) float64 { return float64(f.imported[0].events) }},
		{"  the same once more: own processor time", "s", 0, func(f figures) float64 { return f.imported[1].own().Seconds() }},
		{"  lines that were new then", "", 0, func(f figures) float64 { return float64(f.imported[1].events) }},
		{"resident memory after the run", "MiB", -200, func(f figures) float64 { return float64(f.resident) / mib }},
		{"  highest", "MiB", 0, func(f figures) float64 { return float64(f.peak) / mib }},
	}
}

// grouped are the times of the views of reviews that belong to a group.
func grouped(f figures, group string) sample {
	var all sample
	for _, p := range f.reviews {
		if p.group == group {
			all = append(all, p.times...)
		}
	}
	return all
}

func allPages(f figures) sample {
	var all sample
	for _, p := range f.pages {
		all = append(all, p.times...)
	}
	return all
}

// report prints machine, method and table.
func report(w io.Writer, p params, all map[string]figures, took time.Duration) {
	fmt.Fprintf(w, "\nPortreeve: measurement of %s, took %s\n", time.Now().UTC().Format("2006-01-02 15:04 MST"), took.Round(time.Second))
	fmt.Fprintf(w, "machine   %s, %d processors in use, %s memory, %s\n", processor(), runtime.NumCPU(), total(), kernel())
	fmt.Fprintf(w, "built     %s, server %s\n", runtime.Version(), revision(p.binary))
	for _, engine := range p.engines {
		f := all[engine]
		fmt.Fprintf(w, "%-9s %s; load average after the gate %s, after the register %s\n", engine, f.version, f.flood.load, f.register.load)
	}
	fmt.Fprintf(w, "data      %d risks, %d subjects, %d entries wanted, seed %d\n", p.risks, len(all[p.engines[0]].filled.Subjects), p.entries, p.seed)
	fmt.Fprintf(w, "method    server in a process of its own, HTTPS on loopback, connections kept; client, server and\n"+
		"          PostgreSQL share the processors; a decision every %s beside gate and register; %s of load each.\n"+
		"          PostgreSQL runs without fsync (decisions alone feel it) and was vacuumed and analysed after filling.\n", writeEvery, p.seconds)
	fmt.Fprintf(w, "          Reviews: %d with %d messages, a signed-in reviewer opens one view after the other. Import: the command and the\n"+
		"          server read %d tasks over loopback from a made-up tracker in a process of its own, whose time is not counted;\n"+
		"          own processor time is user and system time of the command and of the server, its idle work in that time included.\n", p.reviews, all[p.engines[0]].filled.Messages, p.tasks)
	fmt.Fprint(w, "          Ratio: 1.00 meets the target, more is better.\n\n")
	table(w, p, all)
	views(w, p, all, "register", func(f figures) []page { return f.pages })
	views(w, p, all, "reviews", func(f figures) []page { return f.reviews })
}

func table(w io.Writer, p params, all map[string]figures) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "figure\tunit\ttarget")
	for _, engine := range p.engines {
		fmt.Fprintf(t, "\t%s\tratio", engine)
	}
	fmt.Fprintln(t)
	for _, r := range rows(p) {
		fmt.Fprintf(t, "%s\t%s\t%s", r.name, r.unit, target(r.target))
		for _, engine := range p.engines {
			v := r.value(all[engine])
			fmt.Fprintf(t, "\t%s\t%s", number(v), ratio(r.target, v))
		}
		fmt.Fprintln(t)
	}
	_ = t.Flush() // a table that cannot be printed has no reader
}

// views prints the views of a part one by one.
func views(w io.Writer, p params, all map[string]figures, part string, of func(figures) []page) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\nview of the %s, server time in ms", part)
	for _, engine := range p.engines {
		fmt.Fprintf(t, "\t%s median\tp95\tpages", engine)
	}
	fmt.Fprintln(t)
	for i, v := range of(all[p.engines[0]]) {
		fmt.Fprint(t, v.name)
		for _, engine := range p.engines {
			times := of(all[engine])[i].times
			fmt.Fprintf(t, "\t%s\t%s\t%d", number(ms(times.quantile(0.5))), number(ms(times.quantile(0.95))), len(times))
		}
		fmt.Fprintln(t)
	}
	_ = t.Flush() // as above
}

func target(v float64) string {
	switch {
	case v > 0:
		return ">= " + number(v)
	case v < 0:
		return "< " + number(-v)
	}
	return ""
}

func ratio(target, v float64) string {
	switch {
	case target > 0:
		return fmt.Sprintf("%.2f", v/target)
	case target < 0 && v > 0:
		return fmt.Sprintf("%.2f", -target/v)
	}
	return ""
}

func number(v float64) string {
	switch {
	case v >= 100 || v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func processor() string {
	raw, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(raw)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func total() string {
	raw, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return "unknown"
	}
	var kib int64
	if _, err := fmt.Sscanf(string(raw), "MemTotal: %d kB", &kib); err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%d GiB", kib>>20)
}

func kernel() string {
	raw, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS
	}
	return "Linux " + strings.TrimSpace(string(raw))
}

// revision is what the measured program says about itself.
func revision(binary string) string {
	out, err := exec.Command(binary, "version").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// sqliteVersion is that of the linked module: SQLite is part of the server.
func sqliteVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "SQLite"
	}
	for _, m := range info.Deps {
		if m.Path == "modernc.org/sqlite" {
			return "SQLite (" + m.Path + " " + m.Version + ")"
		}
	}
	return "SQLite"
}

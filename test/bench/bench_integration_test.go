// SPDX-License-Identifier: Apache-2.0

//go:build integration

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"portreeve.org/portreeve/internal/kernel/store/storetest/pgserver"
)

// TestMain lets the test's program be run as `bench fill` and `bench tracker`, which
// fillOnce and importTasks do, and as the load generator of the session store.
func TestMain(m *testing.M) {
	if helper(os.Args[1:]) {
		return
	}
	if len(os.Args) > 1 && (os.Args[1] == "fill" || os.Args[1] == "tracker") {
		if err := run(context.Background(), os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// A small run measures everything on both engines. What the figures are is
// nobody's business here; that they are there is.
func TestSmallRun(t *testing.T) {
	t.Setenv("BINARY", buildServer(t))
	t.Setenv("RISKS", "150")
	t.Setenv("ENTRIES", "1800")
	t.Setenv("REVIEWS", "60")
	t.Setenv("MESSAGES", "1200")
	t.Setenv("TASKS", "60")
	t.Setenv("TRANSACTIONS", "600")
	t.Setenv("SECONDS", "1")
	t.Setenv("RATE", "40")
	t.Setenv("WORKERS", "2")
	t.Setenv("DIR", t.TempDir())
	p, err := readParams(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	if p.postgres, err = pgserver.Shared(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.database = fmt.Sprintf("bench_%d", os.Getpid())
	t.Cleanup(func() { dropDatabase(t, p) })

	var out strings.Builder
	if err := measureAll(t.Context(), p, &out); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	if !regexp.MustCompile(`(?m)^resident memory`).MatchString(out.String()) {
		t.Error("the table is not whole")
	}
	for _, r := range rows(p) {
		line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(r.name) + ` .*$`).FindString(out.String())
		if line == "" {
			t.Errorf("the table lacks %q", r.name)
		}
		if strings.Contains(line, "NaN") || strings.Contains(line, "Inf") {
			t.Errorf("no figure: %s", line)
		}
	}
	for _, want := range []string{"machine", "method", "PostgreSQL 1", "modernc.org/sqlite", "on one subject", "the board"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if !regexp.MustCompile(`(?m)^  decisions that failed +0 +0 *$`).MatchString(out.String()) {
		t.Error("decisions failed beside the load")
	}
	for _, want := range []string{"  tasks taken +60 +60", "  lines of their past +600 +600", "  lines that were new then +0 +0"} {
		if !regexp.MustCompile(`(?m)^` + want + ` *$`).MatchString(out.String()) {
			t.Errorf("the report lacks %q", want)
		}
	}
	entries := regexp.MustCompile(`(?m)^ledger entries +(\d+) +(\d+) *$`).FindStringSubmatch(out.String())
	if entries == nil {
		t.Fatal("the number of entries is not reported")
	}
	for _, text := range entries[1:] {
		if n, err := strconv.Atoi(text); err != nil || n < 1800 {
			t.Errorf("%s entries, want at least 1800", text)
		}
	}
}

// A small run of the session store: every request is answered while keys and
// certificates change, and what was filled in is there after kill -9.
func TestSmallSessionRun(t *testing.T) {
	t.Setenv("BINARY", buildServer(t))
	t.Setenv("SESSIONS", "3000")
	t.Setenv("SECONDS", "1")
	t.Setenv("LOAD", "100")
	t.Setenv("SOAK", "4s")
	t.Setenv("DIR", t.TempDir())
	p, err := readParams(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := measureSessions(t.Context(), p, []string{"mix", "live", "soak"}, &out); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	for _, want := range []string{
		`(?m)^the mix at 100/s: p99 of GET +ms +< 3 `, `(?m)^  p99 of SET +ms +< 75 `,
		`(?m)^keys and certificates exchanged: requests that failed +0 +of [1-9]\d*; 4 rotations of keys, 4 of certificates`,
		`(?m)^3000 live sessions: resident memory +MiB +< 2048 `, `(?m)^  GET of any of them .* 0 were absent$`,
		`(?m)^soak: resident memory .* 0 failed$`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("the report lacks %s", want)
		}
	}
	if strings.Contains(out.String(), "NaN") || strings.Contains(out.String(), "Inf") {
		t.Error("a figure is none")
	}
}

func buildServer(t *testing.T) string {
	t.Helper()
	if binary := os.Getenv("PORTREEVE_BINARY"); binary != "" {
		return binary
	}
	binary := filepath.Join(t.TempDir(), "portreeve")
	if out, err := exec.Command("go", "build", "-o", binary, "portreeve.org/portreeve/cmd/portreeve").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

func dropDatabase(t *testing.T, p params) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // t's own has ended
	defer cancel()
	conn, err := pgx.Connect(ctx, p.postgres)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{p.database}.Sanitize()+" WITH (FORCE)"); err != nil {
		t.Error(err)
	}
}

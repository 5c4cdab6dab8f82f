// SPDX-License-Identifier: Apache-2.0

//go:build integration

package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/store/storetest"
	"portreeve.org/portreeve/internal/kernel/store/storetest/pgserver"
)

func onURL(url string) string { return "database: {postgres: \"" + url + "\"}" }

// stable are the lines of a backup that a restore leaves as they are: all but the
// tables to which it adds, and what the server writes for itself.
func stable(t *testing.T, file string) []string {
	t.Helper()
	moving := []string{"ledger_", "office_restore", "identity_session", "identity_token", "job_", "authz_account"}
	var kept []string
	skip := false
	for _, line := range rows(t, file) {
		if table, ok := strings.CutPrefix(line, `{"table":"`); ok {
			skip = slices.ContainsFunc(moving, func(prefix string) bool { return strings.HasPrefix(table, prefix) })
		}
		if !skip {
			kept = append(kept, line)
		}
	}
	return kept
}

// An installation moves from SQLite to PostgreSQL and back: the same rows, the
// same log, the same key, the same answers.
func TestBetweenEngines(t *testing.T) {
	accounts, data := seeded(t)
	config := configure(t, data)
	key := filepath.Join(data, "ledger.pub")
	s := startServe(t, config, data, accounts)
	s.register("on-sqlite")
	first := backUp(t, config) // while the server runs
	s.stop()
	size, _ := verified(t, "--config", config, "--key", key)

	toPostgres := keysOf(t, data)
	pgConfig := configure(t, toPostgres, onURL(storetest.PostgresURL(t)))
	command(t, nil, "restore", "--config", pgConfig, first).must(t, 0)
	if got, _ := verified(t, "--config", pgConfig, "--key", key); got != size+1 {
		t.Errorf("%d entries on PostgreSQL, want %d and the one that says so", got, size)
	}
	p := startServe(t, pgConfig, toPostgres, accounts)
	p.cli("reviewer", question...).must(t, 0)
	p.caller("owner").get("/api/v1/subjects/project:on-sqlite").want(t, 200)
	p.cli("reviewer", "search", "property").must(t, 0)
	second := backUp(t, pgConfig)
	if diff := cmp.Diff(stable(t, first), stable(t, second)); diff != "" {
		t.Errorf("SQLite to PostgreSQL (-want +got):\n%s", diff)
	}
	p.register("on-postgres")
	refused := command(t, nil, "serve", "--config", pgConfig).must(t, 1)
	if !strings.Contains(refused.stderr, "Another Portreeve server") {
		t.Errorf("a second server on PostgreSQL: %s", refused.stderr)
	}
	third := backUp(t, pgConfig)
	p.stop()
	size, _ = verified(t, "--config", pgConfig, "--key", key)

	back := keysOf(t, toPostgres)
	backConfig := configure(t, back)
	command(t, nil, "restore", "--config", backConfig, third).must(t, 0)
	if got, _ := verified(t, "--data", back, "--key", key); got != size+1 {
		t.Errorf("%d entries back on SQLite, want %d and the one that says so", got, size)
	}
	b := startServe(t, backConfig, back, accounts)
	b.cli("reviewer", question...).must(t, 0)
	b.caller("owner").get("/api/v1/subjects/project:on-postgres").want(t, 200)
	if diff := cmp.Diff(stable(t, third), stable(t, backUp(t, backConfig))); diff != "" {
		t.Errorf("PostgreSQL to SQLite (-want +got):\n%s", diff)
	}
	if restored := b.entriesOf("office.restored"); len(restored) != 2 {
		t.Errorf("%d entries say that it was restored, want 2", len(restored))
	}
}

// PostgreSQL goes away and comes back: meanwhile the answer is clear, nothing is
// half done, and afterwards the server works on without a restart.
func TestPostgresAway(t *testing.T) {
	// Not t.TempDir: its parent is closed to the user that PostgreSQL runs as.
	base, err := os.MkdirTemp("", "portreeve-away-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(base, "server")
	url, err := pgserver.Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pgserver.Stop(dir); err != nil {
			t.Error(err)
		}
	})
	accounts, source := seeded(t)
	data := keysOf(t, source)
	config := configure(t, data, onURL(url))
	command(t, nil, "restore", "--config", config, backUp(t, configure(t, source))).must(t, 0)
	s := startServe(t, config, data, accounts)
	organisation := s.register("before").Organisation
	owner, nobody := s.caller("owner"), s.caller("")
	nobody.get("/readyz").want(t, 200)

	for round := range 2 {
		if err := pgserver.Halt(dir); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the server says that it is not ready", func() bool { return nobody.get("/readyz").status == 503 })
		nobody.get("/healthz").want(t, 200)
		name := []string{"away-once", "away-twice"}[round]
		a := owner.call(http.MethodPost, "/api/v1/subjects", project(name, organisation), "Idempotency-Key", name)
		a.problem(t, 503, "store.unavailable")
		if a.header.Get("Retry-After") == "" {
			t.Error("the answer does not say when to try again")
		}
		// Who asks the gate gets no "allow" from a server that cannot look.
		if r := s.cli("reviewer", question...); r.code == 0 {
			t.Errorf("the gate allowed without a database: %s", r.stdout)
		}
		if err := pgserver.Resume(t.Context(), dir); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the server is ready again", func() bool { return nobody.get("/readyz").status == 200 })
		owner.call(http.MethodPost, "/api/v1/subjects", project(name, organisation), "Idempotency-Key", name).want(t, 201)
		s.cli("reviewer", question...).must(t, 0)
	}
	verified(t, "--config", config)
	refused := command(t, nil, "serve", "--config", config).must(t, 1)
	if !strings.Contains(refused.stderr, "Another Portreeve server") {
		t.Errorf("the lease was lost with the connection: %s", refused.stderr)
	}
}

// From an empty database to a server, and again: what is there is left alone.
func TestEmptyPostgres(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	config := configure(t, data, onURL(storetest.PostgresURL(t)))
	for range 2 {
		command(t, nil, "migrate", "--config", config).must(t, 0)
	}
	command(t, nil, "admin", "create", "--config", config, "ada").must(t, 0)
	for range 2 {
		s := startServe(t, config, data, nil)
		s.caller("").get("/readyz").want(t, 200)
		s.stop()
	}
	verified(t, "--config", config)
	// Away at the start: said in words, and nothing is made.
	gone := configure(t, data, onURL("postgres://nobody@127.0.0.1:1/none"))
	r := command(t, nil, "serve", "--config", gone).must(t, 69)
	if !strings.Contains(r.stderr, "database") {
		t.Errorf("without a database: %s", r.stderr)
	}
}

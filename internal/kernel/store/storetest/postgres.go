// SPDX-License-Identifier: Apache-2.0

//go:build integration

package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest/pgserver"
)

// server is the URL of the shared server, found or started once per process.
var server = sync.OnceValues(func() (string, error) { return pgserver.Shared(context.Background()) })

// postgres runs fn as a subtest on PostgreSQL.
func postgres(t *testing.T, migrations []store.Migrations, fn func(*testing.T, *store.DB)) {
	t.Helper()
	t.Run("postgres", func(t *testing.T) {
		target := databaseLike(t, template(t, migrations))
		fn(t, open(t, store.Config{Postgres: target}, migrations))
	})
}

// PostgresURL returns the URL of a new empty database, dropped when the test ends.
func PostgresURL(t testing.TB) string {
	t.Helper()
	return databaseLike(t, "template0")
}

// databaseLike creates a database as a copy of another one and returns its URL.
func databaseLike(t testing.TB, template string) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	admin(t, "CREATE DATABASE "+name+" TEMPLATE "+template)
	t.Cleanup(func() { admin(t, "DROP DATABASE "+name+" WITH (FORCE)") })
	return urlOf(t, name)
}

// template returns the name of a database that has the migrations applied, and
// makes it if it is the first to ask: copying is faster than migrating. The name
// is a digest of the migrations, so that a change makes another one.
func template(t testing.TB, migrations []store.Migrations) string {
	t.Helper()
	name := "template_" + digest(t, migrations)
	conn := connect(t)
	defer conn.Close(context.Background()) //nolint:errcheck // ends the lock as well
	ctx := t.Context()
	// One maker at a time, across all test processes.
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(20261123)"); err != nil {
		t.Fatalf("wait for the template: %v", err)
	}
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil {
		t.Fatalf("look for the template: %v", err)
	}
	if exists {
		return name
	}
	draft := "draft_" + strings.ToLower(rand.Text())
	admin(t, "CREATE DATABASE "+draft+" TEMPLATE template0")
	db, err := store.Open(ctx, store.Config{Postgres: urlOf(t, draft), Clock: store.FixedClock(Start())})
	if err != nil {
		t.Fatalf("open the template: %v", err)
	}
	if err := db.Migrate(ctx, migrations); err != nil {
		t.Fatalf("migrate the template: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatalf("close the template: %v", err)
	}
	// Renamed when complete: whoever finds the name finds all of it.
	admin(t, "ALTER DATABASE "+draft+" RENAME TO "+name)
	return name
}

// digest names a set of migrations.
func digest(t testing.TB, migrations []store.Migrations) string {
	t.Helper()
	h := sha256.New()
	for _, m := range migrations {
		fmt.Fprintf(h, "%s\n", m.Module)
		if m.FS == nil {
			continue
		}
		names, err := fs.Glob(m.FS, "*.sql")
		if err != nil {
			t.Fatalf("list the migrations of %s: %v", m.Module, err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(m.FS, name)
			if err != nil {
				t.Fatalf("read a migration: %v", err)
			}
			fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:12])
}

func connect(t testing.TB) *pgx.Conn {
	t.Helper()
	target, err := server()
	if err != nil {
		t.Fatalf("the tag integration needs a PostgreSQL server: %v", err)
	}
	conn, err := pgx.Connect(context.Background(), target)
	if err != nil {
		t.Fatalf("the tag integration needs a PostgreSQL server: %v", err)
	}
	return conn
}

// admin runs a statement as the server's superuser. Unlike t.Context, its
// context still lives during cleanup.
func admin(t testing.TB, statement string) {
	t.Helper()
	conn := connect(t)
	defer conn.Close(context.Background()) //nolint:errcheck // one statement, already answered
	if _, err := conn.Exec(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func urlOf(t testing.TB, database string) string {
	t.Helper()
	target, err := server()
	if err != nil {
		t.Fatalf("the tag integration needs a PostgreSQL server: %v", err)
	}
	u, err := url.Parse(target)
	if err != nil {
		t.Fatalf("the server's address is not a URL: %v", err)
	}
	u.Path = "/" + database
	return u.String()
}

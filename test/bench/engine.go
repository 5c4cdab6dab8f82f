// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"portreeve.org/portreeve/internal/kernel/store/storetest/pgserver"
)

const (
	engineSQLite   = "sqlite"
	enginePostgres = "postgres"
)

// installation is one server to measure: its files and its database.
type installation struct {
	engine  string
	dir     string
	config  string // path of the configuration file
	url     string // of the server
	metrics string // address of its metrics
	listen  string
	target  string // URL of the PostgreSQL database; empty for SQLite
	version string // of the engine
	process int    // of the database server; 0 if it is part of ours
}

const configText = `# Written by test/bench.
public_url: https://localhost:%[1]s
listen: 127.0.0.1:%[1]s
data_dir: data
tls: {local: true}
metrics: {listen: %[2]s}
organisation: {name: Measurement, contact: ["mailto:security@measurement.example"]}
# A made-up log of two years gets about a hundred public checkpoints.
ledger: {origin: measurement.example, period: 7d, leaves: 64}
database: {postgres: "%[3]s"}
`

// install makes the folder, the configuration and, for PostgreSQL, a database.
// stop ends what was started for it.
func install(ctx context.Context, p params, engine string) (in *installation, stop func() error, err error) {
	dir := filepath.Join(p.dir, engine)
	in = &installation{engine: engine, dir: dir, config: filepath.Join(dir, "server.yaml")}
	stop = func() error { return nil }
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, stop, err
	}
	if engine == enginePostgres {
		if p.postgres == "" {
			server := filepath.Join(dir, "server")
			if p.postgres, err = pgserver.Start(ctx, server); err != nil {
				return nil, stop, err
			}
			// The server's data goes with it, so nothing of it can be used again.
			stop = func() error { return errors.Join(pgserver.Stop(server), forget(dir)) }
		}
		if in.target, err = makeDatabase(ctx, p.postgres, p.database); err != nil {
			return nil, stop, errors.Join(err, stop())
		}
	}
	web, err1 := freePort()
	metrics, err2 := freePort()
	if err := errors.Join(err1, err2); err != nil {
		return nil, stop, err
	}
	in.url, in.listen, in.metrics = "https://localhost:"+web, "127.0.0.1:"+web, "127.0.0.1:"+metrics
	return in, stop, os.WriteFile(in.config, fmt.Appendf(nil, configText, web, in.metrics, in.target), 0o600)
}

// makeDatabase makes the database of the measurement, unless it is there, and
// returns its URL.
func makeDatabase(ctx context.Context, admin, name string) (string, error) {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return "", fmt.Errorf("reach PostgreSQL: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&there); err != nil {
		return "", fmt.Errorf("look for the database: %w", err)
	}
	if !there {
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
			return "", fmt.Errorf("create the database: %w", err)
		}
	}
	u, err := url.Parse(admin)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// settle does what PostgreSQL's autovacuum, which pgserver switches off, would
// have done by now, and learns the engine's version.
func (in *installation) settle(ctx context.Context) error {
	if in.target == "" {
		in.version = sqliteVersion()
		return nil
	}
	conn, err := pgx.Connect(ctx, in.target)
	if err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost
	if _, err := conn.Exec(ctx, "VACUUM ANALYZE"); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	var version string
	if err := conn.QueryRow(ctx, "SHOW server_version").Scan(&version); err != nil {
		return fmt.Errorf("ask for the version: %w", err)
	}
	in.version = "PostgreSQL " + version
	var backend int
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return fmt.Errorf("ask for the process: %w", err)
	}
	in.process, err = parent(backend)
	return err
}

// freePort returns a port that nobody listens on. It lies below those that the
// system gives out by itself, so that it is free a while later, too.
func freePort() (string, error) {
	const lowest, highest, tries = 20_000, 32_000, 100
	var err error
	for range tries {
		address := fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(highest-lowest))
		var l net.Listener
		if l, err = net.Listen("tcp", address); err != nil {
			continue
		}
		_, port, _ := net.SplitHostPort(address) // made just above
		return port, l.Close()
	}
	return "", fmt.Errorf("find a free port: %w", err)
}

// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"regexp"

	"github.com/pressly/goose/v3"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Migrations are the schema changes of one module. FS holds NNNN_name.sql in its
// root, in goose's format with the tokens and blocks of this package; everything
// they create is named <module>_...
type Migrations struct {
	Module string
	FS     fs.FS
}

//go:embed migrations/*.sql
var ownMigrations embed.FS

var moduleName = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

// Migrate brings the schema of every module forward to the newest version that
// this program knows, and the store's own first. Each migration is one
// transaction; each module keeps its version in the table <module>_migration.
// What is up to date is left alone. A database that is newer than the program is
// refused before anything is changed, with a Conflict `store.newer`.
//
// Two processes must not migrate at once: take the Lease first.
func (db *DB) Migrate(ctx context.Context, modules []Migrations) error {
	own, err := fs.Sub(ownMigrations, "migrations")
	if err != nil {
		return fmt.Errorf("open the store's migrations: %w", err)
	}
	modules = append([]Migrations{{Module: "store", FS: own}}, modules...)
	providers := make([]*goose.Provider, 0, len(modules))
	seen := map[string]bool{}
	for _, m := range modules {
		if m.FS == nil {
			continue
		}
		if !moduleName.MatchString(m.Module) || seen[m.Module] {
			return fmt.Errorf("module name %q is not a single lower-case word, or is used twice", m.Module)
		}
		seen[m.Module] = true
		p, err := db.provider(m)
		if err != nil {
			return err
		}
		if p == nil {
			continue
		}
		if err := db.refuseNewer(ctx, m.Module, p); err != nil {
			return err
		}
		providers = append(providers, p)
	}
	return db.onWriterPool(ctx, providers)
}

// onWriterPool applies the migrations, keeping other writes of this process out.
func (db *DB) onWriterPool(ctx context.Context, providers []*goose.Provider) error {
	if err := db.enter(ctx); err != nil {
		return err
	}
	defer func() { <-db.gate }()
	for _, p := range providers {
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("migrate: %w", db.classify(ctx, err))
		}
	}
	return nil
}

// provider returns the goose provider of a module; nil if it has no migration.
func (db *DB) provider(m Migrations) (*goose.Provider, error) {
	files, err := expandAll(m, db.engine)
	if err != nil || len(files.files) == 0 {
		return nil, err
	}
	dialect := goose.DialectSQLite3
	if db.engine == Postgres {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, db.write, files,
		goose.WithTableName(m.Module+"_migration"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("prepare the migrations of %s: %w", m.Module, err)
	}
	return p, nil
}

// refuseNewer compares the version in the database with the newest known one.
func (db *DB) refuseNewer(ctx context.Context, module string, p *goose.Provider) error {
	var current int64
	err := db.Read(ctx, func(tx *ReadTx) error {
		versions, err := Versions(ctx, tx)
		current = versions[module]
		return err
	})
	if err != nil {
		return fmt.Errorf("read the schema version of %s: %w", module, err)
	}
	sources := p.ListSources()
	if newest := sources[len(sources)-1].Version; current > newest {
		return fault.New(fault.Conflict, "store.newer",
			"The database was written by a newer Portreeve (%s is at version %d, this program knows %d). Run that release or a later one.",
			module, current, newest)
	}
	return nil
}

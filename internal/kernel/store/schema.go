// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"strings"
)

// migrationSuffix ends the name of a module's version table.
const migrationSuffix = "_migration"

// Tables returns the names of the ordinary tables of the database, version
// tables included, in alphabetical order. Virtual tables of SQLite, and the
// tables behind them, are left out.
func Tables(ctx context.Context, r Reader) ([]string, error) {
	query := "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name"
	if r.Engine() == Postgres {
		query = `SELECT tablename::text FROM pg_catalog.pg_tables WHERE schemaname = current_schema() ORDER BY tablename COLLATE "C"`
	}
	rows, err := r.Query(ctx, query)
	names, err := Collect(rows, err, scanText)
	if err != nil {
		return nil, fmt.Errorf("list the tables: %w", err)
	}
	return names, nil
}

func scanText(s Scanner) (string, error) {
	var text string
	err := s.Scan(&text)
	return text, err
}

// Versions returns the schema version of each module that the database holds.
func Versions(ctx context.Context, r Reader) (map[string]int64, error) {
	tables, err := Tables(ctx, r)
	if err != nil {
		return nil, err
	}
	versions := map[string]int64{}
	for _, table := range tables {
		module, ok := strings.CutSuffix(table, migrationSuffix)
		if !ok || strings.Contains(module, "_") {
			continue
		}
		var v int64
		if err := r.QueryRow(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM "+table).Scan(&v); err != nil {
			return nil, fmt.Errorf("read the schema version of %s: %w", module, err)
		}
		versions[module] = v
	}
	return versions, nil
}

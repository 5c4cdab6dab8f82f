// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	"fmt"
	"io"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Read loads a backup into db in one transaction. The database must be migrated
// to exactly the versions of the backup and hold no row. The transaction commits
// only if the whole file was read, its digest matches, every foreign key holds,
// and then after (which may be nil) returns nil; otherwise db stays empty.
//
// Faults: Conflict `backup.target_not_empty` and `backup.version_mismatch`;
// Malformed `backup.unknown_format`, `backup.malformed`, `backup.truncated`,
// `backup.damaged`, `backup.row_refused`. What after returns passes unchanged.
func Read(ctx context.Context, db *store.DB, r io.Reader, after func(tx *store.Tx) error) error {
	err := db.Write(ctx, func(tx *store.Tx) error {
		tables, err := Tables(ctx, tx)
		if err != nil {
			return err
		}
		if err := requireEmpty(ctx, tx, tables); err != nil {
			return err
		}
		if err := deferForeignKeys(ctx, tx); err != nil {
			return err
		}
		versions, err := store.Versions(ctx, tx)
		if err != nil {
			return err
		}
		l := newLoader(r, versions, tables, func(b *batch, line int) error { return insert(ctx, tx, b, line) })
		if err := l.load(); err != nil {
			return err
		}
		if err := checkForeignKeys(ctx, tx); err != nil {
			return err
		}
		if after == nil {
			return nil
		}
		return after(tx)
	})
	if err != nil {
		return fmt.Errorf("restore the backup: %w", err)
	}
	return nil
}

func requireEmpty(ctx context.Context, tx *store.Tx, tables []Table) error {
	for _, t := range tables {
		var rows int64
		if err := tx.QueryRow(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM "+quote(t.Name)+" LIMIT 1) AS one").Scan(&rows); err != nil {
			return fmt.Errorf("look for rows in %s: %w", t.Name, err)
		}
		if rows > 0 {
			return fault.New(fault.Conflict, codeNotEmpty, "The database is not empty. A backup is loaded into a new, empty one only; nothing was changed.").
				Because(fmt.Errorf("%s holds rows", t.Name))
		}
	}
	return nil
}

// deferForeignKeys lets a row refer to a later one of its own table. The keys
// are checked all the same, by checkForeignKeys and at the commit. PostgreSQL
// defers only what its schema declared deferrable.
func deferForeignKeys(ctx context.Context, tx *store.Tx) error {
	statement := "PRAGMA defer_foreign_keys = 1"
	if tx.Engine() == store.Postgres {
		statement = "SET CONSTRAINTS ALL DEFERRED"
	}
	if _, err := tx.Exec(ctx, statement); err != nil {
		return fmt.Errorf("defer the foreign keys: %w", err)
	}
	return nil
}

func checkForeignKeys(ctx context.Context, tx *store.Tx) error {
	refused := fault.New(fault.Malformed, codeRefused, "The backup is inconsistent: a row refers to one that is missing. Nothing was restored; use another copy.")
	if tx.Engine() == store.Postgres {
		_, err := tx.Exec(ctx, "SET CONSTRAINTS ALL IMMEDIATE")
		if store.Refused(err) {
			return refused.Because(err)
		}
		return err
	}
	var broken int64
	if err := tx.QueryRow(ctx, "SELECT COUNT(*) FROM pragma_foreign_key_check").Scan(&broken); err != nil {
		return fmt.Errorf("check the foreign keys: %w", err)
	}
	if broken > 0 {
		return refused
	}
	return nil
}

// insert inserts the rows of a batch, the last of which stands in the given line.
func insert(ctx context.Context, tx *store.Tx, b *batch, line int) error {
	_, err := tx.Exec(ctx, b.statement(), b.args...)
	if store.Refused(err) || fault.HasCode(err, "store.invalid_text") {
		return fault.New(fault.Malformed, codeRefused, "The backup is inconsistent: %s refuses a row between the lines %d and %d. Nothing was restored; use another copy.",
			b.table, b.first, line).Because(err)
	}
	if err != nil {
		return fmt.Errorf("insert rows into %s: %w", b.table, err)
	}
	return nil
}

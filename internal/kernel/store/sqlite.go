// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// openSQLite opens the writing and the reading pool on one file.
//
//   - WAL: readers keep their snapshot while one writer works.
//   - _txlock=immediate: a write transaction takes the write lock when it begins
//     and so never fails half way because another process wrote.
//   - synchronous FULL: a decision that was acknowledged survives a power cut;
//     NORMAL would lose the last ones in WAL mode (https://sqlite.org/pragma.html#pragma_synchronous).
//   - secure_delete: what is deleted or replaced is overwritten with zeros in the
//     file too; an erasure would otherwise leave the text in free space.
//   - query_only: a reading connection cannot write, whatever it is asked.
func (db *DB) openSQLite(path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("locate the database file: %w", err)
	}
	db.engine, db.path = SQLite, abs
	if err := createPrivate(abs); err != nil {
		return db.unopened(context.Background(), unavailable(awayMessage, err))
	}
	common := []string{"busy_timeout(10000)", "foreign_keys(1)", "synchronous(FULL)", "trusted_schema(0)"}
	writeDSN := sqliteDSN(abs, append([]string{"journal_mode(WAL)", "journal_size_limit(67108864)", "secure_delete(1)"}, common...), "immediate")
	readDSN := sqliteDSN(abs, append([]string{"query_only(1)"}, common...), "deferred")
	if db.write, err = sql.Open("sqlite", writeDSN); err != nil {
		return fmt.Errorf("open the SQLite writer: %w", err)
	}
	if db.read, err = sql.Open("sqlite", readDSN); err != nil {
		return fmt.Errorf("open the SQLite readers: %w", err)
	}
	db.write.SetMaxOpenConns(1)
	db.write.SetMaxIdleConns(1)
	db.read.SetMaxOpenConns(readers)
	db.read.SetMaxIdleConns(readers)
	return nil
}

// createPrivate makes the database file, if it is absent, so that only its owner
// may read it. SQLite gives the files beside it the same permissions.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open the database file: %w", err)
	}
	return f.Close()
}

func sqliteDSN(path string, pragmas []string, lock string) string {
	q := url.Values{"_pragma": pragmas, "_txlock": {lock}}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

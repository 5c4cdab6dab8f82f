-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- Backups that were loaded into this database. The row comes with the loaded
-- rows, in one transaction; the entry that says so follows at the next start, and
-- until then entry is NULL.
CREATE TABLE office_restore (
  id        TEXT    NOT NULL PRIMARY KEY,
  file      TEXT    NOT NULL,
  loaded_at {int64} NOT NULL,
  entry     {int64}
) {STRICT};

-- SPDX-License-Identifier: Apache-2.0
-- +goose Up
-- What can be found. This table is the source; the index is derived from it and
-- is not part of a backup.
CREATE TABLE search_document (
  seq        {int64} NOT NULL PRIMARY KEY,
  item       TEXT    NOT NULL,
  part       TEXT    NOT NULL,
  kind       TEXT    NOT NULL,
  title      TEXT    NOT NULL,
  body       TEXT    NOT NULL,
  visibility TEXT    NOT NULL,
  at         {int64} NOT NULL,
  UNIQUE (item, part)
) {STRICT};

-- +engine sqlite
-- Without a copy of the text, which stands above. The words come as ASCII.
CREATE VIRTUAL TABLE search_index USING fts5(title, body, content='', contentless_delete=1, tokenize="ascii tokenchars '_'");
-- +engine end
-- +engine postgres
-- Results are ordered by bytes, as on SQLite.
ALTER TABLE search_document ALTER COLUMN item TYPE TEXT COLLATE "C", ALTER COLUMN part TYPE TEXT COLLATE "C";
ALTER TABLE search_document ADD COLUMN words tsvector NOT NULL DEFAULT '';
CREATE INDEX search_document_words ON search_document USING gin (words);
-- +engine end

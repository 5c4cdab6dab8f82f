-- SPDX-License-Identifier: Apache-2.0
-- +goose Up
CREATE TABLE catalog_subject (
  id            TEXT    NOT NULL PRIMARY KEY,
  ref           TEXT    NOT NULL UNIQUE,
  kind          TEXT    NOT NULL,
  name          TEXT    NOT NULL,
  title         TEXT    NOT NULL,
  description   TEXT    NOT NULL,
  owner         TEXT    NOT NULL,
  organisation  TEXT    NOT NULL,
  version       {int64} NOT NULL,
  digest        TEXT    NOT NULL,
  revision      {int64} NOT NULL,
  attributes    TEXT    NOT NULL,
  visibility    TEXT    NOT NULL,
  registered_at {int64} NOT NULL,
  changed_at    {int64} NOT NULL,
  retired_at    {int64},
  entry         {int64} NOT NULL
) {STRICT};
CREATE INDEX catalog_subject_kind ON catalog_subject (kind, ref);
CREATE INDEX catalog_subject_owner ON catalog_subject (owner, ref);

-- Which subject's attribute names which other subject. A change of the target
-- counts as a change of the subject.
CREATE TABLE catalog_reference (
  subject   TEXT NOT NULL,
  attribute TEXT NOT NULL,
  target    TEXT NOT NULL,
  PRIMARY KEY (subject, attribute)
) {STRICT};
CREATE INDEX catalog_reference_target ON catalog_reference (target);

-- Links between items of any type; subjects stand as subject:<id>.
CREATE TABLE catalog_link (
  from_item TEXT    NOT NULL,
  relation  TEXT    NOT NULL,
  to_item   TEXT    NOT NULL,
  added_at  {int64} NOT NULL,
  added_by  TEXT    NOT NULL,
  entry     {int64} NOT NULL,
  PRIMARY KEY (from_item, relation, to_item)
) {STRICT};
CREATE INDEX catalog_link_to ON catalog_link (to_item);

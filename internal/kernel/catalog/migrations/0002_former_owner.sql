-- SPDX-License-Identifier: Apache-2.0
-- +goose Up
CREATE TABLE catalog_former_owner (
  subject  TEXT    NOT NULL,
  owner    TEXT    NOT NULL,
  until_at {int64} NOT NULL,
  PRIMARY KEY (subject, owner, until_at)
) {STRICT};

-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- Who may see a restricted item: "person:<id>" or "group:<id>".
CREATE TABLE authz_participant (
  item      TEXT NOT NULL,
  principal TEXT NOT NULL,
  PRIMARY KEY (item, principal)
) {STRICT};
CREATE INDEX authz_participant_principal ON authz_participant (principal, item);

-- Whether an account is active, as kernel/identity last said.
CREATE TABLE authz_account (
  person TEXT    NOT NULL PRIMARY KEY,
  active {int64} NOT NULL
) {STRICT};

-- Ranks of authority, low to high, as configured.
CREATE TABLE authz_rank (
  position {int64} NOT NULL PRIMARY KEY,
  name     TEXT    NOT NULL UNIQUE,
  title    TEXT    NOT NULL
) {STRICT};

CREATE TABLE authz_post (
  id           TEXT    NOT NULL PRIMARY KEY,
  organisation TEXT    NOT NULL,
  rank         TEXT    NOT NULL,
  function     TEXT    NOT NULL,
  title        TEXT    NOT NULL,
  holder       TEXT    NOT NULL,
  since_at     {int64},
  until_at     {int64},
  ended_at     {int64},
  version      {int64} NOT NULL,
  entry        {int64} NOT NULL
) {STRICT};
CREATE INDEX authz_post_holder ON authz_post (holder);

CREATE TABLE authz_body (
  id           TEXT    NOT NULL PRIMARY KEY,
  organisation TEXT    NOT NULL,
  name         TEXT    NOT NULL,
  quorum       {int64} NOT NULL,
  ended_at     {int64},
  version      {int64} NOT NULL,
  entry        {int64} NOT NULL
) {STRICT};

CREATE TABLE authz_body_member (
  body   TEXT NOT NULL,
  person TEXT NOT NULL,
  PRIMARY KEY (body, person)
) {STRICT};
CREATE INDEX authz_body_member_person ON authz_body_member (person);

CREATE TABLE authz_delegation (
  id         TEXT    NOT NULL PRIMARY KEY,
  post       TEXT    NOT NULL,
  holder     TEXT    NOT NULL,
  delegate   TEXT    NOT NULL,
  from_at    {int64} NOT NULL,
  until_at   {int64} NOT NULL,
  revoked_at {int64},
  reason     TEXT    NOT NULL,
  version    {int64} NOT NULL,
  entry      {int64} NOT NULL
) {STRICT};
CREATE INDEX authz_delegation_post ON authz_delegation (post);
CREATE INDEX authz_delegation_delegate ON authz_delegation (delegate);
CREATE INDEX authz_delegation_holder ON authz_delegation (holder);

-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

CREATE TABLE identity_organisation (
  id      TEXT    NOT NULL PRIMARY KEY,
  name    TEXT    NOT NULL UNIQUE,
  version {int64} NOT NULL,
  entry   {int64} NOT NULL
) {STRICT};

-- People and service accounts. Times are real time, not domain time.
CREATE TABLE identity_person (
  id           TEXT    NOT NULL PRIMARY KEY,
  login        TEXT    NOT NULL UNIQUE,
  name         TEXT    NOT NULL,
  mail         TEXT    NOT NULL,
  kind         TEXT    NOT NULL,
  organisation TEXT    NOT NULL,
  roles        TEXT    NOT NULL, -- separated by spaces
  active       {int64} NOT NULL,
  epoch        {int64} NOT NULL, -- a session of an older epoch is over
  epoch_at     {int64} NOT NULL,
  password     TEXT    NOT NULL, -- argon2id, empty before enrolment
  totp_secret  {bytes},          -- sealed, see seal.go
  totp_step    {int64} NOT NULL, -- the last step a code was accepted for
  created_at   {int64} NOT NULL,
  erased_at    {int64},
  version      {int64} NOT NULL,
  entry        {int64} NOT NULL
) {STRICT};

CREATE TABLE identity_group (
  id      TEXT    NOT NULL PRIMARY KEY,
  name    TEXT    NOT NULL UNIQUE,
  version {int64} NOT NULL,
  entry   {int64} NOT NULL
) {STRICT};

CREATE TABLE identity_group_member (
  person   TEXT NOT NULL,
  group_id TEXT NOT NULL,
  PRIMARY KEY (person, group_id)
) {STRICT};
CREATE INDEX identity_group_member_group ON identity_group_member (group_id);

CREATE TABLE identity_session (
  id         TEXT    NOT NULL PRIMARY KEY,
  hash       {bytes} NOT NULL UNIQUE, -- SHA-256 of the cookie
  person     TEXT    NOT NULL,
  epoch      {int64} NOT NULL,
  methods    TEXT    NOT NULL,        -- how the person proved who they are
  proved_at  {int64} NOT NULL,        -- when they last did
  created_at {int64} NOT NULL,
  seen_at    {int64} NOT NULL,
  ended_at   {int64}
) {STRICT};
CREATE INDEX identity_session_person ON identity_session (person);
CREATE INDEX identity_session_seen ON identity_session (seen_at);

CREATE TABLE identity_token (
  id         TEXT    NOT NULL PRIMARY KEY,
  hash       {bytes} NOT NULL UNIQUE, -- SHA-256 of the token
  person     TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  scopes     TEXT    NOT NULL,        -- actions separated by spaces, or *
  created_at {int64} NOT NULL,
  expires_at {int64} NOT NULL,
  used_at    {int64},                 -- to the hour
  revoked_at {int64},
  entry      {int64} NOT NULL
) {STRICT};
CREATE INDEX identity_token_person ON identity_token (person);

-- One-time links by which a person sets password and second factor.
CREATE TABLE identity_invitation (
  hash       {bytes} NOT NULL PRIMARY KEY, -- SHA-256 of the link's token
  person     TEXT    NOT NULL,
  created_at {int64} NOT NULL,
  expires_at {int64} NOT NULL,
  used_at    {int64}
) {STRICT};
CREATE INDEX identity_invitation_person ON identity_invitation (person);

CREATE TABLE identity_recovery (
  hash    {bytes} NOT NULL PRIMARY KEY, -- SHA-256 of person and code
  person  TEXT    NOT NULL,
  used_at {int64}
) {STRICT};
CREATE INDEX identity_recovery_person ON identity_recovery (person);

-- Failed sign-ins, by a keyed hash of what was given as login: what was typed
-- into that field is now and then a password.
CREATE TABLE identity_failure (
  key      {bytes} NOT NULL PRIMARY KEY,
  failures {int64} NOT NULL,
  last_at  {int64} NOT NULL
) {STRICT};
CREATE INDEX identity_failure_last ON identity_failure (last_at);

-- SPDX-License-Identifier: Apache-2.0
-- +goose Up
-- One notice to one person, written with the decision that causes it. once holds
-- "<person>\n<once>" or NULL. state: waiting, mailed (mail says which one), dropped.
-- Times are domain time.
CREATE TABLE notify_message (
  id         TEXT    NOT NULL PRIMARY KEY,
  channel    TEXT    NOT NULL,
  person     TEXT    NOT NULL,
  item       TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  args       TEXT    NOT NULL,
  path       TEXT    NOT NULL,
  once       TEXT    UNIQUE,
  state      TEXT    NOT NULL,
  mail       TEXT,
  not_before {int64} NOT NULL,
  created_at {int64} NOT NULL
) {STRICT};
CREATE INDEX notify_message_waiting ON notify_message (state, not_before);
CREATE INDEX notify_message_person ON notify_message (person, state);
CREATE INDEX notify_message_mail ON notify_message (mail);

-- state: ready, sent, dead.
CREATE TABLE notify_mail (
  id         TEXT    NOT NULL PRIMARY KEY,
  person     TEXT    NOT NULL,
  state      TEXT    NOT NULL,
  attempts   {int64} NOT NULL,
  next_at    {int64} NOT NULL,
  created_at {int64} NOT NULL,
  sent_at    {int64},
  last_error TEXT    NOT NULL
) {STRICT};
CREATE INDEX notify_mail_due ON notify_mail (state, next_at);

-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- Sessions lie in the session store. The database says of a single one only what
-- must be certain in the transaction that decides it: that it ended, and that it
-- outlived the raising of its person's epoch. Those of before are over.
DROP TABLE identity_session;

CREATE TABLE identity_session_mark (
  session  TEXT    NOT NULL PRIMARY KEY,
  person   TEXT    NOT NULL,
  epoch    {int64} NOT NULL, -- counts as one of this epoch if that is later than its own
  ended_at {int64},
  at       {int64} NOT NULL
) {STRICT};
CREATE INDEX identity_session_mark_person ON identity_session_mark (person);

-- A part of every key in the session store. A restored database gets another one:
-- some sessions had ended since its backup, and nothing in it says which.
CREATE TABLE identity_session_generation (
  one   {int64} NOT NULL PRIMARY KEY,
  value TEXT    NOT NULL
) {STRICT};

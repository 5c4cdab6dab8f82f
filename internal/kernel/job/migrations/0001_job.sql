-- SPDX-License-Identifier: Apache-2.0
-- +goose Up
-- dedupe holds "<kind>\n<key>" while a job with a key is ready and is NULL
-- otherwise: at most one ready job per key, but a new one beside a running one.
-- run_at and enqueued_at are domain time, lease_until is real time.
CREATE TABLE job_job (
  id          TEXT    NOT NULL PRIMARY KEY,
  kind        TEXT    NOT NULL,
  key         TEXT    NOT NULL,
  dedupe      TEXT    UNIQUE,
  payload     TEXT    NOT NULL,
  state       TEXT    NOT NULL,
  run_at      {int64} NOT NULL,
  enqueued_at {int64} NOT NULL,
  attempts    {int64} NOT NULL,
  holder      TEXT    NOT NULL,
  lease_until {int64},
  last_error  TEXT    NOT NULL
) {STRICT};
CREATE INDEX job_job_due ON job_job (state, run_at, id);

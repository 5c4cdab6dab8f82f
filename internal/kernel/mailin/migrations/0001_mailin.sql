-- SPDX-License-Identifier: Apache-2.0
-- +goose Up
-- One mail to one of our addresses. state: new, parked, delivered, refused, discarded.
-- What is settled has neither its bytes nor a subject any more; the row stays for a
-- while so that a repeated delivery is known by its digest. asked_at is real time,
-- all other times are domain time.
CREATE TABLE mailin_message (
  id           TEXT    NOT NULL PRIMARY KEY,
  digest       TEXT    NOT NULL UNIQUE, -- see fingerprint
  sender       TEXT    NOT NULL,        -- of the envelope
  recipient    TEXT    NOT NULL,        -- name of a door, or reply
  reply        TEXT    NOT NULL,        -- hash of the token in the address, or empty
  state        TEXT    NOT NULL,
  why          TEXT    NOT NULL,
  from_address TEXT    NOT NULL,        -- of the From field, in lower case; not verified
  subject      TEXT    NOT NULL,
  size         {int64} NOT NULL,
  raw          {bytes},
  claimed      TEXT    NOT NULL,        -- the one person whose address that is
  person       TEXT    NOT NULL,        -- who was verified
  item         TEXT    NOT NULL,        -- what it was delivered to
  received_at  {int64} NOT NULL,
  settled_at   {int64},
  asked_at     {int64}
) {STRICT};
CREATE INDEX mailin_message_state ON mailin_message (state, received_at);
CREATE INDEX mailin_message_claimed ON mailin_message (claimed, asked_at);
CREATE INDEX mailin_message_person ON mailin_message (person);
CREATE INDEX mailin_message_from ON mailin_message (from_address);

-- Addresses that an answer to a notice goes to, by the SHA-256 of their token. root
-- is the Message-ID that all mails about a thread refer to. Times are real time.
CREATE TABLE mailin_reply (
  hash       TEXT    NOT NULL PRIMARY KEY,
  item       TEXT    NOT NULL,
  thread     TEXT    NOT NULL,
  person     TEXT    NOT NULL,
  root       TEXT    NOT NULL,
  created_at {int64} NOT NULL,
  expires_at {int64} NOT NULL,
  revoked_at {int64}
) {STRICT};
CREATE INDEX mailin_reply_thread ON mailin_reply (item, thread);
CREATE INDEX mailin_reply_person ON mailin_reply (person);
CREATE INDEX mailin_reply_expires ON mailin_reply (expires_at);

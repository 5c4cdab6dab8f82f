-- SPDX-License-Identifier: Apache-2.0
-- +goose Up
-- One row per item that has comments or attachments. Its visibility is a copy of
-- the item's, kept by SetVisibility, for lists across items.
CREATE TABLE content_thread (
  item       TEXT NOT NULL PRIMARY KEY,
  item_type  TEXT NOT NULL,
  visibility TEXT NOT NULL
) {STRICT};

-- body and salt are NULL when the comment is erased.
CREATE TABLE content_comment (
  id        TEXT    NOT NULL PRIMARY KEY,
  item      TEXT    NOT NULL,
  author    TEXT    NOT NULL,
  version   {int64} NOT NULL,
  body      TEXT,
  salt      {bytes},
  posted_at {int64} NOT NULL,
  edited_at {int64},
  erased_at {int64},
  erased_by TEXT    NOT NULL,
  entry     {int64} NOT NULL
) {STRICT};
CREATE INDEX content_comment_item ON content_comment (item, posted_at, id);
CREATE INDEX content_comment_posted ON content_comment (posted_at, id);
CREATE INDEX content_comment_author ON content_comment (author, posted_at);

-- What a comment said before it was edited.
CREATE TABLE content_comment_version (
  comment    TEXT    NOT NULL,
  version    {int64} NOT NULL,
  body       TEXT,
  salt       {bytes},
  written_at {int64} NOT NULL,
  entry      {int64} NOT NULL,
  PRIMARY KEY (comment, version)
) {STRICT};

-- name, sha256 and salt are empty or NULL when the attachment is erased.
CREATE TABLE content_attachment (
  id        TEXT    NOT NULL PRIMARY KEY,
  item      TEXT    NOT NULL,
  author    TEXT    NOT NULL,
  name      TEXT    NOT NULL,
  media     TEXT    NOT NULL,
  size      {int64} NOT NULL,
  sha256    TEXT    NOT NULL,
  salt      {bytes},
  added_at  {int64} NOT NULL,
  erased_at {int64},
  erased_by TEXT    NOT NULL,
  entry     {int64} NOT NULL
) {STRICT};
CREATE INDEX content_attachment_item ON content_attachment (item, added_at, id);
CREATE INDEX content_attachment_added ON content_attachment (added_at, id);
CREATE INDEX content_attachment_author ON content_attachment (author, added_at);

-- The bytes of attachments in pieces of 256 KiB, so that nothing has to hold a
-- whole file in memory to send it.
CREATE TABLE content_chunk (
  attachment TEXT    NOT NULL,
  seq        {int64} NOT NULL,
  data       {bytes} NOT NULL,
  PRIMARY KEY (attachment, seq)
) {STRICT};

-- What somebody wrote into a form and has not sent. form is the address of its page.
CREATE TABLE content_draft (
  person   TEXT    NOT NULL,
  form     TEXT    NOT NULL,
  body     TEXT    NOT NULL,
  saved_at {int64} NOT NULL,
  PRIMARY KEY (person, form)
) {STRICT};
CREATE INDEX content_draft_saved ON content_draft (saved_at);

-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- The thread of its item that a comment stands in; empty: the general discussion.
ALTER TABLE content_comment ADD COLUMN thread TEXT NOT NULL DEFAULT '';
DROP INDEX content_comment_item;
CREATE INDEX content_comment_item ON content_comment (item, thread, posted_at, id);

-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- The thread of the item that an answer to the notice belongs to; empty: the
-- general discussion.
ALTER TABLE notify_message ADD COLUMN thread TEXT NOT NULL DEFAULT '';
-- Whether there may be an answer by mail.
ALTER TABLE notify_message ADD COLUMN answer {int64} NOT NULL DEFAULT 0;

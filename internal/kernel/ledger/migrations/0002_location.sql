-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- What stays of a kept answer when something is erased: where its thing is. What
-- was kept before this is emptied, for something may have been erased since.
ALTER TABLE ledger_idempotency ADD COLUMN location TEXT;
UPDATE ledger_idempotency SET status = 0, header = NULL, body = NULL;

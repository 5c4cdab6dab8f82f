-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- The token by which a token was made, and which takes it along when it is
-- revoked; empty: made in a session.
ALTER TABLE identity_token ADD COLUMN parent TEXT NOT NULL DEFAULT '';
CREATE INDEX identity_token_parent ON identity_token (parent);

-- SPDX-License-Identifier: Apache-2.0
-- +goose Up
-- One row that Probe updates, so that readiness means a write that reached the disk.
CREATE TABLE store_probe (
	id {int64} PRIMARY KEY,
	probed_at {int64} NOT NULL
) {STRICT};
INSERT INTO store_probe (id, probed_at) VALUES (1, 0);

-- SPDX-License-Identifier: Apache-2.0
-- +goose Up

-- Where the log ends. Its one row is locked first by every decision.
CREATE TABLE ledger_head (
	id {int64} PRIMARY KEY CHECK (id = 1),
	size {int64} NOT NULL CHECK (size >= 0),
	root {bytes} NOT NULL,
	time {int64} NOT NULL
) {STRICT};

-- One row per leaf, entries and padding alike. hashes holds the leaf's hash and
-- then the hash of every larger subtree that this leaf completes, lowest first.
CREATE TABLE ledger_leaf (
	seq {int64} PRIMARY KEY,
	leaf {bytes} NOT NULL,
	hashes {bytes} NOT NULL
) {STRICT};

-- What the commitments of an entry hide. An erased field is NULL and its 32
-- bytes in salts are zero. item and visibility say who may read the row.
CREATE TABLE ledger_opening (
	seq {int64} PRIMARY KEY,
	item TEXT NOT NULL,
	visibility TEXT NOT NULL CHECK (visibility IN ('public', 'internal', 'restricted')),
	kind TEXT,
	actor TEXT,
	subject TEXT,
	body TEXT,
	salts {bytes} NOT NULL
) {STRICT};
CREATE INDEX ledger_opening_item ON ledger_opening (item, seq);
CREATE INDEX ledger_opening_subject ON ledger_opening (subject, seq);
CREATE INDEX ledger_opening_actor ON ledger_opening (actor, seq);
CREATE INDEX ledger_opening_kind ON ledger_opening (kind, seq);

-- Which fields were erased, so that a restored copy can be brought to the same
-- state and a missing value can be told from a lost one.
CREATE TABLE ledger_erasure (
	seq {int64} NOT NULL,
	field TEXT NOT NULL CHECK (field IN ('kind', 'actor', 'subject', 'body')),
	erased {int64} NOT NULL,
	PRIMARY KEY (seq, field)
) {STRICT};

-- Public checkpoints: period is the boundary that each stands for, padded the
-- first leaf that fills it up.
CREATE TABLE ledger_checkpoint (
	size {int64} PRIMARY KEY,
	period {int64} NOT NULL UNIQUE,
	padded {int64} NOT NULL,
	note TEXT NOT NULL
) {STRICT};

-- Signature lines of witnesses on public checkpoints.
CREATE TABLE ledger_cosignature (
	size {int64} NOT NULL,
	witness TEXT NOT NULL,
	signature TEXT NOT NULL,
	received {int64} NOT NULL,
	PRIMARY KEY (size, witness)
) {STRICT};

-- Requests that took effect, so that a repeat does not. created is real time.
CREATE TABLE ledger_idempotency (
	actor TEXT NOT NULL,
	key TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	seq {int64} NOT NULL,
	created {int64} NOT NULL,
	status {int64},
	header TEXT,
	body {bytes},
	PRIMARY KEY (actor, key)
) {STRICT};
CREATE INDEX ledger_idempotency_created ON ledger_idempotency (created);

-- The triggers stop mistakes, not attackers: whoever may drop a trigger is
-- stopped by the signed checkpoints that others hold.

-- +engine sqlite
-- +goose StatementBegin
CREATE TRIGGER ledger_leaf_update BEFORE UPDATE ON ledger_leaf
BEGIN SELECT RAISE(ABORT, 'ledger_leaf is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_leaf_delete BEFORE DELETE ON ledger_leaf
BEGIN SELECT RAISE(ABORT, 'ledger_leaf is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_checkpoint_update BEFORE UPDATE ON ledger_checkpoint
BEGIN SELECT RAISE(ABORT, 'ledger_checkpoint is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_checkpoint_delete BEFORE DELETE ON ledger_checkpoint
BEGIN SELECT RAISE(ABORT, 'ledger_checkpoint is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_erasure_update BEFORE UPDATE ON ledger_erasure
BEGIN SELECT RAISE(ABORT, 'ledger_erasure is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_erasure_delete BEFORE DELETE ON ledger_erasure
BEGIN SELECT RAISE(ABORT, 'ledger_erasure is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_opening_delete BEFORE DELETE ON ledger_opening
BEGIN SELECT RAISE(ABORT, 'ledger_opening is erased by field, not deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_opening_update BEFORE UPDATE ON ledger_opening
WHEN NEW.seq <> OLD.seq OR NEW.item <> OLD.item
	OR (NEW.kind IS NOT OLD.kind AND NEW.kind IS NOT NULL)
	OR (NEW.actor IS NOT OLD.actor AND NEW.actor IS NOT NULL)
	OR (NEW.subject IS NOT OLD.subject AND NEW.subject IS NOT NULL)
	OR (NEW.body IS NOT OLD.body AND NEW.body IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'ledger_opening is only erased or reclassified'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_head_update BEFORE UPDATE ON ledger_head
WHEN NEW.size < OLD.size OR NEW.time < OLD.time
BEGIN SELECT RAISE(ABORT, 'ledger_head never goes back'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_head_delete BEFORE DELETE ON ledger_head
BEGIN SELECT RAISE(ABORT, 'ledger_head never goes back'); END;
-- +goose StatementEnd
-- +engine end

-- +engine postgres
-- +goose StatementBegin
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
-- +goose StatementEnd
CREATE TRIGGER ledger_leaf_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_leaf
	FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_checkpoint_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_checkpoint
	FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_erasure_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_erasure
	FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_opening_guard BEFORE DELETE OR TRUNCATE ON ledger_opening
	FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_opening_update BEFORE UPDATE ON ledger_opening
	FOR EACH ROW
	WHEN (NEW.seq <> OLD.seq OR NEW.item <> OLD.item
		OR (NEW.kind IS DISTINCT FROM OLD.kind AND NEW.kind IS NOT NULL)
		OR (NEW.actor IS DISTINCT FROM OLD.actor AND NEW.actor IS NOT NULL)
		OR (NEW.subject IS DISTINCT FROM OLD.subject AND NEW.subject IS NOT NULL)
		OR (NEW.body IS DISTINCT FROM OLD.body AND NEW.body IS NOT NULL))
	EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_head_update BEFORE UPDATE ON ledger_head
	FOR EACH ROW WHEN (NEW.size < OLD.size OR NEW.time < OLD.time) EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_head_guard BEFORE DELETE OR TRUNCATE ON ledger_head
	FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
-- +engine end

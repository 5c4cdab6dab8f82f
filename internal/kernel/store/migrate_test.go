// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// files makes the migrations of module sample: number i is texts[i-1].
func files(texts ...string) []store.Migrations {
	out := fstest.MapFS{"README.md": {Data: []byte("not a migration")}}
	for i, text := range texts {
		out["000"+string(rune('1'+i))+"_step.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text)}
	}
	return []store.Migrations{{Module: "sample", FS: out}}
}

const (
	stepOne = `CREATE TABLE sample_log (seq {int64} PRIMARY KEY, data {bytes} NOT NULL) {STRICT};
-- +engine sqlite
-- +goose StatementBegin
CREATE TRIGGER sample_log_keep BEFORE UPDATE ON sample_log
BEGIN
	SELECT RAISE(ABORT, 'sample_log is append-only');
END;
-- +goose StatementEnd
-- +engine end
-- +engine postgres
-- +goose StatementBegin
CREATE FUNCTION sample_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'sample_log is append-only';
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER sample_log_keep BEFORE UPDATE ON sample_log FOR EACH ROW EXECUTE FUNCTION sample_log_refuse();
-- +engine end
`
	stepTwo = `ALTER TABLE sample_log ADD COLUMN note TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX sample_log_note ON sample_log (note);
`
)

func version(t *testing.T, db *store.DB) map[string]int64 {
	t.Helper()
	var got map[string]int64
	err := db.Read(t.Context(), func(tx *store.ReadTx) (err error) {
		got, err = store.Versions(t.Context(), tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestMigrateForwardAndAgain(t *testing.T) {
	storetest.Each(t, files(stepOne), func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		const add = "INSERT INTO sample_log (seq, data) VALUES ($1, $2)"
		write(t, db, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, add, int64(1)<<62, []byte{0, 255})
			return err
		})
		for range 2 {
			if err := db.Migrate(ctx, files(stepOne, stepTwo)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]int64{"store": 1, "sample": 2}, version(t, db)); diff != "" {
				t.Errorf("versions (-want +got):\n%s", diff)
			}
		}
		err := db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE sample_log SET data = $1", []byte{1})
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("update: got %v, want the trigger's refusal", err)
		}
		var note string
		err = db.Read(ctx, func(tx *store.ReadTx) error {
			return tx.QueryRow(ctx, "SELECT note FROM sample_log WHERE seq = $1", int64(1)<<62).Scan(&note)
		})
		if err != nil {
			t.Errorf("the row did not survive: %v", err)
		}
	})
}

func TestMigrateRefusesNewerDatabase(t *testing.T) {
	storetest.Each(t, files(stepOne, stepTwo), func(t *testing.T, db *store.DB) {
		other := store.Migrations{Module: "other", FS: fstest.MapFS{"0001_other.sql": {Data: []byte("-- +goose Up\nCREATE TABLE other_a (id TEXT);\n")}}}
		err := db.Migrate(t.Context(), append([]store.Migrations{other}, files(stepOne)...))
		if !fault.HasCode(err, "store.newer") || !fault.Is(err, fault.Conflict) {
			t.Fatalf("got %v, want store.newer", err)
		}
		if diff := cmp.Diff(map[string]int64{"store": 1, "sample": 2}, version(t, db)); diff != "" {
			t.Errorf("the refusal changed the database (-want +got):\n%s", diff)
		}
	})
}

func TestMigrationThatFailsLeavesNothing(t *testing.T) {
	storetest.Each(t, files(stepOne), func(t *testing.T, db *store.DB) {
		broken := files(stepOne, "CREATE TABLE sample_half (id TEXT);\nINSERT INTO sample_none VALUES (1);\n")
		if err := db.Migrate(t.Context(), broken); err == nil {
			t.Fatal("a broken migration was accepted")
		}
		if err := db.Migrate(t.Context(), files(stepOne, "CREATE TABLE sample_half (id TEXT);\n")); err != nil {
			t.Errorf("the corrected migration fails: %v", err)
		}
	})
}

func TestMigrateRefuses(t *testing.T) {
	db := storetest.SQLite(t, nil)
	tests := map[string]struct {
		text string
		want string
	}{
		"table of another module":  {"CREATE TABLE ledger_entry (id TEXT);", `"ledger_entry" does not begin with "sample_"`},
		"table without a prefix":   {"create table if not exists entry (id TEXT);", `"entry"`},
		"quoted table":             {`CREATE TABLE "entry" (id TEXT);`, `"entry"`},
		"virtual table":            {"CREATE VIRTUAL TABLE entry USING fts5(a);", `"entry"`},
		"prefix without underline": {"CREATE TABLE sampleentry (id TEXT);", `"sampleentry"`},
		"name hidden by a comment": {"CREATE /* sample_x */ TABLE entry (id TEXT);", `"entry"`},
		"index":                    {"CREATE UNIQUE INDEX by_name ON sample_item (n);", `"by_name"`},
		"dropping another's table": {"DROP TABLE store_probe;", `"store_probe"`},
		"altering another's table": {"ALTER TABLE store_probe ADD COLUMN x TEXT;", `"store_probe"`},
		"unknown token":            {"CREATE TABLE sample_a (id {bool});", "{bool}"},
		"unknown engine":           {"-- +engine oracle\n-- +engine end\n", "oracle"},
		"block without an end":     {"-- +engine sqlite\n", "no end"},
		"end without a block":      {"-- +engine end\n", "misplaced"},
		"block in a block":         {"-- +engine sqlite\n-- +engine postgres\n-- +engine end\n", "misplaced"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := db.Migrate(t.Context(), files(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "sample/0001_step.sql") {
				t.Errorf("got %v, want the file and %s", err, test.want)
			}
		})
	}
	for _, module := range []string{"", "Sample", "a_b", "a; DROP", "store"} {
		if err := db.Migrate(t.Context(), []store.Migrations{{Module: module, FS: fstest.MapFS{}}}); err == nil {
			t.Errorf("module name %q was accepted", module)
		}
	}
	if diff := cmp.Diff(map[string]int64{"store": 1}, version(t, db)); diff != "" {
		t.Errorf("a refusal changed the database (-want +got):\n%s", diff)
	}
}

func TestModuleWithoutTables(t *testing.T) {
	storetest.Each(t, []store.Migrations{{Module: "web"}, {Module: "gate", FS: fstest.MapFS{}}}, func(*testing.T, *store.DB) {})
}

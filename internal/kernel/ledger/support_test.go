// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"bytes"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
)

const keyName = "log.example.org/decisions"

func migrations() []store.Migrations {
	return []store.Migrations{ledger.Migrations(), authz.Migrations()}
}

// signer returns a signer whose key is the same in every run.
func signer(t testing.TB) *format.Signer {
	t.Helper()
	text, err := format.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)), keyName)
	if err != nil {
		t.Fatal(err)
	}
	s, err := format.ParseSigner(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func count(t *testing.T, db *store.DB, query string, args ...any) int64 {
	t.Helper()
	var n int64
	read(t, db, func(r store.Reader) error { return r.QueryRow(t.Context(), query, args...).Scan(&n) })
	return n
}

// read runs fn in a read transaction and fails the test on an error.
func read(t *testing.T, db *store.DB, fn func(r store.Reader) error) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *store.ReadTx) error { return fn(tx) }); err != nil {
		t.Fatal(err)
	}
}

func options(t testing.TB) ledger.VerifyOptions {
	t.Helper()
	keys, err := signer(t).Keys()
	if err != nil {
		t.Fatal(err)
	}
	return ledger.VerifyOptions{Keys: keys, Workers: 2}
}

// verify fails the test unless the log of the database verifies.
func verify(t *testing.T, db *store.DB) ledger.Report {
	t.Helper()
	report, err := ledger.VerifyDatabase(t.Context(), db, options(t))
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	return report
}

// The actors of the tests: what each may see differs.
func insider() authz.Actor {
	return authz.Actor{ID: "insider", Kind: authz.KindPerson, Roles: []authz.Role{authz.RoleReviewer}}
}

func participant() authz.Actor {
	return authz.Actor{ID: "participant", Kind: authz.KindPerson, Roles: []authz.Role{authz.RoleReviewer}}
}

func outsider() authz.Actor {
	return authz.Actor{ID: "outsider", Kind: authz.KindPerson, Roles: []authz.Role{authz.RoleOutsider}}
}

// fill writes a log that has everything: entries of each visibility, several in
// one decision, two public checkpoints with padding, erased fields, and entries
// behind the last checkpoint. The entries 0 to 5 and 8 to 10 are real.
func fill(t *testing.T, db *store.DB) (*ledger.Log, *ledger.Writer) {
	t.Helper()
	l, w := open(t, db)
	restricted, public := entry("flow:restricted"), entry("flow:public")
	restricted.Item, restricted.Visibility = "risk:secret", "restricted"
	public.Item, public.Visibility = "risk:open", "public"
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(decide(t, w, entry("flow:x")))
	must(decide(t, w, restricted, public, entry("flow:y")))
	must(decide(t, w, entry("flow:x")))
	must(w.Decide(t.Context(), func(tx *ledger.Tx) error {
		if err := authz.SetParticipants(t.Context(), tx.Tx, "risk:secret", []string{"person:participant"}); err != nil {
			return err
		}
		if _, err := w.Append(t.Context(), tx, entry("flow:x")); err != nil {
			return err
		}
		if _, err := l.Erase(t.Context(), tx, []int64{0}, ledger.FieldActor, ledger.FieldBody); err != nil {
			return err
		}
		_, err := l.Erase(t.Context(), tx, []int64{3})
		return err
	}))
	must(l.Publish(t.Context()))
	db.Clock().Set(db.Clock().Domain().Add(24 * time.Hour))
	must(decide(t, w, entry("flow:z")))
	must(l.Publish(t.Context()))
	must(decide(t, w, entry("flow:z"), restricted))
	return l, w
}

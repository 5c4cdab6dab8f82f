// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func entry(subject string) ledger.Entry {
	return ledger.Entry{Kind: "risk.rated", Actor: "person:owner", Subject: subject, Body: map[string]any{"rating": "high"},
		Item: "risk:a", Visibility: "internal"}
}

// decide appends the entries in one decision and returns the error of the commit.
func decide(t *testing.T, w *ledger.Writer, entries ...ledger.Entry) error {
	t.Helper()
	return w.Decide(t.Context(), func(tx *ledger.Tx) error {
		for _, e := range entries {
			if _, err := w.Append(t.Context(), tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func open(t *testing.T, db *store.DB) (*ledger.Log, *ledger.Writer) {
	t.Helper()
	l, err := ledger.Open(t.Context(), db, ledger.Config{Signer: signer(t), Leaves: 8})
	if err != nil {
		t.Fatal(err)
	}
	return l, l.Writer("risk", []string{"risk.rated", "risk.accepted"})
}

func each(t *testing.T, fn func(t *testing.T, db *store.DB)) {
	t.Helper()
	storetest.Each(t, migrations(), fn)
}

func TestDecideNumbersFromZero(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		_, w := open(t, db)
		var got []int64
		for i := range 3 {
			err := w.Decide(t.Context(), func(tx *ledger.Tx) error {
				for range i + 1 {
					seq, err := w.Append(t.Context(), tx, entry("flow:x"))
					if err != nil {
						return err
					}
					got = append(got, seq)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]int64{0, 1, 2, 3, 4, 5}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDecideRefusesSilence(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		_, w := open(t, db)
		err := w.Decide(t.Context(), func(tx *ledger.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO ledger_idempotency (actor, key, fingerprint, seq, created) VALUES ('a', 'k', 'f', 0, 0)`)
			return err
		})
		if !fault.HasCode(err, "ledger.silent_write") {
			t.Fatalf("got %v", err)
		}
		if n := count(t, db, `SELECT count(seq) FROM ledger_idempotency`); n != 0 {
			t.Errorf("the silent write left %d rows", n)
		}
		if err := w.Quiet(t.Context(), "", func(*store.Tx) error { return nil }); !fault.HasCode(err, "ledger.silent_write") {
			t.Errorf("quiet without a reason: %v", err)
		}
		quiet := w.Quiet(t.Context(), "a test is not a decision", func(tx *store.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO ledger_idempotency (actor, key, fingerprint, seq, created) VALUES ('a', 'k', 'f', 0, 0)`)
			return err
		})
		if quiet != nil {
			t.Error(quiet)
		}
	})
}

func TestFailedDecisionLeavesNoEntry(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		_, w := open(t, db)
		refused := errors.New("the rule says no")
		err := w.Decide(t.Context(), func(tx *ledger.Tx) error {
			if _, err := w.Append(t.Context(), tx, entry("flow:x")); err != nil {
				return err
			}
			return refused
		})
		if !errors.Is(err, refused) {
			t.Fatalf("got %v", err)
		}
		if err := decide(t, w, entry("flow:y")); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, `SELECT count(seq) FROM ledger_leaf`); n != 1 {
			t.Errorf("%d leaves, want 1", n)
		}
		verify(t, db)
	})
}

func TestAppendRefusesWhatIsNotAnEntry(t *testing.T) {
	db := storetest.SQLite(t, migrations())
	_, w := open(t, db)
	long := string(make([]byte, ledger.MaxBody))
	for name, change := range map[string]func(*ledger.Entry){
		"kind of another module": func(e *ledger.Entry) { e.Kind = "vuln.disclosed" },
		"kind not listed":        func(e *ledger.Entry) { e.Kind = "risk.other" },
		"no actor":               func(e *ledger.Entry) { e.Actor = "" },
		"no subject":             func(e *ledger.Entry) { e.Subject = "" },
		"two lines":              func(e *ledger.Entry) { e.Subject = "a\nb" },
		"not UTF-8":              func(e *ledger.Entry) { e.Subject = "\xff" },
		"item without type":      func(e *ledger.Entry) { e.Item = "abc" },
		"unknown visibility":     func(e *ledger.Entry) { e.Visibility = "secret" },
		"body is a list":         func(e *ledger.Entry) { e.Body = []int{1} },
		"body cannot be written": func(e *ledger.Entry) { e.Body = func() {} },
		"body too large":         func(e *ledger.Entry) { e.Body = map[string]string{"text": long} },
	} {
		t.Run(name, func(t *testing.T) {
			e := entry("flow:x")
			change(&e)
			if err := decide(t, w, e); !fault.Is(err, fault.Internal) {
				t.Errorf("got %v", err)
			}
		})
	}
	if n := count(t, db, `SELECT count(seq) FROM ledger_leaf`); n != 0 {
		t.Errorf("%d leaves, want none", n)
	}
}

func TestTimeNeverGoesBack(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		_, w := open(t, db)
		if err := decide(t, w, entry("flow:x")); err != nil {
			t.Fatal(err)
		}
		db.Clock().Set(storetest.Start().Add(-time.Hour))
		err := w.Decide(t.Context(), func(tx *ledger.Tx) error {
			if !tx.Now().Equal(storetest.Start()) {
				t.Errorf("now is %v, want the head's %v", tx.Now(), storetest.Start())
			}
			_, err := w.Append(t.Context(), tx, entry("flow:y"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		verify(t, db)
	})
}

func TestIdempotency(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, w := open(t, db)
		key := ledger.Key{Actor: "person:a", Key: "k1", Fingerprint: "f1"}
		run := func(k ledger.Key) (ran bool, err error) {
			ctx := ledger.WithIdempotency(t.Context(), k)
			err = w.Decide(ctx, func(tx *ledger.Tx) error {
				ran = true
				_, err := w.Append(ctx, tx, entry("flow:x"))
				return err
			})
			return ran, err
		}
		if ran, err := run(key); err != nil || !ran {
			t.Fatal(ran, err)
		}
		if ran, err := run(key); !fault.HasCode(err, "idempotency.repeated") || ran {
			t.Errorf("repeat: ran %v, %v", ran, err)
		}
		other := key
		other.Fingerprint = "f2"
		if ran, err := run(other); !fault.HasCode(err, "idempotency.reused") || ran {
			t.Errorf("reuse: ran %v, %v", ran, err)
		}
		broken := key
		broken.Key = "two\nlines"
		if ran, err := run(broken); !fault.HasCode(err, "idempotency.invalid") || ran {
			t.Errorf("a broken key: ran %v, %v", ran, err)
		}
		elsewhere := key
		elsewhere.Actor = "person:b"
		if _, err := run(elsewhere); err != nil {
			t.Errorf("the same key of another person: %v", err)
		}
		seq, reply, err := l.Recall(t.Context(), key)
		if err != nil || seq != 0 || reply != nil {
			t.Errorf("recall before an answer: %d %v %v", seq, reply, err)
		}
		want := ledger.Reply{Status: 201, Header: map[string]string{"Location": "/risks/a"}, Body: []byte("{}")}
		if err := l.Remember(t.Context(), key, want); err != nil {
			t.Fatal(err)
		}
		if _, reply, err = l.Recall(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&want, reply); diff != "" {
			t.Error(diff)
		}
		if err := l.ForgetKeys(t.Context(), db.Clock().Real().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := l.Recall(t.Context(), key); !fault.Is(err, fault.NotFound) {
			t.Errorf("after forgetting: %v", err)
		}
	})
}

// What is tried without effect answers what it would be refused with, and leaves
// nothing, not even its key.
func TestWithoutEffect(t *testing.T) {
	db := storetest.SQLite(t, migrations())
	_, w := open(t, db)
	ctx := ledger.WithoutEffect(ledger.WithIdempotency(t.Context(), ledger.Key{Actor: "person:a", Key: "k", Fingerprint: "f"}))
	refused := errors.New("no")
	if err := w.Decide(ctx, func(*ledger.Tx) error { return refused }); !errors.Is(err, refused) {
		t.Error(err)
	}
	err := w.Decide(ctx, func(tx *ledger.Tx) error {
		_, err := w.Append(ctx, tx, entry("flow:x"))
		return err
	})
	if !fault.HasCode(err, "ledger.without_effect") {
		t.Error(err)
	}
	if err := w.Quiet(ctx, "a test", func(*store.Tx) error { return nil }); !fault.HasCode(err, "ledger.without_effect") {
		t.Error(err)
	}
	if n := count(t, db, `SELECT (SELECT count(seq) FROM ledger_idempotency) + (SELECT count(seq) FROM ledger_leaf)`); n != 0 {
		t.Errorf("%d rows were left", n)
	}
}

// A request may take several decisions; its key stands for the first, and a
// failed decision leaves the key free.
func TestIdempotencyClaimsOnce(t *testing.T) {
	db := storetest.SQLite(t, migrations())
	_, w := open(t, db)
	ctx := ledger.WithIdempotency(t.Context(), ledger.Key{Actor: "person:a", Key: "k", Fingerprint: "f"})
	refused := errors.New("no")
	if err := w.Decide(ctx, func(*ledger.Tx) error { return refused }); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	for range 2 {
		err := w.Decide(ctx, func(tx *ledger.Tx) error {
			_, err := w.Append(ctx, tx, entry("flow:x"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, db, `SELECT count(seq) FROM ledger_idempotency`); n != 1 {
		t.Errorf("%d keys, want 1", n)
	}
}

func TestConcurrentDecisions(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		_, w := open(t, db)
		const writers, each = 4, 10
		errs := make(chan error, writers)
		for range writers {
			go func() {
				for range each {
					if err := decideCtx(t.Context(), w, entry("flow:x")); err != nil {
						errs <- err
						return
					}
				}
				errs <- nil
			}()
		}
		for range writers {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if n := count(t, db, `SELECT size FROM ledger_head`); n != writers*each {
			t.Errorf("size %d, want %d", n, writers*each)
		}
		verify(t, db)
	})
}

func decideCtx(ctx context.Context, w *ledger.Writer, e ledger.Entry) error {
	return w.Decide(ctx, func(tx *ledger.Tx) error {
		_, err := w.Append(ctx, tx, e)
		return err
	})
}

func TestWriterWantsItsOwnKinds(t *testing.T) {
	db := storetest.SQLite(t, migrations())
	l, _ := open(t, db)
	defer func() {
		if recover() == nil {
			t.Error("a kind of another module was accepted")
		}
	}()
	l.Writer("risk", []string{"vuln.disclosed"})
}

// What the ledger grants by default: nothing to outsiders but proofs, and
// erasing to administrators alone.
func TestDefaultGrants(t *testing.T) {
	for _, a := range ledger.Actions() {
		if !strings.HasPrefix(string(a.Name), "ledger:") || a.Summary == "" {
			t.Errorf("action %+v", a)
		}
		if slices.Contains(a.Roles, authz.RoleOutsider) {
			t.Errorf("%s is granted to outsiders", a.Name)
		}
		if a.Name == ledger.ActionErase && !slices.Equal(a.Roles, []authz.Role{authz.RoleAdmin}) {
			t.Errorf("erasing is granted to %v", a.Roles)
		}
	}
	for _, k := range ledger.Kinds() {
		if !strings.HasPrefix(k, "ledger.") {
			t.Errorf("kind %q", k)
		}
	}
}

// A command across modules is one commit: each appends its own kinds to the
// same transaction, and not to that of another log.
func TestModulesShareATransaction(t *testing.T) {
	db := storetest.SQLite(t, migrations())
	l, risk := open(t, db)
	vuln := l.Writer("vuln", []string{"vuln.found"})
	_, stranger := open(t, storetest.SQLite(t, migrations()))
	finding := entry("vuln:a")
	finding.Kind = "vuln.found"
	err := risk.Decide(t.Context(), func(tx *ledger.Tx) error {
		if _, err := stranger.Append(t.Context(), tx, entry("flow:x")); !fault.HasCode(err, "ledger.entry_invalid") {
			t.Errorf("a writer of another log: %v", err)
		}
		if _, err := risk.Append(t.Context(), tx, finding); !fault.HasCode(err, "ledger.kind_foreign") {
			t.Errorf("a kind of another module: %v", err)
		}
		if _, err := risk.Append(t.Context(), tx, entry("flow:x")); err != nil {
			return err
		}
		_, err := vuln.Append(t.Context(), tx, finding)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := verify(t, db); got.Size != 2 {
		t.Errorf("%d entries, want 2", got.Size)
	}
}

// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/seal"
)

var keyCases = []testCase{
	{"RotateDataKey", rotateDataKey},
	{"RotateIndexKey", rotateIndexKey},
	{"WhileAnIndexKeyRotates", whileAnIndexKeyRotates},
	{"RevokeAcrossIndexKeys", revokeAcrossIndexKeys},
	{"DestroyedKeys", destroyedKeys},
}

// announce and promote are the two steps of a rotation; promote gives the older key's id.
func (t *tester) announce(kind seal.Kind) uint32 {
	t.Helper()
	id, err := t.keys.Announce(t.Name(), kind)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Name is the namespace's; both embedded types have one.
func (t *tester) Name() string { return t.Store.Name }

func (t *tester) promote(id uint32) {
	t.Helper()
	if err := t.keys.Promote(t.Name(), id); err != nil {
		t.Fatal(err)
	}
}

// retireOld removes the namespace's old keys.
func (t *tester) retireOld() {
	t.Helper()
	for _, ns := range t.keys.Status().Namespaces {
		for _, k := range ns.Keys {
			if ns.Name == t.Name() && k.State == seal.Old {
				if err := t.keys.Retire(ns.Name, k.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// reseal makes a whole pass in small steps.
func (t *tester) reseal(want int) {
	t.Helper()
	moved, after, end := 0, sessionstore.RowKey{}, false
	for steps := 0; !end; steps++ {
		var n int
		var err error
		if after, end, n, err = t.Reseal(ctx, after, 4); err != nil {
			t.Fatal(err)
		}
		if moved += n; steps > 1000 {
			t.Fatal("the pass has no end")
		}
	}
	if moved != want {
		t.Fatalf("%d rows brought over, want %d", moved, want)
	}
}

func rotateDataKey(t *testing.T, s *suite) {
	st := s.with(t)
	for i := range 10 {
		st.set(fmt.Sprint(i), sessionstore.Write{Value: fmt.Append(nil, "value ", i), Owner: "anna"})
	}
	st.change("9", "nine", sessionstore.Write{}, time.Minute)
	st.promote(st.announce(seal.Data))
	st.put("0", "new")
	st.reads("1", "value 1")
	before := st.reads("2", "value 2").Meta
	st.reseal(10) // 1 to 8, nine, and 9 that is retired
	if got := st.reads("2", "value 2").Meta; got != before {
		t.Fatalf("a change of key made %+v of %+v", got, before)
	}
	st.reseal(0)
	st.retireOld()
	for i := 1; i < 9; i++ {
		st.reads(fmt.Sprint(i), fmt.Sprint("value ", i))
	}
	st.reads("0", "new")
	st.reads("9", "value 9")
	st.reads("nine", "value 9")
}

func rotateIndexKey(t *testing.T, s *suite) {
	st := s.with(t)
	for i := range 10 {
		st.set(fmt.Sprint(i), sessionstore.Write{Value: fmt.Append(nil, "value ", i), Owner: "anna"})
	}
	next := st.announce(seal.Index)
	st.reseal(0)
	st.promote(next)
	for i := range 10 {
		st.reads(fmt.Sprint(i), fmt.Sprint("value ", i))
	}
	st.set("10", sessionstore.Write{Value: []byte("value 10"), Owner: "anna"})
	st.reseal(10)
	st.reseal(0)
	st.retireOld()
	for i := range 11 {
		st.reads(fmt.Sprint(i), fmt.Sprint("value ", i))
	}
	if got := st.list("anna"); len(got) != 11 {
		t.Fatalf("%d of 11 sessions of the owner", len(got))
	}
	st.revoke("anna", st.put("probe", "x").Established, 11)
	st.gone("0", "10")
	if u, err := st.Usage(ctx); err != nil || u.Known && u.Rows > 12 {
		t.Fatalf("%+v, %v: rows were left in their old places", u, err)
	}
}

func whileAnIndexKeyRotates(t *testing.T, s *suite) {
	st := s.with(t)
	for i := range 12 {
		st.set(fmt.Sprint(i), sessionstore.Write{Value: fmt.Append(nil, "value ", i), Owner: "anna"})
	}
	st.change("11", "eleven", sessionstore.Write{}, time.Minute)
	st.promote(st.announce(seal.Index))
	// What lies in an older place is the same session for every act.
	_, created, err := st.Set(ctx, []byte("0"), sessionstore.Write{Value: []byte("new")})
	if err != nil || created {
		t.Fatalf("created %t, %v", created, err)
	}
	st.reads("0", "new")
	_, _, err = st.Set(ctx, []byte("1"), sessionstore.Write{Value: []byte("x"), Match: &sessionstore.Match{None: true, Any: true}})
	st.refused("creating what is there", err, fault.Stale)
	st.set("1", sessionstore.Write{Value: []byte("one"), Match: match(st.reads("1", "value 1").Version)})
	st.touch("2")
	st.end("3")
	st.gone("3")
	st.change("4", "four", sessionstore.Write{}, time.Minute)
	st.reads("4", "value 4")
	st.reads("four", "value 4")
	_, err = st.Change(ctx, []byte("5"), []byte("6"), sessionstore.Write{}, 0)
	st.refused("a change of id onto one that is there", err, fault.Conflict)
	st.put("eleven", "secret")
	st.reads("11", "value 11") // its successor is found still
	// A list by pages under two keys misses none.
	st.set("new", sessionstore.Write{Value: []byte("n"), Owner: "anna"})
	seen, after := 0, sessionstore.RowKey{}
	for {
		page, err := st.Owned(ctx, "anna", after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		seen, after = seen+len(page), page[len(page)-1].Handle
	}
	if seen != 12 { // 0 1 2 5 6 7 8 9 10 four eleven new
		t.Fatalf("%d of 12 listed", seen)
	}
	st.reseal(12) // those but four and new; 4 and 11 are retired
	st.retireOld()
	st.reads("0", "new")
	st.reads("10", "value 10")
	st.reads("eleven", "secret")
	st.gone("3")
}

func revokeAcrossIndexKeys(t *testing.T, s *suite) {
	st := s.with(t)
	at := st.set("ended before", sessionstore.Write{Value: []byte("x"), Owner: "anna"}).Established
	st.revoke("anna", at, 1)
	bert := st.set("older", sessionstore.Write{Value: []byte("x"), Owner: "bert"}).Established
	st.promote(st.announce(seal.Index))
	st.gone("ended before")
	st.refusesWrites("ended before", fault.Conflict)
	_, _, err := st.Set(ctx, []byte("never seen"), sessionstore.Write{Value: []byte("late"), Owner: "anna", Established: at})
	st.refused("a late write after a rotation", err, fault.Conflict)
	newer := st.set("newer", sessionstore.Write{Value: []byte("x"), Owner: "bert"}).Established
	st.put("older", "y") // without saying whose
	st.lists("bert", "x", "y")
	st.revoke("bert", max(bert, newer), 2)
	st.gone("older", "newer")
	st.reseal(0) // brings no ended session over
	st.gone("ended before", "older", "newer")
}

func destroyedKeys(t *testing.T, s *suite) {
	st := s.with(t)
	st.set("a", sessionstore.Write{Value: []byte("one"), Owner: "anna"})
	if err := st.keys.Destroy(st.Name()); err != nil {
		t.Fatal(err)
	}
	st.gone("a")
	if _, _, err := st.Set(ctx, []byte("a"), sessionstore.Write{Value: []byte("two")}); !errors.Is(err, seal.ErrDestroyed) {
		t.Fatalf("a write without keys: %v", err)
	}
	if _, err := st.keys.Recreate(st.Name()); err != nil {
		t.Fatal(err)
	}
	st.gone("a") // this store has no keys still
	again := &tester{T: t, Store: StoreWith(t, s.backend, st.Namespace, st.keys), suite: s, keys: st.keys}
	again.gone("a")
	again.lists("anna")
	again.put("a", "two")
	again.reads("a", "two")
}

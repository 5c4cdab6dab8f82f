// SPDX-License-Identifier: Apache-2.0

package sessionstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/seal"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
)

var ctx = context.Background()

// bench is a store and what is behind it.
type bench struct {
	*testing.T
	*sessionstore.Store
	memory *storetest.Memory
	space  sessionstore.Space
	ring   *seal.Ring
	seen   []sessionstore.Observation
	level  sessionstore.Pressure
}

func (b *bench) Wrote(_ context.Context, o sessionstore.Observation) { b.seen = append(b.seen, o) }

func newBench(t *testing.T, settings ...func(*sessionstore.Namespace)) *bench {
	t.Helper()
	ns := storetest.Namespace("default")
	for _, set := range settings {
		set(&ns)
	}
	b := &bench{T: t, memory: storetest.NewMemory()}
	var err error
	if b.ring, err = storetest.Keyring(t).Ring(ns.Name); err != nil {
		t.Fatal(err)
	}
	if b.space, err = b.memory.Space(ctx, ns.Name, ns.Quota); err != nil {
		t.Fatal(err)
	}
	b.Store = sessionstore.NewStore(ns, b.space, b.ring, b, func() sessionstore.Pressure { return b.level })
	return b
}

func (b *bench) put(id, value, owner string) sessionstore.Meta {
	b.Helper()
	m, _, err := b.Set(ctx, []byte(id), sessionstore.Write{Value: []byte(value), Owner: owner})
	if err != nil {
		b.Fatal(err)
	}
	return m
}

func (b *bench) try(id string) error {
	_, _, err := b.Set(ctx, []byte(id), sessionstore.Write{Value: []byte("value")})
	return err
}

func refused(t *testing.T, what string, err error, kind fault.Kind, code string) {
	t.Helper()
	if err == nil || fault.From(err).Kind != kind || fault.From(err).Code != code {
		t.Errorf("%s: %v; want %s", what, err, code)
	}
}

func TestWritesAreBounded(t *testing.T) {
	b := newBench(t, func(ns *sessionstore.Namespace) { ns.MaxValue = 5; ns.Rate, ns.Burst = 0.001, 3 })
	_, _, err := b.Set(ctx, []byte("a"), sessionstore.Write{Value: []byte("longer")})
	refused(t, "a large value", err, fault.Invalid, "session.too_large")
	_, _, err = b.Set(ctx, []byte("a"), sessionstore.Write{Owner: strings.Repeat("x", sessionstore.MaxOwner+1)})
	refused(t, "a long owner", err, fault.Invalid, "session.owner")
	for i := range 3 { // what was refused has not cost a write
		if err := b.try(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	err = b.try("a")
	refused(t, "one write too many", err, fault.Limited, "session.rate")
	if fault.From(err).RetryAfter <= 0 {
		t.Error("it does not say when to come back")
	}
	_, err = b.Change(ctx, []byte("0"), []byte("b"), sessionstore.Write{}, 0)
	refused(t, "a change of id too many", err, fault.Limited, "session.rate")
	if _, err := b.Get(ctx, []byte("0")); err != nil {
		t.Error("reads are bounded, too")
	}
	if err := b.Delete(ctx, []byte("0"), nil); err != nil {
		t.Error("deletes are bounded, too")
	}
}

func TestPressure(t *testing.T) {
	for _, c := range []struct {
		level            sessionstore.Pressure
		shed             bool
		writes, newcomer bool
	}{
		{sessionstore.Calm, true, true, true},
		{sessionstore.Short, false, true, true},
		{sessionstore.Short, true, false, false},
		{sessionstore.Shedding, false, true, true},
		{sessionstore.Shedding, true, false, false},
		{sessionstore.Critical, false, true, false},
		{sessionstore.Critical, true, false, false},
	} {
		b := newBench(t, func(ns *sessionstore.Namespace) { ns.Shed = c.shed })
		b.put("there", "value", "")
		b.put("goes", "value", "")
		b.level = c.level
		for id, want := range map[string]bool{"there": c.writes, "new": c.newcomer} {
			if err := b.try(id); (err == nil) != want {
				t.Errorf("%+v: writing %s: %v", c, id, err)
			} else if err != nil {
				refused(t, "a write", err, fault.Unavailable, "session.shed")
			}
		}
		if _, err := b.Get(ctx, []byte("there")); err != nil {
			t.Errorf("%+v: read: %v", c, err)
		}
		if err := b.Delete(ctx, []byte("goes"), nil); err != nil {
			t.Errorf("%+v: delete: %v", c, err)
		}
	}
}

func TestWritesAreObserved(t *testing.T) {
	b := newBench(t)
	b.put("a", "one", "anna")
	b.put("a", "one", "")
	b.put("a", "two", "")
	if err := b.Delete(ctx, []byte("a"), nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Set(ctx, []byte("a"), sessionstore.Write{Match: &sessionstore.Match{Any: true}}); err == nil {
		t.Fatal("no refusal")
	}
	b.put("a", "", "")
	want := []sessionstore.Observation{
		{Namespace: "default", Owner: "anna", Bytes: 3}, {Namespace: "default", Bytes: 3, Same: true}, {Namespace: "default", Bytes: 3}, {Namespace: "default"},
	}
	if diff := cmp.Diff(want, b.seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAThiefOfTheDisk: rows tell nothing in clear, and none that was moved, exchanged
// or altered is taken for a session.
func TestAThiefOfTheDisk(t *testing.T) {
	b := newBench(t)
	b.put("id-of-anna", "value-of-anna", "anna@example.org")
	b.put("id-of-bert", "value-of-bert", "bert@example.org")
	anna, bert := b.ring.RowKey([]byte("id-of-anna")), b.ring.RowKey([]byte("id-of-bert"))
	row, err := b.space.Get(ctx, anna)
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Appendf(nil, "%s %s %s", row.Key, row.Owner, row.Sealed)
	for _, clear := range []string{"id-of", "value-of", "anna", "example"} {
		if bytes.Contains(all, []byte(clear)) {
			t.Errorf("%q lies in clear", clear)
		}
	}
	put := func(change func(*sessionstore.Row)) {
		altered := row
		altered.Sealed = bytes.Clone(row.Sealed)
		change(&altered)
		err := b.space.Apply(ctx, sessionstore.Change{Keys: []sessionstore.RowKey{altered.Key}, Exact: true, Next: func(sessionstore.View) ([]sessionstore.Row, error) {
			return []sessionstore.Row{altered}, nil
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, change := range map[string]func(*sessionstore.Row){
		"put in another's place": func(r *sessionstore.Row) { r.Key = bert },
		"given to nobody":        func(r *sessionstore.Row) { r.Owner = sessionstore.OwnerKey{} },
		"made younger":           func(r *sessionstore.Row) { r.Established++ },
		"freed of its cap":       func(r *sessionstore.Row) { r.Cap++ },
		"given another version":  func(r *sessionstore.Row) { r.Version++ },
		"given another key":      func(r *sessionstore.Row) { r.KeyID++ },
		"altered":                func(r *sessionstore.Row) { r.Sealed[len(r.Sealed)-1] ^= 1 },
		"emptied":                func(r *sessionstore.Row) { r.Sealed = nil },
	} {
		put(change)
		id := "id-of-anna"
		if strings.Contains(name, "another's") {
			id = "id-of-bert"
		}
		got, err := b.Get(ctx, []byte(id))
		if err == nil || errors.Is(err, sessionstore.ErrNotFound) || got.Value != nil || fault.From(err).Kind != fault.Internal {
			t.Errorf("%s: %q, %v", name, got.Value, err)
		}
		if err != nil && strings.Contains(err.Error(), "id-of") {
			t.Errorf("%s: the error names the session: %v", name, err)
		}
		if err := b.try(id); err == nil {
			t.Errorf("%s: it was written over, and its owner is not known", name)
		}
		put(func(*sessionstore.Row) {})
	}
	if _, err := b.Get(ctx, []byte("id-of-anna")); err != nil {
		t.Fatal(err)
	}
}

// TestResealPassesOverWhatDoesNotOpen: one bad row does not end a rotation.
func TestResealPassesOverWhatDoesNotOpen(t *testing.T) {
	ns, memory, keys := storetest.Namespace("default"), storetest.NewMemory(), storetest.Keyring(t)
	st := storetest.StoreWith(t, memory, ns, keys)
	for i := range 5 {
		if _, _, err := st.Set(ctx, fmt.Append(nil, i), sessionstore.Write{Value: []byte("value")}); err != nil {
			t.Fatal(err)
		}
	}
	space, err := memory.Space(ctx, ns.Name, ns.Quota)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Ring(ns.Name)
	if err != nil {
		t.Fatal(err)
	}
	bad := ring.RowKey([]byte("3"))
	err = space.Apply(ctx, sessionstore.Change{Keys: []sessionstore.RowKey{bad}, Next: func(v sessionstore.View) ([]sessionstore.Row, error) {
		v.Rows[0].Sealed = []byte("bad")
		return v.Rows, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Rotate(ns.Name, seal.Data); err != nil {
		t.Fatal(err)
	}
	after, end, moved, steps, broken := sessionstore.RowKey{}, false, 0, 0, 0
	for ; !end && steps < 10; steps++ {
		var n int
		if after, end, n, err = st.Reseal(ctx, after, 2); err != nil {
			if broken++; !errors.Is(err, seal.ErrUnreadable) {
				t.Fatal(err)
			}
		}
		moved += n
	}
	if !end || moved != 4 || broken != 1 {
		t.Fatalf("end %t, %d brought over, %d errors", end, moved, broken)
	}
}

// meanwhile is a space in which something happens between a walk and what follows it.
type meanwhile struct {
	sessionstore.Space
	happens func()
}

func (m *meanwhile) Walk(ctx context.Context, after sessionstore.RowKey, f func(sessionstore.Row) (bool, error)) error {
	err := m.Space.Walk(ctx, after, f)
	m.happens()
	return err
}

// TestResealLosesNoWrite: what changes while rows are brought over stays as it became.
func TestResealLosesNoWrite(t *testing.T) {
	for _, kind := range []seal.Kind{seal.Data, seal.Index} {
		ns, memory, keys := storetest.Namespace("default"), storetest.NewMemory(), storetest.Keyring(t)
		st := storetest.StoreWith(t, memory, ns, keys)
		set := func(id, value string) {
			t.Helper()
			if _, _, err := st.Set(ctx, []byte(id), sessionstore.Write{Value: []byte(value), Owner: "owner of " + id}); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range []string{"written", "deleted", "changed", "touched", "ended", "same"} {
			set(id, "before")
		}
		if _, err := keys.Rotate(ns.Name, kind); err != nil {
			t.Fatal(err)
		}
		ring, err := keys.Ring(ns.Name)
		if err != nil {
			t.Fatal(err)
		}
		space, err := memory.Space(ctx, ns.Name, ns.Quota)
		if err != nil {
			t.Fatal(err)
		}
		var touched sessionstore.Meta
		moving := sessionstore.NewStore(ns, &meanwhile{space, func() {
			set("written", "after")
			_, err1 := st.Change(ctx, []byte("changed"), []byte("new"), sessionstore.Write{Value: []byte("after")}, time.Minute)
			_, err2 := st.Revoke(ctx, "owner of ended", memory.Now())
			memory.Advance(time.Minute / 2)
			var err3 error
			touched, err3 = st.Touch(ctx, []byte("touched"), nil)
			if err := errors.Join(err1, err2, err3, st.Delete(ctx, []byte("deleted"), nil)); err != nil {
				t.Fatal(err)
			}
		}}, ring, nil, nil)
		// The touched, the same and the retired one, and what was written in its old place.
		want := map[seal.Kind]int{seal.Data: 3, seal.Index: 4}[kind]
		if _, _, moved, err := moving.Reseal(ctx, sessionstore.RowKey{}, 100); err != nil || moved != want {
			t.Fatalf("%s: %d brought over, %v; want %d", kind, moved, err, want)
		}
		for id, want := range map[string]string{"written": "after", "deleted": "", "changed": "before", "new": "after", "touched": "before", "ended": "", "same": "before"} {
			got, err := st.Get(ctx, []byte(id))
			if (err == nil) != (want != "") || string(got.Value) != want {
				t.Errorf("%s: %s reads %q, %v", kind, id, got.Value, err)
			}
			if id == "touched" && got.Expires != touched.Expires {
				t.Errorf("%s: a touch was lost", kind)
			}
		}
	}
}

func TestEnd(t *testing.T) {
	b := newBench(t)
	m := b.put("a", "one", "anna")
	b.put("b", "two", "anna")
	if ended, err := b.End(ctx, "bert", m.Handle); err != nil || ended {
		t.Fatalf("ended by somebody else's handle: %t, %v", ended, err)
	}
	for _, want := range []bool{true, false} {
		if ended, err := b.End(ctx, "anna", m.Handle); err != nil || ended != want {
			t.Fatalf("ended %t, %v; want %t", ended, err, want)
		}
	}
	if _, err := b.Get(ctx, []byte("a")); !errors.Is(err, sessionstore.ErrNotFound) {
		t.Fatal(err)
	}
	refused(t, "a late write", b.try("a"), fault.Conflict, "session.revoked")
	left, err := b.Owned(ctx, "anna", sessionstore.RowKey{}, 10)
	if err != nil || len(left) != 1 || string(left[0].Value) != "two" {
		t.Fatalf("%d left, %v", len(left), err)
	}
	b.memory.Advance(sessionstore.DefaultTTL + time.Minute)
	if err := b.try("a"); err != nil {
		t.Fatalf("the id is not free after the session's time: %v", err)
	}
}

// TestABackendThatIsAway: every act fails with the backend's error and no other, and
// goes on when it is back.
func TestABackendThatIsAway(t *testing.T) {
	b := newBench(t)
	b.put("a", "one", "anna")
	away := fault.New(fault.Unavailable, "backend.away", "Try again.")
	b.memory.Break(away)
	acts := map[string]func() error{
		"get":    func() error { _, err := b.Get(ctx, []byte("a")); return err },
		"set":    func() error { return b.try("a") },
		"touch":  func() error { _, err := b.Touch(ctx, []byte("a"), nil); return err },
		"delete": func() error { return b.Delete(ctx, []byte("a"), nil) },
		"change": func() error {
			_, err := b.Change(ctx, []byte("a"), []byte("b"), sessionstore.Write{}, 0)
			return err
		},
		"owned":  func() error { _, err := b.Owned(ctx, "anna", sessionstore.RowKey{}, 9); return err },
		"revoke": func() error { _, err := b.Revoke(ctx, "anna", 1); return err },
		"reseal": func() error { _, _, _, err := b.Reseal(ctx, sessionstore.RowKey{}, 9); return err },
		"usage":  func() error { _, err := b.Usage(ctx); return err },
		"drop":   func() error { return b.Drop(ctx) },
		"end":    func() error { _, err := b.End(ctx, "anna", sessionstore.RowKey{}); return err },
	}
	for name, act := range acts {
		if err := act(); !errors.Is(err, away) || errors.Is(err, sessionstore.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.memory.Break(nil)
	if got, err := b.Get(ctx, []byte("a")); err != nil || string(got.Value) != "one" {
		t.Fatalf("%q, %v", got.Value, err)
	}
}

// TestAValueIsTheReadersOwn: what is done to a value that was read or written changes
// no session.
func TestAValueIsTheReadersOwn(t *testing.T) {
	b := newBench(t)
	mine := []byte("one")
	if _, _, err := b.Set(ctx, []byte("a"), sessionstore.Write{Value: mine}); err != nil {
		t.Fatal(err)
	}
	copy(mine, "xxx")
	got, buf, err := b.GetInto(ctx, []byte("a"), []byte("before"))
	if err != nil || string(got.Value) != "one" || !bytes.HasPrefix(buf, []byte("before")) {
		t.Fatalf("%q in %q, %v", got.Value, buf, err)
	}
	copy(got.Value, "yyy")
	if again, err := b.Get(ctx, []byte("a")); err != nil || string(again.Value) != "one" {
		t.Fatalf("%q, %v", again.Value, err)
	}
}

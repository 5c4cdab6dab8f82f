// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"context"
	"errors"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
	"portreeve.org/portreeve/test/fakes/cql"
)

// slow is a space in which something happens between the moment when a change has
// read and the one in which it writes.
type slow struct {
	sessionstore.Space
	meanwhile func()
}

func (s *slow) Apply(ctx context.Context, c sessionstore.Change) error {
	next := c.Next
	c.Next = func(v sessionstore.View) ([]sessionstore.Row, error) {
		if act := s.meanwhile; act != nil {
			s.meanwhile = nil
			act()
		}
		return next(v)
	}
	return s.Space.Apply(ctx, c)
}

// rivals are two stores of one namespace; what late does is decided before, and
// written after, what happens meanwhile.
func rivals(t *testing.T, b sessionstore.Backend) (prompt, late *sessionstore.Store, during *slow) {
	t.Helper()
	ns, keys := storetest.Namespace("rivals"), storetest.Keyring(t)
	prompt = storetest.StoreWith(t, b, ns, keys)
	space, err := b.Space(t.Context(), ns.Name, ns.Quota)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Ring(ns.Name)
	if err != nil {
		t.Fatal(err)
	}
	during = &slow{Space: space}
	return prompt, sessionstore.NewStore(ns, during, ring, nil, nil), during
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestLateWrites: a write that was decided on before a session ended, and lands after
// it, does not bring it back. In Cassandra, where the later timestamp wins, it would.
func TestLateWrites(t *testing.T) {
	lateWrites := map[string]func(*testing.T, *sessionstore.Store){
		"write": func(t *testing.T, st *sessionstore.Store) {
			_, _, err := st.Set(t.Context(), []byte("a"), sessionstore.Write{Value: []byte("late")})
			must(t, err)
		},
		"touch": func(t *testing.T, st *sessionstore.Store) {
			_, err := st.Touch(t.Context(), []byte("a"), nil)
			must(t, err)
		},
	}
	ends := map[string]func(*testing.T, *sessionstore.Store){
		"deleted": func(t *testing.T, st *sessionstore.Store) { must(t, st.Delete(t.Context(), []byte("a"), nil)) },
		"deleted at a version": func(t *testing.T, st *sessionstore.Store) {
			must(t, st.Delete(t.Context(), []byte("a"), &sessionstore.Match{Any: true}))
		},
		"changed": func(t *testing.T, st *sessionstore.Store) {
			_, err := st.Change(t.Context(), []byte("a"), []byte("b"), sessionstore.Write{}, 0)
			must(t, err)
		},
		"revoked": func(t *testing.T, st *sessionstore.Store) {
			n, err := st.Revoke(t.Context(), "anna", sessionstore.InstantOf(time.Now()))
			if must(t, err); n != 1 {
				t.Fatalf("%d revoked", n)
			}
		},
	}
	for how, end := range ends {
		for what, write := range lateWrites {
			t.Run(what+" after it was "+how, func(t *testing.T) {
				prompt, late, during := rivals(t, newDouble(t, cql.Options{}))
				_, _, err := prompt.Set(t.Context(), []byte("a"), sessionstore.Write{Value: []byte("one"), Owner: "anna"})
				must(t, err)
				during.meanwhile = func() { end(t, prompt) }
				write(t, late)
				if got, err := prompt.Get(t.Context(), []byte("a")); !errors.Is(err, sessionstore.ErrNotFound) {
					t.Fatalf("it came back: %q, %v", got.Value, err)
				}
				if held, err := prompt.Owned(t.Context(), "anna", sessionstore.RowKey{}, 9); err != nil || len(held) > 1 || len(held) == 1 && how != "changed" {
					t.Fatalf("listed: %+v, %v", held, err)
				}
			})
		}
	}
}

// TestLateWriteIntoTheGrace: what reaches a changed id late is not written to it, and
// the id is as readable, for its grace alone, as it was.
func TestLateWriteIntoTheGrace(t *testing.T) {
	d := newDouble(t, cql.Options{})
	prompt, late, during := rivals(t, d)
	_, _, err := prompt.Set(t.Context(), []byte("a"), sessionstore.Write{Value: []byte("one")})
	must(t, err)
	during.meanwhile = func() {
		_, err := prompt.Change(t.Context(), []byte("a"), []byte("b"), sessionstore.Write{Value: []byte("two")}, time.Minute)
		must(t, err)
	}
	_, _, err = late.Set(t.Context(), []byte("a"), sessionstore.Write{Value: []byte("late")})
	must(t, err)
	if got, err := prompt.Get(t.Context(), []byte("a")); err != nil || !got.Retired {
		t.Fatalf("in the grace: %+v, %v", got, err)
	}
	if got, err := prompt.Get(t.Context(), []byte("b")); err != nil || string(got.Value) != "two" {
		t.Fatalf("under the new id: %q, %v", got.Value, err)
	}
	d.Advance(2 * time.Minute)
	if got, err := prompt.Get(t.Context(), []byte("a")); !errors.Is(err, sessionstore.ErrNotFound) {
		t.Fatalf("after the grace: %q, %v", got.Value, err)
	}
}

// TestTouchTakesNoWriteBack: a touch that was decided on before a write lands after it.
func TestTouchTakesNoWriteBack(t *testing.T) {
	prompt, late, during := rivals(t, newDouble(t, cql.Options{}))
	_, _, err := prompt.Set(t.Context(), []byte("a"), sessionstore.Write{Value: []byte("one")})
	must(t, err)
	during.meanwhile = func() {
		_, _, err := prompt.Set(t.Context(), []byte("a"), sessionstore.Write{Value: []byte("two")})
		must(t, err)
	}
	_, err = late.Touch(t.Context(), []byte("a"), nil)
	must(t, err)
	if got, err := prompt.Get(t.Context(), []byte("a")); err != nil || string(got.Value) != "two" {
		t.Fatalf("%q, %v", got.Value, err)
	}
}

// TestPlainWriteBesidesATransaction: a write without a precondition that is under way
// while a transaction succeeds stays the later one, whatever the clocks of the two say.
func TestPlainWriteBesidesATransaction(t *testing.T) {
	for _, skew := range []time.Duration{-time.Hour, 0, time.Hour} {
		node, err := cql.Start(cql.Options{})
		must(t, err)
		t.Cleanup(func() { _ = node.Close() })
		d := onDouble(t, node)
		// What the cluster's clock said when this process asked.
		d.link.stamps.set(sessionstore.InstantOf(time.Now().Add(skew)))
		prompt, late, during := rivals(t, d)
		m, _, err := prompt.Set(t.Context(), []byte("a"), sessionstore.Write{Value: []byte("one")})
		must(t, err)
		during.meanwhile = func() {
			m, _, err = prompt.Set(t.Context(), []byte("a"), sessionstore.Write{Value: []byte("two"), Match: &sessionstore.Match{Version: m.Version}})
			must(t, err)
			if got, err := prompt.Get(t.Context(), []byte("a")); err != nil || string(got.Value) != "two" {
				t.Fatalf("skew %s: the transaction is hidden: %q, %v", skew, got.Value, err)
			}
		}
		_, _, err = late.Set(t.Context(), []byte("a"), sessionstore.Write{Value: []byte("three")})
		must(t, err)
		if got, err := prompt.Get(t.Context(), []byte("a")); err != nil || string(got.Value) != "three" {
			t.Fatalf("skew %s: %q, %v; want what was written last", skew, got.Value, err)
		}
		if _, _, err := prompt.Set(t.Context(), []byte("a"), sessionstore.Write{Value: []byte("four"), Match: &sessionstore.Match{Version: m.Version}}); err == nil {
			t.Fatalf("skew %s: a stale precondition holds", skew)
		}
	}
}

// TestClockSetBack: neither this machine's clock nor the cluster's, set back an hour,
// loses a write or an end, or brings back what had expired.
func TestClockSetBack(t *testing.T) {
	var back time.Duration
	d := newDouble(t, cql.Options{Now: func() time.Time { return time.Now().Add(back) }})
	ns := storetest.Namespace("clock")
	st := storetest.Store(t, d, ns)
	ctx, id := t.Context(), []byte("a")
	write := func(value string, life sessionstore.Life) {
		t.Helper()
		if _, _, err := st.Set(ctx, id, sessionstore.Write{Value: []byte(value), Life: life}); err != nil {
			t.Fatal(err)
		}
	}
	read := func(want string) {
		t.Helper()
		got, err := st.Get(ctx, id)
		if string(got.Value) != want || (err == nil) != (want != "") {
			t.Fatalf("reads %q, %v; want %q", got.Value, err, want)
		}
	}
	write("one", sessionstore.Life{})
	d.Advance(-time.Hour)
	back = -time.Hour
	must(t, d.link.setClock(ctx, d.link.session.Load()))
	read("one")
	write("two", sessionstore.Life{})
	read("two")
	must(t, st.Delete(ctx, id, nil))
	read("")
	back = -2 * time.Hour
	must(t, d.link.setClock(ctx, d.link.session.Load()))
	write("three", sessionstore.Life{})
	read("three")
	write("four", sessionstore.Life{TTL: time.Minute})
	d.Advance(2*time.Hour + time.Minute)
	read("")
	d.Advance(-time.Hour)
	read("")
}

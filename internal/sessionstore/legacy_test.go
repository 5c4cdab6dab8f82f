// SPDX-License-Identifier: Apache-2.0

package sessionstore_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
)

// kask is another store as a map.
type kask struct {
	mu       sync.Mutex
	sessions map[string]sessionstore.LegacySession
	broken   error
	found    func(id string) // after each look
}

func (k *kask) Find(_ context.Context, id []byte) (sessionstore.LegacySession, error) {
	k.mu.Lock()
	s, there := k.sessions[string(id)]
	err := k.broken
	k.mu.Unlock()
	if k.found != nil {
		k.found(string(id))
	}
	if err == nil && !there {
		err = sessionstore.ErrNotFound
	}
	return s, err
}

func (k *kask) Remove(_ context.Context, id []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.sessions, string(id))
	return k.broken
}

func (k *kask) Drop(context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.sessions)
	return k.broken
}

// following returns a store that follows another one with sessions a and b, the same
// store without it, and the clock.
func following(t *testing.T, settings ...func(*sessionstore.Namespace)) (st, alone *sessionstore.Store, old *kask, clock *storetest.Memory) {
	t.Helper()
	clock = storetest.NewMemory()
	ns, keys := storetest.Namespace("default"), storetest.Keyring(t)
	for _, set := range settings {
		set(&ns)
	}
	old = &kask{sessions: map[string]sessionstore.LegacySession{}}
	for _, id := range []string{"a", "b"} {
		old.sessions[id] = sessionstore.LegacySession{Value: []byte("of " + id), Written: clock.Now().After(-time.Hour), Expires: clock.Now().After(3 * time.Hour)}
	}
	st, alone = storetest.StoreWith(t, clock, ns, keys), storetest.StoreWith(t, clock, ns, keys)
	st.Follow(old)
	return st, alone, old, clock
}

func value(t *testing.T, st *sessionstore.Store, id string) string {
	t.Helper()
	got, err := st.Get(ctx, []byte(id))
	if err != nil && !errors.Is(err, sessionstore.ErrNotFound) {
		t.Fatal(err)
	}
	return string(got.Value)
}

// TestFollow: what each act makes of a session that only the other store has: what is
// read then, what this store has of it, and whether the other one still has it.
func TestFollow(t *testing.T) {
	id := []byte("a")
	for name, c := range map[string]struct {
		act         func(*sessionstore.Store) error
		read, here  string
		held        bool
		wantRefused fault.Kind
	}{
		"read": {func(st *sessionstore.Store) error { return nil }, "of a", "", true, 0},
		"write": {func(st *sessionstore.Store) error {
			_, _, err := st.Set(ctx, id, sessionstore.Write{Value: []byte("new")})
			return err
		}, "new", "new", false, 0},
		"write if there is none": {func(st *sessionstore.Store) error {
			_, _, err := st.Set(ctx, id, sessionstore.Write{Value: []byte("new"), Match: &sessionstore.Match{Any: true, None: true}})
			return err
		}, "of a", "of a", true, fault.Stale},
		"write at the version that was read": {func(st *sessionstore.Store) error {
			got, err := st.Get(ctx, id)
			if err != nil {
				return err
			}
			_, _, err = st.Set(ctx, id, sessionstore.Write{Value: []byte("new"), Match: &sessionstore.Match{Version: got.Version}})
			return err
		}, "new", "new", false, 0},
		"touch":                     {func(st *sessionstore.Store) error { _, err := st.Touch(ctx, id, nil); return err }, "of a", "of a", true, 0},
		"delete":                    {func(st *sessionstore.Store) error { return st.Delete(ctx, id, nil) }, "", "", false, 0},
		"delete at a version":       {func(st *sessionstore.Store) error { return st.Delete(ctx, id, &sessionstore.Match{Any: true}) }, "", "", false, 0},
		"delete at another version": {func(st *sessionstore.Store) error { return st.Delete(ctx, id, &sessionstore.Match{Version: 1}) }, "of a", "of a", false, fault.Stale},
		"change": {func(st *sessionstore.Store) error {
			_, err := st.Change(ctx, id, []byte("c"), sessionstore.Write{}, 0)
			return err
		}, "", "", false, 0},
		"change onto one that is there": {func(st *sessionstore.Store) error {
			_, err := st.Change(ctx, []byte("b"), id, sessionstore.Write{}, 0)
			return err
		}, "of a", "of a", true, fault.Conflict},
		"drop": {func(st *sessionstore.Store) error { return st.Drop(ctx) }, "", "", false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			st, alone, old, clock := following(t)
			before, err := st.Get(ctx, id)
			if err != nil || string(before.Value) != "of a" || before.Expires == 0 {
				t.Fatalf("%+v, %v", before, err)
			}
			err = c.act(st)
			if (c.wantRefused == 0) != (err == nil) || err != nil && fault.From(err).Kind != c.wantRefused {
				t.Fatalf("%v, want kind %d", err, c.wantRefused)
			}
			if got := value(t, st, "a"); got != c.read {
				t.Errorf("reads %q, want %q", got, c.read)
			}
			if got := value(t, alone, "a"); got != c.here {
				t.Errorf("this store has %q, want %q", got, c.here)
			}
			if _, held := old.sessions["a"]; held != c.held {
				t.Errorf("the other store has it: %t", held)
			}
			if name == "change" && value(t, st, "c") != "of a" {
				t.Error("it is not under its new id")
			}
			// Whatever became of it, it does not come back when its time here is over.
			clock.Advance(48 * time.Hour)
			if got := value(t, st, "a"); got != "" && !c.held {
				t.Errorf("after its time it reads %q", got)
			}
		})
	}
}

// TestAdopt: it keeps the time that it has left, within what the namespace lets live.
func TestAdopt(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*sessionstore.Namespace)
		want time.Duration // 0 = not taken over
	}{
		"as it was":             {func(*sessionstore.Namespace) {}, 3 * time.Hour},
		"a shorter usual time":  {func(ns *sessionstore.Namespace) { ns.Defaults.TTL = time.Hour }, 3 * time.Hour},
		"a shorter longest one": {func(ns *sessionstore.Namespace) { ns.MaxTTL = 2 * time.Hour }, 2 * time.Hour},
		"a longest age":         {func(ns *sessionstore.Namespace) { ns.Defaults.MaxAge = 2 * time.Hour }, time.Hour},
		"older than may be":     {func(ns *sessionstore.Namespace) { ns.Defaults.MaxAge = time.Minute }, 0},
	} {
		st, alone, _, clock := following(t, c.set)
		held, adopted, err := st.Adopt(ctx, []byte("a"))
		if err != nil || !held || adopted != (c.want > 0) {
			t.Fatalf("%s: held %t, adopted %t, %v", name, held, adopted, err)
		}
		if c.want == 0 {
			continue
		}
		if held, again, err := st.Adopt(ctx, []byte("a")); err != nil || !held || again {
			t.Errorf("%s: adopted twice: %t, %t, %v", name, held, again, err)
		}
		got, err := alone.Get(ctx, []byte("a"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if off := got.Expires.Time().Sub(clock.Now().Time()) - c.want; off < -time.Minute || off > time.Minute {
			t.Errorf("%s: it expires %s beside", name, off)
		}
	}
	st, _, _, _ := following(t)
	if held, adopted, err := st.Adopt(ctx, []byte("none")); held || adopted || err != nil {
		t.Errorf("one that is nowhere: %t, %t, %v", held, adopted, err)
	}
}

// TestAdoptAgainstDelete: a session that is ended while it is brought over stays ended.
func TestAdoptAgainstDelete(t *testing.T) {
	st, _, old, _ := following(t)
	looks := 0
	old.found = func(id string) {
		if looks++; looks == 1 {
			old.found = nil
			if err := st.Delete(ctx, []byte("a"), nil); err != nil {
				t.Error(err)
			}
		}
	}
	if _, adopted, err := st.Adopt(ctx, []byte("a")); err != nil || adopted {
		t.Fatalf("adopted %t, %v", adopted, err)
	}
	if got := value(t, st, "a"); got != "" {
		t.Fatalf("it came back: %q", got)
	}
}

// TestWhatEndedHereIsNotReadThere: whoever writes to the other store still, behind this
// one's back, brings no session back that was ended for its owner, or is held as deleted.
func TestWhatEndedHereIsNotReadThere(t *testing.T) {
	for name, end := range map[string]func(st *sessionstore.Store, m sessionstore.Meta, now sessionstore.Instant) error{
		"its owner is ended": func(st *sessionstore.Store, _ sessionstore.Meta, now sessionstore.Instant) error {
			_, err := st.Revoke(ctx, "alice", now)
			return err
		},
		"it alone is ended": func(st *sessionstore.Store, m sessionstore.Meta, _ sessionstore.Instant) error {
			_, err := st.End(ctx, "alice", m.Handle)
			return err
		},
		"it is deleted": func(st *sessionstore.Store, _ sessionstore.Meta, _ sessionstore.Instant) error {
			return st.Delete(ctx, []byte("a"), nil)
		},
		"its id is changed": func(st *sessionstore.Store, _ sessionstore.Meta, now sessionstore.Instant) error {
			if _, err := st.Change(ctx, []byte("a"), []byte("c"), sessionstore.Write{}, time.Minute); err != nil {
				return err
			}
			_, err := st.Revoke(ctx, "alice", now)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			st, _, old, clock := following(t, func(ns *sessionstore.Namespace) { ns.DeleteHold = time.Hour })
			late := old.sessions["a"]
			m, _, err := st.Set(ctx, []byte("a"), sessionstore.Write{Owner: "alice", Value: []byte("signed in")})
			if err != nil {
				t.Fatal(err)
			}
			if err := end(st, m, clock.Now()); err != nil {
				t.Fatal(err)
			}
			old.sessions["a"] = late
			if got := value(t, st, "a"); got != "" {
				t.Errorf("it can be read: %q", got)
			}
			if got := value(t, st, "b"); got != "of b" {
				t.Errorf("another one: %q", got)
			}
		})
	}
}

// TestFollowingABrokenStore: nothing is taken for absent, or for ended, that may not be.
func TestFollowingABrokenStore(t *testing.T) {
	st, _, old, _ := following(t)
	old.broken = errors.New("away")
	_, err1 := st.Get(ctx, []byte("a"))
	_, _, err2 := st.Set(ctx, []byte("a"), sessionstore.Write{Value: []byte("x")})
	_, err3 := st.Touch(ctx, []byte("a"), nil)
	_, err4 := st.Change(ctx, []byte("a"), []byte("c"), sessionstore.Write{}, 0)
	for i, err := range []error{err1, err2, err3, err4, st.Delete(ctx, []byte("a"), nil), st.Drop(ctx)} {
		if err == nil || errors.Is(err, sessionstore.ErrNotFound) {
			t.Errorf("act %d: %v", i+1, err)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/seal"
)

// Advancer is a backend whose clock a test can move. One without is waited for.
type Advancer interface{ Advance(time.Duration) }

// Conform checks that a backend keeps what package sessionstore promises, by stores
// with real keys on top of it, and by itself. open is called once; each part of the
// suite has namespaces of its own, with names that no run before it had, so that the
// backend may be one that stays. What the suite leaves behind is rows and namespaces
// of that run. A backend that is an [Advancer] is also compared with a [Model].
func Conform(t *testing.T, open func(t *testing.T) sessionstore.Backend) {
	s := &suite{backend: open(t), run: rand.Uint32()}
	for _, part := range [][]testCase{spaceCases, lifeCases, timeCases, idCases, ownerCases, keyCases, racingCases} {
		for _, c := range part {
			t.Run(c.name, func(t *testing.T) {
				if _, moves := s.backend.(Advancer); !moves {
					t.Parallel() // they wait rather than work
				}
				c.run(t, s)
			})
		}
	}
	if clock, moves := s.backend.(Advancer); moves {
		t.Run("Model", func(t *testing.T) { Model(t, s.backend, clock) })
	}
}

type testCase struct {
	name string
	run  func(t *testing.T, s *suite)
}

type suite struct {
	backend sessionstore.Backend
	run     uint32
}

var ctx = context.Background()

// name returns a namespace's name for the running test.
func (s *suite) name(t *testing.T, more string) string {
	t.Helper()
	base := strings.ToLower(t.Name()[strings.LastIndex(t.Name(), "/")+1:])
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, base)
	return fmt.Sprintf("t%08x-%.40s%s", s.run, clean, more)
}

// tester is a store in the running test, with shorthands that fail it.
type tester struct {
	*testing.T
	*sessionstore.Store
	suite *suite
	keys  *seal.Keyring
}

// with returns the store of a fresh namespace that settings may have changed.
func (s *suite) with(t *testing.T, settings ...func(*sessionstore.Namespace)) *tester {
	t.Helper()
	ns := Namespace(s.name(t, ""))
	for _, set := range settings {
		set(&ns)
	}
	k := Keyring(t)
	return &tester{T: t, Store: StoreWith(t, s.backend, ns, k), suite: s, keys: k}
}

func (t *tester) set(id string, w sessionstore.Write) sessionstore.Meta {
	t.Helper()
	m, _, err := t.Set(ctx, []byte(id), w)
	if err != nil {
		t.Fatalf("set %s: %v", id, err)
	}
	return m
}

func (t *tester) put(id, value string) sessionstore.Meta {
	t.Helper()
	return t.set(id, sessionstore.Write{Value: []byte(value)})
}

func (t *tester) change(from, to string, w sessionstore.Write, grace time.Duration) sessionstore.Meta {
	t.Helper()
	m, err := t.Change(ctx, []byte(from), []byte(to), w, grace)
	if err != nil {
		t.Fatalf("change %s to %s: %v", from, to, err)
	}
	return m
}

func (t *tester) end(ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := t.Delete(ctx, []byte(id), nil); err != nil {
			t.Fatalf("delete %s: %v", id, err)
		}
	}
}

func (t *tester) revoke(owner string, notBefore sessionstore.Instant, want int64) {
	t.Helper()
	n, err := t.Revoke(ctx, owner, notBefore)
	if err != nil || n != want {
		t.Fatalf("revoke %s: %d ended, %v; want %d", owner, n, err, want)
	}
}

func (t *tester) reads(id, value string) sessionstore.Session {
	t.Helper()
	got, err := t.Get(ctx, []byte(id))
	if err != nil {
		t.Fatalf("get %s: %v", id, err)
	}
	if string(got.Value) != value {
		t.Fatalf("%s holds %.60q, want %.60q", id, got.Value, value)
	}
	return got
}

func (t *tester) gone(ids ...string) {
	t.Helper()
	for _, id := range ids {
		if got, err := t.Get(ctx, []byte(id)); !errors.Is(err, sessionstore.ErrNotFound) || fault.From(err).Kind != fault.NotFound {
			t.Fatalf("get %s = %.60q, %v; want none", id, got.Value, err)
		}
	}
}

// refused fails the test unless err is a fault of the kind.
func (t *tester) refused(what string, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.From(err).Kind != want {
		t.Fatalf("%s: %v; want a fault of kind %d", what, err, want)
	}
}

// writes tries every way to bring a session back or keep it, and wants each refused.
func (t *tester) refusesWrites(id string, want fault.Kind) {
	t.Helper()
	_, _, err := t.Set(ctx, []byte(id), sessionstore.Write{Value: []byte("late")})
	t.refused("a late write", err, want)
	_, err = t.Touch(ctx, []byte(id), nil)
	t.refused("a late touch", err, want)
	_, err = t.Change(ctx, []byte(id), []byte(id+"-next"), sessionstore.Write{}, time.Minute)
	t.refused("a late change of id", err, want)
	t.gone(id + "-next")
}

// pass lets time pass.
func (s *suite) pass(d time.Duration) {
	if a, ok := s.backend.(Advancer); ok {
		a.Advance(d)
		return
	}
	time.Sleep(d)
}

// patience is how long a backend with a real clock is waited for; nothing is
// concluded from how long it took.
const patience = time.Minute

// expires waits until none of the sessions can be read.
func (t *tester) expires(ids ...string) {
	t.Helper()
	for end := time.Now().Add(patience); ; t.suite.pass(100 * time.Millisecond) {
		left := ""
		for _, id := range ids {
			if _, err := t.Get(ctx, []byte(id)); !errors.Is(err, sessionstore.ErrNotFound) {
				left = fmt.Sprintf("%s: %v", id, err)
			}
		}
		if left == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("still there: %s", left)
		}
	}
}

func match(version uint64) *sessionstore.Match { return &sessionstore.Match{Version: version} }

func yes() *bool { v := true; return &v }

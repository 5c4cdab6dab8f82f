// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
	"portreeve.org/portreeve/test/fakes/cql"
)

// troubled is a double of which a test decides, request by request, what goes wrong.
type troubled struct {
	*doubled
	*sessionstore.Store
	hook atomic.Pointer[func(cql.Request) cql.Fault]
}

func newTroubled(t *testing.T, settings ...func(*Config)) *troubled {
	t.Helper()
	tr := &troubled{}
	tr.doubled = newDouble(t, cql.Options{Hook: func(r cql.Request) cql.Fault {
		if h := tr.hook.Load(); h != nil {
			return (*h)(r)
		}
		return cql.None
	}}, settings...)
	tr.Store = storetest.Store(t, tr.doubled, storetest.Namespace("troubled"))
	return tr
}

// on lets f decide from now on; nil is no trouble.
func (tr *troubled) on(f func(cql.Request) cql.Fault) {
	if f == nil {
		tr.hook.Store(nil)
		return
	}
	tr.hook.Store(&f)
}

func (tr *troubled) put(t *testing.T, id, value string) sessionstore.Meta {
	t.Helper()
	m, _, err := tr.Set(t.Context(), []byte(id), sessionstore.Write{Value: []byte(value), Owner: "anna"})
	must(t, err)
	return m
}

func isAway(err error) bool {
	return err != nil && fault.From(err).Kind == fault.Unavailable && fault.From(err).RetryAfter > 0
}

// TestLevels: which quorum each statement asks for. What ends a session needs every
// data centre.
func TestLevels(t *testing.T) {
	tr := newTroubled(t)
	m := tr.put(t, "a", "one")
	_, _, err := tr.Set(t.Context(), []byte("a"), sessionstore.Write{Value: []byte("two"), Match: &sessionstore.Match{Version: m.Version}})
	must(t, err)
	_, err = tr.Touch(t.Context(), []byte("a"), nil)
	must(t, err)
	_, err = tr.Change(t.Context(), []byte("a"), []byte("b"), sessionstore.Write{}, time.Minute)
	must(t, err)
	must(t, tr.Delete(t.Context(), []byte("b"), nil))
	must(t, tr.Delete(t.Context(), []byte("never there"), nil))
	_, err = tr.Revoke(t.Context(), "anna", sessionstore.InstantOf(time.Now()))
	must(t, err)
	ends, transactions := 0, 0
	for _, r := range tr.node.Requests() {
		want := cql.LocalQuorum
		if strings.Contains(r.Statement, "SET gone") || strings.Contains(r.Statement, "SET xretired") || strings.Contains(r.Statement, "SET xgone") || strings.Contains(r.Statement, "SET not_before") {
			want = cql.EachQuorum
			ends++
		}
		if r.Consistency != want {
			t.Errorf("level %d, want %d: %s", r.Consistency, want, r.Statement)
		}
		if strings.Contains(r.Statement, " IF ") {
			transactions++
			if r.Serial != cql.Serial {
				t.Errorf("serial level %d: %s", r.Serial, r.Statement)
			}
		}
	}
	if ends < 4 || transactions < 3 {
		t.Errorf("%d ends and %d transactions were looked at", ends, transactions)
	}
}

// TestNoQuorum: what cannot be done is said, and a delete that failed is not taken for done.
func TestNoQuorum(t *testing.T) {
	tr := newTroubled(t)
	tr.put(t, "a", "one")
	tr.on(func(r cql.Request) cql.Fault {
		if r.Consistency == cql.EachQuorum {
			return cql.Unavailable
		}
		return cql.None
	})
	if err := tr.Delete(t.Context(), []byte("a"), nil); !isAway(err) {
		t.Fatalf("a delete without every data centre: %v", err)
	}
	if _, err := tr.Revoke(t.Context(), "anna", sessionstore.InstantOf(time.Now())); !isAway(err) {
		t.Fatalf("a revocation without every data centre: %v", err)
	}
	if _, err := tr.Change(t.Context(), []byte("a"), []byte("b"), sessionstore.Write{}, time.Minute); !isAway(err) {
		t.Fatalf("a change of id without every data centre: %v", err)
	}
	for id, want := range map[string]string{"a": "one", "b": ""} {
		if got, err := tr.Get(t.Context(), []byte(id)); string(got.Value) != want || (err == nil) != (want != "") {
			t.Fatalf("%s after what failed: %q, %v", id, got.Value, err)
		}
	}
	tr.put(t, "a", "two")
	tr.on(func(cql.Request) cql.Fault { return cql.Unavailable })
	if _, err := tr.Get(t.Context(), []byte("a")); !isAway(err) {
		t.Fatalf("a read without a quorum: %v", err)
	}
	if err := tr.Probe(t.Context()); !isAway(err) {
		t.Fatalf("a probe without a quorum: %v", err)
	}
	tr.on(nil)
	must(t, tr.Probe(t.Context()))
	must(t, tr.Delete(t.Context(), []byte("a"), nil))
}

// TestProbeReadsAndWrites: readiness is not green when only one of both works.
func TestProbeReadsAndWrites(t *testing.T) {
	tr := newTroubled(t)
	for _, verb := range []string{"SELECT", "INSERT"} {
		tr.on(func(r cql.Request) cql.Fault {
			if strings.HasPrefix(r.Statement, verb) {
				return cql.Timeout
			}
			return cql.None
		})
		if err := tr.Probe(t.Context()); !isAway(err) {
			t.Errorf("with every %s failing: %v", verb, err)
		}
	}
}

// TestLostAnswers: a transaction of which nobody heard is looked after. It is done
// once, and what is answered is what happened.
func TestLostAnswers(t *testing.T) {
	for _, trouble := range []cql.Fault{cql.LostAnswer, cql.Timeout, cql.HalfAnswer, cql.Disconnected} {
		tr := newTroubled(t)
		m := tr.put(t, "a", "one")
		struck := false
		tr.on(func(r cql.Request) cql.Fault {
			if strings.Contains(r.Statement, " IF ") && !struck {
				struck = true
				return trouble
			}
			return cql.None
		})
		next, _, err := tr.Set(t.Context(), []byte("a"), sessionstore.Write{Value: []byte("two"), Match: &sessionstore.Match{Version: m.Version}})
		if err != nil || !struck {
			t.Fatalf("trouble %d: struck %t, %v", trouble, struck, err)
		}
		if got, err := tr.Get(t.Context(), []byte("a")); err != nil || string(got.Value) != "two" || got.Version != next.Version {
			t.Fatalf("trouble %d: %q at %d, want %d; %v", trouble, got.Value, got.Version, next.Version, err)
		}
	}
}

// TestChangeThatBreaksOff: wherever a change of id is cut, the session is under the
// old id or under both, as the retired one and the new one; it is never lost, nor
// live twice.
func TestChangeThatBreaksOff(t *testing.T) {
	for cut := range 12 {
		tr := newTroubled(t, func(c *Config) { c.QueryTimeout = 500 * time.Millisecond })
		tr.put(t, "a", "one")
		n := 0
		tr.on(func(r cql.Request) cql.Fault {
			if !strings.HasPrefix(r.Statement, "SELECT") {
				n++
			}
			if n > cut {
				return cql.Disconnected // the process is gone, as far as the cluster knows
			}
			return cql.None
		})
		_, failed := tr.Change(t.Context(), []byte("a"), []byte("b"), sessionstore.Write{}, time.Minute)
		tr.on(nil)
		var old, fresh sessionstore.Session
		var errs [2]error
		eventually(t, func() error {
			old, errs[0] = tr.Get(t.Context(), []byte("a"))
			fresh, errs[1] = tr.Get(t.Context(), []byte("b"))
			for _, err := range errs {
				if err != nil && !errors.Is(err, sessionstore.ErrNotFound) {
					return err
				}
			}
			return nil
		})
		before := errs[0] == nil && !old.Retired && errs[1] != nil
		after := errs[0] == nil && old.Retired && errs[1] == nil && string(fresh.Value) == "one"
		if !before && !after || failed == nil && !after {
			t.Errorf("cut after %d writes: answered %v; old %+v, %v; new %+v, %v", cut, failed, old.Meta, errs[0], fresh.Meta, errs[1])
		}
	}
}

// eventually asks until f says yes. Nothing is concluded from how long it took.
func eventually(t *testing.T, f func() error) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestSilence: a node that does not answer is given up after the time-out.
func TestSilence(t *testing.T) {
	tr := newTroubled(t, func(c *Config) { c.QueryTimeout = 300 * time.Millisecond })
	tr.put(t, "a", "one")
	tr.on(func(cql.Request) cql.Fault { return cql.Silence })
	if _, err := tr.Get(t.Context(), []byte("a")); !isAway(err) {
		t.Fatalf("a read without an answer: %v", err)
	}
	if _, _, err := tr.Set(t.Context(), []byte("a"), sessionstore.Write{Value: []byte("two")}); !isAway(err) {
		t.Fatalf("a write without an answer: %v", err)
	}
}

// TestStaleView: the incidents of 2022-09-15 and 2023-01-24. A node is back, and all
// who were connected before are refused until they connect anew. Readiness is red,
// and then the connection heals without a restart.
func TestStaleView(t *testing.T) {
	tr := newTroubled(t, func(c *Config) { c.CheckEvery = 50 * time.Millisecond })
	tr.put(t, "a", "one")
	stale := tr.node.Opened()
	tr.on(func(r cql.Request) cql.Fault {
		if r.Connection <= stale {
			return cql.Unavailable
		}
		return cql.None
	})
	if err := tr.Probe(t.Context()); err == nil && tr.node.Opened() == stale {
		t.Fatal("readiness is green with a stale view")
	}
	eventually(t, func() error { return tr.Probe(t.Context()) })
	if got, err := tr.Get(t.Context(), []byte("a")); err != nil || string(got.Value) != "one" {
		t.Fatalf("%q, %v", got.Value, err)
	}
	if tr.node.Opened() == stale {
		t.Fatal("nothing was connected anew: the test shows nothing")
	}
}

// TestNodeAway: the node is gone and comes back at its address.
func TestNodeAway(t *testing.T) {
	tr := newTroubled(t, func(c *Config) { c.CheckEvery = 50 * time.Millisecond })
	port := tr.node.Port()
	must(t, tr.node.Close())
	if _, err := tr.Get(t.Context(), []byte("a")); !isAway(err) {
		t.Fatalf("with nobody there: %v", err)
	}
	back, err := cql.StartAt(port, cql.Options{})
	must(t, err)
	t.Cleanup(func() { _ = back.Close() })
	eventually(t, func() error { return tr.Probe(t.Context()) })
	tr.put(t, "a", "two")
}

// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

var idCases = []testCase{
	{"ChangeOfID", changeOfID},
	{"ChangeOfIDWithAValue", changeWithAValue},
	{"ChangeOfIDWithoutGrace", changeWithoutGrace},
	{"GraceEnds", graceEnds},
	{"RetiredDiesWithItsSuccessor", diesWithItsSuccessor},
	{"ASuccessorBegunAnew", successorBegunAnew},
	{"ChangedTwice", changedTwice},
	{"ChangeRefused", changeRefused},
}

func changeOfID(t *testing.T, s *suite) {
	st := s.with(t, func(ns *sessionstore.Namespace) { ns.Defaults.MaxAge = 9 * time.Hour })
	m1 := st.set("old", sessionstore.Write{Value: []byte("before"), Owner: "anna"})
	m2 := st.change("old", "new", sessionstore.Write{}, 5*time.Second)
	if m2.Version == m1.Version || m2.Established != m1.Established || m2.Cap != m1.Cap || m2.Retired {
		t.Fatalf("the change made %+v of %+v", m2, m1)
	}
	if got := st.reads("new", "before"); got.Owner != "anna" || got.Meta != m2 {
		t.Fatalf("new: %+v", got)
	}
	was := st.reads("old", "before")
	if !was.Retired || was.Version != m1.Version || was.Owner != "anna" || was.Expires >= m1.Expires {
		t.Fatalf("old: %+v", was)
	}
	// Fixation: who knows the old id never sees what is written under the new one.
	st.put("new", "secret")
	st.reads("old", "before")
	st.refusesWrites("old", fault.Conflict)
	st.reads("new", "secret")
	owned, err := st.Owned(ctx, "anna", sessionstore.RowKey{}, 10)
	if err != nil || len(owned) != 1 {
		t.Fatalf("%d sessions of the owner, %v; the retired one is none", len(owned), err)
	}
	st.end("old")
	st.gone("old")
	st.reads("new", "secret")
}

func changeWithAValue(t *testing.T, s *suite) {
	st := s.with(t)
	m := st.put("old", "anonymous")
	st.change("old", "new", sessionstore.Write{Value: []byte("signed in"), Owner: "anna", Match: match(m.Version)}, time.Minute)
	if got := st.reads("new", "signed in"); got.Owner != "anna" {
		t.Fatalf("owner %q", got.Owner)
	}
	if got := st.reads("old", "anonymous"); got.Owner != "" {
		t.Fatalf("the old id tells the owner: %q", got.Owner)
	}
	st.revoke("anna", m.Established, 1)
	st.gone("new", "old")
}

func changeWithoutGrace(t *testing.T, s *suite) {
	st := s.with(t)
	st.put("old", "one")
	st.change("old", "new", sessionstore.Write{}, 0)
	st.gone("old")
	st.reads("new", "one")
	if _, created, err := st.Set(ctx, []byte("old"), sessionstore.Write{Value: []byte("another")}); err != nil || !created {
		t.Fatalf("the old id is not free: %t, %v", created, err)
	}
	st.reads("new", "one")
	bounded := s.with(t, func(ns *sessionstore.Namespace) { ns.Name, ns.MaxGrace = s.name(t, "-2"), timeToLive })
	m := bounded.put("old", "one")
	bounded.change("old", "new", sessionstore.Write{}, time.Hour)
	if got := bounded.reads("old", "one"); got.Expires >= m.Established.After(time.Hour) {
		t.Fatal("the grace is longer than the namespace's longest")
	}
}

func graceEnds(t *testing.T, s *suite) {
	st := s.with(t)
	st.put("old", "one")
	st.change("old", "new", sessionstore.Write{}, timeToLive)
	st.reads("old", "one")
	st.expires("old")
	st.reads("new", "one")
	if _, created, err := st.Set(ctx, []byte("old"), sessionstore.Write{Value: []byte("another")}); err != nil || !created {
		t.Fatalf("the old id is not free: %t, %v", created, err)
	}
	st.reads("new", "one")
	st.reads("old", "another")
}

func diesWithItsSuccessor(t *testing.T, s *suite) {
	st := s.with(t)
	for _, id := range []string{"a", "b", "c"} {
		st.set(id, sessionstore.Write{Value: []byte(id), Owner: "owner of " + id})
	}
	st.change("a", "a2", sessionstore.Write{}, time.Minute)
	st.end("a2")
	st.gone("a", "a2")
	st.refusesWrites("a", fault.Conflict)

	m := st.change("b", "b2", sessionstore.Write{Owner: "other"}, time.Minute)
	st.revoke("other", m.Established, 1)
	st.gone("b", "b2")

	st.change("c", "c2", sessionstore.Write{Life: sessionstore.Life{TTL: timeToLive}}, time.Minute)
	st.expires("c2", "c")

	st.set("d", sessionstore.Write{Value: []byte("d"), Owner: "dora"})
	st.change("d", "d2", sessionstore.Write{}, time.Minute)
	st.revoke("dora", st.reads("d2", "d").Established, 1)
	st.gone("d", "d2")
}

// A session that begins under the id of a retired one's successor is another: it does
// not bring the retired one back.
func successorBegunAnew(t *testing.T, s *suite) {
	st := s.with(t)
	st.put("old", "one")
	st.change("old", "new", sessionstore.Write{}, time.Minute)
	st.end("new")
	s.pass(moment)
	st.put("new", "of somebody else")
	st.gone("old")
	st.reads("new", "of somebody else")
}

func changedTwice(t *testing.T, s *suite) {
	st := s.with(t)
	st.put("a", "one")
	st.change("a", "b", sessionstore.Write{Value: []byte("two")}, time.Minute)
	st.change("b", "c", sessionstore.Write{Value: []byte("three")}, time.Minute)
	st.reads("a", "one")
	st.reads("b", "two")
	st.reads("c", "three")
	st.end("c")
	st.gone("a", "b", "c")
}

func changeRefused(t *testing.T, s *suite) {
	st := s.with(t)
	m := st.put("a", "one")
	st.put("taken", "two")
	st.put("x", "three")
	st.change("x", "y", sessionstore.Write{}, time.Minute)
	for name, c := range map[string]struct {
		from, to string
		w        sessionstore.Write
		want     fault.Kind
	}{
		"onto one that is there": {"a", "taken", sessionstore.Write{}, fault.Conflict},
		"onto a retired one":     {"a", "x", sessionstore.Write{}, fault.Conflict},
		"onto itself":            {"a", "a", sessionstore.Write{}, fault.Invalid},
		"of none":                {"none", "b", sessionstore.Write{}, fault.NotFound},
		"of a retired one":       {"x", "b", sessionstore.Write{}, fault.Conflict},
		"of another version":     {"a", "b", sessionstore.Write{Match: match(m.Version + 1)}, fault.Stale},
		"too large":              {"a", "b", sessionstore.Write{Value: make([]byte, sessionstore.DefaultMaxValue+1)}, fault.Invalid},
	} {
		_, err := st.Change(ctx, []byte(c.from), []byte(c.to), c.w, time.Minute)
		st.refused("a change "+name, err, c.want)
		if got := st.reads("a", "one"); got.Meta != m {
			t.Fatalf("a refused change %s made %+v", name, got.Meta)
		}
		st.reads("taken", "two")
		st.gone("b", "none")
	}
}

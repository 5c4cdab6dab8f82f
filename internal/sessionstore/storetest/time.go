// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

// timeToLive is a short one, which a test waits for.
const timeToLive = time.Second

// moment is long enough that instants before and after it differ.
const moment = 20 * time.Millisecond

var timeCases = []testCase{
	{"Expires", expires},
	{"Sliding", sliding},
	{"Absolute", absolute},
	{"Cap", capped},
	{"Never", never},
	{"LongestTTL", longestTTL},
}

// eventually waits until f gives no error.
func (t *tester) eventually(what string, f func() error) {
	t.Helper()
	for end := time.Now().Add(patience); ; t.suite.pass(100 * time.Millisecond) {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: %v", what, err)
		}
	}
}

func (t *tester) touch(id string) sessionstore.Meta {
	t.Helper()
	m, err := t.Touch(ctx, []byte(id), nil)
	if err != nil {
		t.Fatalf("touch %s: %v", id, err)
	}
	if got, err := t.Get(ctx, []byte(id)); err != nil || got.Meta != m {
		t.Fatalf("%s was touched to %+v and reads %+v, %v", id, m, got.Meta, err)
	}
	return m
}

func expires(t *testing.T, s *suite) {
	st := s.with(t)
	brief := sessionstore.Life{TTL: timeToLive}
	m := st.set("a", sessionstore.Write{Life: brief, Value: []byte("a"), Owner: "anna"})
	st.set("c", sessionstore.Write{Life: brief, Value: []byte("c"), Match: &sessionstore.Match{None: true, Any: true}})
	st.put("b", "b")
	if want := m.Established.After(timeToLive); m.Expires != want {
		t.Fatalf("expires at %d, want %d", m.Expires, want)
	}
	st.expires("a", "c")
	_, err := st.Touch(ctx, []byte("a"), nil)
	st.refused("a touch of what has expired", err, fault.NotFound)
	_, err = st.Change(ctx, []byte("a"), []byte("x"), sessionstore.Write{}, 0)
	st.refused("a change of id of what has expired", err, fault.NotFound)
	if owned, err := st.Owned(ctx, "anna", sessionstore.RowKey{}, 10); err != nil || len(owned) != 0 {
		t.Fatalf("%d sessions listed that have expired, %v", len(owned), err)
	}
	next, created, err := st.Set(ctx, []byte("a"), sessionstore.Write{Value: []byte("new"), Match: &sessionstore.Match{None: true, Any: true}})
	if err != nil || !created || next.Established < m.Expires {
		t.Fatalf("after it expired: created %t, %+v, %v", created, next, err)
	}
	if got := st.reads("a", "new"); got.Owner != "" {
		t.Fatal("a new session has the owner of the one before")
	}
	st.reads("b", "b")
}

func sliding(t *testing.T, s *suite) {
	st := s.with(t, func(ns *sessionstore.Namespace) { ns.Defaults.TTL = time.Hour })
	m1 := st.put("a", "one")
	s.pass(moment)
	if got := st.reads("a", "one"); got.Expires != m1.Expires {
		t.Fatal("a read moved the end")
	}
	m2 := st.touch("a")
	if m2.Expires <= m1.Expires || m2.Version != m1.Version {
		t.Fatalf("a touch made %+v of %+v", m2, m1)
	}
	s.pass(moment)
	if m3 := st.put("a", "two"); m3.Expires <= m2.Expires || m3.Established != m1.Established {
		t.Fatalf("a write made %+v of %+v", m3, m2)
	}
	m4 := st.set("a", sessionstore.Write{Life: sessionstore.Life{TTL: time.Minute}, Value: []byte("three")})
	if m4.Expires >= m1.Expires {
		t.Fatal("a write with a shorter time to live did not shorten it")
	}
	s.pass(moment)
	if m5 := st.touch("a"); m5.Expires <= m4.Expires || m5.Expires >= m1.Expires {
		t.Fatal("a touch gives another time to live than the write")
	}
}

func absolute(t *testing.T, s *suite) {
	st := s.with(t, func(ns *sessionstore.Namespace) { ns.Defaults.TTL = time.Hour })
	m1 := st.set("a", sessionstore.Write{Life: sessionstore.Life{Absolute: yes()}, Value: []byte("one")})
	s.pass(moment)
	if m2 := st.touch("a"); !m1.Absolute || m2.Expires != m1.Expires {
		t.Fatalf("a touch made %+v of %+v", m2, m1)
	}
	if m3 := st.put("a", "two"); m3.Expires != m1.Expires || !m3.Absolute {
		t.Fatalf("a write made %+v of %+v", m3, m1)
	}
	if m4 := st.change("a", "b", sessionstore.Write{}, time.Minute); m4.Expires != m1.Expires {
		t.Fatal("a change of id moved the end")
	}
	if m5 := st.set("b", sessionstore.Write{Life: sessionstore.Life{TTL: 2 * time.Hour}, Value: []byte("x")}); m5.Expires <= m1.Expires {
		t.Fatal("a new time to live did not count")
	}
	brief := st.set("c", sessionstore.Write{Life: sessionstore.Life{TTL: timeToLive, Absolute: yes()}, Value: []byte("c")})
	if _, err := st.Touch(ctx, []byte("c"), nil); err != nil {
		t.Fatal(err)
	}
	if brief.Expires == 0 {
		t.Fatal("no end")
	}
	st.expires("c")
}

func capped(t *testing.T, s *suite) {
	st := s.with(t, func(ns *sessionstore.Namespace) {
		ns.Defaults = sessionstore.Life{TTL: time.Hour, MaxAge: 2 * time.Hour}
	})
	m := st.put("a", "one")
	if m.Cap != m.Established.After(2*time.Hour) {
		t.Fatalf("cap %d of a session from %d", m.Cap, m.Established)
	}
	for _, life := range []sessionstore.Life{{TTL: 9 * time.Hour}, {TTL: 9 * time.Hour, MaxAge: 99 * time.Hour}} {
		m2 := st.set("a", sessionstore.Write{Life: life, Value: []byte("two")})
		if m2.Cap != m.Cap || m2.Expires != m.Cap {
			t.Fatalf("%+v made %+v", life, m2)
		}
	}
	s.pass(moment)
	if m3 := st.touch("a"); m3.Expires != m.Cap || m3.Cap != m.Cap {
		t.Fatalf("a touch made %+v", m3)
	}
	if m4 := st.change("a", "b", sessionstore.Write{Life: sessionstore.Life{TTL: 9 * time.Hour, MaxAge: 99 * time.Hour}}, 0); m4.Cap != m.Cap || m4.Expires != m.Cap {
		t.Fatalf("a change of id made %+v", m4)
	}
	if m5 := st.set("c", sessionstore.Write{Life: sessionstore.Life{MaxAge: 99 * time.Hour}, Value: []byte("x")}); m5.Cap != m5.Established.After(2*time.Hour) {
		t.Fatal("an application went beyond the namespace's cap")
	}
	_, _, err := st.Set(ctx, []byte("d"), sessionstore.Write{Value: []byte("x"), Established: m.Established - sessionstore.Instant(3*time.Hour/time.Microsecond)})
	st.refused("a session beyond its cap", err, fault.Invalid)
	st.set("e", sessionstore.Write{Life: sessionstore.Life{TTL: time.Hour, MaxAge: timeToLive}, Value: []byte("e")})
	st.expires("e")
	if m6 := st.put("e", "new"); m6.Cap <= m.Cap {
		t.Fatal("a new session has the cap of the one before")
	}
}

func never(t *testing.T, s *suite) {
	st := s.with(t, func(ns *sessionstore.Namespace) { ns.Defaults.TTL = 0 })
	if m := st.put("a", "one"); m.Expires != 0 {
		t.Fatalf("expires at %d", m.Expires)
	}
	s.pass(timeToLive)
	st.reads("a", "one")
	if m := st.touch("a"); m.Expires != 0 {
		t.Fatalf("a touch let it expire at %d", m.Expires)
	}
	st.change("a", "b", sessionstore.Write{}, timeToLive)
	st.expires("a")
	st.reads("b", "one")
}

func longestTTL(t *testing.T, s *suite) {
	st := s.with(t, func(ns *sessionstore.Namespace) { ns.Defaults.TTL, ns.MaxTTL = 0, time.Hour })
	for _, ttl := range []time.Duration{0, 99 * time.Hour} {
		m := st.set("a", sessionstore.Write{Life: sessionstore.Life{TTL: ttl}, Value: []byte("x")})
		st.end("a")
		if m.Expires != m.Established.After(time.Hour) {
			t.Fatalf("%s: from %d to %d", ttl, m.Established, m.Expires)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"testing"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

var lifeCases = []testCase{
	{"SetGetDelete", setGetDelete},
	{"AnyBytes", anyBytes},
	{"NamespacesAreApart", namespacesAreApart},
	{"IfNoneMatch", ifNoneMatch},
	{"IfMatch", ifMatch},
	{"ADeleteHolds", aDeleteHolds},
}

func setGetDelete(t *testing.T, s *suite) {
	st := s.with(t)
	st.gone("a")
	m1, created, err := st.Set(ctx, []byte("a"), sessionstore.Write{Value: []byte("one")})
	if err != nil || !created {
		t.Fatalf("first write: created %t, %v", created, err)
	}
	if got := st.reads("a", "one"); got.Meta != m1 || got.Owner != "" || got.Retired {
		t.Fatalf("read %+v, wrote %+v", got.Meta, m1)
	}
	m2, created, err := st.Set(ctx, []byte("a"), sessionstore.Write{Value: []byte("two")})
	if err != nil || created {
		t.Fatalf("second write: created %t, %v", created, err)
	}
	if m2.Version == m1.Version || m2.Established != m1.Established {
		t.Fatalf("the second write made %+v of %+v", m2, m1)
	}
	st.reads("a", "two")
	st.put("b", "other")
	st.end("a", "a", "never")
	st.gone("a")
	st.reads("b", "other")
	m3, created, err := st.Set(ctx, []byte("a"), sessionstore.Write{Value: []byte("three")})
	if err != nil || !created || m3.Version == m1.Version || m3.Version == m2.Version || m3.Established < m2.Established {
		t.Fatalf("after a delete: created %t, %+v, %v", created, m3, err)
	}
}

func anyBytes(t *testing.T, s *suite) {
	st := s.with(t, func(ns *sessionstore.Namespace) { ns.MaxValue = 300_000 })
	for id, value := range map[string]string{
		"global:MWSession:0123":                  "plain",
		"\x00\xff\xfe not UTF-8":                 "\x00\x00\xff",
		string(bytes.Repeat([]byte{0xff}, 1024)): "x",
		"A":                                      "upper",
		"a":                                      "lower",
		"a ":                                     "space",
		"empty":                                  "",
		string(bytes.Repeat([]byte("k"), 1000)) + "large": string(bytes.Repeat([]byte("0123456789"), 30_000)),
	} {
		st.put(id, value)
		st.reads(id, value)
	}
	st.reads("A", "upper")
	st.reads("a", "lower")
	_, _, err := st.Set(ctx, []byte("a"), sessionstore.Write{Value: make([]byte, 300_001)})
	st.refused("a value that is too large", err, fault.Invalid)
	st.reads("a", "lower")
}

func namespacesAreApart(t *testing.T, s *suite) {
	one := s.with(t)
	ns := Namespace(s.name(t, "-2"))
	two := &tester{T: t, Store: StoreWith(t, s.backend, ns, one.keys), suite: s, keys: one.keys}
	one.set("a", sessionstore.Write{Value: []byte("one"), Owner: "anna"})
	two.gone("a")
	two.set("a", sessionstore.Write{Value: []byte("two"), Owner: "anna"})
	one.reads("a", "one")
	one.revoke("anna", one.reads("a", "one").Established, 1)
	two.reads("a", "two")
	if err := two.Drop(ctx); err != nil {
		t.Fatal(err)
	}
	two.gone("a")
	one.put("b", "still")
	again := &tester{T: t, Store: StoreWith(t, s.backend, one.Namespace, one.keys), suite: s}
	again.reads("b", "still")
}

func ifNoneMatch(t *testing.T, s *suite) {
	st := s.with(t)
	none := sessionstore.Write{Match: &sessionstore.Match{None: true, Any: true}, Value: []byte("one")}
	m := st.set("a", none)
	_, _, err := st.Set(ctx, []byte("a"), none)
	st.refused("a second creation", err, fault.Stale)
	_, _, err = st.Set(ctx, []byte("a"), sessionstore.Write{Match: &sessionstore.Match{None: true, Version: m.Version}, Value: []byte("two")})
	st.refused("If-None-Match with the version that it has", err, fault.Stale)
	st.reads("a", "one")
	st.set("a", sessionstore.Write{Match: &sessionstore.Match{None: true, Version: m.Version + 1}, Value: []byte("two")})
	st.reads("a", "two")
	st.end("a")
	st.set("a", none)
}

func ifMatch(t *testing.T, s *suite) {
	st := s.with(t)
	for name, m := range map[string]*sessionstore.Match{"*": {Any: true}, "version": match(1)} {
		_, _, err := st.Set(ctx, []byte("a"), sessionstore.Write{Match: m, Value: []byte("x")})
		st.refused("a write of none with "+name, err, fault.Stale)
		st.refused("a delete of none with "+name, st.Delete(ctx, []byte("a"), m), fault.Stale)
		_, err = st.Touch(ctx, []byte("a"), m)
		st.refused("a touch of none with "+name, err, fault.NotFound)
	}
	m1 := st.put("a", "one")
	m2 := st.set("a", sessionstore.Write{Match: match(m1.Version), Value: []byte("two")})
	_, _, err := st.Set(ctx, []byte("a"), sessionstore.Write{Match: match(m1.Version), Value: []byte("three")})
	st.refused("a write with the version before", err, fault.Stale)
	st.refused("a delete with the version before", st.Delete(ctx, []byte("a"), match(m1.Version)), fault.Stale)
	_, err = st.Touch(ctx, []byte("a"), match(m1.Version))
	st.refused("a touch with the version before", err, fault.Stale)
	_, err = st.Change(ctx, []byte("a"), []byte("b"), sessionstore.Write{Match: match(m1.Version)}, 0)
	st.refused("a change of id with the version before", err, fault.Stale)
	st.gone("b")
	st.reads("a", "two")
	m3, err := st.Touch(ctx, []byte("a"), match(m2.Version))
	if err != nil || m3.Version != m2.Version {
		t.Fatalf("touch: %+v, %v", m3, err)
	}
	st.set("a", sessionstore.Write{Match: &sessionstore.Match{Any: true}, Value: []byte("four")})
	m4 := st.reads("a", "four")
	if err := st.Delete(ctx, []byte("a"), match(m4.Version)); err != nil {
		t.Fatal(err)
	}
	st.gone("a")
}

func aDeleteHolds(t *testing.T, s *suite) {
	st := s.with(t, func(ns *sessionstore.Namespace) { ns.DeleteHold = sessionstore.DefaultTTL })
	st.put("a", "one")
	st.end("a")
	st.gone("a")
	_, _, err := st.Set(ctx, []byte("a"), sessionstore.Write{Value: []byte("late")})
	st.refused("a write after the end", err, fault.Conflict)
	st.gone("a")
	st.end("a", "never")
	st.put("never", "there was none to hold")
	brief := s.with(t, func(ns *sessionstore.Namespace) { ns.Name, ns.DeleteHold = s.name(t, "-2"), timeToLive })
	brief.put("a", "one")
	brief.end("a")
	brief.eventually("the id is free again", func() error {
		_, _, err := brief.Set(ctx, []byte("a"), sessionstore.Write{Value: []byte("two")})
		return err
	})
	brief.reads("a", "two")
}

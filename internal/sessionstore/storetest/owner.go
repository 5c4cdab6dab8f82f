// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

var ownerCases = []testCase{
	{"Owned", owned},
	{"OwnedByPages", ownedByPages},
	{"Revoke", revoke},
	{"RevokeAgainstLateWrites", revokeAgainstLateWrites},
	{"RevokeByEpoch", revokeByEpoch},
	{"AnOwnerIsTakenOn", anOwnerIsTakenOn},
}

// list returns the values of an owner's sessions, sorted.
func (t *tester) list(owner string) []string {
	t.Helper()
	all, err := t.Owned(ctx, owner, sessionstore.RowKey{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	values := []string{}
	for _, s := range all {
		if s.Owner != owner {
			t.Fatalf("a session of %q is listed for %q", s.Owner, owner)
		}
		values = append(values, string(s.Value))
	}
	slices.Sort(values)
	return values
}

func (t *tester) lists(owner string, want ...string) {
	t.Helper()
	if got := t.list(owner); !slices.Equal(got, want) {
		t.Fatalf("sessions of %s: %q, want %q", owner, got, want)
	}
}

func owned(t *testing.T, s *suite) {
	st := s.with(t)
	st.lists("anna")
	for id, owner := range map[string]string{"a": "anna", "b": "anna", "c": "anna", "d": "bert", "e": ""} {
		st.set(id, sessionstore.Write{Value: []byte(id), Owner: owner})
	}
	st.lists("anna", "a", "b", "c")
	st.lists("bert", "d")
	st.set("a", sessionstore.Write{Value: []byte("a2")}) // keeps its owner
	st.set("b", sessionstore.Write{Value: []byte("b"), Owner: "bert"})
	st.end("c")
	st.set("e", sessionstore.Write{Value: []byte("e"), Owner: "anna"})
	st.lists("anna", "a2", "e")
	st.lists("bert", "b", "d")
	if got := st.reads("a", "a2"); got.Owner != "anna" {
		t.Fatalf("owner %q", got.Owner)
	}
	st.touch("a")
	st.lists("anna", "a2", "e")
}

func ownedByPages(t *testing.T, s *suite) {
	st := s.with(t)
	const n = 23
	for i := range n {
		st.set(fmt.Sprintf("id %d", i), sessionstore.Write{Value: fmt.Appendf(nil, "%d", i), Owner: "anna"})
		st.set(fmt.Sprintf("other %d", i), sessionstore.Write{Value: []byte("x"), Owner: "bert"})
	}
	var after sessionstore.RowKey
	seen := 0
	for pages := 0; ; pages++ {
		page, err := st.Owned(ctx, "anna", after, 5)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > 5 || pages > n {
			t.Fatalf("page %d has %d of at most 5", pages, len(page))
		}
		for _, h := range page {
			if bytes.Compare(h.Handle[:], after[:]) <= 0 {
				t.Fatal("not in order of the handles")
			}
			after = h.Handle
		}
		if seen += len(page); len(page) == 0 {
			break
		}
	}
	if seen != n {
		t.Fatalf("%d of %d listed", seen, n)
	}
}

func revoke(t *testing.T, s *suite) {
	st := s.with(t)
	var last sessionstore.Meta
	for _, id := range []string{"a", "b", "c"} {
		last = st.set(id, sessionstore.Write{Value: []byte(id), Owner: "anna"})
	}
	other := st.set("d", sessionstore.Write{Value: []byte("d"), Owner: "bert"})
	st.put("e", "e")
	st.revoke("anna", max(last.Established, other.Established), 3)
	st.gone("a", "b", "c")
	st.reads("d", "d")
	st.reads("e", "e")
	st.lists("anna")
	for _, id := range []string{"a", "b", "c"} {
		st.refusesWrites(id, fault.Conflict)
	}
	_, _, err := st.Set(ctx, []byte("a"), sessionstore.Write{Value: []byte("x"), Owner: "bert"})
	st.refused("a late write with another owner", err, fault.Conflict)
	_, err = st.Change(ctx, []byte("e"), []byte("a"), sessionstore.Write{}, 0)
	st.refused("a change of id onto a session that was ended", err, fault.Conflict)
	st.end("a") // which does not make the id free
	_, _, err = st.Set(ctx, []byte("a"), sessionstore.Write{Value: []byte("late")})
	st.refused("a late write after a delete", err, fault.Conflict)
	st.revoke("anna", last.Established, 0)
	st.revoke("nobody", last.Established, 0)
	s.pass(moment)
	st.set("f", sessionstore.Write{Value: []byte("signed in again"), Owner: "anna"})
	st.lists("anna", "signed in again")
}

// A write that was under way when the owner's sessions were ended may be the first
// that the store hears of its session.
func revokeAgainstLateWrites(t *testing.T, s *suite) {
	st := s.with(t)
	m := st.put("probe", "x")
	st.revoke("anna", m.Established, 0)
	for _, established := range []sessionstore.Instant{1, m.Established - 1, m.Established} {
		_, _, err := st.Set(ctx, []byte("never seen"), sessionstore.Write{Value: []byte("late"), Owner: "anna", Established: established})
		st.refused("a late first write", err, fault.Conflict)
		_, err = st.Change(ctx, []byte("probe"), []byte("never seen"), sessionstore.Write{Owner: "anna"}, time.Minute)
		st.refused("an older session that becomes hers", err, fault.Conflict)
	}
	st.gone("never seen")
	st.reads("probe", "x")
	s.pass(moment)
	st.set("next", sessionstore.Write{Value: []byte("new"), Owner: "anna", Established: m.Established + 1})
	st.set("never seen", sessionstore.Write{Value: []byte("new"), Owner: "anna"})
	st.lists("anna", "new", "new")
	brief := st.set("brief", sessionstore.Write{Value: []byte("x"), Owner: "bert", Life: sessionstore.Life{TTL: timeToLive}})
	st.revoke("bert", brief.Established, 1)
	// The revocation outlives the row that it ended.
	st.eventually("the row's time ends", func() error {
		_, _, err := st.Set(ctx, []byte("brief"), sessionstore.Write{Value: []byte("anonymous")})
		return err
	})
	_, _, err := st.Set(ctx, []byte("never seen 2"), sessionstore.Write{Value: []byte("late"), Owner: "bert", Established: brief.Established})
	st.refused("a late first write after the row's time ended", err, fault.Conflict)
}

func revokeByEpoch(t *testing.T, s *suite) {
	st := s.with(t)
	now := st.put("probe", "x").Established
	hour := sessionstore.Instant(time.Hour / time.Microsecond)
	for id, ago := range map[string]sessionstore.Instant{"3h": 3, "2h": 2, "1h": 1} {
		st.set(id, sessionstore.Write{Value: []byte(id), Owner: "anna", Established: now - ago*hour})
	}
	st.revoke("anna", now-5*hour/2, 1)
	st.lists("anna", "1h", "2h")
	st.gone("3h")
	st.revoke("anna", now-4*hour, 0) // an earlier one changes nothing
	st.gone("3h")
	_, _, err := st.Set(ctx, []byte("new"), sessionstore.Write{Value: []byte("x"), Owner: "anna", Established: now - 3*hour})
	st.refused("a write from before the latest revocation", err, fault.Conflict)
	st.revoke("anna", now-2*hour, 1) // the instant itself is ended, too
	st.lists("anna", "1h")
	if m := st.set("1h", sessionstore.Write{Value: []byte("goes on"), Established: now}); m.Established != now-hour {
		t.Fatal("a write moved the beginning of a session")
	}
	st.revoke("anna", now-hour, 1)
	st.gone("1h")
}

func anOwnerIsTakenOn(t *testing.T, s *suite) {
	st := s.with(t)
	m := st.put("a", "anonymous")
	st.set("b", sessionstore.Write{Value: []byte("bert's"), Owner: "bert"})
	s.pass(moment)
	later := st.put("probe", "x").Established
	st.revoke("anna", later, 0)
	for _, id := range []string{"a", "b"} {
		_, _, err := st.Set(ctx, []byte(id), sessionstore.Write{Value: []byte("x"), Owner: "anna"})
		st.refused("an older session that becomes hers", err, fault.Conflict)
	}
	if got := st.reads("a", "anonymous"); got.Meta != m {
		t.Fatalf("a refused write made %+v of %+v", got.Meta, m)
	}
	st.lists("bert", "bert's")
}

// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

var spaceCases = []testCase{
	{"Backend", backend},
	{"EveryFieldStays", everyFieldStays},
	{"ChangeIsWholeOrNot", wholeOrNot},
	{"View", view},
	{"Walk", walk},
	{"QuotaOfRows", quotaOfRows},
	{"QuotaOfBytes", quotaOfBytes},
	{"QuotaMadeSmaller", quotaMadeSmaller},
	{"Drop", drop},
}

func backend(t *testing.T, s *suite) {
	if err := s.backend.Probe(ctx); err != nil {
		t.Fatal(err)
	}
	if len(s.backend.Guarantees()) == 0 {
		t.Fatal("it does not say what it guarantees")
	}
	raw := s.raw(t)
	raw.apply(live("a"))
	again := s.raw(t)
	if _, err := again.Get(ctx, place("a")); err != nil {
		t.Fatalf("a second Space of the name: %v", err)
	}
}

// raw is a space in the running test.
type raw struct {
	*testing.T
	sessionstore.Space
}

func (s *suite) raw(t *testing.T) *raw {
	t.Helper()
	space, err := s.backend.Space(ctx, s.name(t, ""), sessionstore.Quota{})
	if err != nil {
		t.Fatal(err)
	}
	return &raw{t, space}
}

// apply puts rows as they are.
func (r *raw) apply(rows ...sessionstore.Row) {
	r.Helper()
	c := sessionstore.Change{Exact: true, Next: func(v sessionstore.View) ([]sessionstore.Row, error) {
		return rows, nil
	}}
	for _, row := range rows {
		c.Keys = append(c.Keys, row.Key)
	}
	if err := r.Apply(ctx, c); err != nil {
		r.Fatal(err)
	}
}

// look returns what a change is shown.
func (r *raw) look(owners []sessionstore.OwnerKey, keys ...sessionstore.RowKey) (seen sessionstore.View) {
	r.Helper()
	err := r.Apply(ctx, sessionstore.Change{Keys: keys, Owners: owners, Exact: true, Next: func(v sessionstore.View) ([]sessionstore.Row, error) {
		seen = v
		seen.Rows = slices.Clone(v.Rows)
		return nil, nil
	}})
	if err != nil {
		r.Fatal(err)
	}
	return seen
}

func (r *raw) state(key sessionstore.RowKey, want sessionstore.State) {
	r.Helper()
	if got := r.look(nil, key).Rows[0]; got.State != want || got.Key != key {
		r.Fatalf("state %d, want %d", got.State, want)
	}
}

func place(id string) (k sessionstore.RowKey)  { copy(k[:], id+" and some"); return k }
func whose(o string) (k sessionstore.OwnerKey) { copy(k[:], o+" and some"); return k }
func ago(d time.Duration) sessionstore.Instant { return sessionstore.InstantOf(time.Now().Add(-d)) }

// live returns a row that lasts for an hour of any clock.
func live(id string) sessionstore.Row {
	return sessionstore.Row{Key: place(id), State: sessionstore.Live, KeyID: 1, Version: 1, Established: ago(time.Hour), Expires: ago(-1000 * time.Hour), TTL: time.Hour, Sealed: []byte("sealed " + id)}
}

func everyFieldStays(t *testing.T, s *suite) {
	r := s.raw(t)
	full := sessionstore.Row{
		Key: place("full"), Owner: whose("anna"), State: sessionstore.Live, Absolute: true, KeyID: 1<<32 - 2, Version: 1<<64 - 3,
		Established: ago(time.Hour), Expires: ago(-1000 * time.Hour), Cap: ago(-2000 * time.Hour), TTL: 90 * time.Minute, Sealed: []byte{0, 255, 1},
	}
	bare := sessionstore.Row{Key: sessionstore.RowKey{31: 1}, State: sessionstore.Live, Version: 1, Established: 1, Sealed: []byte{7}}
	old := full
	old.Key, old.State, old.Successor = place("old"), sessionstore.Retired, full.Key
	r.apply(full, bare, old)
	for _, want := range []sessionstore.Row{full, bare, old} {
		got, err := r.Get(ctx, want.Key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("read (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, r.look(nil, want.Key).Rows[0]); diff != "" {
			t.Errorf("shown to a change (-want +got):\n%s", diff)
		}
	}
	owned, err := r.Owned(ctx, whose("anna"), sessionstore.RowKey{}, 9)
	if diff := cmp.Diff([]sessionstore.Row{full}, owned); diff != "" || err != nil {
		t.Errorf("owned: %v (-want +got):\n%s", err, diff)
	}
	walked := map[sessionstore.RowKey]sessionstore.Row{}
	for row := range r.rows(sessionstore.RowKey{}, 9) {
		walked[row.Key] = row
	}
	if diff := cmp.Diff(map[sessionstore.RowKey]sessionstore.Row{full.Key: full, bare.Key: bare, old.Key: old}, walked); diff != "" {
		t.Errorf("walked (-want +got):\n%s", diff)
	}
}

func wholeOrNot(t *testing.T, s *suite) {
	r := s.raw(t)
	r.apply(live("a"), live("b"))
	refusal := errors.New("no")
	next := func(rows []sessionstore.Row, err error) error {
		return r.Apply(ctx, sessionstore.Change{Keys: []sessionstore.RowKey{place("a"), place("b"), place("c")}, Exact: true,
			Next: func(sessionstore.View) ([]sessionstore.Row, error) { return rows, err }})
	}
	if err := next([]sessionstore.Row{{Key: place("a")}, live("c")}, refusal); err != refusal {
		t.Fatalf("%v, want the very error of the change", err)
	}
	r.state(place("a"), sessionstore.Live)
	r.state(place("c"), sessionstore.Absent)
	if err := next(nil, nil); err != nil {
		t.Fatal(err)
	}
	changed := live("b")
	changed.Sealed, changed.Version = []byte("changed"), 2
	if err := next([]sessionstore.Row{{Key: place("a")}, changed, live("c")}, nil); err != nil {
		t.Fatal(err)
	}
	r.state(place("a"), sessionstore.Absent)
	r.state(place("c"), sessionstore.Live)
	if got, err := r.Get(ctx, place("b")); err != nil || string(got.Sealed) != "changed" {
		t.Fatalf("%+v, %v", got, err)
	}
}

func view(t *testing.T, s *suite) {
	r := s.raw(t)
	anna, bert := whose("anna"), whose("bert")
	hers, his := live("hers"), live("his")
	hers.Owner, his.Owner = anna, bert
	expired := live("expired")
	expired.Expires = ago(1000 * time.Hour)
	tomb := sessionstore.Row{Key: place("tomb"), State: sessionstore.Revoked, Expires: ago(-1000 * time.Hour)}
	r.apply(hers, his, expired, tomb)
	first := r.look(nil, place("tomb"), place("none"), place("expired"), place("hers"))
	states := []sessionstore.State{sessionstore.Revoked, sessionstore.Absent, sessionstore.Absent, sessionstore.Live}
	for i, row := range first.Rows {
		if row.State != states[i] || row.Key != []sessionstore.RowKey{place("tomb"), place("none"), place("expired"), place("hers")}[i] {
			t.Errorf("row %d is shown in state %d", i, row.State)
		}
	}
	if first.NotBefore != 0 || first.Now == 0 {
		t.Fatalf("%+v", first)
	}
	second := r.look(nil, place("hers"))
	if second.Version == first.Version || second.Now < first.Now {
		t.Fatalf("version %d, then %d; time %d, then %d", first.Version, second.Version, first.Now, second.Now)
	}
	before, after := hers.Established-1, hers.Established
	if n, err := r.Revoke(ctx, []sessionstore.OwnerKey{anna}, before); err != nil || n != 0 {
		t.Fatalf("%d, %v", n, err)
	}
	if got := r.look(nil, place("hers")); got.NotBefore != before || got.Rows[0].State != sessionstore.Live {
		t.Fatalf("not before %d, state %d: the row's owner counts", got.NotBefore, got.Rows[0].State)
	}
	if got := r.look([]sessionstore.OwnerKey{anna, bert}, place("none")); got.NotBefore != before {
		t.Fatalf("not before %d: an owner that was asked for counts", got.NotBefore)
	}
	if got := r.look([]sessionstore.OwnerKey{bert}, place("his")); got.NotBefore != 0 {
		t.Fatalf("not before %d of another owner", got.NotBefore)
	}
	if n, err := r.Revoke(ctx, []sessionstore.OwnerKey{bert, anna}, after); err != nil || n < 1 {
		t.Fatalf("%d, %v", n, err)
	}
	r.state(place("hers"), sessionstore.Revoked)
	for _, key := range []sessionstore.RowKey{place("tomb"), place("none"), place("expired"), place("hers")} {
		if _, err := r.Get(ctx, key); !errors.Is(err, sessionstore.ErrNotFound) {
			t.Errorf("get %s: %v", key[:8], err)
		}
	}
}

// rows walks the rows after a key, limit of them at most.
func (r *raw) rows(after sessionstore.RowKey, limit int) iter.Seq[sessionstore.Row] {
	return func(yield func(sessionstore.Row) bool) {
		n := 0
		err := r.Walk(ctx, after, func(row sessionstore.Row) (bool, error) {
			row.Sealed = slices.Clone(row.Sealed)
			n++
			return yield(row) && n < limit, nil
		})
		if err != nil {
			r.Fatal(err)
		}
		if n > limit {
			r.Fatalf("the walk went on after it was told to stop")
		}
	}
}

func walk(t *testing.T, s *suite) {
	r := s.raw(t)
	want := map[sessionstore.RowKey]sessionstore.State{}
	for i := range 17 {
		row := live(fmt.Sprintf("%02d", i))
		switch i % 4 {
		case 1:
			row.State, row.Successor = sessionstore.Retired, place("00")
		case 2:
			row.State, row.Sealed = sessionstore.Revoked, nil
		}
		r.apply(row)
		want[row.Key] = row.State
	}
	got := map[sessionstore.RowKey]sessionstore.State{}
	after := sessionstore.RowKey{}
	for steps := 0; ; steps++ {
		n := 0
		for row := range r.rows(after, 3) {
			if _, twice := got[row.Key]; twice || steps > 20 {
				t.Fatalf("%s is walked twice", row.Key[:4])
			}
			got[row.Key] = row.State
			after = row.Key
			n++
		}
		if n == 0 {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("walked (-want +got):\n%s", diff)
	}
	stop := errors.New("stop")
	if err := r.Walk(ctx, sessionstore.RowKey{}, func(sessionstore.Row) (bool, error) { return true, stop }); !errors.Is(err, stop) {
		t.Fatalf("%v, want the walker's error", err)
	}
}

// counts reports whether the backend can count, and so hold a quota.
func (t *tester) counts() bool {
	t.Helper()
	u, err := t.Usage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return u.Known
}

func quotaOfRows(t *testing.T, s *suite) {
	st := s.with(t, func(ns *sessionstore.Namespace) { ns.Quota.Rows = 3 })
	if !st.counts() {
		t.Log("this backend cannot count and holds no quota")
		return
	}
	for _, id := range []string{"a", "b", "c"} {
		st.put(id, id)
	}
	_, _, err := st.Set(ctx, []byte("d"), sessionstore.Write{Value: []byte("d")})
	st.refused("one row too many", err, fault.Unavailable)
	if !errors.Is(err, sessionstore.ErrFull) {
		t.Fatalf("%v, want ErrFull", err)
	}
	_, err = st.Change(ctx, []byte("a"), []byte("d"), sessionstore.Write{}, time.Minute)
	st.refused("one row too many by a grace", err, fault.Unavailable)
	st.gone("d")
	st.reads("a", "a")
	st.put("a", "as many as before")
	st.touch("b")
	st.change("a", "d", sessionstore.Write{}, 0)
	st.reads("d", "as many as before")
	st.end("b")
	st.put("e", "e")
	if u, err := st.Usage(ctx); err != nil || u.Rows != 3 || u.Bytes <= 0 {
		t.Fatalf("%+v, %v", u, err)
	}
}

// A quota may be made smaller than what is there: ending sessions goes on.
func quotaMadeSmaller(t *testing.T, s *suite) {
	st := s.with(t)
	for _, id := range []string{"a", "b", "c", "d"} {
		st.set(id, sessionstore.Write{Value: []byte(id), Owner: "anna"})
	}
	ns := st.Namespace
	ns.Quota = sessionstore.Quota{Rows: 1, Bytes: 1}
	st.Store = StoreWith(t, s.backend, ns, st.keys)
	st.reads("a", "a")
	st.touch("a")
	st.end("a", "b")
	st.gone("a", "b")
	st.revoke("anna", st.reads("d", "d").Established, 2)
	st.gone("c", "d")
}

func quotaOfBytes(t *testing.T, s *suite) {
	st := s.with(t, func(ns *sessionstore.Namespace) { ns.Quota.Bytes = 10_000 })
	if !st.counts() {
		t.Log("this backend cannot count and holds no quota")
		return
	}
	large := sessionstore.Write{Value: make([]byte, 4000)}
	st.set("a", large)
	st.set("b", large)
	_, _, err := st.Set(ctx, []byte("c"), large)
	st.refused("more bytes than there may be", err, fault.Unavailable)
	_, _, err = st.Set(ctx, []byte("a"), sessionstore.Write{Value: make([]byte, 7000)})
	st.refused("a value that grows beyond", err, fault.Unavailable)
	st.reads("a", string(large.Value))
	st.put("a", "smaller")
	st.set("c", large)
	st.end("a", "b", "c")
	st.set("d", sessionstore.Write{Value: make([]byte, 9000)})
}

func drop(t *testing.T, s *suite) {
	st := s.with(t)
	st.set("a", sessionstore.Write{Value: []byte("a"), Owner: "anna"})
	m := st.set("b", sessionstore.Write{Value: []byte("b"), Owner: "bert"})
	st.revoke("bert", m.Established, 1)
	if err := st.Drop(ctx); err != nil {
		t.Fatal(err)
	}
	st.gone("a", "b")
	st.lists("anna")
	if u, err := st.Usage(ctx); err != nil || u.Known && (u.Rows != 0 || u.Bytes != 0) {
		t.Fatalf("%+v, %v", u, err)
	}
	_, _, err := st.Set(ctx, []byte("c"), sessionstore.Write{Value: []byte("late"), Owner: "bert", Established: m.Established})
	st.refused("a late write after a drop", err, fault.Conflict)
	if _, created, err := st.Set(ctx, []byte("a"), sessionstore.Write{Value: []byte("new"), Owner: "anna"}); err != nil || !created {
		t.Fatalf("after a drop: created %t, %v", created, err)
	}
	st.lists("anna", "new")
}

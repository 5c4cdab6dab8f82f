// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/seal"
)

// Model checks a backend whose clock can be moved against a model: acts at random on a
// few sessions, each compared with what the model says, and after each every session
// read. What the model does not know, such as when exactly a session began, it takes
// from the store's answers after it has compared them to within a minute.
func Model(t *testing.T, b sessionstore.Backend, clock Advancer) {
	k, runs := Keyring(t), 0
	s := &suite{backend: b}
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		ns := Namespace(fmt.Sprintf("%s-%d", s.name(t, ""), runs))
		ns.Defaults = sessionstore.Life{TTL: 2 * time.Hour}
		ns.MaxTTL, ns.MaxGrace = 5*time.Hour, time.Hour
		if rapid.Bool().Draw(rt, "capped") {
			ns.Defaults.MaxAge = 4 * time.Hour
		}
		if rapid.Bool().Draw(rt, "held") {
			ns.DeleteHold = time.Hour
		}
		m := &model{T: rt, st: StoreWith(t, b, ns, k), ns: ns, keys: k, clock: clock, now: sessionstore.InstantOf(time.Now()), rows: map[string]*session{}, epochs: map[string]sessionstore.Instant{}}
		m.look(b)
		acts := map[string]func(*rapid.T){"": func(*rapid.T) { m.check() }}
		for name, act := range map[string]func(){
			"set": m.set, "touch": m.touch, "delete": m.delete, "change": m.change, "revoke": m.revoke, "pass": m.pass, "rotate": m.rotate,
		} {
			acts[name] = func(rt *rapid.T) { m.T = rt; act() }
		}
		rt.Repeat(acts)
	})
}

type session struct {
	state sessionstore.State
	value string
	owner string
	meta  sessionstore.Meta
	ttl   time.Duration
	next  string // of a retired one
}

type model struct {
	*rapid.T
	st     *sessionstore.Store
	ns     sessionstore.Namespace
	space  sessionstore.Space
	keys   *seal.Keyring
	clock  Advancer
	now    sessionstore.Instant
	rows   map[string]*session
	epochs map[string]sessionstore.Instant
	index  int // rotations of index keys
	writes int
}

// look takes the time from the backend.
func (m *model) look(b sessionstore.Backend) {
	space, err := b.Space(ctx, m.ns.Name, m.ns.Quota)
	if err != nil {
		m.Fatal(err)
	}
	m.space = space
	m.tell()
}

func (m *model) tell() {
	err := m.space.Apply(ctx, sessionstore.Change{Keys: []sessionstore.RowKey{{1}}, Exact: true, Next: func(v sessionstore.View) ([]sessionstore.Row, error) {
		m.now = v.Now
		return nil, nil
	}})
	if err != nil {
		m.Fatal(err)
	}
}

// see returns what a session is now: nil if there is none.
func (m *model) see(id string) *session {
	s := m.rows[id]
	if s == nil || s.meta.Expires != 0 && s.meta.Expires <= m.now {
		return nil
	}
	if s.state != sessionstore.Revoked && s.owner != "" && s.meta.Established <= m.epochs[s.owner] {
		return &session{state: sessionstore.Revoked, meta: s.meta}
	}
	return s
}

func (m *model) readable(id string) *session {
	s := m.see(id)
	if s == nil || s.state == sessionstore.Revoked {
		return nil
	}
	if s.state == sessionstore.Retired {
		if next := m.readable(s.next); next == nil || next.meta.Established != s.meta.Established {
			return nil
		}
	}
	return s
}

func (m *model) id(label string) string {
	return rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(m.T, label)
}

func (m *model) owner() string {
	return rapid.SampledFrom([]string{"", "", "anna", "bert"}).Draw(m.T, "owner")
}

// same compares to within a minute, and takes the store's word for the rest.
func (m *model) same(what string, got sessionstore.Instant, want *sessionstore.Instant) {
	m.Helper()
	const minute = sessionstore.Instant(time.Minute / time.Microsecond)
	if got < *want-minute || got > *want+minute || (got == 0) != (*want == 0) {
		m.Fatalf("%s at %s, want %s", what, got.Time(), want.Time())
	}
	*want = got
}

func (m *model) took(got sessionstore.Meta, want *session) {
	m.Helper()
	m.same("began", got.Established, &want.meta.Established)
	m.same("expires", got.Expires, &want.meta.Expires)
	m.same("cap", got.Cap, &want.meta.Cap)
	if got.Absolute != want.meta.Absolute {
		m.Fatalf("absolute: %t", got.Absolute)
	}
	want.meta.Version = got.Version
}

func (m *model) refused(err error, want fault.Kind) {
	m.Helper()
	if err == nil || fault.From(err).Kind != want {
		m.Fatalf("%v; want a fault of kind %d", err, want)
	}
}

// write draws a write and says what it makes of old, or the kind of its refusal.
func (m *model) write(old *session) (w sessionstore.Write, next *session, refusal fault.Kind) {
	m.writes++
	w = sessionstore.Write{Owner: m.owner(), Value: fmt.Append(nil, "value ", m.writes)}
	if hours := rapid.IntRange(0, 7).Draw(m.T, "ttl"); hours > 1 {
		w.TTL = time.Duration(hours) * time.Hour
	}
	if rapid.IntRange(0, 3).Draw(m.T, "says absolute") == 0 {
		v := rapid.Bool().Draw(m.T, "absolute")
		w.Absolute = &v
	}
	if ago := rapid.IntRange(0, 4).Draw(m.T, "began hours ago"); ago > 2 {
		w.Established = m.now - sessionstore.Instant(time.Duration(ago)*time.Hour/time.Microsecond)
	}
	switch rapid.IntRange(0, 5).Draw(m.T, "match") {
	case 0:
		w.Match = &sessionstore.Match{Any: true, None: true}
	case 1:
		w.Match = &sessionstore.Match{Version: 1}
		if old != nil {
			w.Match.Version = old.meta.Version
		}
	}
	if old != nil && old.state != sessionstore.Live {
		return w, nil, fault.Conflict
	}
	if w.Match != nil && w.Match.None == (old != nil) {
		return w, nil, fault.Stale
	}
	next = &session{state: sessionstore.Live, value: string(w.Value), owner: w.Owner}
	next.meta.Established, next.meta.Absolute = m.now, false
	switch {
	case old != nil:
		next.meta, next.ttl = old.meta, old.ttl
		if w.Owner == "" {
			next.owner = old.owner
		}
	case w.Established != 0:
		next.meta.Established = w.Established
	}
	if old == nil && m.ns.Defaults.MaxAge > 0 {
		next.meta.Cap = next.meta.Established.After(m.ns.Defaults.MaxAge)
	}
	if next.owner != "" && next.meta.Established <= m.epochs[next.owner] {
		return w, nil, fault.Conflict
	}
	if w.Absolute != nil {
		next.meta.Absolute = *w.Absolute
	}
	if old == nil || !next.meta.Absolute || w.TTL > 0 {
		next.ttl = m.ns.Defaults.TTL
		if w.TTL > 0 {
			next.ttl = min(w.TTL, m.ns.MaxTTL)
		}
		m.renew(next)
	}
	if next.meta.Expires <= m.now {
		return w, nil, fault.Invalid
	}
	return w, next, 0
}

func (m *model) renew(s *session) {
	s.meta.Expires = m.now.After(s.ttl)
	if s.meta.Cap != 0 {
		s.meta.Expires = min(s.meta.Expires, s.meta.Cap)
	}
}

func (m *model) set() {
	id := m.id("id")
	old := m.see(id)
	w, next, refusal := m.write(old)
	meta, created, err := m.st.Set(ctx, []byte(id), w)
	if next == nil {
		m.refused(err, refusal)
		return
	}
	if err != nil || created != (old == nil) {
		m.Fatalf("set %s: created %t, %v", id, created, err)
	}
	m.took(meta, next)
	m.rows[id] = next
}

func (m *model) touch() {
	id := m.id("id")
	old := m.see(id)
	meta, err := m.st.Touch(ctx, []byte(id), nil)
	switch {
	case old == nil:
		m.refused(err, fault.NotFound)
	case old.state != sessionstore.Live:
		m.refused(err, fault.Conflict)
	case err != nil:
		m.Fatal(err)
	default:
		if !old.meta.Absolute {
			m.renew(old)
		}
		m.took(meta, old)
	}
}

func (m *model) delete() {
	id := m.id("id")
	old := m.see(id)
	if err := m.st.Delete(ctx, []byte(id), nil); err != nil {
		m.Fatal(err)
	}
	if old == nil || old.state == sessionstore.Revoked {
		return
	}
	delete(m.rows, id)
	if m.ns.DeleteHold > 0 {
		tomb := &session{state: sessionstore.Revoked}
		tomb.meta.Expires = m.now.After(m.ns.DeleteHold)
		m.rows[id] = tomb
	}
}

func (m *model) change() {
	from, to := m.id("from"), m.id("to")
	grace := time.Duration(rapid.IntRange(0, 2).Draw(m.T, "grace")) * 40 * time.Minute
	old, taken := m.see(from), m.see(to)
	w, next, refusal := m.write(old)
	switch {
	case from == to:
		next, refusal = nil, fault.Invalid
	case old == nil:
		next, refusal = nil, fault.NotFound
	case taken != nil:
		next, refusal = nil, fault.Conflict
	}
	if rapid.Bool().Draw(m.T, "keeps the value") {
		w.Value = nil
		if next != nil {
			next.value = old.value
		}
	}
	meta, err := m.st.Change(ctx, []byte(from), []byte(to), w, grace)
	if next == nil {
		m.refused(err, refusal)
		return
	}
	if err != nil {
		m.Fatalf("change %s to %s: %v", from, to, err)
	}
	m.took(meta, next)
	m.rows[to] = next
	delete(m.rows, from)
	if grace > 0 {
		retired := *old
		retired.state, retired.next, retired.meta.Retired = sessionstore.Retired, to, true
		retired.meta.Expires = min(old.meta.Expires, m.now.After(min(grace, m.ns.MaxGrace)))
		m.rows[from] = &retired
	}
}

func (m *model) revoke() {
	owner := rapid.SampledFrom([]string{"anna", "bert"}).Draw(m.T, "owner")
	at := m.now - sessionstore.Instant(time.Duration(rapid.IntRange(0, 3).Draw(m.T, "hours ago"))*time.Hour/time.Microsecond)
	var want int64
	for id := range m.rows {
		if s := m.see(id); s != nil && s.state == sessionstore.Live && s.owner == owner && s.meta.Established <= at {
			want++
		}
	}
	n, err := m.st.Revoke(ctx, owner, at)
	if err != nil || n != want {
		m.Fatalf("%d ended, %v; want %d", n, err, want)
	}
	m.epochs[owner] = max(m.epochs[owner], at)
	m.clock.Advance(time.Second) // what begins now begins later
	m.tell()
}

// pass lets so much time pass that nothing ends within minutes of an act: all lives
// are whole hours, or forty minutes.
func (m *model) pass() {
	m.clock.Advance(time.Duration(rapid.SampledFrom([]int{11, 33, 55, 73, 131, 191}).Draw(m.T, "minutes")) * time.Minute)
	m.tell()
}

func (m *model) rotate() {
	kind := rapid.SampledFrom([]seal.Kind{seal.Data, seal.Data, seal.Index}).Draw(m.T, "kind")
	if kind == seal.Index {
		if m.index++; m.index > 2 {
			return
		}
		// A retired session does not find a successor that is brought over.
		m.clock.Advance(m.ns.MaxGrace + time.Minute)
		m.tell()
	}
	if _, err := m.keys.Rotate(m.ns.Name, kind); err != nil {
		m.Fatal(err)
	}
	if _, end, _, err := m.st.Reseal(ctx, sessionstore.RowKey{}, 1000); err != nil || !end {
		m.Fatalf("end %t, %v", end, err)
	}
	for _, ns := range m.keys.Status().Namespaces {
		for _, key := range ns.Keys {
			if ns.Name == m.ns.Name && key.Kind == seal.Data && key.State == seal.Old {
				if err := m.keys.Retire(ns.Name, key.ID); err != nil {
					m.Fatal(err)
				}
			}
		}
	}
}

// check reads every session, and the lists of the owners.
func (m *model) check() {
	owned := map[string]int{}
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		want := m.readable(id)
		got, err := m.st.Get(ctx, []byte(id))
		if want == nil {
			if !errors.Is(err, sessionstore.ErrNotFound) {
				m.Fatalf("%s: %v; there is none", id, err)
			}
			continue
		}
		if err != nil {
			m.Fatalf("%s: %v", id, err)
		}
		m.same("expires", got.Expires, &want.meta.Expires)
		got.Handle = want.meta.Handle // a change of keys changes it
		if got.Meta != want.meta || string(got.Value) != want.value || got.Owner != want.owner {
			m.Fatalf("%s: %+v %q of %q, want %+v %q of %q", id, got.Meta, got.Value, got.Owner, want.meta, want.value, want.owner)
		}
		if want.state == sessionstore.Live {
			owned[want.owner]++
		}
	}
	for _, owner := range []string{"anna", "bert"} {
		list, err := m.st.Owned(ctx, owner, sessionstore.RowKey{}, 100)
		if err != nil || len(list) != owned[owner] {
			m.Fatalf("%d sessions of %s, %v; want %d", len(list), owner, err, owned[owner])
		}
	}
}

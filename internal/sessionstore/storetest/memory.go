// SPDX-License-Identifier: Apache-2.0

// Package storetest supports tests of session storage: a backend in memory that is
// plainly right ([Memory]), the suite that every backend must pass ([Conform]), and
// stores with real keys ([Store]).
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
)

// Memory is a backend that is a map under a lock. Its clock is the real one and what
// Advance added.
type Memory struct {
	mu      sync.Mutex
	offset  time.Duration
	version uint64
	broken  error
	spaces  map[string]*space
}

// NewMemory returns an empty backend.
func NewMemory() *Memory { return &Memory{spaces: map[string]*space{}} }

// Advance moves the backend's clock on.
func (m *Memory) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.offset += d
}

// Now is the backend's time.
func (m *Memory) Now() sessionstore.Instant {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now()
}

func (m *Memory) now() sessionstore.Instant {
	return sessionstore.InstantOf(time.Now().Add(m.offset))
}

// Break makes every act fail with err from now on; nil mends it.
func (m *Memory) Break(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
}

// Space returns a namespace's rows.
func (m *Memory) Space(_ context.Context, name string, q sessionstore.Quota) (sessionstore.Space, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return nil, m.broken
	}
	s := m.spaces[name]
	if s == nil {
		s = &space{m: m, rows: map[sessionstore.RowKey]sessionstore.Row{}, epochs: map[sessionstore.OwnerKey]sessionstore.Instant{}}
		m.spaces[name] = s
	}
	s.quota = q
	return s, nil
}

// Probe fails while the backend is broken.
func (m *Memory) Probe(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.broken
}

// Guarantees says that nothing stays.
func (m *Memory) Guarantees() []string { return []string{"in memory: gone with the process"} }

// Close does nothing.
func (m *Memory) Close() error { return nil }

type space struct {
	m      *Memory
	quota  sessionstore.Quota
	rows   map[sessionstore.RowKey]sessionstore.Row
	epochs map[sessionstore.OwnerKey]sessionstore.Instant
}

// enter locks the backend; the caller unlocks it unless there is an error.
func (s *space) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.m.mu.Lock()
	if s.m.broken != nil {
		defer s.m.mu.Unlock()
		return s.m.broken
	}
	return nil
}

// seen returns a row as it is now.
func (s *space) seen(key sessionstore.RowKey, now sessionstore.Instant) sessionstore.Row {
	r, there := s.rows[key]
	if !there || r.Expired(now) {
		return sessionstore.Row{Key: key}
	}
	if r.State != sessionstore.Revoked && r.Owner != (sessionstore.OwnerKey{}) && r.Established <= s.epochs[r.Owner] {
		r.State, r.Sealed = sessionstore.Revoked, nil
	}
	return r
}

// readable returns the row that a read of key gets.
func (s *space) readable(key sessionstore.RowKey, now sessionstore.Instant) (sessionstore.Row, bool) {
	r := s.seen(key, now)
	last := r
	for last.State == sessionstore.Retired {
		last = s.seen(last.Successor, now)
	}
	return r, last.State == sessionstore.Live && last.Established == r.Established
}

// Get is sessionstore.Space.Get.
func (s *space) Get(ctx context.Context, key sessionstore.RowKey) (sessionstore.Row, error) {
	if err := s.enter(ctx); err != nil {
		return sessionstore.Row{}, err
	}
	defer s.m.mu.Unlock()
	r, ok := s.readable(key, s.m.now())
	if !ok {
		return sessionstore.Row{}, sessionstore.ErrNotFound
	}
	r.Sealed = slices.Clone(r.Sealed)
	return r, nil
}

// Apply is sessionstore.Space.Apply.
func (s *space) Apply(ctx context.Context, c sessionstore.Change) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.m.mu.Unlock()
	if len(c.Keys) > 8 {
		return errors.New("storetest: a change has more than 8 keys")
	}
	s.m.version++
	v := sessionstore.View{Now: s.m.now(), Version: s.m.version}
	for _, o := range c.Owners {
		v.NotBefore = max(v.NotBefore, s.epochs[o])
	}
	for _, key := range c.Keys {
		r := s.seen(key, v.Now)
		if r.State != sessionstore.Absent && r.Owner != (sessionstore.OwnerKey{}) {
			v.NotBefore = max(v.NotBefore, s.epochs[r.Owner])
		}
		r.Sealed = slices.Clone(r.Sealed)
		v.Rows = append(v.Rows, r)
	}
	rows, err := c.Next(v)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if !slices.Contains(c.Keys, r.Key) {
			return errors.New("storetest: a change writes a row that it did not name")
		}
	}
	return s.put(rows, v.Now)
}

// put writes all rows, or none if the quota would be exceeded by more than before.
func (s *space) put(rows []sessionstore.Row, now sessionstore.Instant) error {
	if s.quota == (sessionstore.Quota{}) {
		s.write(rows)
		return nil
	}
	for key, r := range s.rows {
		if r.Expired(now) {
			delete(s.rows, key)
		}
	}
	before := s.usage()
	was := map[sessionstore.RowKey]sessionstore.Row{}
	for _, r := range rows {
		if old, there := s.rows[r.Key]; there {
			was[r.Key] = old
		}
	}
	s.write(rows)
	after := s.usage()
	over := func(limit, before, after int64) bool { return limit > 0 && after > limit && after > before }
	if !over(s.quota.Rows, before.Rows, after.Rows) && !over(s.quota.Bytes, before.Bytes, after.Bytes) {
		return nil
	}
	for _, r := range rows {
		delete(s.rows, r.Key)
	}
	for key, r := range was {
		s.rows[key] = r
	}
	return sessionstore.ErrFull
}

func (s *space) write(rows []sessionstore.Row) {
	for _, r := range rows {
		if r.State == sessionstore.Absent {
			delete(s.rows, r.Key)
			continue
		}
		r.Sealed = slices.Clone(r.Sealed)
		s.rows[r.Key] = r
	}
}

func (s *space) usage() sessionstore.Usage {
	u := sessionstore.Usage{Known: true}
	for _, r := range s.rows {
		u.Rows++
		u.Bytes += r.Size()
	}
	return u
}

// sorted returns the rows after a key as they are now, in order of their keys.
func (s *space) sorted(after sessionstore.RowKey, now sessionstore.Instant) []sessionstore.Row {
	var all []sessionstore.Row
	for key := range s.rows {
		if r := s.seen(key, now); r.State != sessionstore.Absent && compare(key, after) > 0 {
			r.Sealed = slices.Clone(r.Sealed)
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b sessionstore.Row) int { return compare(a.Key, b.Key) })
	return all
}

func compare(a, b sessionstore.RowKey) int { return slices.Compare(a[:], b[:]) }

// Owned is sessionstore.Space.Owned.
func (s *space) Owned(ctx context.Context, owner sessionstore.OwnerKey, after sessionstore.RowKey, limit int) ([]sessionstore.Row, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.m.mu.Unlock()
	var all []sessionstore.Row
	for _, r := range s.sorted(after, s.m.now()) {
		if r.State == sessionstore.Live && r.Owner == owner && len(all) < limit {
			all = append(all, r)
		}
	}
	return all, nil
}

// Revoke is sessionstore.Space.Revoke.
func (s *space) Revoke(ctx context.Context, owners []sessionstore.OwnerKey, notBefore sessionstore.Instant) (n int64, err error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.m.mu.Unlock()
	now := s.m.now()
	for _, owner := range owners {
		if owner == (sessionstore.OwnerKey{}) {
			return n, fmt.Errorf("storetest: no owner cannot be revoked")
		}
		for _, r := range s.sorted(sessionstore.RowKey{}, now) {
			if r.State == sessionstore.Live && r.Owner == owner && r.Established <= notBefore {
				n++
			}
		}
		s.epochs[owner] = max(s.epochs[owner], notBefore)
	}
	return n, nil
}

// Walk is sessionstore.Space.Walk.
func (s *space) Walk(ctx context.Context, after sessionstore.RowKey, f func(sessionstore.Row) (bool, error)) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	all := s.sorted(after, s.m.now())
	s.m.mu.Unlock()
	for _, r := range all {
		if on, err := f(r); err != nil || !on {
			return err
		}
	}
	return nil
}

// Usage is sessionstore.Space.Usage.
func (s *space) Usage(ctx context.Context) (sessionstore.Usage, error) {
	if err := s.enter(ctx); err != nil {
		return sessionstore.Usage{}, err
	}
	defer s.m.mu.Unlock()
	return s.usage(), nil
}

// Drop is sessionstore.Space.Drop.
func (s *space) Drop(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.m.mu.Unlock()
	clear(s.rows)
	return nil
}

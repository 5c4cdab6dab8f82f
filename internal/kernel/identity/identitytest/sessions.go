// SPDX-License-Identifier: Apache-2.0

// Package identitytest keeps sessions in memory, for tests of the kernel. What
// keeps them in earnest is package sessionstore.
package identitytest

import (
	"context"
	"strconv"
	"sync"
	"time"

	"portreeve.org/portreeve/internal/kernel/identity"
)

// Sessions is an identity.SessionStore in memory. Away makes every method fail.
type Sessions struct {
	Now  func() time.Time
	Away error

	mu     sync.Mutex
	rows   map[string]*row
	before map[string]time.Time // by owner: what began by then is over
}

type row struct {
	owner    string
	value    []byte
	lifetime identity.Lifetime
	expires  time.Time
	handle   string
}

// New returns an empty store that follows a clock.
func New(now func() time.Time) *Sessions {
	return &Sessions{Now: now, rows: map[string]*row{}, before: map[string]time.Time{}}
}

func (s *Sessions) live(r *row) bool {
	return s.Now().Before(r.expires) && r.lifetime.Begun.After(s.before[r.owner])
}

func (s *Sessions) renew(r *row) {
	r.expires = s.Now().Add(r.lifetime.Idle)
	if end := r.lifetime.Begun.Add(r.lifetime.Most); end.Before(r.expires) {
		r.expires = end
	}
}

func (r *row) kept() identity.Kept {
	return identity.Kept{Handle: r.handle, Value: r.value, Expires: r.expires}
}

// Get is part of identity.SessionStore.
func (s *Sessions) Get(_ context.Context, key string) (identity.Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rows[key]
	switch {
	case s.Away != nil:
		return identity.Kept{}, s.Away
	case r == nil || !s.live(r):
		return identity.Kept{}, identity.ErrNoSession
	}
	return r.kept(), nil
}

// Put is part of identity.SessionStore.
func (s *Sessions) Put(_ context.Context, key, owner string, value []byte, l identity.Lifetime) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Away != nil {
		return s.Away
	}
	r := &row{owner: owner, value: value, lifetime: l, handle: strconv.Itoa(len(s.rows))}
	s.renew(r)
	s.rows[key] = r
	return nil
}

// Touch is part of identity.SessionStore.
func (s *Sessions) Touch(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rows[key]
	switch {
	case s.Away != nil:
		return s.Away
	case r == nil || !s.live(r):
		return identity.ErrNoSession
	}
	s.renew(r)
	return nil
}

// Owned is part of identity.SessionStore.
func (s *Sessions) Owned(_ context.Context, owner string) ([]identity.Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []identity.Kept
	for _, r := range s.rows {
		if r.owner == owner && s.live(r) {
			all = append(all, r.kept())
		}
	}
	return all, s.Away
}

// Delete is part of identity.SessionStore.
func (s *Sessions) Delete(_ context.Context, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.rows[key]; r != nil {
		r.expires = time.Time{}
	}
	return s.Away
}

// End is part of identity.SessionStore.
func (s *Sessions) End(_ context.Context, owner, handle string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rows {
		if r.owner == owner && r.handle == handle {
			r.expires = time.Time{}
		}
	}
	return s.Away
}

// EndAll is part of identity.SessionStore.
func (s *Sessions) EndAll(_ context.Context, owner string, notBefore time.Time) (identity.Ended, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Away != nil {
		return identity.Ended{}, s.Away
	}
	var n int64
	for _, r := range s.rows {
		if r.owner == owner && s.live(r) && !r.lifetime.Begun.After(notBefore) {
			n++
		}
	}
	if notBefore.After(s.before[owner]) {
		s.before[owner] = notBefore
	}
	return identity.Ended{Sessions: n}, nil
}

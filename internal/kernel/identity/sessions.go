// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// ErrNoSession says that a session store has nothing under a key that may be read.
var ErrNoSession = errors.New("identity: no such session")

// Lifetime says how long a session store keeps a session.
type Lifetime struct {
	Begun time.Time
	Idle  time.Duration // after its last use
	Most  time.Duration // from its beginning, however much it is used
}

// Kept is what a session store keeps.
type Kept struct {
	Handle  string // names it to End
	Value   []byte
	Expires time.Time
}

// Ended is what a session store answers to EndAll.
type Ended struct {
	Sessions int64  `json:"sessions"`          // how many were live
	Receipt  string `json:"receipt,omitempty"` // signed by the store, if it signs
}

// SessionStore keeps sessions outside the database; package sessionstore is one. All
// methods may be called at once. Times are real.
type SessionStore interface {
	// Get returns what lies under a key, or ErrNoSession.
	Get(ctx context.Context, key string) (Kept, error)
	// Put keeps a new session of an owner.
	Put(ctx context.Context, key, owner string, value []byte, l Lifetime) error
	// Touch notes a use.
	Touch(ctx context.Context, key string) error
	// Owned returns the sessions of an owner that may be read.
	Owned(ctx context.Context, owner string) ([]Kept, error)
	// End ends one session of an owner by its handle.
	End(ctx context.Context, owner, handle string) error
	// EndAll ends every session of an owner that began at notBefore or earlier, and
	// refuses late writes of those.
	EndAll(ctx context.Context, owner string, notBefore time.Time) (Ended, error)
}

// record is a session as the store keeps it.
type record struct {
	ID      string    `json:"id"`
	Person  string    `json:"person"`
	Epoch   int64     `json:"epoch"`   // of the person when it was opened
	Methods []string  `json:"methods"` // how the person proved who they are
	Begun   time.Time `json:"begun"`
}

// space is where sessions lie: a store, and what its keys begin with.
type space struct {
	SessionStore
	prefix string
}

func (s space) key(cookie string) string   { return s.prefix + cookie }
func (s space) owner(person string) string { return "portreeve:" + s.prefix + person }

// load returns the session of a cookie.
func (s space) load(ctx context.Context, cookie string) (record, Kept, error) {
	if len(cookie) != secretLen {
		return record{}, Kept{}, ErrNoSession
	}
	kept, err := s.Get(ctx, s.key(cookie))
	if err != nil {
		return record{}, Kept{}, err
	}
	r, err := kept.record()
	return r, kept, err
}

func (k Kept) record() (r record, err error) {
	if err := json.Unmarshal(k.Value, &r); err != nil {
		return r, fmt.Errorf("read a session: %w", err)
	}
	return r, nil
}

// put keeps a session.
func (s space) put(ctx context.Context, cookie string, r record, idle, most time.Duration) error {
	value, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write a session: %w", err)
	}
	return s.Put(ctx, s.key(cookie), s.owner(r.Person), value, Lifetime{Begun: r.Begun, Idle: idle, Most: most})
}

// running returns where live sessions lie.
func (s *Service) running(ctx context.Context) (space, error) {
	prefix, err := s.sessionPrefix(ctx)
	return space{s.sessions, prefix}, err
}

// past returns where it is kept whose a session was.
func (s *Service) past(ctx context.Context) (space, error) {
	prefix, err := s.sessionPrefix(ctx)
	return space{s.pastSessions, prefix}, err
}

// sessionPrefix returns the generation of this database, making one if need be.
func (s *Service) sessionPrefix(ctx context.Context) (string, error) {
	if p := s.prefix.Load(); p != nil {
		return *p, nil
	}
	var value string
	err := s.writer.Quiet(ctx, "making room for sessions is not a decision", func(tx *store.Tx) (err error) {
		value, err = sessionGeneration(ctx, tx)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("generation of the sessions: %w", err)
	}
	value += "."
	s.prefix.Store(&value)
	return value, nil
}

// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
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
	Handle  string // names it to End; only Owned tells it
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
	// Delete ends the session under a key. One that is not there is no error.
	Delete(ctx context.Context, key string) error
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
	Key     string    `json:"key"` // under which it lies: no other one's answer is this session
}

// errForeign says that what a store gave back was not written here. It is no session.
var errForeign = fmt.Errorf("%w: what lies there was not written by this office", ErrNoSession)

// space is where sessions lie: a store, and what its keys begin with. The store is
// another process, in whose memory, behind whose certificate, or on whose disk
// somebody else may be. So it is told a keyed hash of the cookie, and what it gives
// back counts only with the proof that it was written here, for this use.
type space struct {
	SessionStore
	prefix string
	use    string // inRunning or inPast
	secret []byte // of this office; no store has it
}

// What is kept for the one use proves nothing for the other.
const (
	inRunning = "running"
	inPast    = "past"
)

func (s space) key(cookie string) string {
	return s.prefix + base64.RawURLEncoding.EncodeToString(mac(s.secret, s.use+" key "+cookie))
}
func (s space) owner(person string) string { return "portreeve:" + s.prefix + person }

// load returns the session of a cookie.
func (s space) load(ctx context.Context, cookie string) (record, Kept, error) {
	if len(cookie) != secretLen {
		return record{}, Kept{}, ErrNoSession
	}
	key := s.key(cookie)
	kept, err := s.Get(ctx, key)
	if err != nil {
		return record{}, Kept{}, err
	}
	r, err := s.open(kept)
	if err == nil && r.Key != key {
		err = errForeign
	}
	return r, kept, err
}

// open reads what a store gave back, if it was written here for this use.
func (s space) open(k Kept) (r record, err error) {
	if len(k.Value) < sha256.Size {
		return r, errForeign
	}
	proof, text := k.Value[:sha256.Size], k.Value[sha256.Size:]
	if !hmac.Equal(proof, s.proof(text)) {
		return r, errForeign
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("read a session: %w", err)
	}
	return r, nil
}

// proof is what stands before a session's text.
func (s space) proof(text []byte) []byte { return mac(s.secret, s.use+" value "+string(text)) }

// put keeps a session.
func (s space) put(ctx context.Context, cookie string, r record, idle, most time.Duration) error {
	r.Key = s.key(cookie)
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write a session: %w", err)
	}
	return s.Put(ctx, r.Key, s.owner(r.Person), append(s.proof(text), text...), Lifetime{Begun: r.Begun, Idle: idle, Most: most})
}

// running returns where live sessions lie.
func (s *Service) running(ctx context.Context) (space, error) {
	prefix, err := s.sessionPrefix(ctx)
	return s.runningAt(prefix), err
}

// past returns where it is kept whose a session was.
func (s *Service) past(ctx context.Context) (space, error) {
	prefix, err := s.sessionPrefix(ctx)
	return space{s.pastSessions, prefix, inPast, s.keys.session}, err
}

// runningAt returns where live sessions of a generation lie.
func (s *Service) runningAt(prefix string) space {
	return space{s.sessions, prefix, inRunning, s.keys.session}
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

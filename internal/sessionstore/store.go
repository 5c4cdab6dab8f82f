// SPDX-License-Identifier: Apache-2.0

package sessionstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Store is the sessions of one namespace. It is safe for use by many goroutines.
type Store struct {
	Namespace
	space    Space
	ring     Ring
	observer Observer
	pressure func() Pressure
	limit    *rate.Limiter
	legacy   Legacy // nil = none
}

// NewStore returns the store of a namespace. observer and pressure may be nil.
func NewStore(ns Namespace, space Space, ring Ring, observer Observer, pressure func() Pressure) *Store {
	s := &Store{Namespace: ns, space: space, ring: ring, observer: observer, pressure: pressure}
	if ns.Rate > 0 {
		s.limit = rate.NewLimiter(rate.Limit(ns.Rate), max(ns.Burst, 1))
	}
	return s
}

// Meta is what is known of a session beside its value.
type Meta struct {
	Handle      RowKey // names the session to the administration; no id can be made of it
	Version     uint64
	Established Instant
	Expires     Instant // 0 = never
	Cap         Instant // 0 = none
	Absolute    bool
	Retired     bool // its id was changed; it is readable for a short grace
}

// Session is a session as it is read.
type Session struct {
	Meta
	Owner string // "" = none
	Value []byte
}

// Write is a session's next content.
type Write struct {
	Life
	Match       *Match
	Owner       string  // "" = as it was
	Established Instant // when the application began a new session; 0 = now
	Value       []byte
}

func metaOf(r *Row) Meta {
	return Meta{Handle: r.Key, Version: r.Version, Established: r.Established, Expires: r.Expires, Cap: r.Cap, Absolute: r.Absolute, Retired: r.State == Retired}
}

// Get returns a session. Its value is the caller's own. What may not be read is
// a NotFound fault whose cause is ErrNotFound.
func (s *Store) Get(ctx context.Context, id []byte) (Session, error) {
	session, _, err := s.GetInto(ctx, id, nil)
	return session, err
}

// GetInto is Get for a caller that uses its buffers again: what the row holds is
// put behind buf's bytes, and returned with them. The session's value lies in there.
func (s *Store) GetInto(ctx context.Context, id, buf []byte) (Session, []byte, error) {
	session, all, err := s.here(ctx, id, buf)
	if s.legacy != nil && errors.Is(err, ErrNotFound) {
		session, err = s.through(ctx, id)
	}
	return session, all, err
}

// here is GetInto of what this store holds itself.
func (s *Store) here(ctx context.Context, id, buf []byte) (Session, []byte, error) {
	row, err := s.find(ctx, id)
	if err != nil {
		return Session{}, buf, err
	}
	content, grown, err := s.openInto(buf, &row)
	if err != nil {
		return Session{}, buf, err
	}
	if !bytes.Equal(content.id, id) {
		return Session{}, buf, fmt.Errorf("namespace %s: a row holds another session than its key says", s.Name)
	}
	return Session{Meta: metaOf(&row), Owner: content.owner, Value: content.value}, grown, nil
}

// find returns the row that may be read, wherever it lies.
func (s *Store) find(ctx context.Context, id []byte) (Row, error) {
	row, err := s.space.Get(ctx, s.ring.RowKey(id))
	if !errors.Is(err, ErrNotFound) || len(s.ring.OlderRowKeys(id)) == 0 {
		return row, unfound(err)
	}
	// Between two looks a row may be brought to a place that was looked at already,
	// once as a rule; so a second round finds it.
	for range 2 {
		for _, key := range s.keys(id) {
			row, err = s.space.Get(ctx, key)
			if !errors.Is(err, ErrNotFound) {
				return row, err
			}
		}
	}
	return Row{}, notFound()
}

func unfound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return notFound()
	}
	return err
}

// Set writes a session and tells whether it made a new one.
func (s *Store) Set(ctx context.Context, id []byte, w Write) (m Meta, created bool, err error) {
	if err := s.admits(w); err != nil {
		return Meta{}, false, err
	}
	held, err := s.bring(ctx, id)
	if err != nil {
		return Meta{}, false, err
	}
	same := false
	keys := s.keys(id)
	err = s.space.Apply(ctx, Change{
		Keys: keys, Owners: s.owners(w.Owner), Exact: w.Match != nil,
		Next: func(v View) ([]Row, error) {
			at, old := present(v)
			created = old.State != Live
			if err := s.admitsNew(created); err != nil {
				return nil, err
			}
			next, err := s.rule(w).after(v, old)
			if err != nil {
				return nil, err
			}
			owner, was, err := s.before(old, w.Owner)
			if err != nil {
				return nil, err
			}
			same = was != nil && bytes.Equal(was, w.Value)
			// In the place where it lies: to move a session is Reseal's, so that a
			// retired one still finds its successor.
			next.Key = keys[at]
			if err := s.seal(&next, id, owner, w.Value); err != nil {
				return nil, err
			}
			m = metaOf(&next)
			return []Row{next}, nil
		},
	})
	if err != nil {
		return Meta{}, false, refusal(err)
	}
	if err := s.leave(ctx, id, held); err != nil {
		return Meta{}, false, err
	}
	s.observe(ctx, w, same)
	return m, created, nil
}

// Touch renews a session's time and returns what is known of it then.
func (s *Store) Touch(ctx context.Context, id []byte, match *Match) (m Meta, err error) {
	if _, err := s.bring(ctx, id); err != nil {
		return Meta{}, err
	}
	err = s.space.Apply(ctx, Change{Keys: s.keys(id), Exact: match != nil, Next: func(v View) ([]Row, error) {
		_, old := present(v)
		next, err := touched(v, old, match)
		if err != nil {
			return nil, err
		}
		m = metaOf(&next)
		if next.Expires == old.Expires {
			return nil, nil
		}
		return []Row{next}, nil
	}})
	return m, refusal(err)
}

// Delete ends a session. One that is not there is no error unless match asks for it.
func (s *Store) Delete(ctx context.Context, id []byte, match *Match) error {
	// There first: what is gone here and still there would be read from there.
	if err := s.endLegacy(ctx, id, match); err != nil {
		return err
	}
	keys := s.keys(id)
	err := s.space.Apply(ctx, Change{Keys: keys, Exact: match != nil, Ends: match == nil, Next: func(v View) ([]Row, error) {
		_, old := present(v)
		if !match.holds(old) {
			return nil, Precondition()
		}
		var rows []Row
		for i, key := range keys {
			switch v.Rows[i].State {
			case Live, Retired:
				rows = append(rows, Row{Key: key})
			}
		}
		if s.DeleteHold > 0 && len(rows) > 0 {
			rows[0] = tombstone(rows[0].Key, v.Now.After(s.DeleteHold))
		}
		return rows, nil
	}})
	return refusal(err)
}

// Change moves a session from one id to another, which must be free. If w.Value is
// nil the value stays; owner, life and precondition (on the old id) count as in Set.
// For the grace, at most MaxGrace, the old id still reads what it read before,
// while the new one lives; it takes no writes.
func (s *Store) Change(ctx context.Context, from, to []byte, w Write, grace time.Duration) (m Meta, err error) {
	if err := s.admits(w); err != nil {
		return Meta{}, err
	}
	if bytes.Equal(from, to) {
		return Meta{}, fault.New(fault.Invalid, "session.same_key", "The old and the new key are the same. Choose a new one.")
	}
	held, err := s.bring(ctx, from, to)
	if err != nil {
		return Meta{}, err
	}
	olds, target := s.keys(from), s.ring.RowKey(to)
	keys := append(append([]RowKey(nil), olds...), s.keys(to)...)
	err = s.space.Apply(ctx, Change{Keys: keys, Owners: s.owners(w.Owner), Exact: true, Next: func(v View) ([]Row, error) {
		there, here := v, v
		here.Rows, there.Rows = v.Rows[:len(olds)], v.Rows[len(olds):]
		_, old := present(here)
		if old.State == Absent {
			return nil, notFound()
		}
		if _, taken := present(there); taken.State != Absent {
			return nil, fault.New(fault.Conflict, "session.key_taken", "There is or was a session under the new key. Choose another one.")
		}
		next, err := s.rule(w).after(v, old)
		if err != nil {
			return nil, err
		}
		owner, value, err := s.before(old, w.Owner)
		if err != nil {
			return nil, err
		}
		if w.Value != nil {
			value = w.Value
		}
		next.Key = target
		if err := s.seal(&next, to, owner, value); err != nil {
			return nil, err
		}
		m = metaOf(&next)
		return []Row{next, retired(v, old, target, min(grace, s.MaxGrace))}, nil
	}})
	if err != nil {
		return Meta{}, refusal(err)
	}
	if err := s.leave(ctx, from, held); err != nil {
		return Meta{}, err
	}
	s.observe(ctx, w, false)
	return m, nil
}

func (s *Store) rule(w Write) write {
	r := write{life: w.Life, match: w.Match, established: w.Established, defaults: s.Defaults, maxTTL: s.MaxTTL}
	if w.Owner != "" {
		r.owner = s.ring.OwnerKeys(w.Owner)[0]
	}
	return r
}

// keys are where a session may lie, the current place first. They are those of one
// moment: a list that a promotion came into would lack the new place.
func (s *Store) keys(id []byte) []RowKey {
	for {
		current, older := s.ring.RowKey(id), s.ring.OlderRowKeys(id)
		if len(older) == 0 {
			return []RowKey{current}
		}
		if s.ring.RowKey(id) == current {
			return append([]RowKey{current}, older...)
		}
	}
}

func (s *Store) owners(owner string) []OwnerKey {
	if owner == "" {
		return nil
	}
	return s.ring.OwnerKeys(owner)
}

// present returns the row that counts of a session's possible places, and its index.
func present(v View) (int, *Row) {
	for i := range v.Rows {
		if v.Rows[i].State != Absent {
			return i, &v.Rows[i]
		}
	}
	return 0, &v.Rows[0]
}

// before returns what the next content keeps: the owner unless a new one is given,
// and the value if there was one.
func (s *Store) before(old *Row, owner string) (string, []byte, error) {
	if old.State != Live {
		return owner, nil, nil
	}
	content, err := s.open(old)
	if err != nil {
		return "", nil, err
	}
	if owner == "" {
		owner = content.owner
	}
	return owner, content.value, nil
}

// admits refuses writes that no view could make right.
func (s *Store) admits(w Write) error {
	if s.MaxValue > 0 && int64(len(w.Value)) > s.MaxValue {
		return TooLarge(s.MaxValue)
	}
	if len(w.Owner) > MaxOwner {
		return fault.New(fault.Invalid, "session.owner", "The owner's name is longer than %d bytes.", MaxOwner)
	}
	if s.limit != nil && !s.limit.Allow() {
		e := fault.New(fault.Limited, "session.rate", "This namespace takes no more than %g writes a second.", s.Rate)
		e.RetryAfter = time.Second
		return e
	}
	if s.Shed && s.level() >= Short {
		return shed()
	}
	return nil
}

func (s *Store) admitsNew(created bool) error {
	if created && s.level() >= Critical {
		return shed()
	}
	return nil
}

func (s *Store) level() Pressure {
	if s.pressure == nil {
		return Calm
	}
	return s.pressure()
}

func shed() error {
	e := fault.New(fault.Unavailable, "session.shed", "The store is short of room and takes no writes here for now. Sessions that are there can be read and ended.")
	e.RetryAfter = 10 * time.Second
	return e
}

func (s *Store) observe(ctx context.Context, w Write, same bool) {
	if s.observer != nil {
		s.observer.Wrote(ctx, Observation{Namespace: s.Name, Owner: w.Owner, Bytes: len(w.Value), Same: same})
	}
}

// refusal words what a backend says.
func refusal(err error) error {
	if !errors.Is(err, ErrFull) {
		return err
	}
	e := fault.New(fault.Unavailable, "session.full", "This namespace, or the disk, is full. Sessions that are there can be read and ended.").Because(err)
	e.RetryAfter = 10 * time.Second
	return e
}

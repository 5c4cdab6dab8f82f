// SPDX-License-Identifier: Apache-2.0

package sessionstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Legacy is another store that holds sessions under their ids, from which an
// application moves over while they are in use. All methods may be called at once.
type Legacy interface {
	// Find returns a session, or ErrNotFound.
	Find(ctx context.Context, id []byte) (LegacySession, error)
	// Remove ends a session there. One that is not there is no error.
	Remove(ctx context.Context, id []byte) error
	// Drop ends all.
	Drop(ctx context.Context) error
}

// LegacySession is a session as the other store has it.
type LegacySession struct {
	Value   []byte
	Written Instant // its last write; 0 = not known
	Expires Instant // 0 = never
}

// version is the same for each look at one content: a precondition on what was read
// through holds for what is brought over then.
func (l *LegacySession) version() uint64 {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(append([]byte(nil), l.Value...), uint64(l.Written)))
	return binary.BigEndian.Uint64(sum[:])>>1 | 1
}

// Follow lets the store answer for what another one holds, from then on and before it
// is used by others. A session is read from there until something is done to it: a
// write, touch, or change of id brings it over, a delete ends it in both. Writes that
// go to the other store behind this one's back are seen until then, and not after.
func (s *Store) Follow(l Legacy) { s.legacy = l }

// through reads a session of the other store without bringing it over. One that was
// ended here has ended, whatever lies there or was written there since.
func (s *Store) through(ctx context.Context, id []byte) (Session, error) {
	l, err := s.legacy.Find(ctx, id)
	if err != nil {
		return Session{}, unfound(err)
	}
	known := false
	err = s.space.Apply(ctx, Change{Keys: s.keys(id), Next: func(v View) ([]Row, error) {
		_, here := present(v)
		known = here.State != Absent
		return nil, nil
	}})
	if err != nil {
		return Session{}, err
	}
	if known { // or it was brought over between two looks
		session, _, err := s.here(ctx, id, nil)
		return session, err
	}
	m := Meta{Handle: s.ring.RowKey(id), Version: l.version(), Established: l.Written, Expires: l.Expires}
	return Session{Meta: m, Value: l.Value}, nil
}

// bring brings sessions over, and reports whether the first one is held there.
func (s *Store) bring(ctx context.Context, ids ...[]byte) (held bool, err error) {
	if s.legacy == nil {
		return false, nil
	}
	for i, id := range ids {
		there, _, err := s.Adopt(ctx, id)
		if err != nil {
			return false, err
		}
		held = held || i == 0 && there
	}
	return held, nil
}

// leave ends a session there that goes on here, or its end here would bring it back.
func (s *Store) leave(ctx context.Context, id []byte, held bool) error {
	if !held {
		return nil
	}
	if err := s.legacy.Remove(ctx, id); err != nil {
		return fmt.Errorf("namespace %s: remove a session that was brought over: %w", s.Name, err)
	}
	return nil
}

// endLegacy prepares a delete. One with a precondition is decided on here, on what was
// brought over.
func (s *Store) endLegacy(ctx context.Context, id []byte, match *Match) error {
	if s.legacy == nil {
		return nil
	}
	held := true // also what another place has written and nobody here can see yet
	if match != nil {
		var err error
		if held, err = s.bring(ctx, id); err != nil {
			return err
		}
	}
	return s.leave(ctx, id, held)
}

// Adopt brings a session over, as it is and with the time that it has left, unless
// this store has one under its id. It reports whether the other store holds it, and
// whether it was brought over now. It stays there as well, for who still reads there.
func (s *Store) Adopt(ctx context.Context, id []byte) (held, adopted bool, err error) {
	l, err := s.legacy.Find(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return false, false, nil
	}
	if err != nil {
		return false, false, fmt.Errorf("namespace %s: %w", s.Name, err)
	}
	keys, version := s.keys(id), l.version()
	err = s.space.Apply(ctx, Change{Keys: keys, Exact: true, Next: func(v View) ([]Row, error) {
		adopted = false
		if _, old := present(v); old.State != Absent {
			return nil, nil
		}
		next, ok, err := s.taken(v, keys[0], &l)
		if !ok || err != nil {
			return nil, err
		}
		if err := s.seal(&next, id, "", l.Value); err != nil {
			return nil, err
		}
		adopted = true
		return []Row{next}, nil
	}})
	if err != nil || !adopted {
		return true, false, refusal(err)
	}
	// If it was ended there meanwhile, it was here before this one came.
	if _, err := s.legacy.Find(ctx, id); !errors.Is(err, ErrNotFound) {
		return true, true, err
	}
	err = s.space.Apply(ctx, Change{Keys: keys[:1], Exact: true, Next: func(v View) ([]Row, error) {
		if v.Rows[0].State != Live || v.Rows[0].Version != version {
			return nil, nil
		}
		return []Row{{Key: keys[0]}}, nil
	}})
	return false, false, refusal(err)
}

// taken returns the row that a session of the other store becomes, if it may live here.
func (s *Store) taken(v View, key RowKey, l *LegacySession) (Row, bool, error) {
	w := write{established: l.Written, defaults: s.Defaults, maxTTL: s.MaxTTL}
	next, err := w.after(v, &Row{Key: key})
	if err != nil && fault.From(err).Code == "session.over" {
		return Row{}, false, nil // by this namespace's longest age
	}
	if err != nil {
		return Row{}, false, err
	}
	// As long as it has there, if this namespace lets anything live so long.
	next.Version, next.Expires = l.version(), l.Expires
	longest := next.Cap
	if most := v.Now.After(s.MaxTTL); s.MaxTTL > 0 && (longest == 0 || most < longest) {
		longest = most
	}
	if longest != 0 && (next.Expires == 0 || next.Expires > longest) {
		next.Expires = longest
	}
	return next, !next.Expired(v.Now), nil
}

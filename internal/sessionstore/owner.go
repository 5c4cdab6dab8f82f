// SPDX-License-Identifier: Apache-2.0

package sessionstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Owned returns up to limit sessions of an owner after the given handle (zero
// begins), in order of their handles. It merges what lies under the owner's keys: a
// list that went through one key after the other could not go on from a handle.
func (s *Store) Owned(ctx context.Context, owner string, after RowKey, limit int) ([]Session, error) {
	var rows []Row
	for _, key := range s.ring.OwnerKeys(owner) {
		some, err := s.space.Owned(ctx, key, after, limit)
		if err != nil {
			return nil, fmt.Errorf("sessions of an owner: %w", err)
		}
		rows = append(rows, some...)
	}
	slices.SortFunc(rows, func(a, b Row) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	var all []Session
	for _, r := range rows[:min(limit, len(rows))] {
		c, err := s.open(&r)
		if err != nil {
			return nil, err
		}
		all = append(all, Session{Meta: metaOf(&r), Owner: c.owner, Value: c.value})
	}
	return all, nil
}

// OwnerKey names an owner to whom must not know the name: receipts, the audit log.
func (s *Store) OwnerKey(owner string) OwnerKey { return s.ring.OwnerKeys(owner)[0] }

// Now returns the time by which the namespace's sessions begin and end. It never goes
// back: after the clock was set back it lies ahead of it, and so do the beginnings of
// the sessions that Revoke is to end.
func (s *Store) Now(ctx context.Context) (now Instant, err error) {
	err = s.space.Apply(ctx, Change{Next: func(v View) ([]Row, error) {
		now = v.Now
		return nil, nil
	}})
	if err != nil {
		return 0, fmt.Errorf("time of namespace %s: %w", s.Name, err)
	}
	return now, nil
}

// Revoke ends every session of an owner that began at notBefore or earlier, also
// against writes that are under way, and returns how many were live.
func (s *Store) Revoke(ctx context.Context, owner string, notBefore Instant) (int64, error) {
	n, err := s.space.Revoke(ctx, s.ring.OwnerKeys(owner), notBefore)
	if err != nil {
		return 0, fmt.Errorf("revoke in namespace %s: %w", s.Name, err)
	}
	return n, nil
}

// keepTombstone is how long a session that was ended for its owner refuses late
// writes if its own time has no end.
const keepTombstone = 24 * time.Hour

// End ends one session of an owner by its handle, also against late writes, and
// reports whether it was there.
func (s *Store) End(ctx context.Context, owner string, handle RowKey) (ended bool, err error) {
	owners := s.ring.OwnerKeys(owner)
	err = s.space.Apply(ctx, Change{Keys: []RowKey{handle}, Next: func(v View) ([]Row, error) {
		r := v.Rows[0]
		ended = (r.State == Live || r.State == Retired) && slices.Contains(owners, r.Owner)
		if !ended {
			return nil, nil
		}
		until := r.Expires
		if until == 0 {
			until = v.Now.After(keepTombstone)
		}
		return []Row{tombstone(handle, until)}, nil
	}})
	return ended, refusal(err)
}

// Usage tells what the namespace holds.
func (s *Store) Usage(ctx context.Context) (Usage, error) { return s.space.Usage(ctx) }

// Drop removes every session of the namespace, also of the store that it follows.
func (s *Store) Drop(ctx context.Context) error {
	if s.legacy != nil {
		if err := s.legacy.Drop(ctx); err != nil {
			return fmt.Errorf("namespace %s: %w", s.Name, err)
		}
	}
	return s.space.Drop(ctx)
}

// Reseal looks at up to limit rows after the given key and brings those that need it
// under the current keys of the namespace. It returns where to go on, whether that was
// the end, and how many rows it brought over. A row that does not open is left alone;
// the error says so, and the pass can go on from last all the same.
//
// After a rotation of index keys a pass begins no sooner than the longest grace has
// passed since the promotion: a retired row does not find a successor that was moved.
func (s *Store) Reseal(ctx context.Context, after RowKey, limit int) (last RowKey, end bool, moved int, err error) {
	var stale []Row
	seen, end, last := 0, true, after
	places := len(s.ring.OlderRowKeys(nil)) > 0 // rows may lie in an older place
	err = s.space.Walk(ctx, after, func(r Row) (bool, error) {
		last = r.Key
		if (r.State == Live || r.State == Retired) && (places || !s.ring.Current(&r, nil)) {
			stale = append(stale, r)
		}
		seen++
		end = seen < limit
		return end, nil
	})
	if err != nil {
		return after, false, 0, err
	}
	var unreadable error
	for _, r := range stale {
		c, err := s.open(&r)
		if err != nil {
			unreadable = errors.Join(unreadable, err)
			continue
		}
		if s.ring.Current(&r, c.id) {
			continue
		}
		ok, err := s.reseal(ctx, r, c.id)
		if err != nil {
			return after, false, moved, err
		}
		if ok {
			moved++
		}
	}
	return last, end, moved, unreadable
}

// reseal brings one row under the current keys, with what it holds by then: one that
// is written all the time would never be as it was walked, and lost with the old key.
func (s *Store) reseal(ctx context.Context, stale Row, id []byte) (bool, error) {
	target, moved := s.ring.RowKey(id), false
	keys := []RowKey{stale.Key}
	if target != stale.Key {
		keys = append(keys, target)
	}
	err := s.space.Apply(ctx, Change{Keys: keys, Exact: true, Next: func(v View) ([]Row, error) {
		moved = false
		now := v.Rows[0]
		if now.State != Live && now.State != Retired || s.ring.Current(&now, id) || len(keys) > 1 && v.Rows[1].State != Absent {
			return nil, nil
		}
		c, err := s.open(&now)
		if err != nil {
			return nil, err
		}
		now.Key = target
		if err := s.seal(&now, c.id, c.owner, c.value); err != nil {
			return nil, err
		}
		moved = true
		if len(keys) == 1 {
			return []Row{now}, nil
		}
		return []Row{now, {Key: stale.Key}}, nil
	}})
	return moved, err
}

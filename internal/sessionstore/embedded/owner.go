// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"portreeve.org/portreeve/internal/sessionstore"
)

// chunk is how many rows are looked at with one iterator: a long-lived one keeps
// files and tables from being given back.
const chunk = 256

// view calls f with the engine as it is on the disk at one moment. What f makes of
// the database it must close.
func (b *Backend) view(f func(*pebble.Snapshot) error) error {
	b.syncing.RLock()
	b.opened.RLock()
	defer b.opened.RUnlock()
	if b.engine == nil || b.engine.ended {
		b.syncing.RUnlock()
		return errAway()
	}
	snap := b.engine.db.NewSnapshot()
	b.syncing.RUnlock()
	return errors.Join(f(snap), snap.Close())
}

// scan calls f for the keys in [from, to), in order, until it returns false.
func scan(snap *pebble.Snapshot, from, to []byte, f func(key, value []byte) (bool, error)) error {
	it, err := snap.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return fmt.Errorf("embedded: read: %w", err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		on, err := f(it.Key(), it.Value())
		if err != nil {
			return errors.Join(err, it.Close())
		}
		if !on {
			break
		}
	}
	return it.Close()
}

// owned returns up to limit rows as they lie of an owner, after a key, and the last
// key that was looked at; the zero key says that there are no more.
func (s *space) owned(id ownerID, from sessionstore.RowKey, limit int) (rows []sessionstore.Row, last sessionstore.RowKey, err error) {
	prefix := ownerPrefix(id.space, id.owner)
	begin := prefix
	if from != (sessionstore.RowKey{}) {
		begin = after(ownerIndexKey(id.space, id.owner, from))
	}
	err = s.b.view(func(snap *pebble.Snapshot) error {
		n := 0
		return scan(snap, begin, after(prefix), func(key, _ []byte) (bool, error) {
			if n == limit {
				return false, nil
			}
			n++
			r := sessionstore.Row{Key: sessionstore.RowKey(key[len(prefix):])}
			if n == limit {
				last = r.Key
			}
			var k [rowKeySize]byte
			value, closer, err := snap.Get(appendRowKey(k[:0], s.id, &r.Key))
			if err != nil {
				return false, fmt.Errorf("embedded: a row that its owner's index names: %w", err)
			}
			_, err = decode(append([]byte(nil), value...), &r)
			rows = append(rows, r)
			return true, errors.Join(err, closer.Close())
		})
	})
	return rows, last, err
}

// Owned returns up to limit live rows of an owner.
func (s *space) Owned(ctx context.Context, owner sessionstore.OwnerKey, from sessionstore.RowKey, limit int) ([]sessionstore.Row, error) {
	id := ownerID{s.id, owner}
	var live []sessionstore.Row
	for len(live) < limit {
		rows, last, err := s.owned(id, from, chunk)
		if err != nil {
			return nil, err
		}
		now, e := s.b.clock.now(), s.b.epochs.get(id)
		for _, r := range rows {
			if r = shown(r.Key, r, e, now); r.State == sessionstore.Live && len(live) < limit {
				live = append(live, r)
			}
		}
		if from = last; from == (sessionstore.RowKey{}) {
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return live, nil
}

// Revoke ends every session of the owners that began at notBefore or earlier. That
// is one small write, whatever their number; counting them reads them.
func (s *space) Revoke(ctx context.Context, owners []sessionstore.OwnerKey, notBefore sessionstore.Instant) (int64, error) {
	if slices.Contains(owners, sessionstore.OwnerKey{}) {
		return 0, errors.New("embedded: sessions without an owner cannot be revoked together")
	}
	before := make([]epoch, len(owners))
	var now sessionstore.Instant
	err := s.b.do(ctx, &job{done: make(chan struct{}), act: func(x *batch) error {
		now = s.b.clock.now()
		for i, owner := range owners {
			id := ownerID{s.id, owner}
			if before[i] = x.epoch(id); notBefore > before[i].notBefore {
				x.revoke(id, epoch{notBefore: notBefore})
			}
		}
		return nil
	}})
	if err != nil {
		return 0, err
	}
	var n int64
	for i, owner := range owners {
		if notBefore <= before[i].notBefore {
			continue
		}
		m, err := s.ended(ctx, ownerID{s.id, owner}, before[i], epoch{notBefore: notBefore}, now)
		if n += m; err != nil {
			return n, err
		}
		s.b.mayClear(ownerID{s.id, owner})
	}
	return n, nil
}

// ended counts the rows that were live before a revocation and are not since. Since
// then nothing but the sweep changes them, and that waits for this.
func (s *space) ended(ctx context.Context, id ownerID, before, since epoch, now sessionstore.Instant) (n int64, err error) {
	for from := (sessionstore.RowKey{}); ; {
		rows, last, err := s.owned(id, from, chunk)
		if err != nil {
			return n, err
		}
		for i := range rows {
			if r := &rows[i]; r.State == sessionstore.Live && !r.Expired(now) && !before.ends(r) && since.ends(r) {
				n++
			}
		}
		if from = last; from == (sessionstore.RowKey{}) {
			return n, nil
		}
		if err := ctx.Err(); err != nil {
			return n, err
		}
	}
}

// Walk calls f for the namespace's rows after a key, in the order of keys. It holds
// nothing while f runs.
func (s *space) Walk(ctx context.Context, from sessionstore.RowKey, f func(sessionstore.Row) (bool, error)) error {
	for first := from == (sessionstore.RowKey{}); ; first = false {
		rows, err := s.some(from, first)
		if err != nil || len(rows) == 0 {
			return err
		}
		now := s.b.clock.now()
		for _, r := range rows {
			from = r.Key
			if r = shown(r.Key, r, s.b.epochs.get(ownerID{s.id, r.Owner}), now); r.State == sessionstore.Absent {
				continue
			}
			if on, err := f(r); err != nil || !on {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// some returns the next rows as they lie.
func (s *space) some(from sessionstore.RowKey, first bool) (rows []sessionstore.Row, err error) {
	begin := prefix(kindRow, s.id)
	end := after(begin)
	if !first {
		begin = after(appendRowKey(nil, s.id, &from))
	}
	err = s.b.view(func(snap *pebble.Snapshot) error {
		return scan(snap, begin, end, func(key, value []byte) (bool, error) {
			r := sessionstore.Row{Key: sessionstore.RowKey(key[5:])}
			_, err := decode(append([]byte(nil), value...), &r)
			rows = append(rows, r)
			return len(rows) < chunk, err
		})
	})
	return rows, err
}

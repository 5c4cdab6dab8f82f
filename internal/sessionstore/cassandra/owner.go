// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"context"
	"errors"
	"sync/atomic"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"portreeve.org/portreeve/internal/sessionstore"
)

// atOnce is how many rows of an owner are looked at at the same time.
const atOnce = 16

// Owned is sessionstore.Space.Owned.
func (s *space) Owned(ctx context.Context, owner sessionstore.OwnerKey, after sessionstore.RowKey, limit int) ([]sessionstore.Row, error) {
	epoch, err := s.epoch(ctx, owner)
	if err != nil {
		return nil, err
	}
	now := s.now()
	var all []sessionstore.Row
	err = s.eachOwned(ctx, owner, after, func(batch []*cells) (bool, error) {
		for _, c := range batch {
			r := ended(c.shown(now), epoch)
			if r.State == sessionstore.Live && r.Owner == owner && len(all) < limit {
				all = append(all, r)
			}
		}
		return len(all) < limit, nil
	})
	return all, err
}

// eachOwned calls f with the partitions of an owner's list in order of their keys,
// some at a time, until it returns false or an error.
func (s *space) eachOwned(ctx context.Context, owner sessionstore.OwnerKey, after sessionstore.RowKey, f func([]*cells) (bool, error)) error {
	list := s.link.query(s.cql.owned, owner[:], after[:]).Consistency(gocql.LocalQuorum).PageSize(1000).IterContext(ctx)
	for {
		var keys []sessionstore.RowKey
		for raw := []byte(nil); len(keys) < atOnce && list.Scan(&raw); {
			keys = append(keys, sessionstore.RowKey(raw))
		}
		if len(keys) == 0 {
			return away("read an owner's list", list.Close())
		}
		batch, errs := make([]*cells, len(keys)), make([]error, len(keys))
		each(len(keys), func(i int) { batch[i], errs[i] = s.load(ctx, keys[i], gocql.LocalQuorum) })
		err := errors.Join(errs...)
		on := err == nil
		if on {
			on, err = f(batch)
		}
		if !on || err != nil {
			return errors.Join(err, away("read an owner's list", list.Close()))
		}
	}
}

// Revoke is sessionstore.Space.Revoke. Once the owner's row is written no read
// answers its sessions any more; then their contents are taken away.
func (s *space) Revoke(ctx context.Context, owners []sessionstore.OwnerKey, notBefore sessionstore.Instant) (int64, error) {
	for _, owner := range owners {
		if owner == (sessionstore.OwnerKey{}) {
			return 0, errors.New("cassandra: no owner cannot be revoked")
		}
		// The instant is its own timestamp: of two revocations the later one stays,
		// in whatever order they come.
		err := s.link.query(s.cql.revoke, int64(notBefore), int64(notBefore), owner[:]).Consistency(gocql.EachQuorum).ExecContext(ctx)
		if err != nil {
			return 0, away("revoke", err)
		}
	}
	var live atomic.Int64
	for _, owner := range owners {
		err := s.eachOwned(ctx, owner, sessionstore.RowKey{}, func(batch []*cells) (bool, error) {
			errs := make([]error, len(batch))
			each(len(batch), func(i int) {
				var was bool
				if was, errs[i] = s.empty(ctx, batch[i], owner, notBefore); was {
					live.Add(1)
				}
			})
			err := errors.Join(errs...)
			return err == nil, err
		})
		if err != nil {
			return live.Load(), err
		}
	}
	return live.Load(), nil
}

// empty takes the content of a revoked row away, and reports whether it was live.
func (s *space) empty(ctx context.Context, c *cells, owner sessionstore.OwnerKey, notBefore sessionstore.Instant) (bool, error) {
	for try := range attempts {
		if r := &c.row; c.begun == 0 || r.Owner != owner || r.Established > notBefore {
			return false, nil
		}
		now := s.now()
		was := c.shown(now).State == sessionstore.Live
		if c.row.State == sessionstore.Revoked {
			return false, s.clear(ctx, c)
		}
		// A tombstone in its place, which the owner's row ends as it ended this one.
		st := &step{act: put, seen: c, row: c.row, shown: c.row}
		st.row.State, st.row.Sealed = sessionstore.Revoked, nil
		st.shown.State = sessionstore.Revoked
		done, err := s.step(ctx, now, st)
		if done && err == nil {
			return was, s.clear(ctx, c)
		}
		if err != nil {
			return false, err
		}
		if err := pause(ctx, try); err != nil {
			return false, err
		}
		if c, err = s.load(ctx, c.key, s.link.serial()); err != nil {
			return false, err
		}
	}
	return false, away("empty a revoked session", errors.New("others change it all the time"))
}

// Walk is sessionstore.Space.Walk, in the order in which the cluster spreads rows.
func (s *space) Walk(ctx context.Context, after sessionstore.RowKey, f func(sessionstore.Row) (bool, error)) error {
	query := s.link.query(s.cql.walk)
	if after != (sessionstore.RowKey{}) {
		// Two keys with one token of 64 bits, at the border of two calls: not in
		// this world's lifetime.
		query = s.link.query(s.cql.walkFrom, after[:])
	}
	rows := query.Consistency(gocql.LocalQuorum).PageSize(500).IterContext(ctx)
	epochs := map[sessionstore.OwnerKey]sessionstore.Instant{}
	for {
		var raw []byte
		c := &cells{}
		if !rows.Scan(append([]any{&raw}, c.fields()...)...) {
			return away("walk", rows.Close())
		}
		c.key = sessionstore.RowKey(raw)
		on, err := s.visit(ctx, c, epochs, f)
		if !on || err != nil {
			return errors.Join(err, away("walk", rows.Close()))
		}
	}
}

// visit calls f for a row that is there. epochs is what is known of owners by now.
func (s *space) visit(ctx context.Context, c *cells, epochs map[sessionstore.OwnerKey]sessionstore.Instant, f func(sessionstore.Row) (bool, error)) (bool, error) {
	if err := c.parse(); err != nil {
		return false, err
	}
	if err := s.settle(ctx, c, gocql.LocalQuorum); err != nil {
		return false, err
	}
	r := c.shown(s.now())
	if r.State == sessionstore.Absent {
		return true, nil
	}
	if r.Owner != (sessionstore.OwnerKey{}) {
		at, known := epochs[r.Owner]
		if !known {
			var err error
			if at, err = s.epoch(ctx, r.Owner); err != nil {
				return false, err
			}
			epochs[r.Owner] = at
		}
		r = ended(r, at)
	}
	return f(r)
}

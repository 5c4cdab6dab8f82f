// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"bytes"
	"context"
	"errors"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"portreeve.org/portreeve/internal/sessionstore"
)

// transact carries out steps, each if its partition is as it was seen. It reports
// false if one was not; what this change has created is then undone.
func (s *space) transact(ctx context.Context, now sessionstore.Instant, steps []step) (bool, error) {
	for i := range steps {
		st := &steps[i]
		if st.act == renew { // it names the content that it is for: no other is touched
			if err := s.renew(ctx, st); err != nil {
				return false, err
			}
			continue
		}
		done, err := s.step(ctx, now, st)
		if done && err == nil {
			continue
		}
		if done { // as far as anybody knows: what it made must stay
			return false, err
		}
		for j := range steps[:i] {
			if steps[j].act == create {
				err = errors.Join(err, s.undo(ctx, now, &steps[j]))
			}
		}
		return false, err
	}
	return true, nil
}

// undo ends what a change has created in vain, also if the request was given up.
func (s *space) undo(ctx context.Context, now sessionstore.Instant, st *step) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.QueryTimeout)
	defer cancel()
	c, err := s.load(ctx, st.row.Key, gocql.LocalQuorum)
	if err != nil {
		return err
	}
	return s.end(ctx, now, &step{act: end, row: sessionstore.Row{Key: st.row.Key}, seen: c, shown: c.shown(now)})
}

// step carries out one step by a transaction. True with an error means that it may
// have happened.
func (s *space) step(ctx context.Context, now sessionstore.Instant, st *step) (bool, error) {
	at := s.link.stamps.after(st.seen.latest()...)
	switch st.act {
	case create, put:
		ttl := keeps(&st.row, now, s.link.seconds())
		if err := s.enter(ctx, &st.row, at, ttl); err != nil {
			return false, err
		}
		content := encode(&st.row, st.begins(at))
		return s.decide(ctx, st, gocql.LocalQuorum, func(c *cells) bool { return bytes.Equal(c.content, content) },
			s.cql.casPut, ttl, content, int64(fresh()))
	case retire:
		t := retirement{ended: max(st.seen.begun, at), until: st.row.Expires, successor: st.row.Successor}
		raw := t.encode()
		return s.decide(ctx, st, gocql.EachQuorum, func(c *cells) bool { return bytes.Equal(c.retired, raw) },
			s.cql.casRetire, remembers(&st.shown, now, s.link.seconds()), raw)
	default:
		e := s.ending(now, st, at)
		done, err := s.decide(ctx, st, gocql.EachQuorum, func(c *cells) bool { return c.gone != nil && *c.gone == e.gone },
			s.cql.casEnd, e.ttl, e.gone, e.held, e.content, e.tag)
		if !done || err != nil {
			return done, err
		}
		return true, s.leave(ctx, st, at)
	}
}

// decide carries out one transaction, and reports whether it counts. If the answer
// got lost, a read that takes part in transactions says what became of it.
func (s *space) decide(ctx context.Context, st *step, level gocql.Consistency, is func(*cells) bool, cql string, args ...any) (bool, error) {
	args = append(args, st.row.Key[:], st.seen.tag, st.seen.gone, st.seen.retired)
	before := map[string]any{}
	applied, err := s.link.transaction(cql, args...).Consistency(level).SerialConsistency(s.link.serial()).MapScanCASContext(ctx, before)
	if err == nil && !applied {
		return false, nil
	}
	look := gocql.LocalQuorum
	if err != nil {
		look = s.link.serial()
	}
	c, failed := s.load(ctx, st.row.Key, look)
	switch {
	case failed != nil && err != nil:
		return !refused(err), away("decide", err)
	case failed != nil:
		return true, failed
	case is(c) && err != nil && level == gocql.EachQuorum:
		return true, away("decide", err) // here; another data centre may not know it yet
	case is(c):
		return true, nil
	case err != nil && refused(err):
		return false, away("decide", err)
	case err != nil:
		return false, nil
	}
	// It was applied and is not seen: either somebody has changed the partition
	// since, or an older write hides it whose timestamp lies in the cluster's future.
	return !bytes.Equal(c.content, st.seen.content) || !equal(c.gone, st.seen.gone), nil
}

// refused reports whether a transaction was not begun.
func refused(err error) bool {
	var unavailable *gocql.RequestErrUnavailable
	return errors.As(err, &unavailable) || errors.Is(err, gocql.ErrNoConnections)
}

func equal(a, b *int64) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

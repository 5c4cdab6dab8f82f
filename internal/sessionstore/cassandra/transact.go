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
// false if one was not.
//
// What it creates is promised at first, and counts once the first step that ends or
// retires another partition has happened: before that nobody sees any of the two,
// after it everybody both.
func (s *space) transact(ctx context.Context, now sessionstore.Instant, steps []step) (bool, error) {
	made := bind(steps)
	for i := range steps {
		done, err := s.step(ctx, now, &steps[i])
		if done && err == nil {
			continue
		}
		if !done { // it can never happen any more; if that is not sure, the promise tells
			for _, st := range made[:min(i, len(made))] {
				_ = s.withdraw(ctx, st)
			}
		}
		return false, err
	}
	for _, st := range made {
		_ = s.fulfil(ctx, st) // or else readers go on to look at the other partition
	}
	return true, nil
}

// bind makes the steps that create wait for the one that ends, and returns them. They
// are the first of all.
func bind(steps []step) (made []*step) {
	for i := range steps {
		st := &steps[i]
		switch {
		case st.act == create:
			made = append(made, st)
		case (st.act == retire || st.act == end) && len(made) > 0:
			st.token = fresh()
			for _, m := range made {
				m.promise = promise{token: st.token, at: st.row.Key}
			}
			return made
		}
	}
	return nil
}

// step carries out one step. True with an error means that it may have happened.
func (s *space) step(ctx context.Context, now sessionstore.Instant, st *step) (bool, error) {
	at := s.link.stamps.after(st.seen.latest()...)
	switch st.act {
	case renew: // it names the content that it is for: no other is touched
		err := s.renew(ctx, st)
		return err == nil, err
	case mark:
		err := s.mark(ctx, now, st)
		return err == nil, err
	case create, put:
		return s.stepPut(ctx, now, st, at)
	case retire:
		raw := retirement{ended: max(st.seen.begun, at), until: st.row.Expires, token: st.token, successor: st.row.Successor}.encode()
		return s.decide(ctx, st, gocql.EachQuorum, func(c *cells) bool { return bytes.Equal(c.xretired, raw) },
			s.cql.xretire, remembers(&st.shown, now, s.link.seconds()), raw)
	default:
		return s.stepEnd(ctx, now, st, at)
	}
}

func (s *space) stepPut(ctx context.Context, now sessionstore.Instant, st *step, at int64) (bool, error) {
	st.ttl = outlasts(keeps(&st.row, now, s.link.seconds()), st.seen.content, st.seen.left)
	if err := s.enter(ctx, &st.row, at, st.ttl); err != nil {
		return false, err
	}
	st.xtag, st.x = int64(fresh()), xcontent{promise: st.promise, content: encode(&st.row, st.begins(at))}
	if st.seen.tag != nil {
		st.x.base = *st.seen.tag
	}
	return s.decide(ctx, st, gocql.LocalQuorum, func(c *cells) bool { return c.xtag != nil && *c.xtag == st.xtag },
		s.cql.xput, st.ttl, st.x.encode(), st.xtag)
}

func (s *space) stepEnd(ctx context.Context, now sessionstore.Instant, st *step, at int64) (bool, error) {
	e := s.ending(now, st, at)
	raw := gone{ended: e.gone, held: e.held, token: st.token}.encode()
	var content []byte
	if e.content != nil {
		content = xcontent{content: e.content}.encode()
	}
	done, err := s.decide(ctx, st, gocql.EachQuorum, func(c *cells) bool { return bytes.Equal(c.xgone, raw) },
		s.cql.xend, e.ttl, raw, content, e.tag)
	if !done || err != nil {
		return done, err
	}
	// It has ended. Should its sealed content stay, it does so until it lapses.
	_ = s.clear(ctx, st.seen)
	_ = s.leave(ctx, st, at)
	return true, nil
}

// withdraw removes what was created in vain, also if the request was given up.
func (s *space) withdraw(ctx context.Context, st *step) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.QueryTimeout)
	defer cancel()
	return s.alter(ctx, s.cql.xclear, st.row.Key[:], st.xtag)
}

// fulfil makes what was created count by itself, unless it was replaced since.
func (s *space) fulfil(ctx context.Context, st *step) error {
	st.x.promise = promise{}
	return s.alter(ctx, s.cql.xkeep, st.ttl, st.x.encode(), int64(fresh()), st.row.Key[:], st.xtag)
}

// alter carries out a transaction of which nobody needs to know whether it happened.
func (s *space) alter(ctx context.Context, cql string, args ...any) error {
	_, err := s.link.transaction(cql, args...).Consistency(gocql.LocalQuorum).
		SerialConsistency(s.link.serial()).MapScanCASContext(ctx, map[string]any{})
	return away("tidy", err)
}

// clear removes the content that was seen. A later one stays: its timestamp is at
// least the second after it.
func (s *space) clear(ctx context.Context, seen *cells) error {
	if seen.content == nil || seen.written[0] == nil {
		return nil
	}
	err := s.link.query(s.cql.clear, *seen.written[0]+1, seen.key[:]).Consistency(gocql.LocalQuorum).ExecContext(ctx)
	return away("remove a content", err)
}

// xclear removes the xcontent that was seen.
func (s *space) xclear(ctx context.Context, seen *cells) error {
	if seen.xcontent == nil {
		return nil
	}
	return s.alter(ctx, s.cql.xclear, seen.key[:], seen.xtag)
}

// decide carries out one transaction, and reports whether it happened. If the answer
// got lost, a read that takes part in transactions says what became of it.
func (s *space) decide(ctx context.Context, st *step, level gocql.Consistency, is func(*cells) bool, cql string, args ...any) (bool, error) {
	seen := st.seen
	args = append(args, st.row.Key[:], seen.tag, seen.gone, seen.held, seen.xtag, seen.xgone, seen.xretired)
	before := map[string]any{}
	applied, err := s.link.transaction(cql, args...).Consistency(level).SerialConsistency(s.link.serial()).MapScanCASContext(ctx, before)
	switch {
	case err == nil:
		return applied, nil
	case refused(err):
		return false, away("decide", err)
	}
	c, failed := s.lookAfter(ctx, st.row.Key)
	switch {
	case failed != nil:
		return true, away("decide", errors.Join(err, failed))
	case is(c) && level == gocql.EachQuorum:
		return true, away("decide", err) // another data centre may not know it yet
	default:
		return is(c), nil
	}
}

// lookAfter reads what became of a transaction. A connection that has just broken
// comes back in a moment.
func (s *space) lookAfter(ctx context.Context, key sessionstore.RowKey) (c *cells, err error) {
	for try := range 8 {
		if c, err = s.load(ctx, key, s.link.serial()); err == nil {
			return c, nil
		}
		if pause(ctx, try+4) != nil {
			break
		}
	}
	return nil, err
}

// refused reports whether a transaction was not begun.
func refused(err error) bool {
	var unavailable *gocql.RequestErrUnavailable
	return errors.As(err, &unavailable) || errors.Is(err, gocql.ErrNoConnections)
}

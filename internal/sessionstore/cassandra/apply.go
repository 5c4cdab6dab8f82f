// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

// attempts is how often a change is decided anew because somebody was faster.
const attempts = 24

// act is what is done to a partition.
type act int

// The acts, in the order in which those of one change are done: what is new is there
// before anything ends.
const (
	create act = iota // a content where none counts
	put               // a content in place of another
	renew             // a later end
	retire            // the id was changed
	end               // no content counts any more
	mark              // whatever was not seen has ended
)

// step is one partition's part of a change.
type step struct {
	act   act
	row   sessionstore.Row
	seen  *cells
	shown sessionstore.Row

	promise promise // of what is created
	token   uint64  // that an end or a retirement carries
	// What a transaction has put.
	x    xcontent
	xtag int64
	ttl  int
}

// Apply is sessionstore.Space.Apply.
func (s *space) Apply(ctx context.Context, c sessionstore.Change) error {
	level := gocql.LocalQuorum
	for try := range attempts {
		v, seen, err := s.view(ctx, c, level)
		if err != nil {
			return err
		}
		rows, err := c.Next(v)
		if err != nil {
			return err
		}
		steps, exact, err := s.plan(c, v, seen, rows)
		if err != nil {
			return err
		}
		if !exact {
			return s.plain(ctx, v.Now, steps)
		}
		done, err := s.transact(ctx, v.Now, steps)
		if done || err != nil {
			return err
		}
		// What was decided by now, though not everywhere, is to be seen.
		level = s.link.serial()
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
	e := fault.New(fault.Unavailable, "session.store_busy", "Others change this session all the time. Try again.")
	e.RetryAfter = time.Second
	return e
}

// plan says what a change does to each partition, and whether that must be by
// transactions.
func (s *space) plan(c sessionstore.Change, v sessionstore.View, seen []*cells, rows []sessionstore.Row) (steps []step, exact bool, err error) {
	// With several places for one session, it may be moved: a write to where it was
	// is to notice.
	exact = c.Exact || len(c.Keys) > 1
	for _, r := range rows {
		i := slices.Index(c.Keys, r.Key)
		if i < 0 {
			return nil, false, errors.New("cassandra: a change writes a row that it did not name")
		}
		st := step{row: r, seen: seen[i], shown: v.Rows[i], act: put}
		goesOn := st.shown.State == sessionstore.Live || st.shown.State == sessionstore.Retired
		switch {
		case r.State == sessionstore.Absent && st.seen.begun == 0 && st.shown.State == sessionstore.Absent:
			continue
		case r.State == sessionstore.Absent, r.State == sessionstore.Revoked:
			st.act = end
		case r.State == sessionstore.Retired && goesOn && same(&r, &st.shown):
			st.act, exact = retire, true
		case r.State == sessionstore.Live && st.shown.State == sessionstore.Live && same(&r, &st.shown) && st.reaches(v.Now):
			st.act = renew
		case st.shown.State == sessionstore.Absent:
			st.act = create
			exact = exact || r.Version != v.Version
		default:
			// A content that is not new rests on what was read.
			exact = exact || r.Version != v.Version
		}
		steps = append(steps, st)
	}
	for i, key := range c.Keys {
		if c.Ends && v.Rows[i].State == sessionstore.Absent {
			steps = append(steps, step{act: mark, row: sessionstore.Row{Key: key}, seen: seen[i], shown: v.Rows[i]})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return int(a.act - b.act) })
	return steps, exact, nil
}

// reaches reports whether Cassandra keeps the content until the row's new end.
func (st *step) reaches(now sessionstore.Instant) bool {
	if st.row.Expires < st.shown.Expires {
		return false // earlier than what the content says: it must say so itself
	}
	seconds := st.seen.lapses()
	if seconds == nil {
		return true
	}
	left := time.Duration(*seconds)*time.Second - time.Minute
	return st.row.Expires != 0 && st.row.Expires.Time().Sub(now.Time()) < left
}

// plain carries out steps that rest on nothing that was read. All may be repeated.
func (s *space) plain(ctx context.Context, now sessionstore.Instant, steps []step) error {
	for i := range steps {
		st := &steps[i]
		var err error
		switch st.act {
		case create, put:
			err = s.put(ctx, now, st)
		case renew:
			err = s.renew(ctx, st)
		case mark:
			err = s.mark(ctx, now, st)
		default:
			err = s.end(ctx, now, st)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *space) put(ctx context.Context, now sessionstore.Instant, st *step) error {
	at := s.link.stamps.after(st.seen.latest()...) + 1 // and so after what clear removes
	ttl := outlasts(keeps(&st.row, now, s.link.seconds()), st.seen.xcontent, st.seen.xleft)
	if err := s.enter(ctx, &st.row, at, ttl); err != nil {
		return err
	}
	content, tag := encode(&st.row, st.begins(at)), int64(fresh())
	return away("write", s.link.query(s.cql.put, at, ttl, content, tag, st.row.Key[:]).Consistency(gocql.LocalQuorum).ExecContext(ctx))
}

// begins returns when the content begins in its place: a new one after all that
// ended there, one that goes on when it began, so that an end that it did not see
// counts for it.
func (st *step) begins(at int64) int64 {
	if st.act == put && st.seen.begun > st.seen.ended && st.shown.State == st.row.State {
		return st.seen.begun
	}
	return at
}

// enter adds the row to its owner's list, before it is there: no row is missing in it.
func (s *space) enter(ctx context.Context, r *sessionstore.Row, at int64, ttl int) error {
	if r.Owner == (sessionstore.OwnerKey{}) {
		return nil
	}
	if ttl > 0 {
		ttl += int(slack / time.Second)
	}
	return away("write an owner's list", s.link.query(s.cql.index, r.Owner[:], r.Key[:], at, ttl).Consistency(gocql.LocalQuorum).ExecContext(ctx))
}

func (s *space) renew(ctx context.Context, st *step) error {
	if st.row.Expires == st.shown.Expires {
		return nil
	}
	at, ttl := s.link.stamps.after(st.seen.latest()...), 0
	if left := st.seen.lapses(); left != nil {
		ttl = *left
	}
	n := renewal{version: st.row.Version, expires: st.row.Expires}
	return away("touch", s.link.query(s.cql.renew, at, ttl, n.encode(), st.row.Key[:]).Consistency(gocql.LocalQuorum).ExecContext(ctx))
}

// end needs every data centre, as Kask's deletes do.
func (s *space) end(ctx context.Context, now sessionstore.Instant, st *step) error {
	at := s.link.stamps.after(st.seen.latest()...)
	e := s.ending(now, st, at)
	err := s.link.query(s.cql.end, at, e.ttl, e.gone, e.held, e.content, e.tag, st.row.Key[:]).Consistency(gocql.EachQuorum).ExecContext(ctx)
	if err != nil {
		return away("delete", err)
	}
	// It has ended. What cannot be tidied lapses by itself.
	_ = s.xclear(ctx, st.seen)
	_ = s.leave(ctx, st, at)
	return nil
}

// mark ends what other data centres may hold that was not seen here.
func (s *space) mark(ctx context.Context, now sessionstore.Instant, st *step) error {
	at := s.link.stamps.after(st.seen.latest()...)
	err := s.link.query(s.cql.mark, at, remembers(&st.shown, now, s.link.seconds()), at, st.row.Key[:]).Consistency(gocql.EachQuorum).ExecContext(ctx)
	return away("delete", err)
}

// ending is what the cells of an ended row hold.
type ending struct {
	ttl     int
	gone    int64
	held    int64  // 0 = may be written at once
	content []byte // of a tombstone
	tag     *int64
}

func (s *space) ending(now sessionstore.Instant, st *step, at int64) ending {
	e := ending{ttl: remembers(&st.shown, now, s.link.seconds()), gone: at}
	if st.row.State == sessionstore.Revoked {
		tag := int64(fresh())
		e.content, e.tag, e.held = encode(&st.row, at+1), &tag, int64(st.row.Expires)
		if st.row.Expires == 0 {
			e.held, e.ttl = 1<<62, 0
		} else if longer := remembers(&st.row, now, s.link.seconds()); longer == 0 || e.ttl != 0 && longer > e.ttl {
			e.ttl = longer
		}
	}
	return e
}

// leave takes an ended row from its owner's list. One that stays is passed over when
// the list is read.
func (s *space) leave(ctx context.Context, st *step, at int64) error {
	owner := st.seen.row.Owner
	if owner == (sessionstore.OwnerKey{}) {
		return nil
	}
	return away("write an owner's list", s.link.query(s.cql.unindex, at, owner[:], st.row.Key[:]).Consistency(gocql.LocalQuorum).ExecContext(ctx))
}

// fresh returns a number that no row has.
func fresh() uint64 { return rand.Uint64()>>1 | 1 }

// pause waits for a moment that grows with each try.
func pause(ctx context.Context, try int) error {
	longest := min(time.Millisecond<<min(try, 10), 100*time.Millisecond)
	wait := time.NewTimer(longest/2 + rand.N(longest))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("cassandra: %w", ctx.Err())
	case <-wait.C:
		return nil
	}
}

// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"bytes"
	"context"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"portreeve.org/portreeve/internal/sessionstore"
)

const (
	sweepPause = 5 * time.Second
	// sweepShare is how much longer the sweep rests than it works.
	sweepShare = 9
)

// sweepSoon lets the sweep begin, if it does not run.
func (b *Backend) sweepSoon() {
	select {
	case b.sweepNow <- struct{}{}:
	default:
	}
}

// sweepAll is the life of the sweep: it takes away rows whose time has ended and
// what revocations ended, a few at a time.
func (b *Backend) sweepAll() {
	defer b.housework.Done()
	for b.rest(sweepPause) {
		for _, id := range b.takeCleared() {
			b.log("clear what a revocation ended", b.clear(id))
		}
		b.log("sweep", b.sweep())
		for _, from := range b.takeEmptied() {
			b.log("compact an emptied namespace", b.compactNow(from))
		}
	}
}

func (b *Backend) log(what string, err error) {
	if err != nil && !b.away.Load() && !b.closed.Load() {
		b.Log.Error("session storage: "+what, "err", err)
	}
}

// rest waits, or returns early when there is work; false when all ends.
func (b *Backend) rest(d time.Duration) bool {
	select {
	case <-b.ending:
		return false
	case <-b.sweepNow:
	case <-time.After(d):
	}
	return !b.closed.Load()
}

// dueEntry is an entry of the expiry index.
type dueEntry struct {
	minute, space uint32
	key           sessionstore.RowKey
}

// Sweep takes away all rows whose time ended before the present minute, at once.
// The backend does so by itself, at its leisure.
func (b *Backend) Sweep(ctx context.Context) error { return b.pass(ctx, 0) }

func (b *Backend) sweep() error { return b.pass(context.Background(), sweepShare) }

// pass looks at every entry that is due, resting after each few for a multiple of
// the time they took. When all were looked at, one deletion takes them away: a
// deletion for each few would make every later read slower.
func (b *Backend) pass(ctx context.Context, rest time.Duration) error {
	b.sweeping.Lock()
	defer b.sweeping.Unlock()
	from, to := b.sweptTo, dueKey(minuteOf(b.clock.now()), 0, sessionstore.RowKey{})
	if from == nil {
		from = []byte{kindDue}
	}
	begin, some := from, false
	for {
		begun := b.Elapsed()
		entries, next, err := b.dueBetween(from, to)
		if err != nil {
			return err
		}
		if next == nil {
			break
		}
		from, some = next, true
		if entries, err = b.fetched(entries); err != nil {
			return err
		}
		if err := b.do(ctx, &job{done: make(chan struct{}), act: func(x *batch) error { return x.sweep(entries) }}); err != nil {
			return err
		}
		if !b.pause(rest * (b.Elapsed() - begun)) {
			return nil
		}
	}
	b.sweptTo = to
	if !some {
		return nil
	}
	return b.do(ctx, &job{done: make(chan struct{}), act: func(x *batch) error {
		x.deleteRange(begin, to)
		return nil
	}})
}

// dueBetween returns the next entries, and where to go on; nil at the end.
func (b *Backend) dueBetween(from, to []byte) (entries []dueEntry, next []byte, err error) {
	if bytes.Compare(from, to) >= 0 {
		return nil, nil, nil
	}
	err = b.view(func(snap *pebble.Snapshot) error {
		return scan(snap, from, to, func(key, _ []byte) (bool, error) {
			var e dueEntry
			var err error
			e.minute, e.space, e.key, err = parseDueKey(key)
			entries = append(entries, e)
			return len(entries) < chunk, err
		})
	})
	if n := len(entries); n > 0 {
		next = after(dueKey(entries[n-1].minute, entries[n-1].space, entries[n-1].key))
	}
	return entries, next, err
}

// fetched returns the entries whose rows are there, having fetched those as
// space.Apply does. A row that comes to be meanwhile makes an entry of its own.
func (b *Backend) fetched(entries []dueEntry) ([]dueEntry, error) {
	there := entries[:0]
	for _, e := range entries {
		s := b.spaceByID(e.space)
		if s == nil {
			continue
		}
		record, err := b.record(s, s.place(e.key))
		if err != nil {
			return nil, err
		}
		if record != nil {
			there = append(there, e)
		}
	}
	return there, nil
}

// sweep removes what has expired of the entries' rows and gives the others an entry
// where they expire now. New entries lie in the present minute or later, which no
// pass has reached.
func (x *batch) sweep(entries []dueEntry) error {
	x.now = x.b.clock.now()
	for _, e := range entries {
		s := x.b.spaceByID(e.space)
		if s == nil {
			continue
		}
		st, err := x.stored(s, e.key)
		switch {
		case err != nil:
			return err
		case st.record == nil || st.row.Expires == 0:
		case st.row.Expired(x.now):
			x.write(s, &st, &sessionstore.Row{Key: e.key})
			x.b.figures.swept.Add(1)
		default:
			x.set(dueKey(minuteOf(st.row.Expires), s.id, e.key), nil)
		}
	}
	return nil
}

// pause waits; false when all ends.
func (b *Backend) pause(d time.Duration) bool {
	if d <= 0 {
		return !b.closed.Load()
	}
	select {
	case <-b.ending:
		return false
	case <-time.After(d):
		return true
	}
}

// mayClear says that what the owner's revocation ended has been counted.
func (b *Backend) mayClear(id ownerID) {
	b.mu.Lock()
	b.cleared = append(b.cleared, id)
	b.mu.Unlock()
	b.sweepSoon()
}

func (b *Backend) takeCleared() []ownerID {
	b.mu.Lock()
	defer b.mu.Unlock()
	ids := b.cleared
	b.cleared = nil
	return ids
}

// clear exchanges the rows that a revocation ended for tombstones, which hold no
// value and no owner and go when the rows would have expired.
func (b *Backend) clear(id ownerID) error {
	s, e := b.spaceByID(id.space), b.epochs.get(id)
	if s == nil || e.swept || e.notBefore == 0 {
		return nil
	}
	for from := (sessionstore.RowKey{}); ; {
		rows, last, err := s.owned(id, from, chunk)
		if err != nil {
			return err
		}
		begun := b.Elapsed()
		err = b.do(context.Background(), &job{done: make(chan struct{}), act: func(x *batch) error {
			return x.bury(s, id, rows, last == sessionstore.RowKey{}, e)
		}})
		if from = last; err != nil || from == (sessionstore.RowKey{}) || !b.pause(sweepShare*(b.Elapsed()-begun)) {
			return err
		}
	}
}

// bury makes tombstones of the rows that the owner's revocation ended, and notes at
// the end that none is left, unless the owner was revoked again.
func (x *batch) bury(s *space, id ownerID, rows []sessionstore.Row, end bool, e epoch) error {
	x.now = x.b.clock.now()
	for i := range rows {
		st, err := x.stored(s, rows[i].Key)
		if err != nil {
			return err
		}
		if st.record == nil || st.row.Owner != id.owner || !e.ends(&st.row) {
			continue
		}
		grave := sessionstore.Row{Key: st.row.Key}
		if !st.row.Expired(x.now) {
			grave.State, grave.Expires, grave.Version = sessionstore.Revoked, st.row.Expires, st.row.Version
		}
		x.write(s, &st, &grave)
	}
	if end && x.epoch(id) == e {
		x.revoke(id, epoch{notBefore: e.notBefore, swept: true})
	}
	return nil
}

// compact asks for the room of a namespace that was emptied.
func (b *Backend) compact(from []byte) {
	b.mu.Lock()
	b.emptied = append(b.emptied, from)
	b.mu.Unlock()
	b.sweepSoon()
}

func (b *Backend) takeEmptied() [][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.emptied
	b.emptied = nil
	return all
}

// compactNow gives the room back that deleted rows took.
func (b *Backend) compactNow(from []byte) error {
	b.opened.RLock()
	e := b.engine
	b.opened.RUnlock()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-b.ending:
			cancel()
		case <-ctx.Done():
		}
	}()
	return e.compact(ctx, from, after(from))
}

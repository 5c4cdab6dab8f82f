// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"portreeve.org/portreeve/internal/sessionstore"
)

// batch is what the committer makes of the changes that waited: the writes of all,
// and the state that the next one of them sees.
type batch struct {
	b      *Backend
	pb     *pebble.Batch
	now    sessionstore.Instant
	order  []place // of rows, as they were first written
	rows   map[place]*written
	epochs map[ownerID]epoch
	usage  map[*space]sessionstore.Usage
	spaces []*space // new ones
	wipe   *space   // emptied by this batch, which does nothing else
	bytes  int
	// reached is what the batch is known by when the engine was opened anew.
	reached meta
	key     [rowKeySize]byte
}

// written is a row that the batch writes: its record as it was and as it will be.
type written struct{ was, will []byte }

func newBatch(b *Backend) *batch {
	return &batch{b: b, pb: b.engine.db.NewBatch(), rows: map[place]*written{}}
}

// record returns what lies at a place as the batch so far leaves it; nil if nothing.
func (x *batch) record(s *space, at place) ([]byte, error) {
	if w := x.rows[at]; w != nil {
		return w.will, nil
	}
	return x.b.record(s, at)
}

func (x *batch) epoch(id ownerID) epoch {
	if e, ok := x.epochs[id]; ok {
		return e
	}
	return x.b.epochs.get(id)
}

func (x *batch) used(s *space) sessionstore.Usage {
	if u, ok := x.usage[s]; ok {
		return u
	}
	return s.usage()
}

// stored is a row as it lies, with what belongs to it.
type stored struct {
	row    sessionstore.Row
	due    uint32
	record []byte // nil: there is none
}

func (x *batch) stored(s *space, key sessionstore.RowKey) (stored, error) {
	st := stored{}
	record, err := x.record(s, s.place(key))
	if err != nil || record == nil {
		return st, err
	}
	st.row.Key, st.record = key, record
	st.due, err = decode(record, &st.row)
	return st, err
}

// change carries out a change, or tells why not and leaves the batch as it was.
func (x *batch) change(s *space, c *sessionstore.Change) (err error) {
	if len(c.Keys) > maxKeys {
		return fmt.Errorf("embedded: a change of %d rows; %d are the most", len(c.Keys), maxKeys)
	}
	x.now = x.b.clock.now()
	var olds [maxKeys]stored
	view := sessionstore.View{Now: x.now, Version: x.b.version.Add(1), Rows: make([]sessionstore.Row, len(c.Keys))}
	for _, owner := range c.Owners {
		view.NotBefore = max(view.NotBefore, x.epoch(ownerID{s.id, owner}).notBefore)
	}
	for i, key := range c.Keys {
		if olds[i], err = x.stored(s, key); err != nil {
			return err
		}
		var e epoch
		if r := &olds[i].row; r.Owner != (sessionstore.OwnerKey{}) {
			e = x.epoch(ownerID{s.id, r.Owner})
		}
		view.Rows[i] = shown(key, olds[i].row, e, x.now)
		if view.Rows[i].State != sessionstore.Absent { // whose time has ended has no owner any more
			view.NotBefore = max(view.NotBefore, e.notBefore)
		}
	}
	rows, err := next(c, view)
	if err != nil || len(rows) == 0 {
		return err
	}
	return x.apply(s, c.Keys, olds[:len(c.Keys)], rows)
}

// maxKeys is how many rows a change may have, as sessionstore.Change says.
const maxKeys = 8

// next asks the change what the rows become. It is code of whoever asks: a panic
// there must not end what all share.
func next(c *sessionstore.Change, v sessionstore.View) (rows []sessionstore.Row, err error) {
	defer func() {
		if p := recover(); p != nil {
			rows, err = nil, fmt.Errorf("embedded: a change panicked: %v", p)
		}
	}()
	return c.Next(v)
}

// shown is the row as everybody sees it: without what time or a revocation ended.
func shown(key sessionstore.RowKey, r sessionstore.Row, e epoch, now sessionstore.Instant) sessionstore.Row {
	switch {
	case r.State == sessionstore.Absent || r.Expired(now):
		return sessionstore.Row{Key: key}
	case e.ends(&r):
		r.State, r.Sealed, r.Successor = sessionstore.Revoked, nil, sessionstore.RowKey{}
	}
	return r
}

// apply writes the rows, if the quota and the disk admit all of them.
func (x *batch) apply(s *space, keys []sessionstore.RowKey, olds []stored, rows []sessionstore.Row) error {
	used, ends := x.used(s), true
	var moreRows, moreBytes int64
	var at [maxKeys]int
	if len(rows) > len(keys) {
		return fmt.Errorf("embedded: a change of %d rows returned %d", len(keys), len(rows))
	}
	for i := range rows {
		n := indexOf(keys, rows[i].Key)
		if n < 0 {
			return fmt.Errorf("embedded: a change returned a row that it did not name")
		}
		at[i] = n
		if olds[n].record != nil {
			moreRows, moreBytes = moreRows-1, moreBytes-olds[n].row.Size()
		}
		switch rows[i].State {
		case sessionstore.Live, sessionstore.Retired:
			ends = false
			fallthrough
		case sessionstore.Revoked:
			moreRows, moreBytes = moreRows+1, moreBytes+rows[i].Size()
		}
	}
	q := s.quota.Load()
	if moreRows > 0 && q.Rows > 0 && used.Rows+moreRows > q.Rows || moreBytes > 0 && q.Bytes > 0 && used.Bytes+moreBytes > q.Bytes {
		x.b.sweepSoon()
		return sessionstore.ErrFull
	}
	if !ends && x.b.disk.full.Load() {
		return sessionstore.ErrFull
	}
	for i := range rows {
		x.write(s, &olds[at[i]], &rows[i])
	}
	return nil
}

func indexOf(keys []sessionstore.RowKey, key sessionstore.RowKey) int {
	for i := range keys {
		if keys[i] == key {
			return i
		}
	}
	return -1
}

// write puts a row in the place of an old one, with its indexes and counts.
func (x *batch) write(s *space, old *stored, row *sessionstore.Row) {
	if row.State == sessionstore.Absent && old.record == nil {
		return
	}
	none := sessionstore.OwnerKey{}
	u := x.used(s)
	if old.record != nil {
		u.Rows, u.Bytes = u.Rows-1, u.Bytes-old.row.Size()
		if old.row.Owner != none && old.row.Owner != row.Owner {
			x.delete(ownerIndexKey(s.id, old.row.Owner, row.Key), 0)
		}
	}
	var record []byte
	key := appendRowKey(x.key[:0], s.id, &row.Key)
	if row.State == sessionstore.Absent {
		x.delete(key, len(old.record))
	} else {
		u.Rows, u.Bytes = u.Rows+1, u.Bytes+row.Size()
		if row.Owner != none && (old.record == nil || old.row.Owner != row.Owner) {
			x.set(ownerIndexKey(s.id, row.Owner, row.Key), nil)
		}
		record = encode(row, x.due(s, old.due, row))
		x.set(key, record)
	}
	if x.usage == nil {
		x.usage = map[*space]sessionstore.Usage{}
	}
	x.usage[s] = u
	x.note(s.place(row.Key), old.record, record)
}

// note remembers what readers will see.
func (x *batch) note(at place, was, will []byte) {
	w := x.rows[at]
	if w == nil {
		w = &written{was: was}
		x.rows[at] = w
		x.order = append(x.order, at)
	}
	w.will = will
}

func (x *batch) revoke(id ownerID, e epoch) {
	if x.epochs == nil {
		x.epochs = map[ownerID]epoch{}
	}
	x.epochs[id] = e
	x.set(epochKey(id), e.append(nil))
}

// set and delete only fail where the engine is asked for what it cannot do.
func (x *batch) set(key, value []byte) {
	x.bytes += len(key) + len(value)
	if err := x.pb.Set(key, value, nil); err != nil {
		panic(err)
	}
}

func (x *batch) delete(key []byte, size int) {
	x.bytes += len(key)
	if err := x.pb.DeleteSized(key, uint32(size), nil); err != nil {
		panic(err)
	}
}

func (x *batch) deleteRange(from, to []byte) {
	x.bytes += len(from) + len(to)
	if err := x.pb.DeleteRange(from, to, nil); err != nil {
		panic(err)
	}
}

// finish adds what each batch carries, and reports whether there is anything to write.
func (x *batch) finish() bool {
	if x.pb.Empty() {
		return false
	}
	for s, u := range x.usage {
		x.set(usageKey(s.id), appendUsage(nil, u))
	}
	x.reached = meta{clock: x.b.clock.now(), version: x.b.version.Add(1)}
	x.set(metaKey, x.reached.append(nil))
	return true
}

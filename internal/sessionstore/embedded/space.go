// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"context"
	"sync/atomic"

	"portreeve.org/portreeve/internal/sessionstore"
)

// space is one namespace's place.
type space struct {
	b      *Backend
	name   string
	id     uint32        // in the engine
	cached atomic.Uint32 // in the cache; another one after the namespace was emptied
	quota  atomic.Pointer[sessionstore.Quota]
	rows   atomic.Int64
	bytes  atomic.Int64
}

var _ sessionstore.Space = (*space)(nil)

func newSpace(b *Backend, name string, id uint32) *space {
	s := &space{b: b, name: name, id: id}
	s.cached.Store(b.caches.Add(1))
	s.quota.Store(&sessionstore.Quota{})
	return s
}

// load reads the namespace's counts.
func (s *space) load(e *engine) error {
	count, err := e.get(usageKey(s.id))
	if err != nil || count == nil {
		return err
	}
	u, err := parseUsage(count)
	if err != nil {
		return err
	}
	s.rows.Store(u.Rows)
	s.bytes.Store(u.Bytes)
	return nil
}

func (s *space) place(key sessionstore.RowKey) place { return place{s.cached.Load(), key} }

func (s *space) usage() sessionstore.Usage {
	return sessionstore.Usage{Rows: s.rows.Load(), Bytes: s.bytes.Load(), Known: true}
}

// Usage tells what the namespace holds, expired rows included until they are swept.
func (s *space) Usage(context.Context) (sessionstore.Usage, error) { return s.usage(), nil }

// chain is how many changes of id within one grace a read follows.
const chain = 16

// Get returns the row that may be read now.
func (s *space) Get(_ context.Context, key sessionstore.RowKey) (sessionstore.Row, error) {
	var first sessionstore.Row
	now := s.b.clock.now()
	for i := 0; i < chain; i++ {
		row, err := s.look(key, now)
		if err != nil {
			return sessionstore.Row{}, err
		}
		if i == 0 {
			first = row
		}
		switch row.State {
		case sessionstore.Live:
			if row.Established != first.Established { // another session under that id
				return sessionstore.Row{}, sessionstore.ErrNotFound
			}
			return first, nil
		case sessionstore.Retired:
			key = row.Successor
		default:
			return sessionstore.Row{}, sessionstore.ErrNotFound
		}
	}
	return sessionstore.Row{}, sessionstore.ErrNotFound
}

// look returns a row as everybody sees it. Its record and its owner's revocation
// are read under one lock, because a batch may change both.
func (s *space) look(key sessionstore.RowKey, now sessionstore.Instant) (sessionstore.Row, error) {
	at := s.place(key)
	p := s.b.cache.part(&at)
	p.mu.Lock()
	if slot := p.lookup(&at); slot != nil {
		slot.asked = true
		p.hits++
		row, err := s.see(key, slot.val, now)
		p.mu.Unlock()
		return row, err
	}
	p.misses++
	t := ticket{p.turn, p.life}
	p.mu.Unlock()
	val, err := s.cold(key)
	if err != nil {
		return sessionstore.Row{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if val, err = p.settle(at, val, t); err != nil {
		return sessionstore.Row{}, err
	}
	return s.see(key, val, now)
}

// settle takes what a reader found in the engine: a row that is in the cache by now
// counts instead, and what an engine held that has failed since does not count.
func (p *part) settle(at place, val []byte, t ticket) ([]byte, error) {
	if slot := p.lookup(&at); slot != nil {
		return slot.val, nil
	}
	if p.life != t.life {
		return nil, errAway()
	}
	p.fill(at, val, t)
	return val, nil
}

func (s *space) see(key sessionstore.RowKey, record []byte, now sessionstore.Instant) (sessionstore.Row, error) {
	row := sessionstore.Row{Key: key}
	if record == nil {
		return row, nil
	}
	if _, err := decode(record, &row); err != nil {
		return sessionstore.Row{}, err
	}
	var e epoch
	if row.Owner != (sessionstore.OwnerKey{}) {
		e = s.b.epochs.get(ownerID{s.id, row.Owner})
	}
	return shown(key, row, e, now), nil
}

// record returns what lies at a place, by way of the cache; nil if nothing does.
func (b *Backend) record(s *space, at place) ([]byte, error) {
	p := b.cache.part(&at)
	p.mu.Lock()
	if slot := p.lookup(&at); slot != nil {
		slot.asked = true
		defer p.mu.Unlock()
		return slot.val, nil
	}
	t := ticket{p.turn, p.life}
	p.mu.Unlock()
	val, err := s.cold(at.key)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.settle(at, val, t)
}

// cold reads a record from the engine.
func (s *space) cold(key sessionstore.RowKey) ([]byte, error) {
	var k [rowKeySize]byte
	return s.b.read(appendRowKey(k[:0], s.id, &key))
}

// read returns a copy of what the engine holds under a key, or nil.
func (b *Backend) read(key []byte) ([]byte, error) {
	b.opened.RLock()
	defer b.opened.RUnlock()
	if b.engine == nil || b.engine.ended {
		return nil, errAway()
	}
	return b.engine.get(key)
}

// Apply carries out a change.
func (s *space) Apply(ctx context.Context, c sessionstore.Change) error {
	// Rows that lie on the disk are fetched here, not by the one who writes for all.
	for _, key := range c.Keys {
		if _, err := s.b.record(s, s.place(key)); err != nil {
			return err
		}
	}
	return s.b.do(ctx, &job{space: s, change: c, done: make(chan struct{})})
}

// Drop removes every row of the namespace; revocations stay.
func (s *space) Drop(ctx context.Context) error {
	err := s.b.do(ctx, &job{alone: true, done: make(chan struct{}), act: func(x *batch) error {
		for _, kind := range []byte{kindRow, kindOwner} {
			from := prefix(kind, s.id)
			x.deleteRange(from, after(from))
		}
		x.usage = map[*space]sessionstore.Usage{s: {Known: true}}
		x.wipe = s
		return nil
	}})
	if err == nil {
		s.b.compact(prefix(kindRow, s.id))
	}
	return err
}

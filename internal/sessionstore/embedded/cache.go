// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"encoding/binary"
	"sync"

	"portreeve.org/portreeve/internal/sessionstore"
)

// place is where a row lies in the cache. space is the number of the namespace's
// present cache, which changes when the namespace is emptied.
type place struct {
	space uint32
	key   sessionstore.RowKey
}

// shards is how many parts the cache has; a power of two.
const shards = 64

// slotCost is what a row in the cache costs beside its record, in bytes.
const slotCost = 200

// cache holds records by their place and is the one source of what readers see of
// rows that are being written. Each part is a clock: rows that were not asked for
// since the hand last passed give way.
type cache struct {
	parts [shards]part
}

// part keeps its index free of pointers, so that the collector passes it by.
type part struct {
	mu     sync.Mutex
	index  map[place]uint32
	slots  []slot
	free   []uint32
	hand   int
	bytes  int64
	budget int64
	// turn changes whenever a row here was written: what was read from the engine
	// before may be old and is not kept.
	turn uint64
	// life changes when the engine was opened anew: what was read from the one
	// before may never have been safe and is not shown.
	life uint64

	hits, misses int64
}

type slot struct {
	at     place
	val    []byte // nil: there is no row
	used   bool
	asked  bool
	pinned bool // being written; val is what it was before
}

// ticket is what a reader that missed brings back.
type ticket struct{ turn, life uint64 }

func newCache(budget int64) *cache {
	c := &cache{}
	for i := range c.parts {
		c.parts[i].index = map[place]uint32{}
		c.parts[i].budget = budget / shards
	}
	return c
}

// number returns which part the place belongs to. Row keys are keyed hashes.
func (p *place) number() int {
	h := binary.LittleEndian.Uint64(p.key[:]) ^ binary.LittleEndian.Uint64(p.key[24:])
	h = (h ^ uint64(p.space)) * 0x9e3779b97f4a7c15
	return int(h >> (64 - 6))
}

func (c *cache) part(p *place) *part { return &c.parts[p.number()] }

// lookup returns the slot of a place, or nil. The part is locked.
func (p *part) lookup(at *place) *slot {
	i, ok := p.index[*at]
	if !ok {
		return nil
	}
	return &p.slots[i]
}

// put sets what lies at a place. The part is locked.
func (p *part) put(at place, val []byte, pinned bool) {
	if i, ok := p.index[at]; ok {
		s := &p.slots[i]
		p.bytes += int64(len(val) - len(s.val))
		s.val, s.pinned = val, pinned
	} else {
		s := slot{at: at, val: val, used: true, pinned: pinned}
		p.bytes += int64(len(val)) + slotCost
		if n := len(p.free); n > 0 {
			i, p.free = p.free[n-1], p.free[:n-1]
			p.slots[i] = s
		} else {
			i = uint32(len(p.slots))
			p.slots = append(p.slots, s)
		}
		p.index[at] = i
	}
	p.shrink()
}

func (p *part) remove(at place) {
	if i, ok := p.index[at]; ok {
		p.drop(i)
	}
}

func (p *part) drop(i uint32) {
	s := &p.slots[i]
	p.bytes -= int64(len(s.val)) + slotCost
	delete(p.index, s.at)
	*s = slot{}
	p.free = append(p.free, i)
}

// shrink lets rows go until the part is within its budget. Pinned ones stay.
func (p *part) shrink() {
	for steps := 2 * len(p.slots); p.bytes > p.budget && steps > 0; steps-- {
		if p.hand++; p.hand >= len(p.slots) {
			p.hand = 0
		}
		switch s := &p.slots[p.hand]; {
		case !s.used || s.pinned:
		case s.asked:
			s.asked = false
		default:
			p.drop(uint32(p.hand))
		}
	}
}

// fill keeps what a reader found in the engine, unless the part moved on meanwhile.
// The part is locked.
func (p *part) fill(at place, val []byte, t ticket) {
	if val != nil && p.turn == t.turn && p.life == t.life {
		p.put(at, val, false)
	}
}

// resize sets the budget of all parts together.
func (c *cache) resize(budget int64) {
	for i := range c.parts {
		p := &c.parts[i]
		p.mu.Lock()
		p.budget = budget / shards
		p.shrink()
		p.mu.Unlock()
	}
}

// reset forgets everything, for an engine that was opened anew, and keeps readers
// waiting until release.
func (c *cache) reset() {
	for i := range c.parts {
		p := &c.parts[i]
		p.mu.Lock()
		p.index, p.slots, p.free, p.bytes, p.hand = map[place]uint32{}, nil, nil, 0, 0
		p.life++
	}
}

func (c *cache) release() {
	for i := range c.parts {
		c.parts[i].mu.Unlock()
	}
}

// figures returns bytes held, and lookups that found and missed.
func (c *cache) figures() (bytes, hits, misses int64) {
	for i := range c.parts {
		p := &c.parts[i]
		p.mu.Lock()
		bytes, hits, misses = bytes+p.bytes, hits+p.hits, misses+p.misses
		p.mu.Unlock()
	}
	return bytes, hits, misses
}

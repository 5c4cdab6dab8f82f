// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"bytes"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
)

// cells is a partition as it was read, and what it means.
type cells struct {
	key      sessionstore.RowKey
	content  []byte
	tag      *int64
	renewed  []byte
	gone     *int64
	held     *int64
	xcontent []byte
	xtag     *int64
	xgone    []byte
	xretired []byte
	written  [3]*int64 // timestamps of content, renewed and gone
	left     *int      // seconds until Cassandra drops the content
	xleft    *int      // and the xcontent

	row    sessionstore.Row // of the content that counts, if begun is not 0
	begun  int64            // when that began in its place
	x      bool             // it is the xcontent
	wait   promise          // what it waits for
	over   uint64           // token of xgone
	ended  int64            // what began then or earlier has ended
	refuse int64            // until when writes are refused
	to     retirement       // of xretired
}

// columns are what fields scans into.
const columns = "content, tag, renewed, gone, held, xcontent, xtag, xgone, xretired, writetime(content), writetime(renewed), writetime(gone), ttl(content), ttl(xcontent)"

func (c *cells) fields() []any {
	return []any{&c.content, &c.tag, &c.renewed, &c.gone, &c.held, &c.xcontent, &c.xtag, &c.xgone, &c.xretired,
		&c.written[0], &c.written[1], &c.written[2], &c.left, &c.xleft}
}

// parse makes sense of the cells.
func (c *cells) parse() (err error) {
	counts := c.content
	if c.xcontent != nil {
		x, err := decodeX(c.xcontent)
		if err != nil {
			return err
		}
		if c.x = c.content == nil || c.tag != nil && *c.tag == x.base; c.x {
			counts, c.wait = x.content, x.promise
		}
	}
	if counts != nil {
		if c.row, c.begun, err = decode(counts); err != nil {
			return err
		}
	}
	c.row.Key = c.key
	if c.renewed != nil {
		n, err := decodeRenewal(c.renewed)
		if err != nil {
			return err
		}
		if r := &c.row; r.State == sessionstore.Live && n.version == r.Version && r.Expires != 0 {
			r.Expires = max(r.Expires, n.expires)
		}
	}
	return c.parseEnds()
}

func (c *cells) parseEnds() (err error) {
	if c.gone != nil {
		c.ended = *c.gone
	}
	if c.held != nil {
		c.refuse = *c.held
	}
	if c.xgone != nil {
		x, err := decodeGone(c.xgone)
		if err != nil {
			return err
		}
		c.over = x.token
		c.ended, c.refuse = max(c.ended, x.ended), max(c.refuse, x.held)
	}
	if c.xretired != nil {
		c.to, err = decodeRetirement(c.xretired)
	}
	return err
}

// fulfils reports whether the partition has done what a promise waits for.
func (c *cells) fulfils(p promise) bool { return c.over == p.token || c.to.token == p.token }

// forget takes away a content whose promise is not fulfilled: it does not count.
func (c *cells) forget() { c.row, c.begun = sessionstore.Row{Key: c.key}, 0 }

// latest returns what a new timestamp, and a new beginning, must be later than.
func (c *cells) latest() []int64 {
	all := []int64{c.begun, c.ended, c.to.ended}
	for _, t := range c.written {
		if t != nil {
			all = append(all, *t)
		}
	}
	return all
}

// lapses returns in how many seconds Cassandra drops the content that counts; nil is
// never.
func (c *cells) lapses() *int {
	if c.x {
		return c.xleft
	}
	return c.left
}

// outlasts returns for how many seconds Cassandra is to keep a new content, so that
// one of the other kind that it replaces does not outlive it and count again.
func outlasts(ttl int, other []byte, left *int) int {
	switch {
	case ttl == 0 || other == nil:
		return ttl
	case left == nil:
		return 0
	default:
		return max(ttl, *left+int(slack/time.Second))
	}
}

// shown returns the row that the cells mean now. The revocation of its owner is the
// caller's to add.
func (c *cells) shown(now sessionstore.Instant) sessionstore.Row {
	if c.begun > c.ended {
		r := c.row
		if c.begun <= c.to.ended && r.State != sessionstore.Revoked {
			r.State, r.Successor = sessionstore.Retired, c.to.successor
			if c.to.until != 0 && (r.Expires == 0 || c.to.until < r.Expires) {
				r.Expires = c.to.until
			}
		}
		if !r.Expired(now) {
			return r
		}
	}
	if c.refuse > int64(now) {
		return sessionstore.Row{Key: c.key, State: sessionstore.Revoked, Expires: sessionstore.Instant(c.refuse)}
	}
	return sessionstore.Row{Key: c.key}
}

// same reports whether a row is another one but for its end.
func same(a, b *sessionstore.Row) bool {
	return a.Version == b.Version && a.KeyID == b.KeyID && a.Owner == b.Owner && a.Established == b.Established &&
		a.Cap == b.Cap && a.TTL == b.TTL && a.Absolute == b.Absolute && bytes.Equal(a.Sealed, b.Sealed)
}

// Times for which cells lie beyond their use. They free the disk; what a row means
// never depends on them.
const (
	slack = 10 * time.Minute
	// lateWrites is how long a write may be under way: a client's time-outs, and
	// the three hours for which nodes keep hints for one that is away.
	lateWrites = 48 * time.Hour
	// lateForever is that for a session that would never have expired.
	lateForever = 90 * 24 * time.Hour
)

// keeps returns for how many seconds Cassandra keeps a row; 0 is for ever. A sliding
// one is kept for longer than it lives, so that few touches must write it anew.
func keeps(r *sessionstore.Row, now sessionstore.Instant, clusterSeconds int64) int {
	if r.Expires == 0 {
		return 0
	}
	d := r.Expires.Time().Sub(now.Time()) + slack
	if r.State == sessionstore.Live && !r.Absolute {
		d += r.TTL / 4
	}
	if most := r.Cap.Time().Sub(now.Time()) + slack; r.Cap != 0 && most < d {
		d = most
	}
	return seconds(d, clusterSeconds)
}

// remembers returns for how many seconds the end of a row is remembered.
func remembers(r *sessionstore.Row, now sessionstore.Instant, clusterSeconds int64) int {
	d := lateWrites
	switch {
	case r.State == sessionstore.Absent:
	case r.Expires == 0:
		d = lateForever
	default:
		d += max(r.TTL, r.Expires.Time().Sub(now.Time()))
	}
	return seconds(d, clusterSeconds)
}

// seconds rounds up. Cassandra refuses an end after January 2038 in some settings of
// its storage: what would live longer has none.
func seconds(d time.Duration, clusterSeconds int64) int {
	const end, day = 1<<31 - 1, 24 * 60 * 60
	s := int64((max(d, time.Second) + time.Second - 1) / time.Second)
	if s > end-day-clusterSeconds {
		return 0
	}
	return int(s)
}

func (t tables) check() error {
	for _, name := range []string{t.Rows, t.Owners, t.Epochs} {
		if !identifier.MatchString(name) {
			return fmt.Errorf("cassandra: namespace %q makes no table's name", t.Namespace)
		}
	}
	return nil
}

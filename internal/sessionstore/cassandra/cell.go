// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"bytes"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
)

// cells is a partition as it was read: what is there, not yet what it means.
type cells struct {
	key     sessionstore.RowKey
	content []byte
	tag     *int64
	renewed []byte
	gone    *int64
	held    *int64
	retired []byte
	written [3]*int64 // timestamps of content, renewed and gone
	left    *int      // seconds until Cassandra drops the content

	row   sessionstore.Row // of content
	begun int64            // of content
	to    retirement       // of retired
}

// columns are what fields scans into.
const columns = "content, tag, renewed, gone, held, retired, writetime(content), writetime(renewed), writetime(gone), ttl(content)"

func (c *cells) fields() []any {
	return []any{&c.content, &c.tag, &c.renewed, &c.gone, &c.held, &c.retired, &c.written[0], &c.written[1], &c.written[2], &c.left}
}

// parse makes sense of the cells.
func (c *cells) parse() (err error) {
	if c.content != nil {
		if c.row, c.begun, err = decode(c.content); err != nil {
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
	if c.retired != nil {
		if c.to, err = decodeRetirement(c.retired); err != nil {
			return err
		}
	}
	return nil
}

// latest returns what a timestamp must be later than to be seen.
func (c *cells) latest() []int64 {
	all := []int64{c.begun}
	for _, t := range []*int64{c.written[0], c.written[1], c.written[2], c.gone} {
		if t != nil {
			all = append(all, *t)
		}
	}
	if c.retired != nil {
		all = append(all, c.to.ended)
	}
	return all
}

// shown returns the row that the cells mean now. The revocation of its owner is the
// caller's to add.
func (c *cells) shown(now sessionstore.Instant) sessionstore.Row {
	if c.content != nil && (c.gone == nil || c.begun > *c.gone) {
		r := c.row
		if c.retired != nil && c.begun <= c.to.ended && r.State != sessionstore.Revoked {
			r.State, r.Successor = sessionstore.Retired, c.to.successor
			if c.to.until != 0 && (r.Expires == 0 || c.to.until < r.Expires) {
				r.Expires = c.to.until
			}
		}
		if !r.Expired(now) {
			return r
		}
	}
	if c.held != nil && *c.held > int64(now) {
		return sessionstore.Row{Key: c.key, State: sessionstore.Revoked, Expires: sessionstore.Instant(*c.held)}
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

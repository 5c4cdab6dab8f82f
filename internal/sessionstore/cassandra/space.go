// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"context"
	"errors"
	"fmt"
	"sync"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"portreeve.org/portreeve/internal/sessionstore"
)

// space is a namespace's tables.
type space struct {
	*Backend
	tables
	cql statements
}

// statements are those of one namespace's tables.
type statements struct {
	load, put, renew, end, mark, clear string
	xput, xkeep, xretire, xend, xclear string
	index, unindex, owned              string
	epoch, revoke                      string
	walk, walkFrom, dropRows, drop     string
}

func newSpace(b *Backend, name string) (*space, error) {
	t := tablesOf(name)
	if err := t.check(); err != nil {
		return nil, err
	}
	rows, owners, epochs := b.table(t.Rows), b.table(t.Owners), b.table(t.Epochs)
	const unchanged = " WHERE key = ? IF tag = ? AND gone = ? AND held = ? AND xtag = ? AND xgone = ? AND xretired = ?"
	return &space{Backend: b, tables: t, cql: statements{
		load:     "SELECT " + columns + " FROM " + rows + " WHERE key = ?",
		put:      "UPDATE " + rows + " USING TIMESTAMP ? AND TTL ? SET content = ?, tag = ? WHERE key = ?",
		renew:    "UPDATE " + rows + " USING TIMESTAMP ? AND TTL ? SET renewed = ? WHERE key = ?",
		end:      "UPDATE " + rows + " USING TIMESTAMP ? AND TTL ? SET gone = ?, held = ?, content = ?, tag = ?, renewed = null WHERE key = ?",
		mark:     "UPDATE " + rows + " USING TIMESTAMP ? AND TTL ? SET gone = ? WHERE key = ?",
		clear:    "DELETE content, tag, renewed FROM " + rows + " USING TIMESTAMP ? WHERE key = ?",
		xput:     "UPDATE " + rows + " USING TTL ? SET xcontent = ?, xtag = ?" + unchanged,
		xretire:  "UPDATE " + rows + " USING TTL ? SET xretired = ?" + unchanged,
		xend:     "UPDATE " + rows + " USING TTL ? SET xgone = ?, xcontent = ?, xtag = ?" + unchanged,
		index:    "INSERT INTO " + owners + " (owner, key) VALUES (?, ?) USING TIMESTAMP ? AND TTL ?",
		unindex:  "DELETE FROM " + owners + " USING TIMESTAMP ? WHERE owner = ? AND key = ?",
		owned:    "SELECT key FROM " + owners + " WHERE owner = ? AND key > ?",
		epoch:    "SELECT not_before FROM " + epochs + " WHERE owner = ?",
		revoke:   "UPDATE " + epochs + " USING TIMESTAMP ? SET not_before = ? WHERE owner = ?",
		walk:     "SELECT key, " + columns + " FROM " + rows,
		walkFrom: "SELECT key, " + columns + " FROM " + rows + " WHERE token(key) > token(?)",
		dropRows: "TRUNCATE " + rows,
		drop:     "TRUNCATE " + owners,
	}}, nil
}

// load reads a partition, and another one if its content waits for that.
func (s *space) load(ctx context.Context, key sessionstore.RowKey, level gocql.Consistency) (*cells, error) {
	c, err := s.read(ctx, key, level)
	if err != nil {
		return nil, err
	}
	return c, s.settle(ctx, c, level)
}

func (s *space) read(ctx context.Context, key sessionstore.RowKey, level gocql.Consistency) (*cells, error) {
	c := &cells{key: key}
	err := s.link.query(s.cql.load, key[:]).Consistency(level).ScanContext(ctx, c.fields()...)
	if err != nil && !errors.Is(err, gocql.ErrNotFound) {
		return nil, away("read", err)
	}
	return c, c.parse()
}

// settle finds out whether a promised content counts.
func (s *space) settle(ctx context.Context, c *cells, level gocql.Consistency) error {
	if c.wait.token == 0 {
		return nil
	}
	other, err := s.read(ctx, c.wait.at, level)
	if err != nil {
		return err
	}
	if !other.fulfils(c.wait) {
		c.forget()
	}
	return nil
}

// epoch reads until when an owner's sessions are revoked; 0 = not at all.
func (s *space) epoch(ctx context.Context, owner sessionstore.OwnerKey) (sessionstore.Instant, error) {
	var at int64
	err := s.link.query(s.cql.epoch, owner[:]).Consistency(gocql.LocalQuorum).ScanContext(ctx, &at)
	if err != nil && !errors.Is(err, gocql.ErrNotFound) {
		return 0, away("read an owner's revocation", err)
	}
	return sessionstore.Instant(at), nil
}

// judged returns what the cells mean now, the owner's revocation included.
func (s *space) judged(ctx context.Context, c *cells, now sessionstore.Instant) (sessionstore.Row, sessionstore.Instant, error) {
	r := c.shown(now)
	if r.State == sessionstore.Absent || r.Owner == (sessionstore.OwnerKey{}) {
		return r, 0, nil
	}
	at, err := s.epoch(ctx, r.Owner)
	if err != nil {
		return sessionstore.Row{}, 0, err
	}
	return ended(r, at), at, nil
}

// ended returns the row as a revocation leaves it.
func ended(r sessionstore.Row, notBefore sessionstore.Instant) sessionstore.Row {
	if r.State != sessionstore.Absent && r.Established <= notBefore {
		r.State, r.Sealed = sessionstore.Revoked, nil
	}
	return r
}

// longestChain is how often an id may be changed within its graces. A longer way to
// the session is not followed.
const longestChain = 16

// Get is sessionstore.Space.Get.
func (s *space) Get(ctx context.Context, key sessionstore.RowKey) (sessionstore.Row, error) {
	now := s.now()
	var first sessionstore.Row
	for i := range longestChain {
		c, err := s.load(ctx, key, gocql.LocalQuorum)
		if err != nil {
			return sessionstore.Row{}, err
		}
		r, _, err := s.judged(ctx, c, now)
		if err != nil {
			return sessionstore.Row{}, err
		}
		if i == 0 {
			first = r
		}
		switch r.State {
		case sessionstore.Live:
			if r.Established != first.Established {
				return sessionstore.Row{}, sessionstore.ErrNotFound // another session under the id
			}
			return first, nil
		case sessionstore.Retired:
			key = r.Successor
		default:
			return sessionstore.Row{}, sessionstore.ErrNotFound
		}
	}
	return sessionstore.Row{}, sessionstore.ErrNotFound
}

// view reads what a change is shown. Partitions are read one by one, at the same time.
func (s *space) view(ctx context.Context, c sessionstore.Change, level gocql.Consistency) (sessionstore.View, []*cells, error) {
	v := sessionstore.View{Now: s.now(), Version: fresh(), Rows: make([]sessionstore.Row, len(c.Keys))}
	all := make([]*cells, len(c.Keys))
	epochs := make([]sessionstore.Instant, len(c.Keys)+len(c.Owners))
	errs := make([]error, len(epochs))
	each(len(epochs), func(i int) {
		if i >= len(c.Keys) {
			epochs[i], errs[i] = s.epoch(ctx, c.Owners[i-len(c.Keys)])
			return
		}
		if all[i], errs[i] = s.load(ctx, c.Keys[i], level); errs[i] == nil {
			v.Rows[i], epochs[i], errs[i] = s.judged(ctx, all[i], v.Now)
			if v.Rows[i].State == sessionstore.Absent {
				epochs[i] = 0 // whose time has ended has no owner any more
			}
		}
	})
	for _, at := range epochs {
		v.NotBefore = max(v.NotBefore, at)
	}
	return v, all, errors.Join(errs...)
}

// each calls f for 0 to n-1 at the same time, and returns when all are done.
func each(n int, f func(int)) {
	if n == 1 {
		f(0)
		return
	}
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

// Usage is sessionstore.Space.Usage. Nobody knows.
func (s *space) Usage(context.Context) (sessionstore.Usage, error) { return sessionstore.Usage{}, nil }

// Drop is sessionstore.Space.Drop.
func (s *space) Drop(ctx context.Context) error {
	for _, cql := range []string{s.cql.dropRows, s.cql.drop} {
		if err := s.link.query(cql).Consistency(gocql.Quorum).ExecContext(ctx); err != nil {
			return away(fmt.Sprintf("truncate namespace %s", s.Namespace), err)
		}
	}
	return nil
}

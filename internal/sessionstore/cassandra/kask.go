// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"time"
	"unicode/utf8"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"portreeve.org/portreeve/internal/sessionstore"
)

// Kask is the table of a Kask that is in use: its sessions, under their ids in clear.
// It is safe for use by many goroutines. Its role needs SELECT and MODIFY on the table.
type Kask struct {
	link  *link
	clock *clock
	wall  func() time.Time
	cql   struct{ find, remove, drop, scan, check string }
}

var _ sessionstore.Legacy = (*Kask)(nil)

// quotable is a name that Kask puts between quotes.
var quotable = regexp.MustCompile(`^[A-Za-z0-9_]{1,48}$`)

// OpenKask connects to Kask's cluster. c says how, with Kask's own keyspace; nothing
// but the table is read or written there.
func OpenKask(c Config, table string) (*Kask, error) {
	name := c.Keyspace
	if !quotable.MatchString(name) || !quotable.MatchString(table) {
		return nil, fmt.Errorf("cassandra: %q.%q is not a table's name", name, table)
	}
	c.Keyspace = "system" // of which nothing is needed; Kask's may be of any case
	c, err := c.completed()
	if err != nil {
		return nil, err
	}
	k := &Kask{clock: &clock{elapsed: c.Elapsed}, wall: c.Clock}
	at := fmt.Sprintf("%q.%q", name, table)
	k.cql.find = "SELECT value, writetime(value), ttl(value) FROM " + at + " WHERE key = ?"
	k.cql.remove = "DELETE FROM " + at + " USING TIMESTAMP ? WHERE key = ?"
	k.cql.drop = "TRUNCATE " + at
	k.cql.scan = "SELECT key, token(key), value, writetime(value), ttl(value) FROM " + at + " WHERE token(key) >= ?"
	k.cql.check = "SELECT key FROM " + at + " WHERE key = ?"
	if k.link, err = connect(c, k.prove); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.QueryTimeout)
	defer cancel()
	if err := k.prove(ctx, k.link.session.Load()); err != nil {
		k.link.close()
		return nil, fmt.Errorf("cassandra: the table %s of Kask: %w", at, err)
	}
	return k, nil
}

// Close ends the connection.
func (k *Kask) Close() error {
	k.link.close()
	return nil
}

func (k *Kask) prove(ctx context.Context, session *gocql.Session) error {
	return session.Query(k.cql.check, "none").Idempotent(true).ExecContext(ctx)
}

func (k *Kask) now() sessionstore.Instant {
	k.clock.follow(sessionstore.InstantOf(k.wall()))
	return k.clock.now()
}

// Find is sessionstore.Legacy.Find, at LOCAL_QUORUM as Kask reads.
func (k *Kask) Find(ctx context.Context, id []byte) (sessionstore.LegacySession, error) {
	s, _, err := k.find(ctx, id)
	return s, err
}

func (k *Kask) find(ctx context.Context, id []byte) (sessionstore.LegacySession, int64, error) {
	if !utf8.Valid(id) || len(id) == 0 { // Kask's keys are text
		return sessionstore.LegacySession{}, 0, sessionstore.ErrNotFound
	}
	var r kaskRow
	err := k.link.query(k.cql.find, string(id)).Consistency(gocql.LocalQuorum).ScanContext(ctx, &r.value, &r.written, &r.ttl)
	if errors.Is(err, gocql.ErrNotFound) || err == nil && r.value == nil {
		return sessionstore.LegacySession{}, 0, sessionstore.ErrNotFound
	}
	if err != nil {
		return sessionstore.LegacySession{}, 0, away("read Kask's table", err)
	}
	return r.session(k.now()), r.at(), nil
}

// kaskRow is a row as it is read.
type kaskRow struct {
	value   []byte
	written *int64
	ttl     *int
}

func (r *kaskRow) at() int64 {
	if r.written == nil {
		return 0
	}
	return *r.written
}

func (r *kaskRow) session(now sessionstore.Instant) sessionstore.LegacySession {
	s := sessionstore.LegacySession{Value: r.value, Written: sessionstore.Instant(r.at())}
	if r.ttl != nil {
		s.Expires = now.After(time.Duration(*r.ttl) * time.Second)
	}
	return s
}

// Remove is sessionstore.Legacy.Remove, at EACH_QUORUM as Kask deletes. It counts also
// against a writer whose clock is ahead.
func (k *Kask) Remove(ctx context.Context, id []byte) error {
	if !utf8.Valid(id) || len(id) == 0 {
		return nil
	}
	_, written, err := k.find(ctx, id)
	if err != nil && !errors.Is(err, sessionstore.ErrNotFound) {
		return err
	}
	err = k.link.query(k.cql.remove, k.link.stamps.after(written), string(id)).Consistency(gocql.EachQuorum).ExecContext(ctx)
	return away("delete from Kask's table", err)
}

// Drop is sessionstore.Legacy.Drop: it truncates the table.
func (k *Kask) Drop(ctx context.Context) error {
	return away("truncate Kask's table", k.link.query(k.cql.drop).Consistency(gocql.Quorum).ExecContext(ctx))
}

// First is where a scan begins.
const First int64 = math.MinInt64

// Scan calls f for each session from a token on, in order of their tokens, until f
// returns false or an error. It can go on later from the last token; sessions of that
// are seen again then.
func (k *Kask) Scan(ctx context.Context, from int64, f func(id []byte, token int64, s sessionstore.LegacySession) (bool, error)) error {
	rows := k.link.query(k.cql.scan, from).Consistency(gocql.LocalQuorum).PageSize(500).IterContext(ctx)
	for {
		var id []byte
		var token int64
		var r kaskRow
		if !rows.Scan(&id, &token, &r.value, &r.written, &r.ttl) {
			return away("scan Kask's table", rows.Close())
		}
		if r.value == nil {
			continue
		}
		on, err := f(id, token, r.session(k.now()))
		if !on || err != nil {
			return errors.Join(err, away("scan Kask's table", rows.Close()))
		}
	}
}

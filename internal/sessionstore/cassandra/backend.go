// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

// Backend keeps namespaces in a keyspace. It is safe for use by many goroutines.
type Backend struct {
	config  Config
	link    *link
	clock   *clock
	process string // its row in the table probe
}

var _ sessionstore.Backend = (*Backend)(nil)

// Open connects to the cluster, and fails if it cannot. What comes later it lives
// through: a cluster that is away and comes back, and a view of it that became wrong.
func Open(c Config) (*Backend, error) {
	c, err := c.completed()
	if err != nil {
		return nil, err
	}
	b := &Backend{config: c, clock: &clock{elapsed: c.Elapsed}, process: rand.Text()}
	if b.link, err = connect(c, b.prove); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.QueryTimeout)
	defer cancel()
	if err := b.Probe(ctx); err != nil {
		b.link.close()
		return nil, fmt.Errorf("keyspace %s (was its schema made, and may the role read and write it?): %w", c.Keyspace, err)
	}
	return b, nil
}

// Close ends the connection.
func (b *Backend) Close() error {
	b.link.close()
	return nil
}

func (b *Backend) now() sessionstore.Instant {
	b.clock.follow(sessionstore.InstantOf(b.config.Clock()))
	return b.clock.now()
}

// Probe writes and reads at the quorum that sessions need.
func (b *Backend) Probe(ctx context.Context) error {
	return away("probe", b.prove(ctx, b.link.session.Load()))
}

func (b *Backend) prove(ctx context.Context, session *gocql.Session) error {
	at := time.UnixMicro(b.link.stamps.after()).UTC().Truncate(time.Millisecond)
	table := b.table("probe")
	const hour = 3600
	write := session.Query("INSERT INTO "+table+" (process, at) VALUES (?, ?) USING TIMESTAMP ? AND TTL ?", b.process, at, at.UnixMicro(), hour)
	if err := write.Idempotent(true).ExecContext(ctx); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	var got time.Time
	read := session.Query("SELECT at FROM "+table+" WHERE process = ?", b.process).Idempotent(true)
	if err := read.ScanContext(ctx, &got); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if got.Before(at) {
		return fmt.Errorf("a read at the quorum does not see the write before it: %s, not %s", got, at)
	}
	return nil
}

// table returns a table's name with the keyspace, which is between quotes because
// Kask's files spell it so.
func (b *Backend) table(name string) string { return `"` + b.config.Keyspace + `".` + name }

// Space returns a namespace's place. Its tables must be there ([Schema]). A quota is
// refused: nobody can count what a cluster holds while it is written.
func (b *Backend) Space(ctx context.Context, name string, q sessionstore.Quota) (sessionstore.Space, error) {
	if q != (sessionstore.Quota{}) {
		return nil, fault.New(fault.Invalid, "session.no_quota", "Cassandra cannot hold namespace %s to a quota. Take the quota away, or keep the namespace in the embedded backend.", name)
	}
	s, err := newSpace(b, name)
	if err != nil {
		return nil, err
	}
	// The rights and the tables, rather than the first request, should fail.
	if _, err := s.load(ctx, sessionstore.RowKey{}, gocql.LocalQuorum); err != nil {
		return nil, fmt.Errorf("namespace %s (was its schema made?): %w", name, err)
	}
	if _, err := s.epoch(ctx, sessionstore.OwnerKey{}); err != nil {
		return nil, fmt.Errorf("namespace %s (was its schema made?): %w", name, err)
	}
	return s, nil
}

// Guarantees is sessionstore.Backend.Guarantees.
func (b *Backend) Guarantees() []string {
	all := []string{
		"reads and writes at LOCAL_QUORUM: what was answered is seen by every later read through the same data centre, and survives the loss of a minority of its nodes",
		"deletes and revocations at EACH_QUORUM: they need every data centre, and are seen in each of them once answered; if one is away they fail, and say so",
		"an ended, changed or revoked session is not brought back by a write that was under way, however late it comes",
		"a write with a precondition, and a change of id, is a lightweight transaction: it happens on the state that it was decided on, or not at all",
		"a change of id happens for all readers at once, when the old id is retired, or not at all, also if the process dies in between",
		"a write to an id that is being changed at the same moment may be answered and not reach the new id",
		"two writes without a precondition at the same moment: one of them stays, whole",
		"a write of another data centre is seen when it has arrived, as a rule within its distance",
		"dropping a namespace truncates its tables: every node must be up, and nodes keep a snapshot on their disks unless auto_snapshot is off",
		"no quotas: nobody counts what a cluster holds",
	}
	if b.config.LocalSerial {
		all = append(all, "lightweight transactions are decided within the data centre: two data centres may both succeed with what only one should")
	}
	if b.config.Plaintext {
		all = append(all, "WITHOUT TLS: rows and the password are open to the network, and whoever answers is taken for Cassandra")
	} else {
		all = append(all, "TLS with the certificate of every node verified, which cannot be switched off")
	}
	return all
}

// away words what the driver says; errors of the request itself are left alone.
func away(doing string, err error) error {
	if err == nil {
		return nil
	}
	var (
		writeTimeout *gocql.RequestErrWriteTimeout
		writeFailure *gocql.RequestErrWriteFailure
		unknown      *gocql.RequestErrCASWriteUnknown
		invalid      *gocql.RequestErrInvalid
		unauthorized *gocql.RequestErrUnauthorized
		syntax       *gocql.RequestErrSyntax
	)
	err = fmt.Errorf("cassandra: %s: %w", doing, err)
	code, message := "session.store_away", "The session storage's database does not answer. Try again."
	switch {
	case errors.As(err, &invalid), errors.As(err, &unauthorized), errors.As(err, &syntax), errors.Is(err, errRecord), errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &writeTimeout), errors.As(err, &writeFailure), errors.As(err, &unknown), errors.Is(err, gocql.ErrTimeoutNoResponse), errors.Is(err, gocql.ErrConnectionClosed):
		code, message = "session.store_unsure", "The session storage's database did not say whether it did it. Do it again."
	}
	e := fault.New(fault.Unavailable, code, "%s", message).Because(err)
	e.RetryAfter = time.Second
	return e
}

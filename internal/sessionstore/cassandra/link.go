// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"portreeve.org/portreeve/internal/sessionstore"
)

// failuresToRebuild is how many checks in a row fail before the driver's view of
// the cluster is given up. In the incidents of 2022 and 2023 a driver went on with
// a stale one after a node had come back, and only a restart helped.
const failuresToRebuild = 3

// link is the connection to the cluster. It heals itself.
type link struct {
	config  Config
	dialer  *dialer
	stamps  *stamper
	session atomic.Pointer[gocql.Session]
	check   func(context.Context, *gocql.Session) error

	stop context.CancelFunc
	done sync.WaitGroup
}

// connect opens the connection and keeps it until close. check is what proves that
// it works.
func connect(c Config, check func(context.Context, *gocql.Session) error) (*link, error) {
	l := &link{config: c, check: check, stamps: &stamper{elapsed: c.Elapsed}}
	l.dialer = &dialer{hosts: c.Hosts, tls: c.TLS, plain: c.Plaintext, timeout: c.ConnectTimeout, log: c.Log}
	ctx, stop := context.WithCancel(context.Background())
	l.stop = stop
	session, err := l.open(ctx)
	if err != nil {
		stop()
		return nil, err
	}
	l.session.Store(session)
	l.done.Go(func() { l.keep(ctx) })
	return l, nil
}

func (l *link) close() {
	l.stop()
	l.done.Wait()
	l.dismiss(l.session.Load())
}

// dismiss closes a session. The driver waits for its own goroutines then, and for one
// that hangs on a node it would wait for ever.
func (l *link) dismiss(session *gocql.Session) {
	closed := make(chan struct{})
	go func() {
		session.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(l.config.QueryTimeout):
	}
}

// open makes a session of the driver with a fresh view of the cluster. The driver
// takes no context for that and has several time-outs one after another; what takes
// longer than it may is left to itself.
func (l *link) open(ctx context.Context) (*gocql.Session, error) {
	type result struct {
		session *gocql.Session
		err     error
	}
	opened := make(chan result, 1)
	go func() {
		session, err := l.dial()
		opened <- result{session, err}
	}()
	abandon := func(why error) (*gocql.Session, error) {
		go func() {
			if late := <-opened; late.err == nil {
				late.session.Close()
			}
		}()
		return nil, fmt.Errorf("connect to Cassandra: %w", why)
	}
	nodes := time.Duration(len(l.config.Hosts))
	select {
	case r := <-opened:
		return r.session, r.err
	case <-ctx.Done():
		return abandon(ctx.Err())
	case <-time.After(2*nodes*l.config.ConnectTimeout + 2*l.config.QueryTimeout):
		return abandon(context.DeadlineExceeded)
	}
}

// cluster is the driver's configuration.
func (l *link) cluster() *gocql.ClusterConfig {
	c := gocql.NewCluster(l.config.Hosts...)
	c.Port, c.Keyspace, c.NumConns = l.config.Port, l.config.Keyspace, l.config.Connections
	c.ProtoVersion = 4
	c.Timeout, c.ConnectTimeout = l.config.QueryTimeout, l.config.ConnectTimeout
	c.Consistency, c.SerialConsistency = gocql.LocalQuorum, l.serial()
	c.DefaultTimestamp = false // statements say their own
	c.HostDialer = l.dialer
	c.AuthProvider = func(*gocql.HostInfo) (gocql.Authenticator, error) {
		password, err := l.config.secret()
		return credentials{user: l.config.Username, password: password}, err
	}
	c.ReconnectInterval = l.config.CheckEvery
	c.ReconnectionPolicy = &gocql.ConstantReconnectionPolicy{MaxRetries: 3, Interval: 500 * time.Millisecond}
	c.RetryPolicy = &gocql.SimpleRetryPolicy{NumRetries: 2}
	c.Metadata.CacheMode = gocql.KeyspaceOnly
	c.Events.DisableSchemaEvents = true
	nearest := gocql.RoundRobinHostPolicy()
	if l.config.LocalDC != "" {
		// A filter, not a preference: with a coordinator elsewhere LOCAL_QUORUM would
		// be that data centre's.
		c.HostFilter = gocql.DataCenterHostFilter(l.config.LocalDC)
		nearest = gocql.DCAwareRoundRobinPolicy(l.config.LocalDC)
	}
	c.PoolConfig.HostSelectionPolicy = gocql.TokenAwareHostPolicy(nearest)
	return c
}

func (l *link) dial() (*gocql.Session, error) {
	session, err := l.cluster().CreateSession()
	if err != nil {
		return nil, fmt.Errorf("connect to Cassandra: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), l.config.QueryTimeout)
	defer cancel()
	if err := errors.Join(l.placed(ctx, session), l.setClock(ctx, session)); err != nil {
		session.Close()
		return nil, err
	}
	return session, nil
}

func (l *link) serial() gocql.Consistency {
	if l.config.LocalSerial {
		return gocql.LocalSerial
	}
	return gocql.Serial
}

// placed refuses to guess the data centre.
func (l *link) placed(ctx context.Context, session *gocql.Session) error {
	if l.config.LocalDC != "" {
		return nil
	}
	var here string
	if err := session.Query("SELECT data_center FROM system.local WHERE key = 'local'").ScanContext(ctx, &here); err != nil {
		return fmt.Errorf("cassandra: ask for the data centre: %w", err)
	}
	peers := session.Query("SELECT data_center FROM system.peers").IterContext(ctx)
	other := false
	for dc := ""; peers.Scan(&dc); {
		other = other || dc != here
	}
	if err := peers.Close(); err != nil {
		return fmt.Errorf("cassandra: ask for the data centres: %w", err)
	}
	if other {
		return errors.New("cassandra: the cluster has several data centres; say which is the local one (cassandra.local_dc)")
	}
	return nil
}

// setClock lets timestamps follow the cluster's time, which is the one that
// lightweight transactions use.
func (l *link) setClock(ctx context.Context, session *gocql.Session) error {
	var now time.Time
	if err := session.Query("SELECT toTimestamp(now()) FROM system.local WHERE key = 'local'").ScanContext(ctx, &now); err != nil {
		return fmt.Errorf("cassandra: ask for the time: %w", err)
	}
	l.stamps.set(sessionstore.InstantOf(now))
	return nil
}

// keep checks the connection, and replaces it when it does not heal.
func (l *link) keep(ctx context.Context) {
	ticks := time.NewTicker(l.config.CheckEvery)
	defer ticks.Stop()
	failures := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		err := l.tried(ctx, l.session.Load())
		if err == nil {
			failures = 0
			continue
		}
		if failures++; failures < failuresToRebuild || ctx.Err() != nil {
			continue
		}
		fails := l.rebuild(ctx)
		if fails != nil && ctx.Err() == nil {
			if failures == failuresToRebuild || failures%20 == 0 { // not at each check
				l.config.Log.Error("Cassandra is away; connecting anew goes on", "checks", failures, "error", errors.Join(err, fails))
			}
			continue
		}
		failures = 0
		l.config.Log.Warn("Cassandra did not answer, and does over a new connection", "error", err)
	}
}

func (l *link) tried(ctx context.Context, session *gocql.Session) error {
	ctx, cancel := context.WithTimeout(ctx, l.config.QueryTimeout)
	defer cancel()
	return errors.Join(l.check(ctx, session), l.setClock(ctx, session))
}

// rebuild replaces the session by one that works.
func (l *link) rebuild(ctx context.Context) error {
	fresh, err := l.open(ctx)
	if err != nil {
		return err
	}
	if err := l.tried(ctx, fresh); err != nil {
		l.dismiss(fresh)
		return err
	}
	stale := l.session.Swap(fresh)
	l.done.Go(func() {
		// Statements that run on the stale one have ended by then.
		select {
		case <-ctx.Done():
		case <-time.After(2 * l.config.QueryTimeout):
		}
		l.dismiss(stale)
	})
	return nil
}

// seconds is the cluster's time in seconds since 1970.
func (l *link) seconds() int64 { return l.stamps.after() / 1e6 }

// query returns a statement that may be repeated: it says its own timestamp, or reads.
func (l *link) query(cql string, args ...any) *gocql.Query {
	return l.session.Load().Query(cql, args...).Idempotent(true)
}

// transaction returns a lightweight transaction, which nobody repeats unasked.
func (l *link) transaction(cql string, args ...any) *gocql.Query {
	return l.session.Load().Query(cql, args...).Idempotent(false)
}

// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
	"portreeve.org/portreeve/test/fakes/cql"
)

// doubled is a backend on the double, whose clock a test can move.
type doubled struct {
	*Backend
	node   *cql.Server
	offset atomic.Int64
}

// Advance moves the backend's clock; the node's stays.
func (d *doubled) Advance(by time.Duration) { d.offset.Add(int64(by)) }

// newDouble starts a double with the options and opens a backend on it.
func newDouble(t testing.TB, o cql.Options, settings ...func(*Config)) *doubled {
	t.Helper()
	node, err := cql.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = node.Close() })
	return onDouble(t, node, settings...)
}

func onDouble(t testing.TB, node *cql.Server, settings ...func(*Config)) *doubled {
	t.Helper()
	d := &doubled{node: node}
	c := d.config()
	for _, set := range settings {
		set(&c)
	}
	var err error
	if d.Backend, err = Open(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func (d *doubled) config() Config {
	return Config{
		Hosts: []string{"127.0.0.1"}, Port: d.node.Port(), Keyspace: "sessions", Plaintext: true, Connections: 1,
		QueryTimeout: 5 * time.Second, ConnectTimeout: 5 * time.Second, CheckEvery: time.Hour,
		Clock: func() time.Time { return time.Now().Add(time.Duration(d.offset.Load())) },
	}
}

// unquoted takes no quota, as an operator must.
type unquoted struct{ *doubled }

func (u unquoted) Space(ctx context.Context, name string, _ sessionstore.Quota) (sessionstore.Space, error) {
	return u.doubled.Space(ctx, name, sessionstore.Quota{})
}

func TestConformOnTheDouble(t *testing.T) {
	storetest.Conform(t, func(t *testing.T) sessionstore.Backend { return unquoted{newDouble(t, cql.Options{})} })
}

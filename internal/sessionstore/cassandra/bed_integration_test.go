// SPDX-License-Identifier: Apache-2.0

//go:build integration

package cassandra

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
	server "portreeve.org/portreeve/test/cassandra"
)

// bed is a keyspace of the real Cassandra with a role that may use it.
type bed struct {
	*server.Server
	keyspace string
	role     string
	password string
	offset   atomic.Int64 // of the backend's clock
}

func newBed(t testing.TB) *bed {
	t.Helper()
	s, err := server.Shared(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return bedOn(t, s)
}

func bedOn(t testing.TB, s *server.Server) *bed {
	t.Helper()
	name := strings.ToLower("t" + rand.Text()[:16])
	b := &bed{Server: s, keyspace: name, role: "r" + name, password: rand.Text()}
	b.schema(t)
	b.exec(t, fmt.Sprintf("ALTER ROLE %s WITH PASSWORD = '%s'", b.role, b.password))
	t.Cleanup(func() { b.exec(t, "DROP KEYSPACE "+b.keyspace, "DROP ROLE "+b.role) })
	return b
}

// schema makes what an operator would, by the statements that are printed for one.
func (b *bed) schema(t testing.TB, namespaces ...string) {
	t.Helper()
	s := Schema{Keyspace: b.keyspace, Replication: []Copies{{b.Datacenter, 1}}, Namespaces: namespaces, Role: b.role}
	statements, err := s.Statements()
	if err != nil {
		t.Fatal(err)
	}
	b.exec(t, statements...)
}

func (b *bed) exec(t testing.TB, statements ...string) {
	t.Helper()
	if err := b.Exec(context.Background(), statements...); err != nil {
		t.Fatal(err)
	}
}

func (b *bed) config(t testing.TB) Config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(b.password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return Config{
		Hosts: []string{b.Host}, Port: b.Port, Keyspace: b.keyspace, LocalDC: b.Datacenter,
		TLS: TLS{CA: b.CA, Cert: b.Cert, Key: b.Key}, Username: b.role, PasswordFile: file,
		QueryTimeout: 25 * time.Second, ConnectTimeout: 15 * time.Second, Connections: 2,
		Clock: func() time.Time { return time.Now().Add(time.Duration(b.offset.Load())) },
	}
}

// backend opens the keyspace. Its spaces get their tables as an operator makes them.
func (b *bed) backend(t testing.TB) *operated {
	t.Helper()
	opened, err := Open(b.config(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return &operated{Backend: opened, t: t, bed: b}
}

// operated is a backend with an operator at hand.
type operated struct {
	*Backend
	t   testing.TB
	bed *bed
}

// Space passes no quota on: an operator cannot have one here.
func (o *operated) Space(ctx context.Context, name string, _ sessionstore.Quota) (sessionstore.Space, error) {
	o.bed.schema(o.t, name)
	return o.Backend.Space(ctx, name, sessionstore.Quota{})
}

// Advance moves the backend's clock; the cluster's stays.
func (o *operated) Advance(d time.Duration) { o.bed.offset.Add(int64(d)) }

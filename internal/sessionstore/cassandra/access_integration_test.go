// SPDX-License-Identifier: Apache-2.0

//go:build integration

package cassandra

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
	server "portreeve.org/portreeve/test/cassandra"
)

// TestWrongCredentials: each of the two ways in which a node asks who this is.
func TestWrongCredentials(t *testing.T) {
	b := newBed(t)
	for name, spoil := range map[string]func(*Config){
		"a wrong password":               func(c *Config) { c.PasswordFile, c.Password = "", "wrong" },
		"nobody's name":                  func(c *Config) { c.Username = "nobody" },
		"Cassandra's own superuser":      func(c *Config) { c.Username, c.PasswordFile, c.Password = "cassandra", "", "cassandra" },
		"no password":                    func(c *Config) { c.Username, c.PasswordFile = "", "" },
		"no certificate":                 func(c *Config) { c.TLS.Cert, c.TLS.Key = "", "" },
		"a certificate of somebody else": func(c *Config) { c.TLS.Cert, c.TLS.Key = b.OtherCert, b.OtherKey },
		"another authority for the node": func(c *Config) { c.TLS.CA = b.OtherCA },
		"another name of the node":       func(c *Config) { c.TLS.ServerName = "cassandra.example" },
		"another data centre":            func(c *Config) { c.LocalDC = "nowhere" },
		"a keyspace that is not there":   func(c *Config) { c.Keyspace = "nothing_here" },
	} {
		c := b.config(t)
		spoil(&c)
		if opened, err := Open(c); err == nil {
			_ = opened.Close()
			t.Errorf("%s: it opens", name)
		} else if strings.Contains(err.Error(), b.password) {
			t.Errorf("%s: the error holds the password", name)
		}
	}
	opened, err := Open(b.config(t))
	if err != nil {
		t.Fatalf("with all as it should be: %v", err)
	}
	must(t, opened.Close())
}

// TestLeastPrivilege: the role of the printed schema can do what sessions need (the
// whole suite runs as it) and nothing else.
func TestLeastPrivilege(t *testing.T) {
	b := newBed(t)
	o := b.backend(t)
	other := newBed(t)
	session := o.link.session.Load()
	for _, cql := range []string{
		"CREATE TABLE " + b.keyspace + ".more (a int PRIMARY KEY)",
		"ALTER TABLE " + b.keyspace + ".probe ADD more int",
		"DROP TABLE " + b.keyspace + ".probe",
		"DROP KEYSPACE " + b.keyspace,
		"CREATE ROLE more WITH SUPERUSER = true",
		"GRANT ALL ON ALL KEYSPACES TO " + b.role,
		"SELECT role, salted_hash FROM system_auth.roles",
		"SELECT process FROM " + other.keyspace + ".probe",
		"INSERT INTO " + other.keyspace + ".probe (process, at) VALUES ('a', 1)",
	} {
		if err := session.Query(cql).ExecContext(t.Context()); !errors.As(err, new(*gocql.RequestErrUnauthorized)) {
			t.Errorf("%s: %v, want it refused", cql, err)
		}
	}
	_, err := o.Backend.Space(t.Context(), "never-made", sessionstore.Quota{})
	if err == nil || !strings.Contains(err.Error(), "schema") {
		t.Errorf("a namespace without tables: %v", err)
	}
	if _, err := o.Backend.Space(t.Context(), "counted", sessionstore.Quota{Rows: 1}); err == nil || fault.From(err).Kind != fault.Invalid {
		t.Errorf("a quota: %v, want it refused rather than not kept", err)
	}
	b.exec(t, fmt.Sprintf("REVOKE MODIFY ON KEYSPACE %s FROM %s", b.keyspace, b.role))
	if err := o.Probe(t.Context()); err == nil {
		t.Error("a role that may only read is ready")
	}
}

// TestNodeAwayAndBack: a real node is killed and comes back at its address, without a
// restart of the backend; then it takes a certificate's identity for a password.
func TestNodeAwayAndBack(t *testing.T) {
	dir, err := os.MkdirTemp(server.FastFolder(), "portreeve-cassandra-own-")
	must(t, err)
	t.Cleanup(func() {
		if err := server.Stop(dir); err != nil {
			t.Error(err)
		}
	})
	node, err := server.Start(t.Context(), dir)
	must(t, err)
	name := "away"
	b := &bed{Server: node, keyspace: name, role: "r" + name, password: "of away"}
	b.schema(t, "away")
	b.exec(t, fmt.Sprintf("ALTER ROLE %s WITH PASSWORD = '%s'", b.role, b.password),
		fmt.Sprintf("ADD IDENTITY '%s' TO ROLE '%s'", node.Identity, b.role))
	c := b.config(t)
	c.CheckEvery, c.QueryTimeout = time.Second, 10*time.Second
	opened, err := Open(c)
	must(t, err)
	st := storetest.Store(t, opened, storetest.Namespace("away"))
	_, _, err = st.Set(t.Context(), []byte("a"), sessionstore.Write{Value: []byte("one")})
	must(t, err)

	must(t, node.Halt())
	if _, err := st.Get(t.Context(), []byte("a")); !isAway(err) {
		t.Fatalf("with the node killed: %v", err)
	}
	if err := opened.Probe(t.Context()); !isAway(err) {
		t.Fatalf("readiness with the node killed: %v", err)
	}
	must(t, node.Resume(t.Context()))
	eventually(t, func() error { return opened.Probe(t.Context()) })
	if got, err := st.Get(t.Context(), []byte("a")); err != nil || string(got.Value) != "one" {
		t.Fatalf("after it came back: %q, %v", got.Value, err)
	}
	must(t, opened.Close())

	must(t, node.Halt())
	node.Certificates = true
	must(t, node.Resume(t.Context()))
	c.Username, c.PasswordFile = "", ""
	opened, err = Open(c)
	must(t, err)
	if _, err := opened.Space(t.Context(), "away", sessionstore.Quota{}); err != nil {
		t.Fatal(err)
	}
	must(t, opened.Close())
	c.TLS.Cert, c.TLS.Key = node.OtherCert, node.OtherKey
	if opened, err := Open(c); err == nil {
		_ = opened.Close()
		t.Fatal("the identity is taken from a certificate of somebody else's authority")
	}
}

// SPDX-License-Identifier: Apache-2.0

//go:build integration

package cassandra

import (
	"crypto/tls"
	"os"
	"strings"
	"testing"
)

// TestServerHasWhatTheTestsRelyOn: a server that lets everybody in would make
// every test of a refusal pass for nothing.
func TestServerHasWhatTheTestsRelyOn(t *testing.T) {
	s, err := Shared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	session, err := s.Session()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	var release string
	if err := session.Query("SELECT release_version FROM system.local").Scan(&release); err != nil || release != Version {
		t.Errorf("release %q (%v), want %s", release, err, Version)
	}
	if _, err := s.session(s.Superuser, "wrong"); err == nil {
		t.Error("a wrong password opens a session")
	}
	if _, err := s.session("cassandra", "cassandra"); err == nil {
		t.Error("Cassandra's own superuser is let in")
	}
	config, err := s.tls()
	if err != nil {
		t.Fatal(err)
	}
	config.Certificates = nil
	if err := greet(t, s, config); err == nil {
		t.Error("a client without a certificate is let in")
	}
	foreign, err := tls.LoadX509KeyPair(s.OtherCert, s.OtherKey)
	if err != nil {
		t.Fatal(err)
	}
	config.Certificates = []tls.Certificate{foreign}
	if err := greet(t, s, config); err == nil {
		t.Error("a client with a certificate of a foreign authority is let in")
	}
}

// greet opens a connection and reads a byte, which is when a client learns that
// its certificate was refused.
func greet(t *testing.T, s *Server, config *tls.Config) error {
	t.Helper()
	conn, err := tls.Dial("tcp", s.address(), config)
	if err != nil {
		return err
	}
	defer conn.Close()
	options := []byte{4, 0, 0, 0, 5, 0, 0, 0, 0} // a CQL request for what the server supports
	if _, err := conn.Write(options); err != nil {
		return err
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}

// TestServerComesBack: what was written before a kill is there after it.
func TestServerComesBack(t *testing.T) {
	dir, err := os.MkdirTemp(FastFolder(), "portreeve-cassandra-own-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Stop(dir); err != nil {
			t.Error(err)
		}
	})
	s, err := Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Exec(t.Context(), "CREATE KEYSPACE kept WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 1}"); err != nil {
		t.Fatal(err)
	}
	if err := s.Halt(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Session(); err == nil {
		t.Error("a halted server answers")
	}
	if err := s.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Exec(t.Context(), "DROP KEYSPACE kept"); err != nil {
		t.Error(err)
	}
}

// TestVersionIsThePoms: the jars are looked for under the version that is fetched.
func TestVersionIsThePoms(t *testing.T) {
	raw, err := os.ReadFile("pom.xml")
	if err != nil {
		t.Fatal(err)
	}
	if want := "<artifactId>cassandra-all</artifactId>\n\t\t\t<version>" + Version + "</version>"; !strings.Contains(string(raw), want) {
		t.Errorf("pom.xml does not name version %s", Version)
	}
}

// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocql "github.com/apache/cassandra-gocql-driver/v2"

	"portreeve.org/portreeve/internal/sessionstore/authority"
	"portreeve.org/portreeve/internal/sessionstore/selfcheck"
	"portreeve.org/portreeve/internal/sessionstore/settings"
	"portreeve.org/portreeve/test/fakes/cql"
)

// kaskFile writes a Kask configuration with everything that Kask documents: TLS on
// both sides and a password. Its Cassandra is the double.
func (b *bed) kaskFile(port int) string {
	b.t.Helper()
	file := filepath.Join(b.folder, "kask.yaml")
	text := fmt.Sprintf(`service_name: kask
base_uri: /sessions/v1
listen_address: 127.0.0.1
listen_port: 0
default_ttl: 86400
log_level: info
tls: {cert: %[1]q, key: %[2]q}
cassandra:
  hosts: [127.0.0.1]
  port: %[3]d
  keyspace: sessions
  table: values
  authentication: {username: kask, password: secret}
  tls: {ca: %[4]q, cert: %[5]q, key: %[6]q}
`, b.dev.server.Cert, b.dev.server.Key, port, b.dev.authority.CertFile(), b.dev.client.Cert, b.dev.client.Key)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return file
}

// TestKaskFile: Kask's own file runs as it is, does what it did, says what in it is
// unsafe, and no longer trusts a Cassandra that somebody else stands for.
func TestKaskFile(t *testing.T) {
	b := &bed{t: t, folder: t.TempDir()}
	var err error
	if b.dev, err = newDev(b.folder, "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	b.dev.sockets.close()
	node, err := b.dev.issue(authority.Request{Name: "cassandra", Role: authority.Server, IPs: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(node.Cert, node.Key)
	if err != nil {
		t.Fatal(err)
	}
	cassandra, err := cql.Start(cql.Options{TLS: &tls.Config{Certificates: []tls.Certificate{pair}}, Username: "kask", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer cassandra.Close()
	b.kaskWrote(cassandra.Port(), "global:MWSession:before", "of Kask")
	b.runKask(cassandra.Port())

	nobody := b.client("")
	if got := b.want(200, nobody, "GET", b.ready.URL+"global:MWSession:before", ""); got != "of Kask" {
		t.Errorf("a session of Kask's table: %q", got)
	}
	b.want(201, nobody, "POST", b.ready.URL+"global:MWSession:before", "of ours")
	if got := b.want(200, nobody, "GET", b.ready.URL+"global:MWSession:before", ""); got != "of ours" {
		t.Errorf("a session that came over: %q", got)
	}
	b.want(204, nobody, "DELETE", b.ready.URL+"global:MWSession:before", "")
	b.want(404, nobody, "GET", b.ready.URL+"global:MWSession:before", "")
	b.want(201, nobody, "POST", b.ready.URL+"global:MWSession:a", "hello")
	if got := b.want(200, nobody, "GET", b.ready.URL+"global:MWSession:a", ""); got != "hello" {
		t.Errorf("%q", got)
	}
	b.want(204, nobody, "DELETE", b.ready.URL+"global:MWSession:a", "")
	b.want(404, nobody, "GET", b.ready.URL+"global:MWSession:a", "")
	root := strings.TrimSuffix(b.ready.URL, "sessions/v1/")
	b.want(200, nobody, "GET", root+"healthz", "")
	figures := b.want(200, nobody, "GET", root+"metrics", "")
	for _, line := range []string{
		`sessiond_unsafe{thing="client_authentication"} 1`, `sessiond_unsafe{thing="network_list"} 1`, `sessiond_unsafe{thing="password_in_file"} 1`,
		`sessiond_unsafe{thing="at_rest"} 1`, `sessiond_unsafe{thing="body_limit"} 0`, `sessiond_unsafe{thing="cassandra_certificate"} 0`,
	} {
		if !strings.Contains(figures, line+"\n") {
			t.Errorf("no %s", line)
		}
	}
	if strings.Contains(b.log.String(), "secret") || strings.Contains(b.log.String(), "MWSession") {
		t.Errorf("the log holds a password or an id: %s", b.log.String())
	}
	all, code := b.selfcheck(func(c *SelfcheckCmd) {
		c.Config, c.Ready, c.CA = b.ready.Config, filepath.Join(b.folder, "ready.json"), b.dev.authority.CertFile()
	})
	if code != int(selfcheck.Open) || all["no_certificate"].Word() != "NO" || all["cassandra_foreign_certificate"].Word() != "yes" {
		t.Errorf("exit %d, %+v, %+v", code, all["no_certificate"], all["cassandra_foreign_certificate"])
	}
	if err := cassandra.Close(); err != nil {
		t.Fatal(err)
	}
	b.eventually("a health that tells of it", func() bool { status, _ := b.do(nobody, "GET", root+"healthz", ""); return status == 503 })
}

// kaskWrote puts a session into Kask's own table.
func (b *bed) kaskWrote(port int, id, value string) {
	b.t.Helper()
	pem, err := os.ReadFile(b.dev.authority.CertFile())
	if err != nil {
		b.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	c := gocql.NewCluster("127.0.0.1")
	c.Port, c.ProtoVersion, c.NumConns = port, 4, 1
	c.SslOpts = &gocql.SslOptions{Config: &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}, EnableHostVerification: true}
	c.Authenticator = gocql.PasswordAuthenticator{Username: "kask", Password: "secret"}
	session, err := c.CreateSession()
	if err != nil {
		b.t.Fatal(err)
	}
	defer session.Close()
	if err := session.Query(`INSERT INTO "sessions"."values" (key, value) VALUES (?, ?) USING TIMESTAMP ? AND TTL ?`, []byte(id), []byte(value), clock().UnixMicro(), 3600).Exec(); err != nil {
		b.t.Fatal(err)
	}
}

// runKask runs a Kask file until the test ends.
func (b *bed) runKask(port int) {
	b.t.Helper()
	s, err := settings.Read(b.kaskFile(port))
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel, b.done = cancel, make(chan error, 1)
	o := Options{Version: "test", Log: &b.log, ReadyFile: filepath.Join(b.folder, "ready.json")}
	go func() { b.done <- Run(ctx, s, o) }()
	b.t.Cleanup(b.stop)
	b.eventually("the ready file", func() bool {
		data, err := os.ReadFile(o.ReadyFile)
		return err == nil && json.Unmarshal(data, &b.ready) == nil
	})
}

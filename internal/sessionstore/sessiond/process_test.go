// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// TestDev: one folder is all that a store needs, what it holds is there the next
// time, and the ready file tells the truth.
func TestDev(t *testing.T) {
	folder := t.TempDir()
	b := start(t, folder)
	client := b.client("client")
	b.want(201, client, "POST", b.ready.URL+"k", "hello")
	b.want(403, client, "GET", strings.Replace(b.ready.URL, "/sessions/", "/anonymous/", 1)+"k", "")
	b.want(0, b.client(""), "GET", b.ready.URL+"k", "")
	b.want(403, client, "GET", b.ready.AdminURL+"/admin/v1/status", "")
	status := b.want(200, b.client("administrator"), "GET", b.ready.AdminURL+"/admin/v1/status", "")
	if !strings.Contains(status, `"ready":true`) && !strings.Contains(status, `"ready": true`) {
		t.Errorf("status: %s", status)
	}
	first := b.dev.client.Serial
	b.stop()
	if _, err := os.Stat(filepath.Join(folder, "ready.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the ready file is still there: %v", err)
	}
	again := start(t, folder)
	if got := again.want(200, again.client("client"), "GET", again.ready.URL+"k", ""); got != "hello" {
		t.Errorf("after a restart the session is %q", got)
	}
	if again.dev.client.Serial != first {
		t.Error("the client's certificate was made anew")
	}
}

// TestTheAdministrationRedirectsNobody: a path that is not clean is refused to who may
// not ask, and nobody is sent to another one, with the act and its body.
func TestTheAdministrationRedirectsNobody(t *testing.T) {
	b := start(t, t.TempDir())
	for name, status := range map[string]int{"client": 403, "administrator": 404} {
		c := b.client(name)
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for _, path := range []string{"//admin/v1/owners/alice/sessions", "/admin/v1/namespaces//owners/alice/sessions", "/admin/v1/owners/../owners/alice/sessions", "/x/../metrics", "//metrics", "/metrics/"} {
			b.want(status, c, "DELETE", b.ready.AdminURL+path, "{}")
			b.want(status, c, "GET", b.ready.AdminURL+path, "")
		}
	}
	b.want(200, b.client("administrator"), "GET", b.ready.AdminURL+"/metrics", "")
}

// TestAnExposedAuditKey: who else could read it could sign receipts and records. The
// process' own group may: a volume is mounted so that it has one (fsGroup).
func TestAnExposedAuditKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.key")
	if _, err := auditKey(file, "sessions"); err != nil {
		t.Fatal(err)
	}
	for mode, good := range map[fs.FileMode]bool{0o600: true, 0o400: true, 0o660: true, 0o644: false, 0o606: false, 0o602: false} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := auditKey(file, "sessions"); (err == nil) != good || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

// TestOneProcessPerFolder: a second one is refused by name, and harms nothing.
func TestOneProcessPerFolder(t *testing.T) {
	b := start(t, t.TempDir())
	s := b.rewrite()
	_, err := openParts(t.Context(), s, b.p.registry, b.p.log)
	if !fault.HasCode(err, "sessiond.in_use") {
		t.Errorf("%v", err)
	}
	b.want(201, b.client("client"), "POST", b.ready.URL+"k", "hello")
}

// TestAPortThatIsTaken leaves nothing behind: the folder can be used at once.
func TestAPortThatIsTaken(t *testing.T) {
	b := start(t, t.TempDir())
	d, err := newDev(t.TempDir(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.configure()
	if err != nil {
		t.Fatal(err)
	}
	d.sockets.close()
	u, err := url.Parse(b.ready.URL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(u.Port(), &s.ListenPort); err != nil {
		t.Fatal(err)
	}
	err = Run(t.Context(), s, Options{Log: io.Discard})
	if !fault.HasCode(err, "sessiond.listen") || !strings.Contains(err.Error(), "another program listens there") {
		t.Errorf("%v", err)
	}
	release, err := lockFolder(s.Embedded.Data)
	if err != nil {
		t.Fatal(err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
}

// TestReload: the policy is taken up while connections stay; what is wrong changes
// nothing; what needs a restart is named.
func TestReload(t *testing.T) {
	b := start(t, t.TempDir())
	client := b.client("client")
	b.want(201, client, "POST", b.ready.URL+"k", "hello")

	rule := `  - {identity: "uri:spiffe://sessiond.test/client"`
	before := rule + ", namespaces: [default], verbs: [read, write, delete, revoke]}"
	after := rule + ", namespaces: [default], verbs: [read]}"
	b.rewrite(rule, after)
	b.hangup <- syscall.SIGHUP
	b.eventually("the new policy", func() bool { status, _ := b.do(client, "POST", b.ready.URL+"k", "hello"); return status == 403 })
	b.want(200, client, "GET", b.ready.URL+"k", "")

	file := b.dev.at("sessiond.yaml")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("profil: mutual\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.hangup <- syscall.SIGHUP
	b.eventually("the metric of a bad reload", func() bool { return b.metric("sessiond_config_reload_failed") == "1" })
	b.want(200, client, "GET", b.ready.URL+"k", "")
	b.want(403, client, "POST", b.ready.URL+"k", "hello")

	text := strings.Replace(string(good), after, before, 1)
	if err := os.WriteFile(file, []byte(strings.Replace(text, "default_ttl: 86400", "default_ttl: 86000", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	b.hangup <- syscall.SIGHUP
	b.eventually("the policy of before", func() bool { status, _ := b.do(client, "POST", b.ready.URL+"k", "hello"); return status == 201 })
	b.eventually("what needs a restart", func() bool { return strings.Contains(b.log.String(), "need a restart: default_ttl") })
	if b.metric("sessiond_config_reload_failed") != "1" {
		t.Error("what runs is not what the file says, and no metric tells")
	}
}

// metric returns the value of a figure on the administration listener.
func (b *bed) metric(name string) string {
	b.t.Helper()
	_, text := b.do(b.client("administrator"), "GET", b.ready.AdminURL+"/metrics", "")
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// TestStopFinishesAnswers: a request that is under way when the signal comes is
// answered, and nobody new is.
func TestStopFinishesAnswers(t *testing.T) {
	b := start(t, t.TempDir())
	u, err := url.Parse(b.ready.URL)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(b.ready.Cert, b.ready.Key)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", u.Host, &tls.Config{Certificates: []tls.Certificate{pair}, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %sslow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n", u.Path)
	const goOn = "HTTP/1.1 100 Continue\r\n\r\n" // the handler reads the body
	reading := make([]byte, len(goOn))
	if _, err := io.ReadFull(conn, reading); err != nil || string(reading) != goOn {
		t.Fatalf("%q, %v", reading, err)
	}
	fmt.Fprint(conn, "01234")
	b.cancel()
	b.eventually("the port to close", func() bool {
		c, err := tls.Dial("tcp", u.Host, &tls.Config{InsecureSkipVerify: true})
		if err == nil {
			c.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	fmt.Fprint(conn, "56789")
	answer := make([]byte, 12)
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "HTTP/1.1 201" {
		t.Errorf("%q, %v", answer, err)
	}
	b.stop()
}

// registryText returns the figures as a scraper sees them.
func (p *process) registryText() string {
	families, err := p.registry.Gather()
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			fmt.Fprintf(&b, "%s{%s} %g\n", f.GetName(), strings.Join(labels, ","), m.GetGauge().GetValue())
		}
	}
	return b.String()
}

// TestUnsafeThingsAreFigures: each thing that the file leaves open is a figure and
// a line in Kask's shape, and one that is closed here is 0.
func TestUnsafeThingsAreFigures(t *testing.T) {
	b := start(t, t.TempDir(), "profile:", "profile: kask", "embedded:", "embedded: {data: data, sync: false}", "networks:", "")
	for _, line := range []string{`sessiond_unsafe{thing="client_authentication"} 1`, `sessiond_unsafe{thing="network_list"} 1`, `sessiond_unsafe{thing="sync_off"} 1`} {
		if !strings.Contains(b.p.registryText(), line+"\n") {
			t.Errorf("no %s in\n%s", line, b.p.registryText())
		}
	}
	if !strings.Contains(b.log.String(), `"appname":"sessiond"`) || !strings.Contains(b.log.String(), "unsafe: a write is answered before it is on disk") {
		t.Errorf("the log does not say what is unsafe: %s", b.log.String())
	}
}

// TestCassandraAway: a Kask file whose Cassandra does not answer is an error that
// says so, not a service that looks well.
func TestCassandraAway(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kask.yaml")
	text := "listen_port: 0\ncassandra: {hosts: [127.0.0.1], port: 1, connect_timeout_ms: 200, query_timeout_ms: 200}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := settings.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	ready := filepath.Join(t.TempDir(), "ready.json")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := Run(ctx, s, Options{Log: io.Discard, ReadyFile: ready}); err == nil {
		t.Error("it ran")
	}
	if _, err := os.Stat(ready); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a ready file: %v", err)
	}
}

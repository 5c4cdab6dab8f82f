// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// sessionStore is a running `portreeve sessiond`, with the files that its operator has.
type sessionStore struct {
	t      *testing.T
	folder string
	args   []string
	cmd    *exec.Cmd
	exited chan error
	log    *logBuffer
	admin  string // for --connect: who may administer
	Ready  struct {
		URL      string `json:"url"`
		AdminURL string `json:"admin_url"`
		CA       string `json:"ca"`
		Cert     string `json:"cert"`
		Key      string `json:"key"`
		Config   string `json:"config"`
	}
}

// certify makes an authority by the command line, with a server's certificate and
// those of the named clients.
func (d *sessionStore) certify(clients ...string) {
	d.t.Helper()
	authority := d.at("authority")
	if err := os.Mkdir(d.at("tls"), 0o700); err != nil {
		d.t.Fatal(err)
	}
	cert := func(verb string, args ...string) {
		d.t.Helper()
		command(d.t, nil, append([]string{"sessiond", "cert", verb, "--authority", authority}, args...)...).must(d.t, 0)
	}
	cert("init", "--trust-domain", "example.org", "--domain", "localhost", "--network", "127.0.0.0/8")
	cert("issue", "server", "--server", "--dns", "localhost", "--ip", "127.0.0.1", "--out", d.at("tls"))
	for _, name := range clients {
		cert("issue", name, "--client", "--uri", "spiffe://example.org/"+name, "--out", d.at("tls"))
	}
}

func (d *sessionStore) at(parts ...string) string {
	return filepath.Join(append([]string{d.folder}, parts...)...)
}

// write puts a file into the store's folder.
func (d *sessionStore) write(name, text string) string {
	d.t.Helper()
	if err := os.WriteFile(d.at(name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return d.at(name)
}

// newSessionStore prepares a store for Portreeve's own sessions as the guide says:
// certificates, a configuration and keys. lines are added to the configuration.
func newSessionStore(t *testing.T, lines ...string) *sessionStore {
	t.Helper()
	d := &sessionStore{t: t, folder: t.TempDir()}
	for _, sub := range []string{"keys", "data"} {
		if err := os.Mkdir(d.at(sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	d.certify("portreeve", "wiki", "administrator")
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	_, adminPort, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	config := d.write("sessiond.yaml", fmt.Sprintf(`# SPDX-License-Identifier: Apache-2.0
service_name: sessions
listen_address: 127.0.0.1
listen_port: %s
profile: mutual
tls: {cert: tls/server.pem, key: tls/server.key, client_ca: authority/authority.pem, client_crl: authority/authority.crl}
policy:
  - {identity: "uri:spiffe://example.org/portreeve", namespaces: [portreeve, portreeve-past], verbs: [read, write, delete, revoke, administer]}
  - {identity: "uri:spiffe://example.org/wiki", namespaces: [default], verbs: [read, write, delete]}
  - {identity: "uri:spiffe://example.org/administrator", namespaces: ["*"], verbs: [revoke, administer]}
namespaces:
  - {name: default, base_uri: /sessions/v1/}
  - {name: portreeve, base_uri: /portreeve/v1/, max_ttl: 7d}
  - {name: portreeve-past, base_uri: /portreeve-past/v1/, ttl: 37d}
embedded: {data: data, cache: 16MiB, free_disk: {short: 3%%, shed: 2%%, critical: 1%%}}
keys: {root: keys/root.key, ring: keys/ring.json}
admin: {listen_address: 127.0.0.1, listen_port: %s}
audit: audit.log
selfcheck: {cert: tls/wiki.pem, key: tls/wiki.key, authority: authority}
%s
`, port, adminPort, strings.Join(lines, "\n")))
	command(t, nil, "sessiond", "make-keys", "--config", config).must(t, 0)
	d.args = []string{"sessiond", "--config", config}
	d.admin = d.connection("administrator", "https://127.0.0.1:"+adminPort)
	return d
}

// connection writes a file for --connect, as somebody.
func (d *sessionStore) connection(who, address string) string {
	d.t.Helper()
	data, err := json.Marshal(map[string]string{"admin_url": address, "ca": d.at("authority", "authority.pem"), "cert": d.at("tls", who+".pem"), "key": d.at("tls", who+".key")})
	if err != nil {
		d.t.Fatal(err)
	}
	return d.write(who+".json", string(data))
}

// start runs the store until the test ends, and waits until it is ready.
func (d *sessionStore) start() {
	d.t.Helper()
	ready := d.at("ready.json")
	d.log = &logBuffer{}
	d.cmd = exec.Command(binary, append(d.args, "--ready-file", ready)...)
	d.cmd.Stdout, d.cmd.Stderr = d.log, d.log
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	cmd, exited := d.cmd, make(chan error, 1)
	d.exited = exited
	go func() { exited <- cmd.Wait() }()
	d.t.Cleanup(d.stop)
	eventually(d.t, "the session store is ready", func() bool {
		if len(exited) > 0 {
			d.exited = nil
			d.t.Fatalf("the session store ended: %v\n%s", <-exited, d.log)
		}
		data, err := os.ReadFile(ready)
		return err == nil && json.Unmarshal(data, &d.Ready) == nil && strings.Contains(d.log.String(), "ready")
	})
}

// stop ends the store as an operator would. A second call does nothing.
func (d *sessionStore) stop() {
	if d.exited == nil {
		return
	}
	exited := d.exited
	d.exited = nil
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		d.t.Error(err)
	}
	if err := <-exited; err != nil {
		d.t.Errorf("the session store ended badly: %v\n%s", err, d.log)
	}
	if d.t.Failed() {
		d.t.Logf("log of the session store:\n%s", d.log)
	}
}

// kill ends the store as a power cut would.
func (d *sessionStore) kill() {
	d.t.Helper()
	exited := d.exited
	d.exited = nil
	if err := d.cmd.Process.Kill(); err != nil {
		d.t.Fatal(err)
	}
	<-exited
	if err := os.Remove(d.at("ready.json")); err != nil {
		d.t.Fatal(err)
	}
}

// ask runs a command of the administration.
func (d *sessionStore) ask(verb string, args ...string) result {
	d.t.Helper()
	words := append([]string{"sessiond"}, strings.Fields(verb)...)
	return command(d.t, nil, append(append(words, "--connect", d.admin), args...)...)
}

// auditKeys are the public keys that the status shows.
func (d *sessionStore) auditKeys() string {
	d.t.Helper()
	var status struct {
		AuditKeys string `json:"audit_keys"`
	}
	d.ask("status", "--json").must(d.t, 0).decode(d.t, &status)
	return status.AuditKeys
}

// owners returns who wrote to the namespace, by the names that the application gave.
func (d *sessionStore) owners(namespace string) []string {
	d.t.Helper()
	var w struct {
		Owners []struct{ Name string } `json:"owners"`
	}
	d.ask("writers", namespace, "--json").must(d.t, 0).decode(d.t, &w)
	var names []string
	for _, o := range w.Owners {
		names = append(names, o.Name)
	}
	return names
}

// owner returns the name that ends in a person's id.
func (d *sessionStore) owner(namespace, person string) string {
	d.t.Helper()
	for _, name := range d.owners(namespace) {
		if strings.HasSuffix(name, person) {
			return name
		}
	}
	d.t.Fatalf("nobody who wrote to %s ends in %s", namespace, person)
	return ""
}

// held counts the sessions of an owner.
func (d *sessionStore) held(namespace, owner string) int {
	d.t.Helper()
	var page struct {
		Sessions []struct{ Handle string } `json:"sessions"`
	}
	d.ask("sessions", "--namespace", namespace, owner, "--json").must(d.t, 0).decode(d.t, &page)
	return len(page.Sessions)
}

// forPortreeve is the line of Portreeve's configuration that keeps its sessions there.
func (d *sessionStore) forPortreeve() string {
	root := strings.TrimSuffix(d.Ready.URL, "/sessions/v1/")
	return fmt.Sprintf("sessions: {url: %q, past_url: %q, admin_url: %q, ca: %q, certificate: %q, key: %q}", root+"/portreeve/v1/", root+"/portreeve-past/v1/",
		d.Ready.AdminURL, d.at("authority", "authority.pem"), d.at("tls", "portreeve.pem"), d.at("tls", "portreeve.key"))
}

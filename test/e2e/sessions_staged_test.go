// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// without is what the acceptance of this journey is about.
const without = "component:sessions-without-client-certificates"

// TestStagedControl is a way into production in stages: sessions are kept before their
// clients have certificates, as long as somebody entitled to bears the risk of that. The
// listener opens with the acceptance, and closes when it is revoked.
func TestStagedControl(t *testing.T) {
	s := startDemo(t, t.TempDir(), "")
	key, err := os.ReadFile(filepath.Join(s.data, "ledger.pub"))
	if err != nil {
		t.Fatal(err)
	}
	d := newSessionStore(t,
		fmt.Sprintf("staged: [{control: client_authentication, subject: %q, until: %s}]", without, day(60)),
		fmt.Sprintf("portreeve: {url: %q, ca: %q, token_file: token, gate_key: %q}", s.URL, s.CA, strings.TrimSpace(string(key))))
	d.write("token", s.as("reviewer").Token)
	config, err := os.ReadFile(d.at("sessiond.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	d.write("sessiond.yaml", strings.Replace(string(config), "policy:\n", "policy:\n  - {identity: network, namespaces: [default], verbs: [read, write, delete]}\n", 1))
	d.start()
	nobody, wiki := d.client(""), d.client("wiki")
	const session = "a-session"
	d.answers(nobody, session, 0) // nobody has accepted anything
	d.answers(wiki, session, http.StatusNotFound)

	risk := s.bears(t)
	d.hangup() // it would ask within a minute by itself
	eventually(t, "who has no certificate is let in", func() bool { return d.get(nobody, session) == http.StatusNotFound })
	d.answers(nobody, "../../portreeve/v1/"+session, http.StatusForbidden)
	refused := command(t, nil, "sessiond", "status", "--connect", d.nobody())
	if refused.code == 0 {
		t.Errorf("administered without a certificate: %s", refused.stdout)
	}
	if status := d.ask("status").must(t, 0).stdout; !strings.Contains(status, "client_authentication") {
		t.Errorf("the status does not say which control is not on: %s", status)
	}

	s.cli("reviewer", "risk", "revoke", risk, "--reason", "Clients have certificates by now").must(t, 0)
	d.hangup()
	eventually(t, "who has no certificate is refused", func() bool { return d.get(nobody, session) == 0 })
	d.answers(wiki, session, http.StatusNotFound)
}

// bears registers the risk, rates it, and lets somebody of rank accept it. It returns
// the risk's id.
func (s *server) bears(t *testing.T) string {
	t.Helper()
	s.cli("requester", "subject", "register", without, "--title", "Sessions without client certificates", "--organisation", "The Foundation", "--owner", "owner").must(t, 0)
	var risk struct{ ID string }
	s.cli("requester", "risk", "register", "--subject", without, "--act", "omit-control", "--owner", "owner", "--title", "Whoever reaches the port can read sessions",
		"--threat", "Somebody inside the network takes over sessions", "--scope", "Until clients have certificates", "--data", "sensitive", "--direction", "both", "--access", "read_write", "--volume", "high", "--json").must(t, 0).decode(t, &risk)
	s.cli("reviewer", "risk", "rate", risk.ID, "--likelihood", "2", "--impact", "3", "--reason", "The network is closed").must(t, 0)
	options := filepath.Join(t.TempDir(), "options.json")
	text := `[{"kind":"temporary","title":"Without, for a month","cost":"None","delay":"None","risk":"Medium for a month","rating":"medium"},
		{"kind":"production","title":"With certificates at once","cost":"Weeks","delay":"A month","risk":"Low","rating":"low"},
		{"kind":"none","title":"Not at all","cost":"None","delay":"-","risk":"None","rating":"low"}]`
	if err := os.WriteFile(options, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.cli("owner", "risk", "options", risk.ID, options).must(t, 0)
	s.cli("owner", "risk", "ask", risk.ID, "--option", "temporary", "--until", day(30), "--reason", "Certificates are under way", "--condition", day(20)+":owner:Half of the clients have one").must(t, 0)
	s.cli(executive, "risk", "accept", risk.ID, "--reason", "Borne for a month").must(t, 0)
	return risk.ID
}

// hangup lets the store read its files again, and ask Portreeve's gate.
func (d *sessionStore) hangup() {
	d.t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		d.t.Fatal(err)
	}
}

// client is one with a certificate of the store's folder; "" = without.
func (d *sessionStore) client(name string) *http.Client {
	d.t.Helper()
	ca, err := os.ReadFile(d.at("authority", "authority.pem"))
	if err != nil {
		d.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	c := &tls.Config{RootCAs: pool}
	if name != "" {
		pair, err := tls.LoadX509KeyPair(d.at("tls", name+".pem"), d.at("tls", name+".key"))
		if err != nil {
			d.t.Fatal(err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: c, DisableKeepAlives: true}, Timeout: 30 * time.Second}
}

// get asks for a session and returns the status; 0 is no answer.
func (d *sessionStore) get(c *http.Client, key string) int {
	d.t.Helper()
	address, err := url.JoinPath(d.Ready.URL, key)
	if err != nil {
		d.t.Fatal(err)
	}
	res, err := c.Get(address)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}

func (d *sessionStore) answers(c *http.Client, key string, status int) {
	d.t.Helper()
	if got := d.get(c, key); got != status {
		d.t.Errorf("%s: %d, want %d", key, got, status)
	}
}

// nobody is a file for --connect without a certificate.
func (d *sessionStore) nobody() string {
	d.t.Helper()
	return d.write("nobody.json", fmt.Sprintf(`{"admin_url": %q, "ca": %q}`, d.Ready.AdminURL, d.at("authority", "authority.pem")))
}

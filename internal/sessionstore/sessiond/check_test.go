// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore/listen"
	"portreeve.org/portreeve/internal/sessionstore/selfcheck"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// selfcheck runs the command and returns what it found, by name, and its exit code.
func (b *bed) selfcheck(change func(*SelfcheckCmd)) (map[string]selfcheck.Result, int) {
	b.t.Helper()
	var out bytes.Buffer
	c := SelfcheckCmd{Config: b.dev.at("sessiond.yaml"), JSON: true}
	if change != nil {
		change(&c)
	}
	err := c.Run(&client.Session{Context: b.t.Context(), Stdout: &out, Stderr: io.Discard})
	code := 0
	if err != nil {
		var exit client.Exit
		if !errors.As(err, &exit) {
			b.t.Fatal(err)
		}
		code = int(exit)
	}
	var all []selfcheck.Result
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		b.t.Fatal(err)
	}
	found := map[string]selfcheck.Result{}
	for _, r := range all {
		found[r.Name] = r
	}
	return found, code
}

// open returns the names of the bypasses that were not refused.
func notRefused(all map[string]selfcheck.Result) []string {
	var names []string
	for name, r := range all {
		if r.Refused != nil && !*r.Refused {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestSelfcheckOfASafeStore: everything that the issue of the session store lists
// is tried and refused.
func TestSelfcheckOfASafeStore(t *testing.T) {
	b := start(t, t.TempDir())
	all, code := b.selfcheck(nil)
	if names := notRefused(all); len(names) > 0 || code != 0 {
		t.Errorf("not refused: %v, exit %d", names, code)
	}
	for name, r := range all {
		if r.Refused == nil {
			t.Errorf("%s was not tried: %s", name, r.Detail)
		}
		if strings.Contains(r.Detail, "selfcheck-") {
			t.Errorf("%s: the detail names a session: %s", name, r.Detail)
		}
	}
	for _, name := range []string{
		"no_certificate", "foreign_authority", "expired_certificate", "wrong_name", "wrong_namespace", "plain_http", "tls_1_0", "tls_1_1",
		"outside_network_list", "wrong_credential", "replayed_credential", "administration_from_data_listener", "cassandra_foreign_certificate",
		"forwarded_for_spoof", "session_of_another_namespace",
	} {
		if _, ok := all[name]; !ok {
			t.Errorf("%s is missing", name)
		}
	}
	b.rewrite("selfcheck:", "selfcheck: {authority: authority}")
	if all, code := b.selfcheck(nil); code != 0 || all["wrong_namespace"].Word() != "yes" {
		t.Errorf("as a client that the authority makes: exit %d, %+v", code, all)
	}
	if status, _ := b.do(b.client("administrator"), "GET", b.ready.AdminURL+"/metrics", ""); status != 200 {
		t.Error("the service is not served after the check")
	}
	if held := b.metric(`sessiond_held_sessions{namespace="default"}`); held != "0" {
		t.Errorf("the check left %q sessions behind", held)
	}
}

// TestSelfcheckFindsHoles: a check that cannot fail proves nothing. Each store here
// has a hole, and exactly what leads through it is reported.
func TestSelfcheckFindsHoles(t *testing.T) {
	noRules := []string{"policy:", "", "  - {identity", "", "  - {identity", "", "  - {identity", ""}
	byName := []string{"expired_certificate", "foreign_authority", "name_in_common_name_only", "no_certificate", "replayed_credential", "server_certificate_as_client", "wrong_credential", "wrong_name", "wrong_namespace"}
	plain := []string{"forwarded_for_spoof", "outside_network_list", "plain_http", "tls_1_0", "tls_1_1"}
	tests := []struct {
		name   string
		change []string
		open   []string
	}{
		{"whoever reaches the port, without TLS", append([]string{"profile:", "profile: kask", "tls:", "", "networks:", "", "admin:", "", "audit:", ""}, noRules...), append(plain, byName...)},
		{"whoever reaches the port, with TLS", append([]string{"profile:", "profile: kask", "networks:", ""}, noRules...), append([]string{"forwarded_for_spoof", "outside_network_list"}, byName...)},
		{"a network list alone, for one namespace", []string{"profile:", "profile: network", "policy:", `policy: [{identity: network, namespaces: [default], verbs: [read, write, delete]}]`, "  - {identity", "", "  - {identity", "", "  - {identity", ""}, slices.DeleteFunc(slices.Clone(byName), func(name string) bool { return name == "wrong_namespace" })},
		{"a network list alone", []string{"profile:", "profile: network", "policy:", `policy: [{identity: network, namespaces: ["*"], verbs: [read, write, delete]}]`, "  - {identity", "", "  - {identity", "", "  - {identity", ""}, byName},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, t.TempDir(), tt.change...)
			all, code := b.selfcheck(nil)
			slices.Sort(tt.open)
			if names := notRefused(all); !slices.Equal(names, tt.open) || code != int(selfcheck.Open) {
				t.Errorf("exit %d, not refused: %v\nwant %v", code, names, tt.open)
			}
		})
	}
}

// TestSelfcheckOfCredentials: a guessed one and one that was rotated out are refused,
// and one that was to be rotated out and was not is reported.
func TestSelfcheckOfCredentials(t *testing.T) {
	folder := t.TempDir()
	token := func(name string) string {
		text, hash := listen.NewToken()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return hash
	}
	entry := func(name string, from, until time.Duration) string {
		at := func(d time.Duration) string { return clock().Add(d).UTC().Format(time.RFC3339) }
		return fmt.Sprintf("- {name: wiki, hash: %q, namespaces: [default], from: %s, until: %s}\n", token(name), at(from), at(until))
	}
	text := "credentials:\n" + entry("old", -3*time.Hour, -2*time.Hour) + entry("kept", -time.Hour, time.Hour) + entry("new", -time.Hour, time.Hour)
	if err := os.WriteFile(filepath.Join(folder, "credentials"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b := start(t, folder, "profile:", "profile: credential\ncredentials: credentials",
		`  - {identity: "uri:spiffe://sessiond.test/client"`, `  - {identity: "credential:wiki", namespaces: ["*"], verbs: [read, write, delete]}`,
		"selfcheck:", "selfcheck: {credential: new, former: old, authority: authority}")
	all, code := b.selfcheck(nil)
	if names := notRefused(all); len(names) > 0 || code != 0 {
		t.Errorf("exit %d, not refused: %v", code, names)
	}
	b.rewrite("selfcheck:", "selfcheck: {credential: new, former: old, server_ca: authority/authority.pem}", "tls:",
		fmt.Sprintf("tls: {cert: %s, key: %s}", b.dev.server.Cert, b.dev.server.Key), "policy:", "policy: [{identity: \"credential:wiki\", namespaces: [default], verbs: [read, write]}]",
		`  - {identity: "credential:wiki"`, "", "  - {identity", "", "  - {identity", "")
	if all, code := b.selfcheck(nil); code != 0 || all["expired_certificate"].Refused != nil {
		t.Errorf("without an authority of clients: exit %d, %+v", code, all["expired_certificate"])
	}
	all, code = b.selfcheck(func(c *SelfcheckCmd) { c.Former = filepath.Join(folder, "kept") })
	if names := notRefused(all); !slices.Equal(names, []string{"replayed_credential"}) || code != int(selfcheck.Open) {
		t.Errorf("exit %d, not refused: %v", code, names)
	}
}

// TestSelfcheckNeedsTheService: a service that is down refuses everything, which
// proves nothing; and so does a key that is not the authority's.
func TestSelfcheckNeedsTheService(t *testing.T) {
	b := start(t, t.TempDir())
	other, err := newDev(t.TempDir(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	other.sockets.close()
	all, code := b.selfcheck(func(c *SelfcheckCmd) { c.Authority, c.CA = other.at("authority"), b.dev.authority.CertFile() })
	if r := all["expired_certificate"]; code != int(selfcheck.Untried) || r.Refused == nil || *r.Refused || !strings.Contains(r.Detail, "not the authority that the service trusts") {
		t.Errorf("exit %d: %+v", code, r)
	}
	if err := os.Remove(b.dev.at("authority", "authority.key")); err != nil {
		t.Fatal(err)
	}
	all, code = b.selfcheck(nil)
	if r := all["expired_certificate"]; code != int(selfcheck.Untried) || *r.Refused || !strings.Contains(r.Detail, "--authority") || !strings.Contains(r.Detail, "--expired") {
		t.Errorf("exit %d: %+v", code, r)
	}
	// Each says what to do about it.
	_, port, err := net.SplitHostPort(strings.TrimPrefix(strings.TrimSuffix(b.ready.URL, "/sessions/v1/"), "https://"))
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(want string, c SelfcheckCmd) {
		t.Helper()
		c.Config = b.dev.at("sessiond.yaml")
		if err := c.Run(&client.Session{Context: t.Context(), Stdout: io.Discard, Stderr: io.Discard}); !fault.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	refuse("--server-ca", SelfcheckCmd{CA: other.authority.CertFile()})
	refuse("--service", SelfcheckCmd{Service: "https://127.0.0.2:" + port})
	refuse("--cert and --key", SelfcheckCmd{Cert: b.dev.admin.Cert, Key: b.dev.admin.Key})
	b.stop()
	refuse("Is the service running", SelfcheckCmd{})
}

// TestSelfcheckOfCassandra: the backend as it is configured is made to connect to an
// impostor. With an authority it breaks off; as a Kask file without one has it, it
// speaks to whoever answers.
func TestSelfcheckOfCassandra(t *testing.T) {
	b := start(t, t.TempDir())
	for _, tt := range []struct{ text, word, detail string }{
		{"cassandra: {tls: {ca: " + b.dev.authority.CertFile() + "}}\n", "yes", "broke the handshake off"},
		{"cassandra: {authentication: {username: somebody, password: secret}}\n", "NO", "spoke to it"},
	} {
		cfg, err := settings.Parse("kask.yaml", []byte(tt.text))
		if err != nil {
			t.Fatal(err)
		}
		c := SelfcheckCmd{Config: b.dev.at("sessiond.yaml")}
		dev := b.rewrite()
		c.fill(dev)
		target, err := c.target(dev)
		if err != nil {
			t.Fatal(err)
		}
		target.Cassandra = cassandraOf(cfg)
		all, err := target.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(all, func(r selfcheck.Result) bool { return r.Name == "cassandra_foreign_certificate" })
		if r := all[at]; r.Word() != tt.word || !strings.Contains(r.Detail, tt.detail) {
			t.Errorf("%s: %s %s", tt.text, r.Word(), r.Detail)
		}
	}
}

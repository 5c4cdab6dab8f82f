// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/config"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

func read(t *testing.T, name string) *Settings {
	t.Helper()
	s, err := Read(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func things(s *Settings) (open, closed []string) {
	for _, w := range s.Warnings() {
		if w.Closed {
			closed = append(closed, w.Thing)
		} else {
			open = append(open, w.Thing)
		}
	}
	return open, closed
}

func TestKaskFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kask.yaml")
	data, err := os.ReadFile(filepath.Join("testdata", "kask.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(file, data, 0o600), os.Chmod(file, 0o644)); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	s, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Kask() || s.Profile != AsKask || s.BaseURI != "/sessions/v1/" || s.TLS.MinVersion != tls.VersionTLS12 {
		t.Errorf("kask %v, profile %s, base %s, TLS %x", s.Kask(), s.Profile, s.BaseURI, s.TLS.MinVersion)
	}
	absolute := false
	want := []Space{{
		Namespace: sessionstore.Namespace{
			Name: "default", Defaults: sessionstore.Life{TTL: 24 * time.Hour, Absolute: &absolute},
			MaxValue: sessionstore.DefaultMaxValue, MaxGrace: sessionstore.DefaultMaxGrace,
		},
		Base: "/sessions/v1/", Backend: BackendCassandra,
	}}
	if d := cmp.Diff(want, s.Spaces()); d != "" {
		t.Error(d)
	}
	open, closed := things(s)
	if d := cmp.Diff([]string{"client_authentication", "metrics_open", "network_list", "password_in_file", "password_readable", "at_rest"}, open); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"body_limit", "time_limits", "cassandra_certificate"}, closed); d != "" {
		t.Error(d)
	}
}

func TestKaskFileWithEveryKey(t *testing.T) {
	s := read(t, "kask-every-key.yaml")
	want := defaults()
	want.ServiceName, want.BaseURI, want.ListenAddress, want.ListenPort = "echostore", "/echoseen/v1/", "0.0.0.0", 8082
	want.DefaultTTL, want.LogLevel, want.OpenAPISpec = 31536000, "WARNING", "/usr/share/kask/openapi.yaml"
	want.TLS = TLS{Cert: "/etc/kask/cert.pem", Key: "/etc/kask/key.pem", MinVersion: tls.VersionTLS12}
	want.Profile, want.kask = AsKask, true
	want.file, want.shown = s.file, s.shown
	want.Cassandra = &Cassandra{
		Hosts: []string{"cassandra-a.example", "cassandra-b.example"}, Port: 9142, Keyspace: "echo", Table: "seen", LocalDC: "codfw",
		QueryTimeoutMS: 3000, ConnectTimeoutMS: 1000, Migrate: MigrateRead,
		TLS:            CassandraTLS{CA: "/etc/cassandra/tls/ca.pem", Cert: "/etc/cassandra/tls/cert.pem", Key: "/etc/cassandra/tls/key.pem"},
		Authentication: Authentication{Username: "echo", Password: "271828"},
	}
	if d := cmp.Diff(want, s, cmp.AllowUnexported(Settings{})); d != "" {
		t.Error(d)
	}
}

// TestKaskTakesMoreThanIsWise: what Kask's parser takes is taken, and each key that
// does nothing is named.
func TestKaskTakesMoreThanIsWise(t *testing.T) {
	s := read(t, "kask-loose.yaml")
	if s.TLS.Cert != "/etc/kask/cert.pem" || s.Cassandra.Keyspace != "2018" || s.Cassandra.Hosts[0] != "localhost" {
		t.Errorf("%+v %+v", s.TLS, s.Cassandra)
	}
	if d := cmp.Diff([]string{"cassandra.hostname", "defaults", "hostname"}, s.ignored); d != "" {
		t.Error(d)
	}
	open, _ := things(s)
	want := []string{"client_authentication", "metrics_open", "network_list", "cassandra_tls", "cassandra_authentication", "at_rest", "ttl_never", "unknown_key", "unknown_key", "unknown_key"}
	if d := cmp.Diff(want, open); d != "" {
		t.Error(d)
	}
}

func TestOurFile(t *testing.T) {
	s := read(t, "mutual.yaml")
	if s.Kask() || s.Profile != Mutual || s.ServiceName != "sessiond" || s.TLS.MinVersion != tls.VersionTLS13 {
		t.Errorf("kask %v, profile %s, service %s, TLS %x", s.Kask(), s.Profile, s.ServiceName, s.TLS.MinVersion)
	}
	paths := []string{s.OpenAPISpec, s.TLS.ClientCA, s.Embedded.Data, s.Keys.Root, s.Keys.Ring, s.Audit}
	want := []string{"testdata/openapi.yaml", "testdata/tls/clients.pem", "testdata/data", "/etc/portreeve/root.key", "testdata/ring.json", "testdata/audit.log"}
	if d := cmp.Diff(want, paths); d != "" {
		t.Error(d)
	}
	if s.Embedded.FreeDisk != (FreeDisk{20, 10, 5}) || !s.Embedded.Synced() || s.Embedded.Cache != 64<<20 {
		t.Errorf("%+v", s.Embedded)
	}
	if !s.Admin.On() || s.Admin.ListenAddress != "localhost" || !s.Probe.On() || *s.Probe.ListenPort != 0 {
		t.Errorf("admin %+v, probe %+v", s.Admin, s.Probe)
	}
	if s.Limits.Handshakes != 64 || s.Limits.IdleTimeout.Std() != time.Minute || s.Limits.Connections != 10_000 {
		t.Errorf("%+v", s.Limits)
	}
	sliding, absolute := false, true
	spaces := []Space{
		{
			Namespace: sessionstore.Namespace{
				Name: "default", Defaults: sessionstore.Life{TTL: time.Hour, Absolute: &sliding, MaxAge: 30 * 24 * time.Hour}, MaxTTL: 24 * time.Hour,
				MaxValue: 1 << 20, MaxGrace: time.Minute, DeleteHold: time.Minute, Quota: sessionstore.Quota{Bytes: 20 << 30},
			},
			Base: "/sessions/v1/", Backend: BackendEmbedded,
		},
		{
			Namespace: sessionstore.Namespace{
				Name: "anonymous", Defaults: sessionstore.Life{TTL: 10 * time.Minute, Absolute: &absolute},
				MaxValue: 4 << 10, MaxGrace: time.Minute, Rate: 500.5, Burst: 1001, Shed: true, Quota: sessionstore.Quota{Bytes: 1 << 30},
			},
			Base: "/anonymous/v1/", Backend: BackendEmbedded,
		},
	}
	if d := cmp.Diff(spaces, s.Spaces()); d != "" {
		t.Error(d)
	}
	if w := s.Warnings(); len(w) > 0 {
		t.Errorf("a safe file has warnings: %v", w)
	}
}

// TestNoFileOpensByMistake: a slip in a file of ours never makes a Kask file of it.
func TestNoFileOpensByMistake(t *testing.T) {
	for _, text := range []string{
		"profil: mutual\n",
		"listen_port: 8081\nProfile: mutual\n",
		"base_uri: /v1/\nnamespace:\n  - name: default\n",
		"tls: {cert: a, key: b, clientca: c}\n",
		"tls: {cert: a, key: b, client_cas: c}\n",
		"polcy: []\n",
		"profile:\n",
	} {
		s, err := Parse("x.yaml", []byte(text))
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
	_, err := Parse("x.yaml", []byte("profil: mutual\n"))
	if err == nil || !strings.Contains(err.Error(), `did you mean "profile"`) {
		t.Errorf("the nearest key is not named: %v", err)
	}
}

func TestRefuses(t *testing.T) {
	whole := map[string]string{
		"tls":      "{cert: c, key: k, client_ca: ca}",
		"policy":   "[{identity: 'uri:a', namespaces: [default], verbs: [read]}]",
		"embedded": "{data: d, cache: 1MiB}",
		"keys":     "{root: r, ring: q}",
		"profile":  "mutual",
	}
	tests := []struct{ key, value, path, message string }{
		{"profile", "open", "profile", "must be mutual"},
		{"tls", "{cert: c, client_ca: ca}", "tls", "both cert and key"},
		{"tls", "{cert: c, key: k}", "tls.client_ca", "must name the file"},
		{"tls", "", "tls.cert", "must name the server's certificate"},
		{"tls", "{cert: c, key: k, client_ca: ca, min_version: 1.1}", "tls.min_version", "RFC 8996"},
		{"policy", "", "policy", "must say who may do what"},
		{"policy", "[{identity: everybody, namespaces: [default], verbs: [read]}]", "policy[0].identity", "must be"},
		{"policy", "[{identity: 'uri:*', namespaces: [default], verbs: [read]}]", "policy[0].identity", "whole name of the host"},
		{"policy", "[{identity: 'uri:spiffe://wiki*', namespaces: [default], verbs: [read]}]", "policy[0].identity", "whole name of the host"},
		{"policy", "[{identity: 'dns:wiki*', namespaces: [default], verbs: [read]}]", "policy[0].identity", "whole DNS name"},
		{"selfcheck", "{cert: a}", "selfcheck", "both cert and key"},
		{"policy", "[{identity: 'uri:*a*', namespaces: [default], verbs: [read]}]", "policy[0].identity", "at its end alone"},
		{"policy", "[{identity: 'uri:a', namespaces: [defualt], verbs: [read]}]", "policy[0].namespaces[0]", "there are default"},
		{"policy", "[{identity: 'uri:a', namespaces: [default], verbs: [erase]}]", "policy[0].verbs[0]", "must be read"},
		{"policy", "[{identity: 'credential:a', namespaces: [default], verbs: [read]}]", "policy[0].identity", "credentials is not set"},
		{"policy", "[{identity: network, namespaces: [default], verbs: [read]}]", "policy[0].identity", "nobody is"},
		{"embedded", "", "", "where sessions are kept"},
		{"embedded", "{data: d, free_disk: {short: 5%}}", "embedded.free_disk", "must fall"},
		{"embedded", "{data: d, free_disk: {short: 101%}}", "embedded.free_disk.short", "from 0% to 100%"},
		{"keys", "", "keys.root", "sealed"},
		{"keys", "{root: r}", "keys", "both root and ring"},
		{"keys", "{from_plain: true}", "keys.from_plain", "root and ring"},
		{"admin", "{listen_port: 1}", "audit", "audit log"},
		{"cassandra", "{hosts: [a]}", "cassandra.tls.ca", "whom sessions are given to"},
		{"cassandra", "{tls: {ca: a}}", "cassandra.authentication", "password_file"},
		{"cassandra", "{tls: {ca: a}, authentication: {username: u, password: p, password_file: f}}", "cassandra.authentication.password_file", "alone"},
		{"namespaces", "[{name: A, base_uri: /a/}]", "namespaces[0].name", "must be 1 to 64"},
		{"namespaces", "[{name: default}]", "namespaces[0].base_uri", "must be the path"},
		{"namespaces", "[{name: default, base_uri: /healthz}]", "namespaces[0].base_uri", "answers itself"},
		{"namespaces", "[{name: default, base_uri: /a}, {name: b, base_uri: /a/b}]", "namespaces[1].base_uri", "lie in one another"},
		{"namespaces", "[{name: default, base_uri: /a, ttl: 2d, max_ttl: 1d}]", "namespaces[0].max_ttl", "must not be shorter"},
		{"namespaces", "[{name: default, base_uri: /a, ttl: 0, max_ttl: 1d}]", "namespaces[0].max_ttl", "must not be shorter"},
		{"namespaces", "[{name: default, base_uri: /a, expiry: soon}]", "namespaces[0].expiry", "sliding"},
		{"namespaces", "[{name: default, base_uri: /a, backend: cassandra}]", "namespaces[0].backend", "hosts is not set"},
		{"staged", "[{control: at_rest, until: 2027-03-01}]", "staged[0].subject", "must name the subject"},
		{"staged", "[{control: at_rest, subject: a}]", "staged[0].until", "for ever"},
		{"staged", "[{control: everything, subject: a, until: 2027-03-01}]", "staged[0].control", "must be one of"},
		{"staged", "[{control: at_rest, subject: a, until: 2027-03-01}]", "portreeve", "its gate is asked"},
		{"portreeve", "{url: 'http://a'}", "portreeve.url", "https"},
		{"limits", "{idle_timeout: 0s}", "limits.idle_timeout", "longer than 0"},
		{"default_ttl", "-1", "default_ttl", "must not be negative"},
		{"default_ttl", "10000000000", "default_ttl", "290 years"},
		{"listen_port", "65536", "listen_port", "from 0 to 65535"},
		{"log_level", "loud", "log_level", "must be debug"},
	}
	for _, tt := range tests {
		t.Run(tt.key+" "+tt.value, func(t *testing.T) {
			keys := map[string]string{tt.key: tt.value}
			for k, v := range whole {
				if k != tt.key {
					keys[k] = v
				}
			}
			_, err := Parse("x.yaml", []byte(document(keys)))
			f := fault.From(err)
			if f == nil {
				t.Fatal("it was accepted")
			}
			for _, field := range f.Fields {
				if field.Path == tt.path && strings.Contains(field.Message, tt.message) {
					return
				}
			}
			t.Errorf("no field %q with %q: %+v", tt.path, tt.message, f)
		})
	}
	if _, err := Parse("x.yaml", []byte(document(whole))); err != nil {
		t.Errorf("the whole file itself: %v", err)
	}
}

func document(keys map[string]string) string {
	var b strings.Builder
	for k, v := range keys {
		fmt.Fprintf(&b, "%s: %s\n", k, v)
	}
	return b.String()
}

// TestKaskRefuses: what Kask itself does not start with.
func TestKaskRefuses(t *testing.T) {
	for _, text := range []string{
		"default_ttl: -1\n", "log_level: loud\n", "tls: {cert: a}\n", "cassandra: {authentication: {username: a}}\n",
		"cassandra: {tls: {cert: a, key: b}}\n", "cassandra: {tls: {ca: a, cert: b}}\n", "listen_port: many\n", "cassandra: {hosts: one}\n", "", "# nothing\n", "- a\n",
	} {
		if s, err := Parse("x.yaml", []byte(text)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
}

// TestStagedControls: each control may be left out while an acceptance holds it.
func TestStagedControls(t *testing.T) {
	text := `
profile: mutual
policy: [{identity: network, namespaces: [default], verbs: [read]}]
cassandra: {hosts: [a]}
staged:
  - {control: client_authentication, subject: "component:sessionstore", until: 2027-03-01}
  - {control: server_tls, subject: "component:sessionstore", until: 2027-03-01}
  - {control: cassandra_certificate, subject: "component:sessionstore", until: 2027-03-01}
  - {control: cassandra_authentication, subject: "component:sessionstore", until: 2027-03-01}
  - {control: at_rest, subject: "component:sessionstore", until: 2027-03-01}
portreeve: {url: "https://security.example.org", token_file: token, gate_key: key}
`
	s, err := Parse("x.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	open, _ := things(s)
	want := []string{"server_tls", "cassandra_tls", "cassandra_authentication", "at_rest",
		"staged_client_authentication", "staged_server_tls", "staged_cassandra_certificate", "staged_cassandra_authentication", "staged_at_rest"}
	if d := cmp.Diff(want, open); d != "" {
		t.Error(d)
	}
	if st, ok := s.StagedFor(AtRest); !ok || st.Until != (config.Date{Year: 2027, Month: 3, Day: 1}) {
		t.Errorf("%v %v", st, ok)
	}
}

func TestUnsafeThings(t *testing.T) {
	base := map[string]string{
		"tls": "{cert: c, key: k, client_ca: ca}", "policy": "[{identity: 'uri:a', namespaces: [default], verbs: [read]}]",
		"embedded": "{data: d}", "keys": "{root: r, ring: q}", "profile": "mutual", "namespaces": "[{name: default, base_uri: /a, quota: 1GiB}]",
	}
	for _, tt := range []struct{ key, value, thing string }{
		{"keys", "{root: d/r, ring: q}", "keys_beside_data"},
		{"keys", "{root: r, ring: q, from_plain: true}", "plain_rows"},
		{"embedded", "{data: d, sync: false}", "sync_off"},
		{"default_ttl", "0", "ttl_never"},
		{"namespaces", "[{name: default, base_uri: /a}]", "no_quota"},
	} {
		keys := map[string]string{}
		for k, v := range base {
			keys[k] = v
		}
		keys[tt.key] = tt.value
		s, err := Parse("x.yaml", []byte(document(keys)))
		if err != nil {
			t.Fatal(err)
		}
		if open, _ := things(s); len(open) != 1 || open[0] != tt.thing {
			t.Errorf("%s: %s: %v, want %s alone", tt.key, tt.value, open, tt.thing)
		}
	}
	open, _ := things(must(t, "profile: credential\nnetworks: n\ncredentials: c\ntls: {cert: c, key: k}\npolicy: [{identity: 'credential:*', namespaces: ['*'], verbs: [read]}]\nembedded: {data: d}\nkeys: {root: r, ring: q}\n"))
	if d := cmp.Diff([]string{"no_quota", "policy_wide"}, open); d != "" {
		t.Error(d)
	}
	open, _ = things(must(t, "profile: network\nnetworks: n\ntls: {cert: c, key: k}\npolicy: [{identity: network, namespaces: ['*'], verbs: [administer]}]\nembedded: {data: d}\nkeys: {root: r, ring: q}\n"))
	if d := cmp.Diff([]string{"client_authentication", "no_quota", "policy_nameless"}, open); d != "" {
		t.Error(d)
	}
}

func must(t *testing.T, text string) *Settings {
	t.Helper()
	s, err := Parse("x.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestNothingPrintsTheSecret covers the ways in which a value reaches a log.
func TestNothingPrintsTheSecret(t *testing.T) {
	s := read(t, "kask.yaml")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(verb, s.Cassandra.Authentication); strings.Contains(text, "not-a-real-one") {
			t.Errorf("%s: %s", verb, text)
		}
	}
	if s.Cassandra.Authentication.Password.Reveal() != "not-a-real-one" {
		t.Error("the password was not read")
	}
	for _, text := range []string{"cassandra: {hosts: {}, authentication: {username: a, password: not-a-real-one}}", "cassandra: {authentication: {username: a, password: [not-a-real-one]}}"} {
		if _, err := Parse("x.yaml", []byte(text)); err == nil || strings.Contains(fmt.Sprintf("%+v", err), "not-a-real-one") {
			t.Errorf("%v", err)
		}
	}
}

// TestNoBackendIsSaidOnce: who forgot the backend is not told what Cassandra cannot do.
func TestNoBackendIsSaidOnce(t *testing.T) {
	_, err := Parse("f", []byte("profile: kask\nnamespaces: [{name: default, base_uri: /a, quota: 1GiB}]\n"))
	fields := fault.From(err).Fields
	if len(fields) != 1 || !strings.Contains(fields[0].Message, "embedded.data") {
		t.Errorf("%v", fields)
	}
}

// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// findings collects what is wrong.
type findings []fault.Field

func (f *findings) add(path, message string, args ...any) {
	if len(args) > 0 {
		message = fmt.Sprintf(message, args...)
	}
	*f = append(*f, fault.Field{Path: path, Code: "config.rule", Message: message})
}

// Validate lists what is wrong between the parts; see config.Validator.
func (s *Settings) Validate() []fault.Field {
	var f findings
	if s.ListenPort < 0 || s.ListenPort > 65535 {
		f.add("listen_port", "must be a port from 0 to 65535, where 0 takes a free one")
	}
	if s.DefaultTTL < 0 {
		f.add("default_ttl", "must not be negative; 0 keeps sessions for ever, which is rarely meant")
	}
	if !slices.Contains([]string{"debug", "info", "warning", "error", "fatal"}, strings.ToLower(s.LogLevel)) {
		f.add("log_level", "must be debug, info, warning, error or fatal")
	}
	if s.kask {
		return f
	}
	s.checkProfile(&f)
	s.checkRules(&f)
	s.checkBackends(&f)
	s.checkSpaces(&f)
	s.checkStaged(&f)
	return f
}

// on reports whether a control must be there: it is not staged.
func (s *Settings) on(c Control) bool {
	_, staged := s.StagedFor(c)
	return !staged
}

func (s *Settings) checkProfile(f *findings) {
	switch s.Profile {
	case Mutual:
		if s.TLS.ClientCA == "" && s.on(ClientAuthentication) {
			f.add("tls.client_ca", "must name the file with the authorities of client certificates, because profile is mutual; `portreeve sessiond cert` makes one")
		}
	case Credential:
		if s.Credentials == "" && s.on(ClientAuthentication) {
			f.add("credentials", "must name the file with the credentials, because profile is credential")
		}
		if s.TLS.Cert == "" && !s.on(ServerTLS) {
			f.add("staged", "holds server_tls, but credentials never go over a connection without TLS; set tls.cert and tls.key")
		}
	case Network, AsKask:
	default:
		f.add("profile", "must be mutual (a client certificate), credential (a credential and a network list), network (a network list alone) or kask (whoever reaches the port)")
		return
	}
	if s.Networks == "" && s.on(NetworkList) && (s.Profile == Credential || s.Profile == Network) {
		f.add("networks", "must name the file with the network list, because profile is %s", s.Profile)
	}
	if s.Profile == AsKask {
		return
	}
	if s.TLS.Cert == "" && s.on(ServerTLS) {
		f.add("tls.cert", "must name the server's certificate; `portreeve sessiond cert` makes one. Only profile kask goes without")
	}
	if len(s.Policy) == 0 {
		f.add("policy", `must say who may do what, such as {identity: "uri:spiffe://wiki/mediawiki", namespaces: [default], verbs: [read, write, delete]}`)
	}
}

// Validate lists what is wrong with a rule of the policy.
func (r Rule) Validate() []fault.Field {
	var f findings
	kind, rest, _ := strings.Cut(r.Identity, ":")
	switch {
	case r.Identity == "network":
	case !slices.Contains([]string{"uri", "dns", "credential"}, kind) || rest == "":
		f.add("identity", `must be "uri:" or "dns:" with a name of the client's certificate, "credential:" with a name of the credentials file, or "network"; a * at the end stands for any rest`)
	case strings.Contains(strings.TrimSuffix(rest, "*"), "*"):
		f.add("identity", "may have a * at its end alone")
	case kind == "dns" && strings.HasSuffix(rest, "*"):
		f.add("identity", "must be a whole DNS name: a prefix also covers names in foreign domains")
	case kind == "uri" && strings.HasSuffix(rest, "*") && !wholeHost(rest):
		f.add("identity", `must have the whole name of the host and end in "/*"`)
	}
	if len(r.Namespaces) == 0 {
		f.add("namespaces", "must list namespaces, or \"*\" for all of them")
	}
	if len(r.Verbs) == 0 {
		f.add("verbs", "must list what the identity may do: read, write, delete, revoke, administer")
	}
	for i, v := range r.Verbs {
		if !slices.Contains([]string{"read", "write", "delete", "revoke", "administer"}, v) {
			f.add(fmt.Sprintf("verbs[%d]", i), "must be read, write, delete, revoke or administer")
		}
	}
	return f
}

// wholeHost reports whether a prefix of a URI fixes its host.
func wholeHost(prefix string) bool {
	u, err := url.Parse(strings.TrimSuffix(prefix, "*"))
	return err == nil && u.Scheme != "" && u.Host != "" && strings.HasSuffix(u.Path, "/")
}

// checkRules finds rules that can never hold: a mistyped namespace closes, and
// nobody would see why.
func (s *Settings) checkRules(f *findings) {
	names := []string{"*"}
	for _, n := range s.spaces() {
		names = append(names, n.Name)
	}
	for i, r := range s.Policy {
		for j, n := range r.Namespaces {
			if !slices.Contains(names, n) {
				f.add(fmt.Sprintf("policy[%d].namespaces[%d]", i, j), "is no namespace of this file; there are %s", strings.Join(names[1:], ", "))
			}
		}
		if why := s.never(r.Identity); why != "" {
			f.add(fmt.Sprintf("policy[%d].identity", i), "%s", why)
		}
	}
}

// never says why no client can have an identity under the profile.
func (s *Settings) never(identity string) string {
	kind, _, _ := strings.Cut(identity, ":")
	unauthenticated := !s.on(ClientAuthentication) || s.Profile == Network || s.Profile == AsKask
	switch {
	case kind == "network" && !unauthenticated:
		return fmt.Sprintf("is network, which nobody is under profile %s: there clients have names", s.Profile)
	case (kind == "uri" || kind == "dns") && s.TLS.ClientCA == "":
		return "is a name of a client certificate, but tls.client_ca is not set"
	case kind == "credential" && s.Credentials == "":
		return "is a credential, but credentials is not set"
	default:
		return ""
	}
}

// Validate lists what is wrong with the TLS of the listeners.
func (t TLS) Validate() []fault.Field {
	var f findings
	if (t.Cert == "") != (t.Key == "") {
		f.add("", "needs both cert and key, or neither")
	}
	if t.ClientCRL != "" && t.ClientCA == "" {
		f.add("client_crl", "needs client_ca, whose certificates it revokes")
	}
	if t.ClientCA != "" && t.Cert == "" {
		f.add("client_ca", "needs cert and key: there are no client certificates without TLS")
	}
	return f
}

// Validate lists what is wrong with the connection to Cassandra.
func (c *Cassandra) Validate() []fault.Field {
	var f findings
	if c.TLS.CA == "" && (c.TLS.Cert != "" || c.TLS.Key != "") {
		f.add("tls.ca", "must name the authority of Cassandra's certificate, because cert or key is set")
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		f.add("tls", "needs both cert and key, or neither")
	}
	password := c.Authentication.Password != "" || c.Authentication.PasswordFile != ""
	if (c.Authentication.Username != "") != password {
		f.add("authentication", "needs both username and password (or password_file), or neither")
	}
	if c.Authentication.Password != "" && c.Authentication.PasswordFile != "" {
		f.add("authentication.password_file", "stands beside password; keep password_file alone")
	}
	if c.Port < 0 || c.Port > 65535 {
		f.add("port", "must be a port from 1 to 65535")
	}
	if c.QueryTimeoutMS < 0 {
		f.add("query_timeout_ms", "must not be negative")
	}
	if c.ConnectTimeoutMS < 0 {
		f.add("connect_timeout_ms", "must not be negative")
	}
	if !slices.Contains([]string{"", MigrateOff, MigrateRead, MigrateFinish}, c.Migrate) {
		f.add("migrate", "must be off, read (what is not here is looked for in Kask's table) or finish (and is brought over)")
	}
	return f
}

func (s *Settings) checkBackends(f *findings) {
	if s.Embedded == nil && s.Cassandra == nil {
		f.add("", "must say where sessions are kept: set embedded.data to a folder, or cassandra.hosts")
	}
	if e := s.Embedded; e != nil && e.Data == "" {
		f.add("embedded.data", "must name the folder of the data")
	}
	if s.Cassandra != nil && s.Cassandra.TLS.CA == "" && s.on(CassandraCertificate) && s.Profile != AsKask {
		f.add("cassandra.tls.ca", "must name the authority of Cassandra's certificate: without it nobody knows whom sessions are given to")
	}
	if c := s.Cassandra; c != nil && c.Authentication.Username == "" && c.TLS.Cert == "" && s.on(CassandraAuthentication) && s.Profile != AsKask {
		f.add("cassandra.authentication", "must have username and password_file (or tls.cert and tls.key a client certificate): everybody who reaches Cassandra could read it otherwise")
	}
	if (s.Keys.Root == "") != (s.Keys.Ring == "") {
		f.add("keys", "needs both root and ring")
	}
	if s.Keys.FromPlain && s.Keys.Root == "" {
		f.add("keys.from_plain", "needs root and ring, under which the rows are brought")
	}
	if s.Keys.Root == "" && s.on(AtRest) && s.Profile != AsKask {
		f.add("keys.root", "must name the file of the root key, and keys.ring that of the keys it wraps: sessions are sealed with them. `portreeve sessiond make-keys` makes both")
	}
	if s.Admin.On() && s.Audit == "" {
		f.add("audit", "must name the file of the audit log, because there is an administration listener")
	}
	if s.Admin.On() && s.TLS.ClientCA == "" && s.Credentials == "" {
		f.add("admin", "needs tls.client_ca or credentials: nobody administers without a name")
	}
}

func (s *Settings) checkStaged(f *findings) {
	seen := map[Control]bool{}
	for i, staged := range s.Staged {
		at := fmt.Sprintf("staged[%d]", i)
		switch {
		case !slices.Contains(Controls(), staged.Control):
			f.add(at+".control", "must be one of %s", list(Controls()))
		case seen[staged.Control]:
			f.add(at+".control", "stands here a second time")
		}
		seen[staged.Control] = true
		if staged.Subject == "" {
			f.add(at+".subject", `must name the subject of the acceptance in Portreeve, such as "component:sessionstore"`)
		}
		if staged.Until.IsZero() {
			f.add(at+".until", "must be the date on which the acceptance ends: nothing is accepted for ever")
		}
	}
	if len(s.Staged) > 0 && (s.Portreeve.URL == "" || s.Portreeve.GateKey == "" || s.Portreeve.TokenFile == "") {
		f.add("portreeve", "needs url, token_file and gate_key: its gate is asked whether what is staged is accepted")
	}
}

// Validate lists what is wrong with the address of Portreeve.
func (p Portreeve) Validate() []fault.Field {
	var f findings
	if u, err := url.Parse(p.URL); p.URL != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		f.add("url", "must be an https address, such as https://security.example.org")
	}
	return f
}

// Validate lists what is wrong with what the self-check acts with.
func (c Selfcheck) Validate() []fault.Field {
	var f findings
	if (c.Cert == "") != (c.Key == "") {
		f.add("", "needs both cert and key, or neither")
	}
	return f
}

// Validate lists what is wrong with the limits.
func (l Limits) Validate() []fault.Field {
	var f findings
	if l.Handshakes < 1 {
		f.add("handshakes", "must be at least 1")
	}
	if l.Connections < 1 {
		f.add("connections", "must be at least 1")
	}
	for path, d := range map[string]int64{
		"handshake_timeout": int64(l.HandshakeTimeout), "header_timeout": int64(l.HeaderTimeout),
		"body_timeout": int64(l.BodyTimeout), "idle_timeout": int64(l.IdleTimeout),
	} {
		if d <= 0 {
			f.add(path, "must be longer than 0: a connection without an end is how a server is exhausted")
		}
	}
	if l.HeaderBytes < 4<<10 || l.HeaderBytes > 1<<20 {
		f.add("header_bytes", "must be from 4KiB to 1MiB")
	}
	slices.SortFunc(f, func(a, b fault.Field) int { return strings.Compare(a.Path, b.Path) })
	return f
}

// Validate lists what is wrong with the embedded backend.
func (e *Embedded) Validate() []fault.Field {
	var f findings
	if d := e.FreeDisk.orDefault(); d.Short <= d.Shed || d.Shed <= d.Critical {
		f.add("free_disk", "must fall from short over shed to critical (default 15%, 10%, 5%)")
	}
	return f
}

func list[T ~string](names []T) string {
	var all []string
	for _, n := range names {
		all = append(all, string(n))
	}
	return strings.Join(all, ", ")
}

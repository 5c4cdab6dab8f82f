// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"crypto/tls"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Profile says what a client must show.
type Profile string

// The profiles.
const (
	// Mutual requires a client certificate; a list of networks may be added.
	Mutual Profile = "mutual"
	// ByCredential requires a credential in each request, inside TLS, and a
	// network of the list.
	ByCredential Profile = "credential"
	// ByNetwork requires a network of the list, and nothing else.
	ByNetwork Profile = "network"
	// Kask is what Kask does with its own file: TLS if there is a certificate,
	// and everybody who reaches the port may do everything with sessions.
	Kask Profile = "kask"
)

// Control is a part of a profile that an acceptance of the risk may hold off for
// a while, on the way into production in stages.
type Control string

// The controls. The names are those of the configuration file.
const (
	ClientAuthentication Control = "client_authentication"
	NetworkList          Control = "network_list"
	ServerTLS            Control = "server_tls"
)

// Config is what a Guard is made of. Files are PEM unless said otherwise.
type Config struct {
	Name    string // of the listener, in metrics and logs: "data", "admin"
	Profile Profile

	Cert, Key  string // the server's certificate with its chain, and its key; may be one file
	MinVersion uint16 // tls.VersionTLS12 (default) or tls.VersionTLS13

	ClientCA  string // authorities that client certificates must come from
	ClientCRL string // their revocation lists; "" = none

	Credentials string // see ParseCredentials; "" = none
	Networks    string // see ParseNetworks; "" = none
	// NetworksStale is the age from which the list is reported; default 48 h.
	NetworksStale time.Duration

	Policy []Rule

	// Staged are the controls that are not on yet, each with a function that tells
	// whether that is still held by somebody's acceptance. While it is, the control
	// is off; from then on it is on, and what it would have refused is closed.
	// The functions are called several times a second and must not block.
	Staged map[Control]func() bool

	Limits Limits

	// Poll is how often files are looked at and connections are gone through;
	// default 250 ms. A change is in force after two such periods.
	Poll time.Duration

	Now      func() time.Time      // real time
	Log      *slog.Logger          // nil = discard
	Registry prometheus.Registerer // nil = no metrics
}

// Limits bounds what connections may use. A zero means the default.
type Limits struct {
	Handshakes       int           // half open at once; default 512
	HandshakeTimeout time.Duration // default 5 s
	Connections      int           // admitted at once; default 10,000
}

func (c Config) withDefaults() Config {
	if c.MinVersion == 0 {
		c.MinVersion = tls.VersionTLS12
	}
	if c.NetworksStale == 0 {
		c.NetworksStale = 48 * time.Hour
	}
	if c.Limits.Handshakes == 0 {
		c.Limits.Handshakes = 512
	}
	if c.Limits.HandshakeTimeout == 0 {
		c.Limits.HandshakeTimeout = 5 * time.Second
	}
	if c.Limits.Connections == 0 {
		c.Limits.Connections = 10000
	}
	if c.Poll == 0 {
		c.Poll = 250 * time.Millisecond
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// check reports what makes a configuration unusable. A control that is staged
// needs no file yet.
func (c Config) check() error {
	var wrong []fault.Field
	add := func(path, message string) {
		wrong = append(wrong, fault.Field{Path: path, Code: "listen." + path, Message: message})
	}
	need := func(have string, control Control, path, message string) {
		if have == "" && c.Staged[control] == nil {
			add(path, message)
		}
	}
	switch c.Profile {
	case Mutual:
		need(c.ClientCA, ClientAuthentication, "client_ca", "must name the authorities of client certificates in profile mutual.")
	case ByCredential:
		need(c.Credentials, ClientAuthentication, "credentials", "must name the file of credentials in profile credential.")
		need(c.Networks, NetworkList, "networks", "must name the list of networks in profile credential: a password alone is too little.")
		if c.Staged[ServerTLS] != nil && c.Staged[ClientAuthentication] == nil {
			add("staged", "cannot hold off server_tls in profile credential: a credential never travels in the clear.")
		}
	case ByNetwork:
		need(c.Networks, NetworkList, "networks", "must name the list of networks in profile network.")
	case Kask:
	default:
		add("profile", "must be mutual, credential, network, or kask for Kask's own file.")
	}
	if c.Profile != Kask {
		need(c.Cert, ServerTLS, "cert", "must name the server's certificate.")
	}
	if (c.Cert == "") != (c.Key == "") {
		add("key", "must be given together with cert.")
	}
	if c.ClientCRL != "" && c.ClientCA == "" {
		add("client_crl", "needs client_ca, whose authorities signed it.")
	}
	if c.MinVersion != tls.VersionTLS12 && c.MinVersion != tls.VersionTLS13 {
		add("min_version", "must be 1.2 or 1.3.")
	}
	if c.Now == nil {
		add("now", "must tell the time.")
	}
	return fault.InvalidFields("listen.config", wrong)
}

// proof is how a client shows who it is.
type proof int

const (
	byNothing proof = iota // its address is all that is known of it
	byCertificate
	byCredential
)

// mode is what holds at this moment: the profile, less what is held off.
type mode struct {
	secure bool
	proof  proof
	listed bool   // the address must be in the list
	closed string // why nobody is admitted: what is missing; "" = open
}

// modeOf derives the mode from the profile, what is held off, and what there is.
// What is required and missing closes the listener.
func modeOf(c *Config, held map[Control]bool, m *material) mode {
	out := mode{secure: true}
	switch {
	case held[ClientAuthentication]:
	case c.Profile == Mutual:
		out.proof = byCertificate
	case c.Profile == ByCredential:
		out.proof = byCredential
	}
	required := c.Profile == ByCredential || c.Profile == ByNetwork
	out.listed = (required || c.Networks != "") && !held[NetworkList]
	if out.proof == byNothing && (held[ServerTLS] || c.Profile == Kask && c.Cert == "") {
		out.secure = false
	}
	switch {
	case out.secure && m.pair == nil:
		out.closed = string(ServerTLS)
	case out.proof == byCertificate && m.trust == nil, out.proof == byCredential && m.credentials == nil:
		out.closed = string(ClientAuthentication)
	case out.listed && m.networks == nil:
		out.closed = string(NetworkList)
	}
	return out
}

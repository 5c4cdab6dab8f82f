// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
)

// Warning is something in a file that is unsafe.
type Warning struct {
	Thing   string // a stable slug, the label of the metric sessiond_unsafe
	Message string // what is open, and which key closes it
	// Closed says that the file leaves it open, as Kask had it, but the store does
	// not: the message says what may behave otherwise than it did.
	Closed bool
}

// Warnings returns what is unsafe, in an order that stays the same.
func (s *Settings) Warnings() []Warning {
	var w warnings
	s.warnListener(&w)
	s.warnLimits(&w)
	if s.Uses(BackendCassandra) {
		s.warnCassandra(&w)
	}
	s.warnKeys(&w)
	s.warnSpaces(&w)
	s.warnPolicy(&w)
	for _, staged := range s.Staged {
		w.open("staged_"+string(staged.Control), "the control %s is off for as long as Portreeve's gate says that an acceptance for %s holds it, at the latest until %s. The log says when it has no such answer; then the control is on.", staged.Control, staged.Subject, staged.Until)
	}
	for _, key := range s.ignored {
		w.open("unknown_key", "the key %s is known neither to Kask nor to us and does nothing.", key)
	}
	return w
}

type warnings []Warning

func (w *warnings) open(thing, message string, args ...any) {
	*w = append(*w, Warning{Thing: thing, Message: fmt.Sprintf(message, args...)})
}

func (w *warnings) closed(thing, message string, args ...any) {
	*w = append(*w, Warning{Thing: thing, Message: fmt.Sprintf(message, args...), Closed: true})
}

func (s *Settings) warnListener(w *warnings) {
	if s.Profile == AsKask {
		w.open("client_authentication", "whoever reaches the port may read, write and end every session. Set profile: mutual and tls.client_ca.")
		w.open("metrics_open", "/metrics is answered to whoever reaches the port. Set profile: mutual; then it is answered to who is known.")
	}
	if s.Profile == Network {
		w.open("client_authentication", "a network list alone says who may read, write and end sessions: whoever gets hold of an address in it may. Set profile: mutual and tls.client_ca.")
	}
	if s.Networks == "" && (s.Profile == AsKask || s.Profile == Network) {
		w.open("network_list", "connections are taken from everywhere. Set networks to a generated list.")
	}
	if s.TLS.Cert == "" {
		where := ""
		if !loopback(s.ListenAddress) {
			where = fmt.Sprintf(", on %s for everybody on the way to read", s.ListenAddress)
		}
		w.open("server_tls", "sessions travel over plain HTTP%s. Set tls.cert and tls.key; `portreeve sessiond cert` makes them.", where)
	}
}

// warnLimits tells whoever comes from Kask what is bounded now.
func (s *Settings) warnLimits(w *warnings) {
	if !s.kask {
		return
	}
	w.closed("body_limit", "Kask takes values of any size. Here one may have %d bytes; set namespaces[].max_value for another bound.", s.Spaces()[0].MaxValue)
	w.closed("time_limits", "Kask waits for ever. Here a handshake may take %s, a header %s, a body %s, and an idle connection is closed after %s; set limits for others.",
		s.Limits.HandshakeTimeout, s.Limits.HeaderTimeout, s.Limits.BodyTimeout, s.Limits.IdleTimeout)
}

func (s *Settings) warnCassandra(w *warnings) {
	c := s.Cassandra
	switch {
	case c.TLS.CA == "":
		w.open("cassandra_tls", "sessions travel to Cassandra without TLS, and nobody knows whom they are given to. Set cassandra.tls.ca.")
	case s.kask:
		w.closed("cassandra_certificate", "Kask never checks Cassandra's certificate. Here it must be signed by cassandra.tls.ca and name the host that is dialled, or the store does not start; set cassandra.tls.server_name if all nodes share one name.")
	}
	if c.Authentication.Username == "" && c.TLS.Cert == "" {
		w.open("cassandra_authentication", "Cassandra takes us, and so anybody, without authentication. Set cassandra.authentication.")
	}
	if c.Authentication.Username != "" && c.TLS.CA == "" {
		w.open("cassandra_password_plain", "the password goes to Cassandra in the clear. Set cassandra.tls.ca.")
	}
	if c.Authentication.Password != "" {
		w.open("password_in_file", "Cassandra's password stands in %s. Set cassandra.authentication.password_file.", s.named())
		if s.shown {
			w.open("password_readable", "%s holds a password, and everybody on this machine may read it. Take the right to read from others (chmod o-r).", s.named())
		}
	}
}

func (s *Settings) warnKeys(w *warnings) {
	if s.Keys.Root == "" {
		w.open("at_rest", "sessions are not sealed with a key of yours: who gets the disk, a snapshot or a backup can use every session. Set keys.root and keys.ring; `portreeve sessiond make-keys` makes them.")
	}
	if s.Keys.FromPlain {
		w.open("plain_rows", "rows from before there were keys are still read, and whoever can write to the disk can make such rows. Remove keys.from_plain once the log says that there are none left.")
	}
	if e := s.Embedded; e != nil {
		if s.Keys.Root != "" && within(s.Keys.Root, e.Data) {
			w.open("keys_beside_data", "the root key lies in the folder of the data: who takes the disk has both. Move keys.root elsewhere.")
		}
		if !e.Synced() {
			w.open("sync_off", "a write is answered before it is on disk: a crash of the machine loses sessions, and brings ended ones back. Remove embedded.sync: false.")
		}
	}
}

func (s *Settings) warnSpaces(w *warnings) {
	for _, sp := range s.Spaces() {
		if sp.Defaults.TTL == 0 && sp.Defaults.MaxAge == 0 {
			w.open("ttl_never", "sessions of namespace %s never end by themselves. Set default_ttl, or ttl or max_age of the namespace.", sp.Name)
		}
		if !s.kask && sp.Backend == BackendEmbedded && sp.Quota.Bytes == 0 {
			w.open("no_quota", "namespace %s may fill the disk. Set its quota.", sp.Name)
		}
	}
}

func (s *Settings) warnPolicy(w *warnings) {
	for _, r := range s.Policy {
		if r.Identity == "credential:*" {
			w.open("policy_wide", "the rule for credential:* lets everybody with any credential in. Name them.")
		}
		if r.Identity == "network" && (slices.Contains(r.Verbs, "administer") || slices.Contains(r.Verbs, "revoke")) {
			w.open("policy_nameless", "whoever reaches the port may revoke or administer. Take these verbs from the rule for network.")
		}
	}
}

// Uses reports whether a namespace is kept by the backend.
func (s *Settings) Uses(backend string) bool {
	return slices.ContainsFunc(s.Spaces(), func(sp Space) bool { return sp.Backend == backend })
}

func (s *Settings) named() string {
	if s.file == "" {
		return "the configuration file"
	}
	return s.file
}

// within reports whether a file lies in a folder, by their names.
func within(file, folder string) bool {
	rel, err := filepath.Rel(folder, file)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

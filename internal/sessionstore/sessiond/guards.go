// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"log/slog"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/sessionstore/listen"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// The names of the listeners, in metrics and logs.
const (
	dataListener  = "data"
	adminListener = "admin"
)

// guards decide who may connect to the listeners.
type guards struct {
	data  *listen.Guard
	admin *listen.Guard // nil = there is no administration
}

// openGuards reads certificates, authorities, credentials and networks. held says
// whether a control that is staged is held off now.
func openGuards(s *settings.Settings, held func(control string) bool, r prometheus.Registerer, log *slog.Logger) (g guards, err error) {
	if g.data, err = listen.New(guardConfig(s, dataListener, held, r, log)); err != nil {
		return g, err
	}
	if s.Admin.On() {
		g.admin, err = listen.New(adminConfig(s, held, r, log))
	}
	return g, err
}

func guardConfig(s *settings.Settings, name string, held func(string) bool, r prometheus.Registerer, log *slog.Logger) listen.Config {
	c := listen.Config{
		Name: name, Profile: listen.Profile(s.Profile),
		Cert: s.TLS.Cert, Key: s.TLS.Key, MinVersion: uint16(s.TLS.MinVersion),
		ClientCA: s.TLS.ClientCA, ClientCRL: s.TLS.ClientCRL,
		Credentials: s.Credentials, Networks: s.Networks, NetworksStale: s.Limits.NetworkAge.Std(),
		Policy: rules(s.Policy), Staged: map[listen.Control]func() bool{},
		Limits: listen.Limits{Handshakes: s.Limits.Handshakes, HandshakeTimeout: s.Limits.HandshakeTimeout.Std(), Connections: s.Limits.Connections},
		Now:    clock, Log: log, Registry: r,
	}
	for _, control := range []listen.Control{listen.ClientAuthentication, listen.NetworkList, listen.ServerTLS} {
		if _, staged := s.StagedFor(settings.Control(control)); staged {
			c.Staged[control] = func() bool { return held(string(control)) }
		}
	}
	return c
}

// adminConfig is the same for the administration, with one difference: nobody
// administers without a name, whatever the profile of the sessions is and whatever
// is staged.
func adminConfig(s *settings.Settings, held func(string) bool, r prometheus.Registerer, log *slog.Logger) listen.Config {
	c := guardConfig(s, adminListener, held, r, log)
	delete(c.Staged, listen.ClientAuthentication)
	delete(c.Staged, listen.ServerTLS)
	switch {
	case s.TLS.ClientCA != "":
		c.Profile = listen.Mutual
	default:
		c.Profile = listen.ByCredential
	}
	return c
}

func rules(all []settings.Rule) []listen.Rule {
	var out []listen.Rule
	for _, r := range all {
		one := listen.Rule{Identity: r.Identity, Namespaces: r.Namespaces}
		for _, v := range r.Verbs {
			one.Verbs = append(one.Verbs, listen.Verb(v))
		}
		out = append(out, one)
	}
	return out
}

// each calls f for every guard there is.
func (g guards) each(f func(name string, g *listen.Guard)) {
	f(dataListener, g.data)
	if g.admin != nil {
		f(adminListener, g.admin)
	}
}

// warnings returns what the listeners find unsafe beyond what the file says: lists
// that are stale or wide, certificates that end.
func (g guards) warnings() []settings.Warning {
	var all []settings.Warning
	seen := map[settings.Warning]bool{}
	g.each(func(_ string, one *listen.Guard) {
		for _, w := range one.Warnings() {
			kind, _, _ := strings.Cut(w.Code, ".")
			out := settings.Warning{Thing: strings.ReplaceAll(w.Code, ".", "_"), Message: w.Message + "."}
			if kind == "kask" || kind == "profile" || kind == "staged" || seen[out] {
				continue // the file says so itself
			}
			seen[out] = true
			all = append(all, out)
		}
	})
	return all
}

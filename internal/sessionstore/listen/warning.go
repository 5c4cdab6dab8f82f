// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Warning is something about a listener that should not stay as it is.
type Warning struct {
	Code    string `json:"code"` // a stable slug: "kask.plaintext", "networks.stale"
	Message string `json:"message"`
}

// soon is how long before the end of something it is warned about.
const soon = 14 * 24 * time.Hour

// Warnings lists what should not stay as it is, now.
func (g *Guard) Warnings() []Warning {
	s, now := g.state.Load(), g.cfg.Now()
	var out []Warning
	add := func(code, message string, args ...any) {
		out = append(out, Warning{code, fmt.Sprintf(message, args...)})
	}
	g.warnProfile(s, add)
	s.warnFiles(now, add)
	if n := s.networks; n != nil {
		if age, ok := n.Age(now); !ok {
			add("networks.age_unknown", "the list of networks does not say when it was generated")
		} else if age > g.cfg.NetworksStale {
			add("networks.stale", "the list of networks is from %s, older than %s; source: %s", n.Generated.UTC().Format(time.RFC3339), g.cfg.NetworksStale, n.Source)
		}
		if n.Source == "" {
			add("networks.source_unknown", "the list of networks does not say where it comes from")
		}
		for _, wide := range n.Wide {
			add("networks.wide", "the list of networks has %s, which is wider than a list should have", wide)
		}
	}
	for what, err := range g.failures() {
		add("reload."+what, "the %s of the files cannot be used, and what was read before is in force: %s", what, reasonOf(err))
	}
	slices.SortFunc(out, func(a, b Warning) int {
		return cmp.Or(strings.Compare(a.Code, b.Code), strings.Compare(a.Message, b.Message))
	})
	return out
}

// warnProfile warns about what the profile leaves open.
func (g *Guard) warnProfile(s *state, add func(code, message string, args ...any)) {
	if g.cfg.Profile == Kask {
		add("kask.client_authentication", "profile kask asks clients for nothing: whoever reaches the port may read, write and delete sessions")
		if g.cfg.Networks == "" {
			add("kask.network_list", "profile kask takes connections from every network")
		}
		if g.cfg.Cert == "" {
			add("kask.plaintext", "profile kask without a certificate sends sessions in the clear")
		}
	}
	if g.cfg.Profile == ByNetwork {
		add("profile.network", "profile network knows clients by their address alone: whoever has an address of the list may do what the policy grants to network")
	}
	for control := range s.held {
		add("staged."+string(control), "%s is held off by an acceptance", control)
	}
	if s.closed != "" {
		add("closed."+s.closed, "nobody is admitted: %s is not held off any more, and there is nothing to do it with", s.closed)
	}
	if len(s.policy.rules) == 0 {
		add("policy.empty", "the policy has no rule: nobody may do anything")
	}
}

// warnFiles warns about what ends soon, and what is odd about authorities.
func (s *state) warnFiles(now time.Time, add func(code, message string, args ...any)) {
	if p := s.pair; p != nil {
		if left := p.notAfter.Sub(now); left < p.notAfter.Sub(p.tls.Leaf.NotBefore)/3 {
			add("certificate.ends", "the server's certificate ends at %s, and two thirds of its life are over", p.notAfter.UTC().Format(time.RFC3339))
		}
	}
	if t := s.trust; t != nil {
		for _, a := range t.authorities {
			if a.NotAfter.Sub(now) < 2*soon {
				add("authority.ends", "authority %s ends at %s", a.Subject, a.NotAfter.UTC().Format(time.RFC3339))
			}
		}
		for _, l := range t.lists {
			if !l.nextUpdate.IsZero() && now.After(l.nextUpdate) {
				add("revocation_list.stale", "the revocation list of %s was to be replaced by %s; it stays in force", l.issuer.Subject, l.nextUpdate.UTC().Format(time.RFC3339))
			}
		}
		for _, a := range t.withoutList() {
			add("revocation_list.none", "authority %s has no revocation list here: its certificates cannot be taken back before they end", a.Subject)
		}
		for _, note := range t.notes {
			add("authorities.note", "%s", note)
		}
	}
	if c := s.credentials; c != nil {
		if end := c.firstEnd(now); end.IsZero() {
			add("credentials.ended", "no credential is in force")
		} else if end.Sub(now) < soon {
			add("credentials.end", "a credential without a successor ends at %s", end.UTC().Format(time.RFC3339))
		}
	}
}

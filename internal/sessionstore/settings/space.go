// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
)

// Space is a namespace with what holds for it, where it is mounted and which
// backend keeps it.
type Space struct {
	sessionstore.Namespace
	Base    string // between two slashes
	Backend string // embedded or cassandra
}

// Spaces returns the namespaces; a file that lists none has one, default, at
// base_uri with default_ttl.
func (s *Settings) Spaces() []Space {
	var all []Space
	for _, n := range s.spaces() {
		all = append(all, s.space(n))
	}
	return all
}

// spaces returns the namespaces as the file has them.
func (s *Settings) spaces() []Namespace {
	if len(s.Namespaces) > 0 {
		return s.Namespaces
	}
	return []Namespace{{Name: "default", BaseURI: s.BaseURI}}
}

func (s *Settings) space(n Namespace) Space {
	absolute := n.Expiry == "absolute"
	sp := Space{
		Namespace: sessionstore.Namespace{
			Name:       n.Name,
			Defaults:   sessionstore.Life{TTL: time.Duration(s.DefaultTTL) * time.Second, Absolute: &absolute, MaxAge: n.MaxAge.Std()},
			MaxTTL:     n.MaxTTL.Std(),
			MaxValue:   n.MaxValue.Bytes(),
			MaxGrace:   n.MaxGrace.Std(),
			DeleteHold: n.DeleteHold.Std(),
			Rate:       n.Rate,
			Burst:      n.Burst,
			Shed:       n.Shed,
			Quota:      sessionstore.Quota{Rows: n.Rows, Bytes: n.Quota.Bytes()},
		},
		Base:    asBase(n.BaseURI),
		Backend: n.Backend,
	}
	if n.TTL != nil {
		sp.Defaults.TTL = n.TTL.Std()
	}
	setDefault(&sp.MaxValue, sessionstore.DefaultMaxValue)
	setDefault(&sp.MaxGrace, sessionstore.DefaultMaxGrace)
	setDefault(&sp.Burst, int(math.Ceil(2*sp.Rate)))
	if sp.Backend == "" {
		sp.Backend = BackendCassandra
		if s.Embedded != nil {
			sp.Backend = BackendEmbedded
		}
	}
	return sp
}

var spaceName = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// reserved are paths that the data listener answers itself.
func reserved() []string {
	return []string{"/healthz/", "/readyz/", "/metrics/", "/openapi/"}
}

// maxTTLSeconds is what fits into a time.Duration.
const maxTTLSeconds = math.MaxInt64 / int64(time.Second)

func (s *Settings) checkSpaces(f *findings) {
	if s.DefaultTTL > maxTTLSeconds {
		f.add("default_ttl", "must be shorter than 290 years")
	}
	bases, names := map[string]string{}, map[string]bool{}
	for i, n := range s.spaces() {
		at := fmt.Sprintf("namespaces[%d]", i)
		if !spaceName.MatchString(n.Name) {
			f.add(at+".name", `must be 1 to 64 of a to z, 0 to 9 and "-"`)
		}
		if names[n.Name] {
			f.add(at+".name", "stands here a second time")
		}
		names[n.Name] = true
		s.checkBase(f, at, n, bases)
		s.checkSpace(f, at, n)
	}
}

func (s *Settings) checkBase(f *findings, at string, n Namespace, taken map[string]string) {
	base := asBase(n.BaseURI)
	switch {
	case n.BaseURI == "":
		f.add(at+".base_uri", "must be the path that its sessions lie below, such as /sessions/v1/")
		return
	case strings.ContainsAny(base, "?#%\\ ") || strings.Contains(base, "//") || strings.Contains(base, "/../") || strings.Contains(base, "/./"):
		f.add(at+".base_uri", "must be a plain path, without spaces, escapes, empty segments or dots alone")
	case slices.Contains(reserved(), base):
		f.add(at+".base_uri", "is a path that the store answers itself")
	}
	for other, name := range taken {
		if strings.HasPrefix(base, other) || strings.HasPrefix(other, base) {
			f.add(at+".base_uri", "and that of namespace %s lie in one another; give each a path of its own", name)
		}
	}
	taken[base] = n.Name
}

func (s *Settings) checkSpace(f *findings, at string, n Namespace) {
	if n.Expiry != "" && n.Expiry != "sliding" && n.Expiry != "absolute" {
		f.add(at+".expiry", "must be sliding (a write or touch renews the time) or absolute")
	}
	for path, v := range map[string]float64{"rows": float64(n.Rows), "rate": n.Rate, "burst": float64(n.Burst)} {
		if v < 0 {
			f.add(at+"."+path, "must not be negative; 0 is no bound")
		}
	}
	ttl := time.Duration(s.DefaultTTL) * time.Second
	if n.TTL != nil {
		ttl = n.TTL.Std()
	}
	if n.MaxTTL > 0 && (ttl == 0 || ttl > n.MaxTTL.Std()) {
		f.add(at+".max_ttl", "must not be shorter than the time to live that writes get which say nothing")
	}
	switch n.Backend {
	case "":
		if s.Embedded != nil && s.Cassandra != nil {
			f.add(at+".backend", "must be embedded or cassandra: both are configured")
		}
	case BackendEmbedded:
		if s.Embedded == nil {
			f.add(at+".backend", "is embedded, but embedded.data is not set")
		}
	case BackendCassandra:
		if s.Cassandra == nil {
			f.add(at+".backend", "is cassandra, but cassandra.hosts is not set")
		}
	}
	if n.Backend != "" && n.Backend != BackendEmbedded && n.Backend != BackendCassandra {
		f.add(at+".backend", "must be embedded or cassandra")
	}
	if (n.Quota > 0 || n.Rows > 0) && (n.Backend == BackendCassandra || n.Backend == "" && s.Embedded == nil && s.Cassandra != nil) {
		f.add(at+".quota", "cannot be kept by Cassandra, where nobody can count what is held while it is written; leave quota and rows out")
	}
}

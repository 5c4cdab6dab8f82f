// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNewPolicy: what a rule may say.
func TestNewPolicy(t *testing.T) {
	for identity, ok := range map[string]bool{
		"uri:" + wiki:            true,
		"uri:spiffe://wiki/*":    true,
		"uri:spiffe://wiki/ns/*": true,
		"uri:spiffe://wiki/m*":   false, // mediawiki, mallory
		"uri:spiffe://wiki*":     false, // wiki.evil
		"uri:spiffe://*":         false,
		"uri:*":                  false,
		"*":                      false,
		"":                       false,
		"uri:":                   false,
		"dns:mw1.wiki":           true,
		"dns:mw*":                false, // mw.evil
		"dns:*.wiki":             false,
		"credential:app":         true,
		"credential:app-*":       true,
		"credential:*":           true,
		"network":                true,
		"network*":               false,
		"mediawiki":              false,
		"cn:mediawiki":           false,
	} {
		_, err := NewPolicy([]Rule{{Identity: identity, Namespaces: []string{"default"}, Verbs: []Verb{Read}}})
		if (err == nil) != ok {
			t.Errorf("%q: %v, want it to be fine: %v", identity, err, ok)
		}
	}
	for name, r := range map[string]Rule{
		"no namespace":     {Identity: "network", Verbs: []Verb{Read}},
		"half a name":      {Identity: "network", Namespaces: []string{"wiki-*"}, Verbs: []Verb{Read}},
		"empty name":       {Identity: "network", Namespaces: []string{""}, Verbs: []Verb{Read}},
		"no verb":          {Identity: "network", Namespaces: []string{"*"}},
		"unknown verb":     {Identity: "network", Namespaces: []string{"*"}, Verbs: []Verb{"*"}},
		"verb in capitals": {Identity: "network", Namespaces: []string{"*"}, Verbs: []Verb{"READ"}},
	} {
		if _, err := NewPolicy([]Rule{r}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestGrants: rules add up, and a credential's own namespaces bound them.
func TestGrants(t *testing.T) {
	p, err := NewPolicy([]Rule{
		{Identity: "uri:spiffe://wiki/*", Namespaces: []string{"default"}, Verbs: []Verb{Read}},
		{Identity: "uri:" + wiki, Namespaces: []string{"default", "echo"}, Verbs: []Verb{Write}},
		{Identity: "dns:mw1.wiki", Namespaces: []string{"*"}, Verbs: []Verb{Delete}},
		{Identity: "uri:spiffe://other/x", Namespaces: []string{"*"}, Verbs: []Verb{Administer}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]Verb{"default": {Read, Write, Delete}, "echo": {Write, Delete}, "*": {Delete}}, p.Grants("uri:"+wiki, "dns:mw1.wiki")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string][]Verb{}, p.Grants("uri:spiffe://wiki")); diff != "" {
		t.Error(diff)
	}
	bound := p.resolve([]string{"dns:mw1.wiki"}, []string{"echo"})
	for space, want := range map[string]bool{"echo": true, "default": false, "*": false, "": false} {
		if got := bound.allows(space, Delete.bit()); got != want {
			t.Errorf("a credential for echo in %q: %v", space, got)
		}
	}
	if all := p.resolve([]string{"dns:mw1.wiki"}, []string{"*"}); !all.allows("*", Delete.bit()) || all.allows("default", Verb("").bit()) {
		t.Error("a credential for all namespaces")
	}
}

// BenchmarkAuthorize is what identity and policy cost a request; the bound is 200 ns.
func BenchmarkAuthorize(b *testing.B) {
	token, hash := NewToken()
	policy, err := NewPolicy([]Rule{{Identity: "uri:" + wiki, Namespaces: []string{"a", "b", "c", "default"}, Verbs: []Verb{Read}}, {Identity: "credential:a", Namespaces: []string{"*"}, Verbs: []Verb{Read}}})
	if err != nil {
		b.Fatal(err)
	}
	credentials, err := ParseCredentials("b", file(entry("a", hash, "[default]", start, start.AddDate(1, 0, 0))))
	if err != nil {
		b.Fatal(err)
	}
	g := &Guard{cfg: Config{Now: nowStart}.withDefaults(), verifier: newVerifier()}
	g.metrics = newMetrics(g)
	g.state.Store(&state{policy: policy, mode: mode{secure: true, proof: byCredential}, material: material{credentials: credentials}})
	for name, c := range map[string]*conn{
		"certificate": {guard: g, peer: &Peer{Identities: []string{"uri:" + wiki}}},
		"credential":  {guard: g, tls: fakeTLS(), remote: addrOne},
	} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, "/default/"+strings.Repeat("k", 32), nil)
			r.Header.Set("Authorization", "Bearer "+token)
			ctx := r.Context()
			r = r.WithContext(withConn(ctx, c))
			b.ReportAllocs()
			for b.Loop() {
				if err := g.Authorize(r, "default", "read"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

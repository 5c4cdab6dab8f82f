// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// codes lists the warnings of a guard.
func codes(g *Guard) []string {
	var out []string
	for _, w := range g.Warnings() {
		out = append(out, w.Code)
	}
	return out
}

// plain asks without TLS and returns the status, or 0.
func (s *service) plain(path string) int {
	s.t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Get("http://" + s.address + "/" + path)
	if err != nil {
		return 0
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode
}

// TestNetworkProfile: the address decides, the policy still counts, and it is
// warned about.
func TestNetworkProfile(t *testing.T) {
	s := serve(t, func(s *service, c *Config) {
		c.Profile, c.ClientCA, c.ClientCRL, c.Networks = ByNetwork, "", "", s.file("networks")
		put(t, c.Networks, []byte("# source: test\n# generated: 2026-11-23T10:00:00Z\n127.0.0.0/8\n"))
		c.Policy = []Rule{{Identity: "network", Namespaces: []string{"default"}, Verbs: []Verb{Read}}}
	})
	c := s.client(issued{}, nil)
	for path, want := range map[string]int{"default/read": 200, "default/write": 403, "other/read": 403} {
		if status, _ := s.get(c, path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	if got := s.plain("default/read"); got != 400 {
		t.Errorf("plain HTTP: %d", got)
	}
	if got := codes(s.guard); !slices.Contains(got, "profile.network") || !slices.Contains(got, "networks.wide") {
		t.Errorf("warnings %v", got)
	}
	if age := s.figure("sessiond_network_list_age_seconds", ""); age != 7200 {
		t.Errorf("age %v", age)
	}
	s.clock.Set(start.Add(72 * time.Hour))
	if got := codes(s.guard); !slices.Contains(got, "networks.stale") {
		t.Errorf("warnings after three days: %v", got)
	}
}

// TestKaskProfile: as Kask has it, and every unsafe thing is said.
func TestKaskProfile(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s := serve(t, func(_ *service, c *Config) {
			c.Profile, c.ClientCA, c.ClientCRL, c.Policy = Kask, "", "", nil
			if !secure {
				c.Cert, c.Key = "", ""
			}
		})
		for path, want := range map[string]int{"default/read": 200, "default/write": 200, "default/delete": 200, "default/revoke": 403, "default/administer": 403} {
			got := 0
			if secure {
				got, _ = s.get(s.client(issued{}, nil), path)
			} else {
				got = s.plain(path)
			}
			if got != want {
				t.Errorf("TLS %v, %s: %d, want %d", secure, path, got, want)
			}
		}
		got := codes(s.guard)
		if !slices.Contains(got, "kask.client_authentication") || !slices.Contains(got, "kask.network_list") || slices.Contains(got, "kask.plaintext") == secure {
			t.Errorf("TLS %v: warnings %v", secure, got)
		}
		if s.figure("sessiond_listener_unsafe", "kask.client_authentication") != 1 {
			t.Error("no metric")
		}
	}
}

// TestStaged: a control is off while it is held off, and on from then: what it
// would have refused is closed, open connections too.
func TestStaged(t *testing.T) {
	for name, c := range map[string]struct {
		control Control
		change  func(*service, *Config)
		ask     func(*service) int
		after   int // once nobody holds the control off
		again   bool
	}{
		"client certificates": {ClientAuthentication, nil, func(s *service) int {
			status, _ := s.get(s.client(issued{}, nil), "default/read")
			return status
		}, 0, true},
		"client certificates, without authorities": {ClientAuthentication, func(_ *service, c *Config) { c.ClientCA, c.ClientCRL = "", "" }, func(s *service) int {
			status, _ := s.get(s.client(issued{}, nil), "default/read")
			return status
		}, 0, false},
		"a list that there is not yet": {NetworkList, func(_ *service, c *Config) { c.Profile, c.ClientCA, c.ClientCRL = ByNetwork, "", "" }, func(s *service) int {
			status, _ := s.get(s.client(issued{}, nil), "default/read")
			return status
		}, 0, false},
		"TLS": {ServerTLS, func(s *service, c *Config) {
			c.Profile, c.ClientCA, c.ClientCRL, c.Networks = ByNetwork, "", "", s.file("networks")
			put(t, c.Networks, []byte("127.0.0.1\n"))
		}, func(s *service) int { return s.plain("default/read") }, 400, false},
	} {
		t.Run(name, func(t *testing.T) {
			var held atomic.Bool
			held.Store(true)
			s := serve(t, func(s *service, cfg *Config) {
				cfg.Staged = map[Control]func() bool{c.control: held.Load}
				cfg.Policy = append(cfg.Policy, Rule{Identity: "network", Namespaces: []string{"default"}, Verbs: []Verb{Read}})
				if c.change != nil {
					c.change(s, cfg)
				}
			})
			if status := c.ask(s); status != 200 {
				t.Fatalf("while it is held off: %d", status)
			}
			if got := codes(s.guard); !slices.Contains(got, "staged."+string(c.control)) {
				t.Errorf("warnings %v", got)
			}
			if c.control == ServerTLS { // and one that stays open
				raw, err := net.Dial("tcp", s.address)
				if err != nil {
					t.Fatal(err)
				}
				defer raw.Close() //nolint:errcheck // the test is over
				if status := ask(t, raw); status != 200 {
					t.Fatalf("in the clear: %d", status)
				}
			}
			held.Store(false)
			eventually(t, "it is refused", func() bool { return c.ask(s) == c.after })
			eventually(t, "open connections are closed", func() bool { return s.figure("sessiond_connections", "") == 0 })
			if c.again {
				if status, text := s.get(s.client(s.ca.issue(wiki, nil), nil), "default/read"); status != 200 {
					t.Errorf("who shows a certificate: %d %s", status, text)
				}
			}
			held.Store(true)
			eventually(t, "it is held off again", func() bool { return c.ask(s) == 200 })
		})
	}
}

// TestWarningsOfCertificates: what ends soon, ended, or is missing is said.
func TestWarningsOfCertificates(t *testing.T) {
	s := serve(t, func(s *service, c *Config) {
		s.other = newCA(t, "Other")
		put(t, s.file("ca.pem"), s.ca.pem(), s.other.pem())
	})
	if got := codes(s.guard); !slices.Equal(got, []string{"revocation_list.none"}) {
		t.Errorf("warnings %v, want that of the authority without a list", got)
	}
	s.clock.Set(start.Add(17 * time.Hour))
	if got := codes(s.guard); !slices.Contains(got, "certificate.ends") {
		t.Errorf("after two thirds: %v", got)
	}
	s.clock.Set(start.Add(31 * 24 * time.Hour))
	if got := codes(s.guard); !slices.Contains(got, "revocation_list.stale") {
		t.Errorf("after the list's end: %v", got)
	}
	if n := s.figure("sessiond_certificate_expires_seconds", "server"); n != (-30 * 24 * time.Hour).Seconds() {
		t.Errorf("the server's certificate ends in %v s", n)
	}
	for _, w := range s.guard.Warnings() {
		if w.Message == "" || strings.Contains(w.Message, "%!") {
			t.Errorf("%s says %q", w.Code, w.Message)
		}
	}
}

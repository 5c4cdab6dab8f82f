// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what a guard counts. Labels are from fixed lists: no identity, name
// or address is in them.
type metrics struct {
	guard      *Guard
	handshakes *prometheus.CounterVec
	refused    *prometheus.CounterVec
	ended      *prometheus.CounterVec
	reloads    *prometheus.CounterVec
	failures   *prometheus.CounterVec

	mu    sync.Mutex
	halfs []*halfOpen

	expires, failing, connections, halfOpen, listAge, listEntries, listWide, unsafe, credentialEnds *prometheus.Desc
}

func newMetrics(g *Guard) *metrics {
	listener := prometheus.Labels{"listener": g.cfg.Name}
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sessiond_" + name, Help: help, ConstLabels: listener}, []string{label})
	}
	gauge := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("sessiond_"+name, help, labels, listener)
	}
	m := &metrics{
		guard:       g,
		handshakes:  counter("handshakes_total", "TLS handshakes by how they ended.", "result"),
		refused:     counter("refused_total", "Connections and requests that were refused.", "reason"),
		ended:       counter("connections_ended_total", "Connections that were ended because what admitted them is no more.", "reason"),
		reloads:     counter("reloads_total", "Files and policies that were put in force.", "what"),
		failures:    counter("reload_failures_total", "Files and policies that could not be used; what was in force stayed.", "what"),
		expires:     gauge("certificate_expires_seconds", "Seconds until the first certificate or revocation list of the role ends; negative if it did.", "role"),
		failing:     gauge("reload_failing", "1 while what is in force is not what the files say.", "what"),
		connections: gauge("connections", "Admitted connections."),
		halfOpen:    gauge("half_open_handshakes", "Connections whose handshake is not complete."),
		listAge:     gauge("network_list_age_seconds", "Age of the list of networks by its header; absent if it does not say."),
		listEntries: gauge("network_list_entries", "Entries of the list of networks."),
		listWide:    gauge("network_list_wide_entries", "Entries that are wider than a list should have."),
		unsafe:      gauge("listener_unsafe", "1 for each thing about the listener that should not stay as it is.", "what"),

		credentialEnds: gauge("credential_expires_seconds", "Seconds until the first credential in force ends that has no successor."),
	}
	if g.cfg.Registry != nil {
		g.cfg.Registry.MustRegister(m.handshakes, m.refused, m.ended, m.reloads, m.failures, m)
	}
	return m
}

func (m *metrics) watch(h *halfOpen) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.halfs = append(m.halfs, h)
}

func (m *metrics) half() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, h := range m.halfs {
		n += h.size()
	}
	return n
}

// Describe lists the gauges.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.expires, m.failing, m.connections, m.halfOpen, m.listAge, m.listEntries, m.listWide, m.unsafe, m.credentialEnds} {
		ch <- d
	}
}

// Collect gives the gauges as they are now.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	g := m.guard
	s := g.state.Load()
	if s == nil {
		return // registered, and refused to start
	}
	now := g.cfg.Now()
	set := func(d *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	for role, end := range s.ends() {
		set(m.expires, end.Sub(now).Seconds(), role)
	}
	if c := s.credentials; c != nil {
		if end := c.firstEnd(now); !end.IsZero() {
			set(m.credentialEnds, end.Sub(now).Seconds())
		}
	}
	failing := g.failures()
	for _, source := range g.files {
		value := 0.0
		if failing[source.what] != nil {
			value = 1
		}
		set(m.failing, value, source.what)
	}
	set(m.connections, float64(g.conns.size()))
	set(m.halfOpen, float64(m.half()))
	if n := s.networks; n != nil {
		set(m.listEntries, float64(n.Entries))
		set(m.listWide, float64(len(n.Wide)))
		if age, ok := n.Age(now); ok {
			set(m.listAge, age.Seconds())
		}
	}
	seen := map[string]bool{}
	for _, w := range g.Warnings() {
		if !seen[w.Code] {
			set(m.unsafe, 1, w.Code)
		}
		seen[w.Code] = true
	}
}

// ends returns when the first of each role ends.
func (s *state) ends() map[string]time.Time {
	out := map[string]time.Time{}
	first := func(role string, end time.Time) {
		if was, found := out[role]; !end.IsZero() && (!found || end.Before(was)) {
			out[role] = end
		}
	}
	if s.pair != nil {
		first("server", s.pair.notAfter)
	}
	if s.trust != nil {
		for _, a := range s.trust.authorities {
			first("client_authority", a.NotAfter)
		}
		for _, l := range s.trust.lists {
			first("revocation_list", l.nextUpdate)
		}
	}
	return out
}

// firstEnd returns when the first name is left without a credential; zero if none
// is valid now.
func (c *Credentials) firstEnd(now time.Time) time.Time {
	last := map[string]time.Time{}
	for i := range c.list {
		if one := &c.list[i]; one.until.After(now) && one.until.After(last[one.name]) {
			last[one.name] = one.until
		}
	}
	var first time.Time
	for _, end := range last {
		if first.IsZero() || end.Before(first) {
			first = end
		}
	}
	return first
}

// failures returns the sources whose files cannot be used.
func (g *Guard) failures() map[string]error {
	if p := g.failing.Load(); p != nil {
		return *p
	}
	return nil
}

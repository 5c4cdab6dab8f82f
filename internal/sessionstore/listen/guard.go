// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// Guard decides who may connect to one listener. It is safe for use by many
// goroutines.
type Guard struct {
	cfg      Config
	state    atomic.Pointer[state]
	verifier *verifier
	conns    table
	metrics  *metrics
	reports  *rate.Limiter // refusals in the log

	mu      sync.Mutex // one change of what is in force at a time
	files   []*source
	failing atomic.Pointer[map[string]error] // for warnings: what cannot be read
}

// state is all that is in force at one time. It does not change.
type state struct {
	material
	mode
	policy *Policy
	held   map[Control]bool
	tls    *tls.Config
}

// New reads the files and returns a guard. It refuses a configuration that could
// not do what the profile promises. Run must be called for anything to be noticed
// later.
func New(c Config) (*Guard, error) {
	g := &Guard{cfg: c.withDefaults(), verifier: newVerifier(), reports: rate.NewLimiter(1, 20)}
	if err := g.cfg.check(); err != nil {
		return nil, err
	}
	policy, err := g.policyOf(c.Policy)
	if err != nil {
		return nil, err
	}
	g.metrics = newMetrics(g)
	g.files = g.sources()
	m := &material{}
	for _, s := range g.files {
		fresh, _, err := s.load(m)
		if err != nil {
			return nil, fault.New(fault.Invalid, "listen."+s.what, "Listener %s cannot start: its %s cannot be used (%s). Mend the file and start again.", g.cfg.Name, s.what, reasonOf(err)).Because(err)
		}
		m = fresh
	}
	g.install(m, policy)
	return g, nil
}

// reasonOf returns why a file cannot be used, for whoever starts the process.
func reasonOf(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err.Error()
	}
	if len(f.Fields) > 0 {
		return f.Fields[0].Path + " " + f.Fields[0].Message
	}
	return f.Message
}

func (g *Guard) policyOf(rules []Rule) (*Policy, error) {
	if g.cfg.Profile == Kask && len(rules) == 0 {
		rules = []Rule{everybody}
	}
	return NewPolicy(rules)
}

// install puts what is given in force, and ends connections that it does not
// admit. g.mu is held, or nobody else has g yet.
func (g *Guard) install(m *material, policy *Policy) {
	s := &state{material: *m, policy: policy, held: g.heldNow()}
	s.mode = modeOf(&g.cfg, s.held, m)
	if s.mode.secure && m.pair != nil {
		s.tls = g.tlsConfig(s)
	}
	g.state.Store(s)
	g.review(s)
}

// heldNow asks which controls are held off.
func (g *Guard) heldNow() map[Control]bool {
	held := map[Control]bool{}
	for control, ask := range g.cfg.Staged {
		if ask() {
			held[control] = true
		}
	}
	return held
}

// tlsConfig returns the TLS settings of a state.
func (g *Guard) tlsConfig(s *state) *tls.Config {
	c := &tls.Config{
		Certificates: []tls.Certificate{s.pair.tls},
		MinVersion:   g.cfg.MinVersion,
		// For TLS 1.2: forward secrecy and authenticated encryption alone.
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		NextProtos:             []string{"http/1.1"},
		SessionTicketsDisabled: true,
		Renegotiation:          tls.RenegotiateNever,
		Time:                   g.cfg.Now,
		// Otherwise the first answers on each connection are two records and two system
		// calls each: good for a page that is shown as it comes, of no use here.
		DynamicRecordSizingDisabled: true,
	}
	if s.proof == byCertificate && s.trust != nil {
		// Guard.meeting verifies the certificate; the pool tells clients which
		// authorities are known. Without meeting, nobody gets in.
		c.ClientAuth = tls.RequireAnyClientCert
		c.ClientCAs = s.trust.pool
		c.VerifyConnection = func(tls.ConnectionState) error { return errors.New("nobody verified the client") }
	}
	return c
}

// admitCertificate returns the identities of a client certificate, and when it
// ends; or a refusal.
func (s *state) admitCertificate(shown []*x509.Certificate, now time.Time) ([]string, time.Time, error) {
	if len(shown) == 0 || s.trust == nil {
		return nil, time.Time{}, &refusal{"no_certificate", errors.New("no client certificate")}
	}
	notAfter, err := s.trust.verify(shown, now)
	if err != nil {
		return nil, time.Time{}, &refusal{reasonOfCertificate(err), err}
	}
	names, err := identitiesOf(shown[0])
	if err != nil {
		return nil, time.Time{}, &refusal{"identity", err}
	}
	if s.policy.resolve(names, nil).empty() {
		return nil, time.Time{}, &refusal{"policy", fmt.Errorf("no rule for %q", names)}
	}
	return names, notAfter, nil
}

// refusal is why somebody is not admitted. Its reason is a label of metrics.
type refusal struct {
	reason string
	err    error
}

// Error says what was refused and why.
func (r *refusal) Error() string { return r.reason + ": " + r.err.Error() }

// Unwrap returns the cause.
func (r *refusal) Unwrap() error { return r.err }

// reasonOfCertificate names what is wrong with a certificate.
func reasonOfCertificate(err error) string {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.Is(err, errRevoked):
		return "revoked"
	case errors.As(err, &unknown):
		return "unknown_authority"
	case !errors.As(err, &invalid):
		return "certificate"
	}
	switch invalid.Reason {
	case x509.Expired: // not yet valid, too
		return "expired"
	case x509.IncompatibleUsage:
		return "usage"
	case x509.CANotAuthorizedForThisName:
		return "constraint"
	}
	return "certificate"
}

// Reload reads all files now, changed or not. What cannot be used is returned,
// reported and counted, and stays as it was. A process calls it on SIGHUP.
func (g *Guard) Reload() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []error
	for _, s := range g.files {
		all = append(all, g.reload(s, true))
	}
	return errors.Join(all...)
}

// reload reads one source and puts it in force.
func (g *Guard) reload(s *source, asked bool) error {
	current := g.state.Load()
	fresh, news, err := s.load(&current.material)
	was := s.failing
	s.failing = err
	g.noteFailing()
	if err != nil {
		if news || asked || was == nil {
			g.metrics.failures.WithLabelValues(s.what).Inc()
			g.cfg.Log.Error("a file cannot be used; what was in force stays", slog.String("listener", g.cfg.Name), slog.String("what", s.what), slog.String("error", reasonOf(err)))
		}
	} else {
		g.metrics.reloads.WithLabelValues(s.what).Inc()
		g.cfg.Log.Info("files were read again", slog.String("listener", g.cfg.Name), slog.String("what", s.what))
		g.install(fresh, current.policy)
	}
	return err
}

// noteFailing makes a copy of what cannot be read for whoever asks.
func (g *Guard) noteFailing() {
	out := map[string]error{}
	for _, s := range g.files {
		if s.failing != nil {
			out[s.what] = s.failing
		}
	}
	g.failing.Store(&out)
}

// SetPolicy puts other rules in force. Connections of whom nothing is granted any
// more end. Rules that cannot be used change nothing.
func (g *Guard) SetPolicy(rules []Rule) error {
	policy, err := g.policyOf(rules)
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil {
		g.metrics.failures.WithLabelValues("policy").Inc()
		return err
	}
	g.metrics.reloads.WithLabelValues("policy").Inc()
	current := g.state.Load()
	g.install(&current.material, policy)
	return nil
}

// Run looks at files and connections until ctx ends.
func (g *Guard) Run(ctx context.Context) {
	tick := time.NewTicker(g.cfg.Poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			g.step()
		}
	}
}

// step is one look at everything that may have changed by itself.
func (g *Guard) step() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.files {
		if s.due() {
			_ = g.reload(s, false) // reported there
		}
	}
	if s := g.state.Load(); !maps.Equal(s.held, g.heldNow()) {
		g.cfg.Log.Warn("what holds a control off began or ended", slog.String("listener", g.cfg.Name))
		g.install(&s.material, s.policy)
	}
	g.sweep(g.cfg.Now())
}

// admitAddress returns why nobody from an address is let in, or nil.
func (s *state) admitAddress(a netip.Addr) *refusal {
	if s.closed != "" {
		return &refusal{"closed", errors.New(s.closed + " is not held off any more, and cannot be done")}
	}
	if s.listed && !s.networks.Admit(a) {
		return &refusal{"network", errors.New("the address is not in the list")}
	}
	return nil
}

// Credentials returns what is known of the credentials in force, without secrets.
func (g *Guard) Credentials() []Status {
	if c := g.state.Load().credentials; c != nil {
		return c.Status(g.cfg.Now())
	}
	return nil
}

// Networks returns the list of networks in force, or nil.
func (g *Guard) Networks() *Networks { return g.state.Load().networks }

// Policy returns the policy in force.
func (g *Guard) Policy() *Policy { return g.state.Load().policy }

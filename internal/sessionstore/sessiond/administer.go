// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"portreeve.org/portreeve/internal/kernel/durable"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/admin"
	"portreeve.org/portreeve/internal/sessionstore/audit"
	"portreeve.org/portreeve/internal/sessionstore/listen"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// openAudit opens the log of administrative acts, with a key that is made at the
// first start.
func (p *parts) openAudit() error {
	if p.settings.Audit == "" {
		return nil
	}
	signer, err := auditKey(p.settings.Keys.Audit, p.settings.ServiceName)
	if err != nil {
		return err
	}
	p.audit, err = audit.Open(p.settings.Audit, signer, clock)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return fault.New(fault.Invalid, "sessiond.audit", "The audit log %s cannot be written. Make its folder, owned by the account that runs this.", p.settings.Audit).Because(err)
	}
	if err != nil {
		return err
	}
	p.closers = append(p.closers, p.audit.Close)
	return nil
}

// auditKey reads the key that signs the audit log and the receipts.
func auditKey(file, service string) (*format.Signer, error) {
	text, err := os.ReadFile(file)
	if info, e := os.Stat(file); e == nil && info.Mode().Perm()&0o007 != 0 {
		return nil, fault.New(fault.Invalid, "sessiond.audit_key_exposed", "Everybody can read or change the key of the audit log, %s, and sign what was never done. Run: chmod o= %s", file, file)
	}
	if errors.Is(err, fs.ErrNotExist) {
		name := strings.Map(func(r rune) rune {
			if r <= ' ' || r > '~' || r == '+' {
				return '-'
			}
			return r
		}, service)
		if text, err = format.GenerateKey(rand.Reader, name+"/audit"); err != nil {
			return nil, err
		}
		err = durable.Replace(file, text, 0o600)
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "sessiond.audit_key", "The key of the audit log, %s, cannot be read or made. Let its folder be owned by the account that runs this, or name another file with keys.audit.", file).Because(err)
	}
	return format.ParseSigner(text)
}

// adminHandler serves the administration listener, or is nil without one.
func (p *process) adminHandler() (http.Handler, error) {
	if p.guards.admin == nil {
		return nil, nil
	}
	c := admin.Config{
		Service: p.settings.ServiceName, Keys: p.keeper, Audit: p.audit, Stale: p.keeper.Stale, Now: clock, Log: p.log,
		Authorize: p.mayAdminister, Describe: p.describe,
	}
	for _, m := range p.spaces {
		c.Spaces = append(c.Spaces, admin.Space{Base: m.Base, Store: m.store, Tally: m.tally})
	}
	api, figures := admin.New(c), p.named(promhttp.HandlerFor(p.registry, promhttp.HandlerOpts{Registry: p.registry}))
	// No ServeMux, which would redirect a path that is not clean before anybody was asked.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			figures.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	}), nil
}

// mayAdminister says who asks, if the policy gives it the verb; the service as a
// whole is every namespace.
func (p *process) mayAdminister(r *http.Request, namespace, verb string) (string, error) {
	peer, err := p.guards.admin.Identify(r)
	if err != nil {
		return "", err
	}
	if namespace == "" {
		namespace = "*"
	}
	return peer.Name(), p.guards.admin.Check(peer, namespace, listen.Verb(verb))
}

// describe tells the administration what the process knows.
func (p *process) describe(ctx context.Context) admin.Status {
	s := admin.Status{
		Version: p.Version, Profile: string(p.settings.Profile), Ready: p.probe(ctx) == nil,
		Pressure: word(p.shortage()), Means: meaning(p.shortage()), Guarantees: p.guarantees(),
	}
	for _, w := range p.exposed.list() {
		s.Warnings = append(s.Warnings, admin.Warning{Thing: w.Thing, Message: w.Message})
	}
	return s
}

func word(p sessionstore.Pressure) string {
	switch p {
	case sessionstore.Calm:
		return "calm"
	case sessionstore.Short:
		return "short"
	case sessionstore.Shedding:
		return "shedding"
	default:
		return "critical"
	}
}

// meaning says what a level of pressure does to clients.
func meaning(p sessionstore.Pressure) string {
	switch p {
	case sessionstore.Calm:
		return "every namespace takes sessions"
	case sessionstore.Short:
		return "namespaces with shed take no writes; make room on the disk (embedded.free_disk says how much) or in memory"
	case sessionstore.Shedding:
		return "namespaces with shed are emptied; make room on the disk (embedded.free_disk says how much) or in memory"
	default:
		return "no namespace takes new sessions; make room on the disk (embedded.free_disk says how much) or in memory"
	}
}

// named lets in who the listener of the administration knows.
func (p *process) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := p.guards.admin.Identify(r); err != nil {
			code := fault.From(err).Kind.HTTPStatus()
			http.Error(w, http.StatusText(code), code)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// mayWatch says who may read figures and the description on the data listener: in
// a Kask file everybody, as Kask has it, otherwise who is known.
func (p *process) mayWatch() func(r *http.Request) error {
	if p.settings.Profile == settings.AsKask {
		return nil
	}
	return func(r *http.Request) error {
		_, err := p.guards.data.Identify(r)
		return err
	}
}

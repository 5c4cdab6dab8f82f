// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// adminHandler serves the administration listener, or is nil without one.
func (p *process) adminHandler() (http.Handler, error) {
	if p.guards.admin == nil {
		return nil, nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", p.named(promhttp.HandlerFor(p.registry, promhttp.HandlerOpts{Registry: p.registry})))
	return mux, nil
}

// named lets in who the listener of the administration knows.
func (p *process) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := p.guards.admin.Identify(r); err != nil {
			http.Error(w, http.StatusText(fault.From(err).Kind.HTTPStatus()), fault.From(err).Kind.HTTPStatus())
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

// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"portreeve.org/portreeve/internal/kernel/authz"
)

// actionMetrics is the action of reading /metrics on the main listener. Figures
// such as the size of a queue are nobody else's business.
const actionMetrics authz.Action = "office:metrics"

// officeActions are the actions of the installation itself.
func officeActions() []authz.ActionDef {
	return []authz.ActionDef{
		{Name: actionMetrics, Summary: "Read the figures of the running server.", Roles: []authz.Role{authz.RoleAdmin}, Read: true},
	}
}

func (o *office) metricsHandler() http.Handler {
	return promhttp.HandlerFor(o.metrics, promhttp.HandlerOpts{})
}

// guardMetrics lets in who sends an API token with the right to read metrics,
// which is what Prometheus calls bearer authorization.
func (o *office) guardMetrics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if ok {
			actor, err := o.identity.AuthenticateToken(r.Context(), token)
			if err == nil && o.policy.Allowed(actor, actionMetrics) {
				next.ServeHTTP(w, r)
				return
			}
		}
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "Send an API token with the action office:metrics as Authorization: Bearer, or set metrics.listen.", http.StatusUnauthorized)
	})
}

// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// probeTimeout bounds one readiness question: a load balancer asks every few seconds.
const probeTimeout = 3 * time.Second

// probe is one part that readiness asks. Its error goes to the log, not to the asker.
type probe struct {
	name string
	ask  func(context.Context) error
}

// health answers /healthz (the process lives) and /readyz (every part that a
// request needs really answers: the database is read and written, the ledger's
// head agrees with itself).
type health struct {
	probes []probe
	clock  *store.Clock
	log    *slog.Logger

	mu    sync.Mutex
	asked time.Time
	ready bool
	parts map[string]string
}

func newHealth(probes []probe, clock *store.Clock, log *slog.Logger) *health {
	return &health{probes: probes, clock: clock, log: log}
}

func (h *health) mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "alive"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ready, parts := h.probe(r.Context())
		status := http.StatusOK
		if !ready {
			status = http.StatusServiceUnavailable
		}
		answer(w, status, map[string]any{"ready": ready, "parts": parts})
	})
}

// probe asks every part, at most once a second: a probe writes, and anybody may ask.
func (h *health) probe(ctx context.Context) (bool, map[string]string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.clock.Real()
	if now.Sub(h.asked) < time.Second && !now.Before(h.asked) {
		return h.ready, h.parts
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	h.asked, h.ready, h.parts = now, true, map[string]string{}
	for _, p := range h.probes {
		h.parts[p.name] = "ready"
		if err := p.ask(ctx); err != nil {
			h.log.Error("not ready", "part", p.name, "error", err)
			h.parts[p.name] = "not ready"
			h.ready = false
		}
	}
	return h.ready, h.parts
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the asker hung up: nobody to tell
}

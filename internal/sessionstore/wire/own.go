// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// own returns what serves a path of the service's own, or nil.
func (h *Handler) own(path string) http.HandlerFunc {
	switch path {
	case "/healthz", "/readyz":
		return h.serveHealth
	case "/metrics":
		return h.watched(h.figures.ServeHTTP)
	case "/openapi":
		return h.watched(h.serveDescription)
	default:
		return nil
	}
}

// elsewhere answers what is under no namespace. Such a path may still be a
// session's, with a base misspelt: nothing of it is repeated.
func (h *Handler) elsewhere(w http.ResponseWriter, r *http.Request) {
	serve := h.own(r.URL.Path)
	if serve == nil {
		code := http.StatusNotFound
		if r.URL.RawQuery != "" && h.below(r.URL.Path) { // Kask looks at the query before the key
			code = http.StatusBadRequest
		}
		plainProblem(w, code)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header()["Allow"] = allowedReads
		plainProblem(w, http.StatusMethodNotAllowed)
		return
	}
	serve(w, r)
}

// below reports whether a path is under some namespace's base.
func (h *Handler) below(path string) bool {
	for _, s := range h.spaces {
		if len(path) >= len(s.Base) && path[:len(s.Base)] == s.Base {
			return true
		}
	}
	return false
}

func plainProblem(w http.ResponseWriter, code int) {
	_ = sendProblem(w, code, problemOf(code, "", "", "/")) // who has gone needs no answer
}

func (h *Handler) watched(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if h.Watch != nil {
			if err := h.Watch(r); err != nil {
				f := fault.From(err)
				if f.Kind == fault.Unauthenticated {
					w.Header()["Www-Authenticate"] = h.spaces[0].challenge
				}
				plainProblem(w, statusOf(f))
				return
			}
		}
		next(w, r)
	}
}

// healthAnswer has Kask's fields, and whether the backend reads and writes.
type healthAnswer struct {
	Version   string `json:"version"`
	BuildDate string `json:"build_date"`
	BuildHost string `json:"build_host"`
	GoVersion string `json:"go_version"`
	Ready     bool   `json:"ready"`
}

func (h *Handler) serveHealth(w http.ResponseWriter, _ *http.Request) {
	err := h.health.ask(h.Now())
	b, _ := json.Marshal(healthAnswer{or(h.Build.Version), or(h.Build.Date), or(h.Build.Host), runtime.Version(), err == nil}) // strings: cannot fail
	b = append(b, '\n')
	header := w.Header()
	header["Content-Type"] = []string{"application/json"}
	header["Cache-Control"] = noStore
	header["Content-Length"] = []string{strconv.Itoa(len(b))}
	code := http.StatusOK
	if err != nil {
		code = http.StatusServiceUnavailable
		if h.logs.limit.Allow() {
			h.Log.Error("the backend does not read and write", slog.String("reason", err.Error()))
		}
	}
	w.WriteHeader(code)
	_, _ = w.Write(b)
}

func (h *Handler) serveDescription(w http.ResponseWriter, _ *http.Request) {
	w.Header()["Content-Type"] = []string{"application/x-yaml"} // as Kask; RFC 9512 came later
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(h.describe))}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(h.describe)
}

// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// record is what the chain learns about one request for log and metrics: never
// a path, a query or a name, because these can give a restricted item away.
type record struct {
	id    string
	route string
}

type recordKey struct{}

func recordFrom(ctx context.Context) *record {
	rec, _ := ctx.Value(recordKey{}).(*record)
	return rec
}

// RequestID returns the id of the request that ctx belongs to, or "". It is
// shown on error pages and stands in every log line of the request.
func RequestID(ctx context.Context) string {
	if rec := recordFrom(ctx); rec != nil {
		return rec.id
	}
	return ""
}

type metrics struct {
	seconds *prometheus.HistogramVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "portreeve_http_request_seconds",
		Help:    "Duration of HTTP requests by route pattern, method and status.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"route", "method", "status"})}
	if reg != nil {
		reg.MustRegister(m.seconds)
	}
	return m
}

// chain puts around the mux what every request needs, outermost first: id, log
// and metrics; recovery; security headers; the cross-site check; pages for what
// no route answers.
func (m *Mux) chain(mux *http.ServeMux) http.Handler {
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := m.deps.Clock.Real()
		rec := &record{id: m.newID(8), route: "none"}
		r = r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
		sw := &statusWriter{ResponseWriter: w}
		defer m.finish(sw, r, rec, start)
		defer m.recover(sw, r)
		m.secure(sw.Header(), rec.id)
		if !sane(r.URL) {
			m.refuse(sw, r, fault.New(fault.Malformed, "request.address", "The address holds characters that are not allowed. Check it, or start from the front page."))
			return
		}
		if err := cross.Check(r); err != nil {
			m.refuse(sw, r, fault.New(fault.Forbidden, "request.cross_site", "This request came from another site and was refused. Open the page here and send it again.").Because(err))
			return
		}
		m.dispatch(mux, sw, r)
	})
}

// dispatch lets the mux answer, except that what no route answers gets our own
// pages instead of the standard library's bare text.
func (m *Mux) dispatch(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	h, pattern := mux.Handler(r)
	if pattern != "" {
		mux.ServeHTTP(w, r)
		return
	}
	probe := &headerOnly{header: http.Header{}}
	h.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.header.Get("Allow"))
		m.refuse(w, r, fault.New(fault.Malformed, codeMethod, "This address does not take that kind of request. Go back and use the page's own buttons."))
		return
	}
	m.refuse(w, r, fault.ItemNotFound())
}

// refuse answers with an error where no route was reached.
func (m *Mux) refuse(w http.ResponseWriter, r *http.Request, err error) {
	api := strings.HasPrefix(r.URL.Path, apiPrefix+"/")
	c := &Ctx{W: w, R: r, mux: m, route: &route{Route: Route{API: api, Public: "an error page"}}}
	if !api {
		// The page's header shows who is signed in; that it cannot be told is no second error.
		_ = c.authenticate()
	}
	c.fail(err)
}

func (m *Mux) finish(w *statusWriter, r *http.Request, rec *record, start time.Time) {
	took := m.deps.Clock.Real().Sub(start)
	status := w.status
	if status == 0 {
		status = http.StatusOK
	}
	m.metrics.seconds.WithLabelValues(rec.route, knownMethod(r.Method), statusText(status)).Observe(took.Seconds())
	m.deps.Log.Info("request", "id", rec.id, "method", knownMethod(r.Method), "route", rec.route,
		"status", status, "ms", took.Milliseconds(), "bytes", w.bytes)
}

// recover turns a panic into a 500 page. http.ErrAbortHandler is the standard
// library's way to hang up and stays one.
func (m *Mux) recover(w *statusWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	m.deps.Log.Error("panic", "id", RequestID(r.Context()), "panic", p, "stack", string(debug.Stack()))
	if w.status == 0 {
		m.refuse(w, r, fault.New(fault.Internal, "internal", internalMessage))
	}
}

const internalMessage = "Something went wrong on our side. Nothing you entered was the cause; give the request id to your administrator."

func (m *Mux) newID(bytes int) string {
	b := make([]byte, bytes)
	if _, err := io.ReadFull(m.deps.Rand, b); err != nil {
		// Without randomness nothing here is safe; the recovery above answers.
		panic("web: no randomness: " + err.Error())
	}
	return hex.EncodeToString(b)
}

// logger returns the request's logger.
func (m *Mux) logger(ctx context.Context) *slog.Logger {
	rec := recordFrom(ctx)
	if rec == nil {
		return m.deps.Log
	}
	return m.deps.Log.With("id", rec.id, "route", rec.route)
}

func (c *Ctx) log() *slog.Logger { return c.mux.logger(c.R.Context()) }

// sane refuses addresses that are not UTF-8 or hold control characters: they
// reach SQL, logs and pages.
func sane(u *url.URL) bool {
	query, err := url.QueryUnescape(u.RawQuery)
	return err == nil && cleanLine(u.Path) && cleanLine(query)
}

func cleanLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

// knownMethod keeps invented methods from becoming metric labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "other"
	}
}

// statusWriter notes status and size of a response.
type statusWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// statusHungUp is how the library of the API notes that the reader hung up before
// the end of a response. It is for the log: another status was sent by then.
const statusHungUp = 499

func (w *statusWriter) WriteHeader(status int) {
	if w.status != 0 && status == statusHungUp {
		w.status = status
		return
	}
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// begun reports whether a response of the chain has its status already: what goes
// wrong then can no longer be answered.
func begun(w http.ResponseWriter) bool {
	sw, ok := w.(*statusWriter)
	return ok && sw.status != 0
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// headerOnly learns what the standard mux would answer without sending it.
type headerOnly struct {
	header http.Header
	status int
}

func (w *headerOnly) Header() http.Header         { return w.header }
func (w *headerOnly) Write(b []byte) (int, error) { return len(b), nil }
func (w *headerOnly) WriteHeader(status int)      { w.status = status }

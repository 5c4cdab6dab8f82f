// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

// The verbs that Config.Authorize is asked for.
const (
	Read   = "read"
	Write  = "write"
	Delete = "delete"
)

// Mount is a namespace and the path under which its keys stand.
type Mount struct {
	Base  string // begins and ends with a slash; no other mount's
	Store *sessionstore.Store
}

// Build says what runs; unknown parts are empty.
type Build struct {
	Version, Git, Date, Host string
}

// Config is what a Handler is made of.
type Config struct {
	Service string // Kask's service_name
	Spaces  []Mount
	// Authorize decides whether the peer of a request may use a verb on a
	// namespace. It returns nil, or a Forbidden or Unauthenticated fault whose
	// message may be shown to the peer. It is called before the body is read.
	Authorize func(r *http.Request, namespace, verb string) error
	// Watch decides who may read /metrics and /openapi; nil lets in everybody whom
	// the listener let in, as Kask has it.
	Watch func(r *http.Request) error
	// Challenges are the values of WWW-Authenticate in a 401; none means Bearer.
	Challenges []string
	// Health really asks the backend; see sessionstore.Backend.Probe. It is called
	// at most once a second, however many ask.
	Health func(ctx context.Context) error
	// OpenAPI is the description's template; empty means the one that is built in.
	// See Describe.
	OpenAPI    string
	Registerer prometheus.Registerer
	Gatherer   prometheus.Gatherer
	Build      Build
	Log        *slog.Logger
	// Now is real time: times until something ends are told by it, and limits set. A
	// monotonic part, as time.Now has one, makes durations immune to its being set.
	Now func() time.Time
	// BodyTime bounds how long a large body may take to come in; see Limits.
	BodyTime time.Duration
	// Memory bounds the bytes of all values above 64 KiB that are on their way in or
	// out at once. 0 means 256 MiB.
	Memory int64
}

// Handler serves the data plane. It is safe for use by many goroutines.
type Handler struct {
	Config
	spaces   []*space
	root     bool // a namespace is mounted at "/"
	metrics  *metrics
	health   *health
	describe []byte
	figures  http.Handler
	logs     *throttle
	memory   atomic.Int64 // of large values on their way
}

// space is a mounted namespace with what its answers need made ready.
type space struct {
	Mount
	maxValue  int64
	instance  string
	notFound  []byte
	served    *served
	challenge []string
}

// New returns a handler, or an error that says what the configuration lacks.
func New(c Config) (*Handler, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	h := &Handler{Config: c, health: &health{probe: c.Health}, logs: newThrottle()}
	if h.Memory == 0 {
		h.Memory = 256 << 20
	}
	for _, m := range c.Spaces {
		s, err := h.mount(m)
		if err != nil {
			return nil, err
		}
		h.spaces = append(h.spaces, s)
	}
	var err error
	if h.describe, err = Describe(c.OpenAPI, c.Service, c.Spaces); err != nil {
		return nil, err
	}
	if h.metrics, err = newMetrics(c.Registerer, c.Build); err != nil {
		return nil, err
	}
	for _, s := range h.spaces {
		s.served = h.metrics.space(s.Store.Name)
	}
	h.figures = promhttp.HandlerFor(c.Gatherer, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
	return h, nil
}

func (c *Config) complete() error {
	switch {
	case len(c.Spaces) == 0:
		return errors.New("wire: no namespace is mounted")
	case c.Authorize == nil:
		return errors.New("wire: nothing decides who may do what")
	case c.Health == nil, c.Registerer == nil, c.Gatherer == nil, c.Log == nil, c.Now == nil:
		return errors.New("wire: health, metrics, log or clock is missing")
	default:
		return nil
	}
}

func (h *Handler) mount(m Mount) (*space, error) {
	if m.Store == nil {
		return nil, fmt.Errorf("wire: %s has no store", m.Base)
	}
	if !strings.HasPrefix(m.Base, "/") || !strings.HasSuffix(m.Base, "/") || strings.Contains(m.Base, "//") {
		return nil, fmt.Errorf("wire: base %q does not begin and end with a single slash", m.Base)
	}
	for _, other := range h.spaces {
		if other.Base == m.Base {
			return nil, fmt.Errorf("wire: two namespaces at %s", m.Base)
		}
	}
	h.root = h.root || m.Base == "/"
	s := &space{Mount: m, maxValue: maxValueOf(m.Store), instance: m.Base + "{key}", challenge: h.Challenges}
	if len(s.challenge) == 0 {
		s.challenge = []string{"Bearer"}
	}
	s.notFound = problemOf(http.StatusNotFound, "", "", s.instance)
	return s, nil
}

// maxValueOf is the largest value that a namespace takes over the wire, which there
// always is one.
func maxValueOf(s *sessionstore.Store) int64 {
	if s.MaxValue <= 0 {
		return sessionstore.DefaultMaxValue
	}
	return s.MaxValue
}

// space returns the namespace at a base, or nil. There are few: a loop beats a map.
func (h *Handler) space(base string) *space {
	for _, s := range h.spaces {
		if s.Base == base {
			return s
		}
	}
	return nil
}

// ServeHTTP answers one request.
//
// The key is what follows the last slash of the decoded path, so a key can hold no
// slash, and no key reaches into another namespace. This is where Kask looks, too
// (URL.Path), but nothing cleans the path before: no request is redirected.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	cut := strings.LastIndexByte(path, '/') + 1
	if h.root && cut == 1 && h.own(path) != nil {
		h.elsewhere(w, r)
		return
	}
	s := h.space(path[:cut])
	if s == nil {
		h.elsewhere(w, r)
		return
	}
	e := exchange{h: h, s: s, w: w, r: r, key: path[cut:], start: h.Now()}
	e.serve()
}

// exchange is one request under a namespace and its answer.
type exchange struct {
	h     *Handler
	s     *space
	w     http.ResponseWriter
	r     *http.Request
	key   string
	start time.Time
	ask   ask
	body  []byte // what came in, for as long as it is looked at
	code  int    // what was answered; 0 = nothing yet
	act   act    // what was asked for, as the metrics name it
}

// serve answers, counts, and lets no panic out that could name what it was about.
func (e *exchange) serve() {
	method := methodOf(e.r.Method)
	defer e.count(method)
	defer e.recovers()
	if err := e.admit(); err != nil {
		e.refuse(err)
		return
	}
	switch method {
	case get, head:
		e.read(method == head)
	case post, put:
		e.write()
	case del:
		e.remove()
	}
}

func (e *exchange) count(m method) {
	e.h.metrics.count(m, e.code, time.Since(e.start))
	e.s.served.count(e.act, e.code)
}

// admit checks all that can be checked before a body is read: the method, the
// right to use it, the key and the headers.
func (e *exchange) admit() error {
	verb, act, err := verbOf(e.r.Method)
	if err != nil {
		e.w.Header()["Allow"] = allowed
		return err
	}
	e.act = act
	if err := e.h.Authorize(e.r, e.s.Store.Name, verb); err != nil {
		return err
	}
	if err := e.admitKey(); err != nil {
		return err
	}
	if err := e.ask.parse(e.r.Header, act); err != nil {
		return err
	}
	if e.ask.touch && act == reading { // it moves the time at which the session ends
		return e.h.Authorize(e.r, e.s.Store.Name, Write)
	}
	return nil
}

// admitKey refuses what Kask refuses, in Kask's order: a query, then a key that is
// empty. "." and ".." are refused because clients and proxies resolve them (RFC
// 3986, 5.2.4), so that they name one thing here and another there.
func (e *exchange) admitKey() error {
	switch {
	case e.r.URL.RawQuery != "":
		return fault.New(fault.Malformed, "session.query", "Session keys take no query string. Percent-encode a question mark that belongs to a key.")
	case e.key == "" || e.key == "." || e.key == "..":
		return fault.New(fault.NotFound, "session.no_key", "")
	case len(e.key) > sessionstore.MaxID:
		return errKeyTooLong
	default:
		return nil
	}
}

func verbOf(method string) (verb string, a act, err error) {
	switch method {
	case http.MethodGet, http.MethodHead:
		return Read, reading, nil
	case http.MethodPost, http.MethodPut:
		return Write, writing, nil
	case http.MethodDelete:
		return Delete, deleting, nil
	default:
		return "", unknown, errMethod
	}
}

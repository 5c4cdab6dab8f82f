// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"errors"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// method is a request's method, as metrics name it: a client cannot make new ones up.
type method int

const (
	get method = iota
	head
	post
	put
	del
	other
	methods
)

func methodOf(name string) method {
	switch name {
	case http.MethodGet:
		return get
	case http.MethodHead:
		return head
	case http.MethodPost:
		return post
	case http.MethodPut:
		return put
	case http.MethodDelete:
		return del
	default:
		return other
	}
}

func (m method) String() string {
	return [...]string{"GET", "HEAD", "POST", "PUT", "DELETE", "OTHER"}[m]
}

// act is what was done with a session.
type act int

const (
	unknown act = iota
	reading
	writing
	touching
	changing
	deleting
	acts
)

func (a act) String() string {
	return [...]string{"unknown", "read", "write", "touch", "change", "delete"}[a]
}

// clientGone is the status counted for a client that left before its answer.
const clientGone = 499

// codes are the statuses that requests are counted under; any other is 500.
var codes = [...]int{200, 201, 204, 304, 400, 401, 403, 404, 405, 408, 409, 412, 413, 414, 429, clientGone, 500, 503}

// metrics are the figures of requests. A child is looked up once: from then on
// counting is a few atomic additions.
type metrics struct {
	index    [600]uint8 // from status to its place in codes
	seen     [methods][len(codes)]atomic.Pointer[child]
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	acts     *prometheus.CounterVec
}

type child struct {
	count    prometheus.Counter
	duration prometheus.Observer
}

func newMetrics(reg prometheus.Registerer, b Build) (*metrics, error) {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "http_requests_total",
		Help: "Count of HTTP requests processed, partitioned by status code and HTTP method.",
	}, []string{"code", "method"})
	duration := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "http_request_duration_seconds",
		Help:    "A histogram of latencies for requests, partitioned by status code and HTTP method.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1}, // Kask's
	}, []string{"code", "method"})
	m := &metrics{requests: requests, duration: duration, acts: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "sessiond_acts_total",
		Help: "What was done with sessions, by namespace, act and outcome: done, absent, refused, failed.",
	}, []string{"namespace", "act", "outcome"})}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "kask_build_info",
		Help:        "Build information",
		ConstLabels: prometheus.Labels{"version": or(b.Version), "git": or(b.Git), "build_date": or(b.Date), "build_host": or(b.Host), "go_version": runtime.Version()},
	})
	info.Set(1)
	for _, c := range []prometheus.Collector{requests, duration, m.acts, info} {
		if err := reg.Register(c); err != nil {
			return nil, errors.Join(errors.New("wire: metrics"), err)
		}
	}
	for i := range m.index {
		m.index[i] = uint8(slices.Index(codes[:], http.StatusInternalServerError))
	}
	for i, code := range codes {
		m.index[code] = uint8(i)
	}
	return m, nil
}

func or(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

func (m *metrics) count(each method, code int, took time.Duration) {
	i := m.index[min(max(code, 0), len(m.index)-1)]
	c := m.seen[each][i].Load()
	if c == nil {
		labels := []string{strconv.Itoa(codes[i]), each.String()}
		c = &child{m.requests.WithLabelValues(labels...), m.duration.WithLabelValues(labels...)}
		m.seen[each][i].Store(c)
	}
	c.count.Inc()
	c.duration.Observe(max(0, took.Seconds()))
}

// served counts one namespace's acts. All are there from the beginning, so that the
// first failure is an increase.
type served struct {
	acts [acts][outcomes]prometheus.Counter
}

// The outcomes of an act.
const (
	done = iota
	absent
	refused
	failed
	outcomes
)

func (m *metrics) space(namespace string) *served {
	s := &served{}
	for a := range acts {
		for o, name := range [outcomes]string{"done", "absent", "refused", "failed"} {
			s.acts[a][o] = m.acts.WithLabelValues(namespace, a.String(), name)
		}
	}
	return s
}

func (s *served) count(a act, code int) {
	o := done
	switch {
	case code >= 500 || code == 0:
		o = failed
	case code == http.StatusNotFound:
		o = absent
	case code >= 400:
		o = refused
	}
	s.acts[a][o].Inc()
}

// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"cmp"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// exposed shows what is unsafe: a figure for each thing, and a line in the log when
// it appears.
type exposed struct {
	figure *prometheus.GaugeVec

	mu    sync.Mutex
	shown map[settings.Warning]bool
}

func newExposed(r prometheus.Registerer) (*exposed, error) {
	e := &exposed{figure: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "sessiond_unsafe",
		Help: "1 for each thing in the configuration that is unsafe, 0 for one that Kask leaves open and that is closed here.",
	}, []string{"thing"})}
	return e, r.Register(e.figure)
}

// show replaces what is shown.
func (e *exposed) show(all []settings.Warning, log *slog.Logger) {
	e.mu.Lock()
	defer e.mu.Unlock()
	was := e.shown
	e.shown = map[settings.Warning]bool{}
	e.figure.Reset()
	for _, w := range all {
		e.shown[w] = true
		value := 1.0
		if w.Closed {
			value = 0
		}
		e.figure.WithLabelValues(w.Thing).Set(value)
		switch {
		case was[w]:
		case w.Closed:
			log.Info("not as Kask: "+w.Message, slog.String("thing", w.Thing))
		default:
			log.Warn("unsafe: "+w.Message, slog.String("thing", w.Thing))
		}
	}
}

// list returns what is shown as open.
func (e *exposed) list() []settings.Warning {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []settings.Warning
	for w := range e.shown {
		if !w.Closed {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b settings.Warning) int {
		return cmp.Or(strings.Compare(a.Thing, b.Thing), strings.Compare(a.Message, b.Message))
	})
	return all
}

// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/sessionstore/embedded"
)

// figure is one number of the backend's.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(f *embedded.Figures) float64
}

// collector gives what parts count themselves: who writes, and the embedded backend.
type collector struct {
	parts                *parts
	writes, same, bytes  *prometheus.Desc
	rows, size, pressure *prometheus.Desc
	embedded             []figure
}

func newCollector(p *parts) *collector {
	of := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("sessiond_"+name, help, labels, nil)
	}
	count := func(name, help string, f func(*embedded.Figures) float64) figure {
		return figure{of("embedded_"+name, help), prometheus.CounterValue, f}
	}
	gauge := func(name, help string, f func(*embedded.Figures) float64) figure {
		return figure{of("embedded_"+name, help), prometheus.GaugeValue, f}
	}
	return &collector{
		parts:    p,
		writes:   of("written_values_total", "Values written.", "namespace"),
		same:     of("written_same_values_total", "Values written that were what was there already.", "namespace"),
		bytes:    of("written_bytes_total", "Bytes of the values written.", "namespace"),
		pressure: of("pressure", "What runs short: 0 nothing, 1 shed namespaces take no writes, 2 they are emptied, 3 no new sessions."),
		rows:     of("held_sessions", "Sessions held, those included that ended and were not swept yet.", "namespace"),
		size:     of("held_bytes", "What they count against the quota.", "namespace"),
		embedded: []figure{
			count("syncs_total", "Times that writes were brought to the disk.", func(f *embedded.Figures) float64 { return float64(f.Batches) }),
			count("synced_bytes_total", "Bytes of them.", func(f *embedded.Figures) float64 { return float64(f.WrittenBytes) }),
			count("failed_syncs_total", "Times that writes did not reach the disk.", func(f *embedded.Figures) float64 { return float64(f.Failed) }),
			count("reopened_total", "Times that the storage engine was opened again after a failure.", func(f *embedded.Figures) float64 { return float64(f.Reopened) }),
			count("swept_sessions_total", "Sessions removed because their time had ended.", func(f *embedded.Figures) float64 { return float64(f.Swept) }),
			count("emptied_namespaces_total", "Times that a namespace was emptied because disk or memory ran short.", func(f *embedded.Figures) float64 { return float64(f.Emptied) }),
			count("cache_hits_total", "Reads answered from memory.", func(f *embedded.Figures) float64 { return float64(f.Hits) }),
			count("cache_misses_total", "Reads that went to the storage engine.", func(f *embedded.Figures) float64 { return float64(f.Misses) }),
			gauge("cache_bytes", "Bytes of sessions in memory.", func(f *embedded.Figures) float64 { return float64(f.CacheBytes) }),
			gauge("disk_free_bytes", "Free bytes of the disk.", func(f *embedded.Figures) float64 { return float64(f.DiskFree) }),
			gauge("disk_bytes", "Bytes of the disk.", func(f *embedded.Figures) float64 { return float64(f.DiskTotal) }),
			gauge("clock_behind_seconds", "How far the machine's clock stands before the time that was reached.", func(f *embedded.Figures) float64 { return f.Skew.Seconds() }),
		},
	}
}

// Describe lists what there is.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.writes, c.same, c.bytes, c.pressure, c.rows, c.size} {
		ch <- d
	}
	for _, f := range c.embedded {
		ch <- f.desc
	}
}

// Collect gives the numbers as they are.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	for _, m := range c.parts.spaces {
		t := m.tally.Totals()
		ch <- prometheus.MustNewConstMetric(c.writes, prometheus.CounterValue, float64(t.Writes), m.Name)
		ch <- prometheus.MustNewConstMetric(c.same, prometheus.CounterValue, float64(t.Same), m.Name)
		ch <- prometheus.MustNewConstMetric(c.bytes, prometheus.CounterValue, float64(t.Bytes), m.Name)
		if u, err := m.store.Usage(context.Background()); err == nil && u.Known {
			ch <- prometheus.MustNewConstMetric(c.rows, prometheus.GaugeValue, float64(u.Rows), m.Name)
			ch <- prometheus.MustNewConstMetric(c.size, prometheus.GaugeValue, float64(u.Bytes), m.Name)
		}
	}
	ch <- prometheus.MustNewConstMetric(c.pressure, prometheus.GaugeValue, float64(c.parts.shortage()))
	for _, b := range c.parts.backends {
		e, ok := b.(*embedded.Backend)
		if !ok {
			continue
		}
		f := e.Figures()
		for _, one := range c.embedded {
			ch <- prometheus.MustNewConstMetric(one.desc, one.kind, one.of(&f))
		}
	}
}

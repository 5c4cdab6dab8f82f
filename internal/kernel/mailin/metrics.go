// SPDX-License-Identifier: Apache-2.0

package mailin

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/store"
)

// The outcomes that are counted.
const (
	outcomeReceived = "received"
	outcomeRepeated = "repeated" // was there already
	outcomeDropped  = "dropped"  // not stored
)

// counts counts mails of this process.
type counts struct{ mails *prometheus.CounterVec }

func newCounts() counts {
	return counts{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "portreeve_mailin_mails_total", Help: "Mails that came in, and what became of them, by reason.",
	}, []string{"outcome", "reason"})}
}

func (c counts) add(outcome, reason string) { c.mails.WithLabelValues(outcome, reason).Inc() }

func waiting() *prometheus.Desc {
	return prometheus.NewDesc("portreeve_mailin_waiting", "Mails that are not delivered yet (new), or wait for somebody (parked).", []string{"state"}, nil)
}

// Describe implements prometheus.Collector.
func (s *Service) Describe(out chan<- *prometheus.Desc) {
	s.counts.mails.Describe(out)
	out <- waiting()
}

// Collect implements prometheus.Collector. If the database is away, the gauge is
// missing rather than wrong.
func (s *Service) Collect(out chan<- prometheus.Metric) {
	s.counts.mails.Collect(out)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var fresh, parked int64
	err := s.cfg.DB.Read(ctx, func(r *store.ReadTx) error {
		return r.QueryRow(ctx, `SELECT COUNT(CASE WHEN state = 'new' THEN 1 END), COUNT(CASE WHEN state = 'parked' THEN 1 END)
			FROM mailin_message WHERE state IN ('new', 'parked')`).Scan(&fresh, &parked)
	})
	if err != nil {
		s.log.Warn("metrics of incoming mail not available", "error", err)
		return
	}
	out <- prometheus.MustNewConstMetric(waiting(), prometheus.GaugeValue, float64(fresh), stateNew)
	out <- prometheus.MustNewConstMetric(waiting(), prometheus.GaugeValue, float64(parked), stateParked)
}

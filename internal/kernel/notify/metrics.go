// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/store"
)

// Stats says how the outbox stands.
type Stats struct {
	Waiting int64         // notices that are in no mail yet
	Ready   int64         // mails to be tried, or tried again
	Dead    int64         // mails that were given up
	Oldest  time.Duration // age of the oldest ready mail, in domain time
}

// Stats counts what is in the outbox.
func (s *Service) Stats(ctx context.Context) (Stats, error) {
	var st Stats
	err := s.cfg.DB.Read(ctx, func(r *store.ReadTx) error {
		if err := r.QueryRow(ctx, "SELECT COUNT(*) FROM notify_message WHERE state = 'waiting'").Scan(&st.Waiting); err != nil {
			return err
		}
		var oldest time.Time
		err := r.QueryRow(ctx, `SELECT COUNT(CASE WHEN state = 'ready' THEN 1 END), COUNT(CASE WHEN state = 'dead' THEN 1 END),
			MIN(CASE WHEN state = 'ready' THEN created_at END) FROM notify_mail WHERE state <> 'sent'`).Scan(&st.Ready, &st.Dead, store.Time(&oldest))
		if !oldest.IsZero() {
			st.Oldest = r.Now().Sub(oldest)
		}
		return err
	})
	return st, wrap(err, "count the outbox")
}

// counts counts tries of this process.
type counts struct{ tries *prometheus.CounterVec }

func newCounts() counts {
	return counts{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "portreeve_notify_mails_total", Help: "Tries to send a mail by outcome.",
	}, []string{"outcome"})}
}

func (c counts) add(outcome string) { c.tries.WithLabelValues(outcome).Inc() }

type gauges struct{ outbox, oldest *prometheus.Desc }

func newGauges() gauges {
	return gauges{
		outbox: prometheus.NewDesc("portreeve_notify_outbox", "Waiting notices, mails to be sent, and mails that were given up.", []string{"state"}, nil),
		oldest: prometheus.NewDesc("portreeve_notify_oldest_seconds", "Age of the oldest mail that is still to be sent.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (s *Service) Describe(out chan<- *prometheus.Desc) {
	s.counts.tries.Describe(out)
	g := newGauges()
	out <- g.outbox
	out <- g.oldest
}

// Collect implements prometheus.Collector. If the database is away, the gauges
// are missing rather than wrong.
func (s *Service) Collect(out chan<- prometheus.Metric) {
	s.counts.tries.Collect(out)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	st, err := s.Stats(ctx)
	if err != nil {
		s.log.Warn("outbox metrics not available", "error", err)
		return
	}
	g := newGauges()
	for state, n := range map[string]int64{"waiting": st.Waiting, "ready": st.Ready, "dead": st.Dead} {
		out <- prometheus.MustNewConstMetric(g.outbox, prometheus.GaugeValue, float64(n), state)
	}
	out <- prometheus.MustNewConstMetric(g.oldest, prometheus.GaugeValue, st.Oldest.Seconds())
}

// SPDX-License-Identifier: Apache-2.0

package job

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/store"
)

// Stats says how the queue stands.
type Stats struct {
	Ready, Running, Dead int64
	Due                  int64         // ready, and its time has come
	OldestDue            time.Duration // how long the first of these has been due
}

// Stats counts the jobs of all kinds, those that this program does not know included.
func (r *Runner) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	err := r.cfg.DB.Read(ctx, func(tx *store.ReadTx) error {
		var oldest time.Time
		err := tx.QueryRow(ctx, `SELECT COUNT(CASE WHEN state = 'ready' THEN 1 END), COUNT(CASE WHEN state = 'running' THEN 1 END),
			COUNT(CASE WHEN state = 'dead' THEN 1 END), COUNT(CASE WHEN state = 'ready' AND run_at <= $1 THEN 1 END),
			MIN(CASE WHEN state = 'ready' AND run_at <= $1 THEN run_at END) FROM job_job`, store.At(tx.Now())).
			Scan(&s.Ready, &s.Running, &s.Dead, &s.Due, store.Time(&oldest))
		if err != nil {
			return fmt.Errorf("count jobs: %w", err)
		}
		if !oldest.IsZero() {
			s.OldestDue = tx.Now().Sub(oldest)
		}
		return nil
	})
	return s, err
}

// counts counts attempts of this process.
type counts struct{ runs *prometheus.CounterVec }

func newCounts() counts {
	return counts{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "portreeve_job_attempts_total", Help: "Attempts at jobs by kind and outcome.",
	}, []string{"kind", "outcome"})}
}

func (c counts) add(kind string, o outcome) { c.runs.WithLabelValues(kind, string(o)).Inc() }

// gauges are read from the database when the metrics are asked for.
type gauges struct {
	jobs, oldest *prometheus.Desc
}

func newGauges() gauges {
	return gauges{
		jobs:   prometheus.NewDesc("portreeve_job_jobs", "Jobs in the database by state; due ones are ready ones whose time has come.", []string{"state"}, nil),
		oldest: prometheus.NewDesc("portreeve_job_oldest_due_seconds", "How long the first due job has been waiting.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (r *Runner) Describe(out chan<- *prometheus.Desc) {
	r.counts.runs.Describe(out)
	g := newGauges()
	out <- g.jobs
	out <- g.oldest
}

// Collect implements prometheus.Collector. If the database is away, the gauges
// are missing rather than wrong.
func (r *Runner) Collect(out chan<- prometheus.Metric) {
	r.counts.runs.Collect(out)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s, err := r.Stats(ctx)
	if err != nil {
		r.log.Warn("job metrics not available", "error", err)
		return
	}
	g := newGauges()
	for state, n := range map[string]int64{"ready": s.Ready, "running": s.Running, "dead": s.Dead, "due": s.Due} {
		out <- prometheus.MustNewConstMetric(g.jobs, prometheus.GaugeValue, float64(n), state)
	}
	out <- prometheus.MustNewConstMetric(g.oldest, prometheus.GaugeValue, s.OldestDue.Seconds())
}

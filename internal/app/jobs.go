// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus/collectors"

	"portreeve.org/portreeve/internal/kernel/job"
	"portreeve.org/portreeve/internal/kernel/store"
)

// publishEvery is how often the ledger looks whether a period has ended; the
// cadence itself is the ledger's.
const publishEvery = time.Minute

// keepKeys is how long the answer to a request is kept for a repeat of it, in
// real time.
const keepKeys = 48 * time.Hour

// openJobs collects the jobs of all parts.
func (o *office) openJobs(context.Context) (err error) {
	defs := []job.Def{{
		Kind:   "ledger.publish",
		Every:  publishEvery,
		Handle: func(ctx context.Context, _ []byte) error { return o.ledger.Publish(ctx) },
	}, {
		Kind: "ledger.forget", Summary: "Forget the idempotency keys of requests that nobody repeats any more.", Every: time.Hour,
		Handle: func(ctx context.Context, _ []byte) error {
			return o.ledger.ForgetKeys(ctx, o.db.Clock().Real().Add(-keepKeys))
		},
	}, o.journalJob()}
	defs = append(defs, o.identity.Jobs()...)
	for _, m := range o.modules {
		defs = append(defs, m.Jobs...)
	}
	o.jobDefs = defs
	o.jobs, err = job.NewRunner(job.Config{
		DB: o.db, Writer: o.ledger.Writer("job", job.EntryKinds()), Policy: o.policy,
		Queue: o.queue, Defs: defs, Log: o.log, Exclusive: true,
	})
	if err != nil {
		return err
	}
	o.metrics.MustRegister(o.jobs, o.notify, o.mailin, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return nil
}

// probes are what readiness asks.
func (o *office) probes() []probe {
	all := []probe{
		{"database", o.db.Probe},
		{"sessions", o.sessions.probe},
		{"ledger", func(ctx context.Context) error {
			return o.db.Read(ctx, func(r *store.ReadTx) error {
				_, err := o.ledger.Head(ctx, r)
				return err
			})
		}},
	}
	for _, m := range o.modules {
		if m.Health != nil {
			all = append(all, probe{m.Name, m.Health})
		}
	}
	return all
}

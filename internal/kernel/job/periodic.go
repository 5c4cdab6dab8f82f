// SPDX-License-Identifier: Apache-2.0

package job

import (
	"context"
	"fmt"

	"portreeve.org/portreeve/internal/kernel/store"
)

// periodicKey is the key of the jobs that the runner itself plans.
const periodicKey = "periodic"

// start plans the periodic jobs and takes over what a dead process was running.
func (r *Runner) start(ctx context.Context) error {
	return r.cfg.Writer.Quiet(ctx, "planning a job is not a decision", func(tx *store.Tx) error {
		if r.cfg.Exclusive {
			if _, err := tx.Exec(ctx, "UPDATE job_job SET lease_until = 0 WHERE state = 'running' AND holder <> $1", r.holder); err != nil {
				return fmt.Errorf("take over running jobs: %w", err)
			}
		}
		for _, kind := range r.kinds {
			if err := r.plan(ctx, tx, r.defs[kind]); err != nil {
				return err
			}
		}
		return nil
	})
}

// plan makes sure that a periodic job has a next run, at the latest one period
// from now.
func (r *Runner) plan(ctx context.Context, tx *store.Tx, def Def) error {
	if def.Every == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, "SELECT "+columns+" FROM job_job WHERE kind = $1 AND key = $2 AND state <> 'dead'", def.Kind, periodicKey)
	planned, err := store.Collect(rows, err, scan)
	if err != nil {
		return fmt.Errorf("find the periodic job %s: %w", def.Kind, err)
	}
	at := tx.Now()
	if len(planned) > 0 {
		if planned[0].state == StateRunning {
			return nil // its end plans the next run
		}
		at = at.Add(def.Every) // the earlier of the two times wins
	}
	next := row{id: tx.NewID(), kind: def.Kind, key: periodicKey, payload: "null", runAt: at, enqueuedAt: tx.Now()}
	if err := next.insert(ctx, tx); err != nil {
		return fmt.Errorf("plan the periodic job %s: %w", def.Kind, err)
	}
	return nil
}

// planNext plans the run of a periodic job after this one.
func (r *Runner) planNext(ctx context.Context, tx *store.Tx, def Def, j row) error {
	if def.Every == 0 || j.key != periodicKey {
		return nil
	}
	next := row{id: tx.NewID(), kind: j.kind, key: periodicKey, payload: "null", runAt: tx.Now().Add(def.Every), enqueuedAt: tx.Now()}
	return next.insert(ctx, tx)
}

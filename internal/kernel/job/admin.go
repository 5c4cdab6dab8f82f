// SPDX-License-Identifier: Apache-2.0

package job

import (
	"context"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Info is a job as an administrator sees it. The payload is not shown: it may
// name what the administrator must not see.
type Info struct {
	ID, Kind, Key string
	State         State
	RunAt         time.Time // domain time
	EnqueuedAt    time.Time // domain time
	Attempts      int
	LastError     string
}

// listLimit bounds List; what is broken shows in the first few.
const listLimit = 200

// List returns up to 200 jobs in a state, the longest due first. The actor of ctx
// needs job:read.
func (r *Runner) List(ctx context.Context, state State) ([]Info, error) {
	if err := r.require(ctx, ActionRead); err != nil {
		return nil, err
	}
	var all []Info
	err := r.cfg.DB.Read(ctx, func(tx *store.ReadTx) error {
		rows, err := tx.Query(ctx, "SELECT "+columns+" FROM job_job WHERE state = $1 ORDER BY run_at, id LIMIT $2", string(state), listLimit)
		all, err = store.Collect(rows, err, func(s store.Scanner) (Info, error) {
			j, err := scan(s)
			return Info{j.id, j.kind, j.key, j.state, j.runAt, j.enqueuedAt, j.attempts, j.lastError}, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return all, nil
}

// requeuedBody is the body of the entry job.requeued.
type requeuedBody struct {
	Job       string `json:"job"`
	Kind      string `json:"kind"`
	Attempts  int    `json:"attempts"`
	LastError string `json:"last_error"`
}

// Requeue makes a dead job ready again with all its attempts. The actor of ctx
// needs job:requeue. A job that is not dead is NotFound.
func (r *Runner) Requeue(ctx context.Context, id string) error {
	if err := r.require(ctx, ActionRequeue); err != nil {
		return err
	}
	return r.cfg.Writer.Decide(ctx, func(tx *ledger.Tx) error {
		j, err := store.Found(scan(tx.QueryRow(ctx, "SELECT "+columns+" FROM job_job WHERE id = $1 AND state = 'dead'", id)))
		if err != nil {
			return fmt.Errorf("load a dead job: %w", err)
		}
		if err := j.giveBack(ctx, tx.Tx, tx.Now(), 0, j.lastError); err != nil {
			return fmt.Errorf("requeue a job: %w", err)
		}
		r.cfg.Queue.signal()
		_, err = r.cfg.Writer.Append(ctx, tx, ledger.Entry{
			Kind: KindRequeued, Actor: authz.ActorFrom(ctx).Ref(), Subject: "job:" + j.id, Visibility: string(authz.Internal),
			Body: requeuedBody{j.id, j.kind, j.attempts, j.lastError},
		})
		return err
	})
}

func (r *Runner) require(ctx context.Context, action authz.Action) error {
	if r.cfg.Policy == nil {
		return fault.New(fault.Forbidden, "authz.forbidden", "Jobs cannot be administered here.")
	}
	return r.cfg.Policy.Require(authz.ActorFrom(ctx), action)
}

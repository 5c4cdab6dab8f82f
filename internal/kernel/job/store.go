// SPDX-License-Identifier: Apache-2.0

package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// State is where a job stands.
type State string

// The states. A job that succeeded is gone.
const (
	StateReady   State = "ready"   // waits for its time, or for its next attempt
	StateRunning State = "running" // held by a runner
	StateDead    State = "dead"    // given up; an administrator may requeue it
)

// row is a job as it is stored.
type row struct {
	id, kind, key, payload string
	state                  State
	runAt, enqueuedAt      time.Time
	attempts               int
	holder                 string
	leaseUntil             time.Time
	lastError              string
}

const columns = "id, kind, key, payload, state, run_at, enqueued_at, attempts, holder, lease_until, last_error"

func scan(s store.Scanner) (row, error) {
	var r row
	err := s.Scan(&r.id, &r.kind, &r.key, &r.payload, &r.state, store.Time(&r.runAt), store.Time(&r.enqueuedAt),
		&r.attempts, &r.holder, store.Time(&r.leaseUntil), &r.lastError)
	return r, err
}

// dedupe is the value of the column of that name while the job is ready.
func (r row) dedupe() sql.NullString {
	return sql.NullString{String: r.kind + "\n" + r.key, Valid: r.key != ""}
}

// insert writes a ready job, or merges it into the ready one with its key.
func (r row) insert(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, `INSERT INTO job_job (id, kind, key, dedupe, payload, state, run_at, enqueued_at, attempts, holder, lease_until, last_error)
		VALUES ($1, $2, $3, $4, $5, 'ready', $6, $7, 0, '', NULL, '')
		ON CONFLICT (dedupe) DO UPDATE SET payload = excluded.payload,
		  run_at = CASE WHEN excluded.run_at < job_job.run_at THEN excluded.run_at ELSE job_job.run_at END`,
		r.id, r.kind, r.key, r.dedupe(), r.payload, store.At(r.runAt), store.At(r.enqueuedAt))
	return err
}

// claimable is the condition for jobs of these kinds that a runner may take.
func claimable(kinds []string, now, real time.Time, args *[]any) string {
	return "((state = 'ready' AND run_at <= " + store.Arg(store.At(now), args) +
		") OR (state = 'running' AND lease_until <= " + store.Arg(store.At(real), args) + ")) AND kind IN " + store.In(kinds, args)
}

// due returns up to n jobs that may be taken, the longest due first.
func due(ctx context.Context, r store.Reader, kinds []string, real time.Time, n int) ([]row, error) {
	if len(kinds) == 0 {
		return nil, nil
	}
	var args []any
	query := "SELECT " + columns + " FROM job_job WHERE " + claimable(kinds, r.Now(), real, &args)
	query += " ORDER BY run_at, id LIMIT " + store.Arg(n, &args)
	rows, err := r.Query(ctx, query, args...)
	all, err := store.Collect(rows, err, scan)
	if err != nil {
		return nil, fmt.Errorf("find due jobs: %w", err)
	}
	return all, nil
}

// take marks a job as held for one more attempt.
func (r *row) take(ctx context.Context, tx *store.Tx, holder string, until time.Time) error {
	r.state, r.holder, r.leaseUntil = StateRunning, holder, until
	r.attempts++
	_, err := tx.Exec(ctx, "UPDATE job_job SET state = 'running', dedupe = NULL, holder = $1, lease_until = $2, attempts = $3 WHERE id = $4",
		holder, store.At(until), r.attempts, r.id)
	if err != nil {
		return fmt.Errorf("take a job: %w", err)
	}
	return nil
}

// held reports whether this attempt still holds the job: not if its lease ran
// out and somebody else took it.
func (r row) held(ctx context.Context, tx *store.Tx) (bool, error) {
	var one int
	err := tx.QueryRow(ctx, "SELECT 1 FROM job_job WHERE id = $1 AND state = 'running' AND holder = $2 AND attempts = $3", r.id, r.holder, r.attempts).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (r row) remove(ctx context.Context, tx *store.Tx) error {
	_, err := tx.Exec(ctx, "DELETE FROM job_job WHERE id = $1", r.id)
	return err
}

// bury gives the job up.
func (r row) bury(ctx context.Context, tx *store.Tx, reason string) error {
	_, err := tx.Exec(ctx, "UPDATE job_job SET state = 'dead', dedupe = NULL, holder = '', lease_until = NULL, last_error = $1 WHERE id = $2", reason, r.id)
	return err
}

// giveBack makes the job ready again. If a job with the same key has become
// ready meanwhile, that one stands for both.
func (r row) giveBack(ctx context.Context, tx *store.Tx, runAt time.Time, attempts int, reason string) error {
	if r.key != "" {
		var other string
		err := tx.QueryRow(ctx, "SELECT id FROM job_job WHERE dedupe = $1 AND id <> $2", r.dedupe(), r.id).Scan(&other)
		if err == nil {
			return r.remove(ctx, tx)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	_, err := tx.Exec(ctx, "UPDATE job_job SET state = 'ready', dedupe = $1, holder = '', lease_until = NULL, run_at = $2, attempts = $3, last_error = $4 WHERE id = $5",
		r.dedupe(), store.At(runAt), attempts, reason, r.id)
	return err
}

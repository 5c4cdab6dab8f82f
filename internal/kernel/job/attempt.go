// SPDX-License-Identifier: Apache-2.0

package job

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
)

// attempt runs a job that this runner holds and records the result.
func (r *Runner) attempt(ctx context.Context, j row) {
	def := r.defs[j.kind]
	err := r.handle(ctx, def, j)
	stopped := err != nil && ctx.Err() != nil // the server stops; it is not the job's failure
	outcome := outcomeOf(err, stopped, j, def)
	r.counts.add(j.kind, outcome)
	if err != nil && !stopped {
		r.log.Error("job failed", "kind", j.kind, "job", j.id, "attempt", j.attempts, "outcome", outcome, "code", fault.From(err).Code, "error", err)
	}
	if err := r.record(ctx, def, j, outcome, err); err != nil {
		// The lease ends by itself and the job runs again.
		r.log.Error("result of a job not recorded", "kind", j.kind, "job", j.id, "error", err)
	}
}

// handle calls the handler with its time limit; a panic is an error.
func (r *Runner) handle(ctx context.Context, def Def, j row) (err error) {
	ctx, cancel := context.WithTimeout(authz.WithActor(ctx, authz.System(j.kind)), def.Timeout)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("job panicked", "kind", j.kind, "job", j.id, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return def.Handle(ctx, []byte(j.payload))
}

// outcome is what an attempt came to.
type outcome string

const (
	succeeded outcome = "succeeded"
	retried   outcome = "retried"   // failed, to be tried again
	died      outcome = "died"      // failed for good
	cancelled outcome = "cancelled" // the server stopped
)

func outcomeOf(err error, stopped bool, j row, def Def) outcome {
	switch {
	case err == nil:
		return succeeded
	case stopped:
		return cancelled
	case isPermanent(err), j.attempts >= def.Retry.Attempts:
		return died
	default:
		return retried
	}
}

// recordPatience is about how long the result of an attempt is tried to be recorded.
const recordPatience = 15 * time.Second

// record writes the result of an attempt, even when the server stops. It tries a
// few times, because the work is done and would otherwise be done again.
func (r *Runner) record(ctx context.Context, def Def, j row, o outcome, cause error) error {
	ctx = context.WithoutCancel(ctx)
	var err error
	for wait := 100 * time.Millisecond; wait < recordPatience/3; wait *= 3 {
		err = r.cfg.Writer.Quiet(ctx, "the result of a job is not a decision", func(tx *store.Tx) error {
			return r.settle(ctx, tx, def, j, o, cause)
		})
		if err == nil || !fault.Is(err, fault.Unavailable) {
			return err
		}
		time.Sleep(wait)
	}
	return err
}

func (r *Runner) settle(ctx context.Context, tx *store.Tx, def Def, j row, o outcome, cause error) error {
	held, err := j.held(ctx, tx)
	if err != nil || !held {
		return err
	}
	switch o {
	case succeeded:
		if err := j.remove(ctx, tx); err != nil {
			return err
		}
		return r.planNext(ctx, tx, def, j)
	case cancelled:
		return j.giveBack(ctx, tx, tx.Now(), j.attempts-1, j.lastError)
	case died:
		return r.giveUp(ctx, tx, j, errorText(cause))
	default:
		return j.giveBack(ctx, tx, tx.Now().Add(def.Retry.wait(j.attempts)), j.attempts, errorText(cause))
	}
}

// giveUp buries a job. A periodic job runs again at its next time: what failed
// today may work tomorrow, and the dead one shows that it failed.
func (r *Runner) giveUp(ctx context.Context, tx *store.Tx, j row, reason string) error {
	if err := j.bury(ctx, tx, reason); err != nil {
		return err
	}
	return r.planNext(ctx, tx, r.defs[j.kind], j)
}

// maxErrorText is how much of an error is stored.
const maxErrorText = 500

// errorText is what is stored of an error: one line of limited length.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("it took too long: %w", err)
	}
	text := strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(err.Error(), "\x00", " "), "?")), " ")
	if len(text) > maxErrorText {
		text = strings.ToValidUTF8(text[:maxErrorText], "") + "..."
	}
	return text
}

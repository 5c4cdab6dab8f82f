// SPDX-License-Identifier: Apache-2.0

package job

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/store"
)

// Config is what a runner needs.
type Config struct {
	DB     *store.DB
	Writer *ledger.Writer // of module "job" with EntryKinds
	Policy *authz.Policy  // for Requeue and List; nil refuses both
	Queue  *Queue         // wakes the runner; nil: it only polls
	Defs   []Def
	Log    *slog.Logger // nil: slog.Default

	Workers int           // jobs at once; default 4
	Poll    time.Duration // how often to look for due jobs; default 1 second
	Grace   time.Duration // how long running jobs may go on when the server stops; default 20 seconds
	// Exclusive says that no other process runs jobs on this database (the caller
	// holds store.DB.Lease): what a process that died was running is then taken
	// over at the start instead of when its lease ends.
	Exclusive bool
}

// Runner executes jobs. It is safe for concurrent use.
type Runner struct {
	cfg    Config
	defs   map[string]Def
	kinds  []string
	holder string // names this runner in the rows that it holds
	log    *slog.Logger
	counts counts
}

// leaseMargin is how much longer a lease is than the time limit of an attempt:
// the time to record the result when the database is slow.
const leaseMargin = time.Minute

// NewRunner returns a runner for the given kinds; two definitions of one kind, or
// one that cannot work, are an error.
func NewRunner(cfg Config) (*Runner, error) {
	r := &Runner{cfg: cfg, defs: map[string]Def{}, holder: rand.Text(), log: cfg.Log, counts: newCounts()}
	for _, def := range cfg.Defs {
		def, err := def.withDefaults()
		if err != nil {
			return nil, err
		}
		if _, twice := r.defs[def.Kind]; twice {
			return nil, fmt.Errorf("job: kind %s is defined twice", def.Kind)
		}
		r.defs[def.Kind] = def
	}
	r.kinds = slices.Sorted(maps.Keys(r.defs))
	if r.log == nil {
		r.log = slog.Default()
	}
	if r.cfg.Queue == nil {
		r.cfg.Queue = NewQueue()
	}
	orDefault(&r.cfg.Workers, 4)
	orDefault(&r.cfg.Poll, time.Second)
	orDefault(&r.cfg.Grace, 20*time.Second)
	return r, nil
}

// Run executes jobs until ctx ends. Then it takes no more, lets running ones go
// on for the grace period, cancels the others, and returns when all have ended;
// what was cancelled is ready again and has lost no attempt. It returns an error
// only if a handler does not end although it was cancelled.
func (r *Runner) Run(ctx context.Context) error {
	r.untilDone(ctx, r.start)
	// Attempts outlive ctx by the grace period.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var running sync.WaitGroup
	r.work(ctx, work, &running)
	return r.drain(&running, stop)
}

// work claims and starts jobs until ctx ends; they run under work.
func (r *Runner) work(ctx, work context.Context, running *sync.WaitGroup) {
	free := make(chan struct{}, r.cfg.Workers) // one token per idle worker
	for range r.cfg.Workers {
		free <- struct{}{}
	}
	poll := time.NewTicker(r.cfg.Poll)
	defer poll.Stop()
	for ctx.Err() == nil {
		for _, taken := range r.claim(ctx, len(free)) {
			<-free
			running.Go(func() {
				// Whoever ends may have left due jobs waiting for a free worker.
				defer func() { free <- struct{}{}; r.cfg.Queue.signal() }()
				r.attempt(work, taken)
			})
		}
		r.sleep(ctx, poll.C, len(free) > 0)
	}
}

// drain waits for the running attempts and cancels them after the grace period.
func (r *Runner) drain(running *sync.WaitGroup, cancel func()) error {
	ended := make(chan struct{})
	go func() { running.Wait(); close(ended) }()
	for _, patience := range []time.Duration{r.cfg.Grace, recordPatience} {
		select {
		case <-ended:
			return nil
		case <-time.After(patience):
			cancel()
		}
	}
	return errors.New("job: a handler does not end although it was cancelled")
}

// sleep waits until there may be something to do: a wake-up, or, with an idle
// worker, a tick at which something is due.
func (r *Runner) sleep(ctx context.Context, tick <-chan time.Time, idle bool) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.cfg.Queue.wake:
			return
		case <-tick:
			if idle && r.anyDue(ctx) {
				return
			}
		}
	}
}

// anyDue looks without writing: most looks find nothing.
func (r *Runner) anyDue(ctx context.Context) bool {
	var found []row
	err := r.cfg.DB.Read(ctx, func(tx *store.ReadTx) error {
		var err error
		found, err = due(ctx, tx, r.kinds, r.cfg.DB.Clock().Real(), 1)
		return err
	})
	if err != nil && ctx.Err() == nil {
		r.log.Warn("jobs cannot be looked for", "error", err)
	}
	return len(found) > 0
}

// untilDone repeats fn until it succeeds or ctx ends: a database that is briefly
// away does not end the runner.
func (r *Runner) untilDone(ctx context.Context, fn func(context.Context) error) {
	for wait := r.cfg.Poll; ; wait = min(2*wait, time.Minute) {
		err := fn(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		r.log.Warn("jobs are held up", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// claim takes up to n due jobs. Errors are logged: the next look tries again.
func (r *Runner) claim(ctx context.Context, n int) []row {
	if n == 0 {
		return nil
	}
	taken, err := r.tryClaim(ctx, n)
	if err != nil && ctx.Err() == nil {
		r.log.Warn("jobs cannot be claimed", "error", err)
	}
	return taken
}

func (r *Runner) tryClaim(ctx context.Context, n int) ([]row, error) {
	var taken []row
	err := r.cfg.Writer.Quiet(ctx, "claiming a job is not a decision", func(tx *store.Tx) error {
		real := r.cfg.DB.Clock().Real()
		found, err := due(ctx, tx, r.kinds, real, n)
		if err != nil {
			return err
		}
		for _, j := range found {
			def := r.defs[j.kind]
			if j.attempts >= def.Retry.Attempts {
				// Each attempt ended the process: running it again would end this one.
				if err := r.giveUp(ctx, tx, j, "the server stopped during each attempt"); err != nil {
					return err
				}
				continue
			}
			if err := j.take(ctx, tx, r.holder, real.Add(def.Timeout+leaseMargin)); err != nil {
				return err
			}
			taken = append(taken, j)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return taken, nil
}

// RunDue executes everything that is due now, one after the other, until nothing
// is, and returns how many attempts that took. Periodic jobs that were never
// planned are planned first. It is for tests and for tools that do not keep a
// runner.
func (r *Runner) RunDue(ctx context.Context) (int, error) {
	if err := r.start(ctx); err != nil {
		return 0, err
	}
	attempts := 0
	for ctx.Err() == nil {
		taken, err := r.tryClaim(ctx, 1)
		if err != nil {
			return attempts, err
		}
		if len(taken) == 0 && !r.anyDue(ctx) { // the one found may have been given up instead
			return attempts, nil
		}
		for _, j := range taken {
			r.attempt(ctx, j)
			attempts++
		}
	}
	return attempts, ctx.Err()
}

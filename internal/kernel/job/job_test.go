// SPDX-License-Identifier: Apache-2.0

package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func tables() []store.Migrations {
	return []store.Migrations{ledger.Migrations(), Migrations()}
}

// bench is a database with a queue.
type bench struct {
	t      *testing.T
	db     *store.DB
	writer *ledger.Writer
	queue  *Queue
}

func each(t *testing.T, fn func(t *testing.T, b *bench)) {
	t.Helper()
	storetest.Each(t, tables(), func(t *testing.T, db *store.DB) {
		fn(t, &bench{t: t, db: db, writer: ledgertest.Writer(t, db, "job", EntryKinds()...), queue: NewQueue()})
	})
}

func (b *bench) runner(defs ...Def) *Runner {
	b.t.Helper()
	policy, err := authz.NewPolicy(Actions(), nil, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := NewRunner(Config{DB: b.db, Writer: b.writer, Policy: policy, Queue: b.queue, Defs: defs, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Poll: 5 * time.Millisecond})
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *bench) enqueue(jobs ...Job) {
	b.t.Helper()
	err := b.writer.Quiet(b.t.Context(), "test", func(tx *store.Tx) error {
		for _, j := range jobs {
			if err := b.queue.Enqueue(b.t.Context(), tx, j); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) runDue(r *Runner, want int) {
	b.t.Helper()
	n, err := r.RunDue(b.t.Context())
	if err != nil || n != want {
		b.t.Fatalf("%d attempts, %v; want %d", n, err, want)
	}
}

// rows returns state, attempts and seconds until the next run of all jobs.
func (b *bench) rows() []string {
	b.t.Helper()
	var all []string
	err := b.db.Read(b.t.Context(), func(tx *store.ReadTx) error {
		rows, err := tx.Query(b.t.Context(), "SELECT "+columns+" FROM job_job ORDER BY run_at, kind, id")
		all, err = store.Collect(rows, err, func(s store.Scanner) (string, error) {
			j, err := scan(s)
			return fmt.Sprintf("%s %s %d in %s", j.kind, j.state, j.attempts, j.runAt.Sub(tx.Now())), err
		})
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

func (b *bench) wantRows(want ...string) {
	b.t.Helper()
	if diff := cmp.Diff(want, b.rows()); diff != "" {
		b.t.Fatalf("jobs: -want +got:\n%s", diff)
	}
}

func (b *bench) advance(d time.Duration) { b.db.Clock().Set(b.db.Clock().Real().Add(d)) }

func TestRunsWhenDue(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		var got []string
		r := b.runner(Def{Kind: "test.note", Handle: func(ctx context.Context, payload []byte) error {
			var text string
			if err := json.Unmarshal(payload, &text); err != nil {
				return err
			}
			if a := authz.ActorFrom(ctx); a.Ref() != "system:test.note" {
				t.Errorf("actor %q", a.Ref())
			}
			got = append(got, text)
			return nil
		}})
		b.enqueue(Job{Kind: "test.note", Payload: "later", RunAt: b.db.Clock().Domain().Add(31 * 24 * time.Hour)}, Job{Kind: "test.note", Payload: "now"})
		b.runDue(r, 1)
		b.db.Clock().SetOffset(31 * 24 * time.Hour) // the demonstration looks a month ahead
		b.runDue(r, 1)
		b.wantRows()
		if diff := cmp.Diff([]string{"now", "later"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNothingIsEnqueuedByATransactionThatFails(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		boom := errors.New("boom")
		err := b.writer.Quiet(t.Context(), "test", func(tx *store.Tx) error {
			return errors.Join(b.queue.Enqueue(t.Context(), tx, Job{Kind: "test.note"}), boom)
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		b.wantRows()
	})
}

func TestRetryThenDead(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		fail := true
		r := b.runner(Def{Kind: "test.flaky", Retry: Retry{Attempts: 3, First: time.Minute, Max: 90 * time.Second}, Handle: func(context.Context, []byte) error {
			if fail {
				return errors.New("the other side\nis \x00away")
			}
			return nil
		}})
		b.enqueue(Job{Kind: "test.flaky"})
		b.runDue(r, 1)
		b.wantRows("test.flaky ready 1 in 1m0s")
		b.advance(59 * time.Second)
		b.runDue(r, 0)
		b.advance(time.Second)
		b.runDue(r, 1)
		b.wantRows("test.flaky ready 2 in 1m30s")
		b.advance(90 * time.Second)
		b.runDue(r, 1)
		b.wantRows("test.flaky dead 3 in 0s")
		b.advance(time.Hour)
		b.runDue(r, 0)

		admin := authz.Actor{ID: "a", Kind: authz.KindPerson, Roles: []authz.Role{authz.RoleAdmin}}
		ctx := authz.WithActor(t.Context(), admin)
		if _, err := r.List(t.Context(), StateDead); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("listing without an account: %v", err)
		}
		dead, err := r.List(ctx, StateDead)
		if err != nil || len(dead) != 1 || dead[0].LastError != "the other side is away" {
			t.Fatalf("%+v, %v", dead, err)
		}
		if err := r.Requeue(t.Context(), dead[0].ID); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("requeueing without an account: %v", err)
		}
		if err := r.Requeue(ctx, "unknown"); !fault.Is(err, fault.NotFound) {
			t.Errorf("requeueing what is not there: %v", err)
		}
		if err := r.Requeue(ctx, dead[0].ID); err != nil {
			t.Fatal(err)
		}
		fail = false
		b.runDue(r, 1)
		b.wantRows()
	})
}

func TestPermanentErrorAndPanic(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		r := b.runner(
			Def{Kind: "test.hopeless", Handle: func(context.Context, []byte) error {
				return fmt.Errorf("send: %w", Permanent(errors.New("no such user")))
			}},
			Def{Kind: "test.panic", Handle: func(context.Context, []byte) error { panic("out of cheese") }})
		b.enqueue(Job{Kind: "test.hopeless"}, Job{Kind: "test.panic"})
		b.runDue(r, 2)
		b.wantRows("test.hopeless dead 1 in 0s", "test.panic ready 1 in 30s")
		if Permanent(nil) != nil {
			t.Error("no error is not permanent")
		}
	})
}

func TestKeyMergesReadyJobs(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		var got []string
		var again func()
		r := b.runner(Def{Kind: "test.key", Handle: func(_ context.Context, payload []byte) error {
			got = append(got, string(payload))
			if again != nil {
				again()
			}
			return nil
		}}, Def{Kind: "test.other", Handle: func(context.Context, []byte) error { return nil }})
		now := b.db.Clock().Domain()
		b.enqueue(Job{Kind: "test.key", Key: "k", Payload: 1, RunAt: now.Add(time.Minute)},
			Job{Kind: "test.key", Key: "k", Payload: 2}, // earlier wins
			Job{Kind: "test.key", Key: "k", Payload: 3, RunAt: now.Add(time.Hour)},
			Job{Kind: "test.key", Key: "l", Payload: 4, RunAt: now.Add(time.Second)},
			Job{Kind: "test.other", Key: "k", RunAt: now.Add(time.Second)})
		b.wantRows("test.key ready 0 in 0s", "test.key ready 0 in 1s", "test.other ready 0 in 1s")
		// What is enqueued while the job runs may be news to it: it runs once more.
		again = func() { again = nil; b.enqueue(Job{Kind: "test.key", Key: "k", Payload: 5}) }
		b.runDue(r, 2)
		if diff := cmp.Diff([]string{"3", "5"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAFailedJobYieldsToANewerOneWithItsKey(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		r := b.runner(Def{Kind: "test.key", Handle: func(_ context.Context, payload []byte) error {
			if string(payload) == "1" {
				b.enqueue(Job{Kind: "test.key", Key: "k", Payload: 2, RunAt: b.db.Clock().Domain().Add(time.Hour)})
				return errors.New("fails")
			}
			return nil
		}})
		b.enqueue(Job{Kind: "test.key", Key: "k", Payload: 1})
		b.runDue(r, 1)
		b.wantRows("test.key ready 0 in 1h0m0s")
	})
}

func TestPeriodic(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		runs, fail := 0, false
		def := Def{Kind: "test.daily", Every: 24 * time.Hour, Retry: Retry{Attempts: 1}, Handle: func(context.Context, []byte) error {
			runs++
			if fail {
				return errors.New("fails")
			}
			return nil
		}}
		r := b.runner(def)
		b.runDue(r, 1)
		b.wantRows("test.daily ready 0 in 24h0m0s")
		b.runDue(b.runner(def), 0) // a restart plans nothing twice
		b.advance(100 * 24 * time.Hour)
		b.runDue(r, 1) // once, not a hundred times
		fail = true
		b.advance(24 * time.Hour)
		b.runDue(r, 1)
		b.wantRows("test.daily dead 1 in 0s", "test.daily ready 0 in 24h0m0s")
		def.Every = time.Hour
		b.runDue(b.runner(def), 0)
		b.wantRows("test.daily dead 1 in 0s", "test.daily ready 0 in 1h0m0s")
		if runs != 3 {
			t.Errorf("%d runs", runs)
		}
	})
}

// TestLease: what a process that died was running runs again, once its lease has
// ended, and the dead one's late result counts for nothing.
func TestLease(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		runs := 0
		def := Def{Kind: "test.work", Timeout: time.Minute, Retry: Retry{Attempts: 2}, Handle: func(context.Context, []byte) error { runs++; return nil }}
		dead, alive := b.runner(def), b.runner(def)
		b.enqueue(Job{Kind: "test.work"})
		taken, err := dead.tryClaim(t.Context(), 10)
		if err != nil || len(taken) != 1 {
			t.Fatalf("%v, %v", taken, err)
		}
		b.runDue(alive, 0)
		b.advance(time.Minute + leaseMargin)
		again, err := alive.tryClaim(t.Context(), 10)
		if err != nil || len(again) != 1 || again[0].attempts != 2 {
			t.Fatalf("%+v, %v", again, err)
		}
		if err := dead.record(t.Context(), dead.defs["test.work"], taken[0], succeeded, nil); err != nil {
			t.Fatal(err)
		}
		if len(b.rows()) != 1 {
			t.Fatal("a result after the lease ended removed the job that somebody else runs")
		}
		// Both attempts ended without a result: the job may be what ends the process.
		b.advance(time.Minute + leaseMargin)
		b.runDue(alive, 0)
		if got := b.rows(); len(got) != 1 || !strings.HasPrefix(got[0], "test.work dead 2") {
			t.Fatalf("%v", got)
		}
		if runs != 0 {
			t.Errorf("%d runs", runs)
		}
	})
}

func TestExclusiveRunnerTakesOverAtOnce(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		runs := 0
		def := Def{Kind: "test.work", Handle: func(context.Context, []byte) error { runs++; return nil }}
		b.enqueue(Job{Kind: "test.work"})
		if taken, err := b.runner(def).tryClaim(t.Context(), 1); err != nil || len(taken) != 1 {
			t.Fatalf("%v, %v", taken, err)
		}
		r := b.runner(def)
		r.cfg.Exclusive = true
		b.runDue(r, 1)
		if runs != 1 {
			t.Errorf("%d runs", runs)
		}
	})
}

func TestUnknownKindsAreLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.enqueue(Job{Kind: "later.release"})
		b.runDue(b.runner(Def{Kind: "test.known", Handle: func(context.Context, []byte) error { return nil }}), 0)
		b.runDue(b.runner(), 0)
		b.wantRows("later.release ready 0 in 0s")
	})
}

// TestRun: a running runner is woken by an enqueue, works in parallel, and stops
// gracefully.
func TestRun(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		var started sync.WaitGroup
		started.Add(4)
		release := make(chan struct{})
		var done atomic.Int64
		r := b.runner(Def{Kind: "test.work", Handle: func(context.Context, []byte) error {
			started.Done()
			<-release
			done.Add(1)
			return nil
		}})
		r.cfg.Poll = time.Hour // only the wake-up can make it look
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		for range 4 {
			b.enqueue(Job{Kind: "test.work"})
		}
		started.Wait() // all four at once
		stop()
		close(release)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if done.Load() != 4 {
			t.Errorf("%d done", done.Load())
		}
		b.wantRows()
	})
}

// TestStopCancels: what does not end within the grace period is cancelled, is
// ready again, and has lost no attempt.
func TestStopCancels(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		started := make(chan struct{})
		r := b.runner(Def{Kind: "test.slow", Handle: func(ctx context.Context, _ []byte) error {
			close(started)
			<-ctx.Done()
			return ctx.Err()
		}})
		r.cfg.Grace = time.Millisecond
		b.enqueue(Job{Kind: "test.slow"})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		<-started
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		b.wantRows("test.slow ready 0 in 0s")
	})
}

func TestTimeout(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		r := b.runner(Def{Kind: "test.slow", Timeout: time.Millisecond, Retry: Retry{Attempts: 1}, Handle: func(ctx context.Context, _ []byte) error {
			<-ctx.Done()
			return ctx.Err()
		}})
		b.enqueue(Job{Kind: "test.slow"})
		b.runDue(r, 1)
		b.wantRows("test.slow dead 1 in 0s")
	})
}

func TestStatsAndMetrics(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		r := b.runner(Def{Kind: "test.work", Handle: func(context.Context, []byte) error { return Permanent(errors.New("no")) }})
		b.enqueue(Job{Kind: "test.work"})
		b.runDue(r, 1)
		now := b.db.Clock().Domain()
		b.enqueue(Job{Kind: "test.other"}, Job{Kind: "test.work", RunAt: now.Add(time.Hour)})
		b.advance(time.Minute)
		s, err := r.Stats(t.Context())
		if want := (Stats{Ready: 2, Dead: 1, Due: 1, OldestDue: time.Minute}); err != nil || s != want {
			t.Errorf("%+v, %v, want %+v", s, err, want)
		}
		registry := prometheus.NewPedanticRegistry()
		if err := registry.Register(r); err != nil {
			t.Fatal(err)
		}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range families {
			names = append(names, fmt.Sprintf("%s %d", f.GetName(), len(f.GetMetric())))
		}
		if diff := cmp.Diff([]string{"portreeve_job_attempts_total 1", "portreeve_job_jobs 4", "portreeve_job_oldest_due_seconds 1"}, names); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNewRunnerRefuses(t *testing.T) {
	handle := func(context.Context, []byte) error { return nil }
	tests := map[string][]Def{
		"no module":  {{Kind: "work", Handle: handle}},
		"no handler": {{Kind: "a.b"}},
		"twice":      {{Kind: "a.b", Handle: handle}, {Kind: "a.b", Handle: handle}},
		"negative":   {{Kind: "a.b", Handle: handle, Every: -1}},
	}
	for name, defs := range tests {
		if _, err := NewRunner(Config{Defs: defs}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestRetryWait(t *testing.T) {
	r := Retry{First: time.Second, Max: 5 * time.Second}
	for attempts, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 4: 5 * time.Second, 1000: 5 * time.Second} {
		if got := r.wait(attempts); got != want {
			t.Errorf("after %d attempts %s, want %s", attempts, got, want)
		}
	}
}

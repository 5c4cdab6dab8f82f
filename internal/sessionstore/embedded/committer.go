// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
)

// job is a change, or another act, that waits for the committer.
type job struct {
	space  *space
	change sessionstore.Change
	act    func(*batch) error // instead of a change
	alone  bool               // in a batch of its own
	stage  atomic.Int32
	err    error
	done   chan struct{}
}

// The stages of a job.
const (
	waiting   int32 = iota
	weighing        // its Next may be called
	weighed         // it will not be called again
	abandoned       // nobody waits any more
)

// Bounds of a batch. Pebble handles batches of half a table in memory at once and
// more in another, dearer way.
const (
	maxJobs  = 2048
	maxBytes = 16 << 20
)

// queue is what waits for the committer.
type queue struct {
	mu     sync.Mutex
	jobs   []*job
	closed bool
	wake   chan struct{}
}

func (q *queue) add(j *job) bool {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return false
	}
	q.jobs = append(q.jobs, j)
	first := len(q.jobs) == 1
	q.mu.Unlock()
	if first {
		q.rouse()
	}
	return true
}

// rouse lets the committer look.
func (q *queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.jobs)
}

// take returns all that waits, in order, in exchange for an empty list.
func (q *queue) take(empty []*job) ([]*job, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	jobs := q.jobs
	q.jobs = empty
	return jobs, q.closed
}

// do hands a job to the committer and waits for its outcome.
func (b *Backend) do(ctx context.Context, j *job) error {
	if b.away.Load() {
		return errAway()
	}
	if !b.queue.add(j) {
		return errClosed()
	}
	select {
	case <-j.done:
		return j.err
	case <-ctx.Done():
		return j.leave(ctx)
	}
}

// leave gives up a job, unless its Next is just being called: that may touch what
// the caller holds.
func (j *job) leave(ctx context.Context) error {
	for {
		if j.stage.CompareAndSwap(waiting, abandoned) || j.stage.Load() == weighed {
			return context.Cause(ctx)
		}
		select {
		case <-j.done:
			return j.err
		case <-time.After(time.Millisecond):
		}
	}
}

func errAway() error {
	e := fault.New(fault.Unavailable, "session.store_away", "The session storage is being opened anew. Try again.")
	e.RetryAfter = time.Second
	return e
}

func errClosed() error {
	return fault.New(fault.Unavailable, "session.store_closed", "The session storage is closed.")
}

// commitAll is the committer's life.
func (b *Backend) commitAll() {
	defer close(b.committed)
	var spare []*job
	var begun time.Duration
	for {
		select {
		case <-b.queue.wake:
		case <-b.ending:
		}
		b.gather(begun, len(spare))
		begun = b.Elapsed()
		jobs, closed := b.queue.take(spare[:0])
		if b.engine.broken() != nil && !closed {
			b.reopen(reopenPause)
		}
		for rest := jobs; len(rest) > 0; {
			n := b.commitSome(rest)
			rest = rest[n:]
		}
		clear(jobs)
		spare = jobs
		if closed {
			return
		}
	}
}

// gatherFor is the least time from one batch to the next while several write at once.
const gatherFor = 2 * time.Millisecond

// gather lets who is about to write do so, because a sync costs as much for many as
// for one. Who writes alone, as the last batch and the queue show, does not wait.
func (b *Backend) gather(begun time.Duration, last int) {
	runtime.Gosched()
	wait := begun + gatherFor - b.Elapsed()
	if b.NoSync || wait <= 0 || last <= 1 && b.queue.length() <= 1 {
		return
	}
	select {
	case <-time.After(min(wait, gatherFor)):
	case <-b.ending:
	}
}

// commitSome makes a batch of the first jobs and answers them. It returns how many.
func (b *Backend) commitSome(jobs []*job) int {
	if b.engine.broken() != nil {
		return answer(jobs, errAway())
	}
	x, n := newBatch(b), 0
	for n < len(jobs) && n < maxJobs && x.bytes < maxBytes {
		j := jobs[n]
		if j.alone && n > 0 {
			break
		}
		n++
		if !j.stage.CompareAndSwap(waiting, weighing) {
			continue
		}
		if j.act != nil {
			j.err = j.act(x)
		} else {
			j.err = x.change(j.space, &j.change)
		}
		j.stage.Store(weighed)
		if j.alone {
			break
		}
	}
	if x.finish() {
		if err := b.commit(x); err != nil {
			return answer(jobs[:n], err)
		}
	}
	_ = x.pb.Close()
	return answer(jobs[:n], nil)
}

// answer tells those who wait; err counts for all if it is not nil.
func answer(jobs []*job, err error) int {
	for _, j := range jobs {
		if j.stage.Load() == abandoned {
			continue
		}
		if err != nil {
			j.err = err
		}
		close(j.done)
	}
	return len(jobs)
}

// commit writes the batch and shows it to readers.
func (b *Backend) commit(x *batch) error {
	b.pin(x)
	err := b.write(x)
	if err != nil {
		b.figures.failed.Add(1)
		if err = b.outcome(x, err); err != nil {
			return err
		}
	}
	b.publish(x)
	b.figures.batches.Add(1)
	b.figures.written.Add(int64(x.bytes))
	return nil
}

// write has the batch on the disk. Iterators are not made meanwhile, because they
// would see it too early.
func (b *Backend) write(x *batch) error {
	b.syncing.Lock()
	defer b.syncing.Unlock()
	if x.wipe != nil { // single reads have no pin to go by
		b.opened.Lock()
		defer b.opened.Unlock()
	}
	return b.engine.commit(x.pb, !b.NoSync)
}

// pin keeps what readers see of the batch's rows as it was.
func (b *Backend) pin(x *batch) {
	for i := range x.order {
		at := &x.order[i]
		p := b.cache.part(at)
		p.mu.Lock()
		p.put(*at, x.rows[*at].was, true)
		p.mu.Unlock()
	}
}

// publish shows the batch, all of it at one moment.
func (b *Backend) publish(x *batch) {
	var touched [shards]bool
	for i := range x.order {
		touched[x.order[i].number()] = true
	}
	for i := range touched {
		if touched[i] = touched[i] || len(x.epochs) > 0; touched[i] {
			b.cache.parts[i].mu.Lock()
		}
	}
	for id, e := range x.epochs {
		b.epochs.set(id, e)
	}
	for _, at := range x.order {
		p := b.cache.part(&at)
		p.turn++
		if will := x.rows[at].will; will != nil {
			p.put(at, will, false)
		} else {
			p.remove(at)
		}
	}
	for s, u := range x.usage {
		s.rows.Store(u.Rows)
		s.bytes.Store(u.Bytes)
	}
	if x.wipe != nil {
		x.wipe.cached.Store(b.caches.Add(1))
	}
	for i := range touched {
		if touched[i] {
			b.cache.parts[i].mu.Unlock()
		}
	}
	b.adopt(x.spaces)
}

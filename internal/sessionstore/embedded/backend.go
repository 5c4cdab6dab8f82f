// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"portreeve.org/portreeve/internal/sessionstore"
)

// Backend keeps the rows of all namespaces in one folder. It is safe for use by
// many goroutines.
type Backend struct {
	Config
	fs      vfs.FS // gives up the ballast when the disk is full
	lock    io.Closer
	clock   *clock
	cache   *cache
	epochs  epochs
	version atomic.Uint64
	caches  atomic.Uint32
	figures figures
	disk    disk

	queue     queue
	ending    chan struct{}
	committed chan struct{}
	housework sync.WaitGroup
	sweepNow  chan struct{}

	// opened is held by who reads from the engine; exchanging or emptying it waits
	// for them. syncing is held while a batch is visible in the engine and not yet
	// safe. Who needs both takes syncing first.
	opened  sync.RWMutex
	syncing sync.RWMutex
	engine  *engine  // exchanged by the committer alone
	reached meta     // when the engine was exchanged last
	opening *opening // the committer's
	away    atomic.Bool
	closed  atomic.Bool

	mu       sync.Mutex
	spaces   map[string]*space
	byID     map[uint32]*space
	shed     map[string]bool
	sweeping sync.Mutex
	sweptTo  []byte // in the expiry index; under sweeping
	// What the sweep is to do: owners whose ended rows were counted, and the first
	// parts of keys that were deleted.
	cleared []ownerID
	emptied [][]byte
}

var _ sessionstore.Backend = (*Backend)(nil)

// versionStep is how far versions jump when the folder is opened, so that those of
// writes that never reached the disk are not given out again.
const versionStep = 1 << 24

// Open opens the folder, making it if need be. Only one process can have it open.
func Open(ctx context.Context, c Config) (*Backend, error) {
	c, err := c.completed()
	if err != nil {
		return nil, err
	}
	b := &Backend{
		Config: c, cache: newCache(c.CacheBytes * 3 / 4), sweepNow: make(chan struct{}, 1),
		queue: queue{wake: make(chan struct{}, 1)}, ending: make(chan struct{}), committed: make(chan struct{}),
		spaces: map[string]*space{}, byID: map[uint32]*space{}, shed: map[string]bool{},
	}
	if err := c.FS.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("embedded: make the folder of the session data: %w", err)
	}
	if b.lock, err = c.FS.Lock(c.FS.PathJoin(c.Dir, "LOCK")); err != nil {
		return nil, fmt.Errorf("embedded: the session data in %s is in use by another process. Stop that one first, or give this one a folder of its own: %w", c.Dir, err)
	}
	b.disk.init(b)
	b.fs = vfs.OnDiskFull(c.FS, b.disk.giveUp)
	if err := b.start(ctx); err != nil {
		return nil, errors.Join(err, b.lock.Close())
	}
	return b, nil
}

func (b *Backend) start(ctx context.Context) error {
	var err error
	o := b.open()
	select {
	case err = <-o.done:
		b.engine = o.engine
	case <-ctx.Done():
		err = context.Cause(ctx)
		o.engine.fail(err)
	}
	if err != nil {
		return err
	}
	reached, err := b.load(b.engine)
	if err != nil {
		return errors.Join(err, b.engine.close())
	}
	b.clock = newClock(b.Clock, b.Elapsed, reached.clock)
	b.version.Store((reached.version/versionStep + 1) * versionStep)
	if behind := b.clock.skew(); behind > maxSkew {
		b.Log.Warn("the clock stands before the time at which sessions were last written; time goes on from there", "behind", behind)
	}
	b.cleared = b.epochs.unswept()
	b.disk.restore()
	go b.commitAll()
	b.housework.Add(2)
	go b.sweepAll()
	go b.watch()
	return nil
}

// load reads what is held in memory for good: what was reached, the namespaces
// with their counts, and the revocations. It reads no row.
func (b *Backend) load(e *engine) (reached meta, err error) {
	record, err := e.get(metaKey)
	if err != nil {
		return meta{}, err
	}
	if record != nil {
		if reached, err = parseMeta(record); err != nil {
			return meta{}, err
		}
	}
	err = e.each([]byte{kindMeta, 'n'}, func(key, value []byte) error {
		if len(value) != 4 {
			return errors.New("embedded: the number of a namespace is damaged")
		}
		s := b.spaceByID(binary.BigEndian.Uint32(value))
		if s == nil {
			s = newSpace(b, string(key[2:]), binary.BigEndian.Uint32(value))
			b.adopt([]*space{s})
		}
		return s.load(e)
	})
	if err != nil {
		return meta{}, err
	}
	return reached, e.each([]byte{kindEpoch}, func(key, value []byte) error {
		id, at, err := parseEpoch(key, value)
		b.epochs.set(id, at)
		return err
	})
}

// each calls f for all that a prefix begins.
func (e *engine) each(prefix []byte, f func(key, value []byte) error) error {
	it, err := e.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return fmt.Errorf("embedded: read: %w", err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		if err := f(it.Key(), it.Value()); err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return it.Close()
}

// adopt makes namespaces known.
func (b *Backend) adopt(spaces []*space) {
	if len(spaces) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range spaces {
		b.spaces[s.name], b.byID[s.id] = s, s
	}
}

func (b *Backend) spaceByID(id uint32) *space {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byID[id]
}

// Space returns a namespace's place, making it if need be. The quota counts for
// all who hold it.
func (b *Backend) Space(ctx context.Context, name string, q sessionstore.Quota) (sessionstore.Space, error) {
	if name == "" || len(name) > 64 {
		return nil, errors.New("embedded: the name of a namespace has 1 to 64 letters")
	}
	known := func() *space {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.spaces[name]
	}
	s := known()
	if s == nil {
		err := b.do(ctx, &job{alone: true, done: make(chan struct{}), act: func(x *batch) error {
			if known() != nil {
				return nil
			}
			b.mu.Lock()
			id := uint32(len(b.byID)) + 1
			b.mu.Unlock()
			x.set(nameKey(name), binary.BigEndian.AppendUint32(nil, id))
			x.spaces = append(x.spaces, newSpace(b, name, id))
			return nil
		}})
		if err != nil {
			return nil, err
		}
		s = known()
	}
	s.quota.Store(&q)
	return s, nil
}

// Probe writes, has it synced, and reads it from the engine.
func (b *Backend) Probe(ctx context.Context) error {
	var wrote []byte
	err := b.do(ctx, &job{done: make(chan struct{}), act: func(x *batch) error {
		wrote = binary.BigEndian.AppendUint64(nil, b.version.Add(1))
		x.set(probeKey, wrote)
		return nil
	}})
	if err != nil {
		return err
	}
	read, err := b.read(probeKey)
	if err != nil {
		return err
	}
	// Another probe may have written since, never an older one.
	if len(read) != 8 || bytes.Compare(read, wrote) < 0 {
		return errors.New("embedded: the probe did not read what it wrote")
	}
	return nil
}

// Guarantees says what holds.
func (b *Backend) Guarantees() []string {
	durable := "what was answered is on the disk of this machine: the end of the process or of the machine takes nothing back"
	if b.NoSync {
		durable = "NOT synced: the end of the process or of the machine can take back what was answered last"
	}
	return []string{
		durable,
		"linearizable: every operation happens at one moment between its call and its answer, also for several rows at once",
		"a change of id is atomic",
		"a revocation counts from its answer on, for reads and for writes that are under way",
		"time and versions never go back, also over a restart with a clock that was set back",
		"one machine: nothing is replicated",
	}
}

// Close ends what runs, writes what waits, and gives the folder free.
func (b *Backend) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	b.queue.mu.Lock()
	b.queue.closed = true
	b.queue.mu.Unlock()
	close(b.ending)
	b.housework.Wait()
	<-b.committed
	b.away.Store(true)
	if b.opening != nil {
		b.opening.engine.fail(errors.New("closed"))
	}
	b.opened.Lock()
	defer b.opened.Unlock()
	e := b.engine
	b.engine = nil
	if e.ended {
		return b.lock.Close()
	}
	return errors.Join(e.close(), b.lock.Close())
}

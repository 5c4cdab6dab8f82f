// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// engine is one opening of the folder by pebble. Pebble cannot go on after an error
// of its log or its list of files, and what it shows after that may not be on the
// disk. The engine is then marked as failed, writes no more (see fence), and is
// exchanged for another one.
type engine struct {
	db     *pebble.DB
	log    *slog.Logger
	failed atomic.Pointer[error]
	// failing is closed when it has failed.
	failing chan struct{}
	onFail  func()
	ended   bool // under Backend.opened: nothing is read from it any more
	// troubles counts flushes and compactions that failed.
	troubles atomic.Int64
}

// Values are not kept apart from keys (pebble's ValueSeparationPolicy), which would
// halve what compaction writes: that is an experiment in this version of pebble.
const (
	memTable    = 64 << 20
	memTables   = 4
	blockSize   = 8 << 10
	closingTime = 5 * time.Second
)

func newEngine(log *slog.Logger, onFail func()) *engine {
	return &engine{log: log, failing: make(chan struct{}), onFail: onFail}
}

// open opens the folder. While the disk is full that may last until it is not:
// pebble brings the log's content into tables first, and tries for ever. After fail
// it is of no consequence.
func (e *engine) open(fs vfs.FS, dir string, blocks int64) (err error) {
	o := &pebble.Options{
		FS:                          &fence{FS: fs, e: e},
		Logger:                      e,
		CacheSize:                   blocks + memTables*memTable, // pebble takes its tables in memory out of it
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                memTable,
		MemTableStopWritesThreshold: memTables,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       100,
		LBaseMaxBytes:               256 << 20,
		MaxOpenFiles:                4096,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 2 },
		EventListener: &pebble.EventListener{
			BackgroundError: e.background,
			DataCorruption:  func(i pebble.DataCorruptionInfo) { e.fail(fmt.Errorf("damaged file: %v", i.Details)) },
		},
	}
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	for i := range o.Levels {
		o.Levels[i].BlockSize = blockSize
		o.Levels[i].IndexBlockSize = 32 << 10
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	o.TargetFileSizes[0] = 16 << 20
	defer func() {
		if p := recover(); p != nil {
			e.fail(fmt.Errorf("%v", p))
			err = e.broken()
		}
	}()
	if e.db, err = pebble.Open(dir, o); err == nil {
		if err = e.broken(); err != nil {
			err = errors.Join(err, e.close())
		}
	}
	if err != nil {
		return fmt.Errorf("embedded: open the session data in %s: %w", dir, err)
	}
	return nil
}

// Infof drops what pebble tells of its flushes and compactions.
func (e *engine) Infof(string, ...any) {}

// Errorf logs what pebble could not do.
func (e *engine) Errorf(format string, args ...any) {
	e.log.Error("session storage engine", "detail", fmt.Sprintf(format, args...))
}

// Fatalf takes the engine out of use. Pebble expects it not to return, but goes
// on with an error where it does.
func (e *engine) Fatalf(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	for _, a := range args {
		if cause, ok := a.(error); ok {
			err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), cause)
		}
	}
	e.fail(err)
}

// background is told of flushes and compactions that failed. Pebble tries again at
// once, for ever.
func (e *engine) background(err error) {
	if n := e.troubles.Add(1); e.failed.Load() == nil && n&(n-1) == 0 { // ever more rarely
		e.log.Error("session storage engine, in the background", "err", err.Error(), "times", n)
	}
	time.Sleep(100 * time.Millisecond)
}

func (e *engine) fail(err error) {
	if e.failed.CompareAndSwap(nil, &err) {
		e.log.Error("session storage engine failed and is opened anew", "err", err.Error())
		close(e.failing)
		e.onFail()
	}
}

func (e *engine) broken() error {
	if p := e.failed.Load(); p != nil {
		return *p
	}
	return nil
}

// guard runs f, which uses the database, and gives back a panic of it as the
// engine's failure.
func (e *engine) guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			cause, ok := p.(error)
			if !ok {
				cause = fmt.Errorf("%v", p)
			}
			e.fail(cause)
			err = cause
		}
	}()
	if err = f(); err != nil {
		return err
	}
	return e.broken()
}

// commit writes a batch. Without an error it is on the disk, if sync is true.
func (e *engine) commit(b *pebble.Batch, sync bool) error {
	return e.guard(func() error { return b.Commit(&pebble.WriteOptions{Sync: sync}) })
}

// flush brings what is in memory into tables.
func (e *engine) flush() error {
	return e.guard(func() error {
		done, err := e.db.AsyncFlush()
		if err != nil {
			return err
		}
		select {
		case <-done:
			return nil
		case <-e.failing:
			return e.broken()
		}
	})
}

// compact gives the room back that deleted keys of a range took. Files that hold
// nothing else go without being read. In a failed engine pebble may wait for ever.
func (e *engine) compact(ctx context.Context, from, to []byte) error {
	if err := e.flush(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- e.guard(func() error { return e.db.Compact(ctx, from, to, false) }) }()
	select {
	case err := <-done:
		return err
	case <-e.failing:
		return e.broken()
	}
}

// get returns a copy of a key's value, or nil.
func (e *engine) get(key []byte) ([]byte, error) {
	v, closer, err := e.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("embedded: read: %w", err)
	}
	defer closer.Close()
	return append(make([]byte, 0, len(v)), v...), nil
}

// close ends the engine. A failed one may hold locks for ever: it is left behind
// after a while, behind its fence.
func (e *engine) close() error {
	if e.failed.Load() == nil {
		return e.guard(e.db.Close)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = e.guard(e.db.Close)
	}()
	select {
	case <-done:
	case <-time.After(closingTime):
		e.log.Error("a failed session storage engine does not end; its memory is not given back")
	}
	return nil
}

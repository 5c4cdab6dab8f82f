// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"portreeve.org/portreeve/internal/sessionstore"
)

const (
	// reopenPause lies between two tries to open the folder anew.
	reopenPause = time.Second
	// reopenTime is how long writes wait for it before they are told.
	reopenTime = 2 * time.Second
)

// opening is an engine that is being opened.
type opening struct {
	engine *engine
	done   chan error
}

func (b *Backend) open() *opening {
	o := &opening{engine: newEngine(b.Log, b.queue.rouse), done: make(chan error, 1)}
	go func() {
		o.done <- o.engine.open(b.fs, b.Dir, b.CacheBytes/4)
		b.queue.rouse()
	}()
	return o
}

// reopen exchanges a failed engine, and reports whether that went well within the
// time that it may wait. Until it does, rows that lie in the cache can be read; all
// else is refused. The committer alone calls it.
func (b *Backend) reopen(wait time.Duration) bool {
	b.away.Store(true)
	if b.opening == nil {
		b.opened.Lock()
		ended := b.engine.ended
		b.engine.ended = true
		b.opened.Unlock()
		if !ended {
			_ = b.engine.close()
		}
		b.opening = b.open()
	}
	var err error
	select {
	case err = <-b.opening.done:
	case <-b.ending:
		return false
	case <-time.After(wait):
		return false
	}
	e := b.opening.engine
	b.opening = nil
	if err == nil {
		err = b.exchange(e)
	}
	if err != nil {
		b.Log.Error("the session storage cannot be opened; it is tried again", "err", err.Error())
		select {
		case <-b.ending:
		case <-time.After(min(reopenPause, wait)):
		}
		b.queue.rouse()
		return false
	}
	b.figures.reopened.Add(1)
	b.away.Store(false)
	b.sweepSoon()
	b.Log.Info("the session storage is open again")
	return true
}

// exchange shows another engine to readers, with what belongs to it, at one moment.
func (b *Backend) exchange(e *engine) error {
	b.opened.Lock()
	defer b.opened.Unlock()
	b.cache.reset()
	defer b.cache.release()
	reached, err := b.load(e)
	if err != nil {
		_ = e.close()
		return err
	}
	b.engine, b.reached = e, reached
	return nil
}

// outcome tells what became of a batch whose commit failed: nil if it is on the
// disk all the same, ErrFull if it is not because there is no room, else that
// nobody knows.
func (b *Backend) outcome(x *batch, err error) error {
	b.Log.Error("session writes failed", "rows", len(x.order), "err", err.Error())
	if !b.reopen(reopenTime) {
		return errAway()
	}
	if b.reached.version >= x.reached.version {
		return nil
	}
	if vfs.IsNoSpaceError(err) {
		return sessionstore.ErrFull
	}
	return errAway()
}

// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"portreeve.org/portreeve/internal/sessionstore"
)

// reopenPause lies between two tries to open the folder anew.
const reopenPause = time.Second

// reopen exchanges a failed engine, and reports whether that went well. Until it
// does, rows that lie in the cache can be read; all else is refused. The committer
// alone calls it.
func (b *Backend) reopen() bool {
	b.away.Store(true)
	b.opened.Lock()
	ended := b.engine.ended
	b.engine.ended = true
	b.opened.Unlock()
	if !ended {
		_ = b.engine.close()
	}
	e, err := b.openEngine()
	if err == nil {
		err = b.exchange(e)
	}
	if err != nil {
		b.Log.Error("the session storage cannot be opened; it is tried again", "err", err)
		time.AfterFunc(reopenPause, b.queue.rouse)
		return false
	}
	b.figures.reopened.Add(1)
	b.away.Store(false)
	b.sweepSoon()
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
	b.Log.Error("session writes failed", "changes", len(x.order), "err", err)
	if !b.reopen() {
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

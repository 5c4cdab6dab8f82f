// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
)

// fullDisk is a file system on which, while it is full, nothing can be written; it
// has room again when the ballast is removed, if there is one.
type fullDisk struct {
	full    atomic.Bool
	ballast bool
}

func (d *fullDisk) fs(inner vfs.FS) vfs.FS {
	return errorfs.Wrap(inner, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpRemove && path.Base(op.Path) == "ballast" && d.ballast {
			d.full.Store(false)
		}
		switch op.Kind {
		case errorfs.OpFileWrite, errorfs.OpFileWriteAt, errorfs.OpFilePreallocate, errorfs.OpCreate:
			if d.full.Load() {
				return &os.PathError{Op: "write", Path: op.Path, Err: syscall.ENOSPC}
			}
		}
		return nil
	}))
}

func TestFullDiskTakesEndsOfSessions(t *testing.T) {
	d := &fullDisk{ballast: true}
	b := open(t, d.fs(vfs.NewMem()), newWall())
	s := storetest.Store(t, b, storetest.Namespace("a"))
	for i := range 10 {
		if _, _, err := s.Set(t.Context(), fmt.Append(nil, i), sessionstore.Write{Owner: fmt.Sprint("owner", i), Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
	}
	d.full.Store(true)
	set(t, s, "the write that finds the disk full", "has the ballast's room")
	if !b.Figures().Full || b.Pressure() != sessionstore.Critical {
		t.Error("nobody is told that the disk is full")
	}
	if _, _, err := s.Set(t.Context(), []byte("1"), sessionstore.Write{Value: []byte("w")}); !errors.Is(err, sessionstore.ErrFull) {
		t.Errorf("a write to a full disk was answered %v", err)
	}
	if err := s.Delete(t.Context(), []byte("1"), nil); err != nil || value(t, s, "1") != "" {
		t.Errorf("a session is not ended on a full disk: %v", err)
	}
	if n, err := s.Revoke(t.Context(), "owner2", b.clock.now()); err != nil || n != 1 || value(t, s, "2") != "" {
		t.Errorf("an owner is not revoked on a full disk: %d, %v", n, err)
	}
	if value(t, s, "3") != "v" || b.Probe(t.Context()) != nil {
		t.Error("a full disk keeps from reading")
	}
	b.disk.restore()
	if b.Figures().Full {
		t.Fatal("there is room again, and nobody is told")
	}
	set(t, s, "1", "w")
}

func TestWithoutBallastTheEngineIsOpenedAnew(t *testing.T) {
	d := &fullDisk{}
	fs, w, keys := vfs.NewMem(), newWall(), storetest.Keyring(t)
	b := open(t, d.fs(fs), w)
	s := storetest.StoreWith(t, b, storetest.Namespace("a"), keys)
	set(t, s, "one", "1")
	d.full.Store(true)
	_, _, err := s.Set(t.Context(), []byte("two"), sessionstore.Write{Value: []byte("2")})
	if fault.From(err).Kind != fault.Unavailable {
		t.Errorf("a write that failed was answered %v", err)
	}
	if value(t, s, "one") != "1" {
		t.Error("what is in memory is not read while the disk is away")
	}
	if err := b.Probe(t.Context()); err == nil {
		t.Error("the probe finds nothing wrong")
	}
	d.full.Store(false)
	for b.Figures().Away {
		b.queue.rouse()
		time.Sleep(time.Millisecond)
	}
	if got := value(t, s, "one") + value(t, s, "two"); got != "1" {
		t.Errorf("after the failure the values are %q", got)
	}
	b.disk.restore()
	set(t, s, "two", "2")
	if value(t, s, "two") != "2" {
		t.Error("nothing is written after the failure")
	}
}

// TestEveryFailingWriteToTheDisk lets one write after the other fail, for want of
// room and otherwise, and looks whether what was answered holds.
func TestEveryFailingWriteToTheDisk(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EIO} {
		for at := int64(1); ; at += 1 + at/20 {
			if !failAt(t, at, cause) {
				if at < 20 {
					t.Errorf("only %d writes to the disk were seen", at)
				}
				break
			}
		}
	}
}

// failAt reports whether there was an at-th write.
func failAt(t *testing.T, at int64, cause error) (hit bool) {
	var n atomic.Int64
	var armed atomic.Bool
	mem, w, keys := vfs.NewCrashableMem(), newWall(), storetest.Keyring(t)
	fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if !armed.Load() || op.Kind.ReadOrWrite() != errorfs.OpIsWrite || op.Kind == errorfs.OpFileClose {
			return nil
		}
		if n.Add(1) == at {
			return &os.PathError{Op: "write", Path: op.Path, Err: cause}
		}
		return nil
	}))
	b := open(t, fs, w)
	s := storetest.StoreWith(t, b, storetest.Namespace("a"), keys)
	armed.Store(true)
	want, unsure := map[string]string{}, map[string]bool{}
	for i := range 40 {
		id, val := fmt.Sprint(i%7), fmt.Sprint(i)+strings.Repeat("v", 1000)
		_, _, err := s.Set(t.Context(), []byte(id), sessionstore.Write{Value: []byte(val)})
		switch {
		case err == nil:
			want[id] = val
			delete(unsure, id)
		case errors.Is(err, sessionstore.ErrFull):
		default:
			unsure[id] = true
		}
		if i == 20 {
			_ = b.engine.flush() // its files are written, too
		}
		for b.away.Load() {
			b.queue.rouse()
			time.Sleep(time.Millisecond)
		}
	}
	crashed := mem.CrashClone(vfs.CrashCloneCfg{})
	for _, fs := range []vfs.FS{nil, crashed} {
		if fs != nil {
			s = storetest.StoreWith(t, open(t, fs, w), storetest.Namespace("a"), keys)
		}
		for id, val := range want {
			if got := value(t, s, id); got != val && !unsure[id] {
				t.Errorf("%v at write %d (crashed: %v): session %s is %.4q, want %.4q", cause, at, fs != nil, id, got, val)
			}
		}
	}
	return n.Load() >= at
}

func TestASecondProcessIsRefused(t *testing.T) {
	fs, w := vfs.NewMem(), newWall()
	open(t, fs, w)
	_, err := Open(t.Context(), Config{Dir: "data", FS: fs, Clock: w.Now, Elapsed: still})
	if err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("opened twice: %v", err)
	}
}

func TestTheClockIsSetBack(t *testing.T) {
	fs, w, keys := vfs.NewMem(), newWall(), storetest.Keyring(t)
	elapsed := time.Duration(0)
	opened := func() (*Backend, *sessionstore.Store) {
		b, err := Open(t.Context(), Config{Dir: "data", FS: fs, Clock: w.Now, Elapsed: func() time.Duration { return elapsed }})
		if err != nil {
			t.Fatal(err)
		}
		return b, storetest.StoreWith(t, b, storetest.Namespace("a"), keys)
	}
	b, s := opened()
	short := sessionstore.Write{Value: []byte("v")}
	short.TTL = time.Minute
	if _, _, err := s.Set(t.Context(), []byte("short"), short); err != nil {
		t.Fatal(err)
	}
	set(t, s, "long", "v")
	w.move(2 * time.Minute)
	set(t, s, "later", "v") // the time that was reached is stored with it
	old, err := s.Get(t.Context(), []byte("later"))
	if err != nil {
		t.Fatal(err)
	}
	w.move(-time.Hour)
	for range 2 {
		if value(t, s, "short") != "" || value(t, s, "long") != "v" {
			t.Error("a clock that was set back brings back what expired, or ends what lives")
		}
		if skew := b.Figures().Skew; skew < time.Hour {
			t.Errorf("the skew of an hour is told as %v", skew)
		}
		set(t, s, "later", "w")
		if now, _ := s.Get(t.Context(), []byte("later")); now.Version <= old.Version {
			t.Error("a version came back")
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		b, s = opened()
	}
	elapsed += 25 * time.Hour // time goes on although the clock does not
	if value(t, s, "long") != "" {
		t.Error("nothing expires while the clock lies behind")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestWhoGivesUpWaitingLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &job{done: make(chan struct{})}
		j.stage.Store(weighing)
		go func() {
			time.Sleep(5 * time.Millisecond)
			j.err = errAway()
			close(j.done)
		}()
		if err := j.leave(t.Context()); err == nil || !errors.Is(err, j.err) {
			t.Errorf("a job whose Next was being called was left: %v", err)
		}
	})
}

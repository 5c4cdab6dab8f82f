// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"portreeve.org/portreeve/internal/sessionstore"
)

// disk watches what is left of the disk and of memory, and keeps the ballast.
type disk struct {
	b       *Backend
	ballast string
	mu      sync.Mutex // of the ballast
	there   bool
	// full says that the disk had no more room and the ballast was given up: from
	// then until it is back, nothing is taken but ends of sessions.
	full     atomic.Bool
	disk     atomic.Int32 // sessionstore.Pressure by the disk
	memory   atomic.Int32 // by memory
	free     atomic.Uint64
	total    atomic.Uint64
	resident atomic.Int64
	limit    int64
}

const (
	watchPause = time.Second
	// slack is how far above a watermark the free share must be for its level to end.
	slack = 0.01
	// Shares of the memory limit at which levels begin. Emptying namespaces frees no
	// memory here, so that memory alone never asks for it.
	memoryShort    = 0.90
	memoryCritical = 0.97
	// idle is after how long without a write the time that was reached is noted.
	idle = 10 * time.Second
	// maxSkew is a difference of clocks that is told.
	maxSkew = time.Minute
)

func (d *disk) init(b *Backend) {
	d.b, d.ballast, d.limit = b, b.FS.PathJoin(b.Dir, "ballast"), b.MemoryLimit
	if d.limit == 0 {
		d.limit = groupLimit(os.ReadFile)
	}
	_, err := b.FS.Stat(d.ballast)
	d.there = err == nil
	d.look()
	if b.Ballast == 0 {
		b.Ballast = DefaultBallast
		if d.known() {
			b.Ballast = min(b.Ballast, int64(d.total.Load()/20))
		}
	}
}

// giveUp makes room when a write found none; the write is tried again then.
func (d *disk) giveUp() {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.full.Swap(true)
	err := d.b.FS.Remove(d.ballast)
	d.there = false
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		d.b.Log.Error("the disk is full and the ballast cannot be removed", "err", err)
		return
	}
	if was {
		return
	}
	d.b.Log.Error("the disk is full: only ends of sessions are taken until there is room again")
}

// restore puts the ballast back, and ends the time of a full disk, if there is room
// for more than it.
func (d *disk) restore() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.there && d.b.Ballast > 0 {
		spare := d.b.Watermarks.Critical + slack
		if d.known() && float64(d.free.Load()) < float64(d.b.Ballast)+spare*float64(d.total.Load()) {
			return
		}
		if err := d.write(); err != nil {
			_ = d.b.FS.Remove(d.ballast + ".new")
			return
		}
		d.there = true
	}
	if d.full.Load() && d.by() < sessionstore.Critical {
		d.full.Store(false)
		d.b.Log.Info("there is room on the disk again")
	}
}

func (d *disk) write() error {
	half := d.ballast + ".new"
	f, err := d.b.FS.Create(half, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("make the ballast: %w", err)
	}
	if err := f.Preallocate(0, d.b.Ballast); err != nil {
		return errors.Join(fmt.Errorf("make the ballast: %w", err), f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return d.b.FS.Rename(half, d.ballast)
}

func (d *disk) known() bool { return d.total.Load() > 0 }

// look measures.
func (d *disk) look() {
	if u, err := d.b.FS.GetDiskUsage(d.b.Dir); err == nil && u.TotalBytes > 0 {
		d.total.Store(u.TotalBytes)
		d.free.Store(u.AvailBytes)
		d.disk.Store(int32(d.b.Watermarks.level(float64(u.AvailBytes)/float64(u.TotalBytes), sessionstore.Pressure(d.disk.Load()))))
	}
	d.resident.Store(resident(os.ReadFile))
	d.memory.Store(int32(memoryLevel(d.resident.Load(), d.limit)))
}

// level returns the pressure at a free share; was is the one so far.
func (w Watermarks) level(free float64, was sessionstore.Pressure) sessionstore.Pressure {
	marks := []float64{w.Short, w.Shedding, w.Critical}
	level := sessionstore.Calm
	for i, mark := range marks {
		l := sessionstore.Pressure(i + 1)
		if free < mark || was >= l && free < mark+slack {
			level = l
		}
	}
	return level
}

func memoryLevel(resident, limit int64) sessionstore.Pressure {
	switch share := float64(resident) / float64(limit); {
	case limit <= 0 || share < memoryShort:
		return sessionstore.Calm
	case share < memoryCritical:
		return sessionstore.Short
	default:
		return sessionstore.Critical
	}
}

// by returns the disk's pressure.
func (d *disk) by() sessionstore.Pressure { return sessionstore.Pressure(d.disk.Load()) }

// Pressure tells what runs short, disk or memory.
func (b *Backend) Pressure() sessionstore.Pressure {
	if b.disk.full.Load() {
		return sessionstore.Critical
	}
	return sessionstore.Pressure(max(b.disk.disk.Load(), b.disk.memory.Load()))
}

// Shed says which namespaces are emptied when the disk falls below the watermark
// Shedding. The last call counts.
func (b *Backend) Shed(names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.shed)
	for _, name := range names {
		b.shed[name] = true
	}
}

// watch is the life of who looks after disk, memory and clock.
func (b *Backend) watch() {
	defer b.housework.Done()
	var batches int64
	wrote := b.Elapsed()
	for skewed := false; b.pause(watchPause); {
		b.look()
		if n := b.figures.batches.Load(); n != batches {
			batches, wrote = n, b.Elapsed()
		} else if b.Elapsed()-wrote > idle {
			b.log("note the time", b.Probe(context.Background()))
		}
		if is := b.clock.skew() > maxSkew; is != skewed {
			skewed = is
			b.Log.Warn("the clock was set back or put right; sessions keep to the time that was reached", "behind", b.clock.skew())
		}
	}
}

// look measures, and does what the result asks for.
func (b *Backend) look() {
	b.disk.look()
	b.disk.restore()
	b.cache.resize(b.budget())
	if b.disk.by() >= sessionstore.Shedding || b.disk.full.Load() {
		b.empty()
	}
}

// budget is what rows may take of memory: half when memory runs short.
func (b *Backend) budget() int64 {
	all := b.CacheBytes * 3 / 4
	if b.disk.memory.Load() > 0 {
		return all / 2
	}
	return all
}

// empty drops the namespaces that are shed first.
func (b *Backend) empty() {
	b.mu.Lock()
	var all []*space
	for name := range b.shed {
		if s := b.spaces[name]; s != nil && s.rows.Load() > 0 {
			all = append(all, s)
		}
	}
	b.mu.Unlock()
	for _, s := range all {
		b.Log.Error("the disk runs short: a namespace is emptied", "namespace", s.name, "rows", s.rows.Load())
		b.log("empty a namespace", s.Drop(context.Background()))
		b.figures.shed.Add(1)
	}
}

// groupLimit returns what the process's control group may use, or 0.
func groupLimit(read func(string) ([]byte, error)) int64 {
	names := []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}
	own, _ := read("/proc/self/cgroup")
	for line := range strings.Lines(string(own)) {
		if group, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			names = append(names, path.Join("/sys/fs/cgroup", group, "memory.max"))
		}
	}
	limit := int64(0)
	for _, name := range names {
		text, err := read(name)
		if err != nil {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err == nil && n > 0 && n < 1<<60 && (limit == 0 || n < limit) { // more is how the older groups say none
			limit = n
		}
	}
	return limit
}

// resident returns the process's memory, or 0 where nobody tells.
func resident(read func(string) ([]byte, error)) int64 {
	text, err := read("/proc/self/statm")
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0
	}
	n, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return n * int64(os.Getpagesize())
}

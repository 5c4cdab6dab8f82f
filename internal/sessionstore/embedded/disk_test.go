// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
)

// sized is a file system that tells how much of it is free.
type sized struct {
	vfs.FS
	free uint64 // of 1000 MiB
}

func (s *sized) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{TotalBytes: 1000 << 20, AvailBytes: s.free << 20}, nil
}

func TestWatermarks(t *testing.T) {
	w := DefaultWatermarks()
	level := sessionstore.Calm
	for _, step := range []struct {
		free float64
		want sessionstore.Pressure
	}{
		{0.5, sessionstore.Calm}, {0.149, sessionstore.Short}, {0.155, sessionstore.Short}, {0.17, sessionstore.Calm},
		{0.09, sessionstore.Shedding}, {0.105, sessionstore.Shedding}, {0.12, sessionstore.Short}, {0.01, sessionstore.Critical}, {0.055, sessionstore.Critical}, {1, sessionstore.Calm},
	} {
		if level = w.level(step.free, level); level != step.want {
			t.Errorf("at %g free the level is %d, want %d", step.free, level, step.want)
		}
	}
	for _, bad := range []Watermarks{{Short: 0.1, Shedding: 0.2}, {Short: 1.5}, {Short: 0.3, Shedding: 0.2, Critical: 0.25}} {
		if _, err := (Config{Dir: "d", Clock: newWall().Now, Watermarks: bad}).completed(); err == nil {
			t.Errorf("watermarks %+v were taken", bad)
		}
	}
}

func TestShortDiskEmptiesWhatIsShedFirst(t *testing.T) {
	disk := &sized{FS: vfs.NewMem(), free: 500}
	b, keys := open(t, disk, newWall()), storetest.Keyring(t)
	anonymous := storetest.StoreWith(t, b, storetest.Namespace("anonymous"), keys)
	people := storetest.StoreWith(t, b, storetest.Namespace("people"), keys)
	set(t, anonymous, "id", "v")
	set(t, people, "id", "v")
	b.Shed([]string{"anonymous", "unknown"})
	for _, step := range []struct {
		free  uint64
		level sessionstore.Pressure
		there string
	}{{500, sessionstore.Calm, "v"}, {140, sessionstore.Short, "v"}, {90, sessionstore.Shedding, ""}} {
		disk.free = step.free
		b.look()
		if b.Pressure() != step.level || value(t, anonymous, "id") != step.there || value(t, people, "id") != "v" {
			t.Errorf("with %d of 1000 free the level is %d, and anonymous sessions are %q", step.free, b.Pressure(), value(t, anonymous, "id"))
		}
	}
	if b.Figures().Emptied != 1 {
		t.Error("nobody is told that a namespace was emptied")
	}
}

func TestMemoryLimits(t *testing.T) {
	for _, c := range []struct {
		resident, limit int64
		want            sessionstore.Pressure
	}{{1 << 40, 0, sessionstore.Calm}, {89, 100, sessionstore.Calm}, {91, 100, sessionstore.Short}, {98, 100, sessionstore.Critical}} {
		if got := memoryLevel(c.resident, c.limit); got != c.want {
			t.Errorf("%d of %d is level %d, want %d", c.resident, c.limit, got, c.want)
		}
	}
	files := func(name, text string) func(string) ([]byte, error) {
		return func(asked string) ([]byte, error) {
			if asked == name {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		}
	}
	for text, want := range map[string]int64{"1048576\n": 1 << 20, "max\n": 0, "9223372036854771712\n": 0, "x": 0} {
		for _, name := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
			if got := groupLimit(files(name, text)); got != want {
				t.Errorf("%s says %q: limit %d, want %d", name, text, got, want)
			}
		}
	}
	nested := func(name string) ([]byte, error) {
		return map[string][]byte{
			"/proc/self/cgroup": []byte("0::/system.slice/store.service\n"), "/sys/fs/cgroup/memory.max": []byte("max\n"),
			"/sys/fs/cgroup/system.slice/store.service/memory.max": []byte("4096\n"),
		}[name], nil
	}
	if got := groupLimit(nested); got != 4096 {
		t.Errorf("the limit of a service is read as %d", got)
	}
	if resident(files("/proc/self/statm", "10 5 1")) <= 0 || resident(files("other", "")) != 0 {
		t.Error("the process's memory is not read")
	}
}

func TestARowThatIsAskedForStays(t *testing.T) {
	c := newCache(shards * 10 * (slotCost + 100))
	at := func(i int) place { return place{1, benchKey(uint64(i))} }
	keep := func(i int, val []byte, pinned bool) {
		p := at(i)
		c.part(&p).put(p, val, pinned)
	}
	found := func(i int) bool {
		p := at(i)
		s := c.part(&p).lookup(&p)
		if s != nil {
			s.asked = true
		}
		return s != nil
	}
	keep(0, make([]byte, 100), false)
	keep(1, nil, true)
	for i := 2; i < 5000; i++ {
		found(0)
		keep(i, make([]byte, 100), false)
	}
	if !found(0) || !found(1) {
		t.Error("a row that is asked for, or one that is being written, gave way")
	}
	if bytes, _, _ := c.figures(); bytes > shards*10*(slotCost+100) || bytes < shards*5*(slotCost+100) {
		t.Errorf("the cache holds %d bytes", bytes)
	}
	p := at(3)
	part := c.part(&p)
	old := ticket{part.turn, part.life}
	part.remove(p)
	part.turn++
	part.fill(p, []byte("old"), old)
	if part.lookup(&p) != nil {
		t.Error("what was read before a write is kept after it")
	}
	part.life++
	if _, err := part.settle(p, []byte("old"), old); err == nil || errors.Is(err, sessionstore.ErrNotFound) {
		t.Errorf("what a failed engine showed is shown: %v", err)
	}
}

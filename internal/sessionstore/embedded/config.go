// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Config says where and how rows are kept. Dir and Clock are required.
type Config struct {
	Dir string
	// CacheBytes bounds rows and blocks in memory together; 0 = DefaultCache. Beside
	// it lie what was written last, 256 MiB at most, and what the collector has not
	// taken away yet.
	CacheBytes int64
	// NoSync answers before a write is on the disk. The end of the process or of
	// the machine can then take back what was answered last.
	NoSync     bool
	Watermarks Watermarks
	// Ballast is the size of a file that is given up when the disk is full, so that
	// sessions can still be ended; 0 = DefaultBallast or a twentieth of a small disk,
	// negative = none.
	Ballast int64
	// MemoryLimit is what the process may use, in bytes; 0 = what its control group
	// allows, or no limit.
	MemoryLimit int64
	// Clock is the wall clock.
	Clock func() time.Time
	// Elapsed is the time since some moment, which never goes back; nil = the
	// machine's. Tests with a Clock of their own set it.
	Elapsed func() time.Duration
	Log     *slog.Logger // nil = slog.Default
	FS      vfs.FS       // nil = the machine's
}

// Watermarks are shares of the disk that are still free, below which the levels of
// sessionstore.Pressure begin. The zero value is DefaultWatermarks.
type Watermarks struct {
	Short    float64
	Shedding float64
	Critical float64
}

// Defaults.
const (
	DefaultCache   = 512 << 20
	DefaultBallast = 256 << 20
)

// DefaultWatermarks returns 15, 10 and 5 percent.
func DefaultWatermarks() Watermarks { return Watermarks{Short: 0.15, Shedding: 0.10, Critical: 0.05} }

func (c Config) completed() (Config, error) {
	if c.Dir == "" || c.Clock == nil {
		return c, errors.New("embedded: a folder and a clock are required")
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = DefaultCache
	}
	if c.Watermarks == (Watermarks{}) {
		c.Watermarks = DefaultWatermarks()
	}
	if w := c.Watermarks; w.Critical < 0 || w.Shedding < w.Critical || w.Short < w.Shedding || w.Short >= 1 {
		return c, fmt.Errorf("embedded: the watermarks %g, %g, %g are not shares of the disk in falling order", w.Short, w.Shedding, w.Critical)
	}
	if c.Elapsed == nil {
		c.Elapsed = steady()
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.FS == nil {
		c.FS = vfs.Default
	}
	return c, nil
}

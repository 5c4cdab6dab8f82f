// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
)

// moving is a backend whose clock the suite moves.
type moving struct {
	*Backend
	wall *wall
}

func (m moving) Advance(d time.Duration) { m.wall.move(d) }

func TestConform(t *testing.T) {
	for name, fs := range map[string]func() vfs.FS{
		"fast": func() vfs.FS { return vfs.NewMem() },
		"slow": func() vfs.FS { return slowSync(vfs.NewMem()) },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Conform(t, func(t *testing.T) sessionstore.Backend {
				w := newWall()
				return moving{open(t, fs(), w), w}
			})
		})
	}
}

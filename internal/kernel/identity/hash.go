// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"

	"portreeve.org/portreeve/internal/kernel/fault"
)

// HashConfig says how passwords are hashed. The zero value of each field takes
// the default.
//
// The default cost is the second recommended option of RFC 9106 section 4
// (64 MiB, 3 passes, 4 lanes, 128-bit salt, 256-bit tag), which the RFC gives
// for machines that cannot spare 2 GiB per hash. Memory is what a storm of
// sign-ins could exhaust, so the number of hashes at work, and with it the
// memory (Parallel x MemoryKiB), is fixed, and so is the queue before them.
type HashConfig struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
	Parallel  int // hashes at work at once; default 2
	Queue     int // hashes waiting; default 64
}

func (c HashConfig) withDefaults() HashConfig {
	if c.MemoryKiB == 0 {
		c.MemoryKiB = 64 << 10
	}
	if c.Passes == 0 {
		c.Passes = 3
	}
	if c.Lanes == 0 {
		c.Lanes = 4
	}
	if c.Parallel <= 0 {
		c.Parallel = 2
	}
	if c.Queue <= 0 {
		c.Queue = 64
	}
	return c
}

// HashStats tells how busy the password queue is.
type HashStats struct {
	Running, Waiting         int
	PeakRunning, PeakWaiting int
	Done                     int64 // hashes finished
	Refused                  int64 // because the queue was full
}

// hasher hashes passwords a few at a time.
type hasher struct {
	params argon2id.Params
	slots  chan struct{}
	queue  int
	dummy  string // the hash of nothing anybody knows, for logins that do not exist

	mu    sync.Mutex
	stats HashStats
}

func newHasher(c HashConfig, random io.Reader) (*hasher, error) {
	c = c.withDefaults()
	h := &hasher{
		params: argon2id.Params{Memory: c.MemoryKiB, Iterations: c.Passes, Parallelism: c.Lanes, SaltLength: 16, KeyLength: 32},
		slots:  make(chan struct{}, c.Parallel), queue: c.Queue,
	}
	// Random bytes in the form of a hash: to compare with it costs what any
	// comparison costs, and no password is known to match. 19 is the version of
	// RFC 9106.
	drawn := make([]byte, h.params.SaltLength+h.params.KeyLength)
	if _, err := io.ReadFull(random, drawn); err != nil {
		return nil, fmt.Errorf("draw the dummy hash: %w", err)
	}
	encode := base64.RawStdEncoding.EncodeToString
	h.dummy = fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s",
		h.params.Memory, h.params.Iterations, h.params.Parallelism, encode(drawn[:16]), encode(drawn[16:]))
	return h, nil
}

// hash returns the hash of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	var hash string
	err := h.run(ctx, func() (err error) {
		hash, err = argon2id.CreateHash(password, &h.params)
		return err
	})
	return hash, err
}

// matches compares a password with a hash. An empty hash, of an account that
// does not exist or has no password, costs the same and never matches. weak
// says that the hash was made with another cost and should be renewed.
func (h *hasher) matches(ctx context.Context, password, hash string) (ok, weak bool, err error) {
	known := hash != ""
	if !known {
		hash = h.dummy
	}
	err = h.run(ctx, func() error {
		match, params, err := argon2id.CheckHash(password, hash)
		if err != nil {
			return fmt.Errorf("check password: %w", err)
		}
		ok, weak = match && known, *params != h.params
		return nil
	})
	return ok, weak, err
}

// run does one piece of hashing work when it is its turn. A full queue answers
// Limited at once, rather than letting requests pile up.
func (h *hasher) run(ctx context.Context, work func() error) error {
	if !h.enter() {
		return &fault.Error{
			Kind: fault.Limited, Code: "identity.busy", RetryAfter: 5 * time.Second,
			Message: "Many people are signing in at this moment. Wait a few seconds and try again.",
		}
	}
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		h.count(func(s *HashStats) { s.Waiting-- })
		return fmt.Errorf("wait for the password queue: %w", ctx.Err())
	}
	h.count(func(s *HashStats) {
		s.Waiting--
		s.Running++
		s.PeakRunning = max(s.PeakRunning, s.Running)
	})
	err := work()
	idle := false
	h.count(func(s *HashStats) {
		s.Running--
		s.Done++
		idle = s.Running == 0 && s.Waiting == 0
	})
	<-h.slots
	if idle && h.params.Memory >= 16<<10 {
		// Each hash leaves its memory as garbage, several times what the rest
		// of the server uses: give it back as soon as nobody waits.
		debug.FreeOSMemory()
	}
	return err
}

// enter takes a place in the queue, if there is one. Those at work have left it.
func (h *hasher) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stats.Waiting >= h.queue {
		h.stats.Refused++
		return false
	}
	h.stats.Waiting++
	h.stats.PeakWaiting = max(h.stats.PeakWaiting, h.stats.Waiting)
	return true
}

func (h *hasher) count(change func(*HashStats)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(&h.stats)
}

func (h *hasher) snapshot() HashStats {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stats
}

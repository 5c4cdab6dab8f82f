// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	healthKept = time.Second     // how long an answer of the backend counts
	healthTime = 2 * time.Second // how long the backend may take to give one
)

var errHealthTime = errors.New("the backend did not answer the probe in time")

// health asks the backend at most once a second, and one question at a time,
// however many ask and however long it hangs.
type health struct {
	probe func(context.Context) error
	mu    sync.Mutex
	asked time.Time
	last  *answer
}

// answer is a probe's outcome; err counts once done is closed.
type answer struct {
	done chan struct{}
	err  error
}

// ask returns what the backend said a moment ago, or says now.
func (h *health) ask(now time.Time) error {
	a := h.current(now)
	timer := time.NewTimer(healthTime)
	defer timer.Stop()
	select {
	case <-a.done:
		return a.err
	case <-timer.C:
		return errHealthTime
	}
}

// current returns the probe that counts, beginning one if the last is old. One that
// hangs is waited for, never joined by a second.
func (h *health) current(now time.Time) *answer {
	h.mu.Lock()
	defer h.mu.Unlock()
	if age := now.Sub(h.asked); h.last != nil && (!h.last.finished() || age >= 0 && age < healthKept) {
		return h.last
	}
	a := &answer{done: make(chan struct{})}
	h.last, h.asked = a, now
	go func() {
		defer close(a.done)
		defer func() {
			if recover() != nil {
				a.err = errors.New("the probe of the backend panicked")
			}
		}()
		ctx, cancel := context.WithTimeout(context.Background(), healthTime)
		defer cancel()
		a.err = h.probe(ctx)
	}()
	return a
}

func (a *answer) finished() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

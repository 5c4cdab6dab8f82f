// SPDX-License-Identifier: Apache-2.0

// Package staged holds a control of the session store that is not on yet by an
// acceptance in Portreeve that ends: the way into production in stages that
// Wikimedia's task "Security model for session storage service" spoke of in 2019
// ("We may move to production (with 1 & 2), and followup with 3 later"), with an end.
//
// Portreeve's gate is asked once a minute whether the control may be left out.
// Its answer is a signed note, so that nobody between the two can say "allow". A
// denial counts at once. While Portreeve is away the last allow counts for a day
// at most, because sessions must not end with the office's web server; it never
// counts beyond the day that the configuration names.
package staged

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"portreeve.org/portreeve/internal/kernel/durable"
	"portreeve.org/portreeve/internal/kernel/gate"
)

// Action is what the gate is asked for.
const Action = "omit-control"

// Period is how often the gate is asked.
const Period = time.Minute

// Grace is how long an allow counts while Portreeve does not answer.
const Grace = 24 * time.Hour

// Control is a control that is not on yet.
type Control struct {
	Name    string    // such as client_authentication
	Subject string    // what the acceptance is about, kind:name
	Until   time.Time // the allow counts no longer, whatever the gate says
}

// Ask asks Portreeve's gate and returns the signed answer as it came.
type Ask func(ctx context.Context, subject, action string) (note []byte, err error)

// Config is what a [Watch] needs.
type Config struct {
	Controls []Control
	Ask      Ask
	Key      string // verifier key of the gate's answers, in note format
	File     string // where the last answers are kept over a restart
	Now      func() time.Time
	Log      *slog.Logger
}

// Watch knows which controls may be left out. It is safe for use by many goroutines.
type Watch struct {
	Config
	mu     sync.Mutex
	notes  map[string]string // by control: the last answer
	answer map[string]gate.Verdict
	wake   chan struct{}
}

// New returns a watch with the answers of an earlier process, if there are any
// that the key signed. Nothing is held before the gate has answered once.
func New(c Config) (*Watch, error) {
	w := &Watch{Config: c, notes: map[string]string{}, answer: map[string]gate.Verdict{}, wake: make(chan struct{}, 1)}
	b, err := os.ReadFile(c.File)
	if os.IsNotExist(err) {
		return w, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the answers of the gate: %w", err)
	}
	kept := map[string]string{}
	if err := json.Unmarshal(b, &kept); err != nil {
		c.Log.Warn("the answers of the gate that were kept cannot be read; it is asked anew", "error", err)
		return w, nil
	}
	for _, control := range c.Controls {
		v, err := w.verify(control, []byte(kept[control.Name]))
		if err == nil {
			w.notes[control.Name], w.answer[control.Name] = kept[control.Name], v
		}
	}
	return w, nil
}

// verify returns what a note says about a control. How long it counts is judged
// later: a note is kept beyond its own end.
func (w *Watch) verify(c Control, note []byte) (gate.Verdict, error) {
	v, err := gate.VerifyNote(note, w.Key, time.Time{})
	if err != nil {
		return v, err
	}
	if v.Subject != c.Subject || v.Action != Action {
		return v, fmt.Errorf("the gate answered about %s %s, not about %s %s", v.Subject, v.Action, c.Subject, Action)
	}
	return v, nil
}

// Run asks the gate until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	t := time.NewTicker(Period)
	defer t.Stop()
	for {
		w.Refresh(ctx)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		case <-w.wake:
		}
	}
}

// Wake lets Run ask the gate now.
func (w *Watch) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // it is about to
	}
}

// Refresh asks the gate about every control once.
func (w *Watch) Refresh(ctx context.Context) {
	for _, c := range w.Controls {
		note, err := w.Ask(ctx, c.Subject, Action)
		var v gate.Verdict
		if err == nil {
			v, err = w.verify(c, note)
		}
		if err == nil {
			err = w.keep(c.Name, string(note), v)
		}
		if err != nil {
			w.Log.WarnContext(ctx, "the gate gave no answer that counts", "control", c.Name, "error", err)
		}
	}
}

// keep takes a newer answer than the one there is, and writes it down.
func (w *Watch) keep(control, note string, v gate.Verdict) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if old, ok := w.answer[control]; ok && v.EvaluatedAt.Before(old.EvaluatedAt) {
		return fmt.Errorf("the gate's answer of %s is older than the last one: it is not taken", v.EvaluatedAt.Format(time.RFC3339))
	}
	w.notes[control], w.answer[control] = note, v
	b, err := json.Marshal(w.notes)
	if err != nil {
		return fmt.Errorf("keep the gate's answer: %w", err)
	}
	return durable.Replace(w.File, b, 0o600)
}

// Held reports whether a control may be left out now. A control that is not
// staged never may.
func (w *Watch) Held(name string) bool {
	at := slices.IndexFunc(w.Controls, func(c Control) bool { return c.Name == name })
	if at < 0 {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	now, last := w.Now(), w.answer[name]
	return now.Before(w.Controls[at].Until) && last.Allowed() && now.Before(last.EvaluatedAt.Add(Grace))
}

// SPDX-License-Identifier: Apache-2.0

package staged

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/gate"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
)

// office signs the answers of a gate.
type office struct {
	signer *format.Signer
	now    time.Time
	deny   bool
	away   bool
	about  string // "" = what was asked
}

func (o *office) ask(_ context.Context, subject, action string) ([]byte, error) {
	if o.away {
		return nil, errors.New("connection refused")
	}
	if o.about != "" {
		subject = o.about
	}
	v := gate.Verdict{Decision: gate.Allow, Subject: subject, Action: action, EvaluatedAt: o.now, ValidUntil: o.now.Add(5 * time.Minute)}
	if o.deny {
		v.Decision, v.Blockers = gate.Deny, []fault.Blocker{{Code: "risk.acceptance_expired", Message: "It ran out."}}
	}
	note, err := gate.Sign(v, o.signer)
	return []byte(note), err
}

var begin = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func newOffice(t *testing.T) *office {
	t.Helper()
	text, err := format.GenerateKey(rand.Reader, "office.example.org")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := format.ParseSigner(text)
	if err != nil {
		t.Fatal(err)
	}
	return &office{signer: signer, now: begin}
}

func watch(t *testing.T, o *office, file string) *Watch {
	t.Helper()
	w, err := New(Config{
		Controls: []Control{{Name: "client_authentication", Subject: "component:sessions", Until: begin.AddDate(0, 0, 10)}},
		Ask:      o.ask, Key: o.signer.Verifiers(), File: file, Now: func() time.Time { return o.now }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestAnAcceptanceHoldsAControlUntilItEnds goes through every way in which it ends.
func TestAnAcceptanceHoldsAControlUntilItEnds(t *testing.T) {
	tests := []struct {
		name string
		then func(t *testing.T, o *office, w *Watch)
		want bool
	}{
		{"allowed", func(*testing.T, *office, *Watch) {}, true},
		{"denied", func(t *testing.T, o *office, w *Watch) { o.deny = true; w.Refresh(t.Context()) }, false},
		{"away for an hour", func(t *testing.T, o *office, w *Watch) {
			o.away, o.now = true, o.now.Add(time.Hour)
			w.Refresh(t.Context())
		}, true},
		{"away for a day", func(t *testing.T, o *office, w *Watch) {
			o.away, o.now = true, o.now.Add(Grace)
			w.Refresh(t.Context())
		}, false},
		{"the end that the file names", func(t *testing.T, o *office, w *Watch) {
			o.now = begin.AddDate(0, 0, 10)
			w.Refresh(t.Context())
		}, false},
		{"an older answer again", func(t *testing.T, o *office, w *Watch) {
			o.now = o.now.Add(time.Minute)
			o.deny = true
			w.Refresh(t.Context())
			o.now, o.deny = begin, false
			w.Refresh(t.Context())
		}, false},
		{"an answer about something else", func(t *testing.T, o *office, w *Watch) {
			o.now = o.now.Add(time.Minute)
			o.about, o.deny = "component:other", true
			w.Refresh(t.Context())
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(t)
			w := watch(t, o, filepath.Join(t.TempDir(), "gate.json"))
			if w.Held("client_authentication") {
				t.Error("held before the gate has answered")
			}
			w.Refresh(t.Context())
			tt.then(t, o, w)
			if held := w.Held("client_authentication"); held != tt.want {
				t.Errorf("held %v, want %v", held, tt.want)
			}
		})
	}
}

// TestAnswersOutliveARestart: with Portreeve away, a new process goes on as the old one.
func TestAnswersOutliveARestart(t *testing.T) {
	o, file := newOffice(t), filepath.Join(t.TempDir(), "gate.json")
	watch(t, o, file).Refresh(t.Context())
	o.away = true
	if w := watch(t, o, file); !w.Held("client_authentication") {
		t.Error("not held after a restart")
	}
	if w := watch(t, o, file); w.Held("network_list") {
		t.Error("a control that nobody staged is held")
	}
	forger := newOffice(t)
	o.signer = forger.signer // the key that the configuration names now
	if w := watch(t, o, file); w.Held("client_authentication") {
		t.Error("held by an answer of another key")
	}
}

// TestWake: who revokes an acceptance need not wait for the minute to pass.
func TestWake(t *testing.T) {
	o := newOffice(t)
	w := watch(t, o, filepath.Join(t.TempDir(), "gate.json"))
	asked := make(chan struct{})
	ask := w.Ask
	w.Ask = func(ctx context.Context, subject, action string) ([]byte, error) {
		defer func() { asked <- struct{}{} }()
		return ask(ctx, subject, action)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); w.Run(ctx) }()
	<-asked
	w.Wake()
	<-asked
	cancel()
	for {
		select {
		case <-asked:
		case <-ended:
			return
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/sessionstore/settings"
	"portreeve.org/portreeve/internal/sessionstore/staged"
)

// staging knows which controls are held off by an acceptance in Portreeve.
type staging struct {
	watch *staged.Watch // nil = nothing is staged
	// ended names a control behind the listeners that is neither on nor held off
	// any more: nothing is served then. nil = none.
	ended atomic.Pointer[string]
	inner []settings.Control
}

// openStaging asks the gate once, so that what it holds off is known before
// anything is opened.
func openStaging(ctx context.Context, s *settings.Settings, log *slog.Logger) (*staging, error) {
	g := &staging{}
	if len(s.Staged) == 0 {
		return g, nil
	}
	if _, err := format.ParseKeys([]byte(s.Portreeve.GateKey)); err != nil {
		return nil, fault.New(fault.Invalid, "sessiond.gate_key", "portreeve.gate_key is no verifier key: take the line of Portreeve's ledger.pub, or of /api/v1/ledger/key there.").Because(err)
	}
	token, err := os.ReadFile(s.Portreeve.TokenFile)
	if err != nil {
		return nil, fault.New(fault.Invalid, "sessiond.token", "The file %s of portreeve.token_file cannot be read. It holds an API token that may ask the gate.", s.Portreeve.TokenFile).Because(err)
	}
	office, err := client.New(client.Config{URL: s.Portreeve.URL, CA: s.Portreeve.CA, Token: strings.TrimSpace(string(token))})
	if err != nil {
		return nil, err
	}
	c := staged.Config{Ask: staged.Gate(office), Key: s.Portreeve.GateKey, File: answersFile(s), Now: clock, Log: log}
	for _, one := range s.Staged {
		c.Controls = append(c.Controls, staged.Control{Name: string(one.Control), Subject: one.Subject, Until: one.Until.End(time.UTC)})
		switch one.Control {
		case settings.AtRest, settings.CassandraCertificate, settings.CassandraAuthentication:
			g.inner = append(g.inner, one.Control)
		}
	}
	if g.watch, err = staged.New(c); err != nil {
		return nil, fmt.Errorf("controls that are not on yet: %w", err)
	}
	g.watch.Refresh(ctx)
	g.look()
	return g, nil
}

// answersFile is where the gate's last answers are kept over a restart.
func answersFile(s *settings.Settings) string {
	switch {
	case s.Portreeve.Answers != "":
		return s.Portreeve.Answers
	case s.Embedded != nil:
		return filepath.Join(s.Embedded.Data, "gate.json")
	case s.Audit != "":
		return filepath.Join(filepath.Dir(s.Audit), "gate.json")
	default:
		return filepath.Join(filepath.Dir(s.File()), "gate.json")
	}
}

// held reports whether a control may be left out now.
func (g *staging) held(control string) bool { return g.watch != nil && g.watch.Held(control) }

// look notes whether a control behind the listeners has to be on by now.
func (g *staging) look() {
	for _, c := range g.inner {
		if !g.held(string(c)) {
			name := string(c)
			g.ended.Store(&name)
			return
		}
	}
	g.ended.Store(nil)
}

// ask lets the gate be asked now, and does not wait for its answer.
func (g *staging) ask() {
	if g.watch != nil {
		g.watch.Wake()
	}
}

// run asks the gate until ctx ends.
func (g *staging) run(ctx context.Context) {
	if g.watch == nil {
		return
	}
	go g.watch.Run(ctx)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			g.look()
		}
	}
}

// guarded refuses everything while a control that is not on is held off by nobody:
// what it would have guarded is closed, and says so.
func (g *staging) guarded(next func(r *http.Request, namespace, verb string) error) func(r *http.Request, namespace, verb string) error {
	if g.watch == nil {
		return next
	}
	return func(r *http.Request, namespace, verb string) error {
		if control := g.ended.Load(); control != nil {
			e := fault.New(fault.Unavailable, "sessiond.control", "The control %s is not on, and no acceptance holds that any more, so nothing is served. Turn it on, or renew the acceptance.", *control)
			e.RetryAfter = time.Minute
			return e
		}
		return next(r, namespace, verb)
	}
}

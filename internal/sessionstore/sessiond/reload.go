// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"portreeve.org/portreeve/internal/sessionstore/listen"
	"portreeve.org/portreeve/internal/sessionstore/settings"
)

// reloadOnHangup reads the configuration again on each signal until ctx ends.
func (p *process) reloadOnHangup(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.Hangup:
			p.reload()
		}
	}
}

// reload takes up what can change while connections stay: the policy, the level of
// the log, and every file that the listeners and the keys come from; and it asks
// Portreeve's gate without waiting for the minute to pass. What is wrong
// changes nothing, and what needs a restart is named.
func (p *process) reload() {
	next, err := settings.Read(p.settings.File())
	if err == nil {
		err = p.apply(next)
	}
	p.guards.each(func(_ string, g *listen.Guard) { err = errors.Join(err, g.Reload()) })
	if p.keyring != nil {
		if e := p.keyring.Reload(); e != nil {
			err = errors.Join(err, e)
		} else {
			p.keeper.Stale("")
		}
	}
	p.staging.ask()
	if err != nil {
		p.reloaded.Set(1)
		p.log.Error("the configuration was not taken up; what runs stays", slog.Any("error", err))
	}
	p.showWarnings()
}

// apply takes up a configuration that is in order.
func (p *process) apply(next *settings.Settings) error {
	var err error
	p.guards.each(func(_ string, g *listen.Guard) { err = errors.Join(err, g.SetPolicy(rules(next.Policy))) })
	if err != nil {
		return err
	}
	if err := p.setLevel(next); err != nil {
		return err
	}
	p.reloaded.Set(0)
	if later := p.settings.Restart(next); len(later) > 0 {
		p.reloaded.Set(1)
		p.log.Warn("these keys changed and need a restart: " + strings.Join(later, ", "))
	}
	p.log.Info("the configuration was read again")
	return nil
}

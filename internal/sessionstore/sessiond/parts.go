// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/audit"
	"portreeve.org/portreeve/internal/sessionstore/embedded"
	"portreeve.org/portreeve/internal/sessionstore/seal"
	"portreeve.org/portreeve/internal/sessionstore/settings"
	"portreeve.org/portreeve/internal/sessionstore/writers"
)

// mounted is a namespace with its store.
type mounted struct {
	settings.Space
	store *sessionstore.Store
	tally *writers.Tally
}

// parts are what a running store is made of below its listeners.
type parts struct {
	settings *settings.Settings
	registry *prometheus.Registry
	log      *slog.Logger

	keyring  *seal.Keyring // nil = sealing is not on
	audit    *audit.Log    // nil = there is none
	backends map[string]sessionstore.Backend
	spaces   []mounted
	move     *move // nil = nothing comes over from Kask's table

	closers []func() error // in the order of opening
}

// openParts opens keys and backends. What was opened before an error is closed.
func openParts(ctx context.Context, s *settings.Settings, registry *prometheus.Registry, log *slog.Logger) (p *parts, err error) {
	p = &parts{settings: s, registry: registry, log: log, backends: map[string]sessionstore.Backend{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
			p = nil
		}
	}()
	if s.Embedded != nil {
		release, err := lockFolder(s.Embedded.Data)
		if err != nil {
			return p, err
		}
		p.closers = append(p.closers, release)
	}
	if err := errors.Join(p.openKeys(), p.openAudit()); err != nil {
		return p, err
	}
	for _, sp := range s.Spaces() {
		if err := p.openSpace(ctx, sp); err != nil {
			return p, err
		}
	}
	return p, registry.Register(newCollector(p))
}

// close closes what is open, the last first.
func (p *parts) close() (err error) {
	for _, c := range slices.Backward(p.closers) {
		err = errors.Join(err, c())
	}
	p.closers = nil
	return err
}

// openKeys opens the ring file. Before Cassandra several processes have copies of
// one that an administrator changes, so there it is read alone.
func (p *parts) openKeys() error {
	keys := p.settings.Keys
	if keys.Root == "" {
		return nil
	}
	if missing(keys.Root) && missing(keys.Ring) {
		return fault.New(fault.Invalid, "sessiond.keys", "There are no keys yet at %s and %s. For a new store make them: portreeve sessiond make-keys --config %s. For one that was in use put their copies back: its sessions cannot be read without them.", keys.Root, keys.Ring, p.settings.File())
	}
	root, err := seal.ReadRoot(keys.Root)
	if err != nil {
		return err
	}
	if p.settings.Uses(settings.BackendCassandra) {
		p.keyring, err = seal.OpenReadOnly(keys.Ring, root, clock)
	} else {
		p.keyring, err = seal.Open(keys.Ring, root, clock)
	}
	if err != nil {
		return err
	}
	p.closers = append(p.closers, p.keyring.Close)
	return nil
}

func (p *parts) ring(namespace string) (sessionstore.Ring, error) {
	if p.keyring == nil {
		return plainRing{namespace}, nil
	}
	ring, err := p.keyring.Ring(namespace)
	if errors.Is(err, seal.ErrDestroyed) {
		return nil, fault.New(fault.Conflict, "sessiond.destroyed", "The keys of namespace %s were destroyed, and with them all it held. Take it out of the configuration, or let it begin anew: portreeve sessiond make-keys --config FILE --again %s", namespace, namespace).Because(err)
	}
	if err != nil {
		return nil, err
	}
	if p.settings.Keys.FromPlain {
		return takeover{ring, plainRing{namespace}}, nil
	}
	return ring, nil
}

func (p *parts) openSpace(ctx context.Context, sp settings.Space) error {
	ring, err := p.ring(sp.Name)
	if err != nil {
		return err
	}
	b, err := p.backend(ctx, sp.Backend)
	if err != nil {
		return err
	}
	space, err := b.Space(ctx, sp.Name, sp.Quota)
	if err != nil {
		return fmt.Errorf("open namespace %s: %w", sp.Name, err)
	}
	tally := writers.NewTally()
	store := sessionstore.NewStore(sp.Namespace, space, ring, observer{tally}, p.pressure(sp.Backend))
	if err := p.follow(sp, store, sessionstore.NewStore(sp.Namespace, space, ring, nil, nil)); err != nil {
		return err
	}
	p.spaces = append(p.spaces, mounted{Space: sp, store: store, tally: tally})
	return nil
}

// backend returns a backend, opened once.
func (p *parts) backend(ctx context.Context, name string) (b sessionstore.Backend, err error) {
	if b, ok := p.backends[name]; ok {
		return b, nil
	}
	switch name {
	case settings.BackendEmbedded:
		b, err = p.openEmbedded(ctx)
	default:
		b, err = p.openCassandra(ctx)
	}
	if err != nil {
		return nil, err
	}
	p.backends[name] = b
	p.closers = append(p.closers, b.Close)
	return b, nil
}

func (p *parts) openEmbedded(ctx context.Context) (sessionstore.Backend, error) {
	e := p.settings.Embedded
	return embedded.Open(ctx, embedded.Config{
		Dir: filepath.Join(e.Data, "rows"), CacheBytes: e.Cache.Bytes(), NoSync: !e.Synced(), Clock: clock, Log: p.log,
		Watermarks: embedded.Watermarks{Short: e.FreeDisk.Short.Fraction(), Shedding: e.FreeDisk.Shed.Fraction(), Critical: e.FreeDisk.Critical.Fraction()},
	})
}

// probe asks every backend.
func (p *parts) probe(ctx context.Context) error {
	var err error
	for name, b := range p.backends {
		if e := b.Probe(ctx); e != nil {
			err = errors.Join(err, fmt.Errorf("backend %s: %w", name, e))
		}
	}
	return err
}

// pressured is a backend that knows what runs short.
type pressured interface {
	Pressure() sessionstore.Pressure
}

func (p *parts) pressure(backend string) func() sessionstore.Pressure {
	if b, ok := p.backends[backend].(pressured); ok {
		return b.Pressure
	}
	return nil
}

// shortage returns the worst level of all backends.
func (p *parts) shortage() sessionstore.Pressure {
	worst := sessionstore.Calm
	for name := range p.backends {
		if level := p.pressure(name); level != nil {
			worst = max(worst, level())
		}
	}
	return worst
}

// guarantees says what the backends promise.
func (p *parts) guarantees() []string {
	var all []string
	for _, name := range []string{settings.BackendEmbedded, settings.BackendCassandra} {
		if b, ok := p.backends[name]; ok {
			for _, g := range b.Guarantees() {
				all = append(all, name+": "+g)
			}
		}
	}
	return all
}

// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/listen"
	"portreeve.org/portreeve/internal/sessionstore/settings"
	"portreeve.org/portreeve/internal/sessionstore/wire"
)

// Options are what a process is started with beside its settings.
type Options struct {
	Version   string
	Log       io.Writer
	ReadyFile string         // "" = none
	Hangup    chan os.Signal // each signal reads the configuration again; may be nil
	// Ready fills in what a client needs and tells whoever waits; may be nil.
	Ready func(r *Ready) error

	sockets *sockets // taken already; nil = those of the settings
}

// process is a running store.
type process struct {
	Options
	settings *settings.Settings
	level    *slog.LevelVar
	log      *slog.Logger
	registry *prometheus.Registry
	exposed  *exposed
	reloaded prometheus.Gauge
	*parts
	guards  guards
	staging *staging
	keeper  *keeper
	servers []server
}

// Run runs a store until ctx ends, then finishes the answers in flight. An error
// before it is ready leaves nothing behind.
func Run(ctx context.Context, s *settings.Settings, o Options) (err error) {
	if err := removeReady(o.ReadyFile); err != nil {
		return err
	}
	p, err := open(ctx, s, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.parts.close()) }()
	return p.run(ctx)
}

// open puts the parts together; nothing answers yet.
func open(ctx context.Context, s *settings.Settings, o Options) (p *process, err error) {
	p = &process{Options: o, settings: s, level: &slog.LevelVar{}, registry: prometheus.NewRegistry()}
	if err := p.setLevel(s); err != nil {
		return nil, err
	}
	p.log = slog.New(wire.NewLogHandler(o.Log, s.ServiceName, p.level))
	if err := p.meter(); err != nil {
		return nil, err
	}
	p.exposed.show(s.Warnings(), p.log)
	if p.staging, err = openStaging(ctx, s, p.log); err != nil {
		return nil, err
	}
	if p.guards, err = openGuards(s, p.staging.held, p.registry, p.log); err != nil {
		return nil, err
	}
	if p.parts, err = openParts(ctx, s, p.registry, p.log); err != nil {
		return nil, err
	}
	p.keeper = newKeeper(p.parts)
	if err = p.openServers(); err != nil {
		return nil, errors.Join(err, p.parts.close())
	}
	return p, nil
}

func (p *process) setLevel(s *settings.Settings) error {
	level, err := wire.LevelOf(s.LogLevel)
	p.level.Set(level)
	return err
}

// meter registers the figures of the process itself.
func (p *process) meter() (err error) {
	if p.exposed, err = newExposed(p.registry); err != nil {
		return err
	}
	p.reloaded = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "sessiond_config_reload_failed",
		Help: "1 while the configuration file is not what runs, because its last reload was refused or needs a restart.",
	})
	for _, c := range []prometheus.Collector{p.reloaded, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		if err := p.registry.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// openServers makes the handlers, takes the ports and puts them together.
func (p *process) openServers() error {
	data, err := p.dataHandler()
	if err != nil {
		return err
	}
	admin, err := p.adminHandler()
	if err != nil {
		return err
	}
	if p.sockets == nil {
		all, err := bind(p.settings)
		if err != nil {
			return err
		}
		p.sockets = &all
	}
	p.servers = []server{newServer(dataListener, data, p.settings, p.guards.data, p.sockets.data, p.log)}
	if p.sockets.admin != nil {
		p.servers = append(p.servers, newServer(adminListener, admin, p.settings, p.guards.admin, p.sockets.admin, p.log))
	}
	if p.sockets.probe != nil {
		p.servers = append(p.servers, newServer("probe", health(data), p.settings, nil, p.sockets.probe, p.log))
	}
	return nil
}

func (p *process) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	background := []func(context.Context){p.staging.run, p.keeper.run, p.watchWarnings, p.reloadOnHangup, p.finishMove}
	works := make([]func(context.Context) error, 0, len(background)+len(p.servers))
	for _, s := range p.servers {
		works = append(works, s.run)
	}
	for _, f := range background {
		works = append(works, func(ctx context.Context) error { f(ctx); return nil })
	}
	failures := make(chan error, len(works))
	for _, work := range works {
		go func() {
			err := work(ctx)
			if err != nil {
				cancel()
			}
			failures <- err
		}()
	}
	if err = p.announce(ctx); err != nil {
		cancel()
	}
	<-ctx.Done()
	err = errors.Join(err, removeReady(p.ReadyFile))
	p.log.Info("stopping: answers in flight are finished")
	for range works {
		err = errors.Join(err, <-failures)
	}
	return err
}

// announce asks the backends once and then tells that the service is ready.
func (p *process) announce(ctx context.Context) error {
	if err := p.probe(ctx); err != nil {
		return fmt.Errorf("the service is not ready: %w", err)
	}
	secure := p.settings.TLS.Cert != ""
	r := Ready{URL: address(secure, p.settings.ListenAddress, p.sockets.data) + p.base(), Config: p.settings.File()}
	if p.sockets.admin != nil {
		r.AdminURL = address(true, p.settings.Admin.ListenAddress, p.sockets.admin)
	}
	for _, g := range p.guarantees() {
		p.log.Info("guaranteed: " + g)
	}
	if p.Ready != nil {
		if err := p.Ready(&r); err != nil {
			return err
		}
	}
	if p.ReadyFile != "" {
		if err := r.write(p.ReadyFile); err != nil {
			return err
		}
	}
	p.log.Info("ready", slog.String("url", r.URL), slog.String("admin_url", r.AdminURL), slog.String("profile", string(p.settings.Profile)), slog.String("version", p.Version))
	return nil
}

// base is that of namespace default, or of the first one.
func (p *process) base() string {
	for _, m := range p.spaces {
		if m.Name == "default" {
			return m.Base
		}
	}
	return p.spaces[0].Base
}

// forgetEvery is how often the counts of who writes most are halved, so that what is
// long past counts little.
const forgetEvery = time.Hour

// watchWarnings shows anew what is unsafe when it changes by itself: lists become
// stale, certificates end. It also lets the counts of writers fade.
func (p *process) watchWarnings(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	fade := time.NewTicker(forgetEvery)
	defer tick.Stop()
	defer fade.Stop()
	was := sessionstore.Calm
	for {
		p.showWarnings()
		if now := p.shortage(); now != was {
			p.log.Warn("room: pressure is "+word(now)+" after "+word(was), slog.String("means", meaning(now)))
			was = now
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-fade.C:
			for _, m := range p.spaces {
				m.tally.Halve()
			}
		}
	}
}

func (p *process) showWarnings() {
	p.exposed.show(append(p.settings.Warnings(), p.guards.warnings()...), p.log)
}

func (p *process) dataHandler() (*wire.Handler, error) {
	spec := ""
	if file := p.settings.OpenAPISpec; file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read openapi_spec: %w", err)
		}
		spec = string(b)
	}
	c := wire.Config{
		Service: p.settings.ServiceName, Authorize: p.staging.guarded(p.guards.data.Authorize), Watch: p.mayWatch(),
		Challenges: p.challenges(), Health: p.probe, OpenAPI: spec, Registerer: p.registry, Gatherer: p.registry,
		Build: wire.Build{Version: p.Version}, Log: p.log, Now: clock, BodyTime: p.settings.Limits.BodyTimeout.Std(),
	}
	for _, m := range p.spaces {
		c.Spaces = append(c.Spaces, wire.Mount{Base: m.Base, Store: m.store})
	}
	return wire.New(c)
}

func (p *process) challenges() []string {
	if listen.Profile(p.settings.Profile) != listen.ByCredential {
		return nil
	}
	return []string{`Basic realm="sessions", charset="UTF-8"`, "Bearer"}
}

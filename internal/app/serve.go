// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/store"
)

// serveCommand runs the server.
type serveCommand struct {
	Config string `help:"Configuration file." required:"" type:"path" placeholder:"FILE"`
}

// Run serves until SIGINT or SIGTERM. SIGHUP reads the policy files again.
func (c *serveCommand) Run(s *client.Session) error {
	cfg, err := ReadConfig(c.Config)
	if err != nil {
		return err
	}
	log := newLog(s.Stderr)
	clock := store.NewClock()
	if cfg.TLS.Local {
		local, err := ensureLocalCertificate(cfg.DataDir+"/tls", clock.Real())
		if err != nil {
			return err
		}
		cfg.TLS.Certificate, cfg.TLS.Key = local.Certificate, local.Key
	}
	o, err := openOffice(s.Context, cfg, options{clock: clock, log: log})
	if err != nil {
		return err
	}
	l, err := listen(cfg.Listen, cfg.TLS, clock, log)
	if err != nil {
		return errors.Join(err, o.close())
	}
	return o.run(s.Context, l, func() error {
		log.Info("ready", "url", cfg.PublicURL, "listen", l.Addr().String(), "engine", string(o.db.Engine()), "version", Version)
		return nil
	})
}

// newLog writes JSON lines. They hold no personal data: routes, not paths; ids of
// requests, not of people.
func newLog(w io.Writer) *slog.Logger { return slog.New(slog.NewJSONHandler(w, nil)) }

// run serves on the listener and works on jobs until ctx ends, calls ready once
// everything answers, and closes the office.
func (o *office) run(ctx context.Context, l net.Listener, ready func() error) (err error) {
	defer func() { err = errors.Join(err, o.close()) }()
	tuneCollector()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wait sync.WaitGroup
	failures := make(chan error, 3)
	start := func(work func(context.Context) error) {
		wait.Go(func() {
			if err := work(ctx); err != nil {
				failures <- err
				cancel()
			}
		})
	}
	start(func(ctx context.Context) error { return serveHTTP(ctx, l, o.front(), o.log) })
	start(o.jobs.Run)
	hangup := hangups()
	start(func(ctx context.Context) error { return o.reloadOn(ctx, hangup) })
	if o.cfg.Metrics.Listen != "" {
		ml, err := net.Listen("tcp", o.cfg.Metrics.Listen)
		if err != nil {
			return fmt.Errorf("listen for metrics: %w", err)
		}
		o.log.Info("metrics", "listen", ml.Addr().String())
		start(func(ctx context.Context) error { return serveHTTP(ctx, ml, o.metricsHandler(), o.log) })
	}
	if err := ready(); err != nil {
		return err
	}
	wait.Wait()
	close(failures)
	for failure := range failures {
		err = errors.Join(err, failure)
	}
	return err
}

// front is what the main listener serves: the pages and the API, and beside them
// what an operator's tools ask without being a person.
func (o *office) front() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", o.handler)
	newHealth(o.probes(), o.db.Clock(), o.log).mount(mux)
	mux.Handle("GET /metrics", o.guardMetrics(o.metricsHandler()))
	if o.cfg.TLS.BehindProxy {
		return realClient(mux)
	}
	return mux
}

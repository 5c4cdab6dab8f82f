// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"

	"portreeve.org/portreeve/internal/kernel/client"
	"portreeve.org/portreeve/internal/kernel/fault"
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

// run serves on the listener and works on jobs until ctx ends or one of them
// fails, calls ready once everything answers, and closes the office after all of
// them have ended.
func (o *office) run(ctx context.Context, l net.Listener, ready func() error) (err error) {
	defer func() { err = errors.Join(err, o.close()) }()
	tuneCollector()
	hangup := hangups()
	works := []func(context.Context) error{
		func(ctx context.Context) error { return serveHTTP(ctx, l, o.front(), o.log) },
		func(ctx context.Context) error { return o.reloadOn(ctx, hangup) },
		o.jobs.Run,
	}
	if address := o.cfg.Metrics.Listen; address != "" {
		ml, err := net.Listen("tcp", address)
		if err != nil {
			return fault.New(fault.Unavailable, "serve.metrics", "Cannot listen on %s of metrics.listen. Is another program there?", address).Because(err)
		}
		o.log.Info("metrics", "listen", ml.Addr().String())
		works = append(works, func(ctx context.Context) error { return serveHTTP(ctx, ml, o.metricsHandler(), o.log) })
	}
	ml, secure, err := o.listenMail()
	if err != nil {
		return err
	}
	if ml != nil {
		o.log.Info("mail", "listen", ml.Addr().String())
		works = append(works, func(ctx context.Context) error { return o.mailin.Serve(ctx, ml, secure) })
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
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
	if err = ready(); err != nil {
		cancel()
	}
	for range works {
		err = errors.Join(err, <-failures)
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

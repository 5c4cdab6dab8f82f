// SPDX-License-Identifier: Apache-2.0

package sessiond

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore/listen"
	"portreeve.org/portreeve/internal/sessionstore/settings"
	"portreeve.org/portreeve/internal/sessionstore/wire"
)

// stopTimeout is how long answers in flight may take after the signal to stop.
const stopTimeout = 15 * time.Second

// sockets are the ports that the process has taken. Those that there are not are nil.
type sockets struct{ data, admin, probe net.Listener }

// bind takes the ports. It is the last step before answering.
func bind(s *settings.Settings) (all sockets, err error) {
	defer func() {
		if err != nil {
			all.close()
		}
	}()
	if all.data, err = take(s.ListenAddress, s.ListenPort, "listen_port"); err != nil {
		return all, err
	}
	if s.Admin.On() {
		if all.admin, err = take(s.Admin.ListenAddress, *s.Admin.ListenPort, "admin.listen_port"); err != nil {
			return all, err
		}
	}
	if s.Probe.On() {
		all.probe, err = take(s.Probe.ListenAddress, *s.Probe.ListenPort, "probe.listen_port")
	}
	return all, err
}

func (s sockets) close() {
	for _, l := range []net.Listener{s.data, s.admin, s.probe} {
		if l != nil {
			_ = l.Close()
		}
	}
}

func take(host string, port int, key string) (net.Listener, error) {
	address := net.JoinHostPort(host, strconv.Itoa(port))
	l, err := net.Listen("tcp", address)
	if err == nil {
		return l, nil
	}
	why := "it is no address of this machine"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		why = "another program listens there already"
	case errors.Is(err, syscall.EACCES):
		why = "this account may not use that port"
	}
	return nil, fault.New(fault.Unavailable, "sessiond.listen", "Cannot listen on %s of %s: %s.", address, key, why).Because(err)
}

// server is one listener with its HTTP server.
type server struct {
	name  string
	http  *http.Server
	raw   net.Listener
	guard *listen.Guard // nil = whoever reaches the port: the probe listener
}

func newServer(name string, h http.Handler, s *settings.Settings, guard *listen.Guard, raw net.Listener, log *slog.Logger) server {
	l := s.Limits
	srv := wire.Server(h, wire.Limits{
		HeaderTime: l.HeaderTimeout.Std(), BodyTime: l.BodyTimeout.Std(), IdleTime: l.IdleTimeout.Std(), HeaderBytes: int(l.HeaderBytes.Bytes()),
	}, log)
	if guard != nil {
		guard.Attach(srv)
	}
	return server{name, srv, raw, guard}
}

// run serves until ctx ends, then finishes the answers in flight.
func (s server) run(ctx context.Context) error {
	l := s.raw
	if s.guard != nil {
		l = s.guard.Listen(s.raw)
		go s.guard.Run(ctx)
	}
	done := make(chan error, 1)
	go func() { done <- s.http.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("listener %s ended: %w", s.name, err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := s.http.Shutdown(stopping); err != nil {
		_ = s.http.Close()
		return fmt.Errorf("listener %s: answers still went on %s after the signal to stop: %w", s.name, stopTimeout, err)
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// health lets whoever asks know whether the service can work, and nothing else.
func health(h http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", h)
	mux.Handle("GET /readyz", h)
	return mux
}

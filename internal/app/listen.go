// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/web"
)

// shutdownTimeout is how long requests in flight may go on after the signal to stop.
const shutdownTimeout = 15 * time.Second

// listen opens the address as the TLS configuration says.
func listen(address string, c TLSConfig, clock *store.Clock, log *slog.Logger) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "serve.listen", "Cannot listen on %s: %s.", address, whyNot(err)).Because(err)
	}
	if c.BehindProxy {
		return l, nil
	}
	cert, err := loadCertificate(c.Certificate, c.Key, clock, log)
	if err != nil {
		l.Close()
		return nil, fault.New(fault.Invalid, "serve.tls", "The TLS certificate cannot be used: %v", err).Because(err)
	}
	return tls.NewListener(l, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: cert.get,
	}), nil
}

// serveHTTP serves until ctx ends, then lets requests in flight finish.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	server := web.NewServer(h, log)
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		server.Close()
		return fmt.Errorf("requests still ran %s after the signal to stop: %w", shutdownTimeout, err)
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// whyNot says in words why an address cannot be listened on.
func whyNot(err error) string {
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "another program listens there already"
	case errors.Is(err, syscall.EACCES):
		return "this account may not use that port"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return "this machine does not have that address"
	default:
		return "it is no address of the form host:port"
	}
}

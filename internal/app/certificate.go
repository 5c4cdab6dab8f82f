// SPDX-License-Identifier: Apache-2.0

package app

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
)

// certificateCheckEvery is how often, at most, a handshake looks whether the
// files have changed: two names to look up cost nothing.
const certificateCheckEvery = time.Second

// certificate serves a key pair from two files and reloads it when they change,
// without a restart. A pair that cannot be read or does not match keeps the last
// good one. Safe for concurrent use.
type certificate struct {
	certFile, keyFile string
	clock             *store.Clock
	log               *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	stamp   [2]time.Time
	checked time.Time
}

// loadCertificate reads the pair once; the first load must succeed.
func loadCertificate(certFile, keyFile string, clock *store.Clock, log *slog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, clock: clock, log: log}
	stamp, err := c.modified()
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("load the TLS certificate %s with the key %s: %w", certFile, keyFile, err)
	}
	c.pair, c.stamp, c.checked = &pair, stamp, clock.Real()
	return c, nil
}

// get is tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Real()
	if now.Sub(c.checked) < certificateCheckEvery && !now.Before(c.checked) {
		return c.pair, nil
	}
	c.checked = now
	stamp, err := c.modified()
	if err != nil {
		c.log.Error("TLS certificate cannot be read; the last good one stays", "error", err)
		return c.pair, nil
	}
	if stamp == c.stamp {
		return c.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		c.log.Error("TLS certificate changed but cannot be used; the last good one stays", "error", err)
		return c.pair, nil
	}
	c.pair, c.stamp = &pair, stamp
	c.log.Info("TLS certificate reloaded", "expires", pair.Leaf.NotAfter)
	return c.pair, nil
}

// modified returns the times at which the two files last changed.
func (c *certificate) modified() ([2]time.Time, error) {
	var stamp [2]time.Time
	for i, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return stamp, fmt.Errorf("look at the TLS file: %w", err)
		}
		stamp[i] = info.ModTime()
	}
	return stamp, nil
}

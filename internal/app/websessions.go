// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/identity"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/embedded"
	"portreeve.org/portreeve/internal/sessionstore/remote"
	"portreeve.org/portreeve/internal/sessionstore/seal"
)

// The namespaces of Portreeve's own web sessions, and how they are kept inside
// this process.
const (
	webNamespace  = "portreeve"
	pastNamespace = "portreeve-past"

	sessionsFolder = "sessions"
	sessionsRing   = "ring.json"
	sessionsCache  = 16 << 20
	pageOfSessions = 200
)

// webSessions are where Portreeve's own web sessions lie.
type webSessions struct {
	running, past identity.SessionStore
	probe         func(context.Context) error
	close         func() error
}

// sessionSpace is a namespace of a session store, in this process or away.
type sessionSpace interface {
	Get(ctx context.Context, id []byte) (sessionstore.Session, error)
	Set(ctx context.Context, id []byte, w sessionstore.Write) (sessionstore.Meta, bool, error)
	Touch(ctx context.Context, id []byte, match *sessionstore.Match) (sessionstore.Meta, error)
	Delete(ctx context.Context, id []byte, match *sessionstore.Match) error
	Owned(ctx context.Context, owner string, after sessionstore.RowKey, limit int) ([]sessionstore.Session, error)
	End(ctx context.Context, owner string, handle sessionstore.RowKey) (bool, error)
}

// keptSessions is a namespace as identity sees it.
type keptSessions struct {
	sessionSpace
	endAll func(ctx context.Context, owner string, notBefore sessionstore.Instant) (identity.Ended, error)
}

func keptOf(s sessionstore.Session) identity.Kept {
	return identity.Kept{Handle: hex.EncodeToString(s.Handle[:]), Value: s.Value, Expires: s.Expires.Time()}
}

// Get is part of identity.SessionStore.
func (k keptSessions) Get(ctx context.Context, key string) (identity.Kept, error) {
	s, err := k.sessionSpace.Get(ctx, []byte(key))
	if fault.Is(err, fault.NotFound) {
		return identity.Kept{}, identity.ErrNoSession
	}
	return keptOf(s), err
}

// Put is part of identity.SessionStore.
func (k keptSessions) Put(ctx context.Context, key, owner string, value []byte, l identity.Lifetime) error {
	_, _, err := k.Set(ctx, []byte(key), sessionstore.Write{
		Life: sessionstore.Life{TTL: l.Idle, MaxAge: l.Most}, Match: &sessionstore.Match{Any: true, None: true},
		Owner: owner, Established: sessionstore.InstantOf(l.Begun), Value: value,
	})
	return err
}

// Touch is part of identity.SessionStore.
func (k keptSessions) Touch(ctx context.Context, key string) error {
	_, err := k.sessionSpace.Touch(ctx, []byte(key), nil)
	return err
}

// Delete is part of identity.SessionStore.
func (k keptSessions) Delete(ctx context.Context, key string) error {
	return k.sessionSpace.Delete(ctx, []byte(key), nil)
}

// Owned is part of identity.SessionStore.
func (k keptSessions) Owned(ctx context.Context, owner string) ([]identity.Kept, error) {
	var kept []identity.Kept
	var after sessionstore.RowKey
	for {
		page, err := k.sessionSpace.Owned(ctx, owner, after, pageOfSessions)
		if err != nil {
			return nil, err
		}
		for _, s := range page {
			kept = append(kept, keptOf(s))
			after = s.Handle
		}
		if len(page) < pageOfSessions {
			return kept, nil
		}
	}
}

// End is part of identity.SessionStore.
func (k keptSessions) End(ctx context.Context, owner, handle string) error {
	b, err := hex.DecodeString(handle)
	if err != nil || len(b) != len(sessionstore.RowKey{}) {
		return fmt.Errorf("end a session: %q is no handle", handle)
	}
	_, err = k.sessionSpace.End(ctx, owner, sessionstore.RowKey(b))
	return err
}

// EndAll is part of identity.SessionStore.
func (k keptSessions) EndAll(ctx context.Context, owner string, notBefore time.Time) (identity.Ended, error) {
	return k.endAll(ctx, owner, sessionstore.InstantOf(notBefore))
}

// openWebSessions opens the store of Portreeve's own sessions, in this process or
// away. now tells real time.
func openWebSessions(ctx context.Context, c *Config, now func() time.Time, log *slog.Logger) (*webSessions, error) {
	if c.Sessions.URL != "" {
		return remoteWebSessions(c.Sessions, now)
	}
	return ownWebSessions(ctx, c, now, log)
}

// remoteWebSessions connects to a session store that is a process of its own.
func remoteWebSessions(c SessionsConfig, now func() time.Time) (*webSessions, error) {
	open := func(address, namespace string) (*remote.Store, error) {
		return remote.Open(remote.Config{URL: address, AdminURL: c.AdminURL, Namespace: namespace, CA: c.CA, Cert: c.Certificate, Key: c.Key, Now: now})
	}
	running, err := open(c.URL, webNamespace)
	if err != nil {
		return nil, err
	}
	past, err := open(c.PastURL, pastNamespace)
	if err != nil {
		return nil, err
	}
	return &webSessions{
		running: keptSessions{running, receipted(running)}, past: keptSessions{past, receipted(past)},
		probe: func(ctx context.Context) error { return errors.Join(running.Probe(ctx), past.Probe(ctx)) },
		close: func() error { return nil },
	}, nil
}

// receipted ends an owner's sessions at a service that signs what it did.
func receipted(s *remote.Store) func(context.Context, string, sessionstore.Instant) (identity.Ended, error) {
	return func(ctx context.Context, owner string, notBefore sessionstore.Instant) (identity.Ended, error) {
		receipt, err := s.EndAll(ctx, owner, notBefore)
		var n int64
		for _, in := range receipt.Namespaces {
			n += in.Ended
		}
		return identity.Ended{Sessions: n, Receipt: receipt.Note}, err
	}
}

// ownWebSessions keeps sessions in a folder of the data directory, sealed by a key
// that may lie elsewhere.
func ownWebSessions(ctx context.Context, c *Config, now func() time.Time, log *slog.Logger) (w *webSessions, err error) {
	folder := filepath.Join(c.DataDir, sessionsFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the sessions: %w", err)
	}
	ring, err := openRing(c.Sessions.KeyFile, filepath.Join(folder, sessionsRing), now)
	if err != nil {
		return nil, err
	}
	backend, err := embedded.Open(ctx, embedded.Config{
		Dir: filepath.Join(folder, "rows"), CacheBytes: sessionsCache, Ballast: -1, Clock: now, Elapsed: c.elapsed, Log: log,
		// The office ends sessions in its database; only a disk that is full refuses new ones.
		Watermarks: embedded.Watermarks{Short: 0.003, Shedding: 0.002, Critical: 0.001},
	})
	if err != nil {
		return nil, errors.Join(err, ring.Close())
	}
	w = &webSessions{probe: backend.Probe, close: func() error { return errors.Join(backend.Close(), ring.Close()) }}
	for name, into := range map[string]*identity.SessionStore{webNamespace: &w.running, pastNamespace: &w.past} {
		if *into, err = embeddedSpace(ctx, backend, ring, name); err != nil {
			return nil, errors.Join(err, w.close())
		}
	}
	return w, nil
}

func openRing(root, ring string, now func() time.Time) (*seal.Keyring, error) {
	var key *seal.Root
	var err error
	if exists(root) {
		key, err = seal.ReadRoot(root)
	} else {
		key, err = seal.CreateRoot(root)
	}
	if err != nil {
		return nil, err
	}
	if exists(ring) {
		return seal.Open(ring, key, now)
	}
	return seal.Create(ring, key, now)
}

func embeddedSpace(ctx context.Context, backend *embedded.Backend, ring *seal.Keyring, name string) (identity.SessionStore, error) {
	space, err := backend.Space(ctx, name, sessionstore.Quota{})
	if err != nil {
		return nil, err
	}
	keys, err := ring.Ring(name)
	if err != nil {
		return nil, err
	}
	ns := sessionstore.Namespace{Name: name, MaxValue: sessionstore.DefaultMaxValue, MaxGrace: sessionstore.DefaultMaxGrace}
	s := sessionstore.NewStore(ns, space, keys, nil, backend.Pressure)
	return keptSessions{s, func(ctx context.Context, owner string, notBefore sessionstore.Instant) (identity.Ended, error) {
		n, err := s.Revoke(ctx, owner, notBefore)
		return identity.Ended{Sessions: n}, err
	}}, nil
}

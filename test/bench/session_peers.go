// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// A peer is a server that sessiond is compared with: what a day's work with net/http
// gives, without policy, sealing, expiry, owners, audit or metrics. It is started as
//
//	bench peer KIND PORT CERT KEY [CLIENT-CA] [FOLDER]
//
// and is one of
//
//	bare   a sharded map in memory, TLS; the client shows no certificate
//	mutual the same with client certificates required
//	naive  pebble with its defaults, an fsync for each write, client certificates required
func peerCommand(args []string) error {
	if len(args) < 5 {
		return errors.New("usage: bench peer KIND PORT CERT KEY CLIENT-CA [FOLDER]")
	}
	kind, port, ca := args[0], args[1], args[4]
	pair, err := tls.LoadX509KeyPair(args[2], args[3])
	if err != nil {
		return err
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13}
	if kind != "bare" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return err
		}
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		config.ClientCAs.AppendCertsFromPEM(pem)
	}
	var h peer
	switch kind {
	case "bare", "mutual":
		h = newShardedMap()
	case "naive":
		db, err := pebble.Open(args[5], &pebble.Options{})
		if err != nil {
			return err
		}
		defer db.Close() //nolint:errcheck // the folder is thrown away
		h = engineAlone{db}
	default:
		return errors.New("there is no peer " + kind)
	}
	l, err := tls.Listen("tcp", "localhost:"+port, config)
	if err != nil {
		return err
	}
	return http.Serve(l, peerHandler{h}) // as simple as it can be: it ends with a signal
}

// peer keeps values under keys.
type peer interface {
	get(key string) (value []byte, release func(), err error) // nil = there is none
	put(key string, value []byte) error
	remove(key string) error
}

type peerHandler struct{ peer }

// ServeHTTP answers GET, POST and DELETE below the base.
func (h peerHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, ok := strings.CutPrefix(r.URL.Path, sessionBase)
	if !ok {
		http.NotFound(w, r)
		return
	}
	switch r.Method {
	case http.MethodGet:
		value, release, err := h.get(key)
		if err != nil {
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		if value == nil {
			http.NotFound(w, r)
			return
		}
		w.Header()["Content-Type"] = []string{"application/octet-stream"}
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(value))}
		w.Write(value) //nolint:errcheck // who has gone needs no answer
		release()
	case http.MethodPost:
		value, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err == nil {
			err = h.put(key, value)
		}
		if err != nil {
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusCreated)
	case http.MethodDelete:
		if h.remove(key) != nil {
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// mapShards is how many parts the map has.
const mapShards = 64

type shardedMap [mapShards]struct {
	mu     sync.RWMutex
	values map[string][]byte
}

func newShardedMap() *shardedMap {
	m := &shardedMap{}
	for i := range m {
		m[i].values = map[string][]byte{}
	}
	return m
}

func shardOf(key string) uint32 { // FNV-1a
	h := uint32(2166136261)
	for i := range len(key) {
		h = (h ^ uint32(key[i])) * 16777619
	}
	return h % mapShards
}

func (m *shardedMap) get(key string) ([]byte, func(), error) {
	s := &m[shardOf(key)]
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.values[key], func() {}, nil
}

func (m *shardedMap) put(key string, value []byte) error {
	s := &m[shardOf(key)]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[key] = value
	return nil
}

func (m *shardedMap) remove(key string) error {
	s := &m[shardOf(key)]
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.values, key)
	return nil
}

// engineAlone is pebble as its examples show it.
type engineAlone struct{ db *pebble.DB }

func (e engineAlone) get(key string) ([]byte, func(), error) {
	value, closer, err := e.db.Get([]byte(key))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, func() {}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return value, func() { closer.Close() }, nil //nolint:errcheck // it only counts
}

func (e engineAlone) put(key string, value []byte) error {
	return e.db.Set([]byte(key), value, pebble.Sync)
}

func (e engineAlone) remove(key string) error { return e.db.Delete([]byte(key), pebble.Sync) }

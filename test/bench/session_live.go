// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/embedded"
	"portreeve.org/portreeve/internal/sessionstore/seal"
)

// liveCost is what a session of 1 KiB takes on the disk while the folder is filled,
// with its place in the expiry index, and what lies there twice for a while.
const liveCost = 1500

// holdLive fills a folder with live sessions and measures how fast a store is ready
// with them, what memory it takes after it answered for all of them, and its times.
func holdLive(ctx context.Context, p params, b *bed, f *sessionFigures) (err error) {
	f.live = p.sessions
	var fs syscall.Statfs_t
	if err := syscall.Statfs(b.dir, &fs); err != nil {
		return err
	}
	if room := int(int64(fs.Bavail) * fs.Bsize / liveCost * 9 / 10); room < f.live {
		f.liveNote = fmt.Sprintf("the disk has room for %d sessions, not for the %d that were asked for", room, f.live)
		f.live = room
		sessionNote("%s", f.liveNote)
	}
	s, err := b.newStore("live")
	if err != nil {
		return err
	}
	defer os.RemoveAll(b.at("live")) //nolint:errcheck // the bed's folder goes, too
	sessionNote("filling: %d live sessions of %d bytes", f.live, sessionValue)
	began := time.Now()
	if err := s.fill(ctx, f.live); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	f.liveTook = time.Since(began)
	if f.liveBytes, err = folderSize(b.at("live", "data")); err != nil {
		return err
	}
	sessionNote("filled in %s, %d MiB on the disk", f.liveTook.Round(time.Second), f.liveBytes>>20)
	return s.holdAll(ctx, p, f)
}

// holdAll starts the store several times, asks it for sessions of all of them, and
// ends it as a power cut would before the last start.
func (s *store) holdAll(ctx context.Context, p params, f *sessionFigures) (err error) {
	for range 3 {
		if err := s.start(ctx); err != nil {
			return err
		}
		f.liveReady = append(f.liveReady, s.ready)
		if err := s.stop(); err != nil {
			return err
		}
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	m := s.bed.plan(s.port)
	m.Keys, m.Length, m.Seed = f.live, 3*p.seconds, 7
	flood, err := load(ctx, s.pid(), m)
	if err != nil {
		return err
	}
	f.liveFlood = flood
	m = mixPlan(p, s.bed, s.port)
	m.Keys, m.Value, m.Length, m.Seed = f.live, sessionValue, 3*p.seconds, 8
	if f.liveMix, err = load(ctx, s.pid(), m); err != nil {
		return err
	}
	if f.liveResident, f.livePeak, err = memory(s.pid()); err != nil {
		return err
	}
	if err := s.kill(); err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return err
	}
	f.liveAfterKill = s.ready
	sessionNote("ready after %v, after kill -9 %v; resident %d MiB", f.liveReady.quantile(0.5), f.liveAfterKill, f.liveResident>>20)
	return nil
}

// fill puts sessions into the store's folder, by the same keys and the same backend
// as the process would, in order of their places, so that what is written is not
// sorted again and again.
func (s *store) fill(ctx context.Context, n int) (err error) {
	root, err := seal.ReadRoot(s.bed.at(s.name, "keys", "root.key"))
	if err != nil {
		return err
	}
	keyring, err := seal.Open(s.bed.at(s.name, "keys", "ring.json"), root, time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keyring.Close()) }()
	ring, err := keyring.Ring("default")
	if err != nil {
		return err
	}
	backend, err := embedded.Open(ctx, embedded.Config{
		Dir: s.bed.at(s.name, "data", "rows"), NoSync: true, Clock: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Watermarks: embedded.Watermarks{Short: 0.003, Shedding: 0.002, Critical: 0.001},
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, backend.Close()) }()
	space, err := backend.Space(ctx, "default", sessionstore.Quota{})
	if err != nil {
		return err
	}
	ns := sessionstore.Namespace{Name: "default", Defaults: sessionstore.Life{TTL: 24 * time.Hour}, MaxValue: 1 << 20}
	return fillStore(ctx, sessionstore.NewStore(ns, space, ring, nil, nil), ordered(ring, n))
}

// placed is a session and the beginning of its place.
type placed struct {
	at [8]byte
	n  uint32
}

// ordered returns n sessions in the order of their places.
func ordered(ring *seal.Ring, n int) []placed {
	all := make([]placed, n)
	var id [64]byte
	for i := range all {
		key := ring.RowKey(sessionKey(id[:0], i))
		all[i] = placed{at: [8]byte(key[:8]), n: uint32(i)}
	}
	slices.SortFunc(all, func(a, b placed) int { return bytes.Compare(a.at[:], b.at[:]) })
	return all
}

// fillers is how many write at once: as many as fill a batch.
const fillers = 256

func fillStore(ctx context.Context, store *sessionstore.Store, all []placed) error {
	var next atomic.Int64
	var wait sync.WaitGroup
	failures := make([]error, fillers)
	value := make([]byte, sessionValue)
	for i := range value {
		value[i] = byte(i)
	}
	for i := range failures {
		wait.Go(func() {
			var id [64]byte
			for at := next.Add(1) - 1; at < int64(len(all)) && failures[i] == nil; at = next.Add(1) - 1 {
				_, _, failures[i] = store.Set(ctx, sessionKey(id[:0], int(all[at].n)), sessionstore.Write{Value: value})
			}
		})
	}
	wait.Wait()
	return errors.Join(failures...)
}

func folderSize(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// generator offers load as a plan says.
type generator struct {
	plan
	tls   *tls.Config
	value []byte
	lanes []*lane
	due   chan time.Time // of the next requests, when they are offered at a rate
	next  atomic.Int64   // key to fill
	until time.Time
}

// lane is one connection and who uses it.
type lane struct {
	g       *generator
	conn    *exchangeConn
	random  *rand.Rand
	served  int
	done    int
	failed  int
	absent  int
	failure error
	times   [3]sample
}

// The kinds of requests.
const (
	reads = iota
	writes
	ends
)

func newGenerator(p plan) (*generator, error) {
	g := &generator{plan: p, value: make([]byte, p.Value)}
	rand.NewChaCha8([32]byte{byte(p.Seed)}).Read(g.value) //nolint:errcheck // never fails
	pem, err := os.ReadFile(p.CA)
	if err != nil {
		return nil, err
	}
	g.tls = &tls.Config{RootCAs: x509.NewCertPool(), ServerName: p.Name}
	g.tls.RootCAs.AppendCertsFromPEM(pem)
	if p.Cert != "" {
		pair, err := tls.LoadX509KeyPair(p.Cert, p.Key)
		if err != nil {
			return nil, err
		}
		g.tls.Certificates = []tls.Certificate{pair}
	}
	for i := range p.Connections {
		l := &lane{g: g, random: rand.New(rand.NewPCG(p.Seed, uint64(i)))}
		if l.conn, err = g.connect(); err != nil {
			return nil, err
		}
		g.lanes = append(g.lanes, l)
	}
	return g, nil
}

// run offers the load and sums up.
func (g *generator) run() result {
	if g.Rate > 0 {
		g.due = make(chan time.Time, int(g.Rate*g.Length.Seconds())+1)
	}
	began := time.Now()
	g.until = began.Add(g.Length)
	var wait sync.WaitGroup
	for _, l := range g.lanes {
		wait.Go(l.work)
	}
	patience := time.AfterFunc(max(g.Length, time.Minute)+time.Minute, func() { os.Exit(3) }) // whoever waits is told by the end
	defer patience.Stop()
	r := result{}
	if g.Rate > 0 {
		r.Offered, r.Late = g.offer(began)
		close(g.due)
	}
	wait.Wait()
	r.Took = time.Since(began)
	var all [3]sample
	for _, l := range g.lanes {
		r.Requests, r.Failed, r.Absent = r.Requests+l.done, r.Failed+l.failed, r.Absent+l.absent
		if l.failure != nil {
			r.Failure = l.failure.Error()
		}
		for kind := range all {
			all[kind] = append(all[kind], l.times[kind]...)
		}
		l.conn.close()
	}
	r.Reads, r.Written, r.Ends = summarise(all[reads]), summarise(all[writes]), summarise(all[ends])
	r.TLS = g.lanes[0].conn.spoken
	return r
}

// offer puts each request into the queue at its time, whatever the server does, and
// returns how many, and how late it was itself at most. Timers of the runtime are a
// millisecond coarse where the kernel's are not, hence a thread of its own.
func (g *generator) offer(began time.Time) (n int, late time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		at := began.Add(time.Duration(float64(n) / g.Rate * float64(time.Second)))
		if at.After(g.until) {
			return n, late
		}
		if wait := time.Until(at); wait > 0 {
			pause := syscall.NsecToTimespec(int64(wait))
			_ = syscall.Nanosleep(&pause, nil) // a signal only makes it shorter
			if time.Until(at) > 0 {
				continue
			}
		}
		late = max(late, time.Since(at))
		g.due <- at
		n++
	}
}

func (l *lane) work() {
	switch g := l.g; {
	case g.Fill:
		for i := g.next.Add(1) - 1; i < int64(g.Keys); i = g.next.Add(1) - 1 {
			l.one(writes, int(i), time.Now())
		}
	case g.Rate > 0:
		for at := range g.due {
			l.any(at)
		}
	default:
		for now := time.Now(); now.Before(g.until); now = time.Now() {
			l.any(now)
		}
	}
}

// any makes one request of the plan's mix.
func (l *lane) any(at time.Time) {
	kind, x := reads, l.random.Float64()
	if x < l.g.Writes {
		kind = writes
	} else if x < l.g.Writes+l.g.Deletes {
		kind = ends
	}
	l.one(kind, l.random.IntN(l.g.Keys), at)
}

// one makes one request. A connection that failed, or is old, is replaced.
func (l *lane) one(kind, key int, at time.Time) {
	l.done++
	l.served++
	there, closes, err := l.conn.exchange(kind, key, l.g.value)
	if err != nil {
		l.failed++
		l.failure = err
	} else {
		l.times[kind] = append(l.times[kind], time.Since(at))
		if !there {
			l.absent++
		}
	}
	var refused *refusedError
	if closes || l.g.Renew > 0 && l.served >= l.g.Renew || err != nil && !errors.As(err, &refused) {
		l.renew()
	}
}

// renew makes the connection anew, trying for a while: a server may be just about to
// take up another certificate. What it costs is in the times of those who wait.
func (l *lane) renew() {
	l.conn.close()
	l.served = 0
	for range 100 {
		c, err := l.g.connect()
		if err == nil {
			l.conn = c
			return
		}
		l.failed++
		l.failure = fmt.Errorf("connect: %w", err)
		time.Sleep(50 * time.Millisecond)
	}
}

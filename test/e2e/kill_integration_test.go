// SPDX-License-Identifier: Apache-2.0

//go:build integration

package e2e

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

// killSeed repeats a run, as far as the scheduler allows.
var killSeed = flag.Uint64("kill-seed", 0, "seed of the moments at which TestKill kills; 0: a new one")

const (
	killsOnSQLite   = 200
	killsOnPostgres = 30
	killLanes       = 2  // on SQLite, beside each other
	killsPerFolder  = 25 // then the next folder, so that the log stays short
	killWorkers     = 4
	killAfter       = 250 * time.Millisecond // of load, at most
)

// TestKill ends the real process with SIGKILL at random moments under load, again
// and again. After each restart every decision that was acknowledged is in the
// ledger once, every request whose answer was lost can be repeated and is then in
// effect once, rows and ledger say the same, and the ledger verifies.
func TestKill(t *testing.T) {
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d (repeat with -kill-seed)", seed)
	for lane := range killLanes {
		t.Run(fmt.Sprintf("sqlite-%d", lane), func(t *testing.T) {
			t.Parallel()
			k := &killer{t: t, random: rand.New(rand.NewPCG(seed, uint64(lane)))}
			for done := 0; done < killsOnSQLite/killLanes; done += killsPerFolder {
				accounts, data := seeded(t)
				k.folder(accounts, data, store.Config{SQLite: filepath.Join(data, "portreeve.db")}, configure(t, data), killsPerFolder)
			}
			k.report()
		})
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		accounts, data, config, url := onPostgres(t)
		k := &killer{t: t, random: rand.New(rand.NewPCG(seed, killLanes))}
		k.folder(accounts, data, store.Config{Postgres: url}, config, killsOnPostgres)
		k.report()
	})
}

// TestKillFirstStart kills the server while it makes its keys, its certificate and
// its database for the first time: the next start gets over whatever is left.
func TestKillFirstStart(t *testing.T) {
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d (repeat with -kill-seed)", seed)
	k := &killer{t: t, random: rand.New(rand.NewPCG(seed, 99))}
	for range 15 {
		data := filepath.Join(t.TempDir(), "data")
		config := configure(t, data)
		k.killStarting(config)
		k.killStarting(config)
		s := startServe(t, config, data, nil)
		s.caller("").get("/readyz").want(t, 200)
		s.stop()
		command(t, nil, "ledger", "verify", "--config", config).must(t, 0)
	}
}

// onPostgres restores the demo into a fresh PostgreSQL database.
func onPostgres(t *testing.T) (accounts []account, data, config, url string) {
	t.Helper()
	accounts, source := seeded(t)
	file := filepath.Join(t.TempDir(), "backup.gz")
	command(t, nil, "backup", "--config", configure(t, source), "--out", file).must(t, 0)
	data, url = keysOf(t, source), storetest.PostgresURL(t)
	config = configure(t, data, "database: {postgres: \""+url+"\"}")
	command(t, nil, "restore", "--config", config, file).must(t, 0)
	return accounts, data, config, url
}

// killer runs rounds of load, kill and check.
type killer struct {
	t      *testing.T
	random *rand.Rand
	names  int

	kills, acknowledged, repeated, inEffect int
	starts                                  []time.Duration // from the start to ready
}

// folder kills the server of one data folder the given number of times.
func (k *killer) folder(accounts []account, data string, db store.Config, config string, kills int) {
	k.t.Helper()
	audit := auditor{k.t, db}
	s := k.start(config, data, accounts)
	organisation := s.register(fmt.Sprintf("first-%p", k)).Organisation
	_, base := audit.since(0)
	var all []*chain
	for range kills {
		chains, lost := k.load(s, organisation)
		k.kills++
		if k.random.IntN(8) == 0 {
			k.killStarting(config)
		}
		s = k.start(config, data, accounts)
		k.repeatAll(s, lost)
		counts, size := audit.since(base)
		for _, c := range chains {
			k.check(counts, c)
		}
		base = size
		all = append(all, chains...)
		audit.mirrored()
		command(k.t, nil, "ledger", "verify", "--config", config).must(k.t, 0)
		if k.t.Failed() {
			k.t.Fatalf("after kill %d", k.kills)
		}
	}
	// What was there once stays there through all later kills.
	counts, _ := audit.since(0)
	for _, c := range all {
		k.check(counts, c)
	}
	s.stop()
}

// start starts the server and notes how long it took.
func (k *killer) start(config, data string, accounts []account) *serving {
	k.t.Helper()
	from := time.Now()
	s := startServe(k.t, config, data, accounts)
	k.starts = append(k.starts, time.Since(from))
	return s
}

// killStarting starts a server and kills it before or just after it is ready.
func (k *killer) killStarting(config string) {
	k.t.Helper()
	cmd := exec.Command(binary, "serve", "--config", config)
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	time.Sleep(time.Duration(k.random.Int64N(int64(killAfter))))
	if err := cmd.Process.Kill(); err != nil {
		k.t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	k.kills++
}

// load lets workers decide until the server is killed at a random moment. It
// returns their chains, and those whose last request has no answer.
func (k *killer) load(s *serving, organisation string) (chains, lost []*chain) {
	k.t.Helper()
	tokens := map[string]string{}
	for _, a := range s.Accounts {
		if _, known := tokens[a.Role]; !known {
			tokens[a.Role] = a.Token
		}
	}
	client := s.http()
	var mu sync.Mutex
	newChain := func() *chain {
		mu.Lock()
		defer mu.Unlock()
		k.names++
		c := &chain{name: fmt.Sprintf("kill-%d", k.names), organisation: organisation}
		chains = append(chains, c)
		return c
	}
	var workers sync.WaitGroup
	for range killWorkers {
		workers.Go(func() {
			for c := newChain(); ; c = newChain() {
				if !k.run(client, s.URL, tokens, c) {
					mu.Lock()
					defer mu.Unlock()
					lost = append(lost, c)
					return
				}
			}
		})
	}
	time.Sleep(time.Duration(k.random.Int64N(int64(killAfter))))
	s.kill()
	workers.Wait()
	client.CloseIdleConnections()
	for _, c := range chains {
		k.acknowledged += c.steps
	}
	return chains, lost
}

// run takes the chain to its end; false means that the server went away.
func (k *killer) run(client *http.Client, base string, tokens map[string]string, c *chain) bool {
	for {
		s, more := c.next()
		if !more {
			return true
		}
		a, err := c.do(client, base, tokens[s.role], s)
		if err != nil {
			return false
		}
		if a.status >= 300 {
			k.t.Errorf("%s %s: %d %s", s.method, s.path, a.status, a.body)
			return false
		}
		if err := c.took(s, a); err != nil {
			k.t.Error(err)
			return false
		}
	}
}

// repeatAll repeats, side by side, the requests whose answers were lost: a server
// that does not know an answer waits for it a moment.
func (k *killer) repeatAll(s *serving, lost []*chain) {
	k.t.Helper()
	client, owner := s.http(), s.as("owner").Token
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, c := range lost {
		st, more := c.next()
		if !more {
			continue
		}
		token := s.as(st.role).Token
		all.Go(func() {
			before, err := k.repeat(client, s.URL, token, owner, c, st)
			mu.Lock()
			defer mu.Unlock()
			k.repeated++
			if before {
				k.inEffect++
			}
			if err != nil {
				k.t.Errorf("repeat %s %s: %v", st.method, st.path, err)
			}
		})
	}
	all.Wait()
}

// repeat sends a request whose answer was lost again, with its key. Either it
// takes effect now, and a third try gets the same answer; or it is said that it
// did before.
func (k *killer) repeat(client *http.Client, base, token, owner string, c *chain, st step) (before bool, err error) {
	a, err := c.do(client, base, token, st)
	if err != nil {
		return false, err
	}
	var p problem
	if json.Unmarshal(a.body, &p) == nil && a.status == http.StatusConflict && p.Code == "idempotency.repeated" {
		c.steps++
		return true, c.find(client, base, owner)
	}
	if a.status >= 300 {
		return false, fmt.Errorf("%d %s", a.status, a.body)
	}
	again, err := c.do(client, base, token, st)
	if err != nil {
		return false, err
	}
	if again.status != a.status || !bytes.Equal(again.body, a.body) {
		return false, fmt.Errorf("the third try answers otherwise: %d %s", again.status, again.body)
	}
	return a.header.Get("Idempotency-Replayed") != "", c.took(st, a)
}

// check looks whether what the chain did is in the ledger, each step once.
func (k *killer) check(counts map[about]int, c *chain) {
	k.t.Helper()
	taken := *c
	for taken.steps = 0; taken.steps < c.steps; taken.steps++ {
		s, _ := taken.next()
		for _, kind := range s.kinds {
			if n := counts[about{kind, s.item(c)}]; n != 1 {
				k.t.Errorf("chain %s: %d entries %s about %s, want 1", c.name, n, kind, s.item(c))
			}
		}
	}
	// The step after the last one must not be there: nobody asked for it.
	if s, more := taken.next(); more {
		for _, kind := range s.kinds {
			if n := counts[about{kind, s.item(c)}]; n != 0 {
				k.t.Errorf("chain %s: %d entries %s about %s, want none", c.name, n, kind, s.item(c))
			}
		}
	}
}

// report says what was done, and fails if the test tried too little.
func (k *killer) report() {
	k.t.Helper()
	slices.Sort(k.starts)
	k.t.Logf("%d kills; %d decisions acknowledged, none lost; %d answers lost, of which %d were in effect already; start to ready: median %d ms, worst %d ms",
		k.kills, k.acknowledged, k.repeated, k.inEffect, k.starts[len(k.starts)/2].Milliseconds(), k.starts[len(k.starts)-1].Milliseconds())
	if k.acknowledged < k.kills || k.repeated == 0 {
		k.t.Error("there was hardly any load")
	}
}

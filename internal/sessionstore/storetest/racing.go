// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/seal"
)

var racingCases = []testCase{
	{"RacingIfMatch", racingIfMatch},
	{"RacingCreation", racingCreation},
	{"RacingChangeOfID", racingChange},
	{"RacingRevocation", racingRevocation},
	{"RacingRotation", racingRotation},
}

// atOnce runs f n times at once.
func atOnce(n int, f func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}

func racingIfMatch(t *testing.T, s *suite) {
	st := s.with(t)
	st.put("n", "0")
	const each = 8
	atOnce(4, func(int) {
		for done := 0; done < each; {
			got, err := st.Get(ctx, []byte("n"))
			if err != nil {
				t.Error(err)
				return
			}
			n, _ := strconv.Atoi(string(got.Value))
			_, _, err = st.Set(ctx, []byte("n"), sessionstore.Write{Match: match(got.Version), Value: strconv.AppendInt(nil, int64(n+1), 10)})
			switch {
			case err == nil:
				done++
			case fault.From(err).Kind != fault.Stale:
				t.Error(err)
				return
			}
		}
	})
	st.reads("n", strconv.Itoa(4*each))
}

func racingCreation(t *testing.T, s *suite) {
	st := s.with(t)
	for round := range 5 {
		id := fmt.Appendf(nil, "round %d", round)
		var won atomic.Int32
		var winner atomic.Value
		atOnce(4, func(i int) {
			w := sessionstore.Write{Match: &sessionstore.Match{None: true, Any: true}, Value: strconv.AppendInt(nil, int64(i), 10)}
			_, created, err := st.Set(ctx, id, w)
			if err == nil && created {
				won.Add(1)
				winner.Store(string(w.Value))
			} else if err == nil || fault.From(err).Kind != fault.Stale {
				t.Errorf("created %t, %v", created, err)
			}
		})
		if won.Load() != 1 {
			t.Fatalf("%d created one session", won.Load())
		}
		st.reads(string(id), winner.Load().(string))
	}
}

func racingChange(t *testing.T, s *suite) {
	st := s.with(t)
	for round := range 5 {
		old := fmt.Sprintf("old %d", round)
		st.put(old, "value")
		var won atomic.Int32
		var winner atomic.Value
		to := func(i int) string { return fmt.Sprintf("new %d %d", round, i) }
		atOnce(4, func(i int) {
			_, err := st.Change(ctx, []byte(old), []byte(to(i)), sessionstore.Write{}, time.Minute)
			if err == nil {
				won.Add(1)
				winner.Store(to(i))
			} else if fault.From(err).Kind != fault.Conflict {
				t.Error(err)
			}
		})
		if won.Load() != 1 {
			t.Fatalf("%d ids for one session", won.Load())
		}
		for i := range 4 {
			if to(i) == winner.Load() {
				st.reads(to(i), "value")
			} else {
				st.gone(to(i))
			}
		}
		if !st.reads(old, "value").Retired {
			t.Fatal("the old id is not retired")
		}
	}
}

// racingRevocation: once Revoke has answered, no write that began before or after it
// brings a session of the owner back.
func racingRevocation(t *testing.T, s *suite) {
	st := s.with(t)
	established := st.put("probe", "x").Established
	var revoked atomic.Bool
	var ids sync.Map
	writing := make(chan struct{}, 1000)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := 0; n < 200; n++ {
				id := fmt.Sprintf("%d %d", i, n%7)
				ids.Store(id, true)
				late := revoked.Load()
				_, _, err := st.Set(ctx, []byte(id), sessionstore.Write{Value: []byte("late"), Owner: "anna", Established: established})
				if err == nil && late {
					t.Error("a write after the revocation was taken")
				}
				if err != nil && fault.From(err).Kind != fault.Conflict {
					t.Error(err)
				}
				if err == nil && n%3 == 0 {
					next := fmt.Sprintf("%s next %d", id, n)
					ids.Store(next, true)
					_, err = st.Change(ctx, []byte(id), []byte(next), sessionstore.Write{}, time.Minute)
					if err != nil && fault.From(err).Kind != fault.Conflict && !errors.Is(err, sessionstore.ErrNotFound) {
						t.Error(err)
					}
				}
				select {
				case writing <- struct{}{}:
				default:
				}
				if revoked.Load() && n%10 == 9 {
					return
				}
			}
		})
	}
	for range 30 {
		<-writing
	}
	if _, err := st.Revoke(ctx, "anna", established); err != nil {
		t.Error(err)
	}
	revoked.Store(true)
	check := func() {
		ids.Range(func(id, _ any) bool {
			st.gone(id.(string))
			return true
		})
	}
	check()
	all.Wait()
	check()
	st.lists("anna")
}

// racingRotation: both kinds of keys rotate and rows are brought over while they are
// written; nothing that was acknowledged is lost, and no read fails. Between its steps
// a rotation waits until every act that was under way has ended, which in the field is
// a time longer than any request lasts.
func racingRotation(t *testing.T, s *suite) {
	st := s.with(t)
	const writers = 3
	last, acts := [writers]string{}, [writers]atomic.Int64{}
	for i := range writers {
		st.put(strconv.Itoa(i), "0")
		st.put(fmt.Sprintf("still %d", i), "still")
	}
	var stop atomic.Bool
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			defer acts[i].Store(1 << 60)
			for n := 1; !stop.Load(); n++ {
				last[i] = strconv.Itoa(n)
				if err := writeAndRead(st, i, last[i]); err != nil {
					t.Error(err)
					return
				}
				acts[i].Add(1)
			}
		})
	}
	settle := func() {
		for i := range acts {
			for until := acts[i].Load() + 2; acts[i].Load() < until && acts[i].Load() < 1<<60; {
				time.Sleep(time.Millisecond)
			}
		}
	}
	for _, kind := range []seal.Kind{seal.Data, seal.Index, seal.Data, seal.Index} {
		next := st.announce(kind)
		settle()
		st.promote(next)
		settle()
		for moved := -1; moved != 0; {
			var err error
			if _, _, moved, err = st.Reseal(ctx, sessionstore.RowKey{}, 1000); err != nil {
				t.Error(err)
				break
			}
		}
		settle()
		st.retireOld()
	}
	stop.Store(true)
	all.Wait()
	for i := range writers {
		st.reads(strconv.Itoa(i), last[i])
	}
}

func writeAndRead(st *tester, writer int, value string) error {
	id := []byte(strconv.Itoa(writer))
	if _, _, err := st.Set(ctx, id, sessionstore.Write{Value: []byte(value)}); err != nil {
		return fmt.Errorf("set: %w", err)
	}
	if got, err := st.Get(ctx, id); err != nil || string(got.Value) != value {
		return fmt.Errorf("wrote %s, read %s: %w", value, got.Value, err)
	}
	if _, err := st.Get(ctx, fmt.Appendf(nil, "still %d", writer)); err != nil {
		return fmt.Errorf("get: %w", err)
	}
	return nil
}

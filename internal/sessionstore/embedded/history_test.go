// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
)

// The sessions of a group share an owner; groups do not concern each other. The
// clock stands, so that nothing ends by time: what is checked is the order of acts.
const (
	groupIDs  = 4
	perClient = 22
	clients   = 6
	groups    = 24
)

type act struct {
	group       int
	verb        string // get, set, delete, change, revoke
	id, to      int
	value       int
	established int // of set
	notBefore   int // of revoke
	grace       bool
}

type answered struct {
	fault   fault.Kind // 0: none, for acts that succeeded
	value   int        // of get; 0 = there is none
	retired bool
	created bool
	ended   int64
}

// known is a group as a single place would keep it.
type known struct {
	rows      [groupIDs]knownRow
	notBefore int
}

type knownRow struct {
	state       sessionstore.State
	value       int
	established int
	successor   int
}

func (k *known) row(id int) knownRow {
	r := k.rows[id]
	if (r.state == sessionstore.Live || r.state == sessionstore.Retired) && r.established <= k.notBefore {
		r.state = sessionstore.Revoked
	}
	return r
}

func (k *known) readable(id int) bool {
	begun := k.rows[id].established
	for range groupIDs + 1 {
		switch r := k.row(id); r.state {
		case sessionstore.Live:
			return r.established == begun
		case sessionstore.Retired:
			id = r.successor
		default:
			return false
		}
	}
	return false
}

// step carries out an act in one place.
func (k known) step(a act) (known, answered) {
	r := k.row(a.id)
	switch a.verb {
	case "get":
		if !k.readable(a.id) {
			return k, answered{}
		}
		return k, answered{value: r.value, retired: r.state == sessionstore.Retired}
	case "set":
		next := knownRow{state: sessionstore.Live, value: a.value, established: a.established}
		switch {
		case r.state == sessionstore.Retired || r.state == sessionstore.Revoked:
			return k, answered{fault: fault.Conflict}
		case r.state == sessionstore.Live:
			next.established = r.established
		case next.established <= k.notBefore:
			return k, answered{fault: fault.Conflict}
		}
		k.rows[a.id] = next
		return k, answered{created: r.state == sessionstore.Absent}
	case "delete":
		if r.state != sessionstore.Revoked {
			k.rows[a.id] = knownRow{}
		}
		return k, answered{}
	case "change":
		switch {
		case r.state == sessionstore.Absent:
			return k, answered{fault: fault.NotFound}
		case k.row(a.to).state != sessionstore.Absent || r.state != sessionstore.Live:
			return k, answered{fault: fault.Conflict}
		}
		k.rows[a.to] = r
		k.rows[a.id] = knownRow{}
		if a.grace {
			r.state, r.successor = sessionstore.Retired, a.to
			k.rows[a.id] = r
		}
		return k, answered{}
	default:
		var n int64
		before := k
		k.notBefore = max(k.notBefore, a.notBefore)
		for id := range k.rows {
			if before.row(id).state == sessionstore.Live && k.row(id).state == sessionstore.Revoked {
				n++
			}
		}
		return k, answered{ended: n}
	}
}

var oneOrder = porcupine.Model{
	Partition: func(all []porcupine.Operation) [][]porcupine.Operation {
		parts := make([][]porcupine.Operation, groups)
		for _, o := range all {
			parts[o.Input.(act).group] = append(parts[o.Input.(act).group], o)
		}
		return parts
	},
	Init: func() any { return known{} },
	Step: func(state, in, out any) (bool, any) {
		next, want := state.(known).step(in.(act))
		return want == out.(answered), next
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) },
}

func (a act) name(id int) []byte { return fmt.Appendf(nil, "%d/%d", a.group, id) }
func (a act) owner() string      { return fmt.Sprint("owner ", a.group) }
func randomAct(r *rand.Rand) act {
	a := act{group: r.IntN(groups), id: r.IntN(groupIDs), value: 1 + r.IntN(1e6), established: 1 + r.IntN(20), grace: r.IntN(3) > 0}
	a.to = (a.id + 1 + r.IntN(groupIDs-1)) % groupIDs
	switch n := r.IntN(100); {
	case n < 40:
		a.verb = "get"
	case n < 68:
		a.verb = "set"
	case n < 80:
		a.verb = "delete"
	case n < 96:
		a.verb = "change"
	default:
		a.verb, a.notBefore = "revoke", 1+r.IntN(6)
	}
	return a
}

// carry has the store carry out an act.
func (a act) carry(ctx context.Context, s *sessionstore.Store) (out answered, err error) {
	w := sessionstore.Write{Owner: a.owner(), Established: sessionstore.Instant(a.established), Value: strconv.AppendInt(nil, int64(a.value), 10)}
	switch a.verb {
	case "get":
		var got sessionstore.Session
		got, err = s.Get(ctx, a.name(a.id))
		if errors.Is(err, sessionstore.ErrNotFound) {
			return out, nil
		}
		out.value, _ = strconv.Atoi(string(got.Value))
		out.retired = got.Retired
	case "set":
		_, out.created, err = s.Set(ctx, a.name(a.id), w)
	case "delete":
		err = s.Delete(ctx, a.name(a.id), nil)
	case "change":
		grace := time.Duration(0)
		if a.grace {
			grace = time.Minute
		}
		_, err = s.Change(ctx, a.name(a.id), a.name(a.to), sessionstore.Write{}, grace)
	default:
		out.ended, err = s.Revoke(ctx, a.owner(), sessionstore.Instant(a.notBefore))
	}
	if err != nil {
		out = answered{fault: fault.From(err).Kind}
		if out.fault == fault.Conflict || out.fault == fault.NotFound {
			err = nil
		}
	}
	return out, err
}

// slowSync is a file system whose log takes its time to be safe.
func slowSync(inner vfs.FS) vfs.FS {
	return errorfs.Wrap(inner, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind >= errorfs.OpFileSync && op.Kind <= errorfs.OpFileSyncTo && path.Ext(op.Path) == ".log" {
			time.Sleep(time.Duration(rand.IntN(1500)) * time.Microsecond)
		}
		return nil
	}))
}

// TestEveryHistoryHasOneOrder records what clients that act at the same time are
// answered, and looks whether one order of their acts explains it (linearizability).
func TestEveryHistoryHasOneOrder(t *testing.T) {
	for _, c := range []struct {
		name  string
		cache int64
		sync  bool
	}{{"rows in memory", 8 << 20, true}, {"rows on the disk", 1, true}, {"fast", 8 << 20, false}} {
		t.Run(c.name, func(t *testing.T) {
			fs := vfs.FS(vfs.NewMem())
			if c.sync {
				fs = slowSync(fs)
			}
			b, err := Open(t.Context(), Config{Dir: "data", FS: fs, Clock: newWall().Now, Elapsed: still, CacheBytes: c.cache, Ballast: -1})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			history := record(t, b, storetest.Store(t, b, storetest.Namespace("a")))
			if result := porcupine.CheckOperationsTimeout(oneOrder, history, time.Minute); result != porcupine.Ok {
				t.Errorf("no one order explains the history of %d acts: %v", len(history), result)
			}
		})
	}
}

func record(t *testing.T, b *Backend, s *sessionstore.Store) []porcupine.Operation {
	var mu sync.Mutex
	var history []porcupine.Operation
	var all sync.WaitGroup
	begun := time.Now()
	for client := range clients * groups / 2 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(client), uint64(begun.UnixNano())))
			for range perClient {
				a := randomAct(r)
				call := time.Since(begun)
				out, err := a.carry(t.Context(), s)
				if err != nil {
					t.Errorf("%+v: %v", a, err)
				}
				o := porcupine.Operation{ClientId: client, Input: a, Call: int64(call), Output: out, Return: int64(time.Since(begun))}
				mu.Lock()
				history = append(history, o)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return history
}

// TestReadersSeeOnlyWhatIsSafe takes the power away again and again, and looks
// whether anything that a reader saw, or a writer was told, is lost.
func TestReadersSeeOnlyWhatIsSafe(t *testing.T) {
	mem, w, keys := vfs.NewCrashableMem(), newWall(), storetest.Keyring(t)
	b, err := Open(t.Context(), Config{Dir: "data", FS: slowSync(mem), Clock: w.Now, Elapsed: still, CacheBytes: 1, Ballast: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s := storetest.StoreWith(t, b, storetest.Namespace("a"), keys)
	ctx, stop := context.WithCancel(t.Context())
	var mu sync.Mutex
	seen := map[string]int{} // values grow
	saw := func(id string, n int) {
		mu.Lock()
		defer mu.Unlock()
		seen[id] = max(seen[id], n)
	}
	var all sync.WaitGroup
	for c := range 4 {
		id := fmt.Sprint(c)
		all.Go(func() {
			for n := 1; ctx.Err() == nil; n++ {
				if _, _, err := s.Set(t.Context(), []byte(id), sessionstore.Write{Value: strconv.AppendInt(nil, int64(n), 10)}); err != nil {
					t.Error(err)
				}
				saw(id, n)
			}
		})
		all.Go(func() {
			for ctx.Err() == nil {
				n, _ := strconv.Atoi(value(t, s, id))
				saw(id, n)
			}
		})
	}
	for range 15 {
		time.Sleep(3 * time.Millisecond)
		mu.Lock()
		before := map[string]int{}
		for id, n := range seen {
			before[id] = n
		}
		mu.Unlock()
		crashed := open(t, mem.CrashClone(vfs.CrashCloneCfg{}), w)
		then := storetest.StoreWith(t, crashed, storetest.Namespace("a"), keys)
		for id, n := range before {
			if got, _ := strconv.Atoi(value(t, then, id)); got < n {
				t.Errorf("session %s was seen at %d, and is at %d after the power was cut", id, n, got)
			}
		}
	}
	stop()
	all.Wait()
}

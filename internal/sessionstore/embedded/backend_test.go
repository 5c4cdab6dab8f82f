// SPDX-License-Identifier: Apache-2.0

package embedded

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
)

// wall is a clock that a test moves.
type wall struct {
	mu  sync.Mutex
	now time.Time
}

func newWall() *wall { return &wall{now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)} }

func (w *wall) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *wall) move(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// still is a monotonic clock that stands.
func still() time.Duration { return 0 }

// open opens a backend with a clock of the test in a folder of the file system.
func open(t testing.TB, fs vfs.FS, w *wall) *Backend {
	t.Helper()
	b, err := Open(t.Context(), Config{Dir: "data", FS: fs, Clock: w.Now, Elapsed: still, CacheBytes: 8 << 20, Ballast: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func set(t testing.TB, s *sessionstore.Store, id, value string) {
	t.Helper()
	if _, _, err := s.Set(t.Context(), []byte(id), sessionstore.Write{Value: []byte(value)}); err != nil {
		t.Fatalf("set %s: %v", id, err)
	}
}

// value returns a session's value, or "" if there is none.
func value(t testing.TB, s *sessionstore.Store, id string) string {
	t.Helper()
	got, err := s.Get(t.Context(), []byte(id))
	if errors.Is(err, sessionstore.ErrNotFound) {
		return ""
	}
	if err != nil {
		t.Fatalf("get %s: %v", id, err)
	}
	return string(got.Value)
}

func TestSessionsSurviveAnotherOpening(t *testing.T) {
	fs, w, keys := vfs.NewMem(), newWall(), storetest.Keyring(t)
	b := open(t, fs, w)
	s := storetest.StoreWith(t, b, storetest.Namespace("a"), keys)
	set(t, s, "one", "1")
	set(t, s, "two", "2")
	if err := s.Delete(t.Context(), []byte("two"), nil); err != nil {
		t.Fatal(err)
	}
	before, _ := s.Usage(t.Context())
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	s = storetest.StoreWith(t, open(t, fs, w), storetest.Namespace("a"), keys)
	if got := value(t, s, "one") + value(t, s, "two"); got != "1" {
		t.Errorf("after another opening the values are %q", got)
	}
	if after, _ := s.Usage(t.Context()); after != before || after.Rows != 1 {
		t.Errorf("usage %+v became %+v", before, after)
	}
}

func TestNamespacesAreApart(t *testing.T) {
	b, keys := open(t, vfs.NewMem(), newWall()), storetest.Keyring(t)
	a := storetest.StoreWith(t, b, storetest.Namespace("a"), keys)
	c := storetest.StoreWith(t, b, storetest.Namespace("c"), keys)
	set(t, a, "id", "of a")
	set(t, c, "id", "of c")
	if err := a.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if value(t, a, "id") != "" || value(t, c, "id") != "of c" {
		t.Error("emptying one namespace reached another, or did nothing")
	}
	if u, _ := a.Usage(t.Context()); u.Rows != 0 || u.Bytes != 0 {
		t.Errorf("an emptied namespace holds %+v", u)
	}
	set(t, a, "id", "again")
	if value(t, a, "id") != "again" {
		t.Error("an emptied namespace takes no new session")
	}
}

func TestQuotaIsExact(t *testing.T) {
	ns := storetest.Namespace("small")
	ns.Quota.Rows = 2
	s := storetest.Store(t, open(t, vfs.NewMem(), newWall()), ns)
	set(t, s, "one", "1")
	set(t, s, "two", "2")
	set(t, s, "two", "2 again")
	_, _, err := s.Set(t.Context(), []byte("three"), sessionstore.Write{Value: []byte("3")})
	if !errors.Is(err, sessionstore.ErrFull) {
		t.Errorf("a third row was answered %v", err)
	}
	if err := s.Delete(t.Context(), []byte("one"), nil); err != nil {
		t.Error(err)
	}
	set(t, s, "three", "3")
}

func TestRevocationReachesRowsAndLateWrites(t *testing.T) {
	fs, w, keys := vfs.NewMem(), newWall(), storetest.Keyring(t)
	b := open(t, fs, w)
	s := storetest.StoreWith(t, b, storetest.Namespace("a"), keys)
	ctx := t.Context()
	for i := range 700 { // several chunks
		if _, _, err := s.Set(ctx, fmt.Append(nil, i), sessionstore.Write{Owner: "ann", Value: []byte("v")}); err != nil {
			t.Fatal(err)
		}
	}
	began := sessionstore.InstantOf(w.Now())
	w.move(time.Second)
	n, err := s.Revoke(ctx, "ann", sessionstore.InstantOf(w.Now()))
	if err != nil || n != 700 {
		t.Errorf("revoked %d sessions, %v; want 700", n, err)
	}
	if n, err = s.Revoke(ctx, "ann", sessionstore.InstantOf(w.Now())); err != nil || n != 0 {
		t.Errorf("revoking again ended %d, %v", n, err)
	}
	late := sessionstore.Write{Owner: "ann", Established: began, Value: []byte("late")}
	for range 2 {
		if value(t, s, "1") != "" {
			t.Error("a revoked session is read")
		}
		for _, id := range []string{"1", "new"} {
			if _, _, err := s.Set(ctx, []byte(id), late); fault.From(err).Kind != fault.Conflict {
				t.Errorf("a late write to %q was answered %v", id, err)
			}
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		b = open(t, fs, w)
		s = storetest.StoreWith(t, b, storetest.Namespace("a"), keys)
	}
}

func TestSweepTakesAwayWhatExpired(t *testing.T) {
	w := newWall()
	b := open(t, vfs.NewMem(), w)
	s := storetest.Store(t, b, storetest.Namespace("a"))
	ctx := context.Background()
	for i := range 600 {
		ttl := time.Hour
		if i%2 == 0 {
			ttl = 2 * time.Hour
		}
		write := sessionstore.Write{Owner: "ann", Value: []byte("v")}
		write.TTL = ttl
		if _, _, err := s.Set(ctx, fmt.Append(nil, i), write); err != nil {
			t.Fatal(err)
		}
	}
	w.move(30 * time.Minute)
	if _, err := s.Touch(ctx, []byte("1"), nil); err != nil { // now until 1:30
		t.Fatal(err)
	}
	for _, step := range []struct {
		wait time.Duration
		rows int64
	}{{32 * time.Minute, 301}, {30 * time.Minute, 300}, {31 * time.Minute, 0}} {
		w.move(step.wait)
		if err := b.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if u, _ := s.Usage(ctx); u.Rows != step.rows {
			t.Errorf("at %v there are %d rows, want %d", w.Now(), u.Rows, step.rows)
		}
	}
	if u, _ := s.Usage(ctx); u.Bytes != 0 {
		t.Errorf("%d bytes are left of nothing", u.Bytes)
	}
	if held, err := s.Owned(ctx, "ann", sessionstore.RowKey{}, 10); err != nil || len(held) != 0 {
		t.Errorf("the owner's index holds %d, %v", len(held), err)
	}
}

// SPDX-License-Identifier: Apache-2.0

//go:build integration

package cassandra

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"portreeve.org/portreeve/internal/sessionstore"
	"portreeve.org/portreeve/internal/sessionstore/storetest"
)

// kaskBed is a table as Kask's own schema makes it, with sessions as Kask writes them,
// and a store that follows it.
type kaskBed struct {
	*bed
	*Kask
	st    *sessionstore.Store // follows
	alone *sessionstore.Store // does not
}

func newKaskBed(t *testing.T) *kaskBed {
	t.Helper()
	k := &kaskBed{bed: newBed(t)}
	k.exec(t, `CREATE TABLE `+k.keyspace+`."values" (key text PRIMARY KEY, value blob)`)
	var err error
	if k.Kask, err = OpenKask(k.config(t), "values"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Kask.Close() })
	o, keys := k.backend(t), storetest.Keyring(t)
	ns := storetest.Namespace("kask")
	k.st, k.alone = storetest.StoreWith(t, o, ns, keys), storetest.StoreWith(t, o, ns, keys)
	k.st.Follow(k.Kask)
	return k
}

// write does what Kask does.
func (k *kaskBed) write(t *testing.T, id, value string, ttl int) {
	t.Helper()
	cql := fmt.Sprintf(`INSERT INTO "%s"."values" (key, value) VALUES (?,?) USING TTL ?`, k.keyspace)
	must(t, k.link.query(cql, id, []byte(value), ttl).ExecContext(t.Context()))
}

func (k *kaskBed) reads(t *testing.T, st *sessionstore.Store, id, want string) {
	t.Helper()
	got, err := st.Get(t.Context(), []byte(id))
	if string(got.Value) != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, sessionstore.ErrNotFound) {
		t.Fatalf("%s reads %q, %v; want %q", id, got.Value, err, want)
	}
}

// TestKask moves the sessions of a Kask that is in use.
func TestKask(t *testing.T) {
	k := newKaskBed(t)
	const many = 150
	for i := range many {
		k.write(t, fmt.Sprintf("global:MWSession:%d", i), fmt.Sprint("value ", i), 3600)
	}
	k.write(t, "for ever", "never expires", 0)
	key := func(i int) string { return fmt.Sprintf("global:MWSession:%d", i) }

	k.reads(t, k.st, key(7), "value 7")
	k.reads(t, k.alone, key(7), "")
	got, err := k.st.Get(t.Context(), []byte(key(7)))
	if must(t, err); time.Until(got.Expires.Time()) > time.Hour || time.Until(got.Expires.Time()) < 50*time.Minute {
		t.Fatalf("its time to live is lost: %s", got.Expires.Time())
	}
	if v, err := Verify(t.Context(), k.alone, k.Kask); err != nil || v.OK() || v.Missing != many+1 || v.Sessions != many+1 {
		t.Fatalf("before the move: %+v, %v", v, err)
	}
	_, _, err = k.st.Set(t.Context(), []byte(key(1)), sessionstore.Write{Value: []byte("written")})
	must(t, err)
	must(t, k.st.Delete(t.Context(), []byte(key(2)), nil))
	_, err = k.st.Change(t.Context(), []byte(key(3)), []byte("changed"), sessionstore.Write{}, 0)
	must(t, err)
	for _, i := range []int{1, 2, 3} {
		if _, err := k.Find(t.Context(), []byte(key(i))); !errors.Is(err, sessionstore.ErrNotFound) {
			t.Errorf("%d is in Kask's table still: %v", i, err)
		}
	}
	// Interrupted once, and gone on with from what was kept.
	broken, kept := errors.New("interrupted"), Begin()
	_, err = Finish(t.Context(), k.st, k.Kask, kept, func(p Progress) error {
		if p.Seen > many/2 {
			return broken
		}
		kept = p
		return nil
	})
	if !errors.Is(err, broken) || kept.Seen == 0 || kept.Done {
		t.Fatalf("%+v, %v", kept, err)
	}
	end, err := Finish(t.Context(), k.st, k.Kask, kept, func(Progress) error { return nil })
	if must(t, err); !end.Done || end.Adopted+end.There != end.Seen || end.Seen < many-2 || end.There == 0 {
		t.Fatalf("%+v", end)
	}
	if v, err := Verify(t.Context(), k.alone, k.Kask); err != nil || !v.OK() || v.Same != many-2 {
		t.Fatalf("after the move: %+v, %v", v, err)
	}
	k.exec(t, `DROP TABLE `+k.keyspace+`."values"`)
	for id, want := range map[string]string{key(0): "value 0", key(1): "written", key(2): "", key(3): "", "changed": "value 3", "for ever": "never expires", key(many - 1): fmt.Sprint("value ", many-1)} {
		k.reads(t, k.alone, id, want)
	}
}

// TestKaskInUse: what Kask writes behind the move's back is found by the comparison,
// and a delete counts against a Kask whose clock is ahead.
func TestKaskInUse(t *testing.T) {
	k := newKaskBed(t)
	for _, id := range []string{"a", "b", "c"} {
		k.write(t, id, "old", 3600)
	}
	_, err := Finish(t.Context(), k.st, k.Kask, Begin(), func(Progress) error { return nil })
	must(t, err)
	k.write(t, "a", "newer", 3600)
	k.write(t, "b", "old", 7200)
	k.write(t, "d", "new", 3600)
	v, err := Verify(t.Context(), k.alone, k.Kask)
	if must(t, err); v != (Verification{Sessions: 4, Same: 1, Missing: 1, Different: 1, Sooner: 1}) || v.OK() {
		t.Fatalf("%+v", v)
	}
	ahead := time.Now().Add(time.Hour).UnixMicro()
	must(t, k.link.query(`INSERT INTO `+k.keyspace+`."values" (key, value) VALUES ('ahead', 0x01) USING TIMESTAMP ?`, ahead).ExecContext(t.Context()))
	must(t, k.st.Delete(t.Context(), []byte("ahead"), nil))
	k.reads(t, k.st, "ahead", "")
	k.reads(t, k.st, string([]byte{0xff, 0xfe}), "") // no text: Kask never had it
	must(t, k.st.Delete(t.Context(), []byte{0xff, 0xfe}, nil))
	must(t, k.st.Drop(context.WithoutCancel(t.Context())))
	for _, id := range []string{"a", "b", "c", "d"} {
		k.reads(t, k.st, id, "")
	}
	if First != math.MinInt64 {
		t.Error("a scan does not begin at the first token")
	}
}

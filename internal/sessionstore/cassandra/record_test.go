// SPDX-License-Identifier: Apache-2.0

package cassandra

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/sessionstore"
)

func fullRow() sessionstore.Row {
	return sessionstore.Row{
		Owner: sessionstore.OwnerKey{1}, State: sessionstore.Retired, Absolute: true, KeyID: 2, Version: 3, Established: 4,
		Expires: 5, Cap: 6, TTL: 7 * time.Second, Successor: sessionstore.RowKey{8}, Sealed: []byte("sealed"),
	}
}

// TestRecord: every field comes back.
func TestRecord(t *testing.T) {
	want := fullRow()
	got, begun, err := decode(encode(&want, 9))
	if diff := cmp.Diff(want, got); diff != "" || begun != 9 || err != nil {
		t.Errorf("begun %d, %v (-want +got):\n%s", begun, err, diff)
	}
	x := xcontent{base: -1, promise: promise{token: 2, at: sessionstore.RowKey{3}}, content: []byte("c")}
	if back, err := decodeX(x.encode()); err != nil || !cmp.Equal(x, back, cmp.AllowUnexported(x, x.promise)) {
		t.Errorf("%+v, %v", back, err)
	}
	g := gone{1, 2, 3}
	if back, err := decodeGone(g.encode()); err != nil || back != g {
		t.Errorf("%+v, %v", back, err)
	}
	to := retirement{1, 2, 3, sessionstore.RowKey{4}}
	if back, err := decodeRetirement(to.encode()); err != nil || back != to {
		t.Errorf("%+v, %v", back, err)
	}
	n := renewal{1, 2}
	if back, err := decodeRenewal(n.encode()); err != nil || back != n {
		t.Errorf("%+v, %v", back, err)
	}
}

// FuzzCells: whatever lies in the cells is understood or refused, and what is
// understood is written as it was read.
func FuzzCells(f *testing.F) {
	r := fullRow()
	f.Add(encode(&r, 1), renewal{3, 9}.encode(), xcontent{content: encode(&r, 2)}.encode(), gone{}.encode(), retirement{}.encode(), int64(1), int64(5))
	f.Add([]byte{}, []byte{0}, []byte{1}, []byte(nil), []byte(nil), int64(0), int64(-1))
	f.Fuzz(func(t *testing.T, content, renewed, x, xgone, xretired []byte, tag, now int64) {
		c := &cells{content: content, renewed: renewed, xcontent: x, xgone: xgone, xretired: xretired, tag: &tag}
		if c.parse() != nil {
			return
		}
		if shown := c.shown(sessionstore.Instant(now)); shown.State > sessionstore.Revoked || shown.State == sessionstore.Live && shown.Expired(sessionstore.Instant(now)) {
			t.Fatalf("%+v", shown)
		}
		if row, begun, err := decode(content); err == nil {
			again := encode(&row, begun)
			if back, _, err := decode(again); err != nil || !cmp.Equal(row, back) || len(again) != len(content) {
				t.Fatalf("%x became %x", content, again)
			}
		}
	})
}

// TestSchema: one statement each, names that cannot be meant are refused, and two
// namespaces never share a table.
func TestSchema(t *testing.T) {
	s := Schema{Keyspace: "sessions", Role: "sessiond", Replication: []Copies{{"eqiad", 3}, {"codfw", 3}}, Namespaces: []string{"default", "a-b"}}
	all, err := s.Statements()
	must(t, err)
	text := strings.Join(all, ";\n")
	for _, want := range []string{
		`CREATE KEYSPACE IF NOT EXISTS "sessions"`, "'eqiad': 3, 'codfw': 3", `CREATE TABLE IF NOT EXISTS "sessions".s_default (`,
		`"sessions".o_a_b`, `GRANT MODIFY ON KEYSPACE "sessions" TO sessiond`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if len(all) != 2+2*3+3 || strings.Contains(text, "SUPERUSER = true") || strings.Contains(text, "PASSWORD") {
		t.Errorf("%d statements:\n%s", len(all), text)
	}
	for name, bad := range map[string]Schema{
		"no data centre": {Keyspace: "a"},
		"no copies":      {Keyspace: "a", Replication: []Copies{{"b", 0}}},
		"a quote":        {Keyspace: "a", Replication: []Copies{{"b'", 1}}},
		"a keyspace":     {Keyspace: "a b", Replication: []Copies{{"b", 1}}},
		"a role":         {Keyspace: "a", Role: "b;", Replication: []Copies{{"b", 1}}},
	} {
		if _, err := bad.CQL(); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	seen := map[string]string{}
	long := strings.Repeat("a-", 31)
	for _, ns := range []string{"a", "a-b", "a-own", "a-end", "n", "h", "own", long, long + "b", long + "c", long[:40], long[:41]} {
		names := tablesOf(ns)
		must(t, names.check())
		for _, table := range []string{names.Rows, names.Owners, names.Epochs} {
			if other, twice := seen[table]; twice {
				t.Errorf("%s is a table of %s and of %s", table, other, ns)
			}
			seen[table] = ns
		}
	}
}

// TestKeeps: what Cassandra is told to keep for how long.
func TestKeeps(t *testing.T) {
	const now = sessionstore.Instant(1_800_000_000_000_000)
	at := func(d time.Duration) sessionstore.Instant { return now.After(d) }
	for name, c := range map[string]struct {
		row  sessionstore.Row
		want time.Duration
	}{
		"never":             {sessionstore.Row{State: sessionstore.Live}, 0},
		"absolute":          {sessionstore.Row{State: sessionstore.Live, Absolute: true, Expires: at(time.Hour), TTL: time.Hour}, time.Hour + slack},
		"sliding":           {sessionstore.Row{State: sessionstore.Live, Expires: at(time.Hour), TTL: 4 * time.Hour}, 2*time.Hour + slack},
		"sliding to a cap":  {sessionstore.Row{State: sessionstore.Live, Expires: at(time.Hour), TTL: 4 * time.Hour, Cap: at(90 * time.Minute)}, 90*time.Minute + slack},
		"beyond 2038":       {sessionstore.Row{State: sessionstore.Live, Absolute: true, Expires: at(40 * 365 * 24 * time.Hour)}, 0},
		"over by this time": {sessionstore.Row{State: sessionstore.Live, Absolute: true, Expires: at(-time.Hour)}, time.Second},
	} {
		if got := keeps(&c.row, now, int64(now)/1e6); got != int(c.want/time.Second) {
			t.Errorf("%s: %d s, want %s", name, got, c.want)
		}
	}
	left := 100
	for _, c := range []struct {
		ttl   int
		other []byte
		left  *int
		want  int
	}{{50, nil, nil, 50}, {50, []byte{1}, &left, 700}, {5000, []byte{1}, &left, 5000}, {50, []byte{1}, nil, 0}, {0, []byte{1}, &left, 0}} {
		if got := outlasts(c.ttl, c.other, c.left); got != c.want {
			t.Errorf("outlasts(%d, %v) = %d, want %d", c.ttl, c.other, got, c.want)
		}
	}
	if bytes.Equal(encode(&sessionstore.Row{State: sessionstore.Live}, 1), encode(&sessionstore.Row{State: sessionstore.Live}, 2)) {
		t.Error("when a row began is not in its content")
	}
}

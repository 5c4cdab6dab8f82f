// SPDX-License-Identifier: Apache-2.0

package sessionstore

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/fault"
)

const (
	second = Instant(time.Second / time.Microsecond)
	hour   = 3600 * second
	t0     = Instant(1_800_000_000_000_000)
)

var (
	here  = RowKey{1}
	there = RowKey{2}
	anna  = OwnerKey{1}
	bert  = OwnerKey{2}
	on    = true
	off   = false
)

func kindOf(err error) fault.Kind {
	if err == nil {
		return -1
	}
	return fault.From(err).Kind
}

func TestMatch(t *testing.T) {
	live, retired, absent := Row{State: Live, Version: 7}, Row{State: Retired, Version: 7}, Row{Version: 7}
	for name, c := range map[string]struct {
		match                   *Match
		live, retired, absently bool
	}{
		"none":              {nil, true, true, true},
		"If-Match *":        {&Match{Any: true}, true, false, false},
		"If-Match 7":        {&Match{Version: 7}, true, false, false},
		"If-Match 8":        {&Match{Version: 8}, false, false, false},
		"If-None-Match *":   {&Match{Any: true, None: true}, false, true, true},
		"If-None-Match 7":   {&Match{Version: 7, None: true}, false, true, true},
		"If-None-Match 8":   {&Match{Version: 8, None: true}, true, true, true},
		"a zero is version": {&Match{}, false, false, false},
	} {
		got := [3]bool{c.match.holds(&live), c.match.holds(&retired), c.match.holds(&absent)}
		if got != [3]bool{c.live, c.retired, c.absently} {
			t.Errorf("%s: %t of a live, a retired and no row", name, got)
		}
	}
}

// TestAWrite is what a write makes of what there is. Times are from t0, "now".
func TestAWrite(t *testing.T) {
	day := Life{TTL: 24 * time.Hour}
	old := Row{Key: here, State: Live, Owner: anna, Version: 3, KeyID: 9, Established: t0 - hour, Expires: t0 + hour, Cap: t0 + 9*hour, TTL: 2 * time.Hour, Sealed: []byte("x")}
	with := func(r Row, change func(*Row)) Row { change(&r); return r }
	// what a write of old with the namespace's day gives
	goesOn := Row{Key: here, State: Live, Owner: anna, Version: 42, Established: t0 - hour, Expires: t0 + 9*hour, Cap: t0 + 9*hour, TTL: 24 * time.Hour}
	fresh := Row{Key: here, State: Live, Version: 42, Established: t0, Expires: t0 + 24*hour, TTL: 24 * time.Hour}
	for name, c := range map[string]struct {
		write     write
		old       Row
		notBefore Instant
		want      Row
		refused   fault.Kind // 0 = not
	}{
		"a first one":                      {write{defaults: day}, Row{Key: here}, 0, fresh, 0},
		"a first one of an owner":          {write{defaults: day, owner: bert}, Row{Key: here}, t0 - 1, with(fresh, func(r *Row) { r.Owner = bert }), 0},
		"begun earlier":                    {write{defaults: day, established: t0 - 5*hour}, Row{Key: here}, 0, with(fresh, func(r *Row) { r.Established = t0 - 5*hour }), 0},
		"begun later than now":             {write{defaults: day, established: t0 + 5*hour}, Row{Key: here}, 0, fresh, 0},
		"its own time to live":             {write{defaults: day, life: Life{TTL: time.Hour}}, Row{Key: here}, 0, with(fresh, func(r *Row) { r.Expires, r.TTL = t0+hour, time.Hour }), 0},
		"never, by default":                {write{}, Row{Key: here}, 0, with(fresh, func(r *Row) { r.Expires, r.TTL = 0, 0 }), 0},
		"never, but for the longest":       {write{maxTTL: time.Hour}, Row{Key: here}, 0, with(fresh, func(r *Row) { r.Expires, r.TTL = t0+hour, time.Hour }), 0},
		"longer than the longest":          {write{defaults: day, maxTTL: time.Hour, life: Life{TTL: 3 * time.Hour}}, Row{Key: here}, 0, with(fresh, func(r *Row) { r.Expires, r.TTL = t0+hour, time.Hour }), 0},
		"absolute, by default":             {write{defaults: Life{TTL: 24 * time.Hour, Absolute: &on}}, Row{Key: here}, 0, with(fresh, func(r *Row) { r.Absolute = true }), 0},
		"sliding against the default":      {write{defaults: Life{TTL: 24 * time.Hour, Absolute: &on}, life: Life{Absolute: &off}}, Row{Key: here}, 0, fresh, 0},
		"a cap, by default":                {write{defaults: Life{TTL: 24 * time.Hour, MaxAge: time.Hour}}, Row{Key: here}, 0, with(fresh, func(r *Row) { r.Expires, r.Cap = t0+hour, t0+hour }), 0},
		"a shorter cap":                    {write{defaults: Life{TTL: 24 * time.Hour, MaxAge: 2 * time.Hour}, life: Life{MaxAge: time.Hour}}, Row{Key: here}, 0, with(fresh, func(r *Row) { r.Expires, r.Cap = t0+hour, t0+hour }), 0},
		"a longer cap than may be":         {write{defaults: Life{TTL: 24 * time.Hour, MaxAge: time.Hour}, life: Life{MaxAge: 2 * time.Hour}}, Row{Key: here}, 0, with(fresh, func(r *Row) { r.Expires, r.Cap = t0+hour, t0+hour }), 0},
		"a cap that counts from the start": {write{defaults: day, life: Life{MaxAge: 6 * time.Hour}, established: t0 - 5*hour}, Row{Key: here}, 0, with(fresh, func(r *Row) { r.Established, r.Expires, r.Cap = t0-5*hour, t0+hour, t0+hour }), 0},
		"never, but for its cap":           {write{life: Life{MaxAge: time.Hour}}, Row{Key: here}, 0, with(fresh, func(r *Row) { r.Expires, r.Cap, r.TTL = t0+hour, t0+hour, 0 }), 0},
		"over before it begins":            {write{defaults: day, life: Life{MaxAge: time.Hour}, established: t0 - 5*hour}, Row{Key: here}, 0, Row{}, fault.Invalid},

		"a next one":                        {write{defaults: day}, old, 0, goesOn, 0},
		"its beginning and cap stay":        {write{defaults: day, established: t0 - 2*hour, life: Life{MaxAge: 99 * time.Hour}}, old, 0, goesOn, 0},
		"another owner":                     {write{defaults: day, owner: bert}, old, 0, with(goesOn, func(r *Row) { r.Owner = bert }), 0},
		"a default does not make absolute":  {write{defaults: Life{TTL: 24 * time.Hour, Absolute: &on}}, old, 0, goesOn, 0},
		"it becomes absolute":               {write{defaults: day, life: Life{Absolute: &on}}, old, 0, with(goesOn, func(r *Row) { r.Absolute, r.Expires, r.TTL = true, t0+hour, 2*time.Hour }), 0},
		"absolute stays":                    {write{defaults: day}, with(old, func(r *Row) { r.Absolute = true }), 0, with(goesOn, func(r *Row) { r.Absolute, r.Expires, r.TTL = true, t0+hour, 2*time.Hour }), 0},
		"absolute with a new time to live":  {write{defaults: day, life: Life{TTL: 3 * time.Hour}}, with(old, func(r *Row) { r.Absolute = true }), 0, with(goesOn, func(r *Row) { r.Absolute, r.Expires, r.TTL = true, t0+3*hour, 3*time.Hour }), 0},
		"absolute becomes sliding":          {write{defaults: day, life: Life{Absolute: &off}}, with(old, func(r *Row) { r.Absolute = true }), 0, goesOn, 0},
		"with the version":                  {write{defaults: day, match: &Match{Version: 3}}, old, 0, goesOn, 0},
		"with another version":              {write{defaults: day, match: &Match{Version: 4}}, old, 0, Row{}, fault.Stale},
		"none with If-Match":                {write{defaults: day, match: &Match{Any: true}}, Row{Key: here}, 0, Row{}, fault.Stale},
		"a retired one":                     {write{defaults: day}, with(old, func(r *Row) { r.State = Retired }), 0, Row{}, fault.Conflict},
		"a retired one with If-None-Match":  {write{defaults: day, match: &Match{Any: true, None: true}}, with(old, func(r *Row) { r.State = Retired }), 0, Row{}, fault.Conflict},
		"an ended one":                      {write{defaults: day}, with(old, func(r *Row) { r.State = Revoked }), 0, Row{}, fault.Conflict},
		"an ended one, by another owner":    {write{defaults: day, owner: bert}, with(old, func(r *Row) { r.State = Revoked }), 0, Row{}, fault.Conflict},
		"begun after the revocation":        {write{defaults: day}, old, t0 - hour - 1, goesOn, 0},
		"begun at the revocation":           {write{defaults: day}, old, t0 - hour, Row{}, fault.Conflict},
		"a first one before the revocation": {write{defaults: day, owner: anna, established: t0 - hour}, Row{Key: here}, t0 - hour, Row{}, fault.Conflict},
		"a first one without an owner":      {write{defaults: day, established: t0 - hour}, Row{Key: here}, t0 - hour, with(fresh, func(r *Row) { r.Established = t0 - hour }), 0},
		"a revocation that lies ahead":      {write{defaults: day, owner: anna}, Row{Key: here}, t0 + hour, Row{}, fault.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			before := c.old
			got, err := c.write.after(View{Now: t0, Version: 42, NotBefore: c.notBefore}, &c.old)
			if c.refused != 0 {
				if kindOf(err) != c.refused {
					t.Fatalf("%v; want a fault of kind %d", err, c.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, c.old); diff != "" {
				t.Errorf("the old row was changed:\n%s", diff)
			}
		})
	}
}

func TestATouch(t *testing.T) {
	old := Row{Key: here, State: Live, Owner: anna, Version: 3, KeyID: 9, Established: t0 - hour, Expires: t0 + hour, TTL: 2 * time.Hour, Sealed: []byte("x")}
	with := func(change func(*Row)) Row { r := old; change(&r); return r }
	for name, c := range map[string]struct {
		old     Row
		match   *Match
		expires Instant
		refused fault.Kind
	}{
		"sliding":          {old, nil, t0 + 2*hour, 0},
		"absolute":         {with(func(r *Row) { r.Absolute = true }), nil, t0 + hour, 0},
		"never":            {with(func(r *Row) { r.TTL, r.Expires = 0, 0 }), nil, 0, 0},
		"up to its cap":    {with(func(r *Row) { r.Cap = t0 + hour + 5 }), nil, t0 + hour + 5, 0},
		"never but a cap":  {with(func(r *Row) { r.TTL, r.Cap = 0, t0+hour }), nil, t0 + hour, 0},
		"the version":      {old, &Match{Version: 3}, t0 + 2*hour, 0},
		"another version":  {old, &Match{Version: 4}, 0, fault.Stale},
		"none":             {Row{Key: here}, nil, 0, fault.NotFound},
		"none, with match": {Row{Key: here}, &Match{Version: 3}, 0, fault.NotFound},
		"retired":          {with(func(r *Row) { r.State = Retired }), nil, 0, fault.Conflict},
		"ended":            {with(func(r *Row) { r.State = Revoked }), nil, 0, fault.Conflict},
	} {
		got, err := touched(View{Now: t0, Version: 42}, &c.old, c.match)
		if c.refused != 0 {
			if kindOf(err) != c.refused {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		want := c.old
		want.Expires = c.expires // and nothing else, the version included
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestARetiredRow(t *testing.T) {
	old := Row{Key: here, State: Live, Owner: anna, Version: 3, KeyID: 9, Established: t0 - hour, Expires: t0 + hour, Cap: t0 + hour, TTL: time.Hour, Sealed: []byte("x")}
	got := retired(View{Now: t0}, &old, there, time.Minute)
	want := old
	want.State, want.Successor, want.Expires = Retired, there, t0+60*second
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := retired(View{Now: t0}, &old, there, 5*time.Hour); got.Expires != old.Expires {
		t.Error("the grace is longer than the session had")
	}
	old.Expires = 0
	if got := retired(View{Now: t0}, &old, there, time.Minute); got.Expires != t0+60*second {
		t.Error("the grace of a session that never expires has no end")
	}
	for _, grace := range []time.Duration{0, -time.Second} {
		if diff := cmp.Diff(Row{Key: here}, retired(View{Now: t0}, &old, there, grace)); diff != "" {
			t.Errorf("without a grace:\n%s", diff)
		}
	}
}

// TestNothingOutlivesItsBounds: whatever is written, in whatever order, a session's
// beginning and cap stay; it ends by its cap and by the longest time to live; a touch
// moves nothing but its end; and no session of an owner is from before a revocation.
func TestNothingOutlivesItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hours := func(label string) time.Duration {
			return time.Duration(rapid.IntRange(0, 9).Draw(t, label)) * time.Hour
		}
		flag := func(label string) *bool {
			return rapid.SampledFrom([]*bool{nil, &on, &off}).Draw(t, label)
		}
		defaults, longest := Life{TTL: hours("ttl"), Absolute: flag("absolute"), MaxAge: hours("max age")}, hours("longest")
		row, now := Row{Key: here}, t0
		for range rapid.IntRange(1, 20).Draw(t, "acts") {
			now += Instant(rapid.IntRange(0, 5*60).Draw(t, "minutes")) * 60 * second
			if row.State != Absent && row.Expired(now) {
				row = Row{Key: here}
			}
			v := View{Now: now, Version: row.Version + 1, NotBefore: Instant(rapid.IntRange(0, 3).Draw(t, "revoked")) * (now - t0) / 3}
			if v.NotBefore > 0 {
				v.NotBefore += t0 - 5*hour
			}
			old := row
			if rapid.IntRange(0, 2).Draw(t, "touch") == 0 {
				next, err := touched(v, &row, nil)
				if err != nil {
					continue
				}
				moved := next
				moved.Expires = old.Expires
				if diff := cmp.Diff(old, moved); diff != "" || old.Absolute && next.Expires != old.Expires {
					t.Fatalf("a touch changed it: %s", diff)
				}
				row = next
			} else {
				w := write{defaults: defaults, maxTTL: longest, life: Life{TTL: hours("its ttl"), Absolute: flag("its absolute"), MaxAge: hours("its max age")}}
				w.owner = rapid.SampledFrom([]OwnerKey{{}, anna, bert}).Draw(t, "owner")
				if ago := hours("begun ago"); ago > 5*time.Hour {
					w.established = now - Instant(ago/time.Microsecond)
				}
				next, err := w.after(v, &row)
				if err != nil {
					continue
				}
				row = next
				if row.Owner != (OwnerKey{}) && v.NotBefore != 0 && row.Established <= v.NotBefore {
					t.Fatalf("a session from %d after a revocation at %d", row.Established, v.NotBefore)
				}
				if old.State == Live && (row.Established != old.Established || row.Cap != old.Cap) {
					t.Fatalf("%+v became %+v", old, row)
				}
			}
			bounds(t, row, old, now, defaults, longest)
		}
	})
}

func bounds(t *rapid.T, row, old Row, now Instant, defaults Life, longest time.Duration) {
	switch {
	case row.State != Live || row.Expired(now):
		t.Fatalf("not live: %+v", row)
	case row.Established > now:
		t.Fatal("begun later than now")
	case row.Cap != 0 && (row.Expires == 0 || row.Expires > row.Cap):
		t.Fatalf("beyond its cap: %+v", row)
	case defaults.MaxAge > 0 && (row.Cap == 0 || row.Cap > row.Established.After(defaults.MaxAge)):
		t.Fatalf("a later cap than the namespace's: %+v", row)
	case longest > 0 && (row.Expires == 0 || row.Expires > max(now.After(longest), old.Expires)):
		t.Fatalf("a longer life than the longest: %+v", row)
	}
}

func TestShorter(t *testing.T) {
	for _, c := range [][3]time.Duration{{0, 0, 0}, {0, 5, 5}, {5, 0, 5}, {3, 5, 3}, {5, 3, 3}, {-1, 5, 5}, {5, -1, 5}} {
		if got := shorter(c[0], c[1]); got != c[2] {
			t.Errorf("the shorter of %d and %d is %d", c[0], c[1], got)
		}
	}
}

// FuzzContent: what a row held is read as it was put, and what was not is refused.
func FuzzContent(f *testing.F) {
	f.Add([]byte("\x02id\x04annavalue"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		id, rest, ok := prefixed(b)
		if !ok {
			return
		}
		if len(id)+len(rest) >= len(b) {
			t.Fatalf("%d and %d bytes of %d", len(id), len(rest), len(b))
		}
	})
}

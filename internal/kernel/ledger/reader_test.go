// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func seqs(p ledger.Page) []int64 {
	got := []int64{}
	for _, r := range p.Records {
		got = append(got, r.Seq)
	}
	return got
}

func TestEntriesShowsWhatTheActorMaySee(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, _ := fill(t, db)
		later := storetest.Start().Add(time.Hour)
		for name, c := range map[string]struct {
			actor  authz.Actor
			filter ledger.Filter
			want   []int64
		}{
			"insider":             {insider(), ledger.Filter{}, []int64{16, 8, 5, 4, 3, 2, 0}},
			"participant":         {participant(), ledger.Filter{}, []int64{17, 16, 8, 5, 4, 3, 2, 1, 0}},
			"outsider":            {outsider(), ledger.Filter{}, []int64{}},
			"anonymous":           {authz.Anonymous(), ledger.Filter{}, []int64{}},
			"subject":             {participant(), ledger.Filter{Subject: "flow:x"}, []int64{5, 4, 0}},
			"item":                {participant(), ledger.Filter{Item: "risk:secret"}, []int64{17, 1}},
			"item, not shown":     {insider(), ledger.Filter{Item: "risk:secret"}, []int64{}},
			"actor":               {participant(), ledger.Filter{Actor: "person:nobody"}, []int64{}},
			"kinds":               {insider(), ledger.Filter{Kinds: []string{"risk.accepted", "risk.rated"}, Item: "risk:open"}, []int64{2}},
			"another kind":        {insider(), ledger.Filter{Kinds: []string{"risk.accepted"}}, []int64{}},
			"since":               {participant(), ledger.Filter{Since: later}, []int64{17, 16, 8}},
			"until":               {participant(), ledger.Filter{Until: later, Subject: "flow:x"}, []int64{5, 4, 0}},
			"since after the end": {participant(), ledger.Filter{Since: later.AddDate(1, 0, 0)}, []int64{}},
		} {
			t.Run(name, func(t *testing.T) {
				read(t, db, func(r store.Reader) error {
					p, err := l.Entries(t.Context(), r, c.actor, c.filter, 0, 100)
					if diff := cmp.Diff(c.want, seqs(p)); diff != "" {
						t.Error(diff)
					}
					return err
				})
			})
		}
	})
}

func TestEntriesInPages(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, _ := fill(t, db)
		for limit := 1; limit < 11; limit++ {
			var got []int64
			for before, more := int64(0), true; more; more = before > 0 {
				read(t, db, func(r store.Reader) error {
					p, err := l.Entries(t.Context(), r, participant(), ledger.Filter{}, before, limit)
					got = append(got, seqs(p)...)
					before = p.Next
					return err
				})
			}
			if diff := cmp.Diff([]int64{17, 16, 8, 5, 4, 3, 2, 1, 0}, got); diff != "" {
				t.Errorf("pages of %d: %s", limit, diff)
			}
		}
	})
}

func TestEntry(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, _ := fill(t, db)
		get := func(a authz.Actor, seq int64) (rec ledger.Record, err error) {
			err = db.Read(t.Context(), func(tx *store.ReadTx) error {
				rec, err = l.Entry(t.Context(), tx, a, seq)
				return err
			})
			return rec, err
		}
		rec, err := get(insider(), 5)
		if err != nil {
			t.Fatal(err)
		}
		want := ledger.Record{Seq: 5, Time: storetest.Start(), Kind: "risk.rated", Actor: "person:owner", Subject: "flow:x",
			Body: []byte(`{"rating":"high"}`), Item: "risk:a", Visibility: authz.Internal, Leaf: rec.Leaf, Openings: rec.Openings}
		if diff := cmp.Diff(want, rec); diff != "" {
			t.Error(diff)
		}
		for f, o := range rec.Openings {
			sum := format.Commit(format.Field(f), o.Salt(), o.Value())
			if !bytes.Equal(sum[:], rec.Leaf.Commitment(format.Field(f))) {
				t.Errorf("the opening of the %s does not fit", format.Field(f))
			}
		}
		rec, err = get(insider(), 0)
		if err != nil || rec.Actor != "" || rec.Body != nil || rec.Kind != "risk.rated" {
			t.Errorf("an erased entry: %+v, %v", rec, err)
		}
		if diff := cmp.Diff([]ledger.Field{ledger.FieldActor, ledger.FieldBody}, rec.Erased); diff != "" {
			t.Error(diff)
		}
		if _, err := get(participant(), 1); err != nil {
			t.Errorf("a participant: %v", err)
		}
		for name, c := range map[string]struct {
			actor authz.Actor
			seq   int64
		}{
			"restricted": {insider(), 1}, "padding": {insider(), 6}, "absent": {insider(), 100},
			"negative": {insider(), -1}, "public, but outsider": {outsider(), 2}, "anonymous": {authz.Anonymous(), 2},
		} {
			if rec, err := get(c.actor, c.seq); !fault.HasCode(err, "not_found") {
				t.Errorf("%s: %+v, %v", name, rec, err)
			}
		}
	})
}

func TestReclassify(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, w := fill(t, db)
		err := w.Decide(t.Context(), func(tx *ledger.Tx) error {
			e := entry("flow:restricted")
			e.Item, e.Visibility = "risk:secret", "restricted"
			if _, err := w.Append(t.Context(), tx, e); err != nil {
				return err
			}
			if err := l.Reclassify(t.Context(), tx, "risk:secret", "unknown"); err == nil {
				t.Error("an unknown visibility was accepted")
			}
			return l.Reclassify(t.Context(), tx, "risk:secret", "internal")
		})
		if err != nil {
			t.Fatal(err)
		}
		read(t, db, func(r store.Reader) error {
			p, err := l.Entries(t.Context(), r, insider(), ledger.Filter{Item: "risk:secret"}, 0, 10)
			if diff := cmp.Diff([]int64{18, 17, 1}, seqs(p)); diff != "" {
				t.Error(diff)
			}
			return err
		})
		verify(t, db)
	})
}

func TestErase(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, w := fill(t, db)
		err := w.Decide(t.Context(), func(tx *ledger.Tx) error {
			if _, err := w.Append(t.Context(), tx, entry("flow:x")); err != nil {
				return err
			}
			if n, err := l.Erase(t.Context(), tx, []int64{1, 17}, ledger.FieldBody); err != nil || n != 2 {
				t.Errorf("erased %d, %v", n, err)
			}
			if n, err := l.Erase(t.Context(), tx, []int64{1, 17}); err != nil || n != 6 {
				t.Errorf("erased %d more, %v", n, err)
			}
			if n, err := l.Erase(t.Context(), tx, []int64{1, 6, 18}, ledger.FieldBody, ledger.FieldBody); err != nil || n != 1 {
				t.Errorf("an erased entry, padding and a new entry: %d, %v", n, err)
			}
			if _, err := l.Erase(t.Context(), tx, []int64{400}); err == nil {
				t.Error("an entry that does not exist was erased")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, `SELECT count(seq) FROM ledger_opening WHERE item = 'risk:secret' AND (body IS NOT NULL OR kind IS NOT NULL OR actor IS NOT NULL OR subject IS NOT NULL)`); n != 0 {
			t.Errorf("%d openings are left", n)
		}
		var salts []byte
		read(t, db, func(r store.Reader) error {
			return r.QueryRow(t.Context(), `SELECT salts FROM ledger_opening WHERE seq = 1`).Scan(&salts)
		})
		if !bytes.Equal(salts, make([]byte, format.Fields*format.SaltSize)) {
			t.Error("salts are left")
		}
		read(t, db, func(r store.Reader) error {
			all, err := l.Erasures(t.Context(), r)
			if len(all) != 6+8+1 {
				t.Errorf("%d erasures", len(all))
			}
			return err
		})
		verify(t, db)
	})
}

// A copy from before an erasure is brought to the same state, and entries made
// since stay as they are.
func TestEraseAgain(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, w := open(t, db)
		if err := decide(t, w, entry("flow:x"), entry("flow:y")); err != nil {
			t.Fatal(err)
		}
		first, second := leafHash(t, db, 0), leafHash(t, db, 1)
		list := []ledger.Erasure{
			{Seq: 0, Field: ledger.FieldBody, Leaf: first}, {Seq: 1, Field: ledger.FieldActor, Leaf: second},
			{Seq: 0, Field: ledger.FieldActor, Leaf: second}, // the number was given to another entry
			{Seq: 2, Field: ledger.FieldBody}, {Seq: 9, Field: ledger.FieldBody, Leaf: first},
		}
		for _, round := range []struct {
			list []ledger.Erasure
			want int
		}{{list, 2}, {list[:2], 0}} {
			err := w.Decide(t.Context(), func(tx *ledger.Tx) error {
				if _, err := w.Append(t.Context(), tx, entry("flow:restored")); err != nil {
					return err
				}
				n, err := l.EraseAgain(t.Context(), tx, round.list)
				if n != round.want {
					t.Errorf("erased %d, want %d", n, round.want)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		read(t, db, func(r store.Reader) error {
			all, err := l.Erasures(t.Context(), r)
			if len(all) != 2 || all[0].Field != ledger.FieldBody || all[0].Leaf != first || all[1].Seq != 1 || all[1].Leaf != second {
				t.Errorf("erasures %+v", all)
			}
			return err
		})
		verify(t, db)
	})
}

// leafHash reads the hash of an entry's leaf: the first of the stored ones.
func leafHash(t *testing.T, db *store.DB, seq int64) (h format.Hash) {
	t.Helper()
	read(t, db, func(r store.Reader) error {
		var hashes []byte
		err := r.QueryRow(t.Context(), `SELECT hashes FROM ledger_leaf WHERE seq = $1`, seq).Scan(&hashes)
		copy(h[:], hashes)
		return err
	})
	return h
}

// After hears of every commit, and of nothing that was rolled back.
func TestAfter(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		var heard [][]string
		l, err := ledger.Open(t.Context(), db, ledger.Config{After: func(_ context.Context, kinds []string) { heard = append(heard, kinds) }})
		if err != nil {
			t.Fatal(err)
		}
		w := l.Writer("risk", []string{entry("flow:x").Kind})
		if err := decide(t, w, entry("flow:x"), entry("flow:y")); err != nil {
			t.Fatal(err)
		}
		stop := errors.New("stop")
		err = w.Decide(t.Context(), func(tx *ledger.Tx) error {
			_, err := w.Append(t.Context(), tx, entry("flow:z"))
			return errors.Join(err, stop)
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if diff := cmp.Diff([][]string{{entry("").Kind, entry("").Kind}}, heard); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
	})
}

func export(t *testing.T, db *store.DB, l *ledger.Log, a authz.Actor) []byte {
	t.Helper()
	var b bytes.Buffer
	read(t, db, func(r store.Reader) error { return l.Export(t.Context(), r, a, &b) })
	return b.Bytes()
}

func TestExport(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, _ := fill(t, db)
		whole := verify(t, db)
		for _, c := range []struct {
			actor  authz.Actor
			opened int64
		}{{insider(), 6}, {participant(), 8}} {
			text := export(t, db, l, c.actor)
			got, err := ledger.VerifyExport(t.Context(), bytes.NewReader(text), options(t))
			if err != nil || got.Opened != c.opened || got.Root != whole.Root || got.Size != whole.Size {
				t.Errorf("%s: %+v, %v", c.actor.ID, got, err)
			}
		}
		err := db.Read(t.Context(), func(tx *store.ReadTx) error {
			return l.Export(t.Context(), tx, outsider(), &bytes.Buffer{})
		})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("an outsider: %v", err)
		}
	})
}

// opened returns the openings in an export, by entry.
func opened(t *testing.T, text []byte) map[int64][]byte {
	t.Helper()
	found := map[int64][]byte{}
	seq := int64(0)
	for line := range bytes.Lines(bytes.SplitN(text, []byte("\n\n"), 3)[2]) {
		if _, shown, _ := bytes.Cut(line, []byte(" ")); !bytes.HasPrefix(shown, []byte("- ")) {
			found[seq] = shown
		}
		seq++
	}
	return found
}

// Whatever the log holds: what an export opens is exactly what the list shows,
// and that is what authz.CanSee says; of everything else no export holds more
// than hashes.
func TestExportOpensExactlyWhatTheActorSees(t *testing.T) {
	actors := map[string]authz.Actor{"insider": insider(), "participant": participant()}
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		pick := func(from ...string) string { return from[random.IntN(len(from))] }
		db := storetest.SQLite(t, migrations())
		l, w := open(t, db)
		var resources []authz.Resource
		for range random.IntN(12) {
			e := entry("flow:x")
			e.Item = pick("risk:a", "risk:b", "risk:c", "")
			e.Visibility = pick("public", "internal", "restricted")
			res := authz.Resource{Item: e.Item, Visibility: authz.Visibility(e.Visibility)}
			if e.Item == "risk:a" {
				res.Participants = []string{"person:participant"}
			}
			resources = append(resources, res)
			err := w.Decide(t.Context(), func(tx *ledger.Tx) error {
				if err := authz.SetParticipants(t.Context(), tx.Tx, "risk:a", []string{"person:participant"}); err != nil {
					return err
				}
				_, err := w.Append(t.Context(), tx, e)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if seed%2 == 0 {
			publish(t, l)
		}
		for name, a := range actors {
			want := []int64{}
			for seq := range slices.Backward(resources) {
				if authz.CanSee(a, resources[seq]) {
					want = append(want, int64(seq))
				}
			}
			read(t, db, func(r store.Reader) error {
				p, err := l.Entries(t.Context(), r, a, ledger.Filter{}, 0, 100)
				if diff := cmp.Diff(want, seqs(p)); diff != "" {
					t.Errorf("seed %d, %s: list: %s", seed, name, diff)
				}
				return err
			})
			open := slices.Sorted(maps.Keys(opened(t, export(t, db, l, a))))
			slices.Reverse(open)
			if diff := cmp.Diff(want, append([]int64{}, open...)); diff != "" {
				t.Errorf("seed %d, %s: export: %s", seed, name, diff)
			}
		}
	}
}

// Two logs that differ only in a restricted entry give an insider who does not
// take part exports of the same form: line by line the same fields are open.
func TestExportHidesWhatIsRestricted(t *testing.T) {
	forms := map[bool]string{}
	for _, secret := range []bool{false, true} {
		db := storetest.SQLite(t, migrations())
		l, w := open(t, db)
		if err := decide(t, w, entry("flow:x")); err != nil {
			t.Fatal(err)
		}
		if secret {
			e := entry("flow:embargoed")
			e.Item, e.Visibility = "risk:secret", "restricted"
			if err := decide(t, w, e); err != nil {
				t.Fatal(err)
			}
		}
		publish(t, l)
		text := export(t, db, l, insider())
		if bytes.Contains(text, []byte("embargoed")) {
			t.Error("the export names what is restricted")
		}
		_, lines, _ := bytes.Cut(text, []byte("\n\n"))
		_, lines, _ = bytes.Cut(lines, []byte("\n\n"))
		form := bytes.Map(func(r rune) rune {
			if r == ' ' || r == '\n' || r == '-' {
				return r
			}
			return 'x'
		}, lines)
		forms[secret] = string(form)
	}
	if diff := cmp.Diff(forms[false], forms[true]); diff != "" {
		t.Error(diff)
	}
}

func prove(t *testing.T, db *store.DB, l *ledger.Log, a authz.Actor, seq, size int64) (p ledger.Inclusion, err error) {
	t.Helper()
	err = db.Read(context.Background(), func(tx *store.ReadTx) error {
		p, err = l.ProveInclusion(t.Context(), tx, a, seq, size)
		return err
	})
	return p, err
}

func TestProofs(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, _ := fill(t, db)
		for size := int64(1); size <= 18; size++ {
			for seq := range size {
				p, err := prove(t, db, l, insider(), seq, size)
				if err != nil || p.Check() != nil || p.Checkpoint.Size != size {
					t.Fatalf("entry %d in %d: %v", seq, size, err)
				}
				if _, err := format.OpenCheckpoint([]byte(p.Checkpoint.Note), options(t).Keys, ""); err != nil {
					t.Fatal(err)
				}
				public, err := prove(t, db, l, authz.Anonymous(), seq, size)
				if size%8 != 0 {
					if !fault.HasCode(err, "not_found") {
						t.Fatalf("anonymous, entry %d in %d: %v", seq, size, err)
					}
				} else if diff := cmp.Diff(p, public); err != nil || diff != "" {
					t.Fatalf("anonymous, entry %d in %d: %v %s", seq, size, err, diff)
				}
			}
		}
		for _, c := range []struct {
			actor     authz.Actor
			seq, size int64
		}{{insider(), 18, 0}, {insider(), -1, 0}, {insider(), 0, 19}, {insider(), 0, -1}, {outsider(), 16, 0}, {outsider(), 8, 8}, {outsider(), 0, 18}} {
			if p, err := prove(t, db, l, c.actor, c.seq, c.size); !fault.HasCode(err, "not_found") {
				t.Errorf("%s, entry %d in %d: %+v, %v", c.actor.ID, c.seq, c.size, p, err)
			}
		}
		for actor, want := range map[*authz.Actor]int64{ptr(insider()): 18, ptr(outsider()): 16} {
			if p, err := prove(t, db, l, *actor, 0, 0); err != nil || p.Checkpoint.Size != want {
				t.Errorf("%s: latest size %d, %v", actor.ID, p.Checkpoint.Size, err)
			}
		}
	})
}

func ptr[T any](v T) *T { return &v }

func TestConsistency(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, _ := fill(t, db)
		get := func(a authz.Actor, from, to int64) (p ledger.Consistency, err error) {
			err = db.Read(t.Context(), func(tx *store.ReadTx) error {
				p, err = l.ProveConsistency(t.Context(), tx, a, from, to)
				return err
			})
			return p, err
		}
		for to := int64(1); to <= 18; to++ {
			for from := int64(1); from <= to; from++ {
				p, err := get(insider(), from, to)
				if err != nil || p.Check() != nil || p.From.Size != from || p.To.Size != to {
					t.Fatalf("%d to %d: %v", from, to, err)
				}
				_, err = get(authz.Anonymous(), from, to)
				if public := from%8 == 0 && to%8 == 0; public != (err == nil) || !public && !fault.HasCode(err, "not_found") {
					t.Fatalf("anonymous, %d to %d: %v", from, to, err)
				}
			}
		}
		for _, c := range [][2]int64{{0, 8}, {9, 8}, {1, 19}, {-1, 8}} {
			if _, err := get(insider(), c[0], c[1]); !fault.HasCode(err, "not_found") {
				t.Errorf("%v: %v", c, err)
			}
		}
	})
}

// A proof made for one entry does not prove another.
func TestProofOfAnotherEntryFails(t *testing.T) {
	db := storetest.SQLite(t, migrations())
	l, _ := fill(t, db)
	p, err := prove(t, db, l, insider(), 3, 0)
	if err != nil {
		t.Fatal(err)
	}
	p.Seq = 4
	if p.Check() == nil {
		t.Error("it does")
	}
}

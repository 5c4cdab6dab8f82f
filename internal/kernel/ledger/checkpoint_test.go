// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/ledger"
	"portreeve.org/portreeve/internal/kernel/ledger/format"
	"portreeve.org/portreeve/internal/kernel/ledger/ledgertest"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

func publish(t *testing.T, l *ledger.Log) {
	t.Helper()
	if err := l.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func publicSizes(t *testing.T, db *store.DB, l *ledger.Log) []int64 {
	t.Helper()
	var sizes []int64
	read(t, db, func(r store.Reader) error {
		list, err := l.Checkpoints(t.Context(), r, 0, 100)
		for _, c := range list {
			sizes = append([]int64{c.Size}, sizes...)
		}
		return err
	})
	return sizes
}

// day moves the clock to noon of day n.
func day(db *store.DB, n int) {
	db.Clock().Set(storetest.Start().Add(time.Duration(n) * 24 * time.Hour))
}

func TestPublishPadsToAFixedCadence(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, w := open(t, db) // multiples of 8, every 24 hours
		publish(t, l)
		publish(t, l) // nothing due: nothing done
		if diff := cmp.Diff([]int64{8}, publicSizes(t, db, l)); diff != "" {
			t.Error(diff)
		}
		for i, c := range []struct {
			entries int
			want    int64
		}{{3, 16}, {0, 24}, {8, 32}, {7, 40}, {9, 56}, {1, 64}} {
			for range c.entries {
				if err := decide(t, w, entry("flow:x")); err != nil {
					t.Fatal(err)
				}
			}
			day(db, i+1)
			publish(t, l)
			sizes := publicSizes(t, db, l)
			if got := sizes[len(sizes)-1]; got != c.want {
				t.Errorf("after %d entries the size is %d, want %d", c.entries, got, c.want)
			}
		}
		verify(t, db)
	})
}

// Being down for some periods does not show: the sizes are those of a log that
// was up.
func TestPublishCatchesUp(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, w := open(t, db)
		publish(t, l)
		day(db, 4)
		if err := decide(t, w, entry("flow:x")); err != nil {
			t.Fatal(err)
		}
		publish(t, l)
		if diff := cmp.Diff([]int64{8, 16, 24, 32, 40}, publicSizes(t, db, l)); diff != "" {
			t.Error(diff)
		}
		var latest ledger.Checkpoint
		read(t, db, func(r store.Reader) (err error) {
			latest, err = l.Latest(t.Context(), r)
			return err
		})
		if want := storetest.Start().Add(4 * 24 * time.Hour).Truncate(24 * time.Hour); !latest.Period.Equal(want) {
			t.Errorf("period %v, want %v", latest.Period, want)
		}
		day(db, 2) // a clock set back publishes nothing
		publish(t, l)
		if n := len(publicSizes(t, db, l)); n != 5 {
			t.Errorf("%d checkpoints, want 5", n)
		}
		verify(t, db)
	})
}

// Two logs that differ only in what was decided, one with a confidential case
// and one without, have the same public sizes at the same times, as long as the
// padding holds.
func TestPublicSizesTellNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var want []int64
	for range 8 {
		db := storetest.SQLite(t, migrations())
		l, w := open(t, db)
		for i := range 4 {
			day(db, i)
			publish(t, l)
			for range random.IntN(9) {
				if err := decide(t, w, entry("flow:x")); err != nil {
					t.Fatal(err)
				}
			}
		}
		day(db, 4)
		publish(t, l)
		sizes := publicSizes(t, db, l)
		if want == nil {
			want = sizes
		}
		if diff := cmp.Diff(want, sizes); diff != "" {
			t.Error(diff)
		}
	}
}

// Padding cannot be told from entries: same length, same magic, a time, and
// 128 bytes that look random.
func TestPaddingLooksLikeEntries(t *testing.T) {
	db := storetest.SQLite(t, migrations())
	l, w := open(t, db)
	if err := decide(t, w, entry("flow:x")); err != nil {
		t.Fatal(err)
	}
	publish(t, l)
	seen := map[string]bool{}
	read(t, db, func(r store.Reader) error {
		rows, err := r.Query(t.Context(), `SELECT leaf FROM ledger_leaf ORDER BY seq`)
		leaves, err := store.Collect(rows, err, func(s store.Scanner) (leaf []byte, err error) { return leaf, s.Scan(&leaf) })
		for _, data := range leaves {
			leaf, err := format.ParseLeaf(data)
			if err != nil {
				return err
			}
			for f := format.Kind; f < format.Fields; f++ {
				seen[string(leaf.Commitment(f))] = true
			}
		}
		return err
	})
	if len(seen) != 8*format.Fields {
		t.Errorf("%d different commitments, want %d", len(seen), 8*format.Fields)
	}
}

func TestHeadCheckpoint(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, _ := fill(t, db)
		var head ledger.Checkpoint
		read(t, db, func(r store.Reader) (err error) {
			head, err = l.Head(t.Context(), r)
			return err
		})
		c, err := format.OpenCheckpoint([]byte(head.Note), options(t).Keys, "")
		if err != nil || c.Size != 18 || c.Origin != keyName || c.Root != head.Root {
			t.Errorf("got %+v, %v", c, err)
		}
		unsigned, err := ledger.Open(t.Context(), db, ledger.Config{})
		if err != nil {
			t.Fatal(err)
		}
		if err := unsigned.Publish(t.Context()); err == nil {
			t.Error("published without a key")
		}
	})
}

// The origin is the identity of a log: it does not follow a changed configuration.
func TestOriginNeverChanges(t *testing.T) {
	db := storetest.SQLite(t, migrations())
	if _, err := ledger.Open(t.Context(), db, ledger.Config{Signer: signer(t), Origin: keyName}); err != nil {
		t.Error(err)
	}
	if _, err := ledger.Open(t.Context(), db, ledger.Config{Signer: signer(t), Origin: "new.example.org"}); !fault.HasCode(err, "ledger.origin") {
		t.Errorf("another origin: %v", err)
	}
}

func TestNoCheckpointYet(t *testing.T) {
	db := storetest.SQLite(t, migrations())
	l, _ := open(t, db)
	read(t, db, func(r store.Reader) error {
		if _, err := l.Latest(t.Context(), r); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v", err)
		}
		return nil
	})
}

func TestCosign(t *testing.T) {
	each(t, func(t *testing.T, db *store.DB) {
		l, _ := fill(t, db)
		w := ledgertest.NewWitness("witness.example.org/w1", bytes.Repeat([]byte{9}, 32))
		stranger := ledgertest.NewWitness("stranger.example.org", bytes.Repeat([]byte{8}, 32))
		witnesses, err := format.ParseWitnesses([]byte(w.Verifier()))
		if err != nil {
			t.Fatal(err)
		}
		var c, head ledger.Checkpoint
		read(t, db, func(r store.Reader) (err error) {
			if c, err = l.Latest(t.Context(), r); err != nil {
				return err
			}
			head, err = l.Head(t.Context(), r)
			return err
		})
		text, _, _ := strings.Cut(c.Note, "\n\n")
		text += "\n"
		headText, _, _ := strings.Cut(head.Note, "\n\n")
		for name, bad := range map[string]string{
			"not a note":          "hello",
			"no cosignature":      c.Note,
			"by a stranger":       c.Note + stranger.Line(text, 1),
			"of another text":     c.Note + w.Line(text+"more\n", 1),
			"of the private head": head.Note + w.Line(headText+"\n", 1),
		} {
			if n, err := l.Cosign(t.Context(), witnesses, []byte(bad)); !fault.HasCode(err, "ledger.cosignature") {
				t.Errorf("%s: %d, %v", name, n, err)
			}
		}
		if n, err := l.Cosign(t.Context(), witnesses, []byte(c.Note+w.Line(text, 1)+stranger.Line(text, 1))); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if n, err := l.Cosign(t.Context(), witnesses, []byte(text+"\n"+w.Line(text, 2))); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		read(t, db, func(r store.Reader) error {
			got, err := l.Latest(t.Context(), r)
			if err == nil && got.Note != c.Note+w.Line(text, 2) {
				t.Errorf("note is\n%s", got.Note)
			}
			return err
		})
		verify(t, db)
	})
}

// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

type shade string

type note struct {
	ID, Author string
	Version    int64
	Shade      shade
	Line       int
	Pinned     bool
	Body       string // NULL: none
	Long       bool   // computed
	Tags       map[string]string
	Marks      []string
	Words      []string
	At, Gone   time.Time
}

// words is a column in a form of its own: words with spaces between them.
type words struct{ all *[]string }

func (w words) Scan(src any) error {
	text, _ := src.(string)
	*w.all = strings.Fields(text)
	return nil
}

func (w words) Value() (driver.Value, error) { return strings.Join(*w.all, " "), nil }

func staleNote() error { return fault.New(fault.Stale, "note.stale", "Somebody was faster.") }

func noteTable() *store.Table[note] {
	return store.NewTable("note_note", "n", staleNote, func(n *note) []store.Column {
		return []store.Column{
			store.Text("id", &n.ID).Key(), store.Int("version", &n.Version).Version(), store.Text("author", &n.Author).Fixed(),
			store.Text("shade", &n.Shade), store.Int("line", &n.Line), store.Flag("pinned", &n.Pinned), store.NullText("body", &n.Body),
			store.JSON("tags", &n.Tags), store.JSON("marks", &n.Marks), store.Own("words", words{&n.Words}),
			store.Moment("made_at", &n.At).Fixed(), store.Moment("gone_at", &n.Gone), store.Value("length", int64(len(n.Body))),
			store.Flag("CASE WHEN n.length > 5 THEN 1 ELSE 0 END", &n.Long).Computed(),
		}
	})
}

func notes() []store.Migrations {
	return []store.Migrations{{Module: "note", FS: fstest.MapFS{
		"0001_note.sql": {Data: []byte(`-- +goose Up
CREATE TABLE note_note (
	id TEXT PRIMARY KEY, version {int64} NOT NULL, author TEXT NOT NULL, shade TEXT NOT NULL, line {int64} NOT NULL,
	pinned {int64} NOT NULL, body TEXT, tags TEXT NOT NULL, marks TEXT NOT NULL, words TEXT NOT NULL,
	made_at {int64} NOT NULL, gone_at {int64}, length {int64} NOT NULL, entry {int64} NOT NULL
) {STRICT};
`)},
	}}}
}

func fullNote() note {
	return note{
		ID: "a", Author: "ann", Version: 1, Shade: "dark", Line: 7, Pinned: true, Body: "What was said.", Long: true,
		Tags: map[string]string{"k": "v"}, Marks: []string{"x", "y"}, Words: []string{"one", "two"}, At: storetest.Start(), Gone: storetest.Start().Add(time.Hour),
	}
}

// emptyNote has the zero value wherever a note can have it.
func emptyNote() note { return note{ID: "b", Author: "ann", Version: 1, At: storetest.Start()} }

func insertNotes(t *testing.T, db *store.DB, all ...note) {
	t.Helper()
	write(t, db, func(tx *store.Tx) error {
		for i, n := range all {
			if err := noteTable().Insert(t.Context(), tx, n, store.Value("entry", i)); err != nil {
				return err
			}
		}
		return nil
	})
}

func read(t *testing.T, db *store.DB, fn func(ctx context.Context, r store.Reader) error) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *store.ReadTx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// TestTableReadsWhatItWrote: the empty note stands between full ones, so that a
// value of the row before would show in it.
func TestTableReadsWhatItWrote(t *testing.T) {
	storetest.Each(t, notes(), func(t *testing.T, db *store.DB) {
		last := fullNote()
		last.ID, last.Tags = "c", map[string]string{"other": "w"}
		want := []note{fullNote(), emptyNote(), last}
		want[1].Words = []string{}
		insertNotes(t, db, want...)
		table := noteTable()
		read(t, db, func(ctx context.Context, r store.Reader) error {
			all, err := table.All(ctx, r, "WHERE n.author = $1 ORDER BY n.id", "ann")
			if diff := cmp.Diff(want, all); diff != "" {
				t.Errorf("All (-want +got):\n%s", diff)
			}
			for _, n := range want {
				one, oneErr := table.One(ctx, r, "WHERE n.id = $1", n.ID)
				if diff := cmp.Diff(n, one); diff != "" {
					t.Errorf("One (-want +got):\n%s", diff)
				}
				err = errors.Join(err, oneErr)
			}
			var stored int64
			var body sql.NullString
			err = errors.Join(err, r.QueryRow(ctx, "SELECT length, body FROM note_note WHERE entry = 1").Scan(&stored, &body))
			if stored != 0 || body.Valid {
				t.Errorf("the empty note was stored with length %d and body %v; want 0 and NULL", stored, body)
			}
			return err
		})
	})
}

// TestTableSave: the first one inserts, the second one updates what is not fixed.
func TestTableSave(t *testing.T) {
	storetest.Each(t, notes(), func(t *testing.T, db *store.DB) {
		table := noteTable()
		changed := fullNote()
		changed.Version, changed.Shade, changed.Author, changed.At = 5, "light", "somebody else", storetest.Start().Add(time.Minute)
		want := changed
		want.Author, want.At = fullNote().Author, fullNote().At
		for entry, n := range []note{fullNote(), changed} {
			write(t, db, func(tx *store.Tx) error { return table.Save(t.Context(), tx, n, store.Value("entry", entry)) })
		}
		read(t, db, func(ctx context.Context, r store.Reader) error {
			all, err := table.All(ctx, r, "WHERE n.entry = 1")
			if diff := cmp.Diff([]note{want}, all); diff != "" {
				t.Errorf("after saving twice (-want +got):\n%s", diff)
			}
			return err
		})
	})
}

// TestTableInsertAll writes more rows than one statement holds.
func TestTableInsertAll(t *testing.T) {
	type tag struct{ ID, Note string }
	table := store.NewTable("note_tag", "g", nil, func(g *tag) []store.Column {
		return []store.Column{store.Text("id", &g.ID), store.Text("note", &g.Note)}
	})
	storetest.Each(t, []store.Migrations{{Module: "note", FS: fstest.MapFS{"0001_tag.sql": {Data: []byte(
		"-- +goose Up\nCREATE TABLE note_tag (id TEXT PRIMARY KEY, note TEXT NOT NULL) {STRICT};\n")}}}}, func(t *testing.T, db *store.DB) {
		var all []tag
		for i := range 205 {
			all = append(all, tag{fmt.Sprintf("%03d", i), fmt.Sprint("note ", i)})
		}
		for _, some := range [][]tag{nil, all[:1], all[1:]} {
			write(t, db, func(tx *store.Tx) error { return table.InsertAll(t.Context(), tx, some) })
		}
		read(t, db, func(ctx context.Context, r store.Reader) error {
			rows, err := r.Query(ctx, "SELECT note FROM note_tag ORDER BY id")
			got, err := store.Texts(rows, err)
			if len(got) != len(all) || got[0] != "note 0" || got[204] != "note 204" {
				t.Errorf("%d rows: %v", len(got), got)
			}
			return err
		})
	})
}

func TestTableFindsNothing(t *testing.T) {
	storetest.Each(t, notes(), func(t *testing.T, db *store.DB) {
		read(t, db, func(ctx context.Context, r store.Reader) error {
			if _, err := noteTable().One(ctx, r, "WHERE n.id = $1", "z"); !errors.Is(err, sql.ErrNoRows) {
				t.Errorf("One: %v; want sql.ErrNoRows", err)
			}
			if _, err := store.Found(noteTable().One(ctx, r, "WHERE n.id = $1", "z")); !fault.Is(err, fault.NotFound) {
				t.Errorf("Found: %v; want NotFound", err)
			}
			all, err := noteTable().All(ctx, r, "ORDER BY n.id")
			if len(all) != 0 {
				t.Errorf("All: %v; want nothing", all)
			}
			return err
		})
	})
}

func TestTableUpdate(t *testing.T) {
	storetest.Each(t, notes(), func(t *testing.T, db *store.DB) {
		insertNotes(t, db, fullNote(), emptyNote())
		changed := emptyNote()
		changed.ID, changed.Version, changed.Shade, changed.Author, changed.Marks = "a", 2, "light", "somebody else", []string{"z"}
		table := noteTable()
		write(t, db, func(tx *store.Tx) error {
			return table.Update(t.Context(), tx, changed, 1, store.Value("entry", 9))
		})
		for _, late := range []int64{1, 3} {
			err := db.Write(t.Context(), func(tx *store.Tx) error { return table.Update(t.Context(), tx, fullNote(), late) })
			if !fault.Is(err, fault.Stale) {
				t.Errorf("update of version %d: %v; want stale", late, err)
			}
		}
		want, other := changed, emptyNote()
		want.Author, want.Words, other.Words = "ann", []string{}, []string{} // the author is fixed
		read(t, db, func(ctx context.Context, r store.Reader) error {
			all, err := table.All(ctx, r, "WHERE n.entry IN (1, 9) ORDER BY n.id")
			if diff := cmp.Diff([]note{want, other}, all); diff != "" {
				t.Errorf("after the update (-want +got):\n%s", diff)
			}
			return err
		})
	})
}

// TestTableRefuses: what cannot be stored or read is an error, never half a row.
func TestTableRefuses(t *testing.T) {
	storetest.Each(t, notes(), func(t *testing.T, db *store.DB) {
		bad := fullNote()
		bad.Shade = "with a \x00"
		err := db.Write(t.Context(), func(tx *store.Tx) error { return noteTable().Insert(t.Context(), tx, bad, store.Value("entry", 0)) })
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("a text with a NUL: %v; want Invalid", err)
		}
		insertNotes(t, db, fullNote())
		for _, wrong := range []string{"pinned = 2", "tags = 'no JSON'"} {
			write(t, db, func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), "UPDATE note_note SET "+wrong)
				return err
			})
			err := db.Read(t.Context(), func(r *store.ReadTx) error {
				n, err := noteTable().One(t.Context(), r, "WHERE n.id = 'a'")
				if n.ID != "" {
					t.Errorf("%s: half a note came back", wrong)
				}
				return err
			})
			if err == nil {
				t.Errorf("%s was read", wrong)
			}
			write(t, db, func(tx *store.Tx) error {
				_, err := tx.Exec(t.Context(), "UPDATE note_note SET pinned = 1, tags = '{}'")
				return err
			})
		}
	})
}

func TestTableGroupBy(t *testing.T) {
	storetest.Each(t, notes(), func(t *testing.T, db *store.DB) {
		a, b, c := fullNote(), emptyNote(), fullNote()
		c.ID, c.Author = "c", "bob"
		other := fullNote()
		other.ID, other.Version = "d", 2
		insertNotes(t, db, a, b, c, other)
		ids := func(keys ...string) map[string][]string {
			found := map[string][]string{}
			read(t, db, func(ctx context.Context, r store.Reader) error {
				groups, err := noteTable().GroupBy(ctx, r, "author", keys, "AND n.version = $1 ORDER BY n.id DESC", 1)
				for author, group := range groups {
					for _, n := range group {
						found[author] = append(found[author], n.ID)
					}
				}
				return err
			})
			return found
		}
		for _, tc := range []struct {
			keys []string
			want map[string][]string
		}{
			{nil, map[string][]string{}},
			{[]string{"nobody"}, map[string][]string{}},
			{[]string{"bob"}, map[string][]string{"bob": {"c"}}},
			{[]string{"ann", "nobody", "bob"}, map[string][]string{"ann": {"b", "a"}, "bob": {"c"}}},
		} {
			if diff := cmp.Diff(tc.want, ids(tc.keys...)); diff != "" {
				t.Errorf("by %v (-want +got):\n%s", tc.keys, diff)
			}
		}
	})
}

// TestIn: the marks go on where the arguments before end, and an empty list holds
// for no row.
func TestIn(t *testing.T) {
	storetest.Each(t, notes(), func(t *testing.T, db *store.DB) {
		insertNotes(t, db, fullNote(), emptyNote())
		for _, tc := range []struct {
			ids  []shade
			want []string
		}{{nil, nil}, {[]shade{"b"}, []string{"b"}}, {[]shade{"z", "a", "b"}, []string{"a", "b"}}} {
			read(t, db, func(ctx context.Context, r store.Reader) error {
				args := []any{"ann"}
				rows, err := r.Query(ctx, "SELECT id FROM note_note WHERE author = $1 AND id IN "+store.In(tc.ids, &args)+" ORDER BY id", args...)
				got, err := store.Texts(rows, err)
				if !slices.Equal(got, tc.want) {
					t.Errorf("in %v: %v; want %v", tc.ids, got, tc.want)
				}
				return err
			})
		}
		read(t, db, func(ctx context.Context, r store.Reader) error {
			rows, err := r.Query(ctx, "SELECT author, id FROM note_note ORDER BY id")
			by, err := store.TextsBy(rows, err)
			if diff := cmp.Diff(map[string][]string{"ann": {"a", "b"}}, by); diff != "" {
				t.Errorf("TextsBy (-want +got):\n%s", diff)
			}
			return err
		})
	})
}

func TestPage(t *testing.T) {
	cursor := func(s string) string { return "after " + s }
	for _, tc := range []struct {
		all  []string
		want []string
		next string
	}{
		{nil, nil, ""},
		{[]string{"a", "b"}, []string{"a", "b"}, ""},
		{[]string{"a", "b", "c"}, []string{"a", "b"}, "after b"},
	} {
		page, next := store.Page(tc.all, 2, cursor)
		if !slices.Equal(page, tc.want) || next != tc.next {
			t.Errorf("Page(%v) = %v, %q; want %v, %q", tc.all, page, next, tc.want, tc.next)
		}
	}
	for asked, want := range map[int]int{-1: store.DefaultLimit, 0: store.DefaultLimit, 1: 1, 200: 200, 201: store.MaxLimit} {
		if got := store.Limit(asked); got != want {
			t.Errorf("Limit(%d) = %d; want %d", asked, got, want)
		}
	}
}

// TestTableText: what is put together is the statement that one would have written.
func TestTableText(t *testing.T) {
	type pair struct {
		ID, Name string
		Version  int64
	}
	table := store.NewTable("note_pair", "p", staleNote, func(p *pair) []store.Column {
		return []store.Column{store.Text("id", &p.ID).Key(), store.Int("version", &p.Version).Version(), store.Text("name", &p.Name)}
	})
	var said []string
	db, err := store.Open(t.Context(), store.Config{SQLite: t.TempDir() + "/test.db", Clock: store.FixedClock(storetest.Start()), Observe: func(s string) { said = append(said, s) }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(t.Context(), []store.Migrations{{Module: "note", FS: fstest.MapFS{"0001_pair.sql": {Data: []byte(
		"-- +goose Up\nCREATE TABLE note_pair (id TEXT PRIMARY KEY, version {int64} NOT NULL, name TEXT NOT NULL, entry {int64} NOT NULL) {STRICT};\n")}}}}); err != nil {
		t.Fatal(err)
	}
	said = nil
	write(t, db, func(tx *store.Tx) error {
		ctx := t.Context()
		err1 := table.Insert(ctx, tx, pair{"a", "n", 1}, store.Value("entry", 1))
		err2 := table.Update(ctx, tx, pair{"a", "m", 2}, 1, store.Value("entry", 2))
		_, err3 := table.One(ctx, tx, "WHERE p.id = $1", "a")
		_, err4 := table.GroupBy(ctx, tx, "name", []string{"m", "n"}, "AND p.version > $1 ORDER BY p.id", 0)
		err5 := table.Save(ctx, tx, pair{"a", "o", 3}, store.Value("entry", 3).Fixed())
		return errors.Join(err1, err2, err3, err4, err5)
	})
	want := []string{
		"INSERT INTO note_pair (id, version, name, entry) VALUES ($1, $2, $3, $4)",
		"UPDATE note_pair SET version = $3, name = $4, entry = $5 WHERE id = $1 AND version = $2",
		"SELECT p.id, p.version, p.name FROM note_pair p WHERE p.id = $1",
		"SELECT p.name, p.id, p.version, p.name FROM note_pair p WHERE p.name IN ($2, $3) AND p.version > $1 ORDER BY p.id",
		"INSERT INTO note_pair (id, version, name, entry) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET version = excluded.version, name = excluded.name",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("statements (-want +got):\n%s", diff)
	}
}

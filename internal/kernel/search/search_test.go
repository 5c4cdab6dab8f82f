// SPDX-License-Identifier: Apache-2.0

package search

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"portreeve.org/portreeve/internal/kernel/authz"
	"portreeve.org/portreeve/internal/kernel/fault"
	"portreeve.org/portreeve/internal/kernel/store"
	"portreeve.org/portreeve/internal/kernel/store/storetest"
)

type library struct {
	t  testing.TB
	db *store.DB
}

func each(t *testing.T, fn func(t *testing.T, l *library)) {
	t.Helper()
	storetest.Each(t, []store.Migrations{authz.Migrations(), Migrations()}, func(t *testing.T, db *store.DB) {
		fn(t, &library{t, db})
	})
}

// write runs fn in a transaction of its own, a second after the one before.
func (l *library) write(fn func(ctx context.Context, tx *store.Tx) error) {
	l.t.Helper()
	l.db.Clock().Set(l.db.Clock().Real().Add(time.Second))
	if err := l.db.Write(context.Background(), func(tx *store.Tx) error { return fn(context.Background(), tx) }); err != nil {
		l.t.Fatal(err)
	}
}

func (l *library) index(docs ...Document) {
	l.t.Helper()
	for _, d := range docs {
		l.write(func(ctx context.Context, tx *store.Tx) error { return Index(ctx, tx, d) })
	}
}

func (l *library) participants(item string, principals ...string) {
	l.t.Helper()
	l.write(func(ctx context.Context, tx *store.Tx) error { return authz.SetParticipants(ctx, tx, item, principals) })
}

func (l *library) find(a authz.Actor, query string, kinds ...string) []string {
	l.t.Helper()
	page, err := l.page(a, query, kinds, "", 0)
	if err != nil {
		l.t.Fatalf("%q: %v", query, err)
	}
	var all []string
	for _, h := range page.Hits {
		all = append(all, strings.TrimSuffix(h.Item+" "+h.Part, " "))
	}
	return all
}

func (l *library) page(a authz.Actor, query string, kinds []string, cursor string, limit int) (page Page, err error) {
	err = l.db.Read(context.Background(), func(r *store.ReadTx) error {
		page, err = Find(context.Background(), r, a, query, kinds, cursor, limit)
		return err
	})
	return page, err
}

func person(id string, roles ...authz.Role) authz.Actor {
	return authz.Actor{ID: id, Login: id, Kind: authz.KindPerson, Roles: roles}
}

var (
	olive = person("olive", authz.RoleOwner)
	oscar = person("oscar", authz.RoleOutsider)
)

func doc(item, title, body string) Document {
	kind, _, _ := strings.Cut(item, ":")
	return Document{Item: item, Kind: kind, Title: title, Body: body, Visibility: authz.Internal}
}

func (l *library) want(what string, got []string, want ...string) {
	l.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		l.t.Errorf("%s: -want +got:\n%s", what, diff)
	}
}

func TestFind(t *testing.T) {
	each(t, func(t *testing.T, l *library) {
		l.index(
			doc("risk:1", "Property suggester", "A/B test calls a service on the cloud realm; see T285098."),
			doc("risk:2", "Cloud realm", "Acceptance of residual risk until 2026-12-23."),
			doc("subject:3", "Привет мир", "Zürich café, 日本語のテスト"),
			doc("risk:4", "Nothing of the kind", "the property of others"),
		)
		tests := map[string][]string{
			"suggester":                  {"risk:1"},
			"SUGGESTER":                  {"risk:1"},
			"cloud":                      {"risk:2", "risk:1"}, // in the title first
			"cloud realm":                {"risk:2", "risk:1"},
			`"cloud realm"`:              {"risk:2", "risk:1"},
			`"realm cloud"`:              nil,
			`"suggester a b"`:            nil, // a phrase does not reach over from the title
			"property suggester":         {"risk:1", "risk:4"},
			"accept*":                    {"risk:2"},
			"accept":                     nil,
			`"residual ris"*`:            {"risk:2"},
			"T285098":                    {"risk:1"},
			"2026-12-23":                 {"risk:2"},
			"2026-23-12":                 nil,
			"zurich":                     {"subject:3"},
			"CAFÉ":                       {"subject:3"},
			"привет":                     {"subject:3"},
			"при*":                       {"subject:3"},
			"本語":                         {"subject:3"},
			"語本":                         nil,
			"nowhere":                    nil,
			"nowhere cloud":              {"risk:2", "risk:1"},
			"":                           nil,
			"*":                          nil,
			"of the kind property":       {"risk:4", "risk:1", "risk:2"}, // four, two, one of the words
			"a/b":                        {"risk:1"},
			"'cloud' <-> 'realm':*A | !": {"risk:2", "risk:1"},
		}
		for query, want := range tests {
			l.want(query, l.find(olive, query), want...)
		}
		l.want("one kind", l.find(olive, "cloud zurich", "subject"), "subject:3")
		l.want("no such kind", l.find(olive, "cloud", "poem", "\x00"))
	})
}

func TestWriting(t *testing.T) {
	each(t, func(t *testing.T, l *library) {
		comment := doc("risk:1", "", "a comment about herring")
		comment.Part, comment.Kind = "comment:9", "comment"
		l.index(doc("risk:1", "Haddock", "old words"), comment, doc("risk:2", "Haddock", ""))
		l.want("all", l.find(olive, "haddock herring"), "risk:2", "risk:1", "risk:1 comment:9")
		l.index(doc("risk:1", "Haddock", "new words"))
		l.want("the old words are gone", l.find(olive, "old"))
		l.want("the new ones are there", l.find(olive, "new"), "risk:1")
		l.write(func(ctx context.Context, tx *store.Tx) error { return RemovePart(ctx, tx, "risk:1", "comment:9") })
		l.want("without the comment", l.find(olive, "herring haddock"), "risk:1", "risk:2")
		l.index(comment)
		l.write(func(ctx context.Context, tx *store.Tx) error { return Remove(ctx, tx, "risk:1") })
		l.want("without the item", l.find(olive, "herring haddock"), "risk:2")
		l.index(doc("risk:5", "Plaice", "")) // takes no number that is still in use
		l.want("a new one", l.find(olive, "plaice haddock"), "risk:5", "risk:2")
		for name, bad := range map[string]Document{"no item": doc("", "a", ""), "no type": doc("risk", "a", ""), "no kind": {Item: "risk:1", Visibility: authz.Public}, "visibility": {Item: "risk:1", Kind: "risk"}} {
			if err := l.db.Write(t.Context(), func(tx *store.Tx) error { return Index(t.Context(), tx, bad) }); err == nil {
				t.Errorf("%s: accepted", name)
			}
		}
	})
}

func TestVisibility(t *testing.T) {
	each(t, func(t *testing.T, l *library) {
		for _, v := range []authz.Visibility{authz.Public, authz.Internal, authz.Restricted} {
			d := doc("risk:"+string(v), "Haddock", "")
			d.Visibility = v
			l.index(d)
		}
		comment := doc("risk:restricted", "", "haddock")
		comment.Part, comment.Visibility = "comment:1", authz.Restricted
		l.index(comment)
		l.participants("risk:restricted", "person:pat")
		l.want("nobody", l.find(authz.Anonymous(), "haddock"), "risk:public")
		l.want("outsider", l.find(oscar, "haddock"), "risk:public")
		l.want("internal", l.find(olive, "haddock"), "risk:internal", "risk:public")
		l.want("participant", l.find(person("pat", authz.RoleOwner), "haddock"), "risk:restricted", "risk:internal", "risk:public", "risk:restricted comment:1")
		l.write(func(ctx context.Context, tx *store.Tx) error {
			return SetVisibility(ctx, tx, "risk:restricted", authz.Public)
		})
		l.want("published", l.find(oscar, "haddock"), "risk:restricted", "risk:public", "risk:restricted comment:1")
		if err := l.db.Write(t.Context(), func(tx *store.Tx) error { return SetVisibility(t.Context(), tx, "risk:public", "secret") }); err == nil {
			t.Error("an unknown visibility was accepted")
		}
	})
}

func TestPaging(t *testing.T) {
	each(t, func(t *testing.T, l *library) {
		l.write(func(ctx context.Context, tx *store.Tx) error {
			for i := range 25 { // all at one time, some better hits
				d := doc(fmt.Sprintf("risk:%02d", i), strings.Repeat("haddock ", i%3), "haddock plaice"[:7+i%2*7])
				if err := Index(ctx, tx, d); err != nil {
					return err
				}
			}
			return nil
		})
		whole, err := l.page(olive, "haddock plaice", nil, "", MaxLimit)
		if err != nil || len(whole.Hits) != 25 || whole.Next != "" {
			t.Fatalf("%d hits, %v", len(whole.Hits), err)
		}
		var pieces []Hit
		for cursor, pages := "", 0; ; pages++ {
			page, err := l.page(olive, "haddock plaice", nil, cursor, 4)
			if err != nil || pages > 7 {
				t.Fatalf("page %d: %v", pages, err)
			}
			pieces = append(pieces, page.Hits...)
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(whole.Hits, pieces); diff != "" {
			t.Error(diff)
		}
		for _, bad := range []string{"???", "e30x", "bnVsbA" + strings.Repeat("A", 2000)} {
			if _, err := l.page(olive, "haddock", nil, bad, 4); !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", bad, err)
			}
		}
	})
}

func TestRebuild(t *testing.T) {
	each(t, func(t *testing.T, l *library) {
		for i := range rebuildBatch + 1 {
			l.index(doc(fmt.Sprintf("risk:%03d", i), fmt.Sprint("Haddock ", i), "words"))
		}
		query := fmt.Sprintf("0 %d", rebuildBatch)
		before := l.find(olive, query)
		l.write(func(ctx context.Context, tx *store.Tx) error { return engineOf(tx).clear(ctx, tx) })
		l.want("without an index", l.find(olive, query))
		for range 2 {
			l.write(Rebuild)
			l.want("rebuilt", l.find(olive, query), before...)
		}
	})
}

// TestLargeTexts: no text is too large or too strange for either engine.
func TestLargeTexts(t *testing.T) {
	each(t, func(t *testing.T, l *library) {
		for name, body := range map[string]string{
			"one word":        strings.Repeat("haddock ", 20_000),
			"different words": numbered(30_000),
			"long words":      strings.Repeat(strings.Repeat("ж", 100)+" ", 500),
			"no words":        strings.Repeat("-", maxBody+1),
			"not text":        "\x00\xff\xfe haddock",
			"quotes":          `' " \ : * & | ! <-> ( ) '' ` + "`",
		} {
			l.index(doc("risk:x", "Plaice "+strings.Repeat("y", 1000), body))
			l.want(name, l.find(olive, "plaice"), "risk:x")
		}
		l.index(doc("risk:x", "", numbered(30_000)))
		l.want("the first words", l.find(olive, "w000001"), "risk:x")
		l.want("the words beyond the limit", l.find(olive, "w029999"))
	})
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "w%06d ", i)
	}
	return b.String()
}

// TestHostileQueries: nothing that a person can type reaches the database as
// anything but words.
func TestHostileQueries(t *testing.T) {
	each(t, func(t *testing.T, l *library) {
		l.index(doc("risk:1", "Haddock", "and near or not"))
		for _, query := range []string{`"`, `'`, `\`, "''", `"" "" ""`, "a AND", "NOT", "NEAR(", "title:", "haddock)", "(haddock", "haddock'", `haddock\`, "haddock:*", "haddock & !", "<->", "\x00haddock", "\xffhaddock", "rowid", "search_index", "haddock; DROP TABLE search_document", "%haddock%", "$1 haddock", "?1"} {
			got := l.find(olive, query)
			if strings.Contains(strings.ToLower(query), "haddock") && len(got) != 1 {
				t.Errorf("%q found %v", query, got)
			}
		}
	})
}

func FuzzFind(f *testing.F) {
	l := &library{f, storetest.SQLite(f, []store.Migrations{authz.Migrations(), Migrations()})}
	l.index(doc("risk:1", "Haddock", "and near or not"))
	for _, seed := range []string{"haddock", `"a b"*`, "NEAR(a b, 3)", "title : haddock", `"`, "'", "\x00", "日*", "a OR"} {
		f.Add(seed, "risk")
	}
	f.Fuzz(func(t *testing.T, query, kind string) {
		if _, err := l.page(olive, query, []string{kind}, "", 0); err != nil {
			t.Fatal(err)
		}
	})
}

// TestHiddenDocumentsLeaveNoTrace: two libraries that differ only in documents
// which a reader may not see answer the reader byte for byte alike, cursors
// included.
func TestHiddenDocumentsLeaveNoTrace(t *testing.T) {
	vocabulary := []string{"risk", "haddock", "plaice", "acceptance", "accept", "cloud", "realm", "日本", "é"}
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, 6).Draw(t, "words"), " ")
	})
	each(t, func(t *testing.T, l *library) {
		rapid.Check(t, func(rt *rapid.T) {
			n := rapid.IntRange(1, 8).Draw(rt, "documents")
			docs := make([]Document, n)
			for i := range docs {
				docs[i] = Document{Item: fmt.Sprintf("risk:%d", i), Kind: "risk", Title: text.Draw(rt, "title"), Body: text.Draw(rt, "body"),
					Visibility: rapid.SampledFrom([]authz.Visibility{authz.Public, authz.Internal, authz.Restricted}).Draw(rt, "visibility")}
			}
			queries := []string{text.Draw(rt, "query"), `"` + text.Draw(rt, "phrase") + `"`, "acc*", "risk haddock plaice"}
			reader := rapid.SampledFrom([]authz.Actor{authz.Anonymous(), oscar, olive}).Draw(rt, "reader")
			with := l.answers(docs, reader, queries, func(Document) bool { return true })
			without := l.answers(docs, reader, queries, func(d Document) bool {
				return authz.CanSee(reader, authz.Resource{Item: d.Item, Visibility: d.Visibility})
			})
			if with != without {
				rt.Fatalf("%s sees a difference:\n%s\n%s", reader.Ref(), with, without)
			}
		})
	})
}

// answers fills the emptied library with the documents that keep selects, each at
// its own time, and returns all pages of all queries as JSON.
func (l *library) answers(docs []Document, reader authz.Actor, queries []string, keep func(Document) bool) string {
	l.t.Helper()
	start := storetest.Start()
	clear := func(ctx context.Context, tx *store.Tx) error {
		for _, d := range docs {
			if err := Remove(ctx, tx, d.Item); err != nil {
				return err
			}
		}
		return nil
	}
	l.write(clear)
	for i, d := range docs {
		if !keep(d) {
			continue
		}
		l.db.Clock().Set(start.Add(time.Duration(i%3) * time.Second))
		l.write(func(ctx context.Context, tx *store.Tx) error { return Index(ctx, tx, d) })
	}
	var all []Page
	for _, q := range queries {
		for cursor := ""; ; {
			page, err := l.page(reader, q, nil, cursor, 2)
			if err != nil {
				l.t.Fatal(err)
			}
			all = append(all, page)
			if cursor = page.Next; cursor == "" {
				break
			}
		}
	}
	l.write(clear)
	text, err := json.Marshal(all)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(text)
}

func TestService(t *testing.T) {
	each(t, func(t *testing.T, l *library) {
		policy, err := authz.NewPolicy(Actions(), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		l.index(doc("risk:1", "Haddock", ""))
		s := New(l.db, policy)
		if _, err := s.Find(t.Context(), "haddock", nil, "", 0); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("nobody: %v", err)
		}
		page, err := s.Find(authz.WithActor(t.Context(), olive), "haddock", nil, "", 0)
		if err != nil || len(page.Hits) != 1 || HTML(page.Hits[0].Title) != "<mark>Haddock</mark>" || page.Hits[0].At.IsZero() {
			t.Errorf("%+v, %v", page, err)
		}
	})
}
